//! Encrypted bills: several files, requested at once, read as one.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use wxpay_proto::{FileOpener, Idempotency};

use super::request::begin;
use super::{Download, ExpectedHash, OPERATION};
use crate::client::Shared;
use crate::error::{Delivery, Error, ErrorKind};

/// How many parts are put together at most. WeChat Pay cuts a bill only where it is longer than 16 GB.
const MAX_PARTS: u32 = 32;

/// One file of an encrypted bill (子商户资金账单): an entry of `download_bill_list` (下载信息明细), for
/// [`Client::download_parts`](crate::Client::download_parts).
///
/// The file behind `download_url` is AEAD_AES_256_GCM, its key is encrypted for the merchant's private key
/// (<https://pay.weixin.qq.com/doc/v3/partner/4014314390>). The `Debug` text shows the number and the hash
/// only.
///
/// ```
/// use wxpay_client::{EncryptedPart, ExpectedHash};
///
/// # let link = serde_json::json!({
/// #     "bill_sequence": 1, "hash_type": "SHA1", "hash_value": "a9993e364706816aba3e25717850c26c9cd0d89d",
/// #     "download_url": "https://api.mch.weixin.qq.com/v3/billdownload/file?token=x",
/// #     "encrypt_key": "Zm9v", "nonce": "a8607ef79034c49c",
/// # });
/// # let text = |name: &str| link[name].as_str().unwrap().to_owned();
/// let part = EncryptedPart::new(
///     1, // bill_sequence
///     text("download_url"),
///     ExpectedHash::new(&text("hash_type"), &text("hash_value"))?,
///     text("encrypt_key"),
///     text("nonce"),
/// );
/// assert_eq!(part.bill_sequence(), 1);
/// # Ok::<(), wxpay_client::InvalidHash>(())
/// ```
#[derive(Clone)]
pub struct EncryptedPart {
    bill_sequence: i64,
    download_url: String,
    expected: ExpectedHash,
    encrypt_key: String,
    nonce: String,
}

impl EncryptedPart {
    /// Takes the fields of the answer as they came: `bill_sequence` (账单文件序号), `download_url`
    /// (下载地址), the hash of the opened and uncompressed text, `encrypt_key` (加密密钥) and `nonce`
    /// (随机字符串). Nothing is checked before the download.
    #[must_use]
    pub fn new(
        bill_sequence: i64,
        download_url: impl Into<String>,
        expected: ExpectedHash,
        encrypt_key: impl Into<String>,
        nonce: impl Into<String>,
    ) -> Self {
        Self {
            bill_sequence,
            download_url: download_url.into(),
            expected,
            encrypt_key: encrypt_key.into(),
            nonce: nonce.into(),
        }
    }

    /// Its place among the parts of the bill, from 1.
    #[must_use]
    pub fn bill_sequence(&self) -> i64 {
        self.bill_sequence
    }

    /// The place, if it is one that a part can have.
    fn number(&self) -> Option<u32> {
        let number = u32::try_from(self.bill_sequence).ok();
        number.filter(|number| (1..=MAX_PARTS).contains(number))
    }

    /// What opens the file.
    fn opener(&self, shared: &Shared) -> Result<FileOpener, Error> {
        let key = shared
            .merchant
            .open_file_key(&self.encrypt_key)
            .map_err(|error| {
                refused("the key of an encrypted file cannot be used").caused_by(error)
            })?;
        key.opener(self.nonce.as_bytes())
            .map_err(|_| refused("nonce: must not be empty"))
    }
}

impl fmt::Debug for EncryptedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedPart")
            .field("bill_sequence", &self.bill_sequence)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

/// Asks for one part, and waits for the head of the answer.
pub(crate) async fn begin_part(
    shared: &Arc<Shared>,
    part: &EncryptedPart,
) -> Result<Download, Error> {
    let number = part.number().ok_or_else(unnumbered)?;
    let opener = part.opener(shared).map_err(|error| error.of_part(number))?;
    begin_sealed(shared, part, number, opener).await
}

/// Asks for all parts at once, waits for the heads of all answers, and puts them in their order.
pub(crate) async fn begin_parts(
    shared: &Arc<Shared>,
    parts: impl IntoIterator<Item = EncryptedPart>,
) -> Result<Download, Error> {
    let parts = in_order(parts)?;
    // All keys before any request: one that does not fit spoils the whole.
    let mut openers = Vec::with_capacity(parts.len());
    for (number, part) in (1..).zip(&parts) {
        let opener = part.opener(shared).map_err(|error| error.of_part(number))?;
        openers.push((number, part, opener));
    }
    let requests = openers
        .into_iter()
        .map(|(number, part, opener)| begin_sealed(shared, part, number, opener));
    let mut begun = all(requests).await?.into_iter();
    let mut first = begun.next().ok_or_else(none)?;
    for next in begun {
        first.followed_by(next);
    }
    Ok(first)
}

async fn begin_sealed(
    shared: &Arc<Shared>,
    part: &EncryptedPart,
    number: u32,
    opener: FileOpener,
) -> Result<Download, Error> {
    let begun = begin(shared, &part.download_url, part.expected).await;
    let mut download = begun.map_err(|error| error.of_part(number))?;
    download.part.sealed(number, opener);
    Ok(download)
}

/// The parts by their numbers, which have to be all from 1 on, each once.
fn in_order(parts: impl IntoIterator<Item = EncryptedPart>) -> Result<Vec<EncryptedPart>, Error> {
    // One more than permitted is enough to know that there are too many.
    let mut parts: Vec<_> = parts.into_iter().take(MAX_PARTS as usize + 1).collect();
    if parts.len() > MAX_PARTS as usize {
        return Err(refused(
            "an encrypted bill of more than 32 parts is not put together",
        ));
    }
    if parts.is_empty() {
        return Err(none());
    }
    parts.sort_by_key(EncryptedPart::bill_sequence);
    for (wanted, part) in (1..).zip(&parts) {
        match part.number() {
            Some(number) if number == wanted => {}
            Some(number) if number < wanted => {
                return Err(refused("bill_sequence: two parts have this number").of_part(number));
            }
            None if part.bill_sequence < 1 => return Err(unnumbered()),
            _ => {
                return Err(refused(
                    "bill_sequence: this part is missing, and a later one is there",
                )
                .of_part(wanted));
            }
        }
    }
    Ok(parts)
}

/// Waits for all of them at once, and for none any longer when one has failed.
async fn all<F, T>(futures: impl Iterator<Item = F>) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut waiting: Vec<(Pin<Box<F>>, Option<T>)> =
        futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|cx| {
        let mut missing = false;
        for (future, result) in waiting.iter_mut().filter(|(_, result)| result.is_none()) {
            match future.as_mut().poll(cx) {
                Poll::Ready(Ok(value)) => *result = Some(value),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => missing = true,
            }
        }
        if missing {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    })
    .await?;
    Ok(waiting
        .into_iter()
        .filter_map(|(_, result)| result)
        .collect())
}

fn unnumbered() -> Error {
    refused("bill_sequence: parts are numbered from 1 to 32")
}

fn none() -> Error {
    refused("an encrypted bill without parts cannot be downloaded")
}

fn refused(problem: &'static str) -> Error {
    let error = Error::new(ErrorKind::Request, Delivery::NotSent, problem);
    error.of_call(OPERATION, Idempotency::Safe, 0, false)
}
