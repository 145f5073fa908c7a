//! 原生支付: a code is scanned, the merchant is asked, its answer is an order.

use encoding_rs::{GBK, UTF_8};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use wxpay_sandbox::Delivery;

use crate::merchant::{Fields, Merchant, get, owned, with};

const CALLBACK: &str = "http://127.0.0.1:9471/package";

fn code(merchant: &Merchant, product_id: &str) -> String {
    let appid = merchant.appid();
    let sign = merchant.sha1(&[
        ("appid", &appid),
        ("noncestr", "adssdasssd13d"),
        ("productid", product_id),
        ("timestamp", "189026618"),
    ]);
    format!(
        "weixin://wxpay/bizpayurl?sign={sign}&appid={appid}&productid={product_id}&timestamp=189026618&noncestr=adssdasssd13d"
    )
}

/// Somebody scans a code; the question the merchant is asked.
fn scan(merchant: &mut Merchant, pay: bool) -> (String, Delivery) {
    let url = code(merchant, "777111666");
    let wish = json!({ "url": url, "callback_url": CALLBACK, "pay": pay });
    let said = merchant.command(Method::POST, "/_sandbox/scans", &wish);
    assert_eq!(said["state"], "calling");
    assert_eq!(said["product_id"], "777111666");
    let id = said["id"].as_str().unwrap().to_owned();
    (id, merchant.due().remove(0))
}

fn answer(merchant: &Merchant, package: &str) -> Fields {
    sign_answer(
        merchant,
        owned(&[
            ("AppId", &merchant.appid()),
            ("Package", package),
            ("TimeStamp", "1704076496"),
            ("NonceStr", "iuytxA0cH6PyTAVISB28"),
            ("RetCode", "0"),
            ("RetErrMsg", "ok"),
        ]),
    )
}

fn sign_answer(merchant: &Merchant, fields: Fields) -> Fields {
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let sign = merchant.sha1(&pairs);
    with(with(fields, "AppSignature", &sign), "SignMethod", "sha1")
}

fn xml(fields: &[(String, String)]) -> String {
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    wxpay_xml::write("xml", &pairs).unwrap()
}

fn seen(merchant: &mut Merchant, id: &str) -> Value {
    merchant.command(Method::GET, &format!("/_sandbox/scans/{id}"), &Value::Null)
}

#[test]
fn a_scan_becomes_an_order_that_is_paid() {
    for charset in [GBK, UTF_8] {
        let mut merchant = Merchant::new();
        merchant.charset = charset;
        let (id, delivery) = scan(&mut merchant, true);
        assert_eq!(delivery.request.uri(), CALLBACK);
        let signed = [
            "AppId",
            "IsSubscribe",
            "NonceStr",
            "OpenId",
            "ProductId",
            "TimeStamp",
        ];
        let question = merchant
            .open_body(delivery.request.body(), &signed)
            .unwrap();
        assert_eq!(get(&question, "ProductId"), "777111666");
        assert_eq!(get(&question, "OpenId"), merchant.identity().openid());
        assert_eq!(get(&question, "TimeStamp"), merchant.now.to_string());

        let package = merchant.package(merchant.order("s1"));
        let reply = xml(&answer(&merchant, &package));
        merchant.answer(delivery.id, StatusCode::OK, &reply);
        let said = seen(&mut merchant, &id);
        assert_eq!(
            (&said["state"], &said["out_trade_no"]),
            (&json!("paid"), &json!("s1")),
            "{said}"
        );
        let order = merchant.seen("s1");
        assert_eq!(order["trade_state"], "SUCCESS");
        assert_eq!(order["trade_type"], "NATIVE");
        assert_eq!(order["v1"]["product_id"], "777111666");
        assert_eq!(order["v1"]["input_charset"], merchant.charset_name());
        merchant.restart();
        assert_eq!(merchant.seen("s1"), order);
        assert_eq!(order["payer"]["openid"], merchant.identity().openid());
        let notice = merchant.due().remove(0);
        let (query, body) = merchant.open(&notice.request).unwrap();
        assert_eq!(get(&query, "out_trade_no"), "s1");
        assert_eq!(get(&body, "OpenId"), merchant.identity().openid());
    }
}

#[test]
fn a_code_that_somebody_else_made_is_not_scanned() {
    let mut merchant = Merchant::new();
    let good = code(&merchant, "777111666");
    let appid = merchant.appid();
    for (url, says) in [
        (
            good.replace("777111666", "777111667"),
            "sign does not match",
        ),
        (
            good.replace("189026618", "189026619"),
            "sign does not match",
        ),
        (
            good.replace("timestamp=189026618", "timestamp=now"),
            "Unix seconds",
        ),
        (good.replace(&appid, "wx0000000000000000"), "appid is not"),
        (
            good.replace("&noncestr=adssdasssd13d", ""),
            "noncestr is missing",
        ),
        (good.replace("?sign=", "?x="), "sign is missing"),
        (code(&merchant, &"1".repeat(33)), "more than 32"),
    ] {
        let wish = json!({ "url": url, "callback_url": CALLBACK });
        let problem = merchant.refused(Method::POST, "/_sandbox/scans", &wish);
        assert!(problem.contains(says), "{url}: {problem}");
    }
    assert!(merchant.due().is_empty());
}

#[test]
fn an_answer_is_believed_only_with_both_signatures() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("b1"));
    let good = answer(&merchant, &package);
    let cheaper = package.replace("total_fee=300", "total_fee=100");
    let broken: Vec<(Fields, &str)> = vec![
        (with(good.clone(), "Package", &cheaper), "AppSignature"),
        (answer(&merchant, &cheaper), "package: sign does not match"),
        (with(good.clone(), "RetErrMsg", "no"), "AppSignature"),
        (with(good.clone(), "NonceStr", "x"), "AppSignature"),
        (with(good.clone(), "SignMethod", "md5"), "SignMethod"),
        (with(good.clone(), "AppId", "wx0000000000000000"), "AppId"),
    ];
    for (fields, says) in broken {
        let (id, delivery) = scan(&mut merchant, true);
        merchant.answer(delivery.id, StatusCode::OK, &xml(&fields));
        let said = seen(&mut merchant, &id);
        assert_eq!(said["state"], "failed");
        let problem = said["problem"].as_str().unwrap();
        assert!(problem.contains(says), "{problem}");
    }
    let (status, _) = merchant.control(Method::GET, "/_sandbox/orders/b1", &Value::Null);
    assert_eq!(status, 404);
    let (id, delivery) = scan(&mut merchant, false);
    merchant.answer(delivery.id, StatusCode::OK, &xml(&good));
    assert_eq!(seen(&mut merchant, &id)["state"], "ready");
}

#[test]
fn the_merchant_may_refuse_or_not_answer() {
    let mut merchant = Merchant::new();
    let refusal = owned(&[
        ("AppId", &merchant.appid()),
        ("Package", ""),
        ("TimeStamp", "1704076496"),
        ("NonceStr", "iuytxA0cH6PyTAVISB28"),
        ("RetCode", "2"),
        ("RetErrMsg", "卖完了"),
    ]);
    let refusal = sign_answer(&merchant, refusal);
    for (status, body, says) in [
        (200, xml(&refusal), "卖完了"),
        (500, String::new(), "500"),
        (200, "<html>".to_owned(), "the merchant's answer"),
    ] {
        let (id, delivery) = scan(&mut merchant, true);
        merchant.answer(delivery.id, StatusCode::from_u16(status).unwrap(), &body);
        let said = seen(&mut merchant, &id);
        assert!(said["problem"].as_str().unwrap().contains(says), "{said}");
    }
    let (id, delivery) = scan(&mut merchant, true);
    let now = merchant.now;
    merchant.core().delivered(delivery.id, Err(()), now);
    let said = seen(&mut merchant, &id);
    assert!(said["problem"].as_str().unwrap().contains("five seconds"));
    assert!(merchant.due().is_empty());
}
