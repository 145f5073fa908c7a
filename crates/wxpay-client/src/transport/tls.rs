//! Trust and identity for TLS.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::BuildError;

/// Everything that can be chosen about TLS.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) default_roots: bool,
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            default_roots: true,
            roots: Vec::new(),
            identity: None,
        }
    }
}

impl Tls {
    /// Two configurations with the same trust: to hosts, with the client identity, and to proxies,
    /// which have no business with it.
    pub(crate) fn configs(self) -> Result<(ClientConfig, ClientConfig), BuildError> {
        let mut roots = RootCertStore::empty();
        if self.default_roots {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for root in self.roots {
            roots
                .add(root)
                .map_err(|error| BuildError::tls("a root certificate cannot be used", error))?;
        }
        if roots.is_empty() {
            return Err(BuildError::no_roots());
        }
        let roots = Arc::new(roots);
        // Passed explicitly: which library does the cryptography must not hang on what else in the
        // program has set a process-wide default.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let base = || {
            Ok::<_, BuildError>(
                ClientConfig::builder_with_provider(provider.clone())
                    .with_safe_default_protocol_versions()
                    .map_err(|error| BuildError::tls("no TLS version can be offered", error))?
                    .with_root_certificates(roots.clone()),
            )
        };
        let to_host = match self.identity {
            None => base()?.with_no_client_auth(),
            Some((chain, key)) => base()?.with_client_auth_cert(chain, key).map_err(|error| {
                BuildError::tls("the client certificate and its key cannot be used", error)
            })?,
        };
        Ok((to_host, base()?.with_no_client_auth()))
    }
}

/// Every certificate of a PEM text; at least one.
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, BuildError> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| BuildError::tls("the certificate PEM cannot be read", error))?;
    if found.is_empty() {
        return Err(BuildError::no_certificate());
    }
    Ok(found)
}

/// The first private key of a PEM text.
pub(crate) fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, BuildError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| BuildError::tls("the client key PEM holds no usable private key", error))
}
