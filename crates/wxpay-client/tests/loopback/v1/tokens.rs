//! The access token: one fetch for everybody, again before it ends, again when it is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::sync::Notify;
use wxpay_client::v1::{
    AccessToken, Client, IssuedToken, TokenCache, TokenFuture, TokenPolicy, TokenProvider,
};
use wxpay_client::{Clock, Delivery, Error, ErrorKind, Timeouts, Timestamp};

use super::{APP_SECRET, Prepay, app_secret, builder};
use crate::support::{Act, Seen, Server};

fn json(text: impl Into<Bytes>) -> Act {
    Act::Answer(Response::new(text.into()))
}

fn is_fetch(seen: &Seen) -> bool {
    seen.target.starts_with("/cgi-bin/token?")
}

fn fetches(server: &Server) -> usize {
    server.seen().iter().filter(|seen| is_fetch(seen)).count()
}

/// The token a call came with.
fn token(seen: &Seen) -> &str {
    seen.target.split_once("access_token=").unwrap().1
}

/// A platform that gives out `TOKEN-0`, `TOKEN-1`, … and takes what the test says.
async fn platform(takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    let given = AtomicUsize::new(0);
    Server::start(move |seen| {
        if is_fetch(seen) {
            let number = given.fetch_add(1, Ordering::SeqCst);
            json(format!(
                r#"{{"access_token":"TOKEN-{number}","expires_in":7200}}"#
            ))
        } else if takes(token(seen)) {
            json(r#"{"prepayid":"PREPAY-1","errcode":0,"errmsg":"Success"}"#)
        } else {
            json(r#"{"errcode":42001,"errmsg":"access_token expired"}"#)
        }
    })
    .await
}

/// A clock that is moved by hand.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_400_000_000)))
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn a_hundred_callers_and_one_fetch() {
    let server = platform(|_| true).await;
    let client = builder(&server).app_secret(app_secret()).build().unwrap();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.execute(&Prepay).await.map(|it| it.into_value()) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "PREPAY-1");
    }
    assert_eq!(fetches(&server), 1);
    let seen = server.seen();
    let fetch = seen.iter().find(|seen| is_fetch(seen)).unwrap();
    assert_eq!(
        fetch.target,
        format!(
            "/cgi-bin/token?grant_type=client_credential&appid=wxf8b4f85f3a794e77&secret={APP_SECRET}"
        )
    );
    let calls: Vec<_> = seen.iter().filter(|seen| !is_fetch(seen)).collect();
    assert_eq!(calls.len(), 100);
    assert!(calls.iter().all(|call| token(call) == "TOKEN-0"));
}

#[tokio::test]
async fn it_is_fetched_again_before_it_ends_and_used_meanwhile() {
    let server = platform(|_| true).await;
    let clock = Hand::new();
    let client = builder(&server)
        .app_secret(app_secret())
        .clock(clock.clone())
        .build()
        .unwrap();
    client.execute(&Prepay).await.unwrap();
    clock.advance(7200 - 301);
    client.execute(&Prepay).await.unwrap();
    assert_eq!(fetches(&server), 1, "not yet due");
    clock.advance(2);
    client.execute(&Prepay).await.unwrap();
    let last = server.seen().into_iter().rfind(|seen| !is_fetch(seen));
    assert_eq!(
        token(&last.unwrap()),
        "TOKEN-0",
        "nobody waits for the next"
    );
    while client.access_token().await.unwrap().expose() != "TOKEN-1" {
        tokio::task::yield_now().await;
    }
    client.execute(&Prepay).await.unwrap();
    assert_eq!(fetches(&server), 2);
    let last = server.seen().pop().unwrap();
    assert_eq!(token(&last), "TOKEN-1");
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_same_request_sent_again() {
    let server = platform(|token| token != "TOKEN-0").await;
    let clock = Hand::new();
    let client = builder(&server)
        .app_secret(app_secret())
        .clock(clock.clone())
        .build()
        .unwrap();
    assert_eq!(client.access_token().await.unwrap().expose(), "TOKEN-0");
    clock.advance(3600);
    assert_eq!(client.execute(&Prepay).await.unwrap().value(), "PREPAY-1");
    let seen = server.seen();
    let targets: Vec<_> = seen.iter().map(|seen| &seen.target[..12]).collect();
    assert_eq!(
        targets,
        [
            "/cgi-bin/tok",
            "/pay/genprep",
            "/cgi-bin/tok",
            "/pay/genprep"
        ]
    );
    assert_eq!(seen[1].body, seen[3].body);
    assert_eq!(token(&seen[3]), "TOKEN-1");
}

#[tokio::test]
async fn a_token_that_is_always_refused_is_not_fetched_for_ever() {
    let server = platform(|_| false).await;
    let cache = TokenCache::new(TokenPolicy::default().min_interval(0));
    let client = builder(&server)
        .app_secret(app_secret())
        .token_cache(cache)
        .build()
        .unwrap();
    let error = client.execute(&Prepay).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    assert_eq!(error.delivery(), Delivery::Refused);
    assert_eq!(error.v1_api().unwrap().errcode(), Some(42001));
    assert_eq!(error.attempts(), 2);
    assert_eq!(fetches(&server), 2);

    // With the pause between two fetches that is usual there is no second one at all.
    let server = platform(|_| false).await;
    let client = builder(&server).app_secret(app_secret()).build().unwrap();
    let error = client.execute(&Prepay).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessToken);
    assert!(error.to_string().contains("another server"), "{error}");
    assert_eq!(fetches(&server), 1);
}

#[tokio::test]
async fn a_wrong_app_secret_is_said_once_and_not_repeated() {
    let server = Server::start(|_| json(r#"{"errcode":40125,"errmsg":"invalid appsecret"}"#)).await;
    let client = builder(&server).app_secret(app_secret()).build().unwrap();
    for _ in 0..2 {
        let error = client.execute(&Prepay).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessToken);
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!(error.operation(), "v1.prepay");
        let source = std::error::Error::source(&error).unwrap();
        let source = source.downcast_ref::<Error>().unwrap();
        assert_eq!(source.v1_api().unwrap().errcode(), Some(40125));
        let text = format!("{error} {error:?} {source}");
        assert!(!text.contains(APP_SECRET), "{text}");
    }
    assert_eq!(server.seen().len(), 1, "the second call knew already");
}

#[tokio::test]
async fn without_a_way_to_a_token_nothing_is_sent() {
    let server = platform(|_| true).await;
    let cache = TokenCache::default();
    let client = builder(&server).token_cache(cache.clone()).build().unwrap();
    for _ in 0..2 {
        let error = client.execute(&Prepay).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessToken);
        assert!(error.to_string().contains("app_secret"), "{error}");
    }
    assert!(server.seen().is_empty());
    // Unless another one puts a token into the same cache.
    let other = builder(&server).app_secret(app_secret()).token_cache(cache);
    other.build().unwrap().access_token().await.unwrap();
    client.execute(&Prepay).await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_takes_nothing_from_the_others() {
    let server = Server::start(move |seen| match seen.index {
        0 => Act::Silence,
        _ if is_fetch(seen) => json(r#"{"access_token":"TOKEN-1","expires_in":7200}"#),
        _ => json(r#"{"prepayid":"PREPAY-1"}"#),
    })
    .await;
    let client = builder(&server)
        .app_secret(app_secret())
        .token_cache(TokenCache::new(TokenPolicy::default().back_off(0, 0)))
        .timeouts(Timeouts::default().with_response(Duration::from_millis(200)))
        .build()
        .unwrap();
    let gone = client.clone();
    let gone = tokio::spawn(async move { gone.execute(&Prepay).await.map(drop) });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    gone.abort();
    // The flight goes on without whoever began it, fails, and the next caller flies again.
    assert!(client.execute(&Prepay).await.is_ok());
    assert_eq!(fetches(&server), 2);
}

/// A central server: hands out one token until it is told that it is refused.
#[derive(Default)]
struct Central {
    asked: AtomicUsize,
    refusals: AtomicUsize,
    hangs: bool,
    never: Notify,
}

struct Shared(Arc<Central>);

impl TokenProvider for Shared {
    fn token<'a>(&'a self, refused: Option<&'a AccessToken>) -> TokenFuture<'a> {
        let central = &*self.0;
        central.asked.fetch_add(1, Ordering::SeqCst);
        if refused.is_some_and(|token| token.expose() == "CENTRAL-0") {
            central.refusals.fetch_add(1, Ordering::SeqCst);
        }
        Box::pin(async move {
            if central.hangs {
                central.never.notified().await;
            }
            let number = central.refusals.load(Ordering::SeqCst);
            let token = AccessToken::new(format!("CENTRAL-{number}"))?;
            Ok(IssuedToken::new(token, 7200))
        })
    }
}

#[tokio::test]
async fn several_servers_share_a_central_token() {
    let server = platform(|token| token != "CENTRAL-0").await;
    let central = Arc::new(Central::default());
    let clock = Hand::new();
    let clients: Vec<Client> = (0..3)
        .map(|_| {
            builder(&server)
                .token_provider(Shared(central.clone()))
                .clock(clock.clone())
                .build()
                .unwrap()
        })
        .collect();
    for client in &clients {
        client.access_token().await.unwrap();
    }
    clock.advance(2);
    for client in &clients {
        client.execute(&Prepay).await.unwrap();
    }
    assert_eq!(fetches(&server), 0, "none of them fetches for itself");
    assert_eq!(central.asked.load(Ordering::SeqCst), 6);
    assert_eq!(central.refusals.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_provider_that_hangs_ends_with_the_call() {
    let server = platform(|_| true).await;
    let central = Central {
        hangs: true,
        ..Central::default()
    };
    let client = builder(&server)
        .token_provider(Shared(Arc::new(central)))
        .timeouts(Timeouts::default().with_call(Duration::from_millis(50)))
        .build()
        .unwrap();
    let error = client.execute(&Prepay).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn tokens_of_other_calls_are_given_and_given_up() {
    let server = platform(|_| true).await;
    let cache = TokenCache::new(TokenPolicy::default().min_interval(0));
    let client = builder(&server)
        .app_secret(app_secret())
        .token_cache(cache.clone())
        .build()
        .unwrap();
    let other = builder(&server)
        .app_secret(app_secret())
        .token_cache(cache)
        .build()
        .unwrap();
    let first = client.access_token().await.unwrap();
    assert_eq!(other.access_token().await.unwrap().expose(), first.expose());
    assert_eq!(fetches(&server), 1);
    other.invalidate_token(&first);
    assert_eq!(client.access_token().await.unwrap().expose(), "TOKEN-1");
}
