//! The two kinds of platform key.

use std::fmt;
use std::sync::Arc;

use wxpay_sign::{Certificate, KeyError, PlatformKeyId, PublicKey, PublicKeyId, Timestamp};

/// A trusted key of WeChat Pay's, of either kind. Cheap to clone.
#[derive(Clone)]
pub struct PlatformKey(Arc<Inner>);

struct Inner {
    id: PlatformKeyId,
    key: PublicKey,
    /// From (inclusive) and until (exclusive); public keys have no end.
    validity: Option<(Timestamp, Timestamp)>,
}

impl PlatformKey {
    /// The id, as it stands in `Wechatpay-Serial`.
    #[must_use]
    pub fn id(&self) -> &PlatformKeyId {
        &self.0.id
    }

    /// The key: verifies answers, encrypts sensitive fields.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// From when it may be used; always for a public key.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        self.0.validity.map(|(from, _)| from)
    }

    /// Until when it may be used; for ever for a public key.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        self.0.validity.map(|(_, until)| until)
    }

    /// Whether it may be used now.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.0
            .validity
            .is_none_or(|(from, until)| from <= now && now < until)
    }

    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        self.0.validity.is_some_and(|(_, until)| until <= now)
    }
}

impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlatformKey({})", self.0.id)
    }
}

/// A platform certificate (微信支付平台证书).
#[derive(Clone, Debug)]
pub struct PlatformCertificate {
    certificate: Certificate,
    expires: Timestamp,
}

impl PlatformCertificate {
    /// A certificate that is trusted already.
    #[must_use]
    pub fn new(certificate: Certificate) -> Self {
        let expires = certificate.not_after();
        Self {
            certificate,
            expires,
        }
    }

    /// Ends its use earlier than the certificate says: the list of certificates announces a planned
    /// change this way.
    #[must_use]
    pub fn expires(mut self, at: Timestamp) -> Self {
        self.expires = self.expires.min(at);
        self
    }

    pub(crate) fn into_key(self) -> PlatformKey {
        PlatformKey(Arc::new(Inner {
            id: self.certificate.serial_number().clone().into(),
            key: self.certificate.public_key().clone(),
            validity: Some((self.certificate.not_before(), self.expires)),
        }))
    }
}

/// A WeChat Pay public key (微信支付公钥) with its id.
#[derive(Clone, Debug)]
pub struct PlatformPublicKey {
    id: PublicKeyId,
    key: PublicKey,
}

impl PlatformPublicKey {
    /// Id and key, both from the merchant portal.
    #[must_use]
    pub const fn new(id: PublicKeyId, key: PublicKey) -> Self {
        Self { id, key }
    }

    /// From the id (`PUB_KEY_ID_…`) and the file `pub_key.pem`.
    ///
    /// # Errors
    ///
    /// Where the id lacks its prefix, or the text is no public key in PEM.
    pub fn from_pem(id: &str, pem: &str) -> Result<Self, PlatformKeyError> {
        let id = PublicKeyId::parse(id).map_err(PlatformKeyError::Id)?;
        let key = PublicKey::from_pem(pem).map_err(PlatformKeyError::Key)?;
        Ok(Self::new(id, key))
    }

    pub(super) fn into_key(self) -> PlatformKey {
        PlatformKey(Arc::new(Inner {
            id: self.id.into(),
            key: self.key,
            validity: None,
        }))
    }
}

/// Why a WeChat Pay public key was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlatformKeyError {
    /// The id has another form.
    Id(wxpay_sign::IdentifierError),
    /// The key cannot be read.
    Key(KeyError),
}

impl fmt::Display for PlatformKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id(_) => "the id of the WeChat Pay public key is not taken",
            Self::Key(_) => "the WeChat Pay public key is not taken",
        })
    }
}

impl std::error::Error for PlatformKeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Id(source) => Some(source),
            Self::Key(source) => Some(source),
        }
    }
}
