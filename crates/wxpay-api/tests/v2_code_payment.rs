//! A payment by code as a whole, with real requests and signed answers.

#![cfg(feature = "v2_pay")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use bytes::Bytes;
use wxpay_api::v2::pay::{
    CodePayment, CodePaymentEnd, CodePaymentFailure, CodePaymentTimings, MicroPay, TradeState,
};
use wxpay_proto::sign::{ApiV2Key, SignType};
use wxpay_proto::v2::{ErrorCode, Failure, Flow as _, Merchant, Step};
use wxpay_proto::{Fen, Nonce};

const MCH_ID: &str = "1900007291";

fn key() -> ApiV2Key {
    ApiV2Key::new("0123456789abcdef0123456789abcdef").unwrap()
}

fn order() -> MicroPay {
    let code = "134650000000000000";
    MicroPay::new("wx1", "伞", "S00001", Fen::new(100), "203.0.113.7", code)
}

/// An answer with these fields, signed.
fn answer(fields: &[(&str, &str)]) -> http::Response<Bytes> {
    let mut all = vec![
        ("return_code", "SUCCESS"),
        ("appid", "wx1"),
        ("mch_id", MCH_ID),
    ];
    if !fields.iter().any(|(name, _)| *name == "err_code") {
        all.push(("result_code", "SUCCESS"));
    } else {
        all.push(("result_code", "FAIL"));
    }
    all.extend(fields);
    let sign = key().sign(SignType::HmacSha256, all.iter().copied());
    all.push(("sign", &sign));
    let fields: String = all
        .iter()
        .map(|(name, text)| format!("<{name}>{text}</{name}>"))
        .collect();
    http::Response::new(Bytes::from(format!("<xml>{fields}</xml>")))
}

/// A driver that answers from a list, and what it was told to do, with the second.
struct Driver {
    merchant: Merchant,
    now: Duration,
    told: Vec<String>,
}

impl Driver {
    fn new() -> Self {
        Self {
            merchant: Merchant::new(MCH_ID, key()).unwrap(),
            now: Duration::from_secs(1000),
            told: Vec::new(),
        }
    }

    /// Waits as told, has the next request made, and answers it.
    fn step(&mut self, flow: &mut CodePayment, answer: Option<http::Response<Bytes>>) {
        let result = loop {
            match flow.next(self.now) {
                Step::Wait(pause) => self.now += pause,
                Step::Send(request) => {
                    let nonce = Nonce::new("5K8264ILTKCH16CQ2502SI8ZNMTM67VS").unwrap();
                    let http = self.merchant.prepare(request, &nonce).unwrap();
                    let text = String::from_utf8(http.body().to_vec()).unwrap();
                    assert!(text.contains("S00001"), "{text}");
                    let second = self.now.as_secs() - 1000;
                    self.told.push(format!("{second} {}", http.uri().path()));
                    break match answer {
                        Some(answer) => self
                            .merchant
                            .verify(request, &answer)
                            .map_err(Failure::from),
                        None => Err(Failure::Unknown),
                    };
                }
                other => panic!("{other:?}"),
            }
        };
        flow.answered(self.now, result);
    }

    fn end(&self, flow: &mut CodePayment) -> CodePaymentEnd {
        match flow.next(self.now) {
            Step::Done(end) => end,
            other => panic!("{other:?}"),
        }
    }
}

const ORDER: [(&str, &str); 4] = [
    ("out_trade_no", "S00001"),
    ("total_fee", "100"),
    ("transaction_id", "42"),
    ("trade_type", "MICROPAY"),
];

#[test]
fn paid_at_once() {
    let mut flow = CodePayment::new(order());
    let mut driver = Driver::new();
    let paid = [
        &ORDER[..],
        &[("time_end", "20180608103456"), ("openid", "o1")],
    ]
    .concat();
    driver.step(&mut flow, Some(answer(&paid)));
    let CodePaymentEnd::Paid(paid) = driver.end(&mut flow) else {
        panic!("not paid")
    };
    assert_eq!(paid.trade_state, TradeState::Success);
    assert_eq!(paid.transaction_id.as_deref(), Some("42"));
    assert_eq!(paid.openid.as_deref(), Some("o1"));
    assert_eq!(driver.told, ["0 /pay/micropay"]);
    // Whoever asks again is told the same.
    assert!(matches!(driver.end(&mut flow), CodePaymentEnd::Paid(_)));
}

#[test]
fn paid_with_a_password() {
    let mut flow = CodePayment::new(order());
    let mut driver = Driver::new();
    let wait = [
        ("err_code", "USERPAYING"),
        ("err_code_des", "需要用户输入支付密码"),
    ];
    driver.step(&mut flow, Some(answer(&wait)));
    let waiting = [("out_trade_no", "S00001"), ("trade_state", "USERPAYING")];
    driver.step(&mut flow, Some(answer(&waiting)));
    let paid = [&ORDER[..], &[("trade_state", "SUCCESS")]].concat();
    driver.step(&mut flow, Some(answer(&paid)));
    assert!(matches!(driver.end(&mut flow), CodePaymentEnd::Paid(_)));
    assert_eq!(
        driver.told,
        ["0 /pay/micropay", "5 /pay/orderquery", "10 /pay/orderquery"]
    );
}

#[test]
fn taken_back_until_it_is_done() {
    let mut flow = CodePayment::new(order());
    let mut driver = Driver::new();
    driver.step(&mut flow, None);
    for _ in 0..3 {
        driver.step(&mut flow, None);
    }
    driver.step(&mut flow, Some(answer(&[("recall", "Y")])));
    driver.step(&mut flow, Some(answer(&[("recall", "N")])));
    assert_eq!(
        driver.end(&mut flow),
        CodePaymentEnd::Reversed(CodePaymentFailure::TimedOut)
    );
    assert_eq!(
        driver.told,
        [
            "0 /pay/micropay",
            "5 /pay/orderquery",
            "10 /pay/orderquery",
            "15 /pay/orderquery",
            "15 /secapi/pay/reverse",
            "20 /secapi/pay/reverse",
        ]
    );
}

#[test]
fn refused() {
    let mut flow = CodePayment::new(order());
    let mut driver = Driver::new();
    let refusal = [
        ("err_code", "AUTHCODEEXPIRE"),
        ("err_code_des", "二维码已过期"),
    ];
    driver.step(&mut flow, Some(answer(&refusal)));
    let CodePaymentEnd::NotPaid(failure) = driver.end(&mut flow) else {
        panic!("paid")
    };
    assert_eq!(failure.to_string(), "AUTHCODEEXPIRE: 二维码已过期");
    let code = ErrorCode::from("AUTHCODEEXPIRE");
    assert!(matches!(failure, CodePaymentFailure::Refused { code: found, .. } if found == code));
}

#[test]
fn an_answer_about_another_order_is_not_believed() {
    let mut flow = CodePayment::new(order());
    let mut driver = Driver::new();
    // Signed by WeChat Pay, but recorded when somebody paid one fen.
    let other = [
        ("out_trade_no", "S00001"),
        ("total_fee", "1"),
        ("transaction_id", "41"),
        ("trade_type", "MICROPAY"),
        ("time_end", "20180608103456"),
    ];
    driver.step(&mut flow, Some(answer(&other)));
    assert!(matches!(flow.next(driver.now), Step::Wait(_)));
}

#[test]
fn a_forged_answer_is_no_answer() {
    let mut flow = CodePayment::new(order());
    let mut driver = Driver::new();
    let paid = [&ORDER[..], &[("time_end", "20180608103456")]].concat();
    let forged = answer(&paid).map(|body| {
        let text = String::from_utf8(body.to_vec()).unwrap();
        Bytes::from(text.replace("<transaction_id>42", "<transaction_id>43"))
    });
    driver.step(&mut flow, Some(forged));
    assert!(matches!(flow.next(driver.now), Step::Wait(_)));
}

#[test]
fn a_request_that_is_never_answered_is_not_sent_twice() {
    let mut flow = CodePayment::new(order());
    let now = Duration::from_secs(7);
    assert!(matches!(flow.next(now), Step::Send(_)));
    // The driver was interrupted and begins anew.
    let Step::Wait(pause) = flow.next(now) else {
        panic!("sent again")
    };
    let Step::Send(request) = flow.next(now + pause) else {
        panic!("not sent")
    };
    assert_eq!(request.info().path, "/pay/orderquery");
}

#[test]
fn taken_up_again_it_does_not_charge() {
    let mut flow = CodePayment::resume(order());
    let mut driver = Driver::new();
    let unpaid = [
        ("err_code", "ORDERNOTEXIST"),
        ("err_code_des", "此交易订单号不存在"),
    ];
    driver.step(&mut flow, Some(answer(&unpaid)));
    let paid = [&ORDER[..], &[("trade_state", "SUCCESS")]].concat();
    driver.step(&mut flow, Some(answer(&paid)));
    assert!(matches!(driver.end(&mut flow), CodePaymentEnd::Paid(_)));
    assert_eq!(driver.told, ["0 /pay/orderquery", "5 /pay/orderquery"]);
}

#[test]
fn everything_is_checked_before_it_begins() {
    let flow = CodePayment::new(order());
    flow.check().unwrap();
    assert!(flow.certificate(), "what cannot be taken back is not begun");
    let mut broken = order();
    broken.out_trade_no = "订单1".to_owned();
    let error = CodePayment::new(broken).check().unwrap_err();
    assert_eq!(error.field(), "out_trade_no");
}

#[test]
fn pauses_can_be_set() {
    let second = Duration::from_secs(1);
    let timings = CodePaymentTimings::default()
        .first_query(second)
        .query_interval(second)
        .query_for(second * 3)
        .reverse_not_before(second * 2)
        .reverse_interval(second);
    let mut flow = CodePayment::new(order()).timings(timings);
    let mut driver = Driver::new();
    for _ in 0..3 {
        driver.step(&mut flow, None);
    }
    driver.step(&mut flow, Some(answer(&[("recall", "N")])));
    assert_eq!(
        driver.told,
        [
            "0 /pay/micropay",
            "1 /pay/orderquery",
            "2 /pay/orderquery",
            "2 /secapi/pay/reverse",
        ]
    );
}
