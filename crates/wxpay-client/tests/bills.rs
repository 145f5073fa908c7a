//! Downloads of the sandbox's bills, handed to the reader of bills as they come.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::error::Error as _;
use std::io;

use http::Method;
use serde_json::json;
use wxpay_api::bill::{
    AccountType, BillAlgorithm, SubMerchantFundFlowBill, TarType, TradeBill as TradeBillLink,
};
use wxpay_api::pay::{self, NativePrepay};
use wxpay_api::{bill, partner_pay};
use wxpay_bill::{Direction, Error, ErrorKind, Fen, FundFlowBill, TradeBill, TradeState};
use wxpay_client::{
    ApiV3Key, Certificate, Client, Credential, Download, EncryptedPart, ExpectedHash, Merchant,
    PlatformKeyring, PrivateKey,
};

use crate::world::{NOTIFY, World};

#[path = "sandbox/world.rs"]
mod world;

const ORDERS: i64 = 40;

fn client(world: &World) -> Client {
    let file = world.merchant();
    let pem = |name| String::from_utf8(world.read(name)).unwrap();
    let key = PrivateKey::from_pem(&pem("apiclient_key.pem")).unwrap();
    let certificate = Certificate::from_pem(&pem("apiclient_cert.pem")).unwrap();
    let merchant = Merchant::new(
        Credential::from_certificate(file.mchid.clone(), &certificate, key).unwrap(),
        ApiV3Key::new(file.apiv3_key.expose()).unwrap(),
        PlatformKeyring::certificates(),
    );
    Client::builder(merchant)
        .endpoint(world.endpoint())
        .transport(world.transport())
        .clock(world.clock())
        .build()
        .unwrap()
}

/// Orders of 1 fen, 2 fen and so on, every tenth unpaid.
async fn trade(world: &World, client: &Client) {
    let own = world.merchant();
    for fen in 1..=ORDERS {
        let number = format!("ORDER-{fen}");
        let amount = pay::Amount::new(Fen::new(fen));
        let order = NativePrepay::new(&own.appid, &own.mchid, "茶,`咖啡`", &number, NOTIFY, amount);
        client.execute(&order).await.unwrap();
        if fen % 10 != 0 {
            world.pay(&number).await;
        }
    }
}

async fn download(client: &Client, link: &bill::BillLink, hash: Option<&str>) -> Download {
    let hash = hash.unwrap_or(&link.hash_value);
    let expected = ExpectedHash::new(link.hash_type.as_str(), hash).unwrap();
    client.download(&link.download_url, expected).await.unwrap()
}

/// Reads a bill to its end: the amounts of its payments, in their order.
async fn amounts(download: Download) -> Result<Vec<i64>, Error> {
    let mut bill = TradeBill::from_async_reader(download);
    let mut amounts = Vec::new();
    while let Some(trade) = bill.next_row().await? {
        assert_eq!(trade.trade_state(), TradeState::Success);
        assert_eq!(trade.description(), "茶, 咖啡 ");
        let total = trade.total().unwrap().as_fen();
        assert_eq!(trade.out_trade_no(), format!("ORDER-{total}"));
        amounts.push(total);
    }
    let summary = bill.summary().unwrap();
    assert_eq!(summary.count, Some(amounts.len() as u64));
    assert_eq!(summary.total, Some(Fen::new(amounts.iter().sum())));
    Ok(amounts)
}

/// What the client says, which is why the bill could not be read on.
fn of_client(error: &Error) -> &wxpay_client::Error {
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    let source = error.source().unwrap();
    let source: &io::Error = source.downcast_ref().unwrap();
    source.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn a_trade_bill_as_it_comes() {
    let world = World::open().await;
    let client = client(&world);
    trade(&world, &client).await;
    let day = world.days_ago(0);
    world.days_pass(2).await;
    let expected: Vec<i64> = (1..=ORDERS).filter(|fen| fen % 10 != 0).collect();
    for tar_type in [None, Some(TarType::Gzip)] {
        let mut ask = TradeBillLink::new(day);
        if let Some(tar_type) = tar_type {
            ask = ask.tar_type(tar_type);
        }
        let link = client.execute(&ask).await.unwrap().into_value();
        let mut read = amounts(download(&client, &link, None).await).await.unwrap();
        read.sort_unstable();
        assert_eq!(read, expected);

        // All rows are there, and not one of them may be believed.
        let other = download(&client, &link, Some(&"0".repeat(40))).await;
        let error = amounts(other).await.unwrap_err();
        let said = of_client(&error);
        assert_eq!(said.kind(), wxpay_client::ErrorKind::Content, "{said}");

        // The connection breaks, within the text or within the gzip data.
        let fault = json!({ "rate": 1, "only": "/v3/billdownload/", "bytes": 1_000 });
        let faults = json!({ "answers": { "truncate_body": fault } });
        world.control(Method::PUT, "faults", &faults).await;
        let broken = download(&client, &link, None).await;
        let error = amounts(broken).await.unwrap_err();
        let said = of_client(&error);
        assert_eq!(said.kind(), wxpay_client::ErrorKind::Connection, "{said}");

        // The file is short and the connection is sound.
        let fault = json!({ "rate": 1, "bytes": 1_000 });
        let faults = json!({ "answers": { "bill_cut_off": fault } });
        world.control(Method::PUT, "faults", &faults).await;
        let short = download(&client, &link, None).await;
        let error = amounts(short).await.unwrap_err();
        let said = of_client(&error);
        assert_eq!(said.kind(), wxpay_client::ErrorKind::Content, "{said}");

        // The file is whole, and made with wrong sums: nobody but the reader notices.
        let faults = json!({ "answers": { "bill_sums_wrong": { "rate": 1, "times": 1 } } });
        world.control(Method::PUT, "faults", &faults).await;
        let link = client.execute(&ask).await.unwrap().into_value();
        let error = amounts(download(&client, &link, None).await).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Totals);
        world.control(Method::PUT, "faults", &json!({})).await;
    }
    world.close().await;
}

#[tokio::test]
async fn the_parts_of_an_encrypted_bill_as_they_come() {
    let world = World::open().await;
    let client = client(&world);
    let own = world.merchant();
    for fen in [1_999, 20_000] {
        let number = format!("THEIRS-{fen}");
        let order = partner_pay::NativePrepay::new(
            &own.appid,
            &own.mchid,
            &own.sub_mchid,
            "深圳腾大-QQ公仔",
            &number,
            NOTIFY,
            partner_pay::Amount::new(Fen::new(fen)),
        );
        client.execute(&order).await.unwrap();
        world.pay(&number).await;
    }
    let day = world.days_ago(0);
    world.days_pass(2).await;
    let (basic, gcm) = (AccountType::Basic, BillAlgorithm::AeadAes256Gcm);
    for parts in [1, 3] {
        let settings = json!({ "encrypted_parts": parts });
        world.control(Method::PUT, "bills", &settings).await;
        for packed in [false, true] {
            let mut ask =
                SubMerchantFundFlowBill::new(&own.sub_mchid, day, basic.clone(), gcm.clone());
            if packed {
                ask = ask.tar_type(TarType::Gzip);
            }
            let links = client.execute(&ask).await.unwrap().into_value();
            let links = links.download_bill_list;
            assert_eq!(links.len(), parts);
            let sealed = |wrong: Option<usize>| {
                let parts = links.iter().enumerate().map(move |(index, link)| {
                    let hash = if wrong == Some(index) {
                        "0".repeat(40)
                    } else {
                        link.hash_value.clone()
                    };
                    EncryptedPart::new(
                        link.bill_sequence,
                        &link.download_url,
                        ExpectedHash::new(link.hash_type.as_str(), &hash).unwrap(),
                        link.encrypt_key.expose(),
                        &link.nonce,
                    )
                });
                parts.collect::<Vec<_>>()
            };
            let download = client.download_parts(sealed(None)).await.unwrap();
            let mut bill = FundFlowBill::from_async_reader(download);
            let (mut income, mut expense) = (Vec::new(), 0);
            while let Some(flow) = bill.next_row().await.unwrap() {
                match flow.direction() {
                    Direction::Income => income.push(flow.amount().as_fen()),
                    _ => expense += flow.amount().as_fen(),
                }
            }
            income.sort_unstable();
            assert_eq!((&income[..], expense), (&[1_999, 20_000][..], 132));
            let summary = bill.summary().unwrap();
            assert_eq!(
                (summary.count, summary.expense),
                (Some(4), Some(Fen::new(132)))
            );

            // One wrong part spoils the whole, the last as well as the first.
            for wrong in [0, parts - 1] {
                let download = client.download_parts(sealed(Some(wrong))).await.unwrap();
                let mut bill = FundFlowBill::from_async_reader(download);
                let error = bill.for_each(|_| {}).await.unwrap_err();
                let said = of_client(&error);
                assert_eq!(said.kind(), wxpay_client::ErrorKind::Content, "{said}");
                assert_eq!(said.part(), u32::try_from(links[wrong].bill_sequence).ok());
            }
        }
    }
    world.close().await;
}
