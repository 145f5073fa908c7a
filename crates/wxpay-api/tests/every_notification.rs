//! Every type that notifications are read as, against the facts of the catalogue: signed and encrypted by a real
//! key, opened by a real merchant, read as the type of the event, and refused where it is another's.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "every_notification/list.rs"]
mod list;
#[path = "support/merchant.rs"]
mod merchant;
#[path = "support/places.rs"]
mod places;
#[path = "every_notification/run.rs"]
mod run;
#[path = "support/sample.rs"]
mod sample;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wxpay_api::pay::Transaction;
use wxpay_api::refund::RefundNotification;
use wxpay_api::{EventType, PaymentNotification};
use wxpay_proto::NotificationContent;

use merchant::notified;
use run::Run;

#[test]
fn every_type_reads_what_its_events_carry() {
    let mut run = Run::new();
    list::all(&mut run);
    run.all_were_there();
}

#[test]
fn every_event_of_a_type_is_known() {
    let known: BTreeSet<&str> = EventType::KNOWN.iter().copied().collect();
    for facts in run::facts() {
        for event in &facts.events {
            assert!(known.contains(event.as_str()), "{}: {event}", facts.name);
        }
    }
}

fn combined() -> Value {
    json!({
        "combine_appid": "wxd678efh567hg6787",
        "combine_mchid": "1900007291",
        "combine_out_trade_no": "C20240101",
        "scene_info": { "device_id": "POS1:1" },
        "sub_orders": [{
            "mchid": "1900007292",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "bank_type": "OTHERS",
            "attach": "a",
            "success_time": "2024-01-01T10:34:56+08:00",
            "transaction_id": "4200000000000000000000000001",
            "out_trade_no": "S1",
            "sub_mchid": "",
            "amount": { "total_amount": 10, "currency": "CNY", "payer_amount": 10, "payer_currency": "CNY" },
        }],
        "combine_payer_info": { "openid": "oUpF8uMuAJO" },
    })
}

fn direct() -> Value {
    json!({
        "mchid": "1900007291",
        "appid": "wxd678efh567hg6787",
        "out_trade_no": "ORDER-0001",
        "transaction_id": "4200000000000000000000000002",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "success_time": "2024-01-01T10:34:56+08:00",
        "payer": { "openid": "oUpF8uMuAJO" },
        "amount": { "total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY" },
    })
}

fn partner() -> Value {
    let mut order = direct();
    let fields = order.as_object_mut().unwrap();
    for name in ["mchid", "appid"] {
        fields.remove(name).unwrap();
    }
    fields.insert("sp_mchid".to_owned(), "1900007291".into());
    fields.insert("sub_mchid".to_owned(), "1900000109".into());
    order
}

#[test]
fn one_address_takes_three_kinds_of_orders() {
    let read =
        |order: Value| notified("TRANSACTION.SUCCESS", &order).decode::<PaymentNotification>();
    assert!(matches!(
        read(direct()).unwrap(),
        PaymentNotification::Direct(order) if order.out_trade_no == "ORDER-0001"
    ));
    assert!(matches!(
        read(partner()).unwrap(),
        PaymentNotification::Partner(order) if order.sub_mchid == "1900000109"
    ));
    assert!(matches!(
        read(combined()).unwrap(),
        PaymentNotification::Combined(order) if order.sub_orders.len() == 1
    ));
    // None of the three is taken for another.
    for other in [partner(), combined()] {
        notified("TRANSACTION.SUCCESS", &other)
            .decode::<Transaction>()
            .unwrap_err();
    }
    let refund = notified("REFUND.SUCCESS", &direct());
    let error = refund.decode::<PaymentNotification>().unwrap_err();
    assert_eq!(error.expected_events(), Some(&["TRANSACTION.SUCCESS"][..]));
}

#[test]
fn a_webhook_decides_by_the_event() {
    let told = [
        ("TRANSACTION.SUCCESS", "payment"),
        ("REFUND.CLOSED", "refund"),
        ("COMPLAINT.CREATE", "something else"),
        ("TRANSACTION.TELEPORTED", "news: TRANSACTION.TELEPORTED"),
    ];
    for (event, expected) in told {
        let notification = notified(event, &json!({}));
        let done = match EventType::from(&notification) {
            EventType::TransactionSuccess => "payment".to_owned(),
            EventType::RefundSuccess | EventType::RefundAbnormal | EventType::RefundClosed => {
                "refund".to_owned()
            }
            EventType::Unknown(word) => format!("news: {word}"),
            _ => "something else".to_owned(),
        };
        assert_eq!(done, expected);
    }
}

#[test]
fn an_event_of_tomorrow_may_carry_what_is_known() {
    let refund = json!({
        "mchid": "1900007291",
        "out_trade_no": "ORDER-0001",
        "refund_id": "50200207182018070300011301001",
        "out_refund_no": "R-1",
        "refund_status": "SUCCESS",
        "amount": { "total": 100, "refund": 40 },
    });
    let notification = notified("REFUND.PARTIAL", &refund);
    let error = notification.decode::<RefundNotification>().unwrap_err();
    assert_eq!(error.event_type(), "REFUND.PARTIAL");
    assert_eq!(error.expected_events(), Some(RefundNotification::EVENTS));
    let text = error.to_string();
    assert!(
        text.contains("REFUND.PARTIAL") && text.contains("REFUND.SUCCESS"),
        "{text}"
    );
    let known: RefundNotification = notification.decode_as().unwrap();
    assert_eq!(known.out_refund_no, "R-1");
    assert_eq!(notification.json::<Value>().unwrap(), refund);
}
