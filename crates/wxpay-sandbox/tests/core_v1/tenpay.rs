//! 财付通: refunds, queries, the check of a notice, the bill.

use encoding_rs::{GBK, UTF_8};
use http::{Method, Request};
use serde_json::json;
use wxpay_sandbox::ClientCertificate;

use crate::merchant::{Fields, HOUR, Merchant, get, owned, query, with};

const REFUND: &str = "/refundapi/gateway/refund.xml";
const REFUNDS: &str = "/gateway/normalrefundquery.xml";
/// The MD5 of the password the sandbox's operators have.
const PASSWORD: &str = "96e79218965eb72c92a549dd5a330112";

fn wish(merchant: &Merchant, number: &str, refund_no: &str) -> Fields {
    owned(&[
        ("service_version", "1.1"),
        ("out_trade_no", number),
        ("out_refund_no", refund_no),
        ("total_fee", "300"),
        ("refund_fee", "100"),
        ("op_user_id", &merchant.partner()),
        ("op_user_passwd", PASSWORD),
        ("reccv_user_name", "张三"),
    ])
}

fn ask(merchant: &mut Merchant, path: &str, own: &Fields) -> Fields {
    let own: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    merchant.tenpay(path, &own)
}

fn refunds(merchant: &mut Merchant, name: &str, text: &str) -> Fields {
    merchant.tenpay(REFUNDS, &[("service_version", "1.1"), (name, text)])
}

#[test]
fn money_is_given_back_and_looked_up() {
    for charset in [GBK, UTF_8] {
        let mut merchant = Merchant::new();
        merchant.charset = charset;
        merchant.paid("t1");
        assert_eq!(
            get(&refunds(&mut merchant, "out_trade_no", "t1"), "retcode"),
            "88222014"
        );
        let wish = wish(&merchant, "t1", "r1");
        let said = ask(&mut merchant, REFUND, &wish);
        let id = get(&said, "refund_id").to_owned();
        let transaction_id = merchant.seen("t1")["transaction_id"]
            .as_str()
            .unwrap()
            .to_owned();
        for (name, text) in [
            ("retcode", "0"),
            ("transaction_id", transaction_id.as_str()),
            ("out_trade_no", "t1"),
            ("out_refund_no", "r1"),
            ("refund_channel", "0"),
            ("refund_fee", "100"),
            ("refund_status", "9"),
            ("reccv_user_name", "张三"),
            ("retmsg", "成功"),
            ("input_charset", "GBK"),
        ] {
            assert_eq!(get(&said, name), text, "{name}");
        }
        merchant.wait(2);
        // The same number is the same refund.
        let again = ask(&mut merchant, REFUND, &wish);
        assert_eq!(
            (get(&again, "refund_id"), get(&again, "refund_status")),
            (id.as_str(), "4")
        );
        let second = with(
            with(wish.clone(), "out_refund_no", "r2"),
            "out_trade_no",
            "",
        );
        let second = with(
            with(second, "transaction_id", &transaction_id),
            "refund_fee",
            "200",
        );
        let said = ask(&mut merchant, REFUND, &second);
        assert_eq!(get(&said, "retcode"), "0", "{said:?}");
        merchant.restart();
        for (name, text) in [
            ("transaction_id", transaction_id.as_str()),
            ("out_trade_no", "t1"),
        ] {
            let all = refunds(&mut merchant, name, text);
            assert_eq!(get(&all, "refund_count"), "2");
            assert_eq!(
                (get(&all, "refund_id_0"), get(&all, "refund_state_0")),
                (id.as_str(), "4")
            );
            assert_eq!(
                (get(&all, "out_refund_no_1"), get(&all, "refund_state_1")),
                ("r2", "9")
            );
            assert_eq!(get(&all, "refund_time_begin_0"), "20240101103456");
            assert_eq!(get(&all, "refund_time_0"), "20240101103457");
            assert_eq!(get(&all, "refund_time_1"), "");
            assert_eq!(get(&all, "refund_fee_1"), "200");
        }
        for (name, text) in [("refund_id", id.as_str()), ("out_refund_no", "r1")] {
            let one = refunds(&mut merchant, name, text);
            assert_eq!(
                (get(&one, "refund_count"), get(&one, "out_refund_no_0")),
                ("1", "r1")
            );
            assert_eq!(
                get(&refunds(&mut merchant, name, "x"), "retcode"),
                "88222014"
            );
        }
        assert_eq!(
            get(&refunds(&mut merchant, "out_trade_no", "t2"), "retcode"),
            "88221009"
        );
    }
}

#[test]
fn refunds_end_as_the_script_says() {
    let mut merchant = Merchant::new();
    merchant.paid("t1");
    for (outcome, state) in [("SUCCESS", "4"), ("ABNORMAL", "7"), ("CLOSED", "3")] {
        let script = json!({ "outcome": outcome, "delay_seconds": 10 });
        merchant.command(Method::PUT, "/_sandbox/refunds", &script);
        let wish = with(wish(&merchant, "t1", outcome), "refund_fee", "10");
        ask(&mut merchant, REFUND, &wish);
        let found = refunds(&mut merchant, "out_refund_no", outcome);
        assert_eq!(get(&found, "refund_state_0"), "9");
        merchant.wait(10);
        let found = refunds(&mut merchant, "out_refund_no", outcome);
        assert_eq!(get(&found, "refund_state_0"), state, "{outcome}");
    }
    merchant.command(
        Method::PUT,
        "/_sandbox/refunds",
        &json!({ "not_enough": true }),
    );
    let wish = wish(&merchant, "t1", "r9");
    assert_eq!(
        get(&ask(&mut merchant, REFUND, &wish), "retcode"),
        "88229005"
    );
}

#[test]
fn a_refund_keeps_to_the_rules() {
    let mut merchant = Merchant::new();
    merchant.paid("t1");
    let good = wish(&merchant, "t1", "r1");
    for (name, text, retcode) in [
        ("out_trade_no", "t2", "88221009"),
        ("total_fee", "301", "88229004"),
        ("refund_fee", "301", "88229004"),
        ("refund_fee", "0", "88229001"),
        ("refund_fee", "1.00", "88229001"),
        ("out_refund_no", "", "88229001"),
        ("out_trade_no", "", "88229001"),
        ("refund_type", "4", "88229001"),
        ("service_version", "2.0", "88229001"),
        ("op_user_id", "1234567890", "88229006"),
        // The password itself is for version 1.0, its MD5 for 1.1.
        ("op_user_passwd", "111111", "88229006"),
        (
            "op_user_passwd",
            "96E79218965EB72C92A549DD5A330112",
            "88229006",
        ),
        (
            "op_user_passwd",
            "96e79218965eb72c92a549dd5a330113",
            "88229006",
        ),
        ("service_version", "1.0", "88229006"),
        ("service_version", "", "88229006"),
    ] {
        let said = ask(&mut merchant, REFUND, &with(good.clone(), name, text));
        assert_eq!(get(&said, "retcode"), retcode, "{name}={text}: {said:?}");
        assert!(!merchant.problem().contains("111111"));
    }
    let old = with(
        with(good.clone(), "service_version", "1.0"),
        "op_user_passwd",
        "111111",
    );
    assert_eq!(get(&ask(&mut merchant, REFUND, &old), "retcode"), "0");
    let other = with(good.clone(), "refund_fee", "99");
    assert_eq!(
        get(&ask(&mut merchant, REFUND, &other), "retcode"),
        "88229003"
    );
    let unpaid = merchant.order("t3");
    merchant.prepay(unpaid);
    let said = ask(
        &mut merchant,
        REFUND,
        &with(
            with(good.clone(), "out_trade_no", "t3"),
            "out_refund_no",
            "r3",
        ),
    );
    assert_eq!(get(&said, "retcode"), "88221009");
    let settings = json!({ "operator_password": "secret" });
    let said = merchant.command(Method::PUT, "/_sandbox/v1/settings", &settings);
    assert!(!said.to_string().contains("secret\""));
    merchant.restart();
    assert_eq!(
        get(&ask(&mut merchant, REFUND, &good), "retcode"),
        "88229006"
    );
}

#[test]
fn a_request_is_verified_in_the_charset_it_declares() {
    let mut merchant = Merchant::new();
    merchant.paid("t1");
    let own = wish(&merchant, "t1", "r1");
    let own: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let refused = |merchant: &mut Merchant, fields: &Fields, says: &str| {
        let said = merchant.tenpay_signed(REFUND, fields);
        assert_eq!(get(&said, "sign"), "", "{said:?}");
        assert_ne!(get(&said, "retcode"), "0");
        let problem = merchant.problem();
        assert!(problem.contains(says), "{problem}");
    };
    let good = merchant.asked(&own);
    refused(
        &mut merchant,
        &with(good.clone(), "refund_fee", "300"),
        "does not match",
    );
    refused(
        &mut merchant,
        &with(good.clone(), "sign", ""),
        "there is no sign",
    );
    refused(
        &mut merchant,
        &with(good.clone(), "partner", "1900000109"),
        "partner",
    );
    refused(
        &mut merchant,
        &with(good.clone(), "sign_type", "SHA1"),
        "sign_type",
    );
    refused(
        &mut merchant,
        &with(good.clone(), "input_charset", "BIG5"),
        "input_charset",
    );
    // Hashed in one charset and sent in the other.
    merchant.charset = UTF_8;
    let hashed = merchant.md5(
        &good
            .iter()
            .filter(|(name, _)| name != "sign")
            .cloned()
            .collect::<Vec<_>>(),
    );
    merchant.charset = GBK;
    refused(
        &mut merchant,
        &with(good.clone(), "sign", &hashed),
        "the MD5 of the UTF-8 bytes",
    );
    let mut twice = good.clone();
    twice.push(("partner".to_owned(), merchant.partner()));
    refused(&mut merchant, &twice, "twice");
    // Nothing said is GBK.
    let unsaid: Fields = good
        .into_iter()
        .filter(|(name, _)| name != "input_charset" && name != "sign")
        .collect();
    let sign = merchant.md5(&unsaid);
    let said = merchant.tenpay_signed(REFUND, &with(unsaid, "sign", &sign));
    assert_eq!(get(&said, "retcode"), "0", "{said:?}");
    assert_eq!(get(&said, "reccv_user_name"), "张三");
}

#[test]
fn a_form_is_as_good_as_a_query() {
    let mut merchant = Merchant::new();
    merchant.paid("t1");
    let own = wish(&merchant, "t1", "r1");
    let own: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let form = query(merchant.charset, &merchant.asked(&own));
    let request = merchant.request(Method::POST, REFUND, form.replace("%20", "+"));
    let said = merchant.tenpay_answer(request);
    merchant.verify(&said);
    assert_eq!(get(&said, "retcode"), "0", "{said:?}");
    let entry = merchant.last_entry();
    assert_eq!(entry["operation"], "v1.tenpay_refund");
    assert!(entry["remarks"][0].as_str().unwrap().contains("plain HTTP"));
}

#[test]
fn over_tls_a_refund_needs_the_merchants_certificate() {
    let mut merchant = Merchant::new();
    merchant.paid("t1");
    let own = wish(&merchant, "t1", "r1");
    let own: Vec<(&str, &str)> = own
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let form = query(merchant.charset, &merchant.asked(&own));
    let request = |certificate: Option<&str>| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("https://127.0.0.1:9443{REFUND}"))
            .body(form.clone().into())
            .unwrap();
        if let Some(pem) = certificate {
            use rustls_pki_types::pem::PemObject as _;
            let der = rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            request
                .extensions_mut()
                .insert(ClientCertificate::from_der(der.to_vec()));
        }
        request
    };
    let response = merchant.send(request(None));
    assert_eq!(response.status(), 403);
    let own = merchant.identity().merchant_certificate_pem().to_owned();
    let other = merchant.identity().platform_certificates()[0]
        .certificate_pem()
        .to_owned();
    let said = merchant.tenpay_answer(request(Some(&other)));
    assert_eq!(get(&said, "retcode"), "88229008");
    let said = merchant.tenpay_answer(request(Some(&own)));
    assert_eq!(get(&said, "retcode"), "0", "{said:?}");
}

#[test]
fn a_notice_can_be_checked() {
    let mut merchant = Merchant::new();
    merchant.paid("t1");
    let delivery = merchant.due().remove(0);
    let (told, _) = merchant.open(&delivery.request).unwrap();
    let own = [("notify_id", get(&told, "notify_id"))];
    let said = merchant.tenpay("/gateway/verifynotifyid.xml", &own);
    assert_eq!(get(&said, "retcode"), "0", "{said:?}");
    for name in [
        "transaction_id",
        "out_trade_no",
        "total_fee",
        "trade_state",
        "attach",
        "notify_id",
    ] {
        assert_eq!(get(&said, name), get(&told, name), "{name}");
    }
    let said = merchant.tenpay("/gateway/simpleverifynotifyid.xml", &own);
    assert_eq!(
        (get(&said, "retcode"), get(&said, "out_trade_no")),
        ("0", "")
    );
    let said = merchant.tenpay("/gateway/verifynotifyid.xml", &[("notify_id", "x")]);
    assert_eq!(get(&said, "retcode"), "88229007");
}

#[test]
fn a_bill_has_rows_in_gbk() {
    let mut merchant = Merchant::new();
    merchant.charset = UTF_8;
    merchant.paid("t1");
    let wish = wish(&merchant, "t1", "r1");
    ask(&mut merchant, REFUND, &wish);
    merchant.wait(24 * HOUR);
    let bill = |merchant: &mut Merchant, day: &str, kind: &str| {
        let partner = merchant.partner();
        let fields = [
            ("spid", partner.as_str()),
            ("trans_time", day),
            ("stamp", "1404259200000"),
            ("cft_signtype", "0"),
            ("mchtype", kind),
        ];
        let sign = merchant.partner_key.sign_in_order(fields);
        let fields = with(owned(&fields), "sign", &sign);
        let target = format!("/cgi-bin/mchdown_real_new.cgi?{}", query(GBK, &fields));
        let request = merchant.request(Method::GET, &target, "");
        merchant.send(request).into_body()
    };
    for (kind, rows) in [("0", 2), ("1", 1), ("2", 1)] {
        let body = bill(&mut merchant, "2024-01-01", kind);
        let body = body.to_vec();
        let text = GBK
            .decode_without_bom_handling_and_without_replacement(&body)
            .unwrap();
        assert!(text.starts_with("交易时间,"), "{text}");
        assert!(text.contains(",`矿泉水 A+B,"), "{text}");
        // The sums begin with a back-tick as well.
        let lines = text.lines().filter(|line| line.starts_with('`'));
        assert_eq!(lines.count(), rows + 1, "{text}");
    }
    let right = bill(&mut merchant, "2024-01-01", "0");
    for (fault, length) in [
        ("bill_sums_wrong", right.len()),
        ("bill_byte_changed", right.len()),
        ("bill_cut_off", right.len() / 2),
    ] {
        merchant.set_faults(&json!({ "answers": { fault: { "rate": 1, "times": 1 } } }));
        let wrong = bill(&mut merchant, "2024-01-01", "0");
        let different = wrong.iter().zip(right.iter()).filter(|(a, b)| a != b);
        assert_eq!(wrong.len(), length, "{fault}");
        assert_eq!(
            different.count(),
            usize::from(length == right.len()),
            "{fault}"
        );
        assert_eq!(bill(&mut merchant, "2024-01-01", "0"), right);
    }
    for (day, kind) in [
        ("2024-01-02", "0"),
        ("2023-12-31", "0"),
        ("20240101", "0"),
        ("2024-01-01", "3"),
    ] {
        let body = bill(&mut merchant, day, kind);
        assert!(body.starts_with(b"<?xml"), "{day}");
    }
    let said = merchant.tenpay_signed(
        "/cgi-bin/mchdown_real_new.cgi",
        &owned(&[("spid", &merchant.partner())]),
    );
    assert_eq!(get(&said, "retcode"), "88229002");
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "refused");
}
