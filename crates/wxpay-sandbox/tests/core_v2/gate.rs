//! What is refused, in which order, and in which words.

use bytes::Bytes;
use http::{Method, Request};
use wxpay_sandbox::{ClientCertificate, Identity};
use wxpay_sign::SignType;

use crate::merchant::{Fields, Merchant, NOW, native, xml};

const ORDER: &str = "/pay/unifiedorder";
const QUERY: &str = "/pay/orderquery";

/// The fields of a good query, signed.
fn query(merchant: &Merchant) -> Fields {
    merchant.signed(&[("out_trade_no", "one")])
}

fn problem(merchant: &mut Merchant) -> String {
    let entry = merchant.last_entry();
    assert_eq!(entry["verdict"], "refused");
    entry["problems"][0].as_str().unwrap().to_owned()
}

#[test]
fn what_is_no_flat_xml_is_refused_before_anything_is_looked_at() {
    let mut merchant = Merchant::new();
    let good = xml(&query(&merchant));
    let inner = good.strip_prefix("<xml>").unwrap();
    for (body, message) in [
        (Bytes::new(), "post数据为空"),
        (Bytes::from("  "), "post数据为空"),
        (Bytes::from("{\"out_trade_no\":\"one\"}"), "XML格式错误"),
        (Bytes::from("out_trade_no=one"), "XML格式错误"),
        (
            Bytes::from(format!(
                "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{good}"
            )),
            "XML格式错误",
        ),
        (Bytes::from(format!("{good}{good}")), "XML格式错误"),
        (
            Bytes::from(format!("<xml><x><y>1</y></x>{inner}")),
            "XML格式错误",
        ),
        (
            Bytes::from(format!("<xml><mch_id>1</mch_id>{inner}")),
            "XML格式错误",
        ),
        (
            Bytes::from(format!("<root>{}", inner.replace("</xml>", "</root>"))),
            "XML格式错误",
        ),
        (
            Bytes::copy_from_slice(&good.as_bytes()[..good.len() - 9]),
            "XML格式错误",
        ),
        (
            Bytes::from([b"<xml><body>\xb2\xe2</body>", inner.as_bytes()].concat()),
            "编码格式错误",
        ),
        (
            Bytes::from(format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{good}")),
            "编码格式错误",
        ),
    ] {
        // The query of orders has a namesake in v1 that speaks JSON.
        merchant
            .post("/pay/refundquery", body)
            .protocol_error(message);
        assert!(!problem(&mut merchant).is_empty());
    }
    let mut request = merchant.request(QUERY, good);
    *request.method_mut() = Method::GET;
    let response = merchant.send(request);
    assert_eq!(response.status(), 200);
    assert!(String::from_utf8_lossy(response.body()).contains("请使用post方法"));
}

#[test]
fn a_sign_is_verified_with_the_type_that_is_said() {
    let mut merchant = Merchant::new();
    let wrong = "签名错误";
    let good = query(&merchant);

    let mut missing = good.clone();
    missing.retain(|(name, _)| name != "sign");
    merchant.post(QUERY, xml(&missing)).protocol_error(wrong);

    let mut lower = good.clone();
    lower.last_mut().unwrap().1.make_ascii_lowercase();
    merchant.post(QUERY, xml(&lower)).protocol_error(wrong);
    assert!(problem(&mut merchant).contains("upper-case"));

    let mut changed = good.clone();
    changed.push(("attach".to_owned(), "x".to_owned()));
    merchant.post(QUERY, xml(&changed)).protocol_error(wrong);

    // HMAC-SHA256 said and MD5 done.
    merchant.sign_type = SignType::Md5;
    let other = merchant.resign(good.clone());
    merchant.post(QUERY, xml(&other)).protocol_error(wrong);
    assert!(problem(&mut merchant).contains("another type"));

    // HMAC-SHA256 done and not said.
    merchant.sign_type = SignType::HmacSha256;
    let mut unsaid = good.clone();
    unsaid.retain(|(name, _)| name != "sign_type");
    let unsaid = merchant.resign(unsaid);
    merchant.post(QUERY, xml(&unsaid)).protocol_error(wrong);

    // Said, and not signed.
    let mut unsigned_type = unsaid;
    unsigned_type.push(("sign_type".to_owned(), "HMAC-SHA256".to_owned()));
    merchant
        .post(QUERY, xml(&unsigned_type))
        .protocol_error(wrong);
    assert!(problem(&mut merchant).contains("left out of the signature"));

    let mut unknown = good;
    for (name, text) in &mut unknown {
        if name == "sign_type" {
            *text = "SHA1".to_owned();
        }
    }
    let unknown = merchant.resign(unknown);
    merchant
        .post(QUERY, xml(&unknown))
        .protocol_error("sign_type");

    // Nothing of all this was carried out, and no key is in the journal.
    let (_, journal) = merchant.control(Method::GET, "/_sandbox/journal", "");
    assert!(
        !journal
            .to_string()
            .contains(merchant.identity().api_key().expose())
    );
}

#[test]
fn empty_fields_are_not_signed_and_unknown_ones_are() {
    let mut merchant = Merchant::new();
    merchant.order("one");
    let mut fields = merchant.signed(&[("out_trade_no", "one"), ("brand_new", "0")]);
    fields.push(("attach".to_owned(), String::new()));
    merchant.post(QUERY, xml(&fields)).ok();
}

#[test]
fn interfaces_of_one_type_refuse_the_other() {
    let mut merchant = Merchant::new();
    merchant.sign_type = SignType::Md5;
    let flow = [("bill_date", "20231231"), ("account_type", "Basic")];
    merchant
        .call("/pay/downloadfundflow", &flow)
        .protocol_error("仅支持HMAC-SHA256");
    merchant.sign_type = SignType::HmacSha256;
    merchant
        .call(
            "/mmpaymkttransfers/gethbinfo",
            &[("mch_billno", "1"), ("bill_type", "MCHT")],
        )
        .protocol_error("仅支持MD5");
}

#[test]
fn others_merchants_are_not_known_and_other_apps_do_not_fit() {
    let mut merchant = Merchant::new();
    let query = |extra: (&'static str, &'static str)| vec![("out_trade_no", "one"), extra];
    for (extra, message) in [
        (("mch_id", "1900000109"), "不存在"),
        (("mch_id", "x"), "mch_id参数格式错误"),
        (("sub_mch_id", "1900000109"), "不存在"),
    ] {
        merchant.call(QUERY, &query(extra)).protocol_error(message);
    }
    merchant
        .call(QUERY, &query(("appid", "wx0000000000000000")))
        .err("APPID_NOT_EXIST");
    let sub_appid = merchant.identity().sub_appid().to_owned();
    merchant
        .call(QUERY, &[("out_trade_no", "one"), ("appid", &sub_appid)])
        .err("APPID_MCHID_NOT_MATCH");
    merchant
        .call(QUERY, &query(("sub_appid", "wx0000000000000000")))
        .err("APPID_MCHID_NOT_MATCH");
}

#[test]
fn fields_are_held_against_the_catalogue() {
    let mut merchant = Merchant::new();
    let long = "a".repeat(33);
    for (name, text, code) in [
        ("body", "", "LACK_PARAMS"),
        ("nonce_str", &*long, "PARAM_ERROR"),
        ("out_trade_no", &*long, "PARAM_ERROR"),
        ("out_trade_no", "a b", "PARAM_ERROR"),
        ("total_fee", "0", "PARAM_ERROR"),
        ("total_fee", "1.00", "PARAM_ERROR"),
        ("total_fee", "+1", "PARAM_ERROR"),
        ("trade_type", "MAGIC", "PARAM_ERROR"),
        ("time_expire", "2024-01-01 10:34:56", "PARAM_ERROR"),
        ("spbill_create_ip", "300.1.1.1", "PARAM_ERROR"),
        ("notify_url", "http://127.0.0.1/notify?a=1", "PARAM_ERROR"),
        ("scene_info", "{", "PARAM_ERROR"),
        ("product_id", "", "LACK_PARAMS"),
    ] {
        let mut order = native("one");
        order.retain(|(known, _)| *known != name);
        order.push((name, text));
        let reply = merchant.call(ORDER, &order).err(code);
        let said = reply.get("err_code_des");
        assert!(said.contains(name), "{name}: {said}");
    }
    merchant.call(QUERY, &[]).err("LACK_PARAMS");
    merchant
        .call(QUERY, &[("out_trade_no", "one")])
        .err("ORDERNOTEXIST");
}

/// A refund over TLS.
fn secure(merchant: &Merchant, certificate: Option<ClientCertificate>) -> Request<Bytes> {
    let fields = merchant.signed(&[
        ("out_trade_no", "one"),
        ("out_refund_no", "back"),
        ("total_fee", "888"),
        ("refund_fee", "888"),
    ]);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("https://127.0.0.1:9471/secapi/pay/refund")
        .body(Bytes::from(xml(&fields)))
        .unwrap();
    if let Some(certificate) = certificate {
        request.extensions_mut().insert(certificate);
    }
    request
}

fn der(pem: &str) -> Vec<u8> {
    use rustls_pki_types::pem::PemObject as _;
    rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes())
        .unwrap()
        .to_vec()
}

#[test]
fn money_goes_back_to_those_with_the_certificate() {
    let mut merchant = Merchant::new();
    merchant.order("one");
    merchant.pay("one");

    let request = secure(&merchant, None);
    let response = merchant.send(request);
    assert_eq!(response.status(), 400);
    assert!(
        String::from_utf8_lossy(response.body())
            .contains("400 No required SSL certificate was sent")
    );
    assert!(problem(&mut merchant).contains("no client certificate"));

    // One of the same authority, and somebody else's.
    let platform = der(merchant.identity().platform_certificates()[0].certificate_pem());
    let request = secure(&merchant, Some(ClientCertificate::from_der(platform)));
    let response = merchant.send(request);
    assert!(String::from_utf8_lossy(response.body()).contains("证书验证失败"));
    let stranger = Identity::generate(NOW).unwrap();
    let stranger = der(stranger.merchant_certificate_pem());
    let request = secure(&merchant, Some(ClientCertificate::from_der(stranger)));
    assert!(String::from_utf8_lossy(merchant.send(request).body()).contains("证书验证失败"));
    assert_eq!(merchant.seen("one")["refunds"].as_array().unwrap().len(), 0);

    let own = der(merchant.identity().merchant_certificate_pem());
    let request = secure(&merchant, Some(ClientCertificate::from_der(own)));
    let response = merchant.send(request);
    assert!(String::from_utf8_lossy(response.body()).contains("refund_id"));
    assert_eq!(merchant.last_entry()["remarks"], serde_json::json!([]));

    // Over plain HTTP nobody can show one.
    let again = [
        ("out_trade_no", "one"),
        ("out_refund_no", "back"),
        ("total_fee", "888"),
        ("refund_fee", "888"),
    ];
    merchant.call("/secapi/pay/refund", &again).ok();
    let remark = merchant.last_entry()["remarks"][0]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(remark.contains("certificate"), "{remark}");
}
