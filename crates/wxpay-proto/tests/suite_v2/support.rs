//! A merchant, some operations, and a WeChat Pay that signs whatever a test wants.

mod operations;
mod vectors;

pub(crate) use operations::{
    Bill, Coupon, HbInfo, Order, OrderQuery, PayBank, Prepaid, Receiver, RefundQuery, Sharing,
    Token, Upload, WorkWechat,
};
pub(crate) use vectors::{Case, cases};

use wxpay_proto::bytes::Bytes;
use wxpay_proto::v2::{ApiV2Key, Merchant, SignType};
use wxpay_proto::{Nonce, http};

/// Published as a sample.
pub(crate) const API_KEY: &str = "192006250b4c09247ec02edce69f6a2d";
pub(crate) const MCH_ID: &str = "10000100";
pub(crate) const APPID: &str = "wx2421b1c4370ec43b";
pub(crate) const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";

pub(crate) fn nonce() -> Nonce {
    Nonce::new(NONCE).unwrap()
}

pub(crate) fn key() -> ApiV2Key {
    ApiV2Key::new(API_KEY).unwrap()
}

pub(crate) fn merchant() -> Merchant {
    merchant_of(MCH_ID, "MD5")
}

pub(crate) fn merchant_of(mch_id: &str, sign_type: &str) -> Merchant {
    let merchant = Merchant::new(mch_id, key()).unwrap();
    merchant.with_sign_type(sign_type_of(sign_type))
}

pub(crate) fn sign_type_of(text: &str) -> SignType {
    match text {
        "MD5" => SignType::Md5,
        "HMAC-SHA256" => SignType::HmacSha256,
        other => panic!("{other} is no sign type"),
    }
}

pub(crate) fn ok(body: impl Into<Bytes>) -> http::Response<Bytes> {
    http::Response::new(body.into())
}

/// The fields of a good answer, without a signature.
pub(crate) fn good<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("mch_id", MCH_ID),
        ("result_code", "SUCCESS"),
    ];
    all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    all.extend_from_slice(fields);
    all
}

/// The document of these fields, signed.
pub(crate) fn signed(fields: &[(&str, &str)], sign_type: SignType) -> String {
    let sign = key().sign(sign_type, fields.iter().copied());
    let mut fields = fields.to_vec();
    fields.push(("sign", &sign));
    document(&fields)
}

pub(crate) fn document(fields: &[(&str, &str)]) -> String {
    let mut text = String::from("<xml>");
    for (name, value) in fields {
        let value = value.replace("]]>", "]]]]><![CDATA[>");
        text.push_str(&format!("<{name}><![CDATA[{value}]]></{name}>\n"));
    }
    text + "</xml>"
}
