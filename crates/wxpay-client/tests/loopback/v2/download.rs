//! Files: the answer is the file, or an error in its place.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Response;
use sha1::{Digest, Sha1};
use wxpay_client::proto::Idempotency;
use wxpay_client::proto::v2::{AcceptError, NotXmlKind, OperationInfo, ReplyForm, Untyped};
use wxpay_client::{Delivery, Download, Error, ErrorKind, Timeouts};

use super::{builder, client, query, raw, signed, xml};
use crate::support::{Act, Server};

const TEXT: &[u8] = "\u{feff}交易时间,公众账号ID\r\n`2024-01-01 00:00:00,`wx1\r\n".as_bytes();

fn bill() -> Untyped {
    let info = OperationInfo::new("v2.bill", "/pay/downloadbill", Idempotency::Safe);
    Untyped::new(info.reply(ReplyForm::File)).field("bill_date", "20240101")
}

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

async fn read(download: &mut Download) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    while let Some(piece) = download.chunk().await? {
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

async fn serving(act: impl Fn() -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |_| act()).await
}

fn file(body: Bytes, digest: Option<String>) -> Act {
    let mut response = Response::new(body);
    if let Some(digest) = digest {
        let headers = response.headers_mut();
        headers.insert("digest", digest.parse().unwrap());
    }
    Act::Answer(response)
}

fn sha(text: &[u8]) -> Option<String> {
    let hex: String = Sha1::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(format!("SHA={hex}"))
}

#[tokio::test]
async fn text_and_gzip_give_the_same() {
    for body in [
        Bytes::from_static(TEXT),
        gzip(TEXT),
        Bytes::from_static(&TEXT[3..]),
    ] {
        let expected = if body[0] == TEXT[3] { &TEXT[3..] } else { TEXT };
        let server = serving(move || raw(body.clone())).await;
        let mut download = client(&server).download(&bill()).await.unwrap();
        assert!(!download.has_hash());
        assert_eq!(read(&mut download).await.unwrap(), expected);
        assert_eq!(download.chunk().await.unwrap(), None);
        assert_eq!(server.seen()[0].target, "/pay/downloadbill");
    }
}

#[tokio::test]
async fn a_digest_is_checked_where_there_is_one() {
    let zipped = gzip(TEXT);
    for (body, digest, right) in [
        (Bytes::from_static(TEXT), sha(TEXT), true),
        (zipped.clone(), sha(TEXT), true),
        (zipped.clone(), sha(&zipped), true),
        (Bytes::from_static(TEXT), sha(b"other"), false),
        (zipped.clone(), sha(b"other"), false),
        (zipped.slice(..zipped.len() - 4), sha(TEXT), false),
    ] {
        let server = serving(move || file(body.clone(), digest.clone())).await;
        let mut download = client(&server).download(&bill()).await.unwrap();
        assert!(download.has_hash());
        let result = read(&mut download).await;
        assert_eq!(result.is_ok(), right);
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Content);
            assert_eq!(error.operation(), "v2.bill");
            assert!(
                download.chunk().await.is_err(),
                "it does not end well later"
            );
        }
    }
    for digest in ["SHA=short", "MD5=1B2M2Y8AsgTpgAmY7PhCfg==", "nonsense"] {
        let server = serving(|| file(Bytes::from_static(TEXT), Some(digest.to_owned()))).await;
        let error = client(&server).download(&bill()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Content, "{digest}");
    }
}

#[tokio::test]
async fn an_error_in_place_of_the_file_is_told_apart() {
    let server = serving(|| {
        xml(&[
            ("return_code", "FAIL"),
            ("return_msg", "No Bill Exist"),
            ("error_code", "20002"),
        ])
        .into()
    })
    .await;
    let error = client(&server).download(&bill()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Api);
    let protocol = error.v2_protocol().unwrap();
    assert_eq!(protocol.message(), "No Bill Exist");
    assert_eq!(protocol.code().unwrap().as_str(), "20002");
    assert_eq!(server.seen().len(), 1);

    let server = serving(|| {
        let fields = [("result_code", "FAIL"), ("err_code", "NO_BILL_EXIST")];
        signed(&fields).into()
    })
    .await;
    let error = client(&server).download(&bill()).await.unwrap_err();
    assert_eq!(error.v2_api().unwrap().code().as_str(), "NO_BILL_EXIST");
}

#[tokio::test]
async fn what_is_neither_is_named() {
    for (act, kind) in [
        ((|| raw("")) as fn() -> Act, NotXmlKind::Empty),
        (|| raw("\u{feff}"), NotXmlKind::Empty),
        (|| raw("<html></html>"), NotXmlKind::Html),
        (
            || raw("<xml><return_code>SUCCESS</return_code></xml>"),
            NotXmlKind::NoFile,
        ),
    ] {
        let server = serving(act).await;
        let error = client(&server).download(&bill()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
        let Some(AcceptError::NotXml(what)) = error.v2_answer() else {
            panic!("{error:?}")
        };
        assert_eq!(what.kind(), kind);
    }
    let server = serving(|| {
        let gateway = Response::builder().status(502);
        Act::Answer(gateway.body(Bytes::from_static(TEXT)).unwrap())
    })
    .await;
    let error = client(&server).download(&bill()).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Unexpected,
        "the status counts, not the text"
    );
    assert_eq!(error.attempts(), 3);
}

#[tokio::test]
async fn trouble_at_the_beginning_is_tried_again() {
    for act in [
        (|| Act::HangUp) as fn() -> Act,
        || raw(""),
        || Act::Cut(Response::new(Bytes::from_static(b"\xef\xbb")), 10),
    ] {
        let server = Server::start(move |seen| match seen.index {
            0 => act(),
            _ => raw(TEXT),
        })
        .await;
        let mut download = client(&server).download(&bill()).await.unwrap();
        assert_eq!(read(&mut download).await.unwrap(), TEXT);
    }
}

#[tokio::test]
async fn a_file_cut_short_or_stuck_is_an_error() {
    let server = serving(|| Act::Cut(Response::new(Bytes::from_static(TEXT)), 1)).await;
    let mut download = client(&server).download(&bill()).await.unwrap();
    let error = read(&mut download).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);

    let server = serving(|| Act::Stall(Response::new(Bytes::from_static(TEXT)))).await;
    let hurried = Timeouts::default().with_response(Duration::from_millis(100));
    let hurried = builder(&server).timeouts(hurried).build().unwrap();
    let mut download = hurried.download(&bill()).await.unwrap();
    assert!(read(&mut download).await.unwrap_err().is_timeout());

    // White space without end is neither the file nor an error.
    let server = serving(|| Act::Endless(Response::new(Bytes::from_static(&[b' '; 4096])))).await;
    let small = builder(&server)
        .max_response_bytes(100_000)
        .build()
        .unwrap();
    let error = small.download(&bill()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn what_answers_with_no_file_cannot_be_downloaded() {
    let server = serving(|| raw(TEXT)).await;
    let error = client(&server).download(&query()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.seen().is_empty());
}
