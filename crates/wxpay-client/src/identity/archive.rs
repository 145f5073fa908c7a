//! Client certificates from PKCS#12 files (RFC 7292).

use std::error::Error as StdError;

use p12_keystore::error::Error as ArchiveError;
use p12_keystore::{CertificateBag, Pkcs12Archive};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Identity, no_certificate};
use crate::transport::tls;
use crate::{BuildError, BuildErrorKind};

impl Identity {
    /// From a PKCS#12 file (`apiclient_cert.p12`). Its password is the merchant number (商户号), unless
    /// somebody has changed it.
    ///
    /// Needs the feature `pkcs12`. The merchant's PEM files hold the same and need none.
    ///
    /// # Errors
    ///
    /// [`BuildErrorKind::WrongPassword`], [`BuildErrorKind::DamagedArchive`] for what is no such file
    /// or no longer, [`BuildErrorKind::NoPrivateKey`] and [`BuildErrorKind::NoCertificate`] where it
    /// lacks one, [`BuildErrorKind::KeyMismatch`] where the two do not belong together.
    pub fn from_pkcs12(archive: &[u8], password: &str) -> Result<Self, BuildError> {
        let archive = Pkcs12Archive::from_pkcs12(archive, password).map_err(unopened)?;
        if archive.keys.is_empty() {
            return Err(BuildError::private_key(
                "the .p12 file holds no private key; export the certificate together with its key",
            ));
        }
        if archive.certs.is_empty() {
            return Err(no_certificate("the .p12 file holds no certificate"));
        }
        let mut last = None;
        for key in &archive.keys {
            for leaf in &archive.certs {
                let key = PrivatePkcs8KeyDer::from(key.key.as_der().to_vec());
                let chain = chain(leaf, &archive.certs);
                match tls::certified(chain, PrivateKeyDer::Pkcs8(key)) {
                    Ok(certified) => return Self::new(certified),
                    Err(error) => last = Some(error),
                }
            }
        }
        Err(last.unwrap_or_else(|| no_certificate("the .p12 file holds no certificate")))
    }
}

/// A certificate with those that issued it, as far as they are there. The root is left out: who
/// trusts it has it.
fn chain(leaf: &CertificateBag, all: &[CertificateBag]) -> Vec<CertificateDer<'static>> {
    let mut chain = vec![&leaf.cert];
    let mut last = &leaf.cert;
    while let Some(issuer) = all.iter().map(|bag| &bag.cert).find(|issuer| {
        issuer.subject() == last.issuer()
            && issuer.subject() != issuer.issuer()
            && !chain.contains(issuer)
    }) {
        chain.push(issuer);
        last = issuer;
    }
    chain
        .into_iter()
        .map(|certificate| certificate.as_der().to_vec().into())
        .collect()
}

fn unopened(error: ArchiveError) -> BuildError {
    let (kind, problem) = match error {
        ArchiveError::MacError(_) => (
            BuildErrorKind::WrongPassword,
            "the password is not that of the .p12 file; it is the merchant number unless somebody \
             has changed it",
        ),
        ArchiveError::UnsupportedEncryptionScheme | ArchiveError::UnsupportedMacAlgorithm => (
            BuildErrorKind::DamagedArchive,
            "the .p12 file is encrypted in a way that is not known",
        ),
        _ => (
            BuildErrorKind::DamagedArchive,
            "not a .p12 file, or it is damaged",
        ),
    };
    let source: Box<dyn StdError + Send + Sync> = Box::new(error);
    BuildError::new(kind, problem).caused_by(source)
}
