//! Notices of v1: XML whose answer is one word ([`wxpay_proto::v1::reply`]).
//!
//! Each comes with what was verified: store it, and open it again when it is applied, which verifies it anew.
//!
//! ```
//! use axum::Router;
//! use axum::extract::{FromRef, State};
//! use axum::routing::post;
//! use wxpay_client::axum::Reply;
//! use wxpay_client::axum::v1::VerifiedPaymentNotice;
//! use wxpay_client::proto::v1::{NoticeError, PaymentNotice, reply};
//! use wxpay_client::v1::Client;
//!
//! # #[derive(Clone)]
//! # struct Inbox;
//! # impl Inbox {
//! #     async fn store(&self, _: &str, _: &str, _: &[u8]) -> std::io::Result<()> { Ok(()) }
//! # }
//! #[derive(Clone)]
//! struct Shop {
//!     client: Client,
//!     inbox: Inbox,
//! }
//!
//! impl FromRef<Shop> for Client {
//!     fn from_ref(shop: &Shop) -> Self {
//!         shop.client.clone()
//!     }
//! }
//!
//! async fn paid(
//!     State(shop): State<Shop>,
//!     VerifiedPaymentNotice { notice, query, body, .. }: VerifiedPaymentNotice,
//! ) -> Reply {
//!     Reply(match shop.inbox.store(&notice.transaction_id, &query, &body).await {
//!         Ok(()) => reply::success(),
//!         Err(_) => reply::fail(),
//!     })
//! }
//!
//! // Later: compare it with the order, and apply it once, for it comes several times.
//! fn read(client: &Client, query: &str, body: &[u8]) -> Result<PaymentNotice, NoticeError> {
//!     client.merchant().open_payment_notice(query, body)
//! }
//!
//! fn routes(shop: Shop) -> Router {
//!     Router::new().route("/wechatpay/v1/paid", post(paid)).with_state(shop)
//! }
//! ```

use std::fmt;

use axum_core::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use tokio::time::Instant;
use wxpay_proto::v1::{
    AlarmNotice, MAX_NOTICE_BYTES, NativeCallback, NoticeError, PaymentNotice, RightsNotice, reply,
};

use super::body::{self, opened};
use super::rejection::Rejection;
use crate::client::NOTIFICATION_PATIENCE;
use crate::v1::Client;

/// A payment (支付通知). The order is in the query and the payer in the body, each signed with a key of its own.
/// [`Merchant::open_payment_notice`](wxpay_proto::v1::Merchant::open_payment_notice) opens both again.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedPaymentNotice {
    /// What it tells.
    pub notice: PaymentNotice,
    /// The query of the address as it came, nothing decoded, without the `?`.
    pub query: String,
    /// The XML as it came.
    pub body: Bytes,
}

/// A complaint (维权通知). [What is signed](RightsNotice) is who complains and when.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedRightsNotice {
    /// What it tells.
    pub notice: RightsNotice,
    /// The XML as it came. [`Merchant::open_rights_notice`](wxpay_proto::v1::Merchant::open_rights_notice) opens it
    /// again.
    pub body: Bytes,
}

/// An alarm (告警通知).
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedAlarmNotice {
    /// What it tells.
    pub notice: AlarmNotice,
    /// The XML as it came. [`Merchant::open_alarm_notice`](wxpay_proto::v1::Merchant::open_alarm_notice) opens it
    /// again.
    pub body: Bytes,
}

/// The question that follows the scan of a product's code (获取订单Package的回调): what does it cost?
///
/// ```
/// use axum::extract::State;
/// use wxpay_client::axum::Reply;
/// use wxpay_client::axum::v1::VerifiedNativeCallback;
/// use wxpay_client::proto::sign::Nonce;
/// use wxpay_client::proto::v1::{PackageOrder, reply};
/// use wxpay_client::v1::Client;
/// use wxpay_client::{Clock as _, SystemClock};
///
/// # async fn order(_: &str) -> Option<PackageOrder> { None }
/// # fn nonce() -> Nonce { Nonce::from_bytes([0; 16]) }
/// async fn scanned(
///     State(client): State<Client>,
///     VerifiedNativeCallback { callback, .. }: VerifiedNativeCallback,
/// ) -> Reply {
///     let (merchant, now) = (client.merchant(), SystemClock::new().now());
///     let Some(order) = order(&callback.product_id).await else {
///         let answer = merchant.native_refusal(1, "没有这个商品", now, &nonce());
///         return Reply(answer.unwrap_or_else(|_| reply::fail()));
///     };
///     Reply(match merchant.package(&order) {
///         Ok(package) => merchant.native_reply(&package, now, &nonce()),
///         Err(_) => reply::fail(),
///     })
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedNativeCallback {
    /// What was scanned, and who has scanned it.
    pub callback: NativeCallback,
    /// The XML as it came. [`Merchant::open_native_callback`](wxpay_proto::v1::Merchant::open_native_callback) opens
    /// it again.
    pub body: Bytes,
}

impl<S> FromRequest<S> for VerifiedPaymentNotice
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = read(request).await?;
        let client = Client::from_ref(state);
        let opened = client.merchant().open_payment_notice(&query, &body);
        let notice = opened.map_err(rejected)?;
        Ok(Self {
            notice,
            query,
            body,
        })
    }
}

opened!(VerifiedRightsNotice, notice, open_rights_notice);
opened!(VerifiedAlarmNotice, notice, open_alarm_notice);
opened!(VerifiedNativeCallback, callback, open_native_callback);

async fn read(request: Request) -> Result<Bytes, Rejection> {
    let deadline = Instant::now() + NOTIFICATION_PATIENCE;
    let body = body::read(request.into_body(), MAX_NOTICE_BYTES, deadline);
    body.await
        .map_err(|error| Rejection::new(reply::fail(), error).logged())
}

fn rejected(error: NoticeError) -> Rejection {
    let genuine = matches!(error, NoticeError::Decode(_));
    Rejection::new(error.reply(), error)
        .genuine(genuine)
        .logged()
}

/// Notices show who paid and who complains, and what came shows the same: not for logs.
fn redacted(f: &mut fmt::Formatter<'_>, name: &str, fields: &[&str]) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for field in fields {
        shown.field(field, &format_args!("[redacted]"));
    }
    shown.finish()
}

impl fmt::Debug for VerifiedPaymentNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "VerifiedPaymentNotice", &["notice", "query", "body"])
    }
}

impl fmt::Debug for VerifiedRightsNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "VerifiedRightsNotice", &["notice", "body"])
    }
}

impl fmt::Debug for VerifiedAlarmNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "VerifiedAlarmNotice", &["notice", "body"])
    }
}

impl fmt::Debug for VerifiedNativeCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        redacted(f, "VerifiedNativeCallback", &["callback", "body"])
    }
}
