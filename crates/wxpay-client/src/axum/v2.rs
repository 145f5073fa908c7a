//! Notifications of v2: XML, over HTTP 200 whatever is answered ([`wxpay_proto::v2::reply`]).
//!
//! Payments are signed, refunds are encrypted, and nothing outside says which is which: they need paths of their own.
//! Each comes with the `body` that was verified: store it, and open it again when it is applied, which verifies it anew.
//!
//! ```
//! use axum::Router;
//! use axum::extract::{FromRef, State};
//! use axum::routing::post;
//! use wxpay_api::v2::pay::PaymentNotice;
//! use wxpay_client::axum::Reply;
//! use wxpay_client::axum::v2::{VerifiedNotification, VerifiedRefundNotification};
//! use wxpay_client::proto::v2::reply;
//! use wxpay_client::v2::Client;
//!
//! # #[derive(Clone)]
//! # struct Inbox;
//! # impl Inbox {
//! #     async fn store(&self, _: &str, _: &[u8]) -> std::io::Result<()> { Ok(()) }
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
//! async fn paid(State(shop): State<Shop>, notice: VerifiedNotification) -> Reply {
//!     if notice.notification.error().is_some() {
//!         // A payment that failed is no payment.
//!         return Reply(reply::success());
//!     }
//!     store(&shop, "payment", &notice.body).await
//! }
//!
//! async fn refunded(State(shop): State<Shop>, notice: VerifiedRefundNotification) -> Reply {
//!     store(&shop, "refund", &notice.body).await
//! }
//!
//! async fn store(shop: &Shop, kind: &str, body: &[u8]) -> Reply {
//!     Reply(match shop.inbox.store(kind, body).await {
//!         Ok(()) => reply::success(),
//!         Err(_) => reply::failure("try again"),
//!     })
//! }
//!
//! // Later: compare it with the order, and apply it once, for it comes several times.
//! fn read(client: &Client, body: &[u8]) -> Result<PaymentNotice, Box<dyn std::error::Error>> {
//!     Ok(client.merchant().open_notification(body)?.decode()?)
//! }
//!
//! fn routes(shop: Shop) -> Router {
//!     Router::new()
//!         .route("/wechatpay/v2/paid", post(paid))
//!         .route("/wechatpay/v2/refunded", post(refunded))
//!         .with_state(shop)
//! }
//! ```

use std::fmt;

use axum_core::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use tokio::time::Instant;
use wxpay_proto::MAX_NOTIFICATION_BYTES;
use wxpay_proto::v2::{NativeCallback, Notification, NotificationError, RefundNotification, reply};

use super::body::{self, BodyError, opened};
use super::rejection::Rejection;
use crate::client::NOTIFICATION_PATIENCE;
use crate::v2::Client;

/// A v2 notification with a signature: a payment, a contract, a deduction.
///
/// It is had from a request alone, so what is in it was signed.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedNotification {
    /// What it tells.
    pub notification: Notification,
    /// The XML as it came. [`Merchant::open_notification`](wxpay_proto::v2::Merchant::open_notification) opens it
    /// again.
    pub body: Bytes,
}

/// A v2 refund notification (退款结果通知), which is proven by its encryption.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedRefundNotification {
    /// What it tells.
    pub notification: RefundNotification,
    /// The XML as it came, the refund in it still encrypted.
    /// [`Merchant::open_refund_notification`](wxpay_proto::v2::Merchant::open_refund_notification) opens it again.
    pub body: Bytes,
}

/// The question that follows a scan in native payment, mode 1 (扫码模式一): which order?
///
/// ```
/// use axum::extract::State;
/// use wxpay_client::axum::Reply;
/// use wxpay_client::axum::v2::VerifiedNativeCallback;
/// use wxpay_client::proto::sign::Nonce;
/// use wxpay_client::proto::v2::reply;
/// use wxpay_client::v2::Client;
///
/// # async fn unified_order(_: &Client, _: &str) -> Result<String, wxpay_client::Error> { Ok(String::new()) }
/// # fn nonce() -> Nonce { Nonce::from_bytes([0; 16]) }
/// async fn scanned(
///     State(client): State<Client>,
///     VerifiedNativeCallback { callback, .. }: VerifiedNativeCallback,
/// ) -> Reply {
///     let merchant = client.merchant();
///     let answer = match unified_order(&client, callback.product_id()).await {
///         Ok(prepay_id) => merchant.native_reply(&callback, &prepay_id, &nonce()),
///         Err(_) => merchant.native_refusal(&callback, "请稍后再试", &nonce()),
///     };
///     Reply(answer.unwrap_or_else(|_| reply::failure("no answer")))
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct VerifiedNativeCallback {
    /// What was scanned, and who has scanned it.
    pub callback: NativeCallback,
    /// The XML as it came. [`Merchant::open_native_callback`](wxpay_proto::v2::Merchant::open_native_callback) opens
    /// it again.
    pub body: Bytes,
}

opened!(VerifiedNotification, notification, open_notification);
opened!(
    VerifiedRefundNotification,
    notification,
    open_refund_notification
);
opened!(VerifiedNativeCallback, callback, open_native_callback);

async fn read(request: Request) -> Result<Bytes, Rejection> {
    let deadline = Instant::now() + NOTIFICATION_PATIENCE;
    let body = body::read(request.into_body(), MAX_NOTIFICATION_BYTES, deadline);
    body.await.map_err(|error| {
        let message = match error {
            BodyError::TooLarge { .. } => "body too large",
            BodyError::Late => "body too slow",
            BodyError::Broken(_) => "body incomplete",
        };
        Rejection::new(reply::failure(message), error).logged()
    })
}

fn rejected(error: NotificationError) -> Rejection {
    Rejection::new(error.reply(), error).logged()
}

impl fmt::Debug for VerifiedNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedNotification")
            .field("notification", &self.notification)
            .field("body", &format_args!("[redacted]"))
            .finish()
    }
}

impl fmt::Debug for VerifiedRefundNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedRefundNotification")
            .field("notification", &self.notification)
            .field("body", &format_args!("[redacted]"))
            .finish()
    }
}

impl fmt::Debug for VerifiedNativeCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedNativeCallback")
            .field("callback", &self.callback)
            .field("body", &format_args!("[redacted]"))
            .finish()
    }
}
