//! Notifications that are taken, and what is answered.

use wxpay_proto::v2::{Decode, ErrorCode, Fields, SignType, TimeForm, reply};
use wxpay_proto::{DateTime, DecodeError, Fen, http};

use crate::support::{Case, Coupon, document, merchant, merchant_of, signed};

#[derive(Debug, PartialEq)]
struct Payment {
    attach: Option<String>,
    coupons: Vec<Coupon>,
    out_trade_no: String,
    time_end: DateTime,
    total_fee: Fen,
}

impl Decode for Payment {
    fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            attach: fields.text_opt("attach"),
            coupons: fields.family(&["coupon_fee", "coupon_id", "coupon_type"], Coupon::read)?,
            out_trade_no: fields.text("out_trade_no")?,
            time_end: fields.time("time_end", TimeForm::Compact)?,
            total_fee: fields.fen("total_fee")?,
        })
    }
}

#[test]
fn a_payment_becomes_a_value() {
    let body = Case::new("notice/payment-hmac").bytes("body.txt");
    // The type of the signature is that of the notification, whatever the merchant likes.
    let notification = merchant_of("10000100", "MD5")
        .open_notification(&body)
        .unwrap();
    assert!(notification.error().is_none());
    let payment: Payment = notification.decode().unwrap();
    assert_eq!(
        payment,
        Payment {
            attach: Some("支付测试".to_owned()),
            coupons: vec![Coupon {
                fee: Some(Fen::new(0)),
                id: "10000".to_owned(),
                kind: Some("CASH".to_owned())
            }],
            out_trade_no: "1409811653".to_owned(),
            time_end: DateTime::from_compact("20140903131540").unwrap(),
            total_fee: Fen::new(1),
        }
    );
}

#[test]
fn a_payment_that_failed_is_no_payment() {
    let fields = [
        ("return_code", "SUCCESS"),
        ("result_code", "FAIL"),
        ("err_code", "TRADE_ERROR"),
        ("mchid", "10000100"),
        ("out_trade_no", "1"),
    ];
    let body = signed(&fields, SignType::HmacSha256);
    let notification = merchant().open_notification(body.as_bytes()).unwrap();
    let error = notification.error().unwrap();
    assert_eq!(error.code(), &ErrorCode::TradeError);
}

#[test]
fn a_byte_order_mark_and_white_space_are_no_obstacle() {
    let body = Case::new("notice/payment-md5").text("body.txt");
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
        body.replace("><", ">\n<")
            .replace(">\n<!", "><!")
            .replace("]>\n</", "]></")
    );
    let notification = merchant().open_notification(body.as_bytes()).unwrap();
    assert_eq!(notification.get("total_fee"), Some("1"));
}

fn text(response: http::Response<bytes::Bytes>) -> String {
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/xml; charset=utf-8"
    );
    String::from_utf8(response.into_body().into()).unwrap()
}

#[test]
fn answers_have_these_words() {
    assert_eq!(
        text(reply::success()),
        "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
    );
    assert_eq!(
        text(reply::failure("数据库")),
        "<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[数据库]]></return_msg></xml>"
    );
    assert_eq!(
        text(reply::pay_score_success()),
        "<xml><code><![CDATA[SUCCESS]]></code><message><![CDATA[OK]]></message></xml>"
    );
    assert_eq!(
        text(reply::pay_score_failure("x")),
        "<xml><code><![CDATA[FAIL]]></code><message><![CDATA[x]]></message></xml>"
    );
    // What cannot stand in XML is left out, and what is too long is cut.
    let message = format!("a\u{0}\u{ffff}]]>{}", "三".repeat(100));
    let read = wxpay_proto::danger::v2::parameters_unverified(reply::failure(&message).body());
    let expected = format!("a]]>{}", "三".repeat(60));
    assert_eq!(read.unwrap().get("return_msg"), Some(expected.as_str()));
}

#[test]
fn the_unverified_way_round_says_so_in_its_name() {
    let body = document(&[("return_code", "FAIL"), ("a", "1")]);
    let parameters = wxpay_proto::danger::v2::parameters_unverified(body.as_bytes()).unwrap();
    assert_eq!(parameters.get("a"), Some("1"));
    let query = crate::support::OrderQuery("1");
    let response = crate::support::ok(document(&[("trade_state", "SUCCESS")]));
    let (state, _) = wxpay_proto::danger::v2::decode_unverified(&query, &response).unwrap();
    assert_eq!(state, "SUCCESS");
}
