//! X.509 certificates, as far as WeChat Pay needs them.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::asn1;
use crate::backend::Backend;
use crate::error::KeyError;
use crate::pem::{self, Wanted};
use crate::{PublicKey, SerialNumber, Timestamp};

/// An X.509 certificate with an RSA key: the platform's (微信支付平台证书) or the merchant's
/// (商户API证书, `apiclient_cert.pem`).
///
/// Reading one trusts nothing: who issued it, whether it is valid now and where it came from are for the
/// caller to judge. A clone is cheap.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Box<[u8]>,
    serial_number: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: PublicKey,
}

impl Certificate {
    /// Reads the first `-----BEGIN CERTIFICATE-----` block of a PEM text.
    ///
    /// # Errors
    ///
    /// [`KeyError`], which says what was given instead, or that the key inside is of another algorithm or
    /// size.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_pem_with(Backend::default(), text)
    }

    /// Like [`from_pem`](Self::from_pem), with a backend of the caller's choice for the key inside.
    ///
    /// # Errors
    ///
    /// Those of [`from_pem`](Self::from_pem).
    pub fn from_pem_with(backend: Backend, text: &str) -> Result<Self, KeyError> {
        let (_, der) = pem::read(text, Wanted::Certificate)?;
        Self::from_der_with(backend, &der)
    }

    /// Reads a certificate in DER. Nothing may follow it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is something else, or has a key of another algorithm or size.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_der_with(Backend::default(), der)
    }

    /// Like [`from_der`](Self::from_der), with a backend of the caller's choice for the key inside.
    ///
    /// # Errors
    ///
    /// Those of [`from_der`](Self::from_der).
    pub fn from_der_with(backend: Backend, der: &[u8]) -> Result<Self, KeyError> {
        let parts = asn1::certificate(der)?;
        Ok(Self(Arc::new(Inner {
            public_key: PublicKey::from_numbers(backend, parts.public)?,
            der: der.into(),
            serial_number: parts.serial_number,
            not_before: parts.not_before,
            not_after: parts.not_after,
        })))
    }

    /// The serial number, as it stands in `Wechatpay-Serial` or in `serial_no`.
    #[must_use]
    pub fn serial_number(&self) -> &SerialNumber {
        &self.0.serial_number
    }

    /// The first second at which the certificate is valid.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// The last second at which the certificate is valid.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// The key inside.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The certificate in DER, as it was read.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate as PEM: 64 characters a line, line feeds, one at the end.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let base64 = STANDARD.encode(&self.0.der);
        let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 64);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
        text
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial_number", &self.0.serial_number)
            .field("not_before", &self.0.not_before)
            .field("not_after", &self.0.not_after)
            .finish_non_exhaustive()
    }
}
