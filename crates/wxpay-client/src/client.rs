//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use wxpay_proto::{
    Host, Merchant, Notification, NotificationError, Operation, RefreshReason, Response,
    VerificationError,
};

use crate::BuildError;
use crate::builder::ClientBuilder;
use crate::cache::CertificateCache;
use crate::call::Call;
use crate::clock::Clock;
use crate::download::{Download, EncryptedPart, ExpectedHash};
use crate::error::Error;
use crate::exchange::Wire;
use crate::hosts::Hosts;
use crate::keys::Flights;
use crate::timeouts::after;

/// How long the taking of a notification may last, the waiting for platform certificates above all:
/// WeChat Pay takes a notification for lost that is not answered within five seconds.
pub(crate) const NOTIFICATION_PATIENCE: Duration = Duration::from_secs(4);

/// A client of WeChat Pay for one merchant. Cheap to clone; clones share everything.
///
/// ```no_run
/// # async fn example(merchant: wxpay_client::Merchant) -> Result<(), Box<dyn std::error::Error>> {
/// use wxpay_client::Client;
/// use wxpay_client::proto::{Target, Untyped};
///
/// let client = Client::new(merchant)?;
/// let target = Target::new("/v3/pay/transactions/out-trade-no/")
///     .segment("ORDER-1")
///     .query("mchid", "1900000109");
/// let order = client.execute(&Untyped::get(target)).await?;
/// println!("{}", order.status());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// Everything clones share.
pub(crate) struct Shared {
    pub(crate) merchant: Merchant,
    pub(crate) wire: Wire,
    /// The hosts of operations that are found elsewhere, if that is not the client's own.
    pub(crate) elsewhere: Vec<(Host, Hosts)>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Option<CertificateCache>,
    pub(crate) flights: Flights,
}

impl Shared {
    /// The hosts of an operation.
    pub(crate) fn hosts(&self, host: Host) -> &Hosts {
        let own = self.elsewhere.iter().find(|(other, _)| *other == host);
        own.map_or(&self.wire.hosts, |(_, hosts)| hosts)
    }
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`]. Needs no network.
    ///
    /// # Errors
    ///
    /// See [`ClientBuilder::build`].
    pub fn new(merchant: Merchant) -> Result<Self, BuildError> {
        Self::builder(merchant).build()
    }

    /// Starts a client that differs from the defaults.
    pub fn builder(merchant: Merchant) -> ClientBuilder {
        ClientBuilder::new(merchant)
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    #[cfg(test)]
    pub(crate) fn hosts(&self, host: Host) -> &Hosts {
        self.0.hosts(host)
    }

    /// The merchant this client acts for.
    #[must_use]
    pub fn merchant(&self) -> &Merchant {
        &self.0.merchant
    }

    /// Carries out an operation within the time of [`Timeouts::call`](crate::Timeouts::call).
    ///
    /// The request is checked, encoded once and signed; the answer is verified on its raw bytes
    /// before anything reads it. Platform certificates are fetched when they are missing, and once
    /// more when the answer is signed with a key that is not known. Where that is safe (a query, or
    /// a merchant number that makes repeating harmless) a failed attempt is repeated with the same
    /// body, a fresh nonce and a fresh signature.
    ///
    /// Dropping the future ends the call; the request may have been carried out by then.
    ///
    /// # Errors
    ///
    /// [`Error::delivery`] says what is known of the effect, [`Error::kind`] what went wrong.
    pub async fn execute<O: Operation>(
        &self,
        operation: &O,
    ) -> Result<Response<O::Response>, Error> {
        self.execute_within(operation, self.0.wire.timeouts.call())
            .await
    }

    /// Like [`execute`](Self::execute), within a time of its own.
    ///
    /// # Errors
    ///
    /// See [`execute`](Self::execute).
    pub async fn execute_within<O: Operation>(
        &self,
        operation: &O,
        limit: Duration,
    ) -> Result<Response<O::Response>, Error> {
        let mut call = Call::new(&self.0, operation.info(), limit);
        let span = call.span();
        let result = carry_out(operation, &mut call)
            .instrument(span.clone())
            .await;
        call.record(&span, &result);
        result
    }

    /// Begins to download a file by the `download_url` of an earlier answer, such as a bill (下载账单)
    /// or the receipt of a transfer (下载电子回单). What [`ExpectedHash::new`] makes of the `hash_type` and
    /// `hash_value` of that answer is compared at the end of the file. The address is signed and asked for exactly as it stands, and only if it leads to the endpoint
    /// or to WeChat Pay. See [`Download`] for reading it.
    ///
    /// The time of [`Timeouts::call`](crate::Timeouts::call) is for the beginning; a long file may take longer, as long as
    /// something comes within [`Timeouts::response`](crate::Timeouts::response).
    ///
    /// # Errors
    ///
    /// When the address leads elsewhere, nothing answers, or WeChat Pay answers with an error.
    pub async fn download(
        &self,
        download_url: &str,
        expected: ExpectedHash,
    ) -> Result<Download, Error> {
        crate::download::begin(&self.0, download_url, expected).await
    }

    /// Begins to download an encrypted bill (子商户资金账单) from all its parts: they are opened, unpacked,
    /// proven and read as one text, in the order of their numbers, whichever order they are given in. The
    /// numbers have to be all from 1 on, at most 32, which is half a terabyte; that the list holds as many
    /// as `download_bill_count` says is for the caller to see.
    ///
    /// Links are good for five minutes, so all parts are requested at once, and this returns when all have
    /// begun. They are read one after the other. A part whose turn has not come waits at the server, but
    /// for 2 MiB over HTTP/2 and what fits the socket over HTTP/1.1, and neither the reading of the parts
    /// before it nor pauses of the reader count as its silence
    /// ([`Timeouts::response`](crate::Timeouts::response)). A server may give up on a connection that is
    /// not read for some minutes: the download then ends in an error of
    /// [`ErrorKind::Connection`](crate::ErrorKind::Connection) that names the part, and the bill is to be
    /// asked for again. Where one part takes that long, take each by [`download_part`](Self::download_part),
    /// save them side by side, and read the files.
    ///
    /// Every part is proven by the tag of its encryption and by its hash, and only at its end: see
    /// [`Download`]. A wrong key or nonce shows there too, as
    /// [`ErrorKind::Content`](crate::ErrorKind::Content); what was read until then is noise.
    ///
    /// # Errors
    ///
    /// Before anything is sent, when there are no parts, a number is missing or there twice, or an
    /// `encrypt_key` is not encrypted for this merchant. As [`download`](Self::download) for each part.
    /// [`Error::part`] says which part it was.
    pub async fn download_parts(
        &self,
        parts: impl IntoIterator<Item = EncryptedPart>,
    ) -> Result<Download, Error> {
        crate::download::begin_parts(&self.0, parts).await
    }

    /// Begins to download one part of an encrypted bill, for those who put the parts together by themselves.
    ///
    /// # Errors
    ///
    /// See [`download_parts`](Self::download_parts).
    pub async fn download_part(&self, part: &EncryptedPart) -> Result<Download, Error> {
        crate::download::begin_part(&self.0, part).await
    }

    /// Begins to download the file that an operation answers with: an image of a complaint, a receipt, a
    /// statement. [`execute`](Self::execute) takes the same operation and gives the file whole, as far as it is
    /// small enough for an answer.
    ///
    /// What is signed is proven before the first byte is given out: the SHA-1 of a statement is, and a statement
    /// that has another ends in an error. Files that WeChat Pay does not sign are vouched for by TLS alone
    /// ([`Download::has_hash`]) and given out as they come.
    ///
    /// # Errors
    ///
    /// When the operation does not answer with a file, nothing answers, the head is not proven, or WeChat Pay
    /// answers with an error.
    pub async fn fetch<O: Operation>(&self, operation: &O) -> Result<Download, Error> {
        crate::download::fetch(&self.0, operation).await
    }

    /// Verifies and decrypts a notification (回调通知): its headers and its raw body, exactly as they
    /// came. An unknown platform key is fetched, at most as often as the keyring allows, so that
    /// forged notifications cannot drive this client to WeChat Pay; a signature probe (签名探测) is
    /// never worth fetching for. This waits four seconds for the key at most, because WeChat Pay waits
    /// five for the answer. A fetch that takes longer goes on, and the notification is taken when it is
    /// sent again.
    ///
    /// # Errors
    ///
    /// [`NotificationError`] says which step failed, and [`NotificationError::reply`] what to answer.
    pub async fn open_notification(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Notification, NotificationError> {
        let deadline = Instant::now() + NOTIFICATION_PATIENCE;
        self.open_notification_until(headers, body, deadline).await
    }

    /// Like [`open_notification`](Self::open_notification), with the end of the time for keys.
    pub(crate) async fn open_notification_until(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        deadline: Instant,
    ) -> Result<Notification, NotificationError> {
        let shared = &self.0;
        let open = || {
            shared
                .merchant
                .open_notification(headers, body, shared.clock.now())
        };
        let result = open();
        let Err(NotificationError::Verification(VerificationError::UnknownKey(key))) = &result
        else {
            return result;
        };
        let reason = RefreshReason::UnknownKey(key.clone());
        // The reading of a certificate cache knows no deadline of its own.
        match timeout_at(deadline, shared.obtain_keys(reason, deadline)).await {
            Ok(Ok(())) => open(),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the key of a notification could not be fetched");
                result
            }
            Err(_) => {
                tracing::warn!("the key of a notification could not be fetched in time");
                result
            }
        }
    }

    /// Fetches platform certificates now, if the keyring finds that they are due or missing. There
    /// is no need to call this; it is for programs that want to know at their start that keys and
    /// network are in order.
    ///
    /// # Errors
    ///
    /// When they could not be fetched; the source says why.
    pub async fn refresh_certificates(&self) -> Result<(), Error> {
        let deadline = after(Instant::now(), self.0.wire.timeouts.call());
        self.0.obtain_keys(RefreshReason::Missing, deadline).await?;
        self.0.obtain_keys(RefreshReason::Scheduled, deadline).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("mchid", &self.0.merchant.mchid())
            .field("hosts", &self.0.wire.hosts.all())
            .finish_non_exhaustive()
    }
}

/// The part of a call that depends on the operation's type.
async fn carry_out<O: Operation>(
    operation: &O,
    call: &mut Call<'_>,
) -> Result<Response<O::Response>, Error> {
    let encoded = call.encode(operation).await?;
    loop {
        let answer = call.answer(&encoded).await?;
        match call.accept(operation, &answer).await {
            Ok(response) => return Ok(response),
            Err(error) => call.rejected(error, &answer, &encoded).await?,
        }
    }
}
