//! Access tokens: given out, ended, replaced; and what the journal shows of them.

use http::Method;
use serde_json::{Value, json};

use crate::merchant::Merchant;

#[test]
fn wrong_credentials_are_told_apart() {
    let mut merchant = Merchant::new();
    let (target, appid) = (merchant.token_target(), merchant.appid());
    let secret = merchant.identity().app_secret().expose().to_owned();
    let other = "0".repeat(32);
    for (target, code) in [
        (target.replace(&appid, "wx0000000000000000"), 40_013),
        (target.replace(&secret, &other), 40_001),
        (target.replace(&secret, "short"), 40_125),
        (target.replace("client_credential", "password"), 40_002),
        (target.replace("&secret", "&x"), 41_004),
        (target.replace("&appid", "&x"), 41_002),
    ] {
        let said = merchant.json(Method::GET, &target, "");
        assert_eq!(said["errcode"], code, "{said}");
        assert!(said.get("access_token").is_none());
        assert!(!merchant.problem().contains(&secret));
    }
    let said = merchant.json(Method::POST, &target, "");
    assert_eq!(said["errcode"], 43_001);
}

#[test]
fn a_token_ends_and_a_newer_one_replaces_it() {
    let mut merchant = Merchant::new();
    let package = merchant.package(merchant.order("t1"));
    let body = merchant.prepay_body(&package);
    let code =
        |merchant: &mut Merchant| merchant.platform("/pay/genprepay", &body)["errcode"].clone();
    assert_eq!(code(&mut merchant), 0);
    merchant.wait(7_199);
    assert_eq!(code(&mut merchant), 0);
    merchant.wait(1);
    assert_eq!(code(&mut merchant), 42_001);
    merchant.fetch_token();
    assert_eq!(code(&mut merchant), 0);
    let mine = merchant.token.clone();
    merchant.fetch_token();
    merchant.token = mine;
    assert_eq!(code(&mut merchant), 40_001);
    merchant.fetch_token();
    merchant.restart();
    assert_eq!(code(&mut merchant), 0);
    merchant.command(Method::DELETE, "/_sandbox/v1/token", &Value::Null);
    assert_eq!(code(&mut merchant), 40_001);
    let said = merchant.json(Method::POST, "/pay/genprepay", &body.to_string());
    assert_eq!(said["errcode"], 41_001);
}

#[test]
fn the_journal_shows_no_secret() {
    let mut merchant = Merchant::new();
    let secret = merchant.identity().app_secret().expose().to_owned();
    merchant.platform("/pay/genprepay", &json!({}));
    merchant.paid("j1");
    let password = "96e79218965eb72c92a549dd5a330112";
    let own = [("service_version", "1.1"), ("op_user_passwd", password)];
    let form = crate::merchant::query(merchant.charset, &merchant.asked(&own));
    let path = "/refundapi/gateway/refund.xml";
    let post = merchant.request(Method::POST, path, form.clone());
    merchant.tenpay_answer(post);
    let get = merchant.request(Method::GET, &format!("{path}?{form}"), "");
    merchant.tenpay_answer(get);
    let journal = merchant.command(Method::GET, "/_sandbox/journal", &Value::Null);
    assert_eq!(journal.as_array().unwrap().len(), 5);
    let text = journal.to_string();
    assert!(text.contains("[redacted]"));
    for hidden in [&secret, &merchant.token, password] {
        assert!(!text.contains(hidden));
    }
    let debug = format!("{:?}", merchant.core());
    for hidden in [&secret, &merchant.token] {
        assert!(!debug.contains(hidden.as_str()));
    }
}
