//! Replies as axum wants them.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;

/// What is answered to a notification, from a handler of axum.
///
/// The replies of the protocol ([`wxpay_proto::reply`], and those of `v2` and `v1`) are `http::Response<Bytes>`, which
/// axum does not take as it is; this does.
///
/// ```
/// use wxpay_client::axum::{Reply, VerifiedNotification};
/// use wxpay_client::proto::reply;
///
/// async fn handler(VerifiedNotification(notification): VerifiedNotification) -> Reply {
///     println!("{}", notification.event_type());
///     Reply(reply::success())
/// }
/// ```
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made by naming it, as responses of axum are"
)]
pub struct Reply(pub http::Response<Bytes>);

impl From<http::Response<Bytes>> for Reply {
    fn from(reply: http::Response<Bytes>) -> Self {
        Self(reply)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0.map(Body::from)
    }
}
