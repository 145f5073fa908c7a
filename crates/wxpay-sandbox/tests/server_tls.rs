//! The HTTPS port: whom it is trusted by, and whom it lets in.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::Empty;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use wxpay_sandbox::{Server, ServerConfig};

/// A client certificate and its key, PEM.
type ClientIdentity = (String, String);

async fn start() -> Server {
    let config = ServerConfig::default().tls_listen(([127, 0, 0, 1], 0));
    Server::start(config).await.unwrap()
}

fn file(server: &Server, name: &str) -> String {
    std::fs::read_to_string(server.home().join(name)).unwrap()
}

/// Calls a control over HTTPS, trusting the authority in `ca.pem` and nobody else.
async fn call(
    server: &Server,
    url: &str,
    who: Option<ClientIdentity>,
) -> Result<(u16, Version), Error> {
    let mut roots = RootCertStore::empty();
    let authority = file(server, "ca.pem");
    roots
        .add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap())
        .unwrap();
    call_trusting(roots, url, who).await
}

async fn call_trusting(
    roots: RootCertStore,
    url: &str,
    who: Option<ClientIdentity>,
) -> Result<(u16, Version), Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match who {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_only()
        .enable_all_versions()
        .build();
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let request = Request::get(format!("{url}/_sandbox/clock"))
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = client.request(request).await?;
    Ok((response.status().as_u16(), response.version()))
}

#[tokio::test]
async fn it_is_trusted_through_its_authority_alone() {
    let server = start().await;
    let url = server.tls_base_url().unwrap();
    assert_eq!(server.merchant().tls_base_url.as_deref(), Some(url));
    assert_eq!(
        call(&server, url, None).await.unwrap(),
        (200, Version::HTTP_2)
    );
    let by_name = url.replace("127.0.0.1", "localhost");
    assert_eq!(call(&server, &by_name, None).await.unwrap().0, 200);

    let public = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    call_trusting(public, url, None).await.unwrap_err();
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_certificate_may_be_left_out_but_not_made_up() {
    let server = start().await;
    let url = server.tls_base_url().unwrap();
    let merchant = (
        file(&server, "apiclient_cert.pem"),
        file(&server, "apiclient_key.pem"),
    );
    assert_eq!(call(&server, url, Some(merchant)).await.unwrap().0, 200);

    let made_up = rcgen::generate_simple_self_signed(["merchant".to_owned()]).unwrap();
    let made_up = (made_up.cert.pem(), made_up.signing_key.serialize_pem());
    call(&server, url, Some(made_up)).await.unwrap_err();
    assert_eq!(call(&server, url, None).await.unwrap().0, 200);
    server.shutdown().await;
}
