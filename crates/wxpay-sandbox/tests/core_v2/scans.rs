//! Native mode 1: a code that holds a product, and the merchant asked for an order.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use wxpay_sign::SignType;

use crate::merchant::{Merchant, fields, get, owned, xml};

const CALLBACK: &str = "http://127.0.0.1:9471/callback";

fn code(merchant: &Merchant) -> String {
    let (appid, mch_id) = (merchant.identity().appid(), merchant.identity().mchid());
    let params = [
        ("appid", appid),
        ("mch_id", mch_id),
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("product_id", "88888"),
        ("time_stamp", "1704076496"),
    ];
    let sign = merchant.key.sign(SignType::Md5, params);
    let query: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("weixin://wxpay/bizpayurl?sign={sign}&{}", query.join("&"))
}

fn scan(merchant: &mut Merchant, url: &str, pay: bool) -> (StatusCode, Value) {
    let body = json!({ "url": url, "callback_url": CALLBACK, "pay": pay });
    merchant.control(Method::POST, "/_sandbox/scans", &body.to_string())
}

fn seen(merchant: &mut Merchant, scan: &Value) -> Value {
    let path = format!("/_sandbox/scans/{}", scan["id"].as_str().unwrap());
    merchant.control(Method::GET, &path, "").1
}

/// The merchant's answer to the callback.
fn answer(merchant: &Merchant, prepay_id: &str) -> Vec<(String, String)> {
    let (appid, mch_id) = (merchant.identity().appid(), merchant.identity().mchid());
    merchant.resign(owned(&[
        ("return_code", "SUCCESS"),
        ("appid", appid),
        ("mch_id", mch_id),
        ("nonce_str", "n"),
        ("prepay_id", prepay_id),
        ("result_code", "SUCCESS"),
    ]))
}

#[test]
fn a_scan_asks_the_merchant_for_an_order_and_pays_it() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    for pay in [false, true] {
        let url = code(&merchant);
        let (status, scanned) = scan(&mut merchant, &url, pay);
        assert_eq!(
            (status.as_u16(), &scanned["state"]),
            (200, &json!("calling"))
        );
        let now = merchant.now;
        assert!(merchant.core().next_due().is_some_and(|at| at <= now));
        let call = merchant.due().remove(0);
        assert_eq!(call.request.uri(), CALLBACK);
        let asked = fields(call.request.body());
        merchant.verify(&asked);
        assert_eq!(get(&asked, "product_id"), "88888");
        assert_eq!(get(&asked, "openid"), merchant.identity().openid());
        assert_eq!(get(&asked, "mch_id"), merchant.identity().mchid());
        assert!(merchant.due().is_empty(), "asked once");
        let number = format!("order{pay}");
        let placed = merchant.order(&number);
        let said = xml(&answer(&merchant, placed.get("prepay_id")));
        merchant.answer(call.id, StatusCode::OK, &said);
        let scanned = seen(&mut merchant, &scanned);
        assert_eq!(scanned["out_trade_no"], number);
        let (state, trade_state) = if pay {
            ("paid", "SUCCESS")
        } else {
            ("ready", "NOTPAY")
        };
        assert_eq!(scanned["state"], state, "{scanned}");
        assert_eq!(merchant.seen(&number)["trade_state"], trade_state);
    }
}

#[test]
fn answers_that_are_not_the_merchants_lead_nowhere() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let placed = merchant.order("one");
    let good = answer(&merchant, placed.get("prepay_id"));
    let mut forged = good.clone();
    forged[4].1 = "wx2024".to_owned();
    let mut refused = good.clone();
    refused[5].1 = "FAIL".to_owned();
    refused.push(("err_code_des".to_owned(), "库存不足".to_owned()));
    let unknown = answer(&merchant, "wx20240101103456aaaaaaaaaaaaaaaaaaaa");
    for (status, body, problem) in [
        (StatusCode::OK, xml(&forged), "sign"),
        (StatusCode::OK, xml(&merchant.resign(refused)), "库存不足"),
        (StatusCode::OK, xml(&unknown), "prepay_id"),
        (StatusCode::OK, "<html>".to_owned(), "answer"),
        (StatusCode::BAD_GATEWAY, xml(&good), "502"),
    ] {
        let url = code(&merchant);
        let (_, scanned) = scan(&mut merchant, &url, true);
        let call = merchant.due().remove(0);
        merchant.answer(call.id, status, &body);
        let scanned = seen(&mut merchant, &scanned);
        assert_eq!(scanned["state"], "failed");
        assert!(
            scanned["problem"].as_str().unwrap().contains(problem),
            "{scanned}"
        );
    }
    assert_eq!(merchant.seen("one")["trade_state"], "NOTPAY");
}

#[test]
fn a_code_the_merchant_did_not_make_is_refused() {
    let mut merchant = Merchant::new();
    let good = code(&merchant);
    for (url, problem) in [
        (good.replace("88888", "88889"), "sign"),
        (good.replace("&time_stamp=1704076496", ""), "time_stamp"),
        (good.replace("&product_id=88888", ""), "product_id"),
        (format!("{good}&product_id=1"), "twice"),
        (good.replace("weixin://", "https://"), "begin with"),
    ] {
        let (status, said) = scan(&mut merchant, &url, false);
        assert_eq!(status, 400, "{url}");
        assert!(
            said["message"].as_str().unwrap().contains(problem),
            "{said}"
        );
    }
    assert!(merchant.due().is_empty());
}
