//! The native callback: somebody has scanned a product's code and WeChat asks what it costs.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use wxpay_sign::{Nonce, Timestamp};
use wxpay_xml::Limits;

use super::super::merchant::Merchant;
use super::super::package::Package;
use super::{NoticeError, Signed};

/// What WeChat asks when somebody has scanned a product's code (获取订单Package的回调), verified.
///
/// Answer with [`Merchant::native_reply`] or [`Merchant::native_refusal`]. It may be asked again with the same nonce:
/// give the same order then.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NativeCallback {
    /// Who has scanned it.
    pub openid: String,
    /// Whether they follow the official account.
    pub is_subscribe: bool,
    /// The product whose code was scanned.
    pub product_id: String,
    /// When WeChat asked.
    pub timestamp: Timestamp,
    /// WeChat's nonce.
    pub nonce: String,
}

impl NativeCallback {
    pub(crate) fn open(merchant: &Merchant, body: &[u8]) -> Result<Self, NoticeError> {
        let signed = [
            "AppId",
            "IsSubscribe",
            "NonceStr",
            "OpenId",
            "ProductId",
            "TimeStamp",
        ];
        let signed = Signed::open(merchant, body, &signed, Limits::new())?;
        Ok(Self {
            openid: signed.text("OpenId")?,
            is_subscribe: signed.flag("IsSubscribe")?,
            product_id: signed.text("ProductId")?,
            timestamp: signed.seconds("TimeStamp")?,
            nonce: signed.text("NonceStr")?,
        })
    }
}

pub(crate) fn native_reply(
    merchant: &Merchant,
    package: Option<&Package>,
    code: i32,
    message: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> http::Response<Bytes> {
    let package = package.map(Package::as_str).unwrap_or_default();
    let (seconds, code) = (at.to_string(), code.to_string());
    let fields = [
        ("AppId", merchant.appid()),
        ("Package", package),
        ("TimeStamp", &seconds),
        ("NonceStr", nonce.as_str()),
        ("RetCode", &code),
        ("RetErrMsg", message),
    ];
    let signature = merchant.pay_sign_key().sign(fields);
    let [a, b, c, d, e, g] = fields;
    let signed = [
        a,
        b,
        c,
        d,
        e,
        g,
        ("AppSignature", &signature),
        ("SignMethod", "sha1"),
    ];
    // The names are ours, and the texts were checked for what XML does not take.
    let body = wxpay_xml::write("xml", signed).unwrap_or_default();
    let mut response = http::Response::new(Bytes::from(body));
    let xml = HeaderValue::from_static("text/xml; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, xml);
    response
}
