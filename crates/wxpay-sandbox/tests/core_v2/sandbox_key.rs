//! WeChat Pay's own sandboxes (仿真系统, 新沙箱): their key, their paths, their cases.

use wxpay_sign::{ApiV2Key, SignType};

use crate::merchant::{Merchant, native, xml};

const OLD_KEY: &str = "/sandboxnew/pay/getsignkey";
const NEW_KEY: &str = "/xdc/apiv2getsignkey/sign/getsignkey";

/// A merchant that signs with the sandbox key from now on.
fn inside(path: &str) -> Merchant {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let mut fields = merchant.signed(&[]);
    fields.retain(|(name, _)| name != "appid");
    let fields = merchant.resign(fields);
    let reply = merchant.post(path, xml(&fields));
    assert_eq!(reply.get("return_code"), "SUCCESS", "{}", reply.body);
    assert_eq!(reply.get("mch_id"), merchant.identity().mchid());
    assert!(!reply.has("sign"));
    let key = reply.get("sandbox_signkey");
    assert_ne!(key, merchant.identity().api_key().expose());
    merchant.key = ApiV2Key::new(key).unwrap();
    merchant
}

#[test]
fn the_key_opens_the_old_sandbox_and_nothing_else() {
    let mut merchant = inside(OLD_KEY);
    merchant
        .call("/sandboxnew/pay/unifiedorder", &native("one"))
        .ok();
    merchant.pay("one");
    let notice = merchant.due().remove(0);
    merchant.verify(&crate::merchant::fields(notice.request.body()));
    merchant.take(notice.id);
    let found = merchant
        .call("/sandboxnew/pay/orderquery", &[("out_trade_no", "one")])
        .ok();
    assert_eq!(found.get("trade_state"), "SUCCESS");
    let refund = [
        ("out_trade_no", "one"),
        ("out_refund_no", "r"),
        ("total_fee", "888"),
        ("refund_fee", "1"),
    ];
    merchant.call("/sandboxnew/pay/refund", &refund).ok();
    merchant.call("/sandboxnew/secapi/pay/refund", &refund).ok();
    assert_eq!(
        merchant.last_entry()["remarks"],
        serde_json::json!([]),
        "no certificate is asked for"
    );

    // Outside it is worth nothing, and inside the other one is.
    merchant
        .call("/pay/orderquery", &[("out_trade_no", "one")])
        .protocol_error("签名错误");
    assert!(
        merchant.last_entry()["problems"][0]
            .as_str()
            .unwrap()
            .contains("sandbox key")
    );
    merchant.key = ApiV2Key::new(merchant.identity().api_key().expose()).unwrap();
    merchant
        .call("/sandboxnew/pay/orderquery", &[("out_trade_no", "one")])
        .protocol_error("签名错误");
    assert!(
        merchant.last_entry()["problems"][0]
            .as_str()
            .unwrap()
            .contains("getsignkey")
    );
    merchant
        .post(OLD_KEY, "<xml><mch_id>1</mch_id></xml>")
        .protocol_error("mch_id");
}

#[test]
fn the_new_sandbox_plays_the_case_a_header_names() {
    let mut merchant = inside(NEW_KEY);
    for (case, code, at_once, later) in [
        ("", "", "SUCCESS", "SUCCESS"),
        ("MICROPAY_USERPAYING", "USERPAYING", "USERPAYING", "SUCCESS"),
        ("MICROPAY_TIMEOUT", "SYSTEMERROR", "USERPAYING", "SUCCESS"),
        ("MICROPAY_PAYERROR", "TRADE_ERROR", "PAYERROR", "PAYERROR"),
    ] {
        let number = format!("order{case}");
        let fields = merchant.signed(&[
            ("body", "x"),
            ("out_trade_no", &number),
            ("total_fee", "1"),
            ("spbill_create_ip", "203.0.113.7"),
            ("auth_code", "130061098828009400"),
        ]);
        let mut request = merchant.request("/xdc/apiv2sandbox/pay/micropay", xml(&fields));
        if !case.is_empty() {
            request
                .headers_mut()
                .insert("wechatpay-negative-test", case.parse().unwrap());
        }
        let response = merchant.send(request);
        let reply = crate::merchant::fields(response.body());
        assert_eq!(crate::merchant::get(&reply, "err_code"), code, "{case}");
        merchant.verify(&reply);
        let query = |merchant: &mut Merchant| {
            let found = merchant
                .call(
                    "/xdc/apiv2sandbox/pay/orderquery",
                    &[("out_trade_no", &number)],
                )
                .ok();
            found.get("trade_state").to_owned()
        };
        assert_eq!(query(&mut merchant), at_once, "{case}");
        merchant.wait(10);
        assert_eq!(query(&mut merchant), later, "{case}");
    }
}

#[test]
fn a_case_nobody_plays_is_remarked_on() {
    let mut merchant = inside(NEW_KEY);
    let fields = merchant.signed(&[("out_trade_no", "one")]);
    let mut request = merchant.request("/xdc/apiv2sandbox/pay/orderquery", xml(&fields));
    let headers = request.headers_mut();
    headers.insert(
        "wechatpay-negative-test",
        "MICROPAY_UNHEARD_OF".parse().unwrap(),
    );
    merchant.send(request);
    let remark = merchant.last_entry()["remarks"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(remark.contains("MICROPAY_TIMEOUT"), "{remark}");
}
