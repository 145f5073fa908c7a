//! Platform certificates: the first, the next, and those that do not exist.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use wxpay_client::proto::{RefreshDecision, RefreshPolicy, RefreshReason};
use wxpay_client::{Clock, Delivery, ErrorKind, PlatformKeyring, SystemClock, Timestamp};

use crate::support::platform::merchant_with;
use crate::support::{Act, Platform, Seen, Server, builder, merchant, query};

fn is_certificates(seen: &Seen) -> bool {
    seen.target.starts_with("/v3/certificates")
}

/// Lists and signs with A until the given call, with B (and lists both) from then on.
async fn rotating(at: usize) -> Server {
    let (a, b) = (Platform::a(), Platform::b());
    let calls = AtomicUsize::new(0);
    Server::start(move |seen| {
        let rotated = calls.load(Ordering::SeqCst) >= at;
        if is_certificates(seen) {
            return if rotated {
                a.certificates(&[&a, &b])
            } else {
                a.certificates(&[&a])
            }
            .into();
        }
        let call = calls.fetch_add(1, Ordering::SeqCst);
        if call >= at {
            b.answer(200, "{}")
        } else {
            a.answer(200, "{}")
        }
        .into()
    })
    .await
}

#[tokio::test]
async fn the_first_call_fetches_them() {
    let server = rotating(9).await;
    let client = builder(merchant(), &server).build().unwrap();
    assert!(server.seen().is_empty(), "building needs no network");
    client.execute(&query()).await.unwrap();
    client.execute(&query()).await.unwrap();
    assert_eq!(server.certificate_requests(), 1);
    let seen = server.calls();
    assert_eq!(seen[0].header("wechatpay-serial"), Platform::a().id);
}

#[tokio::test]
async fn many_first_calls_fetch_once() {
    let server = rotating(99).await;
    let client = builder(merchant(), &server).build().unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.execute(&query()).await.map(|_| ()) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.certificate_requests(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_fetched_once_and_the_same_answer_accepted() {
    let server = rotating(1).await;
    let client = builder(merchant(), &server).build().unwrap();
    client.execute(&query()).await.unwrap();
    client.execute(&query()).await.unwrap();
    assert_eq!(server.certificate_requests(), 2);
    assert_eq!(server.calls().len(), 2, "no call was made twice");
}

#[tokio::test]
async fn forged_keys_do_not_drive_us() {
    let (a, stranger) = (Platform::a(), Platform::b());
    let server = Server::start(move |seen| {
        let a = if is_certificates(seen) {
            a.certificates(&[&a])
        } else {
            stranger.answer(200, "{}")
        };
        a.into()
    })
    .await;
    let client = builder(merchant(), &server).build().unwrap();
    for _ in 0..10 {
        let error = client.execute(&query()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification);
    }
    assert!(
        server.certificate_requests() <= 2,
        "{}",
        server.certificate_requests()
    );
}

#[tokio::test]
async fn without_certificates_nothing_is_sent() {
    let server = Server::start(|_| Act::HangUp).await;
    // A pause that no slow machine outlasts.
    let policy = RefreshPolicy::default().back_off(600, 600);
    let keyring = PlatformKeyring::certificates().with_refresh_policy(policy);
    let client = builder(merchant_with(keyring), &server).build().unwrap();
    let error = client.execute(&query()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PlatformKeys);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.calls().is_empty());
    // What has just failed is not tried again at once, and the reason is still told.
    let before = server.certificate_requests();
    let error = client.execute(&query()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PlatformKeys);
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(server.certificate_requests(), before);
}

#[tokio::test]
async fn a_refresh_that_has_to_wait_does_not_claim_that_there_are_no_certificates() {
    let platform = Platform::a();
    let first = AtomicBool::new(true);
    let server = Server::start(move |_| {
        if first.swap(false, Ordering::Relaxed) {
            platform.certificates(&[&platform]).into()
        } else {
            Act::HangUp
        }
    })
    .await;
    // Always due, and long to wait after a failure.
    let policy = RefreshPolicy::default().interval(0).back_off(60, 60);
    let keyring = PlatformKeyring::certificates().with_refresh_policy(policy);
    let client = builder(merchant_with(keyring), &server).build().unwrap();
    client.refresh_certificates().await.unwrap_err();
    let before = server.certificate_requests();
    let error = client.refresh_certificates().await.unwrap_err();
    assert_eq!(server.certificate_requests(), before);
    let text = error.to_string();
    assert!(text.contains("has just failed"), "{text}");
    assert!(!text.contains("no platform certificate"), "{text}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn a_failure_of_somebody_else_is_not_taken_for_ones_own() {
    // Another client of the same keys, which has failed a moment ago.
    let policy = RefreshPolicy::default().back_off(60, 60);
    let keyring = PlatformKeyring::certificates().with_refresh_policy(policy);
    let decision = keyring.refresh(SystemClock::new().now(), RefreshReason::Missing);
    assert!(matches!(decision, RefreshDecision::Start(_)));
    drop(decision);
    let server = Server::start(|_| Act::HangUp).await;
    let client = builder(merchant_with(keyring), &server).build().unwrap();
    let error = client.execute(&query()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("not by this client"), "{error}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn the_pause_after_a_failure_begins_when_it_has_failed() {
    /// Ten seconds pass with every look at it.
    #[derive(Debug)]
    struct Hurried(AtomicI64);
    impl Clock for Hurried {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix(self.0.fetch_add(10, Ordering::Relaxed))
        }
    }
    let server = Server::start(|_| Act::HangUp).await;
    let policy = RefreshPolicy::default().back_off(15, 15);
    let keyring = PlatformKeyring::certificates().with_refresh_policy(policy);
    let clock = Arc::new(Hurried(AtomicI64::new(1_700_000_000)));
    let client = builder(merchant_with(keyring.clone()), &server)
        .clock(clock.clone())
        .build()
        .unwrap();
    client.refresh_certificates().await.unwrap_err();
    let failed_at = clock.0.load(Ordering::Relaxed) - 10;
    let decision = keyring.refresh(Timestamp::from_unix(failed_at), RefreshReason::Missing);
    assert!(
        matches!(decision, RefreshDecision::Wait { until } if until.as_unix() == failed_at + 15),
        "{decision:?}"
    );
}

#[tokio::test]
async fn a_cancelled_first_call_stops_nobody() {
    let platform = Platform::a();
    let gate = Arc::new(tokio::sync::Notify::new());
    let waiting = gate.clone();
    let server = Server::start(move |seen| {
        if is_certificates(seen) {
            waiting.notify_one();
            platform.certificates(&[&platform]).into()
        } else {
            platform.answer(200, "{}").into()
        }
    })
    .await;
    let client = builder(merchant(), &server).build().unwrap();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.execute(&query()).await.map(|_| ()) }
    });
    // The request for certificates has been sent and not yet been read.
    gate.notified().await;
    first.abort();
    tokio::time::timeout(Duration::from_secs(10), client.execute(&query()))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn keys_are_shared_by_clients_of_one_merchant() {
    let server = rotating(99).await;
    let keyring = PlatformKeyring::certificates();
    for _ in 0..2 {
        let client = builder(merchant_with(keyring.clone()), &server)
            .build()
            .unwrap();
        client.execute(&query()).await.unwrap();
    }
    assert_eq!(server.certificate_requests(), 1);
}
