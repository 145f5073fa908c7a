//! Comparing what v2 reports with what the merchant knows.

#![cfg(feature = "v2")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use bytes::Bytes;
use wxpay_api::v2::pay::{OrderQuery, OrderQueryResponse, PaymentNotice};
use wxpay_api::v2::refund::RefundNotice;
use wxpay_api::{ExpectedOrder, ExpectedRefund};
use wxpay_proto::Fen;
use wxpay_proto::sign::{ApiV2Key, SignType};
use wxpay_proto::v2::Merchant;

const MCH_ID: &str = "1900007291";

fn key() -> ApiV2Key {
    ApiV2Key::new("0123456789abcdef0123456789abcdef").unwrap()
}

fn merchant() -> Merchant {
    Merchant::new(MCH_ID, key()).unwrap()
}

/// A paid order with some fields replaced, `""` for none, signed.
fn paid(replaced: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("appid", "wx1"),
        ("mch_id", MCH_ID),
        ("out_trade_no", "S00001"),
        ("transaction_id", "42"),
        ("trade_type", "NATIVE"),
        ("trade_state", "SUCCESS"),
        ("total_fee", "100"),
        ("cash_fee", "90"),
        ("fee_type", "CNY"),
        ("time_end", "20180608103456"),
    ];
    for &(name, text) in replaced {
        fields.retain(|(known, _)| *known != name);
        fields.push((name, text));
    }
    fields.retain(|(_, text)| !text.is_empty());
    let sign = key().sign(SignType::Md5, fields.iter().copied());
    fields.push(("sign", &sign));
    let fields: String = fields
        .iter()
        .map(|(name, text)| format!("<{name}>{text}</{name}>"))
        .collect();
    format!("<xml>{fields}</xml>")
}

fn notice(replaced: &[(&str, &str)]) -> PaymentNotice {
    let notification = merchant()
        .open_notification(paid(replaced).as_bytes())
        .unwrap();
    notification.decode().unwrap()
}

fn order(replaced: &[(&str, &str)]) -> OrderQueryResponse {
    let query = OrderQuery::new("wx1").out_trade_no("S00001");
    let response = http::Response::new(Bytes::from(paid(replaced)));
    merchant().accept(&query, &response).unwrap().into_value()
}

fn expected() -> ExpectedOrder {
    ExpectedOrder::new("wx1", MCH_ID, "S00001", Fen::new(100))
}

#[test]
fn the_order_itself() {
    notice(&[]).check(&expected()).unwrap();
    order(&[]).check(&expected()).unwrap();
    // Where no currency is named, it is CNY.
    notice(&[("fee_type", "")]).check(&expected()).unwrap();
    order(&[("fee_type", "")]).check(&expected()).unwrap();
    let sub = expected().sub_mchid("1900000109");
    notice(&[("sub_mch_id", "1900000109")]).check(&sub).unwrap();
}

#[test]
fn whatever_differs_is_named() {
    for (expected, error) in [
        (
            ExpectedOrder::new("wx1", "1900007292", "S00001", Fen::new(100)),
            "mch_id: expected 1900007292, received 1900007291",
        ),
        (
            ExpectedOrder::new("wx2", MCH_ID, "S00001", Fen::new(100)),
            "appid: expected wx2, received wx1",
        ),
        (
            ExpectedOrder::new("wx1", MCH_ID, "S00002", Fen::new(100)),
            "out_trade_no: expected S00002, received S00001",
        ),
        (
            ExpectedOrder::new("wx1", MCH_ID, "S00001", Fen::new(10_000)),
            "total_fee: expected 10000, received 100",
        ),
        (
            expected().sub_mchid("1900000109"),
            "sub_mch_id: expected 1900000109, not there",
        ),
        (
            expected().currency("USD"),
            "fee_type: expected USD, received CNY",
        ),
    ] {
        for mismatch in [notice(&[]).check(&expected), order(&[]).check(&expected)] {
            assert_eq!(mismatch.unwrap_err().to_string(), error);
        }
    }
    let foreign = notice(&[("fee_type", "HKD")]).check(&expected());
    assert_eq!(foreign.unwrap_err().field(), "fee_type");
}

#[test]
fn an_order_of_a_sub_merchant_is_not_ones_own() {
    let notice = notice(&[("sub_mch_id", "1900000109")]);
    let mismatch = notice.check(&expected()).unwrap_err();
    assert_eq!(mismatch.field(), "sub_mch_id");
    assert_eq!(mismatch.received(), Some("1900000109"));
}

#[test]
fn an_order_that_is_not_paid() {
    for state in ["NOTPAY", "REFUND", "USERPAYING", "REVOKED", "STATE_OF_2031"] {
        let mismatch = order(&[("trade_state", state)]).check(&expected());
        let error = mismatch.unwrap_err().to_string();
        assert_eq!(
            error,
            format!("trade_state: expected SUCCESS, received {state}")
        );
    }
    let mismatch = order(&[("total_fee", "")]).check(&expected()).unwrap_err();
    assert_eq!(mismatch.to_string(), "total_fee: expected 100, not there");
}

#[test]
fn refund_notices() {
    let plain = "<root><out_refund_no>R00001</out_refund_no><out_trade_no>S00001</out_trade_no>\
                 <refund_fee>30</refund_fee><total_fee>100</total_fee><refund_id>7</refund_id>\
                 <transaction_id>42</transaction_id><refund_status>SUCCESS</refund_status>\
                 <success_time>2018-06-08 10:34:56</success_time></root>";
    let sealed = key().seal_notice(plain.as_bytes()).unwrap();
    let notice = format!(
        "<xml><return_code>SUCCESS</return_code><appid>wx1</appid><mch_id>{MCH_ID}</mch_id>\
         <nonce_str>n</nonce_str><req_info>{sealed}</req_info></xml>"
    );
    let notice: RefundNotice = merchant()
        .open_refund_notification(notice.as_bytes())
        .unwrap()
        .decode()
        .unwrap();
    let expected = |order: &str, refund: &str, part, whole| {
        ExpectedRefund::new(MCH_ID, order, refund, Fen::new(part), Fen::new(whole))
    };
    notice
        .check(&expected("S00001", "R00001", 30, 100))
        .unwrap();
    for (expected, field) in [
        (expected("S00002", "R00001", 30, 100), "out_trade_no"),
        (expected("S00001", "R00002", 30, 100), "out_refund_no"),
        (expected("S00001", "R00001", 3, 100), "refund_fee"),
        (expected("S00001", "R00001", 30, 1000), "total_fee"),
    ] {
        assert_eq!(notice.check(&expected).unwrap_err().field(), field);
    }
}
