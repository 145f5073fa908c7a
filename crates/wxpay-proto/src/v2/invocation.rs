//! Parameters for WeChat's own clients (调起支付), signed with the API v2 key.

use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use wxpay_sign::{Nonce, SignType, Timestamp};

use super::merchant::Keys;
use crate::invocation::{AppParameters, JsapiParameters, MiniProgramParameters};
use crate::target::RESERVED;

/// The argument of `wx.sendBizRedPacket` (小程序红包).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RedPacketParameters {
    /// Seconds, as text.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// The package, percent-encoded; what was signed is the package as it came.
    pub package: String,
    /// `MD5`
    pub sign_type: &'static str,
    /// The signature.
    pub pay_sign: String,
}

/// `extraData` of `wx.openBusinessView` (微信支付分).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PayScoreParameters {
    /// The merchant's number.
    pub mch_id: String,
    /// The package of the order.
    pub package: String,
    /// Seconds, as text.
    pub timestamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// `HMAC-SHA256`
    pub sign_type: &'static str,
    /// The signature.
    pub sign: String,
}

pub(crate) fn jsapi(
    keys: &Keys,
    appid: &str,
    prepay_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> JsapiParameters {
    let (package, time_stamp) = (format!("prepay_id={prepay_id}"), at.to_string());
    let sign_type = keys.sign_type();
    let sign = keys.api_key().sign(
        sign_type,
        [
            ("appId", appid),
            ("nonceStr", nonce.as_str()),
            ("package", &package),
            ("signType", sign_type.as_str()),
            ("timeStamp", &time_stamp),
        ],
    );
    JsapiParameters {
        app_id: appid.to_owned(),
        time_stamp,
        nonce_str: nonce.to_string(),
        package,
        sign_type: sign_type.as_str(),
        pay_sign: sign,
    }
}

pub(crate) fn mini_program(
    keys: &Keys,
    appid: &str,
    prepay_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> MiniProgramParameters {
    let parameters = jsapi(keys, appid, prepay_id, at, nonce);
    MiniProgramParameters {
        time_stamp: parameters.time_stamp,
        nonce_str: parameters.nonce_str,
        package: parameters.package,
        sign_type: parameters.sign_type,
        pay_sign: parameters.pay_sign,
    }
}

pub(crate) fn app(
    keys: &Keys,
    appid: &str,
    partner_id: &str,
    prepay_id: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> AppParameters {
    let time_stamp = at.to_string();
    let sign = keys.api_key().sign(
        keys.sign_type(),
        [
            ("appid", appid),
            ("noncestr", nonce.as_str()),
            ("package", "Sign=WXPay"),
            ("partnerid", partner_id),
            ("prepayid", prepay_id),
            ("timestamp", &time_stamp),
        ],
    );
    AppParameters {
        app_id: appid.to_owned(),
        partner_id: partner_id.to_owned(),
        prepay_id: prepay_id.to_owned(),
        package_value: "Sign=WXPay",
        nonce_str: nonce.to_string(),
        time_stamp,
        sign,
    }
}

pub(crate) fn red_packet(
    keys: &Keys,
    appid: &str,
    package: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> RedPacketParameters {
    let time_stamp = at.to_string();
    // The interface knows MD5 alone, and signType takes no part.
    let sign = keys.api_key().sign(
        SignType::Md5,
        [
            ("appId", appid),
            ("nonceStr", nonce.as_str()),
            ("package", package),
            ("timeStamp", &time_stamp),
        ],
    );
    RedPacketParameters {
        time_stamp,
        nonce_str: nonce.to_string(),
        package: utf8_percent_encode(package, RESERVED).to_string(),
        sign_type: SignType::Md5.as_str(),
        pay_sign: sign,
    }
}

pub(crate) fn pay_score(
    keys: &Keys,
    package: &str,
    at: Timestamp,
    nonce: &Nonce,
) -> PayScoreParameters {
    let timestamp = at.to_string();
    let sign_type = SignType::HmacSha256;
    let sign = keys.api_key().sign(
        sign_type,
        [
            ("mch_id", keys.mch_id()),
            ("nonce_str", nonce.as_str()),
            ("package", package),
            ("sign_type", sign_type.as_str()),
            ("timestamp", &timestamp),
        ],
    );
    PayScoreParameters {
        mch_id: keys.mch_id().to_owned(),
        package: package.to_owned(),
        timestamp,
        nonce_str: nonce.to_string(),
        sign_type: sign_type.as_str(),
        sign,
    }
}
