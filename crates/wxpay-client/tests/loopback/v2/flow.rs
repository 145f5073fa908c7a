//! Flows: each request once, the truth about each, and the time they ask for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use wxpay_client::proto::v2::{Failure, Flow, Step, Untyped, Verified};
use wxpay_client::proto::{Endpoint, InvalidField};
use wxpay_client::v2::Client;
use wxpay_client::{Delivery, ErrorKind};

use super::{builder, client, done, error, fail, merchant, numbered, raw};
use crate::support::{Act, Server, transport};

/// Sends a request so often and notes what it is told.
struct Times {
    left: usize,
    request: Untyped,
    pause: Option<Duration>,
    certificate: bool,
    broken: bool,
    heard: Vec<String>,
    clock: Vec<Duration>,
}

impl Times {
    fn new(left: usize) -> Self {
        Self {
            left,
            request: numbered(),
            pause: None,
            certificate: false,
            broken: false,
            heard: Vec::new(),
            clock: Vec::new(),
        }
    }
}

impl Flow for Times {
    type Output = usize;

    fn check(&self) -> Result<(), InvalidField> {
        wxpay_client::proto::json::check::present("out_trade_no", !self.broken)
    }

    fn certificate(&self) -> bool {
        self.certificate
    }

    fn next(&mut self, now: Duration) -> Step<'_, usize> {
        self.clock.push(now);
        if let Some(pause) = self.pause.take() {
            return Step::Wait(pause);
        }
        if self.left == 0 {
            return Step::Done(self.heard.len());
        }
        Step::Send(&self.request)
    }

    fn answered(&mut self, now: Duration, result: Result<Verified, Failure>) {
        self.clock.push(now);
        self.left -= 1;
        self.heard.push(match result {
            Ok(verified) => verified.get("trade_state").unwrap_or_default().to_owned(),
            Err(Failure::Refused(error)) => error.code().to_string(),
            Err(Failure::Rejected(error)) => error.message().to_owned(),
            Err(failure) => format!("{failure:?}"),
        });
    }
}

#[tokio::test]
async fn it_is_told_the_truth_and_each_request_goes_out_once() {
    let server = Server::start(|seen| match seen.index {
        0 => Act::HangUp,
        1 => raw(""),
        2 => error("SYSTEMERROR"),
        3 => fail("签名错误"),
        4 => fail("系统繁忙"),
        _ => done(),
    })
    .await;
    let mut flow = Times::new(6);
    assert_eq!(client(&server).run(&mut flow).await.unwrap(), 6);
    assert_eq!(
        flow.heard,
        [
            "Unknown",
            "Unknown",
            "SYSTEMERROR",
            "签名错误",
            "Unknown",
            "SUCCESS"
        ]
    );
    assert_eq!(server.seen().len(), 6);
    assert!(flow.clock.is_sorted());
}

#[tokio::test]
async fn what_was_not_sent_is_told_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder(merchant())
        .endpoint(Endpoint::parse(&format!("http://{nobody}")).unwrap())
        .transport(transport())
        .retry(crate::support::hasty())
        .build()
        .unwrap();
    let mut flow = Times::new(1);
    client.run(&mut flow).await.unwrap();
    assert_eq!(flow.heard, ["NotSent"]);
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_it_is_told() {
    let client = Client::builder(merchant())
        .transport(transport())
        .build()
        .unwrap();
    let mut flow = Times::new(0);
    flow.pause = Some(Duration::from_secs(3600));
    let before = Instant::now();
    client.run(&mut flow).await.unwrap();
    assert!(Instant::now() - before >= Duration::from_secs(3600));
    assert!(flow.clock[1] - flow.clock[0] >= Duration::from_secs(3600));
}

#[tokio::test]
async fn a_request_that_was_out_when_it_stopped_counts_as_open() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_| match CALLS.fetch_add(1, Ordering::SeqCst) {
        0 => Act::Silence,
        _ => done(),
    })
    .await;
    let client = client(&server);
    let mut flow = Times::new(2);
    {
        let mut run = std::pin::pin!(client.run(&mut flow));
        tokio::select! {
            _ = &mut run => panic!("it cannot have ended"),
            () = async { while server.seen().is_empty() { tokio::task::yield_now().await } } => {}
        }
    }
    assert_eq!(flow.heard, ["Unknown"]);
    // A clone counts the time from the same moment.
    client.clone().run(&mut flow).await.unwrap();
    assert_eq!(flow.heard, ["Unknown", "SUCCESS"]);
    assert!(flow.clock.is_sorted());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_it_lacks_is_said_before_anything_is_sent() {
    let server = Server::start(|_| done()).await;
    let mut flow = Times::new(1);
    flow.broken = true;
    let error = client(&server).run(&mut flow).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(error.delivery(), Delivery::NotSent);

    let mut flow = Times::new(1);
    flow.certificate = true;
    let tls = builder(&server)
        .endpoint(Endpoint::parse("https://localhost:1").unwrap())
        .build()
        .unwrap();
    let error = tls.run(&mut flow).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate);
    assert!(flow.heard.is_empty() && server.seen().is_empty());
    client(&server).run(&mut flow).await.unwrap();
}
