use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{HomeError, MERCHANT_FILE, files};
use crate::identity::{Identity, Names, Secret, write_secret};

/// `merchant.json`: what a merchant knows about itself and where its WeChat Pay is.
///
/// The sandbox writes it; programs read it with [`MerchantFile::read`]. A folder made by hand for
/// a real merchant may leave out what API v3 does without: those fields are then empty.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MerchantFile {
    /// The app id (应用ID).
    pub appid: String,
    /// The merchant number (商户号).
    pub mchid: String,
    /// The serial number of the merchant certificate (商户API证书序列号), 40 hexadecimal digits.
    pub serial_no: String,
    /// The API v3 key (APIv3密钥), 32 bytes.
    #[serde(serialize_with = "write_secret")]
    pub apiv3_key: Secret,
    /// The API v2 key (API密钥), 32 characters.
    #[serde(default, serialize_with = "write_secret")]
    pub api_key: Secret,
    /// The id of the WeChat Pay public key (微信支付公钥ID) in `pub_key.pem`.
    #[serde(default)]
    pub public_key_id: String,
    /// The sub-merchant's app id, for partner mode.
    #[serde(default)]
    pub sub_appid: String,
    /// The sub-merchant's number (特约商户号), for partner mode.
    #[serde(default)]
    pub sub_mchid: String,
    /// A payer's id under `appid`.
    #[serde(default)]
    pub openid: String,
    /// The app secret of v1.
    #[serde(default, serialize_with = "write_secret")]
    pub app_secret: Secret,
    /// The Tenpay merchant number of v1.
    #[serde(default)]
    pub partner_id: String,
    /// The `partnerKey` of v1.
    #[serde(default, serialize_with = "write_secret")]
    pub partner_key: Secret,
    /// The `paySignKey` of v1.
    #[serde(default, serialize_with = "write_secret")]
    pub pay_sign_key: Secret,
    /// Where the sandbox listens, such as `http://127.0.0.1:9470`.
    #[serde(default)]
    pub base_url: String,
    /// Where it listens for HTTPS, such as `https://127.0.0.1:9471`; `None` if it does not.
    #[serde(default)]
    pub tls_base_url: Option<String>,
}

impl MerchantFile {
    /// Reads `merchant.json` in the folder.
    ///
    /// # Errors
    /// When the file cannot be read, is not JSON, or lacks `appid`, `mchid`, `serial_no` or
    /// `apiv3_key`.
    pub fn read(dir: impl AsRef<Path>) -> Result<Self, HomeError> {
        let path = dir.as_ref().join(MERCHANT_FILE);
        let text = files::read(&path)?;
        serde_json::from_str(&text)
            .map_err(|error| HomeError::not_valid("a merchant file", &path, error))
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), HomeError> {
        let path = dir.join(MERCHANT_FILE);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| HomeError::not_valid("a merchant file", &path, error))?;
        text.push('\n');
        // It holds the API keys.
        files::write_private(&path, text.as_bytes())
    }

    pub(super) fn of(identity: &Identity) -> Self {
        let names = identity.names().clone();
        Self {
            appid: names.appid,
            mchid: names.mchid,
            serial_no: identity.merchant_certificate().serial_number().to_string(),
            apiv3_key: names.apiv3_key,
            api_key: names.api_key,
            public_key_id: names.public_key_id,
            sub_appid: names.sub_appid,
            sub_mchid: names.sub_mchid,
            openid: names.openid,
            app_secret: names.app_secret,
            partner_id: names.partner_id,
            partner_key: names.partner_key,
            pay_sign_key: names.pay_sign_key,
            base_url: String::new(),
            tls_base_url: None,
        }
    }

    pub(super) fn into_names(self) -> Names {
        Names {
            appid: self.appid,
            mchid: self.mchid,
            apiv3_key: self.apiv3_key,
            api_key: self.api_key,
            public_key_id: self.public_key_id,
            sub_appid: self.sub_appid,
            sub_mchid: self.sub_mchid,
            openid: self.openid,
            app_secret: self.app_secret,
            partner_id: self.partner_id,
            partner_key: self.partner_key,
            pay_sign_key: self.pay_sign_key,
        }
    }
}
