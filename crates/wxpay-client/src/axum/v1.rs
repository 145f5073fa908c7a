//! Notices of v1: XML whose answer is one word ([`wxpay_proto::v1::reply`]).
//!
//! ```
//! use axum::Router;
//! use axum::routing::post;
//! use wxpay_client::axum::Reply;
//! use wxpay_client::axum::v1::VerifiedPaymentNotice;
//! use wxpay_client::proto::v1::reply;
//! use wxpay_client::v1::Client;
//!
//! async fn paid(VerifiedPaymentNotice(notice): VerifiedPaymentNotice) -> Reply {
//!     // Compare it with the order, and store it: it comes several times.
//!     println!("{}", notice.out_trade_no);
//!     Reply(reply::success())
//! }
//!
//! fn routes(client: Client) -> Router {
//!     Router::new().route("/wechatpay/v1/paid", post(paid)).with_state(client)
//! }
//! ```

use axum_core::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use http::request::Parts;
use tokio::time::Instant;
use wxpay_proto::v1::{
    AlarmNotice, MAX_NOTICE_BYTES, NoticeError, PaymentNotice, RightsNotice, reply,
};

use super::body;
use super::rejection::Rejection;
use crate::client::NOTIFICATION_PATIENCE;
use crate::v1::Client;

/// A payment (支付通知). The order is in the query and the payer in the body, each signed with a key of its own. See
/// [`Merchant::open_payment_notice`](wxpay_proto::v1::Merchant::open_payment_notice).
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart by naming it, as extractors of axum are"
)]
pub struct VerifiedPaymentNotice(pub PaymentNotice);

/// A complaint (维权通知). See [`Merchant::open_rights_notice`](wxpay_proto::v1::Merchant::open_rights_notice).
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart by naming it, as extractors of axum are"
)]
pub struct VerifiedRightsNotice(pub RightsNotice);

/// An alarm (告警通知). See [`Merchant::open_alarm_notice`](wxpay_proto::v1::Merchant::open_alarm_notice).
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "taken apart by naming it, as extractors of axum are"
)]
pub struct VerifiedAlarmNotice(pub AlarmNotice);

impl<S> FromRequest<S> for VerifiedPaymentNotice
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let (parts, body) = read(request).await?;
        let client = Client::from_ref(state);
        let query = parts.uri.query().unwrap_or_default();
        let opened = client.merchant().open_payment_notice(query, &body);
        opened.map(Self).map_err(rejected)
    }
}

impl<S> FromRequest<S> for VerifiedRightsNotice
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let (_, body) = read(request).await?;
        let opened = Client::from_ref(state).merchant().open_rights_notice(&body);
        opened.map(Self).map_err(rejected)
    }
}

impl<S> FromRequest<S> for VerifiedAlarmNotice
where
    S: Send + Sync,
    Client: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let (_, body) = read(request).await?;
        let opened = Client::from_ref(state).merchant().open_alarm_notice(&body);
        opened.map(Self).map_err(rejected)
    }
}

async fn read(request: Request) -> Result<(Parts, Bytes), Rejection> {
    let deadline = Instant::now() + NOTIFICATION_PATIENCE;
    let (parts, body) = request.into_parts();
    match body::read(body, MAX_NOTICE_BYTES, deadline).await {
        Ok(body) => Ok((parts, body)),
        Err(error) => Err(Rejection::new(reply::fail(), error).logged()),
    }
}

fn rejected(error: NoticeError) -> Rejection {
    let genuine = matches!(error, NoticeError::Decode(_));
    Rejection::new(error.reply(), error)
        .genuine(genuine)
        .logged()
}
