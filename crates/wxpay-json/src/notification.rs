//! What every notification (回调通知) is wrapped in.

use serde::{Deserialize, Serialize};

use crate::DateTime;

/// The body of a notification, before its resource is opened.
///
/// What the notification is about stands encrypted in [`resource`](Self::resource); everything
/// else is only as trustworthy as the signature over the raw bytes, which is verified before.
/// Source: <https://pay.weixin.qq.com/doc/v3/merchant/4012071382>.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NotificationEnvelope {
    /// Identifies the notification (通知ID); the same when it is sent again.
    pub id: String,
    /// When it was made (通知创建时间).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_time: Option<DateTime>,
    /// What happened (通知类型): `TRANSACTION.SUCCESS`, `REFUND.SUCCESS`, and others over time.
    pub event_type: String,
    /// `encrypt-resource` (通知数据类型); empty where it was not sent.
    #[serde(default)]
    pub resource_type: String,
    /// The encrypted part (通知数据).
    pub resource: EncryptedResource,
    /// A line for people (回调摘要).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

impl NotificationEnvelope {
    /// An envelope with `resource_type` `encrypt-resource`, without time and summary.
    pub fn new(
        id: impl Into<String>,
        event_type: impl Into<String>,
        resource: EncryptedResource,
    ) -> Self {
        Self {
            id: id.into(),
            create_time: None,
            event_type: event_type.into(),
            resource_type: "encrypt-resource".to_owned(),
            resource,
            summary: None,
        }
    }
}

/// Something encrypted with the API v3 key (APIv3密钥).
///
/// Found in notifications and in the list of platform certificates.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EncryptedResource {
    /// The cipher (加密算法类型): `AEAD_AES_256_GCM`.
    pub algorithm: String,
    /// What is inside (原始回调类型), such as `transaction` or `refund`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_type: Option<String>,
    /// Base64 of the encrypted bytes followed by the 16 bytes of the tag (数据密文).
    pub ciphertext: String,
    /// Authenticated along with the text (附加数据); absent means empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associated_data: Option<String>,
    /// The 12 bytes of the nonce (随机串), as text.
    pub nonce: String,
}

impl EncryptedResource {
    /// A resource encrypted with `AEAD_AES_256_GCM`, without `original_type` and associated data.
    pub fn new(nonce: impl Into<String>, ciphertext: impl Into<String>) -> Self {
        Self {
            algorithm: "AEAD_AES_256_GCM".to_owned(),
            original_type: None,
            ciphertext: ciphertext.into(),
            associated_data: None,
            nonce: nonce.into(),
        }
    }
}
