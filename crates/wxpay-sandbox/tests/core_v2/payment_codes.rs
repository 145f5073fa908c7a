//! Payment by code: every script of the table, and what reversals do.

use crate::merchant::{DAY, Merchant, Reply};

fn charge(merchant: &mut Merchant, number: &str, end: &str) -> Reply {
    let code = format!("1300610988280094{end}");
    merchant.call(
        "/pay/micropay",
        &[
            ("body", "image形象店"),
            ("out_trade_no", number),
            ("total_fee", "1"),
            ("spbill_create_ip", "203.0.113.7"),
            ("auth_code", &code),
        ],
    )
}

fn state(merchant: &mut Merchant, number: &str) -> String {
    let reply = merchant
        .call("/pay/orderquery", &[("out_trade_no", number)])
        .ok();
    reply.get("trade_state").to_owned()
}

fn reverse(merchant: &mut Merchant, number: &str) -> Reply {
    merchant.call("/secapi/pay/reverse", &[("out_trade_no", number)])
}

#[test]
fn the_last_digit_decides_as_it_does_for_v3() {
    let mut merchant = Merchant::new();
    for digit in 0..=6 {
        let number = format!("paid{digit}");
        let paid = charge(&mut merchant, &number, &format!("0{digit}")).ok();
        assert_eq!(paid.get("trade_type"), "MICROPAY");
        assert_eq!(paid.get("total_fee"), "1");
        assert!(paid.has("transaction_id") && paid.has("time_end") && paid.has("openid"));
        assert_eq!(state(&mut merchant, &number), "SUCCESS");
        charge(&mut merchant, &number, &format!("0{digit}")).err("ORDERPAID");
    }
    charge(&mut merchant, "typing", "07").err("USERPAYING");
    assert_eq!(state(&mut merchant, "typing"), "USERPAYING");
    charge(&mut merchant, "typing", "07").err("USERPAYING");
    merchant.wait(10);
    assert_eq!(state(&mut merchant, "typing"), "SUCCESS");

    charge(&mut merchant, "waiting", "08").err("USERPAYING");
    merchant.wait(3_600);
    assert_eq!(state(&mut merchant, "waiting"), "USERPAYING");
    merchant.pay("waiting");
    assert_eq!(state(&mut merchant, "waiting"), "SUCCESS");

    charge(&mut merchant, "poor", "09").err("NOTENOUGH");
    assert_eq!(state(&mut merchant, "poor"), "PAYERROR");
    charge(&mut merchant, "poor", "09").err("NOTENOUGH");
    // Nobody is told of payments by code.
    assert!(merchant.due().is_empty());
}

#[test]
fn the_last_two_digits_have_scripts_of_their_own() {
    let mut merchant = Merchant::new();
    charge(&mut merchant, "90", "90").err("SYSTEMERROR");
    assert_eq!(state(&mut merchant, "90"), "SUCCESS");
    charge(&mut merchant, "91", "91").err("BANKERROR");
    charge(&mut merchant, "92", "92").err("SYSTEMERROR");
    charge(&mut merchant, "93", "93").err("USERPAYING");
    for number in ["91", "92", "93"] {
        assert_eq!(state(&mut merchant, number), "USERPAYING");
    }
    merchant.wait(10);
    for (number, expected) in [("91", "SUCCESS"), ("92", "PAYERROR"), ("93", "PAYERROR")] {
        assert_eq!(state(&mut merchant, number), expected);
    }
    charge(&mut merchant, "93", "93").err("TRADE_ERROR");
    charge(&mut merchant, "94", "94").err("AUTHCODEEXPIRE");
    assert_eq!(state(&mut merchant, "94"), "PAYERROR");
    charge(&mut merchant, "95", "95").err("SYSTEMERROR");
    merchant
        .call("/pay/orderquery", &[("out_trade_no", "95")])
        .err("ORDERNOTEXIST");
    let unknown = reverse(&mut merchant, "95").err("ORDERNOTEXIST");
    assert_eq!(unknown.get("recall"), "N");
    charge(&mut merchant, "97", "97").err("USERPAYING");
    merchant.wait(10);
    assert_eq!(state(&mut merchant, "97"), "SUCCESS");
    charge(&mut merchant, "99", "99").err("NOTENOUGH");
}

#[test]
fn a_reversal_asks_to_be_called_again_where_the_script_says_so() {
    let mut merchant = Merchant::new();
    for (number, end, before) in [("96", "96", "SUCCESS"), ("98", "98", "USERPAYING")] {
        charge(&mut merchant, number, end);
        assert_eq!(state(&mut merchant, number), before);
        assert_eq!(
            reverse(&mut merchant, number)
                .err("SYSTEMERROR")
                .get("recall"),
            "Y"
        );
        assert_eq!(reverse(&mut merchant, number).ok().get("recall"), "Y");
        assert_eq!(state(&mut merchant, number), before);
        // A restart does not forget how often it was called.
        merchant.restart();
        assert_eq!(reverse(&mut merchant, number).ok().get("recall"), "N");
        assert_eq!(state(&mut merchant, number), "REVOKED");
        assert_eq!(reverse(&mut merchant, number).ok().get("recall"), "N");
        charge(&mut merchant, number, end).err("ORDERREVERSED");
    }
    let given_back = merchant.seen("96")["reverse_time"].clone();
    assert!(given_back.is_string(), "the payer has the money again");
}

#[test]
fn what_cannot_be_reversed_says_why() {
    let mut merchant = Merchant::new();
    merchant.order("other");
    reverse(&mut merchant, "other").err("INVALID_REQUEST");
    charge(&mut merchant, "old", "00").ok();
    merchant.wait(7 * DAY + 1);
    reverse(&mut merchant, "old").err("REVERSE_EXPIRE");
    charge(&mut merchant, "back", "00").ok();
    let refund = [
        ("out_trade_no", "back"),
        ("out_refund_no", "r"),
        ("total_fee", "1"),
        ("refund_fee", "1"),
    ];
    merchant.call("/secapi/pay/refund", &refund).ok();
    reverse(&mut merchant, "back").err("TRADE_ERROR");
    merchant
        .call("/pay/closeorder", &[("out_trade_no", "old")])
        .err("TRADE_STATE_ERROR");
}

#[test]
fn a_code_is_eighteen_digits_and_a_number_is_one_order() {
    let mut merchant = Merchant::new();
    let order = |code: &'static str| {
        vec![
            ("body", "x"),
            ("out_trade_no", "one"),
            ("total_fee", "1"),
            ("spbill_create_ip", "203.0.113.7"),
            ("auth_code", code),
        ]
    };
    for code in ["160061098828009400", "13006109882800940x"] {
        let reply = merchant.call("/pay/micropay", &order(code));
        assert_eq!(reply.get("result_code"), "FAIL", "{code}");
    }
    merchant
        .call("/pay/micropay", &order("160061098828009400"))
        .err("AUTH_CODE_INVALID");
    charge(&mut merchant, "one", "00").ok();
    charge(&mut merchant, "one", "01").err("OUT_TRADE_NO_USED");
}
