//! Orders of an app: `genprepay`, the second signature, the query, the delivery.

use encoding_rs::{GBK, UTF_8};
use http::Method;
use serde_json::{Value, json};

use crate::merchant::{Fields, HOUR, Merchant, owned, with};

const PREPAY: &str = "/pay/genprepay";

/// Places an order with a broken package or body; the code of the error.
fn refused(merchant: &mut Merchant, body: &Value) -> (i64, String) {
    let said = merchant.platform(PREPAY, body);
    assert!(said.get("prepayid").is_none(), "{said}");
    (said["errcode"].as_i64().unwrap(), merchant.problem())
}

/// What an app hands to WeChat, signed.
fn handed_over(merchant: &Merchant, prepay_id: &str) -> Value {
    let (appid, partner) = (merchant.appid(), merchant.partner());
    let fields = [
        ("appid", appid.as_str()),
        ("noncestr", "adssdasssd13d"),
        ("package", "Sign=WXPay"),
        ("partnerid", &partner),
        ("prepayid", prepay_id),
        ("timestamp", "1704076496"),
    ];
    let mut request = json!({ "sign": merchant.sha1(&fields) });
    for (name, text) in fields {
        request[name] = json!(text);
    }
    request
}

fn order_query(merchant: &Merchant, number: &str) -> Value {
    let (appid, partner) = (merchant.appid(), merchant.partner());
    let fields = owned(&[("out_trade_no", number), ("partner", &partner)]);
    let sign = merchant.md5(&fields);
    let package = format!("out_trade_no={number}&partner={partner}&sign={sign}");
    let timestamp = merchant.now.to_string();
    let signed = [
        ("appid", appid.as_str()),
        ("package", &package),
        ("timestamp", &timestamp),
    ];
    json!({
        "appid": appid,
        "package": package,
        "timestamp": timestamp,
        "app_signature": merchant.sha1(&signed),
        "sign_method": "sha1",
    })
}

fn delivered(merchant: &mut Merchant, number: &str, status: &str) -> Value {
    let seen = merchant.seen(number);
    let (appid, timestamp) = (merchant.appid(), merchant.now.to_string());
    let fields = [
        ("appid", appid.as_str()),
        ("openid", seen["payer"]["openid"].as_str().unwrap()),
        ("transid", seen["transaction_id"].as_str().unwrap_or("1")),
        ("out_trade_no", number),
        ("deliver_timestamp", &timestamp),
        ("deliver_status", status),
        ("deliver_msg", "已发货"),
    ];
    let mut body = json!({ "app_signature": merchant.sha1(&fields), "sign_method": "sha1" });
    for (name, text) in fields {
        body[name] = json!(text);
    }
    body
}

#[test]
fn an_app_order_is_placed_paid_looked_up_and_delivered() {
    for charset in [GBK, UTF_8] {
        let mut merchant = Merchant::new();
        merchant.charset = charset;
        let order = merchant.order("a1");
        let prepay_id = merchant.prepay(order.clone());
        assert_eq!(merchant.last_entry()["operation"], "v1.gen_prepay");
        let again = merchant.prepay(order);
        assert_ne!(prepay_id, again);
        let seen = merchant.seen("a1");
        assert_eq!(seen["description"], "矿泉水 A+B");
        assert_eq!(seen["attach"], "门店=1&台号=2");
        assert_eq!(seen["trade_type"], "APP");
        assert_eq!(seen["amount"]["total"], 300);
        assert_eq!(seen["v1"]["input_charset"], merchant.charset_name());

        let open = order_query(&merchant, "a1");
        let info = merchant.platform("/pay/orderquery", &open)["order_info"].clone();
        assert_eq!(
            (&info["ret_code"], &info["trade_state"]),
            (&json!("0"), &json!("1"))
        );

        let request = handed_over(&merchant, &prepay_id);
        let told = json!({ "request": request, "pay": true });
        let said = merchant.command(Method::POST, "/_sandbox/v1/app", &told);
        assert_eq!(said["err_code"], 0);
        assert_eq!(said["order"]["trade_state"], "SUCCESS");
        let transaction_id = said["order"]["transaction_id"].as_str().unwrap();
        assert_eq!(transaction_id.len(), 28);

        let said = merchant.platform("/pay/orderquery", &open);
        assert_eq!(said["errcode"], 0);
        let info = &said["order_info"];
        for (name, text) in [
            ("ret_code", "0"),
            ("trade_state", "0"),
            ("trade_mode", "1"),
            ("partner", &merchant.partner()),
            ("bank_type", "WX"),
            ("total_fee", "300"),
            ("transport_fee", "100"),
            ("product_fee", "200"),
            ("discount", "0"),
            ("fee_type", "1"),
            ("rmb_total_fee", "300"),
            ("transaction_id", transaction_id),
            ("out_trade_no", "a1"),
            ("is_split", "false"),
            ("is_refund", "false"),
            ("attach", "门店=1&台号=2"),
            ("time_end", "20240101103456"),
            ("input_charset", merchant.charset_name()),
        ] {
            assert_eq!(info[name], text, "{name}");
        }

        let report = delivered(&mut merchant, "a1", "1");
        let said = merchant.platform("/pay/delivernotify", &report);
        assert_eq!(said, json!({ "errcode": 0, "errmsg": "ok" }));
        assert_eq!(merchant.seen("a1")["v1"]["delivery"]["delivered"], true);
    }
}

#[test]
fn a_package_keeps_to_its_limits() {
    let mut merchant = Merchant::new();
    let long = "支".repeat(65);
    for (name, text, says) in [
        ("bank_type", "ICBC", "bank_type is not WX"),
        ("fee_type", "2", "fee_type is not 1"),
        ("body", &long, "body has 130 bytes in GBK"),
        ("body", "", "body is missing"),
        ("attach", &long, "attach has 130 bytes"),
        ("partner", "1900000109", "partner is not"),
        ("out_trade_no", "a-1", "letters and digits"),
        ("out_trade_no", &"1".repeat(33), "33 bytes"),
        ("total_fee", "0", "more than 0"),
        ("total_fee", "3.00", "no amount in fen"),
        ("total_fee", "301", "the sum of"),
        ("product_fee", "", "the sum of"),
        ("transport_fee", "-1", "no amount in fen"),
        ("notify_url", "/notify", "no absolute web address"),
        (
            "notify_url",
            "ftp://127.0.0.1/notify",
            "no absolute web address",
        ),
        ("spbill_create_ip", "::1", "no IPv4"),
        ("time_expire", "2024-01-01", "yyyyMMddHHmmss"),
        ("input_charset", "latin1", "neither GBK nor UTF-8"),
        ("goods_tag", &"g".repeat(33), "goods_tag has 33 bytes"),
    ] {
        let package = merchant.package(with(merchant.order("p1"), name, text));
        let body = merchant.prepay_body(&package);
        let (code, problem) = refused(&mut merchant, &body);
        assert_eq!(code, 40_097, "{name}: {problem}");
        assert!(problem.contains(says), "{name}: {problem}");
    }
    let times = with(merchant.order("p1"), "time_start", "20240101110000");
    let package = merchant.package(with(times, "time_expire", "20240101110000"));
    let body = merchant.prepay_body(&package);
    let (_, problem) = refused(&mut merchant, &body);
    assert!(problem.contains("not after time_start"), "{problem}");
    // 64 characters are 128 bytes in GBK and too many in UTF-8.
    let full = "支".repeat(64);
    let order = with(merchant.order("p2"), "body", &full);
    merchant.prepay(order);
    merchant.charset = UTF_8;
    let package = merchant.package(with(merchant.order("p3"), "body", &full));
    let body = merchant.prepay_body(&package);
    let (_, problem) = refused(&mut merchant, &body);
    assert!(problem.contains("body has 192 bytes in UTF-8"), "{problem}");
}

#[test]
fn a_package_is_signed_in_the_charset_it_declares() {
    let mut merchant = Merchant::new();
    let mut order = merchant.order("c1");
    order.sort();
    let mut try_it = |hashed: &'static encoding_rs::Encoding, sent, order: &Fields| {
        merchant.charset = hashed;
        let sign = merchant.md5(order);
        let package = format!("{}&sign={sign}", crate::merchant::query(sent, order));
        let body = merchant.prepay_body(&package);
        let (code, problem) = refused(&mut merchant, &body);
        (code, problem)
    };
    let (code, problem) = try_it(UTF_8, GBK, &order);
    assert_eq!(code, 49_004);
    assert!(problem.contains("the MD5 of the UTF-8 bytes"), "{problem}");
    let mut utf8 = with(order.clone(), "input_charset", "UTF-8");
    utf8.sort();
    let (_, problem) = try_it(GBK, UTF_8, &utf8);
    assert!(problem.contains("the MD5 of the GBK bytes"), "{problem}");
    let (code, problem) = try_it(GBK, GBK, &utf8);
    assert_eq!(code, 40_097);
    assert!(problem.contains("no text in UTF-8"), "{problem}");
}

#[test]
fn both_signatures_of_genprepay_are_verified() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("g1"));
    let good = merchant.prepay_body(&package);
    for (name, value) in [
        ("noncestr", json!("other")),
        ("timestamp", json!(1)),
        ("traceid", json!("u2")),
        ("app_signature", json!("0".repeat(40))),
        ("app_signature", json!("short")),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let (code, problem) = refused(&mut merchant, &body);
        assert_eq!(code, 49_004, "{name}: {problem}");
    }
    for (name, value, expected) in [
        ("appid", json!("wx0000000000000000"), 40_013),
        ("sign_method", json!("md5"), 40_097),
        ("package", json!(["x"]), 47_001),
    ] {
        let mut body = good.clone();
        body[name] = value;
        assert_eq!(refused(&mut merchant, &body).0, expected, "{name}");
    }
    // Changed after the MD5 and before the SHA-1.
    let changed = package.replace("total_fee=300", "total_fee=100");
    let body = merchant.prepay_body(&changed);
    let (code, problem) = refused(&mut merchant, &body);
    assert_eq!(code, 49_004);
    assert!(
        problem.starts_with("package: sign does not match"),
        "{problem}"
    );
    // Decoded before it was signed.
    let decoded = String::from_utf8_lossy(&crate::merchant::unescape(&package)).into_owned();
    let mut body = merchant.prepay_body(&decoded);
    body["package"] = json!(package);
    assert_eq!(refused(&mut merchant, &body).0, 49_004);
    // Older helpers know no traceid.
    let mut body = good;
    body.as_object_mut().unwrap().remove("traceid");
    assert_eq!(refused(&mut merchant, &body).0, 49_004);
    let (appid, timestamp) = (merchant.appid(), merchant.now.to_string());
    let signed = [
        ("appid", appid.as_str()),
        ("noncestr", body["noncestr"].as_str().unwrap()),
        ("package", &package),
        ("timestamp", &timestamp),
    ];
    body["app_signature"] = json!(merchant.sha1(&signed));
    assert_eq!(merchant.platform(PREPAY, &body)["errcode"], 0);
}

#[test]
fn a_number_is_one_order() {
    let mut merchant = Merchant::new();
    let order = merchant.order("n1");
    merchant.prepay(order.clone());
    for (name, text) in [("body", "别的"), ("notify_url", "http://127.0.0.1:1/")] {
        let package = merchant.package(with(order.clone(), name, text));
        let body = merchant.prepay_body(&package);
        assert_eq!(refused(&mut merchant, &body).0, 40_097);
    }
    merchant.pay("n1");
    let package = merchant.package(order);
    let body = merchant.prepay_body(&package);
    let (_, problem) = refused(&mut merchant, &body);
    assert!(problem.contains("订单已支付"), "{problem}");
    let expired = with(merchant.order("n2"), "time_expire", "20240101104000");
    merchant.prepay(expired.clone());
    merchant.wait(HOUR / 2);
    let package = merchant.package(expired);
    let body = merchant.prepay_body(&package);
    assert!(refused(&mut merchant, &body).1.contains("订单已过期"));
}

#[test]
fn the_second_signature_of_an_app_is_verified() {
    let mut merchant = Merchant::new();
    let order = merchant.order("s1");
    let prepay_id = merchant.prepay(order);
    let good = handed_over(&merchant, &prepay_id);
    for name in [
        "appid",
        "noncestr",
        "package",
        "partnerid",
        "prepayid",
        "timestamp",
        "sign",
    ] {
        let mut request = good.clone();
        request[name] = json!("1704076497");
        let told = json!({ "request": request, "pay": true });
        merchant.refused(Method::POST, "/_sandbox/v1/app", &told);
    }
    assert_eq!(merchant.seen("s1")["trade_state"], "NOTPAY");
    let told = json!({ "request": good });
    let said = merchant.command(Method::POST, "/_sandbox/v1/app", &told);
    assert_eq!(
        (&said["err_code"], &said["order"]["trade_state"]),
        (&json!(-2), &json!("NOTPAY"))
    );
    merchant.wait(2 * HOUR + 1);
    let told = json!({ "request": handed_over(&merchant, &prepay_id), "pay": true });
    let problem = merchant.refused(Method::POST, "/_sandbox/v1/app", &told);
    assert!(problem.contains("two hours"), "{problem}");
}

#[test]
fn both_signatures_of_the_query_are_verified() {
    let mut merchant = Merchant::new();
    merchant.paid("q1");
    let good = order_query(&merchant, "q1");
    for name in ["timestamp", "app_signature"] {
        let mut body = good.clone();
        body[name] = json!("1704076490");
        let said = merchant.platform("/pay/orderquery", &body);
        assert_eq!(said["errcode"], 49_004, "{said}");
    }
    let (appid, timestamp) = (merchant.appid(), merchant.now.to_string());
    let package = format!(
        "out_trade_no=q1&partner={}&sign={}",
        merchant.partner(),
        "0".repeat(32)
    );
    let signed = [
        ("appid", appid.as_str()),
        ("package", &package),
        ("timestamp", &timestamp),
    ];
    let mut body = good;
    body["app_signature"] = json!(merchant.sha1(&signed));
    body["package"] = json!(package);
    let said = merchant.platform("/pay/orderquery", &body);
    assert_eq!(said["errcode"], 49_004, "{said}");
    let unknown = order_query(&merchant, "q2");
    let said = merchant.platform("/pay/orderquery", &unknown);
    assert_eq!(said["order_info"]["ret_code"], "88221009");
}

#[test]
fn a_delivery_is_reported_as_it_was() {
    let mut merchant = Merchant::new();
    let order = merchant.order("d1");
    merchant.prepay(order);
    let code = |merchant: &mut Merchant, body: &Value| {
        merchant.platform("/pay/delivernotify", body)["errcode"]
            .as_i64()
            .unwrap()
    };
    merchant.pay("d1");
    let good = delivered(&mut merchant, "d1", "0");
    for name in [
        "openid",
        "transid",
        "deliver_status",
        "deliver_msg",
        "deliver_timestamp",
    ] {
        let mut body = good.clone();
        body[name] = json!("1");
        assert_eq!(code(&mut merchant, &body), 49_004, "{name}");
    }
    let wrong = delivered(&mut merchant, "d1", "2");
    assert_eq!(code(&mut merchant, &wrong), 40_097);
    assert_eq!(code(&mut merchant, &good), 0);
    assert_eq!(merchant.seen("d1")["v1"]["delivery"]["delivered"], false);
    merchant.restart();
    assert_eq!(merchant.seen("d1")["v1"]["delivery"]["delivered"], false);
}
