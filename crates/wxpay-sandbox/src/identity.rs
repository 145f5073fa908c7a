//! Who takes part in a sandbox: one merchant, one payer, and WeChat Pay itself, with all their
//! numbers, keys and certificates.

mod authority;
mod error;
mod names;
mod secret;

use std::fmt;

use wxpay_sign::{
    ApiV2Key, ApiV3Key, Certificate, PrivateKey, PublicKey, PublicKeyId, SerialNumber, Timestamp,
};
use zeroize::Zeroizing;

pub(crate) use authority::{Authority, Issued};
pub use error::IdentityError;
pub use secret::Secret;
pub(crate) use secret::write_secret;

/// The numbers and secrets of the merchant and its payer, as text.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) appid: String,
    pub(crate) mchid: String,
    pub(crate) apiv3_key: Secret,
    pub(crate) api_key: Secret,
    pub(crate) public_key_id: String,
    pub(crate) sub_appid: String,
    pub(crate) sub_mchid: String,
    pub(crate) openid: String,
    pub(crate) app_secret: Secret,
    pub(crate) partner_id: String,
    pub(crate) partner_key: Secret,
    pub(crate) pay_sign_key: Secret,
}

/// All keys and certificates in PEM, as they lie in files.
pub(crate) struct Pems {
    pub(crate) authority_certificate: String,
    pub(crate) authority_key: Zeroizing<String>,
    pub(crate) merchant: Issued,
    /// The WeChat Pay public key, and its private half.
    pub(crate) public_key: String,
    pub(crate) public_key_private: Zeroizing<String>,
    pub(crate) platform: Vec<Issued>,
}

/// One merchant and its WeChat Pay: numbers, secrets, keys and certificates of both sides.
///
/// A sandbox plays the whole of WeChat Pay, so this holds the private keys of the platform as
/// well as the merchant's. `Debug` shows the numbers and none of the secrets.
pub struct Identity {
    names: Names,
    apiv3_key: ApiV3Key,
    api_v2_key: Option<ApiV2Key>,
    public_key_id: PublicKeyId,
    authority: Authority,
    merchant: Holder,
    public_key: PublicKeyPair,
    platform: Vec<PlatformCertificate>,
}

/// A certificate together with its private key.
struct Holder {
    certificate: Certificate,
    certificate_pem: String,
    key: PrivateKey,
    key_pem: Zeroizing<String>,
}

/// The WeChat Pay public key with its private half.
struct PublicKeyPair {
    public: PublicKey,
    public_pem: String,
    private: PrivateKey,
    private_pem: Zeroizing<String>,
}

/// A platform certificate (平台证书) with the private key the sandbox signs with.
pub struct PlatformCertificate(Holder);

impl PlatformCertificate {
    /// The serial number that goes into `Wechatpay-Serial`.
    #[must_use]
    pub fn serial_number(&self) -> &SerialNumber {
        self.0.certificate.serial_number()
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.0.certificate
    }

    /// The certificate in PEM: the plaintext of `encrypt_certificate` in the answer of
    /// `GET /v3/certificates`.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.0.certificate_pem
    }

    /// The key that signs answers and notifications and opens sensitive fields.
    #[must_use]
    pub fn private_key(&self) -> &PrivateKey {
        &self.0.key
    }

    pub(crate) fn key_pem(&self) -> &str {
        &self.0.key_pem
    }
}

impl fmt::Debug for PlatformCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformCertificate")
            .field("serial_number", self.serial_number())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Makes up a merchant, a payer and a WeChat Pay for them.
    ///
    /// `now` is when the certificates begin; merchant and platform certificates last five years.
    /// Four RSA keys of 2048 bits are made at the same time, which takes some tenths of a second.
    ///
    /// # Errors
    /// When the operating system gives no randomness or a key cannot be made.
    pub fn generate(now: Timestamp) -> Result<Self, IdentityError> {
        let mut rng = names::system_rng();
        let mchid = names::mchid(&mut rng);
        let names = Names {
            appid: names::appid(&mut rng),
            apiv3_key: names::api_key(&mut rng),
            api_key: names::api_key(&mut rng),
            public_key_id: names::public_key_id(&mut rng, &mchid, now),
            sub_appid: names::appid(&mut rng),
            sub_mchid: names::mchid(&mut rng),
            openid: names::openid(&mut rng),
            app_secret: names::hex_secret(&mut rng),
            partner_id: names::partner_id(&mut rng),
            partner_key: names::hex_secret(&mut rng),
            pay_sign_key: names::pay_sign_key(&mut rng),
            mchid,
        };
        let [ca_key, merchant_key, public_key, platform_key] = authority::rsa_keys()?;
        let authority = Authority::new(ca_key, &mut rng, now)?;
        let merchant = authority.issue_merchant(&merchant_key, &names.mchid, &mut rng, now)?;
        let platform = authority.issue_platform(&platform_key, &mut rng, now)?;
        let public_key = PublicKeyPair::new(
            public_key.public_key_pem(),
            Zeroizing::new(public_key.serialize_pem()),
        )?;
        Self::from_parts(names, authority, merchant, public_key, vec![platform])
    }

    /// Takes up what an earlier start left in files.
    pub(crate) fn from_pems(names: Names, pems: Pems) -> Result<Self, IdentityError> {
        let authority = Issued {
            certificate_pem: pems.authority_certificate,
            key_pem: pems.authority_key,
        };
        let authority = Holder::new(
            authority,
            "certificate of the authority",
            "private key of the authority",
        )?;
        let authority = Authority::from_pem(authority.certificate_pem, &authority.key_pem)?;
        let public_key = PublicKeyPair::new(pems.public_key, pems.public_key_private)?;
        Self::from_parts(names, authority, pems.merchant, public_key, pems.platform)
    }

    fn from_parts(
        names: Names,
        authority: Authority,
        merchant: Issued,
        public_key: PublicKeyPair,
        platform: Vec<Issued>,
    ) -> Result<Self, IdentityError> {
        let apiv3_key = ApiV3Key::new(names.apiv3_key.expose())
            .map_err(|error| IdentityError::part("apiv3_key", error))?;
        let api_v2_key = match names.api_key.expose() {
            "" => None,
            key => Some(ApiV2Key::new(key).map_err(|error| IdentityError::part("api_key", error))?),
        };
        let public_key_id = PublicKeyId::parse(&names.public_key_id)
            .map_err(|error| IdentityError::part("public_key_id", error))?;
        let merchant = Holder::new(merchant, "merchant certificate", "merchant private key")?;
        let mut platform = platform
            .into_iter()
            .map(|issued| {
                Holder::new(issued, "platform certificate", "platform private key")
                    .map(PlatformCertificate)
            })
            .collect::<Result<Vec<_>, _>>()?;
        if platform.is_empty() {
            return Err(IdentityError::invalid(
                "platform certificate: there is none",
            ));
        }
        platform.sort_by_key(|certificate| certificate.certificate().not_before());
        Ok(Self {
            names,
            apiv3_key,
            api_v2_key,
            public_key_id,
            authority,
            merchant,
            public_key,
            platform,
        })
    }

    /// Makes one more platform certificate that begins at `now`, the first step of a rotation.
    ///
    /// # Errors
    /// When the operating system gives no randomness or a key cannot be made.
    pub fn add_platform_certificate(
        &mut self,
        now: Timestamp,
    ) -> Result<&PlatformCertificate, IdentityError> {
        let issued =
            self.authority
                .issue_platform(&authority::rsa_key()?, &mut names::system_rng(), now)?;
        let holder = Holder::new(issued, "platform certificate", "platform private key")?;
        self.platform.push(PlatformCertificate(holder));
        self.platform
            .last()
            .ok_or_else(|| IdentityError::invalid("platform certificate: there is none"))
    }

    /// The merchant's app id (应用ID).
    #[must_use]
    pub fn appid(&self) -> &str {
        &self.names.appid
    }

    /// The merchant number (商户号), ten digits. As a provider (服务商) the merchant has the same number.
    #[must_use]
    pub fn mchid(&self) -> &str {
        &self.names.mchid
    }

    /// The app id of the sub-merchant.
    #[must_use]
    pub fn sub_appid(&self) -> &str {
        &self.names.sub_appid
    }

    /// The number of the sub-merchant (特约商户号) served in partner mode.
    #[must_use]
    pub fn sub_mchid(&self) -> &str {
        &self.names.sub_mchid
    }

    /// The payer's id under the merchant's app.
    #[must_use]
    pub fn openid(&self) -> &str {
        &self.names.openid
    }

    /// The API v3 key (APIv3密钥): encrypts notifications and platform certificates.
    #[must_use]
    pub fn apiv3_key(&self) -> &ApiV3Key {
        &self.apiv3_key
    }

    /// The API v2 key (API密钥), 32 characters.
    #[must_use]
    pub fn api_key(&self) -> &Secret {
        &self.names.api_key
    }

    /// The same, to sign and to decrypt with; none where the merchant file leaves it out.
    #[must_use]
    pub fn api_v2_key(&self) -> Option<&ApiV2Key> {
        self.api_v2_key.as_ref()
    }

    /// The app secret of v1, 32 characters.
    #[must_use]
    pub fn app_secret(&self) -> &Secret {
        &self.names.app_secret
    }

    /// The Tenpay merchant number of v1, ten digits.
    #[must_use]
    pub fn partner_id(&self) -> &str {
        &self.names.partner_id
    }

    /// The `partnerKey` of v1, 32 characters.
    #[must_use]
    pub fn partner_key(&self) -> &Secret {
        &self.names.partner_key
    }

    /// The `paySignKey` of v1, 128 characters.
    #[must_use]
    pub fn pay_sign_key(&self) -> &Secret {
        &self.names.pay_sign_key
    }

    /// The merchant's certificate (商户API证书). Its public key encrypts sensitive fields of answers.
    #[must_use]
    pub fn merchant_certificate(&self) -> &Certificate {
        &self.merchant.certificate
    }

    /// The merchant's certificate in PEM: `apiclient_cert.pem`.
    #[must_use]
    pub fn merchant_certificate_pem(&self) -> &str {
        &self.merchant.certificate_pem
    }

    /// The merchant's private key, which a test needs to sign as the merchant.
    #[must_use]
    pub fn merchant_private_key(&self) -> &PrivateKey {
        &self.merchant.key
    }

    pub(crate) fn merchant_key_pem(&self) -> &str {
        &self.merchant.key_pem
    }

    /// The id of the WeChat Pay public key (微信支付公钥ID).
    #[must_use]
    pub fn public_key_id(&self) -> &PublicKeyId {
        &self.public_key_id
    }

    /// The WeChat Pay public key (微信支付公钥): `pub_key.pem`.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key.public
    }

    /// The WeChat Pay public key in PEM.
    #[must_use]
    pub fn public_key_pem(&self) -> &str {
        &self.public_key.public_pem
    }

    /// The private half of the WeChat Pay public key, with which the sandbox signs for those who
    /// ask for that key.
    #[must_use]
    pub fn public_key_signer(&self) -> &PrivateKey {
        &self.public_key.private
    }

    pub(crate) fn public_key_signer_pem(&self) -> &str {
        &self.public_key.private_pem
    }

    /// The platform certificates, the oldest first. Never empty.
    #[must_use]
    pub fn platform_certificates(&self) -> &[PlatformCertificate] {
        &self.platform
    }

    /// The certificate of the sandbox's own authority in PEM: `ca.pem`.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("names", &self.names)
            .field("serial_no", self.merchant.certificate.serial_number())
            .field("platform", &self.platform)
            .finish_non_exhaustive()
    }
}

impl Holder {
    fn new(
        issued: Issued,
        certificate_is: &'static str,
        key_is: &'static str,
    ) -> Result<Self, IdentityError> {
        let certificate = Certificate::from_pem(&issued.certificate_pem)
            .map_err(|error| IdentityError::part(certificate_is, error))?;
        let key = PrivateKey::from_pem(&issued.key_pem)
            .map_err(|error| IdentityError::part(key_is, error))?;
        if *certificate.public_key() != key.public_key() {
            return Err(IdentityError::mismatch(key_is));
        }
        Ok(Self {
            certificate,
            certificate_pem: issued.certificate_pem,
            key,
            key_pem: issued.key_pem,
        })
    }
}

impl PublicKeyPair {
    fn new(public_pem: String, private_pem: Zeroizing<String>) -> Result<Self, IdentityError> {
        let public = PublicKey::from_pem(&public_pem)
            .map_err(|error| IdentityError::part("WeChat Pay public key", error))?;
        let private = PrivateKey::from_pem(&private_pem).map_err(|error| {
            IdentityError::part("private half of the WeChat Pay public key", error)
        })?;
        if public != private.public_key() {
            return Err(IdentityError::mismatch(
                "private half of the WeChat Pay public key",
            ));
        }
        Ok(Self {
            public,
            public_pem,
            private,
            private_pem,
        })
    }
}

#[cfg(test)]
mod tests;
