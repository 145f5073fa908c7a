//! Notifications (回调通知) as extractors of [axum](https://docs.rs/axum).
//!
//! An extractor reads the raw body, at most [`MAX_NOTIFICATION_BYTES`](wxpay_proto::MAX_NOTIFICATION_BYTES) of it,
//! verifies it, decrypts it, and hands the handler what WeChat Pay has said. Whatever is not proven never reaches the
//! handler: it is answered as WeChat Pay expects, and a genuine notification is then sent again.
//!
//! | extractor | gives | state |
//! |---|---|---|
//! | [`Verified<T>`] | the content of a v3 notification as a type of its event, and the notification | [`Client`](crate::Client) |
//! | [`VerifiedNotification`] | a v3 notification of any event | [`Client`](crate::Client) |
//! | `v2::VerifiedNotification`, `v2::VerifiedRefundNotification` | those of v2 (feature `v2`), and the body | `v2::Client` |
//! | `v2::VerifiedNativeCallback` | the question after a scan in native payment, mode 1 (扫码模式一), and the body | `v2::Client` |
//! | `v1::VerifiedPaymentNotice`, `v1::VerifiedRightsNotice`, `v1::VerifiedAlarmNotice` | those of v1 (feature `v1`), and the body, of a payment the query too | `v1::Client` |
//! | `v1::VerifiedNativeCallback` | the question after a scan (获取订单Package的回调), and the body | `v1::Client` |
//!
//! The client is the state of the router, or a part of it that [`FromRef`](axum_core::extract::FromRef) finds.
//!
//! ```
//! use axum::Router;
//! use axum::extract::{FromRef, State};
//! use axum::routing::post;
//! use wxpay_api::pay::Transaction;
//! use wxpay_client::Client;
//! use wxpay_client::axum::{Reply, Verified};
//! use wxpay_client::proto::reply;
//!
//! # #[derive(Clone)]
//! # struct Inbox;
//! # impl Inbox {
//! #     async fn store(&self, _: &str, _: &Transaction) -> std::io::Result<()> { Ok(()) }
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
//!     Verified { notification, content: payment, .. }: Verified<Transaction>,
//! ) -> Reply {
//!     // Store it and answer; compare it with the order and apply it afterwards, once.
//!     match shop.inbox.store(notification.id(), &payment).await {
//!         Ok(()) => Reply(reply::success()),
//!         Err(_) => Reply(reply::failure("try again")),
//!     }
//! }
//!
//! fn routes(shop: Shop) -> Router {
//!     Router::new().route("/wechatpay/paid", post(paid)).with_state(shop)
//! }
//! ```
//!
//! # What is believed
//!
//! The signature is proof of who speaks, and of nothing else. Before anything is delivered, compare merchant, app,
//! number and amount with the order (`Transaction::check` of `wxpay-api`). The same notification comes several times,
//! late, and out of order.
//!
//! The signature covers the body, not the method, not `Content-Type`, not the path; extractors look at none of these.
//! Route with `post`, and give each kind of notification a path of its own. A layer that changes or unpacks the body
//! breaks the signature. axum's `DefaultBodyLimit` plays no part here.
//!
//! # Storing
//!
//! A notification is stored before it is answered, and applied afterwards. What to store is handed over: in v3 the
//! plaintext ([`Notification::plaintext`](wxpay_proto::Notification::plaintext)); in v2 and v1 what came, byte for byte,
//! which the merchant's `open_…` verifies again whenever it is read. A refund of v2 stays encrypted that way. `Debug`
//! shows none of it.
//!
//! # Time
//!
//! WeChat Pay waits five seconds for an answer. Reading the body and getting a platform key that is not known may
//! together take four seconds; then the notification is refused. Keys are fetched as
//! [`Client::open_notification`](crate::Client::open_notification) says: a fetch that takes longer goes on in the
//! background, and the notification finds the key when it is sent again. What the handler does comes on top: store the
//! notification, answer, and do the rest elsewhere.
//!
//! # What is refused
//!
//! | what came | v3 | v2 | v1 |
//! |---|---|---|---|
//! | the body is too large: over 1 MiB, in v1 over 64 KiB | 413 | 200 `FAIL` | 200 `fail` |
//! | the body ends too early | 400 | 200 `FAIL` | 200 `fail` |
//! | the body does not come in time | 408 | 200 `FAIL` | 200 `fail` |
//! | forged, of another merchant, too old, a signature probe (签名探测) | 401 | 200 `FAIL` | 200 `fail` |
//! | genuine, but it cannot be decrypted or read | 500 | 200 `FAIL` | 200 `fail` |
//! | genuine, but of an event that [`Verified<T>`] is not for | 500 | | |
//!
//! Each of these makes WeChat Pay try again. A question after a scan is answered in the same way; to that it means that
//! there is no order, and the payer may scan once more. The answer tells a stranger nothing; the reason goes to the log
//! (`tracing`, at `warn`, a probe at `debug`), without key or plaintext. A handler that wants to decide by itself takes
//! `Result<Verified<T>, Rejection>`: where the content cannot be read, [`Rejection::content_error`] still has it.

mod body;
mod notification;
mod rejection;
mod reply;
#[cfg(feature = "v1")]
pub mod v1;
#[cfg(feature = "v2")]
pub mod v2;

pub use self::notification::{Verified, VerifiedNotification};
pub use self::rejection::Rejection;
pub use self::reply::Reply;
