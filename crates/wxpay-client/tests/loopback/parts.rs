//! Encrypted bills: in one part, in several, and everything that can be wrong with them.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Response, Version};
use sha1::{Digest, Sha1};
use tokio::io::AsyncReadExt;
use tokio::sync::Barrier;
use tokio::sync::mpsc::unbounded_channel;
use wxpay_client::proto::sign::Encryptor as _;
use wxpay_client::proto::{FileKey, PrivateKey};
use wxpay_client::{
    Client, Delivery, Download, EncryptedPart, Error, ErrorKind, ExpectedHash, Timeouts, Transport,
};

use crate::support::platform::{merchant_key, merchant_with};
use crate::support::tls::Authority;
use crate::support::{Act, Platform, Seen, Server, builder};

const KEY: &str = "Qm9va3MgYXJlIGtlcHQgYnkgdGhlIGRh";
const NONCE: &str = "a8607ef79034c49c";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn sealed(mut file: Vec<u8>) -> Bytes {
    let key = FileKey::new(KEY).unwrap();
    key.seal(NONCE.as_bytes(), &mut file).unwrap();
    file.into()
}

fn sha1(text: &[u8]) -> ExpectedHash {
    let hash = Sha1::digest(text);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    ExpectedHash::sha1(&hex).unwrap()
}

/// The key of a file, encrypted for a merchant.
fn encrypt_key(merchant: &PrivateKey, key: &str) -> String {
    merchant.public_key().encrypt(key).unwrap()
}

/// A text that is not its own neighbour, of about this length.
fn text(number: i64, length: usize) -> Vec<u8> {
    (0..)
        .flat_map(|row| format!("`part {number},`row {row},`0.01\r\n").into_bytes())
        .take(length)
        .collect()
}

/// A WeChat Pay that has these files, and says of all of them that they belong to one bill.
struct Bill {
    server: Server,
    client: Client,
}

fn client(server: &Server) -> Client {
    builder(merchant_with(Platform::a().keyring()), server)
        .timeouts(Timeouts::default().with_response(Duration::from_millis(500)))
        .build()
        .unwrap()
}

/// The number in the link that was asked for.
fn asked(seen: &Seen) -> i64 {
    seen.target.rsplit('=').next().unwrap().parse().unwrap()
}

impl Bill {
    async fn serving(act: impl Fn(i64) -> Act + Send + Sync + 'static) -> Self {
        let server = Server::start(move |seen| act(asked(seen))).await;
        let client = client(&server);
        Self { server, client }
    }

    async fn of(files: impl IntoIterator<Item = (i64, Bytes)>) -> Self {
        let files: HashMap<_, _> = files.into_iter().collect();
        Self::serving(move |number| Act::Answer(Response::new(files[&number].clone()))).await
    }

    /// As the answer announces a part of this text.
    fn part(&self, number: i64, text: &[u8]) -> EncryptedPart {
        self.announced(
            number,
            sha1(text),
            &encrypt_key(&merchant_key(), KEY),
            NONCE,
        )
    }

    fn announced(
        &self,
        number: i64,
        expected: ExpectedHash,
        encrypt_key: &str,
        nonce: &str,
    ) -> EncryptedPart {
        let base = self.server.base_url();
        let url = format!("{base}/v3/billdownload/file?token={number}");
        EncryptedPart::new(number, url, expected, encrypt_key, nonce)
    }

    async fn read(&self, parts: Vec<EncryptedPart>) -> Result<Vec<u8>, Error> {
        read(&mut self.client.download_parts(parts).await?).await
    }
}

async fn read(download: &mut Download) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    while let Some(piece) = download.chunk().await? {
        assert!(!piece.is_empty());
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

#[tokio::test]
async fn parts_in_any_order_are_one_text() {
    let texts: Vec<_> = (1..=3).map(|number| text(number, 100_000)).collect();
    // One of them not compressed, as `tar_type` may leave it.
    let files = [
        (1, sealed(gzip(&texts[0]))),
        (2, sealed(texts[1].clone())),
        (3, sealed(gzip(&texts[2]))),
    ];
    let bill = Bill::of(files).await;
    let part = |number: i64| bill.part(number, &texts[usize::try_from(number).unwrap() - 1]);
    for order in [[1, 2, 3], [3, 1, 2]] {
        let parts = order.map(part);
        let mut download = bill.client.download_parts(parts.clone()).await.unwrap();
        assert!(download.has_hash());
        assert_eq!(read(&mut download).await.unwrap(), texts.concat());
        assert_eq!(download.length(), 300_000);
        assert_eq!(download.chunk().await.unwrap(), None);

        let mut download = bill.client.download_parts(parts).await.unwrap();
        let mut text = Vec::new();
        download.read_to_end(&mut text).await.unwrap();
        assert_eq!(text, texts.concat());
    }
    let mut alone = bill.client.download_part(&part(2)).await.unwrap();
    assert_eq!(read(&mut alone).await.unwrap(), texts[1]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bill.csv");
    let download = bill.client.download_parts([1, 2, 3].map(part)).await;
    assert_eq!(download.unwrap().save_to(&path).await.unwrap(), 300_000);
    assert_eq!(std::fs::read(&path).unwrap(), texts.concat());
}

#[tokio::test]
async fn an_empty_part_and_a_nonce_of_twelve_bytes() {
    let mut file = text(1, 40);
    let nonce = "61f9c719728a";
    FileKey::new(KEY)
        .unwrap()
        .seal(nonce.as_bytes(), &mut file)
        .unwrap();
    let bill = Bill::of([(1, file.into()), (2, sealed(Vec::new()))]).await;
    let first = bill.announced(
        1,
        sha1(&text(1, 40)),
        &encrypt_key(&merchant_key(), KEY),
        nonce,
    );
    let parts = vec![first, bill.part(2, b"")];
    assert_eq!(bill.read(parts).await.unwrap(), text(1, 40));
}

#[tokio::test]
async fn all_are_asked_for_at_once() {
    // Nobody answers until all have been asked for.
    let barrier = Arc::new(Barrier::new(3));
    let bill = Bill::serving(move |number| {
        let file = sealed(gzip(&text(number, 1000)));
        Act::Together(Response::new(file), barrier.clone())
    })
    .await;
    let parts = (1..=3).map(|number| bill.part(number, &text(number, 1000)));
    let all = bill.read(parts.collect()).await.unwrap();
    assert_eq!(all, [text(1, 1000), text(2, 1000), text(3, 1000)].concat());
    assert_eq!(bill.server.seen().len(), 3);
}

/// Lets the clock run on without waiting for it.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn only_who_is_read_can_be_silent() {
    let (feed, fed) = unbounded_channel();
    let fed = Mutex::new(Some(fed));
    let bill = Bill::serving(move |number| match number {
        1 => Act::Answer(Response::new(sealed(gzip(&text(1, 1000))))),
        _ => Act::Fed(Response::default(), fed.lock().unwrap().take().unwrap()),
    })
    .await;
    let parts = [bill.part(1, &text(1, 1000)), bill.part(2, &text(2, 1000))];
    let mut download = bill.client.download_parts(parts).await.unwrap();
    assert_eq!(download.chunk().await.unwrap().unwrap(), text(1, 1000));

    // Far longer than the limit, while nobody waits for the second part.
    pass(Duration::from_secs(60)).await;
    let file = sealed(text(2, 1000));
    let limit = Duration::from_millis(500);
    let (chunk, ()) = tokio::join!(download.chunk(), async {
        // Pieces that give no text are no silence either.
        for piece in [file.slice(..5), file.slice(5..10), file.slice(10..15)] {
            pass(limit / 2).await;
            feed.send(piece).unwrap();
            tokio::task::yield_now().await;
        }
        feed.send(file.slice(15..)).unwrap();
    });
    assert_eq!(chunk.unwrap().unwrap(), text(2, 1000));
    drop(feed);
    assert_eq!(download.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_part_that_falls_silent_is_named() {
    let bill = Bill::serving(|number| match number {
        1 => Act::Answer(Response::new(sealed(gzip(&text(1, 1000))))),
        _ => Act::Stall(Response::new(sealed(gzip(&text(2, 1000))).slice(..50))),
    })
    .await;
    let parts = vec![bill.part(1, &text(1, 1000)), bill.part(2, &text(2, 1000))];
    let error = bill.read(parts).await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.part(), Some(2));
}

#[tokio::test]
async fn many_unread_parts_hold_up_nobody() {
    // More than a connection of HTTP/2 commonly takes unread, which all of them share.
    let length = 3 << 20;
    let plain = move |number| vec![b'0' + u8::try_from(number).unwrap_or(0); length];
    let file = move |number| sealed(plain(number));
    let authority = Authority::new();
    for (protocol, version) in [("h2", Version::HTTP_2), ("http/1.1", Version::HTTP_11)] {
        let server = Server::start_tls(authority.acceptor(&[protocol]), move |seen| {
            Act::Answer(Response::new(file(asked(seen))))
        })
        .await;
        let transport = Transport::builder()
            .proxy_from_env(false)
            .default_roots(false)
            .add_root_certificate_pem(&authority.root_pem)
            .unwrap()
            .build()
            .unwrap();
        let client = builder(merchant_with(Platform::a().keyring()), &server)
            .transport(transport)
            .timeouts(Timeouts::default().with_response(Duration::from_secs(2)))
            .build()
            .unwrap();
        let bill = Bill { server, client };
        let parts = (1..=5).map(|number| bill.part(number, &plain(number)));
        let mut download = bill.client.download_parts(parts).await.unwrap();
        assert_eq!(bill.server.seen()[0].version, version);
        let mut read = 0;
        while let Some(piece) = download.chunk().await.unwrap() {
            read += piece.len();
        }
        assert_eq!(read, 5 * length);
    }
}

#[tokio::test]
async fn a_wrong_part_spoils_the_whole() {
    let right = gzip(&text(2, 50_000));
    let whole = sealed(right.clone());
    let flipped = |at: usize| {
        let mut file = whole.to_vec();
        file[at] ^= 1;
        Bytes::from(file)
    };
    let wrong = [
        ("text", flipped(whole.len() / 2)),
        ("tag", flipped(whole.len() - 1)),
        ("first byte", flipped(0)),
        ("cut", whole.slice(..whole.len() - 1)),
        ("no tag", whole.slice(..whole.len() - 16)),
        ("shorter than a tag", whole.slice(..15)),
        ("empty", Bytes::new()),
        ("more", [&whole[..], b"x"].concat().into()),
        ("not encrypted", right.into()),
        ("another part", sealed(gzip(&text(3, 50_000)))),
        (
            "gzip cut short",
            sealed(gzip(&text(2, 50_000))[..90].to_vec()),
        ),
    ];
    for (what, file) in wrong {
        let bill = Bill::of([(1, sealed(gzip(&text(1, 1000)))), (2, file)]).await;
        let parts = [bill.part(1, &text(1, 1000)), bill.part(2, &text(2, 50_000))];
        let mut download = bill.client.download_parts(parts).await.unwrap();
        let error = read(&mut download).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Content, "{what}: {error}");
        assert_eq!(error.part(), Some(2), "{what}: {error}");
        assert!(
            error.to_string().starts_with("bill.download: part 2: the "),
            "{what}: {error}"
        );
        assert!(download.chunk().await.is_err(), "{what}: it stays wrong");
    }
}

#[tokio::test]
async fn both_the_tag_and_the_hash_have_to_be_right() {
    let bill = Bill::of([(1, sealed(gzip(&text(1, 1000))))]).await;
    let other_hash = bill.part(1, b"another text");
    let error = bill.read(vec![other_hash]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Content);
    assert!(error.to_string().contains("hash"), "{error}");

    let other_nonce = bill.announced(
        1,
        sha1(&text(1, 1000)),
        &encrypt_key(&merchant_key(), KEY),
        "a8607ef79034c49d",
    );
    let other_key = bill.announced(
        1,
        sha1(&text(1, 1000)),
        &encrypt_key(&merchant_key(), &KEY.to_lowercase()),
        NONCE,
    );
    for part in [other_nonce, other_key] {
        let error = bill.read(vec![part]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Content);
        assert_eq!(
            error.to_string(),
            "bill.download: part 1: the encrypted file is not proven; nothing of it must be used; it only \
             reads, so it can be tried again at any time"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_right_is_not_asked_for() {
    let bill = Bill::of([]).await;
    let part = |number| bill.part(number, b"");
    let hash = sha1(b"");
    let key = encrypt_key(&merchant_key(), KEY);
    let many: Vec<_> = (1..=33).map(part).collect();
    let others_key = PrivateKey::from_pem(include_str!("keys/platform_a.pem")).unwrap();
    for (parts, named, problem) in [
        (
            vec![],
            None,
            "an encrypted bill without parts cannot be downloaded",
        ),
        (
            many,
            None,
            "an encrypted bill of more than 32 parts is not put together",
        ),
        (
            vec![part(0), part(1)],
            None,
            "bill_sequence: parts are numbered from 1 to 32",
        ),
        (
            vec![part(-1)],
            None,
            "bill_sequence: parts are numbered from 1 to 32",
        ),
        (
            vec![part(2)],
            Some(1),
            "bill_sequence: this part is missing, and a later one is there",
        ),
        (
            vec![part(3), part(1), part(4)],
            Some(2),
            "bill_sequence: this part is missing, and a later one is there",
        ),
        (
            vec![part(1), part(i64::MAX)],
            Some(2),
            "bill_sequence: this part is missing, and a later one is there",
        ),
        (
            vec![part(1), part(2), part(2)],
            Some(2),
            "bill_sequence: two parts have this number",
        ),
        (
            vec![part(1), bill.announced(2, hash, &key, "")],
            Some(2),
            "nonce: must not be empty",
        ),
        (
            vec![part(1), bill.announced(2, hash, "AAAA", NONCE)],
            Some(2),
            "the key of an encrypted file cannot be used",
        ),
        (
            vec![bill.announced(1, hash, &encrypt_key(&others_key, KEY), NONCE)],
            Some(1),
            "the key of an encrypted file cannot be used",
        ),
        (
            vec![bill.announced(1, hash, &encrypt_key(&merchant_key(), "short"), NONCE)],
            Some(1),
            "the key of an encrypted file cannot be used",
        ),
    ] {
        let error = bill.client.download_parts(parts).await.unwrap_err();
        let part = named.map_or_else(String::new, |named| format!("part {named}: "));
        assert_eq!(
            error.to_string(),
            format!("bill.download: {part}{problem}; nothing was sent")
        );
        assert_eq!(error.part(), named);
        assert_eq!(error.kind(), ErrorKind::Request);
        assert_eq!(error.delivery(), Delivery::NotSent);
        if problem.contains("key") {
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.starts_with("encrypt_key: "), "{cause}");
        }
    }
    assert!(bill.server.seen().is_empty());
}

#[tokio::test]
async fn an_expired_link_is_named() {
    let platform = Platform::a().as_public_key();
    let bill = Bill::serving(move |number| match number {
        1 => Act::Answer(Response::new(sealed(gzip(&text(1, 1000))))),
        _ => platform.error(404, "RESOURCE_NOT_EXISTS").into(),
    })
    .await;
    let parts = vec![bill.part(1, &text(1, 1000)), bill.part(2, &text(2, 1000))];
    let error = bill.read(parts).await.unwrap_err();
    assert_eq!(error.part(), Some(2));
    assert_eq!(error.api().unwrap().code(), "RESOURCE_NOT_EXISTS");
}

#[tokio::test]
async fn a_bomb_comes_out_in_small_pieces() {
    let bomb = sealed(gzip(&vec![0; 4 << 20]));
    let bill = Bill::of([(1, bomb)]).await;
    let part = bill.part(1, &vec![0; 4 << 20]);
    let mut download = bill.client.download_parts([part.clone()]).await.unwrap();
    let mut length = 0;
    while let Some(piece) = download.chunk().await.unwrap() {
        assert!(piece.len() <= 64 << 10);
        length += piece.len();
    }
    assert_eq!(length, 4 << 20);

    let download = bill.client.download_parts([part]).await.unwrap();
    let error = read(&mut download.max_bytes(1 << 20)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Content);
}

#[tokio::test]
async fn links_and_keys_are_not_shown() {
    let bill = Bill::of([]).await;
    let shown = format!("{:?}", bill.part(1, b"abc"));
    assert_eq!(
        shown,
        "EncryptedPart { bill_sequence: 1, expected: ExpectedHash(SHA1 \
         a9993e364706816aba3e25717850c26c9cd0d89d), .. }"
    );
}
