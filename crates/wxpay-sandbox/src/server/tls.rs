//! TLS of both kinds: the HTTPS port, and the connections notifications are sent over.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use wxpay_sign::Timestamp;

use crate::identity::Identity;

type TlsError = Box<dyn Error + Send + Sync>;

/// The names WeChat Pay's interfaces go by, so that a client may be pointed at the sandbox by its
/// resolver or proxy too, and not by the base URL alone.
const HOSTS: &[&str] = &[
    "localhost",
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
    "apihk.mch.weixin.qq.com",
    "apius.mch.weixin.qq.com",
    "fraud.mch.weixin.qq.com",
    "payapp.mch.weixin.qq.com",
    "api.wechatpay.cn",
    "api2.wechatpay.cn",
    "api.weixin.qq.com",
    "payapp.weixin.qq.com",
    "wx.tenpay.com",
    "mch.tenpay.com",
    "gw.tenpay.com",
    "api.mch.tenpay.com",
];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn authority_roots(identity: &Identity) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(
        identity.ca_certificate_pem().as_bytes(),
    )?)?;
    Ok(roots)
}

/// HTTPS with a certificate of the sandbox's authority. A client certificate is asked for, not
/// demanded; one that the authority did not issue is refused.
pub(super) fn server_config(
    identity: &Identity,
    listen: IpAddr,
    now: Timestamp,
) -> Result<ServerConfig, TlsError> {
    let mut addresses = vec![
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    if !listen.is_unspecified() && !addresses.contains(&listen) {
        addresses.push(listen);
    }
    // From yesterday, so that a client whose clock lags a little is content.
    let from = Timestamp::from_unix(now.as_unix() - 86_400);
    let issued = identity.authority().issue_server(HOSTS, &addresses, from)?;
    let certificate = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes())?;
    let clients = WebPkiClientVerifier::builder_with_provider(
        Arc::new(authority_roots(identity)?),
        provider(),
    )
    .allow_unauthenticated()
    .build()?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// For notifications: trusts the public authorities and the sandbox's own.
pub(super) fn client_config(identity: &Identity) -> Result<ClientConfig, TlsError> {
    let mut roots = authority_roots(identity)?;
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
