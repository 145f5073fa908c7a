//! Limits as people meet them: the words of the errors.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use wxpay_api::pay::{Amount, Detail, GoodsDetail, NativePrepay};
use wxpay_api::{combine, refund};
use wxpay_proto::{Fen, Operation as _};

fn order(number: &str) -> NativePrepay {
    let amount = Amount::new(Fen::new(100));
    NativePrepay::new(
        "wx1",
        "1900007291",
        "伞",
        number,
        "https://shop.example/n",
        amount,
    )
}

#[track_caller]
fn refused(operation: &impl wxpay_proto::Operation, expected: &str) {
    assert_eq!(operation.check().unwrap_err().to_string(), expected);
}

#[test]
fn order_numbers() {
    order(&"a".repeat(32)).check().unwrap();
    order("a|b*c-_").check().unwrap();
    refused(
        &order(&"a".repeat(33)),
        "out_trade_no: 33 characters, at most 32 allowed",
    );
    refused(
        &order("12345"),
        "out_trade_no: 5 characters, at least 6 needed",
    );
    refused(
        &order("order/1"),
        "out_trade_no: '/' at position 6, only 0-9 A-Z a-z _ - | * allowed",
    );
    refused(
        &order("订单000001"),
        "out_trade_no: U+8BA2 at position 1, only 0-9 A-Z a-z _ - | * allowed",
    );
}

#[test]
fn text_is_counted_in_characters() {
    let mut order = order("order-1");
    order.description = "伞".repeat(127);
    order.check().unwrap();
    order.description.push('伞');
    refused(&order, "description: 128 characters, at most 127 allowed");
    order.description = "好伞\u{1f302}".to_owned();
    refused(
        &order,
        "description: U+1F302 at position 3, characters of four UTF-8 bytes (such as emoji) are not allowed",
    );
    order.description.clear();
    refused(&order, "description: empty, leave the field out or fill it");
}

#[test]
fn money() {
    let mut order = order("order-1");
    order.amount.total = Fen::new(0);
    refused(&order, "amount.total: 0, at least 1 allowed");
    order.amount.total = Fen::new(-1);
    refused(&order, "amount.total: -1, at least 1 allowed");
    for money in ["100.0", "1e2", "19.9"] {
        let amount = format!(r#"{{"total":{money}}}"#);
        assert!(
            serde_json::from_str::<Amount>(&amount).is_err(),
            "{money} is no whole number of fen"
        );
    }
}

#[test]
fn addresses() {
    let mut order = order("order-1");
    order.notify_url = "https://shop.example/n?a=1".to_owned();
    refused(
        &order,
        "notify_url: an address with a query (?...) is not allowed",
    );
    order.notify_url = "/n".to_owned();
    refused(
        &order,
        "notify_url: an absolute address starting with https:// (or http://) is needed",
    );
}

#[test]
fn the_place_in_a_list_is_named() {
    let goods = |name: &str| GoodsDetail::new("g1", 1, Fen::new(100)).goods_name(name);
    let detail = Detail::new().goods_detail([goods("伞"), goods(""), goods("帽")]);
    refused(
        &order("order-1").detail(detail),
        "detail.goods_detail[1].goods_name: empty, leave the field out or fill it",
    );
}

#[test]
fn how_many_orders_can_be_combined() {
    let one = || {
        let amount = combine::SubOrderAmount::new(Fen::new(10), "CNY");
        combine::SubOrder::new("1900007292", "a", amount, "S00001", "伞")
    };
    let order = |count| {
        let orders: Vec<_> = std::iter::repeat_with(one).take(count).collect();
        combine::NativePrepay::new(
            "wx1",
            "1900007291",
            "C00001",
            orders,
            "https://shop.example/n",
        )
    };
    order(2).check().unwrap();
    order(50).check().unwrap();
    refused(&order(1), "sub_orders: 1 entry, at least 2 needed");
    refused(&order(51), "sub_orders: 51 entries, at most 50 allowed");
}

#[test]
fn one_of_two_numbers_is_needed() {
    let amount = refund::RefundRequestAmount::new(Fen::new(30), Fen::new(100), "CNY");
    let refund = refund::CreateRefund::new("R1", amount);
    refused(&refund, "transaction_id or out_trade_no: missing");
    refund.clone().transaction_id("42").check().unwrap();
    refund.out_trade_no("order-1").check().unwrap();
}
