//! Parameters for WeChat's own clients: signed by the merchant, handed to the page, the app or the printer.

use serde::Serialize;
use wxpay_json::InvalidField;
use wxpay_json::check::{self, Alphabet};
use wxpay_sign::{Nonce, Timestamp};

use super::charset::{Charset, Escapes};
use super::merchant::Merchant;
use super::package::Package;
use super::secret::AccessToken;
use crate::invocation::{AppParameters, JsapiParameters};

impl Merchant {
    /// The address behind the QR code of a product (原生支付URL): scanned, it makes WeChat ask the merchant for the
    /// package of `product_id`.
    ///
    /// # Errors
    ///
    /// Where the product's id is not 1 to 32 letters, digits, `-` and `_`.
    pub fn native_url(
        &self,
        product_id: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> Result<String, InvalidField> {
        check::text("productid", product_id, 1, 32)?;
        check::alphabet("productid", product_id, Alphabet::Identifier)?;
        let seconds = at.to_string();
        let sign = self.pay_sign_key().sign([
            ("appid", self.appid()),
            ("noncestr", nonce.as_str()),
            ("productid", product_id),
            ("timestamp", &seconds),
        ]);
        let mut url = format!(
            "weixin://wxpay/bizpayurl?sign={sign}&appid={}&productid={product_id}&timestamp={seconds}&noncestr=",
            self.appid()
        );
        Charset::escape(nonce.as_str().as_bytes(), Escapes::Upper, &mut url);
        Ok(url)
    }

    /// The argument of `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` (公众号支付); its `signType` is `SHA1`.
    #[must_use]
    pub fn jsapi_parameters(
        &self,
        package: &Package,
        at: Timestamp,
        nonce: &Nonce,
    ) -> JsapiParameters {
        let time_stamp = at.to_string();
        let pay_sign = self.pay_sign_key().sign([
            ("appid", self.appid()),
            ("noncestr", nonce.as_str()),
            ("package", package.as_str()),
            ("timestamp", &time_stamp),
        ]);
        JsapiParameters {
            app_id: self.appid().to_owned(),
            time_stamp,
            nonce_str: nonce.to_string(),
            package: package.as_str().to_owned(),
            sign_type: "SHA1",
            pay_sign,
        }
    }

    /// The fields of `PayReq` (APP支付): the second signature, with the `prepayid` that `genprepay` gave.
    #[must_use]
    pub fn app_parameters(&self, prepay_id: &str, at: Timestamp, nonce: &Nonce) -> AppParameters {
        let package_value = "Sign=WXPay";
        let time_stamp = at.to_string();
        let sign = self.pay_sign_key().sign([
            ("appid", self.appid()),
            ("noncestr", nonce.as_str()),
            ("package", package_value),
            ("partnerid", self.partner_id()),
            ("prepayid", prepay_id),
            ("timestamp", &time_stamp),
        ]);
        AppParameters {
            app_id: self.appid().to_owned(),
            partner_id: self.partner_id().to_owned(),
            prepay_id: prepay_id.to_owned(),
            package_value,
            nonce_str: nonce.to_string(),
            time_stamp,
            sign,
        }
    }

    /// The argument of `WeixinJSBridge.invoke('editAddress', …)` (共享收货地址).
    ///
    /// `user_token` is the payer's own access token from web authorisation (网页授权), not that of the account.
    /// `url` is the page that calls, query included; from a `#` on it is left out, as WeChat does.
    #[must_use]
    pub fn address_parameters(
        &self,
        user_token: &AccessToken,
        url: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> AddressParameters {
        let time_stamp = at.to_string();
        let addr_sign = wxpay_sign::address_sign([
            ("accesstoken", user_token.expose()),
            ("appid", self.appid()),
            ("noncestr", nonce.as_str()),
            ("timestamp", &time_stamp),
            ("url", url.split('#').next().unwrap_or_default()),
        ]);
        AddressParameters {
            app_id: self.appid().to_owned(),
            scope: "jsapi_address",
            sign_type: "sha1",
            addr_sign,
            time_stamp,
            nonce_str: nonce.to_string(),
        }
    }
}

/// The argument of `WeixinJSBridge.invoke('editAddress', …)` (共享收货地址).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddressParameters {
    /// The official account that the page belongs to.
    pub app_id: String,
    /// `jsapi_address`
    pub scope: &'static str,
    /// `sha1`
    pub sign_type: &'static str,
    /// The signature.
    pub addr_sign: String,
    /// Seconds, as text.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
}
