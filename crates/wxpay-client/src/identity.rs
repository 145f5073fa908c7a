//! The client certificate (双向证书) of the older interfaces.

#[cfg(feature = "pkcs12")]
mod archive;
mod shown;

use std::fmt;
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use wxpay_proto::sign::Certificate;
use wxpay_proto::{SerialNumber, Timestamp};

pub(crate) use self::shown::Shown;
use crate::transport::tls;
use crate::{BuildError, BuildErrorKind};

/// The merchant API certificate (商户API证书) with its private key, for interfaces that ask for a
/// client certificate. Cheap to clone; `Debug` shows no key.
///
/// WeChat Pay's certificate tool gives it in two forms: `apiclient_cert.pem` with
/// `apiclient_key.pem`, and both together in `apiclient_cert.p12`.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    certified: Arc<CertifiedKey>,
    serial_number: SerialNumber,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Identity {
    /// From two PEM texts: the certificate, which others may follow, and its unencrypted private key.
    ///
    /// # Errors
    ///
    /// When there is no certificate or no key in them, or the key is that of another certificate.
    pub fn from_pem(certificate_pem: &str, private_key_pem: &str) -> Result<Self, BuildError> {
        let chain = tls::certificates(certificate_pem).map_err(|error| {
            no_certificate("the certificate PEM cannot be read").caused_by(error)
        })?;
        Self::new(tls::identity(chain, private_key_pem)?)
    }

    fn new(certified: CertifiedKey) -> Result<Self, BuildError> {
        let leaf = certified.end_entity_cert().map(AsRef::as_ref);
        let leaf = leaf.map_err(|error| no_certificate("there is none").caused_by(error))?;
        let certificate = Certificate::from_der(leaf)
            .map_err(|error| no_certificate("the certificate cannot be used").caused_by(error))?;
        Ok(Self(Arc::new(Inner {
            serial_number: certificate.serial_number().clone(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            certified: Arc::new(certified),
        })))
    }

    /// The serial number of the certificate (商户API证书序列号).
    #[must_use]
    pub fn serial_number(&self) -> &SerialNumber {
        &self.0.serial_number
    }

    /// The first second at which the certificate holds.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.not_before
    }

    /// The last second at which the certificate holds.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.not_after
    }

    /// That the certificate holds now.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), BuildError> {
        let serial = &self.0.serial_number;
        if now > self.0.not_after {
            return Err(BuildError::new(
                BuildErrorKind::CertificateExpired,
                format!(
                    "the certificate {serial} has ended; apply for a new one on the merchant platform"
                ),
            ));
        }
        if now < self.0.not_before {
            return Err(BuildError::new(
                BuildErrorKind::CertificateNotYetValid,
                format!(
                    "the certificate {serial} does not hold yet; is this machine's clock right?"
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        self.0.certified.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("serial_number", &self.0.serial_number)
            .field("not_after", &self.0.not_after)
            .finish_non_exhaustive()
    }
}

fn no_certificate(problem: &'static str) -> BuildError {
    BuildError::new(BuildErrorKind::NoCertificate, problem)
}
