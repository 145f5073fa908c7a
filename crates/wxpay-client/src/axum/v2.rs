//! Notifications of v2: XML, over HTTP 200 whatever is answered ([`wxpay_proto::v2::reply`]).
//!
//! Payments are signed, refunds are encrypted, and nothing outside says which is which: they need paths of their own.
//!
//! ```
//! use axum::Router;
//! use axum::routing::post;
//! use wxpay_api::v2::pay::PaymentNotice;
//! use wxpay_client::axum::Reply;
//! use wxpay_client::axum::v2::{VerifiedNotification, VerifiedRefundNotification};
//! use wxpay_client::proto::v2::reply;
//! use wxpay_client::v2::Client;
//!
//! async fn paid(VerifiedNotification(notification): VerifiedNotification) -> Reply {
//!     if notification.error().is_some() {
//!         // A payment that failed is no payment.
//!         return Reply(reply::success());
//!     }
//!     match notification.decode::<PaymentNotice>() {
//!         // Compare it with the order, and store it: it comes several times.
//!         Ok(_payment) => Reply(reply::success()),
//!         Err(_) => Reply(reply::failure("cannot be processed")),
//!     }
//! }
//!
//! async fn refunded(VerifiedRefundNotification(refund): VerifiedRefundNotification) -> Reply {
//!     println!("{:?}", refund.get("out_refund_no"));
//!     Reply(reply::success())
//! }
//!
//! fn routes(client: Client) -> Router {
//!     Router::new()
//!         .route("/wechatpay/v2/paid", post(paid))
//!         .route("/wechatpay/v2/refunded", post(refunded))
//!         .with_state(client)
//! }
//! ```

use axum_core::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use tokio::time::Instant;
use wxpay_proto::MAX_NOTIFICATION_BYTES;
use wxpay_proto::v2::{Notification, NotificationError, RefundNotification, reply};

use super::body::{self, BodyError};
use super::rejection::Rejection;
use crate::client::NOTIFICATION_PATIENCE;
use crate::v2::Client;

/// A v2 notification with a signature: a payment, a contract, a deduction. See
/// [`Merchant::open_notification`](wxpay_proto::v2::Merchant::open_notification).
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart by naming it, as extractors of axum are"
)]
pub struct VerifiedNotification(pub Notification);

/// A v2 refund notification (退款结果通知), which is proven by its encryption. See
/// [`Merchant::open_refund_notification`](wxpay_proto::v2::Merchant::open_refund_notification).
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart by naming it, as extractors of axum are"
)]
pub struct VerifiedRefundNotification(pub RefundNotification);

impl<S> FromRequest<S> for VerifiedNotification
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let body = read(request).await?;
        let opened = Client::from_ref(state).merchant().open_notification(&body);
        opened.map(Self).map_err(rejected)
    }
}

impl<S> FromRequest<S> for VerifiedRefundNotification
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let body = read(request).await?;
        let client = Client::from_ref(state);
        let opened = client.merchant().open_refund_notification(&body);
        opened.map(Self).map_err(rejected)
    }
}

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
