//! Orders placed, looked up, paid and closed.

use wxpay_sign::SignType;

use crate::merchant::{Merchant, native};

#[test]
fn an_order_is_placed_paid_and_looked_up() {
    let mut merchant = Merchant::new();
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        merchant.sign_type = sign_type;
        let number = format!("order-{}", sign_type.as_str());
        let placed = merchant.order(&number);
        assert_eq!(placed.get("trade_type"), "NATIVE");
        assert!(placed.get("prepay_id").starts_with("wx20240101103456"));
        assert!(
            placed
                .get("code_url")
                .starts_with("http://127.0.0.1:9470/_sandbox/cashier?out_trade_no=")
        );
        let open = merchant
            .call("/pay/orderquery", &[("out_trade_no", &number)])
            .ok();
        assert_eq!(open.get("trade_state"), "NOTPAY");
        assert_eq!(open.get("total_fee"), "888");
        assert!(!open.has("transaction_id") && !open.has("time_end") && !open.has("openid"));

        merchant.pay(&number);
        let paid = merchant
            .call("/pay/orderquery", &[("out_trade_no", &number)])
            .ok();
        assert_eq!(paid.get("trade_state"), "SUCCESS");
        assert_eq!(paid.get("total_fee"), "888");
        assert_eq!(paid.get("cash_fee"), "888");
        assert_eq!(paid.get("openid"), merchant.identity().openid());
        assert_eq!(paid.get("attach"), "a & b <c>");
        assert_eq!(paid.get("time_end"), "20240101103456");
        let by_id = [("transaction_id", paid.get("transaction_id"))];
        let again = merchant.call("/pay/orderquery", &by_id).ok();
        assert_eq!(again.get("out_trade_no"), number);
        let entry = merchant.last_entry();
        assert_eq!(entry["verdict"], "accepted");
        assert_eq!(entry["operation"], "v2.pay.order_query");
    }
}

#[test]
fn a_number_is_one_order_however_often_it_is_sent() {
    let mut merchant = Merchant::new();
    merchant.order("one");
    merchant.order("one");
    let mut other = native("one");
    other[2] = ("total_fee", "889");
    merchant
        .call("/pay/unifiedorder", &other)
        .err("OUT_TRADE_NO_USED");
    merchant.pay("one");
    merchant
        .call("/pay/unifiedorder", &native("one"))
        .err("ORDERPAID");
    merchant
        .call("/pay/closeorder", &[("out_trade_no", "one")])
        .err("ORDERPAID");

    merchant.order("two");
    merchant
        .call("/pay/closeorder", &[("out_trade_no", "two")])
        .ok();
    merchant
        .call("/pay/closeorder", &[("out_trade_no", "two")])
        .err("ORDERCLOSED");
    merchant
        .call("/pay/unifiedorder", &native("two"))
        .err("ORDERCLOSED");
    let closed = merchant
        .call("/pay/orderquery", &[("out_trade_no", "two")])
        .ok();
    assert_eq!(closed.get("trade_state"), "CLOSED");
    merchant
        .call("/pay/closeorder", &[("out_trade_no", "three")])
        .err("ORDERNOTEXIST");
}
