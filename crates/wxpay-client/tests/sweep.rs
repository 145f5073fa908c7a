//! Every operation of the catalogue, from its type through the client to the sandbox and back into
//! its type: with everything optional and with as little as possible. The samples come from the
//! catalogue's facts; only what has to make sense together is set here.

#![allow(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "sweep/complaint.rs"]
mod complaint;
#[path = "sweep/coupon.rs"]
mod coupon;
#[path = "../../wxpay-api/tests/every_operation/facts.rs"]
#[allow(
    dead_code,
    reason = "the tests of wxpay-api, whose helper it is, look at more of the facts"
)]
mod facts;
#[path = "../../wxpay-api/tests/every_operation/list.rs"]
mod list;
#[path = "sweep/payscore.rs"]
mod payscore;
#[path = "sweep/rest.rs"]
mod rest;
#[path = "../../wxpay-api/tests/support/sample.rs"]
mod sample;
#[path = "sweep/sharing.rs"]
mod sharing;
#[path = "sweep/till.rs"]
mod till;
#[path = "sweep/transfer.rs"]
mod transfer;
#[path = "../../wxpay-api/tests/support/typed.rs"]
mod typed;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use wxpay_api::{bill, certificates, combine, media, partner_pay, pay, refund, security};
use wxpay_client::ExpectedHash;

use sample::Extent::{self, Full, Least};
use till::{Place, Till};

const EXTENTS: [Extent; 2] = [Full, Least];
const NOTHING: [(&str, Value); 0] = [];

#[tokio::test]
async fn every_operation_goes_there_and_comes_back() {
    let mut till = Till::open().await;
    direct(&mut till).await;
    partner(&mut till).await;
    combined(&mut till).await;
    refunds(&mut till).await;
    small(&mut till).await;
    till.days_pass(2).await;
    bills(&mut till).await;
    till.read_journal().await;
    payscore::all(&mut till).await;
    complaint::all(&mut till).await;
    coupon::all(&mut till).await;
    till.read_journal().await;
    sharing::all(&mut till).await;
    transfer::all(&mut till).await;
    rest::all(&mut till).await;

    let catalogue: BTreeSet<String> = till.facts().iter().map(|it| it.name.clone()).collect();
    assert_eq!(till.exercised, catalogue);
    till.read_journal().await;
    // Two share a path, and the journal names one of them.
    let (asked, unasked) = (
        till.places(|name| till.received.contains(name)),
        till.places(|name| !till.received.contains(name)),
    );
    let missing: Vec<_> = unasked.difference(&asked).collect();
    assert_eq!(missing, Vec::<&String>::new(), "the journal has held all");
    till.close().await;
}

/// What goes before the others for an order of one's own, or of a sub-merchant.
macro_rules! orders {
    ($till:ident, $mode:ident: $($prepay:ident),+) => {
        let mut placed = Vec::new();
        for extent in EXTENTS {
            $(placed.push($till.place::<$mode::$prepay>(extent).await);)+
        }
        for (index, number) in placed.iter().enumerate() {
            let extent = EXTENTS[index % 2];
            let order = [("/out_trade_no", json!(number))];
            let open = $till.call::<$mode::QueryOrderByOutTradeNo>(extent, &order).await;
            assert_eq!(open["trade_state"], "NOTPAY");
            if index % 2 == 0 {
                $till.call::<$mode::CloseOrder>(extent, &order).await;
            } else {
                $till.pay(number).await;
                let paid = $till.call::<$mode::QueryOrderByOutTradeNo>(extent, &order).await;
                assert_eq!(paid["trade_state"], "SUCCESS");
                let id = [("/transaction_id", paid["transaction_id"].clone())];
                let by_id = $till.call::<$mode::QueryOrderById>(extent, &id).await;
                assert_eq!(by_id, paid);
            }
        }
        for extent in EXTENTS {
            let number = $till.number();
            let order = [("/out_trade_no", json!(number))];
            let code = [
                ("/out_trade_no", json!(number)),
                ("/payer/auth_code", json!("130061098828009400")),
            ];
            let paid = $till.call::<$mode::CodePay>(extent, &code).await;
            assert_eq!(paid["trade_state"], "SUCCESS", "{paid}");
            $till.call::<$mode::ReverseOrder>(extent, &order).await;
            let reversed = $till.call::<$mode::QueryOrderByOutTradeNo>(extent, &order).await;
            assert_eq!(reversed["trade_state"], "REVOKED");
            $till.call::<$mode::FenfuExposure>(extent, &order).await;
        }
    };
}

async fn direct(till: &mut Till) {
    orders!(till, pay: JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, JsapiPrepayWithContract, AppPrepayWithContract);
}

async fn partner(till: &mut Till) {
    orders!(till, partner_pay: JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, JsapiPrepayWithContract,
        AppPrepayWithContract, MiniProgramPrepay, ScannedPosPrepay);
}

async fn combined(till: &mut Till) {
    let mut placed = Vec::new();
    for extent in EXTENTS {
        placed.push((extent, 2, till.place::<combine::JsapiPrepay>(extent).await));
        placed.push((extent, 2, till.place::<combine::AppPrepay>(extent).await));
        placed.push((extent, 2, till.place::<combine::H5Prepay>(extent).await));
        placed.push((extent, 2, till.place::<combine::NativePrepay>(extent).await));
        let number = till.place::<combine::MiniProgramPrepay>(extent).await;
        // An individual may sell alone.
        placed.push((extent, 1, number));
    }
    for (index, (extent, count, number)) in placed.into_iter().enumerate() {
        let order = [("/combine_out_trade_no", json!(number))];
        let open = till
            .call::<combine::QueryOrderByOutTradeNo>(extent, &order)
            .await;
        let parts = open["sub_orders"].as_array().unwrap().clone();
        assert_eq!(parts.len(), count);
        assert!(parts.iter().all(|part| part["trade_state"] == "NOTPAY"));
        if index % 2 == 0 {
            let parts: Vec<Value> = parts
                .iter()
                .map(|part| json!({ "mchid": part["mchid"], "out_trade_no": part["out_trade_no"] }))
                .collect();
            let order = [
                ("/combine_out_trade_no", json!(number)),
                ("/sub_orders", json!(parts)),
            ];
            till.call::<combine::CloseOrder>(extent, &order).await;
        } else {
            till.pay(&number).await;
            let paid = till
                .call::<combine::QueryOrderByOutTradeNo>(extent, &order)
                .await;
            let seen = till
                .control(Method::GET, &format!("orders/{number}"), &Value::Null)
                .await;
            let id = [("/combine_transaction_id", seen["transaction_id"].clone())];
            let by_id = till.call::<combine::QueryOrderById>(extent, &id).await;
            assert_eq!(by_id, paid);
        }
    }
}

async fn refunds(till: &mut Till) {
    for (outcome, extent) in [("SUCCESS", Full), ("ABNORMAL", Full), ("ABNORMAL", Least)] {
        let script = json!({ "outcome": outcome, "delay_seconds": 0 });
        till.control(Method::PUT, "refunds", &script).await;
        let number = till.place::<pay::NativePrepay>(extent).await;
        till.pay(&number).await;
        let seen = till
            .control(Method::GET, &format!("orders/{number}"), &Value::Null)
            .await;
        let amount = match extent {
            Full => json!({ "refund": 1, "total": seen["amount"]["total"], "currency": "CNY",
                "from": [{ "account": "AVAILABLE", "amount": 1 }] }),
            Least => json!({ "refund": 1, "total": seen["amount"]["total"], "currency": "CNY" }),
        };
        let order = [
            ("/amount", amount),
            ("/out_trade_no", json!(number)),
            ("/out_refund_no", json!(format!("R@{number}"))),
            // An order of one's own has no sub-merchant.
            ("/sub_mchid", Value::Null),
            ("/transaction_id", seen["transaction_id"].clone()),
        ];
        let asked = till.call::<refund::CreateRefund>(extent, &order).await;
        let refund = [order[2].clone(), order[3].clone()];
        let came = till.call::<refund::QueryRefund>(extent, &refund).await;
        assert_eq!(came["status"], outcome);
        if outcome == "ABNORMAL" {
            let mut elsewhere = vec![
                ("/refund_id", asked["refund_id"].clone()),
                order[2].clone(),
                order[3].clone(),
            ];
            if extent == Least {
                elsewhere.push(("/type", json!("MERCHANT_BANK_CARD")));
            }
            till.call::<refund::ApplyAbnormalRefund>(extent, &elsewhere)
                .await;
        }
    }
}

async fn small(till: &mut Till) {
    for extent in EXTENTS {
        let echo = till.call::<security::Echo>(extent, &NOTHING).await;
        let sealed = echo["encrypted_echo_message"].as_str();
        assert_eq!(
            sealed,
            (extent == Full).then_some("深圳 & 1/2 encryptedechomessage")
        );
        let list = till
            .call::<certificates::ListCertificates>(extent, &NOTHING)
            .await;
        assert_eq!(list["data"].as_array().map(Vec::len), Some(1));
    }
    let image = media::UploadImage::new("门店.png", vec![0x89, b'P', b'N', b'G', 0, 0xff]);
    till.send(&image).await;
    let video = media::UploadVideo::new("shop.mp4", vec![7; 100_000]);
    till.send(&video).await;
}

async fn bills(till: &mut Till) {
    let day = json!(till.days_ago(2).to_string());
    for extent in EXTENTS {
        let of = [("/bill_date", day.clone())];
        for link in [
            till.call::<bill::TradeBill>(extent, &of).await,
            till.call::<bill::FundFlowBill>(extent, &of).await,
        ] {
            let url = link["download_url"].as_str().unwrap();
            let raw = till.send(&bill::DownloadBill::new(url).unwrap()).await;
            assert!(!raw.raw().is_empty());
            let hash = link["hash_value"].as_str().unwrap();
            let mut file = till
                .client
                .download(url, ExpectedHash::sha1(hash).unwrap())
                .await
                .unwrap();
            let mut bytes = 0;
            while let Some(piece) = file.chunk().await.unwrap() {
                bytes += piece.len();
            }
            assert!(bytes > 100, "a bill of {bytes} bytes");
        }
        let sealed = [
            ("/bill_date", day.clone()),
            ("/account_type", json!("BASIC")),
        ];
        let sealed = till
            .call::<bill::SubMerchantFundFlowBill>(extent, &sealed)
            .await;
        assert_eq!(sealed["download_bill_count"], 1);
        let all = till.call::<bill::EcommerceFundFlowBill>(extent, &of).await;
        assert_eq!(all["download_bill_count"], 1);
    }
}

impl Till {
    /// Places an order with a number of its own.
    async fn place<O: Place>(&mut self, extent: Extent) -> String {
        let number = self.number();
        let pointer = if O::COMBINE {
            "/combine_out_trade_no"
        } else {
            "/out_trade_no"
        };
        self.call::<O>(extent, &[(pointer, json!(number))]).await;
        number
    }
}
