//! What a call says about its effect, and when it is repeated.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tokio::net::TcpListener;
use wxpay_client::proto::{Endpoint, Idempotency, Target, Untyped};
use wxpay_client::{BuildError, Client, Delivery, ErrorKind, Timeouts};

use crate::support::platform::merchant_with;
use crate::support::{Act, Platform, Seen, Server, builder, hasty, merchant, query, transport};

/// A POST whose merchant number makes it safe to repeat.
fn numbered() -> Untyped {
    post().idempotency(Idempotency::MerchantNumber)
}

/// A POST that must not be repeated.
fn post() -> Untyped {
    let target = Target::parse("/v3/pay/transactions/native").unwrap();
    Untyped::post(target, &serde_json::json!({ "out_trade_no": "ORDER-1" })).unwrap()
}

/// A server that does something with its first call and answers every later one.
async fn first(act: impl Fn(&Platform) -> Act + Send + Sync + 'static) -> Server {
    let platform = Platform::a().as_public_key();
    Server::start(move |seen: &Seen| match seen.index {
        0 => act(&platform),
        _ => platform.answer(200, r#"{"ok":true}"#).into(),
    })
    .await
}

/// A client that needs no certificates.
fn client(server: &Server) -> Client {
    builder(merchant_with(Platform::a().keyring()), server)
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_answer_is_an_answer() {
    let server = first(|platform| platform.answer(200, r#"{"ok":true}"#).into()).await;
    let response = client(&server).execute(&numbered()).await.unwrap();
    assert_eq!(response.raw(), r#"{"ok":true}"#);
    assert_eq!(response.request_id(), Some("08F1-0"));
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/v3/pay/transactions/native");
    assert_eq!(seen.header("accept"), "application/json");
    assert!(seen.header("user-agent").starts_with("wxpay-client/"));
    assert_eq!(
        seen.header("wechatpay-serial"),
        Platform::a().as_public_key().id
    );
}

#[tokio::test]
async fn nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::builder(merchant_with(Platform::a().keyring()))
        .endpoint(Endpoint::parse(&format!("http://{address}")).unwrap())
        .transport(transport())
        .build()
        .unwrap();
    let error = client.execute(&post()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("nothing was sent"), "{error}");
}

#[tokio::test]
async fn a_connection_closed_after_the_request_leaves_it_open() {
    let server = first(|_| Act::HangUp).await;
    let error = client(&server).execute(&post()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(error.attempts(), 1);
    assert_eq!(
        server.seen().len(),
        1,
        "a POST without a merchant number is never repeated"
    );
    assert!(error.to_string().contains("query"), "{error}");
}

#[tokio::test]
async fn a_merchant_number_makes_it_repeatable() {
    for act in [
        (|_| Act::HangUp) as fn(&Platform) -> Act,
        |platform| platform.error(500, "SYSTEM_ERROR").into(),
        |platform| Act::Cut(platform.answer(200, "{}"), 10),
    ] {
        let server = first(act).await;
        let response = client(&server).execute(&numbered()).await.unwrap();
        assert_eq!(response.status(), 200);
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].body, seen[1].body, "the same body");
        assert_ne!(
            seen[0].authorization("nonce_str"),
            seen[1].authorization("nonce_str")
        );
        assert_ne!(
            seen[0].authorization("signature"),
            seen[1].authorization("signature")
        );
    }
}

#[tokio::test]
async fn what_answers_say_about_the_effect() {
    for (status, code, delivery) in [
        (400, "PARAM_ERROR", Delivery::Refused),
        (403, "NOT_ENOUGH", Delivery::Refused),
        (429, "FREQUENCY_LIMITED", Delivery::Refused),
        (500, "SYSTEM_ERROR", Delivery::Unknown),
        (503, "SERVICE_UNAVAILABLE", Delivery::Unknown),
    ] {
        let server = first(move |platform| platform.error(status, code).into()).await;
        let error = client(&server).execute(&post()).await.unwrap_err();
        assert_eq!(error.delivery(), delivery, "{status}");
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.api().unwrap().code(), code);
        assert_eq!(error.request_id(), Some("08F1-268435461"));
        assert!(error.to_string().contains(code), "{error}");
    }
}

#[tokio::test]
async fn a_refusal_after_an_open_attempt_is_still_open() {
    let platform = Platform::a().as_public_key();
    let server = Server::start(move |seen| match seen.index {
        0 => Act::HangUp,
        _ => platform.error(403, "OUT_TRADE_NO_USED").into(),
    })
    .await;
    let error = client(&server).execute(&numbered()).await.unwrap_err();
    assert_eq!(error.api().unwrap().code(), "OUT_TRADE_NO_USED");
    assert_eq!(error.attempts(), 2);
    assert_eq!(error.delivery(), Delivery::Unknown);
}

#[tokio::test]
async fn retry_after_is_honoured() {
    for (asked, within, attempts) in [("0", 1000, 2), ("1", 500, 1), ("3600", 60_000, 1)] {
        let platform = Platform::a().as_public_key();
        let server = Server::start(move |_| {
            let mut response = platform.error(429, "FREQUENCY_LIMITED");
            response
                .headers_mut()
                .insert("retry-after", asked.parse().unwrap());
            Act::Answer(response)
        })
        .await;
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .retry(hasty().max_attempts(2))
            .build()
            .unwrap();
        // Waiting past the limit of the call would help nobody, so then the answer stands at once.
        let limit = Duration::from_millis(within);
        let error = client.execute_within(&numbered(), limit).await.unwrap_err();
        assert!(error.is_rate_limited());
        assert_eq!(error.delivery(), Delivery::Refused);
        assert_eq!(error.attempts(), attempts, "{asked} s");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = first(|_| {
        let elsewhere = Response::builder()
            .status(302)
            .header("location", "/elsewhere");
        Act::Answer(elsewhere.body(Bytes::new()).unwrap())
    })
    .await;
    let error = client(&server).execute(&post()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn unsigned_altered_and_unreadable_answers_leave_it_open() {
    let unsigned = |platform: &Platform| {
        let mut response = platform.answer(200, "{}");
        response.headers_mut().remove("wechatpay-signature");
        Act::Answer(response)
    };
    let altered = |platform: &Platform| {
        let mut response = platform.answer(200, r#"{"a":1}"#);
        *response.body_mut() = Bytes::from_static(br#"{"a":2}"#);
        Act::Answer(response)
    };
    for act in [&unsigned as &(dyn Fn(&Platform) -> Act + Sync), &altered] {
        let answer = act(&Platform::a().as_public_key());
        let Act::Answer(answer) = answer else {
            unreachable!()
        };
        let server = first(move |_| Act::Answer(answer.clone())).await;
        let error = client(&server).execute(&post()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification);
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
}

#[tokio::test]
async fn answers_are_read_within_bounds() {
    let long = Bytes::from(vec![b' '; 20_000]);
    let body = long.clone();
    let server = first(move |platform| platform.answer(200, body.clone()).into()).await;
    let small = builder(merchant_with(Platform::a().keyring()), &server)
        .max_response_bytes(10_000)
        .build()
        .unwrap();
    let error = small.execute(&post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.delivery(), Delivery::Unknown);

    let server = first(move |platform| Act::Endless(platform.answer(200, long.clone()))).await;
    let error = client(&server).execute(&post()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn no_limit_is_too_long() {
    let server = first(|platform| platform.answer(200, "{}").into()).await;
    let endless = Timeouts::default()
        .with_connect(Duration::MAX)
        .with_response(Duration::MAX)
        .with_call(Duration::MAX);
    let client = builder(merchant_with(Platform::a().keyring()), &server)
        .timeouts(endless)
        .build()
        .unwrap();
    client.refresh_certificates().await.unwrap();
    client
        .execute_within(&query(), Duration::MAX)
        .await
        .unwrap();
}

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    let tiny = Timeouts::default().with_response(Duration::from_millis(50));
    for act in [(|_| Act::Silence) as fn(&Platform) -> Act, |platform| {
        Act::Stall(platform.answer(200, "{}"))
    }] {
        let server = first(act).await;
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .timeouts(tiny.with_call(Duration::from_millis(200)))
            .build()
            .unwrap();
        let error = client.execute(&post()).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.delivery(), Delivery::Unknown);
    }
}

#[tokio::test]
async fn a_connection_that_never_comes_about_is_not_sent() {
    // Accepts TCP and says nothing, so that TLS never begins.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = Client::builder(merchant_with(Platform::a().keyring()))
        .endpoint(Endpoint::parse(&format!("https://localhost:{}", address.port())).unwrap())
        .transport(transport())
        .timeouts(
            Timeouts::default()
                .with_connect(Duration::from_millis(50))
                .with_call(Duration::from_millis(100)),
        )
        .build()
        .unwrap();
    let error = client.execute(&post()).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn the_second_host_takes_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let server = first(|platform| platform.answer(200, "{}").into()).await;
    let client = Client::builder(merchant_with(Platform::a().keyring()))
        .endpoint(Endpoint::parse(&format!("http://{nobody}")).unwrap())
        .fallback(Endpoint::parse(&server.base_url()).unwrap())
        .transport(transport())
        .build()
        .unwrap();
    // Nothing was sent to the first, so even a POST that must not be repeated may go to the second.
    client.execute(&post()).await.unwrap();
    assert_eq!(server.seen().len(), 1);
    // The next call does not knock at the first again.
    assert!(
        client
            .execute_within(&query(), Duration::from_secs(5))
            .await
            .is_ok()
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn plain_http_is_for_this_machine() {
    let elsewhere =
        || Client::builder(merchant()).endpoint(Endpoint::parse("http://pay.example").unwrap());
    let error: BuildError = elsewhere().build().unwrap_err();
    assert!(error.to_string().contains("pay.example"), "{error}");
    let permitting = wxpay_client::Transport::builder()
        .permit_plain_http(true)
        .build()
        .unwrap();
    elsewhere().transport(permitting).build().unwrap();
}

#[tokio::test]
async fn a_refused_signature_is_explained() {
    let server = first(|platform| {
        let body = concat!(
            r#"{"code":"SIGN_ERROR","detail":{"detail":{"issue":"sign not match"},"field":"signature","#,
            r#""location":"authorization","sign_information":{"method":"POST","sign_message_length":9,"#,
            r#""truncated_sign_message":"POST\n/v3/pay/transactions/other\n1756951532\nx\n{\"out_tr\n","#,
            r#""url":"/v3/pay/transactions/other"}},"message":"错误的签名，验签失败"}"#
        );
        platform.answer(401, body).into()
    })
    .await;
    let error = client(&server).execute(&post()).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Refused);
    let hint = error
        .sign_hint()
        .expect("the answer tells what was checked");
    assert!(hint.contains("/v3/pay/transactions/other"), "{hint}");
}

#[tokio::test]
async fn connections_are_used_again_and_shared() {
    let server = first(|platform| platform.answer(200, "{}").into()).await;
    let transport = transport();
    for _ in 0..3 {
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .transport(transport.clone())
            .build()
            .unwrap();
        client.execute(&query()).await.unwrap();
    }
    let connections: Vec<_> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[test]
fn an_error_is_one_pointer_wide_and_calls_can_be_spawned() {
    assert_eq!(size_of::<wxpay_client::Error>(), size_of::<usize>());
    fn spawnable<T: Send + 'static>(_: impl FnOnce(Client) -> T) {}
    spawnable(|client| async move { client.execute(&query()).await });
    spawnable(|client| async move { client.refresh_certificates().await });
    spawnable(|client| async move {
        let expected = wxpay_client::ExpectedHash::sha1(&"0".repeat(40)).unwrap();
        client
            .download("https://api.mch.weixin.qq.com/x", expected)
            .await?
            .save_to("x")
            .await
    });
}
