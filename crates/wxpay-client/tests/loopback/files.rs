//! Files that operations answer with: statements that are signed by their digest, images that nobody signs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Response;
use sha1::{Digest, Sha1};
use wxpay_client::proto::{Host, Target, Untyped};
use wxpay_client::{Client, Download, Error, ErrorKind};

use crate::support::platform::merchant_with;
use crate::support::{Act, Platform, Server, builder, merchant, query};

const TEXT: &[u8] = "\u{feff}交易时间,公众账号ID\r\n`2024-01-01 00:00:00,`wx1\r\n".as_bytes();

fn statement() -> Untyped {
    Untyped::get(Target::new("/v3/global/statements").query("date", "20260101"))
        .digest_reply()
        .at(Host::HongKong)
}

fn image() -> Untyped {
    Untyped::get(Target::new("/v3/merchant-service/images/").segment("file_1")).unsigned_reply()
}

/// The platform's key under the name the clients here know.
fn platform() -> Platform {
    Platform::a().as_public_key()
}

fn hash(text: &[u8]) -> String {
    let hash = Sha1::digest(text);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `platform` answers: `file`, signed as one whose SHA-1 is `sha1`.
fn signed(platform: &Platform, sha1: &str, file: &[u8]) -> Response<Bytes> {
    let mut response = platform.answer(200, format!("{{\"sha1\":\"{sha1}\"}}"));
    let value = sha1.parse().unwrap();
    response
        .headers_mut()
        .insert("Wechatpay-Statement-Sha1", value);
    response.headers_mut().remove("content-length");
    response.map(|_| Bytes::copy_from_slice(file))
}

/// A server that gives each answer once, the last one for ever.
async fn serving(answers: Vec<Response<Bytes>>) -> (Server, Client) {
    let answers = Mutex::new(answers);
    let server = Server::start(move |_| {
        let mut answers = answers.lock().unwrap();
        let last = answers.len() == 1;
        let answer = if last {
            answers[0].clone()
        } else {
            answers.remove(0)
        };
        Act::Answer(answer)
    })
    .await;
    let client = builder(merchant_with(Platform::a().keyring()), &server)
        .build()
        .unwrap();
    (server, client)
}

async fn read(mut file: Download) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    while let Some(piece) = file.chunk().await? {
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

#[tokio::test]
async fn a_statement_streams_and_is_what_was_signed() {
    let (server, client) = serving(vec![signed(&platform(), &hash(TEXT), TEXT)]).await;
    let file = client.fetch(&statement()).await.unwrap();
    assert!(file.has_hash());
    assert_eq!(read(file).await.unwrap(), TEXT);
    assert_eq!(
        server.calls()[0].target,
        "/v3/global/statements?date=20260101"
    );
    // As an operation it comes whole.
    let whole = client.execute(&statement()).await.unwrap();
    assert_eq!(whole.value(), TEXT);
}

#[tokio::test]
async fn a_statement_with_another_hash_ends_in_an_error() {
    let (_server, client) = serving(vec![signed(&platform(), &hash(b"other"), TEXT)]).await;
    let file = client.fetch(&statement()).await.unwrap();
    assert_eq!(read(file).await.unwrap_err().kind(), ErrorKind::Content);
    let whole = client.execute(&statement()).await.unwrap_err();
    assert_eq!(whole.kind(), ErrorKind::Verification);
}

#[tokio::test]
async fn a_head_that_is_not_proven_gives_no_byte() {
    let unsigned = Response::new(Bytes::from_static(TEXT));
    let mut other = signed(&platform(), &hash(TEXT), TEXT);
    let sha1 = hash(b"other").parse().unwrap();
    other.headers_mut().insert("Wechatpay-Statement-Sha1", sha1);
    for answer in [unsigned, other] {
        let (_server, client) = serving(vec![answer]).await;
        let error = client.fetch(&statement()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
    }
}

#[tokio::test]
async fn the_key_of_a_statement_is_fetched() {
    let (known, new) = (Platform::a(), Platform::b());
    let lists = AtomicUsize::new(0);
    let server = Server::start(move |seen| {
        let answer = if !seen.target.starts_with("/v3/certificates") {
            signed(&new, &hash(TEXT), TEXT)
        } else if lists.fetch_add(1, Ordering::SeqCst) == 0 {
            known.certificates(&[&known])
        } else {
            known.certificates(&[&known, &new])
        };
        Act::Answer(answer)
    })
    .await;
    let client = builder(merchant(), &server).build().unwrap();
    let file = client.fetch(&statement()).await.unwrap();
    assert_eq!(read(file).await.unwrap(), TEXT);
    assert_eq!(server.certificate_requests(), 2);
    assert_eq!(
        server.calls().len(),
        1,
        "the head is looked at again, not asked for"
    );
}

#[tokio::test]
async fn an_image_comes_as_it_is() {
    // What looks like gzip is not unpacked: it is the file.
    let content = b"\x1f\x8b\x08 no gzip at all";
    let (_server, client) = serving(vec![Response::new(Bytes::from_static(content))]).await;
    let file = client.fetch(&image()).await.unwrap();
    assert!(!file.has_hash());
    assert_eq!(read(file).await.unwrap(), content);
}

#[tokio::test]
async fn errors_in_place_of_a_file() {
    let (server, client) = serving(vec![
        platform().error(500, "SYSTEM_ERROR"),
        Response::new(Bytes::from_static(b"\xff\xd8\xff")),
    ])
    .await;
    let file = client.fetch(&image()).await.unwrap();
    assert_eq!(read(file).await.unwrap(), b"\xff\xd8\xff");
    assert_eq!(server.calls().len(), 2, "a query is repeated");

    let (_server, client) = serving(vec![platform().error(404, "NOT_FOUND")]).await;
    let error = client.fetch(&image()).await.unwrap_err();
    assert_eq!(error.api().unwrap().code(), "NOT_FOUND");
}

#[tokio::test]
async fn what_is_no_file_is_not_fetched() {
    let (server, client) = serving(vec![platform().answer(200, "{}")]).await;
    let error = client.fetch(&query()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(server.calls().is_empty());
}
