//! Parameters for WeChat's own clients (调起支付): signed by the merchant, handed to the page or the app.

use std::error::Error;
use std::fmt;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use wxpay_sign::{Nonce, SignError, Signer, Timestamp, app_message, jsapi_message};

use crate::target::RESERVED;

/// The argument of `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` (JSAPI调起支付).
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012791857>.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JsapiParameters {
    /// The official account that the page belongs to.
    pub app_id: String,
    /// Seconds, as text: a number is refused by the client.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// `prepay_id=…`
    pub package: String,
    /// `RSA`
    pub sign_type: &'static str,
    /// The signature.
    pub pay_sign: String,
}

/// The argument of `wx.requestPayment` (小程序调起支付): as for JSAPI, without the app id.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012791898>.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MiniProgramParameters {
    /// Seconds, as text.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// `prepay_id=…`
    pub package: String,
    /// `RSA`
    pub sign_type: &'static str,
    /// The signature.
    pub pay_sign: String,
}

/// The fields of `PayReq` (APP调起支付). On iOS `packageValue` is called `package`.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4013070351>.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AppParameters {
    /// The app.
    pub app_id: String,
    /// The merchant number that the app names.
    pub partner_id: String,
    /// The number from the order, without `prepay_id=`.
    pub prepay_id: String,
    /// `Sign=WXPay`
    pub package_value: &'static str,
    /// The nonce.
    pub nonce_str: String,
    /// Seconds, as text.
    pub time_stamp: String,
    /// The signature.
    pub sign: String,
}

pub(crate) fn jsapi(
    signer: &dyn Signer,
    appid: &str,
    prepay_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> Result<JsapiParameters, SignError> {
    let package = format!("prepay_id={prepay_id}");
    let signature = signer.sign(&jsapi_message(appid, at, nonce, &package))?;
    Ok(JsapiParameters {
        app_id: appid.to_owned(),
        time_stamp: at.to_string(),
        nonce_str: nonce.to_string(),
        package,
        sign_type: "RSA",
        pay_sign: signature.to_base64(),
    })
}

pub(crate) fn mini_program(
    signer: &dyn Signer,
    appid: &str,
    prepay_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> Result<MiniProgramParameters, SignError> {
    let parameters = jsapi(signer, appid, prepay_id, at, nonce)?;
    Ok(MiniProgramParameters {
        time_stamp: parameters.time_stamp,
        nonce_str: parameters.nonce_str,
        package: parameters.package,
        sign_type: parameters.sign_type,
        pay_sign: parameters.pay_sign,
    })
}

pub(crate) fn app(
    signer: &dyn Signer,
    appid: &str,
    partner_id: &str,
    prepay_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> Result<AppParameters, SignError> {
    let signature = signer.sign(&app_message(appid, at, nonce, prepay_id))?;
    Ok(AppParameters {
        app_id: appid.to_owned(),
        partner_id: partner_id.to_owned(),
        prepay_id: prepay_id.to_owned(),
        package_value: "Sign=WXPay",
        nonce_str: nonce.to_string(),
        time_stamp: at.to_string(),
        sign: signature.to_base64(),
    })
}

/// Adds the page to return to (`redirect_url`) to an `h5_url`. The page must be on a domain registered
/// for H5 payment.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012791832>.
///
/// ```
/// let url = wxpay_proto::h5_url("https://wx.tenpay.com/checkmweb?prepay_id=1", "https://shop.example/done?o=1")?;
/// assert_eq!(
///     url,
///     "https://wx.tenpay.com/checkmweb?prepay_id=1&redirect_url=https%3A%2F%2Fshop.example%2Fdone%3Fo%3D1"
/// );
/// # Ok::<(), wxpay_proto::H5UrlError>(())
/// ```
///
/// # Errors
///
/// Where one of the two is no absolute `http` or `https` address, or `h5_url` has a `redirect_url`
/// already.
pub fn h5_url(h5_url: &str, redirect_url: &str) -> Result<String, H5UrlError> {
    let absolute = |url: &str| {
        let uri: Option<http::Uri> = url.parse().ok();
        uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
        })
    };
    if !absolute(h5_url) {
        return Err(H5UrlError("h5_url: not an absolute http or https address"));
    }
    if h5_url.contains("redirect_url=") {
        return Err(H5UrlError("h5_url: has a redirect_url already"));
    }
    if h5_url.contains('#') {
        return Err(H5UrlError(
            "h5_url: nothing can be added behind a fragment (#)",
        ));
    }
    if !absolute(redirect_url) {
        return Err(H5UrlError(
            "redirect_url: not an absolute http or https address",
        ));
    }
    let joint = match h5_url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    let page = utf8_percent_encode(redirect_url, RESERVED);
    Ok(format!("{h5_url}{joint}redirect_url={page}"))
}

/// Why a page to return to could not be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct H5UrlError(&'static str);

impl fmt::Display for H5UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for H5UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_added_with_or_without_a_query() {
        let page = "https://a.example/";
        let encoded = "redirect_url=https%3A%2F%2Fa.example%2F";
        assert_eq!(
            h5_url("https://x/y", page),
            Ok(format!("https://x/y?{encoded}"))
        );
        assert_eq!(
            h5_url("https://x/y?", page),
            Ok(format!("https://x/y?{encoded}"))
        );
        assert_eq!(
            h5_url("https://x/y?a=1", page),
            Ok(format!("https://x/y?a=1&{encoded}"))
        );
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        assert!(h5_url("checkmweb?a=1", "https://a.example").is_err());
        assert!(h5_url("https://x/?redirect_url=a", "https://a.example").is_err());
        assert!(h5_url("https://x/#a", "https://a.example").is_err());
        assert!(h5_url("https://x/", "javascript:alert(1)").is_err());
        assert!(h5_url("https://x/", "/done").is_err());
    }
}
