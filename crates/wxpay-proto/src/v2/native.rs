//! Native payment, mode 1 (扫码模式一): a code that names a product, and the question that follows a scan.

use std::fmt;

use bytes::Bytes;
use percent_encoding::utf8_percent_encode;
use wxpay_json::Sensitive;
use wxpay_sign::{Nonce, SignType, Timestamp};

use super::merchant::Keys;
use super::notification::{self, NotificationError};
use super::parameters::Parameters;
use super::reply;
use super::request::PrepareError;
use super::words::YesNo;
use crate::target::RESERVED;

/// A payer has scanned the code of a product. It was verified.
///
/// It can be had only from [`Merchant::open_native_callback`](super::Merchant::open_native_callback).
#[derive(Clone)]
pub struct NativeCallback {
    parameters: Parameters,
}

impl NativeCallback {
    /// The app of the code.
    #[must_use]
    pub fn appid(&self) -> &str {
        self.parameters.get("appid").unwrap_or_default()
    }

    /// The product of the code.
    #[must_use]
    pub fn product_id(&self) -> &str {
        self.parameters.get("product_id").unwrap_or_default()
    }

    /// Who scanned it, under [`appid`](Self::appid).
    #[must_use]
    pub fn openid(&self) -> Option<&str> {
        self.parameters.get("openid")
    }

    /// Whether the payer follows the official account.
    #[must_use]
    pub fn is_subscribe(&self) -> Option<YesNo> {
        self.parameters.get("is_subscribe").map(YesNo::from)
    }

    /// Any field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }
}

impl fmt::Debug for NativeCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeCallback")
            .field("appid", &self.appid())
            .field("product_id", &self.product_id())
            .field("openid", &self.openid().map(Sensitive::new))
            .finish_non_exhaustive()
    }
}

pub(crate) fn open(keys: &Keys, body: &[u8]) -> Result<NativeCallback, NotificationError> {
    let parameters = notification::document(body, "xml")?;
    notification::authenticate(keys, &parameters)?;
    for field in ["appid", "product_id"] {
        if parameters.get(field).is_none() {
            return Err(NotificationError::Missing(field));
        }
    }
    Ok(NativeCallback { parameters })
}

/// The interface has no `sign_type`, so it is MD5 everywhere.
pub(crate) fn url(
    keys: &Keys,
    appid: &str,
    product_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> String {
    let time_stamp = at.to_string();
    let (mch_id, nonce) = (keys.mch_id(), nonce.as_str());
    let sign = keys.api_key().sign(
        SignType::Md5,
        [
            ("appid", appid),
            ("mch_id", mch_id),
            ("nonce_str", nonce),
            ("product_id", product_id),
            ("time_stamp", &time_stamp),
        ],
    );
    let encoded = |text| utf8_percent_encode(text, RESERVED);
    format!(
        "weixin://wxpay/bizpayurl?sign={sign}&appid={}&mch_id={mch_id}&product_id={}&time_stamp={time_stamp}\
         &nonce_str={}",
        encoded(appid),
        encoded(product_id),
        encoded(nonce)
    )
}

pub(crate) fn reply(
    keys: &Keys,
    appid: &str,
    prepay_id: &str,
    nonce: &Nonce,
) -> Result<http::Response<Bytes>, PrepareError> {
    let outcome = [("prepay_id", prepay_id), ("result_code", "SUCCESS")];
    signed(keys, appid, nonce, &outcome)
}

pub(crate) fn refusal(
    keys: &Keys,
    appid: &str,
    message: &str,
    nonce: &Nonce,
) -> Result<http::Response<Bytes>, PrepareError> {
    let outcome = [("err_code_des", message), ("result_code", "FAIL")];
    signed(keys, appid, nonce, &outcome)
}

fn signed(
    keys: &Keys,
    appid: &str,
    nonce: &Nonce,
    outcome: &[(&str, &str)],
) -> Result<http::Response<Bytes>, PrepareError> {
    let mut fields = vec![
        ("return_code", "SUCCESS"),
        ("appid", appid),
        ("mch_id", keys.mch_id()),
        ("nonce_str", nonce.as_str()),
    ];
    fields.extend(outcome.iter().filter(|(_, text)| !text.is_empty()));
    let sign = keys.api_key().sign(SignType::Md5, fields.iter().copied());
    fields.push(("sign", &sign));
    let xml = wxpay_xml::write("xml", fields.as_slice()).map_err(PrepareError::Xml)?;
    Ok(reply::xml(xml))
}
