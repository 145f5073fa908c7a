//! 维权: a payer complains, the merchant handles it, the payer agrees or does not.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::merchant::{Merchant, get};

const RIGHTS: &str = "/_sandbox/v1/rights";
const URL: &str = "http://127.0.0.1:9471/rights";

#[test]
fn a_complaint_is_told_handled_and_settled() {
    let mut merchant = Merchant::new();
    merchant.paid("r1");
    let delivery = merchant.due().remove(0);
    merchant.answer(delivery.id, StatusCode::OK, "success");
    let complaint = json!({
        "type": "request", "out_trade_no": "r1", "url": URL, "reason": "坏了 & <漏>",
        "solution": "退款", "pictures": ["http://127.0.0.1:9471/1.jpg", "http://127.0.0.1:9471/2.jpg"],
    });
    let said = merchant.command(Method::POST, RIGHTS, &complaint);
    assert_eq!(said["state"], "requested");
    let id = said["feedback_id"].as_str().unwrap().to_owned();
    let delivery = merchant.due().remove(0);
    assert_eq!(delivery.request.uri(), URL);
    let signed = ["AppId", "OpenId", "TimeStamp"];
    let told = merchant
        .open_body(delivery.request.body(), &signed)
        .unwrap();
    let order = merchant.seen("r1");
    for (name, text) in [
        ("MsgType", "request"),
        ("FeedBackId", id.as_str()),
        ("OpenId", order["payer"]["openid"].as_str().unwrap()),
        ("TransId", order["transaction_id"].as_str().unwrap()),
        ("Reason", "坏了 & <漏>"),
        ("Solution", "退款"),
    ] {
        assert_eq!(get(&told, name), text, "{name}");
    }
    let body = String::from_utf8(delivery.request.body().to_vec()).unwrap();
    assert!(body.contains("<PicInfo><item><PicUrl>"), "{body}");
    assert_eq!(body.matches("<item>").count(), 2);
    merchant.answer(delivery.id, StatusCode::OK, "success");

    let openid = merchant.identity().openid().to_owned();
    let update = |merchant: &mut Merchant, openid: &str, id: &str| {
        let token = &merchant.token;
        let target =
            format!("/payfeedback/update?access_token={token}&openid={openid}&feedbackid={id}");
        merchant.json(Method::GET, &target, "")["errcode"].clone()
    };
    assert_eq!(update(&mut merchant, "oOther", &id), 40_097);
    assert_eq!(update(&mut merchant, &openid, "1"), 40_097);
    assert_eq!(update(&mut merchant, &openid, &id), 0);
    merchant.restart();
    let all = merchant.command(Method::GET, RIGHTS, &Value::Null);
    assert_eq!(all[0]["state"], "handled");
    for (word, state) in [("reject", "rejected"), ("confirm", "confirmed")] {
        let said = json!({ "type": word, "feedback_id": id });
        let said = merchant.command(Method::POST, RIGHTS, &said);
        assert_eq!(said["state"], state);
        let delivery = merchant.due().remove(0);
        let told = merchant
            .open_body(delivery.request.body(), &signed)
            .unwrap();
        assert_eq!(get(&told, "MsgType"), word);
        assert_eq!(get(&told, "FeedBackId"), id);
        merchant.answer(delivery.id, StatusCode::OK, "success");
    }
}

#[test]
fn nobody_complains_about_nothing() {
    let mut merchant = Merchant::new();
    let order = merchant.order("r1");
    merchant.prepay(order);
    for complaint in [
        json!({ "type": "request", "out_trade_no": "r1", "url": URL }),
        json!({ "type": "request", "out_trade_no": "r2", "url": URL }),
        json!({ "type": "request", "out_trade_no": "r1", "url": URL, "pictures": ["", "", "", "", "", ""] }),
        json!({ "type": "confirm", "feedback_id": "1" }),
        json!({ "type": "praise" }),
        json!({}),
    ] {
        merchant.refused(Method::POST, RIGHTS, &complaint);
    }
    assert!(merchant.due().is_empty());
}
