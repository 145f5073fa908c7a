//! The list of platform certificates (微信支付平台证书).

use serde::{Deserialize, Serialize};

use crate::{DateTime, EncryptedResource};

/// The answer of `GET /v3/certificates`.
///
/// Source: <https://pay.weixin.qq.com/doc/v3/merchant/4012551764>.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CertificateList {
    /// The certificates that are valid now, several while one takes over from another.
    pub data: Vec<CertificateItem>,
}

impl CertificateList {
    /// A list of `data`.
    #[must_use]
    pub fn new(data: Vec<CertificateItem>) -> Self {
        Self { data }
    }
}

/// One platform certificate, encrypted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CertificateItem {
    /// Serial number (证书序列号), 40 hexadecimal digits.
    pub serial_no: String,
    /// Used from then on (证书启用时间).
    pub effective_time: DateTime,
    /// Used until then (证书弃用时间); may be earlier than the certificate's own end.
    pub expire_time: DateTime,
    /// The PEM text of the certificate, encrypted (证书信息).
    pub encrypt_certificate: EncryptedResource,
}

impl CertificateItem {
    /// One entry of the list.
    pub fn new(
        serial_no: impl Into<String>,
        effective_time: DateTime,
        expire_time: DateTime,
        encrypt_certificate: EncryptedResource,
    ) -> Self {
        Self {
            serial_no: serial_no.into(),
            effective_time,
            expire_time,
            encrypt_certificate,
        }
    }
}
