//! Who the client is by TLS.

use std::fmt;

use bytes::Bytes;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::gate::Incoming;
use crate::identity::Identity;

/// The certificate a client has shown in the TLS handshake (双向证书), for the extensions of the
/// request given to [`Core::handle`](crate::Core::handle). Whoever puts it there has verified that
/// the authority in `ca.pem` issued it and that the client has its key.
#[derive(Clone, Eq, PartialEq)]
pub struct ClientCertificate(Bytes);

impl ClientCertificate {
    /// Takes the certificate in DER.
    #[must_use]
    pub fn from_der(der: impl Into<Bytes>) -> Self {
        Self(der.into())
    }

    /// Whether it is the merchant's own.
    fn is_merchants(&self, identity: &Identity) -> bool {
        CertificateDer::from_pem_slice(identity.merchant_certificate_pem().as_bytes())
            .is_ok_and(|merchants| *merchants == *self.0)
    }
}

/// Why a client is not let in where an interface asks for the merchant's certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stranger {
    /// It has shown none.
    Unknown,
    /// It has shown somebody else's.
    Other,
}

impl Stranger {
    /// For the journal.
    pub(crate) const fn problem(self) -> &'static str {
        match self {
            Self::Unknown => {
                "no client certificate was shown, and this interface asks for the merchant's (apiclient_cert)"
            }
            Self::Other => {
                "the client certificate is one of this authority, but not the merchant's"
            }
        }
    }
}

impl Incoming {
    /// Whether it comes from the merchant by TLS; without TLS that is taken for granted, with a remark.
    pub(crate) fn check_certificate(
        &self,
        identity: &Identity,
        remarks: &mut Vec<String>,
    ) -> Result<(), Stranger> {
        if !self.is_secure() {
            remarks.push(
                "this interface asks for the merchant's certificate; over plain HTTP, where none can be shown, the sandbox does without"
                    .to_owned(),
            );
            return Ok(());
        }
        match &self.certificate {
            None => Err(Stranger::Unknown),
            Some(certificate) if certificate.is_merchants(identity) => Ok(()),
            Some(_) => Err(Stranger::Other),
        }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} bytes)", self.0.len())
    }
}
