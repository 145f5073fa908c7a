//! Notifications of v3.

use std::fmt;

use axum_core::extract::{FromRef, FromRequest, Request};
use tokio::time::Instant;
use wxpay_proto::{MAX_NOTIFICATION_BYTES, Notification, NotificationContent};

use super::body;
use super::rejection::Rejection;
use crate::Client;
use crate::client::NOTIFICATION_PATIENCE;

/// A v3 notification of any event: look at [`Notification::event_type`], then [`Notification::decode`].
///
/// For a path that takes several events, or stores them before it reads them.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart by naming it, as extractors of axum are"
)]
pub struct VerifiedNotification(pub Notification);

impl<S> FromRequest<S> for VerifiedNotification
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let opened = open(request, &Client::from_ref(state)).await;
        opened.map(Self).map_err(Rejection::logged)
    }
}

/// What a v3 notification tells, read as the type of its event: a payment, a refund, a contract.
///
/// An event that `T` is not for is refused ([`NotificationContent::EVENTS`]), however alike the content may be. It is
/// had from a request alone, so what is in it was signed.
///
/// ```
/// use wxpay_api::refund::RefundNotification;
/// use wxpay_client::axum::{Reply, Verified};
/// use wxpay_client::proto::reply;
///
/// async fn refunded(Verified { content: refund, .. }: Verified<RefundNotification>) -> Reply {
///     println!("{}", refund.out_refund_no);
///     Reply(reply::success())
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Verified<T> {
    /// The whole: its number, which is the same when it is sent again, its event, its plaintext.
    pub notification: Notification,
    /// What it tells.
    pub content: T,
}

impl<T, S> FromRequest<S> for Verified<T>
where
    T: NotificationContent,
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let opened = open(request, &Client::from_ref(state)).await;
        let read = opened.and_then(|notification| {
            let content = notification.decode().map_err(Rejection::of_content)?;
            Ok(Self {
                notification,
                content,
            })
        });
        read.map_err(Rejection::logged)
    }
}

impl<T> fmt::Debug for Verified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payments and people: not for logs.
        f.debug_struct("Verified")
            .field("notification", &self.notification)
            .field("content", &format_args!("[redacted]"))
            .finish()
    }
}

async fn open(request: Request, client: &Client) -> Result<Notification, Rejection> {
    let deadline = Instant::now() + NOTIFICATION_PATIENCE;
    let (parts, body) = request.into_parts();
    let body = body::read(body, MAX_NOTIFICATION_BYTES, deadline);
    let body = body.await.map_err(Rejection::of_body)?;
    let opened = client.open_notification_until(&parts.headers, &body, deadline);
    opened.await.map_err(Rejection::of_notification)
}
