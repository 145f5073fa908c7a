//! Merchants with the keys of the vectors, and whoever signs for WeChat.

use std::fs;
use std::path::Path;

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::Response;
use wxpay_proto::v1::{ApiV2Key, Charset, Merchant, PaySignKey};
use wxpay_proto::{Nonce, Timestamp, sign::SignType};

pub(crate) const APPID: &str = "wxf8b4f85f3a794e77";
pub(crate) const PARTNER: &str = "1900000109";
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_404_187_200);

pub(crate) fn bytes(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors/v1")
        .join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn text(path: &str) -> String {
    String::from_utf8(bytes(path)).unwrap()
}

pub(crate) fn partner_key() -> ApiV2Key {
    ApiV2Key::new(bytes("keys/TEST-ONLY-partner-key.txt")).unwrap()
}

pub(crate) fn pay_sign_key(number: u8) -> PaySignKey {
    let key = bytes(&format!("keys/TEST-ONLY-pay-sign-key-{number}.txt"));
    PaySignKey::new(key).unwrap()
}

pub(crate) fn merchant() -> Merchant {
    merchant_of(APPID, 1)
}

pub(crate) fn merchant_of(appid: &str, key: u8) -> Merchant {
    Merchant::new(appid, PARTNER, partner_key(), pay_sign_key(key)).unwrap()
}

pub(crate) fn nonce(text: &str) -> Nonce {
    Nonce::new(text).unwrap()
}

/// `<root>` as Tenpay writes it, signed in its charset.
pub(crate) fn tenpay(fields: &[(&str, &str)], charset: Charset) -> Bytes {
    let signed = fields
        .iter()
        .map(|(name, value)| (*name, charset.encode("test", value).unwrap()));
    let sign = partner_key().sign(SignType::Md5, signed);
    let mut fields = fields.to_vec();
    fields.push(("sign", &sign));
    unsigned(&fields, charset)
}

/// The same without a signature of its own.
pub(crate) fn unsigned(fields: &[(&str, &str)], charset: Charset) -> Bytes {
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"{charset}\" ?>\n<root>");
    for (name, value) in fields {
        xml.push_str(&format!("<{name}>{value}</{name}>\n"));
    }
    xml.push_str("</root>");
    charset.encode("test", &xml).unwrap().into_owned().into()
}

pub(crate) fn answer(body: impl Into<Bytes>) -> Response<Bytes> {
    Response::new(body.into())
}

/// A notice's body, signed over the elements named, as WeChat writes it.
pub(crate) fn notice(fields: &[(&str, &str)], signed: &[&str]) -> String {
    let chosen = fields.iter().filter(|(name, _)| signed.contains(name));
    let sign = pay_sign_key(1).sign(chosen.copied());
    let mut xml = "<xml>".to_owned();
    for (name, value) in fields.iter().chain([&("AppSignature", &*sign)]) {
        xml.push_str(&format!("<{name}><![CDATA[{value}]]></{name}>"));
    }
    xml + "<SignMethod>sha1</SignMethod></xml>"
}
