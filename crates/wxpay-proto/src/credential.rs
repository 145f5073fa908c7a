//! Who signs: the merchant number, the merchant API certificate and its key.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use wxpay_sign::{
    Certificate, CipherError, Decryptor, Nonce, PrivateKey, SerialNumber, Signature, Signer,
    Timestamp,
};

/// A merchant's identity towards WeChat Pay: 商户号 and 商户API证书 with its private key.
///
/// In partner mode (服务商) it is always the provider's.
#[derive(Clone)]
pub struct Credential {
    mchid: Box<str>,
    is_brand: bool,
    serial: SerialNumber,
    signer: Arc<dyn Signer>,
    decryptor: Arc<dyn Decryptor>,
}

impl Credential {
    /// From the parts. `serial` is the serial number of the merchant API certificate, not of a
    /// platform certificate.
    ///
    /// # Errors
    ///
    /// Where `mchid` is not 6 to 32 digits.
    pub fn new(
        mchid: impl Into<String>,
        serial: SerialNumber,
        key: PrivateKey,
    ) -> Result<Self, ConfigError> {
        let key = Arc::new(key);
        Ok(Self {
            mchid: checked(mchid.into())?,
            is_brand: false,
            serial,
            signer: key.clone(),
            decryptor: key,
        })
    }

    /// From the certificate (`apiclient_cert.pem`) and the key (`apiclient_key.pem`), which must belong
    /// together. This finds the mistake that otherwise shows as `SIGN_ERROR`: an old key beside a new
    /// certificate.
    ///
    /// # Errors
    ///
    /// Where they do not, or `mchid` is not 6 to 32 digits.
    pub fn from_certificate(
        mchid: impl Into<String>,
        certificate: &Certificate,
        key: PrivateKey,
    ) -> Result<Self, ConfigError> {
        if key.public_key() != *certificate.public_key() {
            return Err(ConfigError::KeyMismatch);
        }
        Self::new(mchid, certificate.serial_number().clone(), key)
    }

    /// With a signer of your own: an HSM, a KMS. For one that can only be reached asynchronously, take
    /// the message from [`Merchant::unsigned`](crate::Merchant::unsigned) and attach the signature.
    ///
    /// # Errors
    ///
    /// Where `mchid` is not 6 to 32 digits.
    pub fn with_signer(
        mchid: impl Into<String>,
        serial: SerialNumber,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            mchid: checked(mchid.into())?,
            is_brand: false,
            serial,
            signer,
            decryptor: Arc::new(NoDecryptor),
        })
    }

    /// Who decrypts sensitive fields of answers and notifications, where it is not the private key given to
    /// [`new`](Self::new).
    #[must_use]
    pub fn with_decryptor(mut self, decryptor: Arc<dyn Decryptor>) -> Self {
        self.decryptor = decryptor;
        self
    }

    /// The merchant number (商户号).
    #[must_use]
    pub fn mchid(&self) -> &str {
        &self.mchid
    }

    /// The serial number of the merchant API certificate.
    #[must_use]
    pub const fn serial_number(&self) -> &SerialNumber {
        &self.serial
    }

    /// Who signs.
    #[must_use]
    pub fn signer(&self) -> &dyn Signer {
        &*self.signer
    }

    /// Who decrypts.
    #[must_use]
    pub fn decryptor(&self) -> &dyn Decryptor {
        &*self.decryptor
    }

    /// The value of `Authorization`.
    pub(crate) fn authorization(
        &self,
        nonce: &Nonce,
        at: Timestamp,
        signature: &Signature,
    ) -> String {
        let algorithm = self.signer.algorithm();
        let authorization =
            wxpay_sign::authorization(algorithm, &self.mchid, nonce, at, &self.serial, signature);
        if !self.is_brand {
            return authorization;
        }
        // The scheme of a brand differs in its first word and in the name of the number.
        let scheme = algorithm.auth_scheme();
        let rest = authorization.strip_prefix(scheme).unwrap_or_default();
        let rest = rest.strip_prefix(" mchid=").unwrap_or_default();
        let scheme = scheme.replacen("WECHATPAY2-", "WECHATPAY-BRAND-", 1);
        format!("{scheme} brand_id={rest}")
    }

    pub(crate) const fn shared_decryptor(&self) -> &Arc<dyn Decryptor> {
        &self.decryptor
    }
}

/// A brand's identity (品牌) towards WeChat Pay, for operations below `/brand/`: they are signed with the
/// brand's own API certificate, and the header says `brand_id` where that of a merchant says `mchid`.
#[derive(Clone)]
pub struct BrandCredential(Credential);

impl BrandCredential {
    /// From the brand's number (品牌ID), the serial number of the brand's API certificate and its key.
    ///
    /// # Errors
    ///
    /// Where `brand_id` is not 1 to 32 digits.
    pub fn new(
        brand_id: impl Into<String>,
        serial: SerialNumber,
        key: PrivateKey,
    ) -> Result<Self, ConfigError> {
        let key = Arc::new(key);
        Ok(Self(Credential {
            mchid: checked_brand(brand_id.into())?,
            is_brand: true,
            serial,
            signer: key.clone(),
            decryptor: key,
        }))
    }

    /// With a signer of your own: an HSM, a KMS.
    ///
    /// # Errors
    ///
    /// Where `brand_id` is not 1 to 32 digits.
    pub fn with_signer(
        brand_id: impl Into<String>,
        serial: SerialNumber,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, ConfigError> {
        Ok(Self(Credential {
            mchid: checked_brand(brand_id.into())?,
            is_brand: true,
            serial,
            signer,
            decryptor: Arc::new(NoDecryptor),
        }))
    }

    /// Who decrypts sensitive fields of answers, where it is not the private key given to
    /// [`new`](Self::new).
    #[must_use]
    pub fn with_decryptor(self, decryptor: Arc<dyn Decryptor>) -> Self {
        Self(self.0.with_decryptor(decryptor))
    }

    /// The brand's number (品牌ID).
    #[must_use]
    pub fn brand_id(&self) -> &str {
        self.0.mchid()
    }

    /// The serial number of the brand's API certificate.
    #[must_use]
    pub const fn serial_number(&self) -> &SerialNumber {
        self.0.serial_number()
    }

    pub(crate) const fn credential(&self) -> &Credential {
        &self.0
    }
}

impl fmt::Debug for BrandCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrandCredential")
            .field("brand_id", &self.0.mchid)
            .field("serial_no", &self.0.serial.as_str())
            .finish_non_exhaustive()
    }
}

/// Whether a request to `target` is a brand's and not a merchant's.
pub(crate) fn is_of_brand(target: &str) -> bool {
    target.starts_with("/brand/")
}

fn checked_brand(brand_id: String) -> Result<Box<str>, ConfigError> {
    let digits = brand_id.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (1..=32).contains(&brand_id.len()) {
        Ok(brand_id.into())
    } else {
        Err(ConfigError::BrandId)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("mchid", &self.mchid)
            .field("serial_no", &self.serial.as_str())
            .finish_non_exhaustive()
    }
}

pub(crate) fn checked(mchid: String) -> Result<Box<str>, ConfigError> {
    if (6..=32).contains(&mchid.len()) && mchid.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(mchid.into())
    } else {
        Err(ConfigError::MerchantId)
    }
}

/// Stands where nobody was named who can decrypt.
#[derive(Debug)]
struct NoDecryptor;

impl Decryptor for NoDecryptor {
    fn decrypt(&self, _: &str) -> Result<String, CipherError> {
        Err(CipherError::decryption(
            "the credential has no decryptor: give it one with `Credential::with_decryptor`",
        ))
    }
}

/// What cannot be a merchant's configuration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// `mchid` is not 6 to 32 digits.
    MerchantId,
    /// `brand_id` is not 1 to 32 digits.
    BrandId,
    /// Private key and certificate are not of one pair.
    KeyMismatch,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MerchantId => "mchid: a merchant number has 6 to 32 digits and nothing else",
            Self::BrandId => "brand_id: a brand's number has 1 to 32 digits and nothing else",
            Self::KeyMismatch => {
                "the private key does not belong to the merchant certificate: take apiclient_key.pem and \
                 apiclient_cert.pem of the same application"
            }
        })
    }
}

impl Error for ConfigError {}
