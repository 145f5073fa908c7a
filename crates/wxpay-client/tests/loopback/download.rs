//! Files: whole, wrong, damaged, cut short.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_core::Stream;
use http::Response;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use sm3::Sm3;
use tokio::io::AsyncReadExt;
use wxpay_client::{Client, Delivery, Error, ErrorKind, ExpectedHash, Timeouts};

use crate::support::platform::merchant_with;
use crate::support::{Act, Platform, Server, builder};

const TEXT: &[u8] = "\u{feff}交易时间,公众账号ID\r\n`2024-01-01 00:00:00,`wx1\r\n".as_bytes();

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

fn sha1(text: &[u8]) -> ExpectedHash {
    ExpectedHash::new("SHA1", &hex(&Sha1::digest(text))).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The hash of every type that can be announced.
fn hashes(text: &[u8]) -> [(&'static str, String); 3] {
    [
        ("SHA1", hex(&Sha1::digest(text))),
        ("SHA256", hex(&Sha256::digest(text))),
        ("SM3", hex(&Sm3::digest(text))),
    ]
}

fn client(server: &Server) -> Client {
    builder(merchant_with(Platform::a().keyring()), server)
        .timeouts(Timeouts::default().with_response(Duration::from_millis(500)))
        .build()
        .unwrap()
}

async fn serving(act: impl Fn() -> Act + Send + Sync + 'static) -> (Server, Client, String) {
    let server = Server::start(move |_| act()).await;
    let client = client(&server);
    let url = format!("{}/v3/billdownload/file?token=a%2Bb%3D", server.base_url());
    (server, client, url)
}

async fn serving_file(file: Bytes) -> (Server, Client, String) {
    serving(move || Act::Answer(Response::new(file.clone()))).await
}

async fn read(download: &mut wxpay_client::Download) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    while let Some(piece) = download.chunk().await? {
        assert!(!piece.is_empty());
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

#[tokio::test]
async fn plain_and_compressed_give_the_same_text() {
    for file in [Bytes::from_static(TEXT), gzip(TEXT)] {
        let (server, client, url) = serving_file(file).await;
        let mut download = client.download(&url, sha1(TEXT)).await.unwrap();
        assert_eq!(read(&mut download).await.unwrap(), TEXT);
        assert_eq!(
            download.chunk().await.unwrap(),
            None,
            "the end stays the end"
        );
        let seen = &server.seen()[0];
        assert_eq!(
            seen.target, "/v3/billdownload/file?token=a%2Bb%3D",
            "verbatim"
        );
        assert!(
            seen.header("authorization")
                .starts_with("WECHATPAY2-SHA256-RSA2048 ")
        );
    }
}

#[tokio::test]
async fn every_type_of_hash_is_compared() {
    // Several pieces, so that hashing in parts is what is tested.
    let text: Vec<u8> = (0..100_000_u32).map(|at| b' ' + (at % 89) as u8).collect();
    let mut altered = text.clone();
    *altered.last_mut().unwrap() ^= 1;
    for file in [Bytes::from(text.clone()), gzip(&text)] {
        let (_server, client, url) = serving_file(file).await;
        for ((hash_type, right), (_, wrong)) in hashes(&text).into_iter().zip(hashes(&altered)) {
            let right = ExpectedHash::new(hash_type, &right).unwrap();
            let mut download = client.download(&url, right).await.unwrap();
            assert!(download.has_hash());
            assert!(read(&mut download).await.unwrap() == text, "{hash_type}");

            let wrong = ExpectedHash::new(hash_type, &wrong).unwrap();
            let mut download = client.download(&url, wrong).await.unwrap();
            let error = read(&mut download).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Content, "{hash_type}");
            assert_eq!(download.length(), text.len() as u64, "only at the end");
            assert!(download.chunk().await.is_err(), "{hash_type}");
        }
        // SHA-256 and SM3 are equally long; the digits of the one do not pass for the other.
        let [_, (_, sha256), (_, sm3)] = hashes(&text);
        for swapped in [ExpectedHash::sha256(&sm3), ExpectedHash::sm3(&sha256)] {
            let mut download = client.download(&url, swapped.unwrap()).await.unwrap();
            let error = read(&mut download).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Content);
        }
    }
}

#[tokio::test]
async fn as_other_libraries_read_it() {
    let (_server, client, url) = serving_file(gzip(TEXT)).await;
    let mut text = Vec::new();
    let mut download = client.download(&url, sha1(TEXT)).await.unwrap();
    download.read_to_end(&mut text).await.unwrap();
    assert_eq!(text, TEXT);

    let mut download = std::pin::pin!(client.download(&url, sha1(b"other")).await.unwrap());
    let mut items = Vec::new();
    while let Some(item) = std::future::poll_fn(|cx| download.as_mut().poll_next(cx)).await {
        items.push(item.is_ok());
    }
    assert_eq!(
        items,
        [true, false],
        "the text, then the error, then the end"
    );
}

#[tokio::test]
async fn everything_wrong_ends_in_an_error() {
    let cut = gzip(TEXT);
    let cut = cut.slice(..cut.len() - 4);
    for (file, expected) in [
        (Bytes::from_static(TEXT), sha1(b"another text")),
        (gzip(TEXT), sha1(&gzip(TEXT))),
        (cut, sha1(TEXT)),
        (Bytes::new(), sha1(TEXT)),
    ] {
        let (_server, client, url) = serving_file(file).await;
        let mut download = client.download(&url, expected).await.unwrap();
        let error = read(&mut download).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Content, "{error}");
        assert!(
            download.chunk().await.is_err(),
            "it does not end well later"
        );

        let mut download = client.download(&url, expected).await.unwrap();
        let error = download.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert!(error.get_ref().is_some_and(|inner| inner.is::<Error>()));
    }
}

#[tokio::test]
async fn a_file_cut_short_or_stuck_is_an_error() {
    let (_server, client, url) =
        serving(|| Act::Cut(Response::new(Bytes::from_static(TEXT)), 1)).await;
    let mut download = client.download(&url, sha1(TEXT)).await.unwrap();
    assert_eq!(
        read(&mut download).await.unwrap_err().kind(),
        ErrorKind::Connection
    );

    let (_server, client, url) =
        serving(|| Act::Stall(Response::new(Bytes::from_static(TEXT)))).await;
    let mut download = client.download(&url, sha1(TEXT)).await.unwrap();
    assert!(read(&mut download).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_bomb_is_bounded() {
    let bomb = gzip(&vec![0; 2 << 20]);
    let (_server, client, url) = serving_file(bomb).await;
    let mut download = client
        .download(&url, sha1(TEXT))
        .await
        .unwrap()
        .max_bytes(1 << 18);
    let error = loop {
        match download.chunk().await {
            Ok(Some(piece)) => assert!(piece.len() <= 64 << 10),
            Ok(None) => panic!("it must not end"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Content);
    assert!(download.length() <= (1 << 18) + (64 << 10));
}

#[tokio::test]
async fn an_error_in_place_of_the_file() {
    let platform = Platform::a().as_public_key();
    let (_server, client, url) =
        serving(move || platform.error(400, "NO_STATEMENT_EXIST").into()).await;
    let error = client.download(&url, sha1(TEXT)).await.unwrap_err();
    assert_eq!(error.api().unwrap().code(), "NO_STATEMENT_EXIST");
}

#[tokio::test]
async fn a_signed_request_goes_to_nobody_else() {
    let (server, client, _) = serving_file(Bytes::new()).await;
    for url in [
        "http://127.0.0.1:1/x",
        "https://evil.example/x",
        "/v3/billdownload/file",
        "",
    ] {
        let error = client.download(url, sha1(TEXT)).await.unwrap_err();
        assert_eq!(error.delivery(), Delivery::NotSent, "{url}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    let (_server, client, url) = serving_file(gzip(TEXT)).await;
    let wrong = client.download(&url, sha1(b"other")).await.unwrap();
    assert_eq!(
        wrong.save_to(&path).await.unwrap_err().kind(),
        ErrorKind::Content
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left over"
    );
    let right = client.download(&url, sha1(TEXT)).await.unwrap();
    assert_eq!(right.save_to(&path).await.unwrap(), TEXT.len() as u64);
    assert_eq!(std::fs::read(&path).unwrap(), TEXT);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = client.download(&url, sha1(TEXT)).await.unwrap();
    let error = nowhere
        .save_to(folder.path().join("missing/bill.csv"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
}
