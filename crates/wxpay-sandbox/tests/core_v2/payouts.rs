//! Red packets, payments to users and to bank cards: the same number is one payment, and what became
//! of it after an unclear answer only the query tells.

use http::Method;
use serde_json::json;
use wxpay_sign::{Encryptor as _, PublicKey, SignType};
use wxpay_xml::Document;

use crate::merchant::{DAY, Merchant, Reply, xml};

fn merchant() -> Merchant {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    merchant
}

fn script(merchant: &mut Merchant, script: serde_json::Value) {
    let (status, said) = merchant.control(Method::PUT, "/_sandbox/payouts", &script.to_string());
    assert_eq!(status, 200, "{said}");
}

fn red_packet(merchant: &mut Merchant, number: &str, amount: &str) -> Reply {
    let wxappid = merchant.identity().appid().to_owned();
    merchant.call_unsigned(
        "/mmpaymkttransfers/sendredpack",
        &[
            ("mch_billno", number),
            ("wxappid", &wxappid),
            ("send_name", "天虹百货"),
            ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
            ("total_amount", amount),
            ("total_num", "1"),
            ("wishing", "感谢您参加猜灯谜活动"),
            ("client_ip", "192.168.0.1"),
            ("act_name", "猜灯谜抢红包活动"),
            ("remark", "猜越多得越多"),
        ],
    )
}

/// The answer as it is, because the list in it makes it not flat.
fn query_red_packet(merchant: &mut Merchant, number: &str) -> String {
    let fields = merchant.signed(&[("mch_billno", number), ("bill_type", "MCHT")]);
    let request = merchant.request("/mmpaymkttransfers/gethbinfo", xml(&fields));
    String::from_utf8(merchant.send(request).body().to_vec()).unwrap()
}

fn transfer(merchant: &mut Merchant, number: &str, amount: &str) -> Reply {
    let appid = merchant.identity().appid().to_owned();
    let mchid = merchant.identity().mchid().to_owned();
    let mut fields = merchant.signed(&[
        ("mch_appid", &appid),
        ("mchid", &mchid),
        ("partner_trade_no", number),
        ("openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
        ("check_name", "FORCE_CHECK"),
        ("re_user_name", "王小王"),
        ("amount", amount),
        ("desc", "节日快乐!"),
        ("spbill_create_ip", "192.168.0.1"),
    ]);
    fields.retain(|(name, _)| name != "appid" && name != "mch_id");
    let fields = merchant.resign(fields);
    let reply = merchant.post("/mmpaymkttransfers/promotion/transfers", xml(&fields));
    assert!(!reply.has("sign"));
    assert_eq!(reply.get("mchid"), mchid);
    reply
}

fn query_transfer(merchant: &mut Merchant, number: &str) -> Reply {
    merchant.call_unsigned(
        "/mmpaymkttransfers/gettransferinfo",
        &[("partner_trade_no", number)],
    )
}

#[test]
fn a_red_packet_is_sent_once_and_received() {
    let mut merchant = merchant();
    script(&mut merchant, json!({ "delay_seconds": 60 }));
    let sent = red_packet(&mut merchant, "hb1", "1000").ok();
    assert_eq!(sent.get("mch_billno"), "hb1");
    assert_eq!(sent.get("total_amount"), "1000");
    let again = red_packet(&mut merchant, "hb1", "1000").ok();
    assert_eq!(again.get("send_listid"), sent.get("send_listid"));
    red_packet(&mut merchant, "hb1", "1001").err("FATAL_ERROR");
    let before = query_red_packet(&mut merchant, "hb1");
    assert!(
        before.contains("<status><![CDATA[SENT]]></status>") && !before.contains("hblist"),
        "{before}"
    );
    merchant.wait(60);
    merchant.restart();
    let after = query_red_packet(&mut merchant, "hb1");
    assert!(
        after.contains("<status><![CDATA[RECEIVED]]></status>"),
        "{after}"
    );
    assert!(
        after.contains("<hblist><hbinfo><openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></openid><amount>1000</amount>"),
        "{after}"
    );
    assert!(query_red_packet(&mut merchant, "hb2").contains("NOT_FOUND"));
    merchant.wait(31 * DAY);
    assert!(query_red_packet(&mut merchant, "hb1").contains("NOT_FOUND"));
}

#[test]
fn a_red_packet_nobody_opens_comes_back_after_a_day() {
    let mut merchant = merchant();
    script(&mut merchant, json!({ "outcome": "RETURNED" }));
    red_packet(&mut merchant, "hb1", "1000").ok();
    merchant.wait(DAY - 1);
    assert!(query_red_packet(&mut merchant, "hb1").contains("SENT"));
    merchant.wait(1);
    let back = query_red_packet(&mut merchant, "hb1");
    let document = Document::parse(back.as_bytes()).unwrap();
    assert_eq!(document.get("status"), Some("REFUND"));
    assert_eq!(document.get("refund_amount"), Some("1000"));
    assert_eq!(document.get("refund_time"), Some("2024-01-02 10:34:56"));
}

#[test]
fn amounts_out_of_the_ordinary_say_what_they_are_for() {
    let mut merchant = merchant();
    red_packet(&mut merchant, "small", "99").err("PARAM_ERROR");
    red_packet(&mut merchant, "large", "20001").err("PARAM_ERROR");
    red_packet(&mut merchant, "right", "20000").ok();
}

#[test]
fn after_a_system_error_only_the_query_tells() {
    let mut merchant = merchant();
    for (outcome, delay, at_once, later) in [
        ("SUCCESS", 0, "SUCCESS", "SUCCESS"),
        ("SUCCESS", 30, "PROCESSING", "SUCCESS"),
        ("FAILED", 30, "PROCESSING", "FAILED"),
    ] {
        let number = format!("t{outcome}{delay}");
        script(
            &mut merchant,
            json!({
                "answer": "SYSTEMERROR", "outcome": outcome, "delay_seconds": delay, "times": 1,
            }),
        );
        transfer(&mut merchant, &number, "10099").err("SYSTEMERROR");
        assert_eq!(
            query_transfer(&mut merchant, &number).ok().get("status"),
            at_once
        );
        merchant.restart();
        merchant.wait(30);
        let after = query_transfer(&mut merchant, &number).ok();
        assert_eq!(after.get("status"), later);
        assert_eq!(after.get("payment_amount"), "10099");
        assert_eq!(after.get("transfer_name"), "王小王");
        // The same again has the result of the first time, and pays nobody twice.
        let again = transfer(&mut merchant, &number, "10099");
        if later == "SUCCESS" {
            assert_eq!(again.ok().get("payment_no"), after.get("detail_id"));
        } else {
            again.err("SEND_FAILED");
        }
        transfer(&mut merchant, &number, "10098").err("FATAL_ERROR");
    }
    // Gone astray: unknown until it is sent again.
    script(
        &mut merchant,
        json!({ "answer": "SYSTEMERROR", "outcome": "LOST", "times": 1 }),
    );
    transfer(&mut merchant, "lost", "1").err("SYSTEMERROR");
    query_transfer(&mut merchant, "lost").err("NOT_FOUND");
    transfer(&mut merchant, "lost", "1").ok();
    assert_eq!(
        query_transfer(&mut merchant, "lost").ok().get("status"),
        "SUCCESS"
    );
}

#[test]
fn a_refusal_leaves_nothing_and_a_script_ends() {
    let mut merchant = merchant();
    script(&mut merchant, json!({ "answer": "NOTENOUGH", "times": 2 }));
    transfer(&mut merchant, "one", "1").err("NOTENOUGH");
    query_transfer(&mut merchant, "one").err("NOT_FOUND");
    merchant.restart();
    transfer(&mut merchant, "one", "1").err("NOTENOUGH");
    transfer(&mut merchant, "one", "1").ok();
    for nonsense in [
        json!({ "answer": "" }),
        json!({ "answer": "no words" }),
        json!({ "outcome": "LOST" }),
        json!({ "outcome": "STOLEN" }),
        json!({ "delay": 1 }),
    ] {
        let (status, _) = merchant.control(Method::PUT, "/_sandbox/payouts", &nonsense.to_string());
        assert_eq!(status, 400, "{nonsense}");
    }
    let (status, seen) = merchant.control(Method::GET, "/_sandbox/payouts/one", "");
    assert_eq!(
        (status.as_u16(), &seen[0]["state"]),
        (200, &json!("SUCCESS"))
    );
}

#[test]
fn a_name_that_is_checked_must_be_there() {
    let mut merchant = merchant();
    let appid = merchant.identity().appid().to_owned();
    let mchid = merchant.identity().mchid().to_owned();
    let mut fields = merchant.signed(&[
        ("mch_appid", &appid),
        ("mchid", &mchid),
        ("partner_trade_no", "one"),
        ("openid", "o1"),
        ("check_name", "FORCE_CHECK"),
        ("amount", "1"),
        ("desc", "x"),
        ("spbill_create_ip", "192.168.0.1"),
    ]);
    fields.retain(|(name, _)| name != "appid" && name != "mch_id");
    let fields = merchant.resign(fields);
    merchant
        .post("/mmpaymkttransfers/promotion/transfers", xml(&fields))
        .err("LACK_PARAMS");
}

#[test]
fn a_bank_card_is_paid_under_encryption() {
    let mut merchant = merchant();
    let key = merchant
        .call_unsigned("/risk/getpublickey", &[("sign_type", "MD5")])
        .ok();
    let pem = key.get("pub_key");
    assert!(pem.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"), "{pem}");
    let key = PublicKey::from_pem(pem).unwrap();
    let pay = |merchant: &mut Merchant, card: &str, name: &str| {
        merchant.call_unsigned(
            "/mmpaysptrans/pay_bank",
            &[
                ("partner_trade_no", "1212121221227"),
                ("enc_bank_no", card),
                ("enc_true_name", name),
                ("bank_code", "1001"),
                ("amount", "500000"),
            ],
        )
    };
    let (card, name) = (
        key.encrypt("6222020000000000000").unwrap(),
        key.encrypt("王小王").unwrap(),
    );
    let paid = pay(&mut merchant, &card, &name).ok();
    assert_eq!(
        (paid.get("amount"), paid.get("cmms_amt")),
        ("500000", "500")
    );
    // Encrypted anew it is the same payment.
    let again = pay(
        &mut merchant,
        &key.encrypt("6222020000000000000").unwrap(),
        &name,
    )
    .ok();
    assert_eq!(again.get("payment_no"), paid.get("payment_no"));
    pay(
        &mut merchant,
        &key.encrypt("6222020000000000001").unwrap(),
        &name,
    )
    .err("FATAL_ERROR");
    for garbage in ["6222020000000000000", "AAAA"] {
        let refused = pay(&mut merchant, garbage, &name).err("PARAM_ERROR");
        assert!(refused.get("err_code_des").contains("enc_bank_no"));
        assert!(!refused.body.contains(garbage));
    }
    let query = [("partner_trade_no", "1212121221227")];
    let found = merchant
        .call_unsigned("/mmpaysptrans/query_bank", &query)
        .ok();
    assert_eq!(found.get("status"), "SUCCESS");
    assert_eq!(found.get("bank_no_md5").len(), 32);
    assert_eq!(found.get("create_time"), "2024-01-01 10:34:56");

    script(
        &mut merchant,
        json!({ "outcome": "RETURNED", "delay_seconds": 10 }),
    );
    let fields = [
        ("partner_trade_no", "1212121221228"),
        ("enc_bank_no", &*card),
        ("enc_true_name", &*name),
        ("bank_code", "1001"),
        ("amount", "100"),
    ];
    merchant
        .call_unsigned("/mmpaysptrans/pay_bank", &fields)
        .ok();
    merchant.wait(10);
    let query = [("partner_trade_no", "1212121221228")];
    let back = merchant
        .call_unsigned("/mmpaysptrans/query_bank", &query)
        .ok();
    assert_eq!(back.get("status"), "BANK_FAIL");
}

#[test]
fn payments_of_a_company_carry_its_second_signature() {
    let mut merchant = merchant();
    let secret = merchant.identity().app_secret().expose().to_owned();
    let mchid = merchant.identity().mchid().to_owned();
    let own = [
        ("appid", "ww0000000000000001"),
        ("amount", "1"),
        ("desc", "x"),
        ("mch_id", &*mchid),
        ("nonce_str", "n"),
        ("openid", "o1"),
        ("partner_trade_no", "one"),
        ("ww_msg_type", "NORMAL_MSG"),
    ];
    let secret = wxpay_sign::WorkwxSecret::new(secret).unwrap();
    let workwx_sign = secret.workwx_sign(own);
    let path = "/mmpaymkttransfers/promotion/paywwsptrans2pocket";
    let send = |merchant: &mut Merchant, workwx_sign: &str| {
        let mut fields = own.to_vec();
        fields.extend([
            ("check_name", "NO_CHECK"),
            ("spbill_create_ip", "192.168.0.1"),
            ("workwx_sign", workwx_sign),
        ]);
        merchant.call_unsigned(path, &fields)
    };
    send(&mut merchant, "").err("WORKWX_SIGN_ERROR");
    send(&mut merchant, &workwx_sign.to_ascii_lowercase()).err("WORKWX_SIGN_ERROR");
    send(&mut merchant, &workwx_sign).ok();
    let query = [("appid", "ww0000000000000001"), ("partner_trade_no", "one")];
    let path = "/mmpaymkttransfers/promotion/querywwsptrans2pocket";
    let found = merchant.call_unsigned(path, &query).ok();
    assert_eq!(found.get("status"), "SUCCESS");
}
