//! The client certificate: shown to those that need it, and its absence noticed in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use wxpay_client::v2::{Client, ClientBuilder};
use wxpay_client::{
    BuildError, BuildErrorKind, Clock, Delivery, ErrorKind, SystemClock, Timestamp, Transport,
    TransportBuilder,
};

use super::{builder, client, done, query, refund};
use crate::support::Server;
use crate::support::certificate::{ClientCertificate, KEY, SERIAL};
use crate::support::tls::Authority;

async fn server(authority: &Authority) -> Server {
    Server::start_tls(authority.asking(), |_| done()).await
}

fn trusting(authority: &Authority) -> TransportBuilder {
    Transport::builder()
        .proxy_from_env(false)
        .add_root_certificate_pem(&authority.root_pem)
        .unwrap()
}

fn over_tls(server: &Server, authority: &Authority) -> ClientBuilder {
    builder(server).transport(trusting(authority).build().unwrap())
}

fn shown(server: &Server) -> Vec<Option<String>> {
    let seen = server.seen();
    seen.into_iter().map(|seen| seen.certificate).collect()
}

#[cfg(feature = "pkcs12")]
fn of_archive(certificate: &ClientCertificate) -> wxpay_client::Identity {
    const PASSWORD: &str = "1900000109";
    wxpay_client::Identity::from_pkcs12(&certificate.p12(PASSWORD), PASSWORD).unwrap()
}

#[tokio::test]
async fn it_is_shown_to_those_that_need_it_alone() {
    let authority = Authority::new();
    let certificate = ClientCertificate::new(&authority);
    for identity in [
        certificate.identity(),
        #[cfg(feature = "pkcs12")]
        of_archive(&certificate),
    ] {
        let server = server(&authority).await;
        let client = over_tls(&server, &authority)
            .identity(identity)
            .build()
            .unwrap();
        client.execute(&query()).await.unwrap();
        client.execute(&refund()).await.unwrap();
        client.execute(&query()).await.unwrap();
        client.execute(&refund()).await.unwrap();
        let serial = Some(SERIAL.to_owned());
        assert_eq!(shown(&server), [None, serial.clone(), None, serial]);
        let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(
            connections,
            [0, 1, 0, 1],
            "each kind has connections of its own"
        );
    }
}

#[tokio::test]
async fn without_one_nothing_is_sent() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let client = over_tls(&server, &authority).build().unwrap();
    let error = client.execute(&refund()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.attempts(), 0);
    let text = error.to_string();
    assert!(
        text.starts_with("v2.refund: ") && text.contains("apiclient_cert.p12"),
        "{text}"
    );
    assert!(server.seen().is_empty());
    client.execute(&query()).await.unwrap();
}

#[tokio::test]
async fn a_transport_that_shows_one_will_do() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let certificate = ClientCertificate::new(&authority);
    let transport = trusting(&authority)
        .client_identity(&certificate.pem, KEY)
        .unwrap();
    let client = builder(&server).transport(transport.build().unwrap());
    client.build().unwrap().execute(&refund()).await.unwrap();
    assert_eq!(shown(&server), [Some(SERIAL.to_owned())]);
}

#[tokio::test]
async fn over_plain_http_there_is_nobody_to_show_it_to() {
    let server = Server::start(|_| done()).await;
    client(&server).execute(&refund()).await.unwrap();
    let authority = Authority::new();
    let identity = ClientCertificate::new(&authority).identity();
    let client = builder(&server).identity(identity).build().unwrap();
    client.execute(&refund()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

fn refused(authority: &Authority, years: (i32, i32), clock: Arc<dyn Clock>) -> BuildError {
    let identity = ClientCertificate::of(authority, years).identity();
    let client = Client::builder(super::merchant());
    client.identity(identity).clock(clock).build().unwrap_err()
}

#[derive(Debug)]
struct Year(AtomicI64);

impl Year {
    fn new(year: i64) -> Arc<Self> {
        let clock = Self(AtomicI64::new(0));
        clock.turn(year);
        Arc::new(clock)
    }

    fn turn(&self, year: i64) {
        // The middle of the year will do.
        let days = (year - 1970) * 36_525 / 100 + 180;
        self.0.store(days * 86_400, Ordering::SeqCst);
    }
}

impl Clock for Year {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn one_that_does_not_hold_is_refused_by_the_clock_of_the_client() {
    let authority = Authority::new();
    let now = Arc::new(SystemClock::new());
    let error = refused(&authority, (2012, 2017), now.clone());
    assert_eq!(error.kind(), BuildErrorKind::CertificateExpired);
    assert!(error.to_string().contains(SERIAL), "{error}");
    let error = refused(&authority, (2080, 2090), now);
    assert_eq!(error.kind(), BuildErrorKind::CertificateNotYetValid);

    let clock = Year::new(2015);
    let server = server(&authority).await;
    let identity = ClientCertificate::of(&authority, (2012, 2017)).identity();
    let client = over_tls(&server, &authority).identity(identity);
    let client = client.clock(clock.clone()).build().unwrap();
    clock.turn(2018);
    let error = client.execute(&refund()).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::ClientCertificate,
        "it ended while we ran"
    );
    assert_eq!(error.delivery(), Delivery::NotSent);
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<BuildError>().unwrap();
    assert_eq!(source.kind(), BuildErrorKind::CertificateExpired);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn one_that_the_server_does_not_take_is_no_refusal() {
    let authority = Authority::new();
    let server = server(&authority).await;
    let stranger = ClientCertificate::new(&Authority::new()).identity();
    let client = over_tls(&server, &authority)
        .identity(stranger)
        .build()
        .unwrap();
    let error = client.execute(&refund()).await.unwrap_err();
    assert_ne!(error.delivery(), Delivery::Refused);
    assert!(server.seen().is_empty());
}
