//! JSAPI: what a page hands to WeChat.

use encoding_rs::{GBK, UTF_8};
use http::Method;
use serde_json::{Value, json};

use crate::merchant::Merchant;

const JSAPI: &str = "/_sandbox/v1/jsapi";

fn request(merchant: &Merchant, package: &str) -> Value {
    let appid = merchant.appid();
    let fields = [
        ("appId", appid.as_str()),
        ("timeStamp", "189026618"),
        ("nonceStr", "adssdasssd13d"),
        ("package", package),
    ];
    let mut request = json!({ "signType": "SHA1", "paySign": merchant.sha1(&fields) });
    for (name, text) in fields {
        request[name] = json!(text);
    }
    request
}

#[test]
fn a_page_places_an_order_and_the_payer_pays() {
    for charset in [GBK, UTF_8] {
        let mut merchant = Merchant::new();
        merchant.charset = charset;
        let package = merchant.package(merchant.order("p1"));
        let request = request(&merchant, &package);
        let said = merchant.command(Method::POST, JSAPI, &json!({ "request": request }));
        assert_eq!(said["err_msg"], "get_brand_wcpay_request:cancel");
        assert_eq!(said["order"]["trade_state"], "NOTPAY");
        let wish = json!({ "request": request, "pay": true });
        let said = merchant.command(Method::POST, JSAPI, &wish);
        assert_eq!(said["err_msg"], "get_brand_wcpay_request:ok");
        assert_eq!(said["out_trade_no"], "p1");
        assert_eq!(said["order"]["trade_type"], "JSAPI");
        assert_eq!(said["order"]["trade_state"], "SUCCESS");
        assert_eq!(said["order"]["description"], "矿泉水 A+B");
        assert!(
            merchant
                .refused(Method::POST, JSAPI, &wish)
                .contains("已支付")
        );
    }
}

#[test]
fn lower_case_escapes_are_as_good() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("p1"));
    let lower: Vec<String> = package
        .split('%')
        .enumerate()
        .map(|(index, piece)| match piece.split_at_checked(2) {
            Some((digits, rest)) if index > 0 => format!("{}{rest}", digits.to_lowercase()),
            _ => piece.to_owned(),
        })
        .collect();
    let lower = lower.join("%");
    assert_ne!(lower, package);
    let wish = json!({ "request": request(&merchant, &lower) });
    merchant.command(Method::POST, JSAPI, &wish);
}

#[test]
fn both_signatures_are_verified() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("p1"));
    let good = request(&merchant, &package);
    let cheaper = package.replace("total_fee=300", "total_fee=100");
    let mut broken = vec![(request(&merchant, &cheaper), "package: sign does not match")];
    for (name, text, says) in [
        ("package", cheaper.as_str(), "paySign does not match"),
        ("timeStamp", "189026619", "paySign does not match"),
        ("nonceStr", "other", "paySign does not match"),
        (
            "paySign",
            "7717231c335a05165b1874658306fa431fe9a0de",
            "paySign does not match",
        ),
        ("signType", "MD5", "signType"),
        ("appId", "wx0000000000000000", "appId"),
    ] {
        let mut request = good.clone();
        request[name] = json!(text);
        broken.push((request, says));
    }
    for (request, says) in broken {
        let wish = json!({ "request": request, "pay": true });
        let problem = merchant.refused(Method::POST, JSAPI, &wish);
        assert!(problem.contains(says), "{problem}");
    }
    let (status, _) = merchant.control(Method::GET, "/_sandbox/orders/p1", &Value::Null);
    assert_eq!(status, 404);
}

#[test]
fn an_order_is_paid_by_whom_it_was_placed_for() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("p1"));
    let request = request(&merchant, &package);
    let mine = json!({ "request": request, "openid": "oA" });
    merchant.command(Method::POST, JSAPI, &mine);
    let other = json!({ "request": request, "openid": "oB", "pay": true });
    merchant.refused(Method::POST, JSAPI, &other);
    let mine = json!({ "request": request, "openid": "oA", "pay": true });
    let said = merchant.command(Method::POST, JSAPI, &mine);
    assert_eq!(said["order"]["payer"]["openid"], "oA");
}
