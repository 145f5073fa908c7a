//! v3, with requests that no sandbox sends.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tower_service::Service as _;
use wxpay_api::pay::Transaction;
use wxpay_client::axum::{Rejection, Reply, Verified, VerifiedNotification};
use wxpay_client::proto::{MAX_NOTIFICATION_BYTES, reply};
use wxpay_client::{ApiV3Key, Client, Credential, Merchant, SerialNumber};

use crate::shop::{Shop, serve};
use crate::support::platform::{API_V3_KEY, MCHID, merchant_key, merchant_with};
use crate::support::{Act, Platform, Server, builder, merchant, transport};

/// A body of unknown length.
pub(crate) struct Pieces {
    /// How long the first one takes.
    pause: Pin<Box<Sleep>>,
    pieces: VecDeque<Bytes>,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    Proper,
    CutOff,
    Never,
}

impl Pieces {
    fn new(pieces: impl IntoIterator<Item = Bytes>, end: End) -> Self {
        Self {
            pause: Box::pin(sleep(Duration::ZERO)),
            pieces: pieces.into_iter().collect(),
            end,
        }
    }

    fn after(mut self, pause: Duration) -> Self {
        self.pause = Box::pin(sleep(pause));
        self
    }

    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn cut_off(text: &'static str) -> Self {
        Self::new([Bytes::from_static(text.as_bytes())], End::CutOff)
    }

    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn without_end(text: &'static str) -> Self {
        Self::new([Bytes::from_static(text.as_bytes())], End::Never)
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.pause.is_elapsed() && self.pause.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        match (self.pieces.pop_front(), self.end) {
            (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            (None, End::Proper) => Poll::Ready(None),
            (None, End::CutOff) => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
            (None, End::Never) => Poll::Pending,
        }
    }
}

/// What the router answers.
pub(crate) async fn call(mut router: Router, request: Request<Body>) -> Response {
    router.call(request).await.unwrap()
}

pub(crate) async fn text(answer: Response) -> String {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn taken(
    State(shop): State<Shop<Client>>,
    VerifiedNotification(notification): VerifiedNotification,
) -> Reply {
    shop.inbox.send(notification.id().to_owned()).unwrap();
    Reply(reply::success())
}

/// Keeps what it cannot read.
async fn kept(
    State(shop): State<Shop<Client>>,
    payment: Result<Verified<Transaction>, Rejection>,
) -> Response {
    let Err(rejection) = payment else {
        return Reply(reply::success()).into_response();
    };
    assert!(rejection.is_genuine());
    let plaintext = rejection.content_error().unwrap().plaintext();
    let plaintext = std::str::from_utf8(plaintext).unwrap().to_owned();
    shop.inbox.send(plaintext).unwrap();
    rejection.into_response()
}

fn routes(shop: Shop<Client>) -> Router {
    Router::new()
        .route("/", post(taken))
        .route("/any", any(taken))
        .route("/kept", post(kept))
        .with_state(shop)
}

/// A client that knows the platform's key and asks nobody.
fn client() -> Client {
    Client::builder(merchant_with(Platform::a().keyring()))
        .transport(transport())
        .build()
        .unwrap()
}

/// A genuine notification.
fn notification(platform: &Platform) -> (HeaderMap, Bytes) {
    let key = ApiV3Key::new(API_V3_KEY).unwrap();
    let body = serde_json::json!({
        "id": "EV-1",
        "create_time": "2024-05-20T13:29:35+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "resource": {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": key.seal(b"fdasflkja484", b"transaction", br#"{"odd":"form"}"#).unwrap(),
            "associated_data": "transaction",
            "nonce": "fdasflkja484",
        },
    });
    let (parts, body) = platform.answer(200, body.to_string()).into_parts();
    (parts.headers, body)
}

fn request(path: &str, headers: &HeaderMap, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path).body(body.into()).unwrap();
    request.headers_mut().clone_from(headers);
    request
}

#[tokio::test]
async fn neither_method_nor_content_type_is_signed() {
    let (shop, mut arrivals) = Shop::new(client());
    let (mut headers, body) = notification(&Platform::a().as_public_key());
    headers.insert("content-type", "text/plain".parse().unwrap());
    let mut put = request("/any", &headers, body.clone());
    *put.method_mut() = http::Method::PUT;
    let answer = call(routes(shop.clone()), put).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(text(answer).await, "");
    headers.remove("content-type");
    // In pieces, as they come from a network.
    let pieces = body.chunks(7).map(Bytes::copy_from_slice);
    let pieces = Body::new(Pieces::new(pieces, End::Proper));
    let answer = call(routes(shop.clone()), request("/", &headers, pieces)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    for _ in 0..2 {
        assert_eq!(arrivals.recv().await.unwrap(), "EV-1");
    }

    // What is routed by axum is refused by axum.
    let mut get = request("/", &headers, body);
    *get.method_mut() = http::Method::GET;
    let answer = call(routes(shop), get).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test]
async fn what_is_not_whole_or_not_signed_reaches_nobody() {
    let (shop, mut arrivals) = Shop::new(client());
    let genuine = Platform::a().as_public_key();
    let (headers, body) = notification(&genuine);
    let (forged, _) = notification(&Platform::b().as_public_key());
    let (unknown, _) = notification(&Platform::b());
    let mut changed = body.to_vec();
    *changed.last_mut().unwrap() = b' ';
    let limit = MAX_NOTIFICATION_BYTES;
    let piece = Bytes::from(vec![b' '; 64 << 10]);
    let pieces = vec![piece; limit / (64 << 10) + 1];
    let half = body.slice(..body.len() / 2);
    let large = vec![b' '; limit + 1];
    let whole = vec![b' '; limit];

    let cases = [
        ("forged", 401, &forged, Body::from(body.clone())),
        ("unknown key", 401, &unknown, Body::from(body.clone())),
        ("changed", 401, &headers, Body::from(changed)),
        ("nothing", 401, &headers, Body::empty()),
        (
            "no headers",
            401,
            &HeaderMap::new(),
            Body::from(body.clone()),
        ),
        (
            "half, and that is all",
            401,
            &headers,
            Body::from(half.clone()),
        ),
        (
            "cut off",
            400,
            &headers,
            Body::new(Pieces::new([half], End::CutOff)),
        ),
        ("just fits", 401, &headers, Body::from(whole)),
        ("too large", 413, &headers, Body::from(large)),
        (
            "no end",
            413,
            &headers,
            Body::new(Pieces::new(pieces, End::Never)),
        ),
    ];
    for (what, status, headers, body) in cases {
        let answer = call(routes(shop.clone()), request("/", headers, body)).await;
        assert_eq!(answer.status(), status, "{what}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/json",
            "{what}"
        );
        let answer: serde_json::Value = serde_json::from_str(&text(answer).await).unwrap();
        assert_eq!(answer["code"], "FAIL", "{what}");
    }
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test]
async fn what_is_announced_as_too_large_is_not_waited_for() {
    let (shop, mut arrivals) = Shop::new(client());
    let address = serve(routes(shop)).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 1048577\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 413");

    // One that breaks in the middle leaves the others alone.
    let (headers, body) = notification(&Platform::a().as_public_key());
    let mut head = String::from("POST / HTTP/1.1\r\nhost: shop\r\n");
    for (name, value) in &headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body[..100]).await.unwrap();
    drop(stream);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 204");
    assert_eq!(arrivals.recv().await.unwrap(), "EV-1");
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_given_up_before_wechat_pay_gives_up() {
    let (shop, _arrivals) = Shop::new(client());
    let (headers, body) = notification(&Platform::a().as_public_key());
    let body = Body::new(Pieces::new([body.slice(..10)], End::Never));
    let start = Instant::now();
    let answer = call(routes(shop), request("/", &headers, body)).await;
    assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_key_is_given_up_before_wechat_pay_gives_up() {
    let (headers, body) = notification(&Platform::a());
    let [four, five] = [4, 5].map(Duration::from_secs);
    // The time that the body took is no longer there for the key.
    for pause in [0, 3].map(Duration::from_secs) {
        let server = Server::start(|_| Act::Silence).await;
        let (shop, _arrivals) = Shop::new(builder(merchant(), &server).build().unwrap());
        let body = Pieces::new([body.clone()], End::Proper).after(pause);
        let start = Instant::now();
        let answer = call(routes(shop), request("/", &headers, Body::new(body))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let took = start.elapsed();
        assert!(took >= four && took < five, "{took:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_known_is_fetched() {
    let platform = Platform::a();
    let server = Server::start(move |_| platform.certificates(&[&platform]).into()).await;
    let (shop, mut arrivals) = Shop::new(builder(merchant(), &server).build().unwrap());
    let (headers, body) = notification(&Platform::a());
    let answer = call(routes(shop), request("/", &headers, body)).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(arrivals.recv().await.unwrap(), "EV-1");
}

#[tokio::test]
async fn what_is_genuine_and_not_understood_is_sent_again_and_can_be_kept() {
    let (shop, mut arrivals) = Shop::new(client());
    let (headers, body) = notification(&Platform::a().as_public_key());
    let answer = call(routes(shop), request("/kept", &headers, body.clone())).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!text(answer).await.contains("odd"));
    assert_eq!(arrivals.recv().await.unwrap(), r#"{"odd":"form"}"#);

    // Another API v3 key than the portal's.
    let serial = SerialNumber::parse("5157F09EFDC096DE15EBE81A47057A7232F1B8E1").unwrap();
    let stranger = Merchant::new(
        Credential::new(MCHID, serial, merchant_key()).unwrap(),
        ApiV3Key::new(b"another-key-another-key-another-").unwrap(),
        Platform::a().keyring(),
    );
    let stranger = Client::builder(stranger).transport(transport());
    let (shop, _arrivals) = Shop::new(stranger.build().unwrap());
    let answer = call(routes(shop), request("/", &headers, body)).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
