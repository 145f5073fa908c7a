//! The sandbox's own certificate authority: makes keys and signs certificates.

use std::net::IpAddr;
use std::time::Duration;

use rand::Rng;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SanType, SerialNumber, date_time_ymd,
};
use wxpay_sign::Timestamp;
use zeroize::Zeroizing;

use super::{IdentityError, names};

/// How long merchant and platform certificates last, in days: WeChat Pay's five years.
const FIVE_YEARS: u32 = 5 * 365;
/// How long the authority itself lasts, in days.
const TWENTY_YEARS: u32 = 20 * 365;

/// A private key in PEM (PKCS#8), overwritten when dropped.
pub(super) type KeyPem = Zeroizing<String>;

/// The authority that signs everything the sandbox hands out. Its certificate is `ca.pem`.
pub(crate) struct Authority {
    certificate_pem: String,
    key: KeyPair,
}

/// A key pair with the certificate the authority gave it.
pub(crate) struct Issued {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: KeyPem,
}

impl Authority {
    /// A new authority around the key.
    pub(super) fn new(
        key: KeyPair,
        rng: &mut impl Rng,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        let mut params = ca_params();
        validity(&mut params, now, TWENTY_YEARS);
        params.serial_number = Some(SerialNumber::from_slice(&names::serial_bytes(rng)));
        let certificate = params.self_signed(&key).map_err(IdentityError::issuing)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            key,
        })
    }

    /// An authority made earlier.
    pub(super) fn from_pem(certificate_pem: String, key_pem: &str) -> Result<Self, IdentityError> {
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &PKCS_RSA_SHA256)
            .map_err(|error| IdentityError::part("private key of the authority", error))?;
        Ok(Self {
            certificate_pem,
            key,
        })
    }

    /// The authority's certificate, PEM.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's private key, PEM (PKCS#8).
    pub(crate) fn key_pem(&self) -> KeyPem {
        Zeroizing::new(self.key.serialize_pem())
    }

    /// The merchant's certificate (商户API证书): its common name is the merchant number.
    pub(super) fn issue_merchant(
        &self,
        key: &KeyPair,
        mchid: &str,
        rng: &mut impl Rng,
        now: Timestamp,
    ) -> Result<Issued, IdentityError> {
        let mut params = leaf(subject(mchid), rng, now, FIVE_YEARS);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params, key)
    }

    /// A platform certificate (平台证书).
    pub(super) fn issue_platform(
        &self,
        key: &KeyPair,
        rng: &mut impl Rng,
        now: Timestamp,
    ) -> Result<Issued, IdentityError> {
        self.issue(
            &leaf(subject("wxpay sandbox sign"), rng, now, FIVE_YEARS),
            key,
        )
    }

    /// A certificate for the sandbox's HTTPS port. Made anew at every start, so a P-256 key, which
    /// costs next to nothing, is enough.
    pub(crate) fn issue_server(
        &self,
        hosts: &[&str],
        addresses: &[IpAddr],
        now: Timestamp,
    ) -> Result<Issued, IdentityError> {
        let key = KeyPair::generate().map_err(IdentityError::issuing)?;
        // 397 days: what strict clients accept at most for a server.
        let mut params = leaf(subject("localhost"), &mut names::system_rng(), now, 397);
        for host in hosts {
            params.subject_alt_names.push(SanType::DnsName(
                (*host).try_into().map_err(IdentityError::issuing)?,
            ));
        }
        params
            .subject_alt_names
            .extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params, &key)
    }

    fn issue(&self, params: &CertificateParams, key: &KeyPair) -> Result<Issued, IdentityError> {
        let issuer = Issuer::new(ca_params(), &self.key);
        let certificate = params
            .signed_by(key, &issuer)
            .map_err(IdentityError::issuing)?;
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }
}

/// A new RSA key of 2048 bits, as WeChat Pay uses them throughout.
pub(super) fn rsa_key() -> Result<KeyPair, IdentityError> {
    KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(IdentityError::issuing)
}

/// So many new RSA keys, made at the same time: finding primes is most of a first start.
pub(super) fn rsa_keys<const N: usize>() -> Result<[KeyPair; N], IdentityError> {
    let found: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..N).map(|_| scope.spawn(rsa_key)).collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(IdentityError::invalid("new RSA key")))
            })
            .collect()
    });
    let keys: Vec<KeyPair> = found.into_iter().collect::<Result<_, _>>()?;
    keys.try_into()
        .map_err(|_| IdentityError::invalid("new RSA key"))
}

/// Everything of the authority that stays the same between starts, so that its key alone is
/// enough to sign more certificates later.
fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject("wxpay sandbox CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(
    name: DistinguishedName,
    rng: &mut impl Rng,
    now: Timestamp,
    days: u32,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(SerialNumber::from_slice(&names::serial_bytes(rng)));
    validity(&mut params, now, days);
    params
}

fn validity(params: &mut CertificateParams, from: Timestamp, days: u32) {
    let from = date_time_ymd(1970, 1, 1)
        + Duration::from_secs(from.as_unix().clamp(0, 4_102_444_800).unsigned_abs());
    params.not_before = from;
    params.not_after = from + Duration::from_secs(u64::from(days) * 86_400);
}

/// Says plainly that this is a sandbox: nobody should take these certificates for Tenpay's.
fn subject(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "CN");
    name.push(DnType::OrganizationName, "wxpay sandbox");
    name.push(DnType::CommonName, common_name);
    name
}
