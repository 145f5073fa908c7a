//! Who the client is by TLS.

use std::fmt;

use bytes::Bytes;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

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
    pub(crate) fn is_merchants(&self, identity: &Identity) -> bool {
        CertificateDer::from_pem_slice(identity.merchant_certificate_pem().as_bytes())
            .is_ok_and(|merchants| *merchants == *self.0)
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} bytes)", self.0.len())
    }
}
