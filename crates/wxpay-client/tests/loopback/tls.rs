//! TLS, and what is spoken over it.

use http::Version;
use wxpay_client::{BuildErrorKind, Delivery, ErrorKind, Transport};

use crate::support::certificate::{ClientCertificate, KEY, SERIAL};
use crate::support::platform::merchant_with;
use crate::support::tls::Authority;
use crate::support::{Platform, Server, builder, query};

const OTHER_KEY: &str = include_str!("keys/platform_a.pem");

async fn server(authority: &Authority, protocols: &[&str]) -> Server {
    let platform = Platform::a().as_public_key();
    Server::start_tls(authority.acceptor(protocols), move |_| {
        platform.answer(200, "{}").into()
    })
    .await
}

fn trusting(authority: &Authority) -> Transport {
    Transport::builder()
        .proxy_from_env(false)
        .default_roots(false)
        .add_root_certificate_pem(&authority.root_pem)
        .unwrap()
        .build()
        .unwrap()
}

#[tokio::test]
async fn both_versions_of_http() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ] {
        let authority = Authority::new();
        let server = server(&authority, protocols).await;
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .transport(trusting(&authority))
            .build()
            .unwrap();
        client.execute(&query()).await.unwrap();
        client.execute(&query()).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen[0].version, version);
        assert_eq!(seen[1].connection, 0, "the connection is used again");
    }
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let authority = Authority::new();
    let server = server(&authority, &["h2"]).await;
    for transport in [trusting(&Authority::new()), crate::support::transport()] {
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .transport(transport)
            .build()
            .unwrap();
        let error = client.execute(&query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_eq!(error.delivery(), Delivery::NotSent);
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let authority = Authority::new();
    let platform = Platform::a().as_public_key();
    let server = Server::start_tls(authority.asking(), move |_| {
        platform.answer(200, "{}").into()
    })
    .await;
    let certificate = ClientCertificate::new(&authority);
    let builder_of = || {
        Transport::builder()
            .proxy_from_env(false)
            .add_root_certificate_pem(&authority.root_pem)
            .unwrap()
    };
    let showing = builder_of().client_identity(&certificate.pem, KEY).unwrap();
    for transport in [showing, builder_of()] {
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .transport(transport.build().unwrap())
            .build()
            .unwrap();
        client.execute(&query()).await.unwrap();
    }
    let shown: Vec<_> = server.seen().into_iter().map(|it| it.certificate).collect();
    assert_eq!(shown, [Some(SERIAL.to_owned()), None]);

    for (pem, key, kind) in [
        ("", KEY, BuildErrorKind::NoCertificate),
        (&certificate.pem, "", BuildErrorKind::NoPrivateKey),
        (&certificate.pem, OTHER_KEY, BuildErrorKind::KeyMismatch),
    ] {
        let error = builder_of().client_identity(pem, key).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}
