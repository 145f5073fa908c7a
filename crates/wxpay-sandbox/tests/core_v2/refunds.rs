//! Refunds asked for and looked up.

use http::Method;

use crate::merchant::{DAY, Merchant, Reply};

fn refund(merchant: &mut Merchant, number: &str, fee: &str) -> Reply {
    merchant.call(
        "/secapi/pay/refund",
        &[
            ("out_trade_no", "one"),
            ("out_refund_no", number),
            ("total_fee", "888"),
            ("refund_fee", fee),
            ("refund_desc", "商品已售完"),
        ],
    )
}

fn paid() -> Merchant {
    let mut merchant = Merchant::new();
    merchant.order("one");
    merchant.pay("one");
    merchant
}

#[test]
fn a_refund_is_accepted_and_comes_to_its_end() {
    let mut merchant = paid();
    let accepted = refund(&mut merchant, "a@b", "100").ok();
    assert!(accepted.get("refund_id").starts_with("5030"));
    assert_eq!(accepted.get("refund_fee"), "100");
    assert_eq!(accepted.get("total_fee"), "888");
    let again = refund(&mut merchant, "a@b", "100").ok();
    assert_eq!(again.get("refund_id"), accepted.get("refund_id"));
    refund(&mut merchant, "a@b", "101").err("REFUND_FEE_MISMATCH");

    let query = [("out_refund_no", "a@b")];
    let running = merchant.call("/pay/refundquery", &query).ok();
    assert_eq!(running.get("refund_status_0"), "PROCESSING");
    assert!(!running.has("refund_success_time_0") && !running.has("total_refund_count"));
    merchant.wait(1);
    let done = merchant.call("/pay/refundquery", &query).ok();
    assert_eq!(done.get("refund_status_0"), "SUCCESS");
    assert_eq!(done.get("refund_success_time_0"), "2024-01-01 10:34:57");
    assert_eq!(done.get("refund_recv_accout_0"), "支付用户零钱");
    assert_eq!(done.get("refund_count"), "1");
    let order = merchant
        .call("/pay/orderquery", &[("out_trade_no", "one")])
        .ok();
    assert_eq!(order.get("trade_state"), "REFUND");
}

#[test]
fn the_more_exact_number_decides_and_pages_begin_where_they_are_told() {
    let mut merchant = paid();
    for number in 0..23 {
        refund(&mut merchant, &format!("r{number:02}"), "2").ok();
    }
    let all = merchant
        .call("/pay/refundquery", &[("out_trade_no", "one")])
        .ok();
    assert_eq!(all.get("refund_count"), "20");
    assert_eq!(all.get("out_refund_no_19"), "r19");
    let rest = merchant
        .call(
            "/pay/refundquery",
            &[("out_trade_no", "one"), ("offset", "20")],
        )
        .ok();
    assert_eq!(
        (rest.get("refund_count"), rest.get("total_refund_count")),
        ("3", "23")
    );
    assert_eq!(
        (rest.get("out_refund_no_0"), rest.get("out_refund_no_2")),
        ("r20", "r22")
    );
    let id = all.get("refund_id_5").to_owned();
    let one = merchant
        .call(
            "/pay/refundquery",
            &[
                ("refund_id", &id),
                ("out_refund_no", "r07"),
                ("out_trade_no", "one"),
            ],
        )
        .ok();
    assert_eq!(
        (one.get("out_refund_no_0"), one.get("refund_count")),
        ("r05", "1")
    );
    merchant
        .call(
            "/pay/refundquery",
            &[("out_trade_no", "one"), ("offset", "23")],
        )
        .err("REFUNDNOTEXIST");
    merchant
        .call("/pay/refundquery", &[("out_refund_no", "none")])
        .err("REFUNDNOTEXIST");
    merchant
        .call("/pay/refundquery", &[("out_trade_no", "none")])
        .err("ORDERNOTEXIST");
}

#[test]
fn what_cannot_be_refunded_says_why() {
    let mut merchant = Merchant::new();
    refund(&mut merchant, "r", "1").err("ORDERNOTEXIST");
    merchant.order("one");
    refund(&mut merchant, "r", "1").err("TRADE_STATE_ERROR");
    merchant.pay("one");
    refund(&mut merchant, "r", "889").err("INVALID_REQUEST");
    merchant.control(Method::PUT, "/_sandbox/refunds", r#"{"not_enough":true}"#);
    refund(&mut merchant, "r", "1").err("NOTENOUGH");
    merchant.control(
        Method::PUT,
        "/_sandbox/refunds",
        r#"{"outcome":"ABNORMAL"}"#,
    );
    refund(&mut merchant, "r", "1").ok();
    merchant.wait(1);
    let abnormal = merchant
        .call("/pay/refundquery", &[("out_refund_no", "r")])
        .ok();
    assert_eq!(abnormal.get("refund_status_0"), "CHANGE");
    merchant
        .call(
            "/secapi/pay/refund",
            &[
                ("transaction_id", "4200"),
                ("out_refund_no", "s"),
                ("total_fee", "888"),
                ("refund_fee", "1"),
            ],
        )
        .err("INVALID_TRANSACTIONID");
    merchant.wait(366 * DAY);
    refund(&mut merchant, "late", "1").err("TRADE_OVERDUE");
}
