//! Trust and identity for TLS.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{default_provider, sign};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroize;

use crate::BuildError;

/// Everything that can be chosen about TLS.
pub(crate) struct Tls {
    pub(crate) default_roots: bool,
    pub(crate) roots: Vec<CertificateDer<'static>>,
    pub(crate) identity: Option<Arc<CertifiedKey>>,
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
    /// Whom connections trust.
    pub(crate) fn trust(self) -> Result<Trust, BuildError> {
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
        Ok(Trust {
            roots: Arc::new(roots),
            // Passed explicitly: which library does the cryptography must not hang on what else in
            // the program has set a process-wide default.
            provider: Arc::new(default_provider()),
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("default_roots", &self.default_roots)
            .field("roots", &self.roots.len())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

/// The roots connections trust. Clones share them.
#[derive(Clone)]
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    /// A configuration that shows this certificate to servers that ask for one, or none.
    pub(crate) fn config(
        &self,
        identity: Option<Arc<CertifiedKey>>,
    ) -> Result<ClientConfig, BuildError> {
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| BuildError::tls("no TLS version can be offered", error))?
            .with_root_certificates(self.roots.clone());
        Ok(match identity {
            None => config.with_no_client_auth(),
            Some(key) => config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key))),
        })
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

/// A chain with the first private key of a PEM text.
pub(crate) fn identity(
    chain: Vec<CertificateDer<'static>>,
    key_pem: &str,
) -> Result<CertifiedKey, BuildError> {
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|error| {
        BuildError::private_key("the PEM text holds no unencrypted private key").caused_by(error)
    })?;
    certified(chain, key)
}

/// A chain with its key, which has to be that of the first certificate. The text of the key is wiped.
pub(crate) fn certified(
    chain: Vec<CertificateDer<'static>>,
    mut key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, BuildError> {
    let loaded = sign::any_supported_type(&key);
    key.zeroize();
    let loaded = loaded.map_err(|error| {
        BuildError::private_key("the private key cannot be used").caused_by(error)
    })?;
    let certified = CertifiedKey::new(chain, loaded);
    certified.keys_match().map_err(BuildError::key_mismatch)?;
    Ok(certified)
}
