//! v2: XML, signed with the API v2 key (API密钥). Payment codes, red packets, withholding and the older contracts are
//! spoken so, beside v3.
//!
//! As in v3, requests and answers are values of the `http` crate, nonces and times are arguments, and nothing is
//! handed out that was not verified, except where a type or the module [`danger`](crate::danger) says so.
//!
//! ```text
//! operation ──▶ Merchant::prepare ──▶ http::Request ──▶ your HTTP stack ──▶ api.mch.weixin.qq.com
//!               check, sort, sign, write                                          │
//! value    ◀── Merchant::accept ◀── http::Response ◀── your HTTP stack ◀──────────┘
//!               return_code, sign, result_code, then the value
//! ```
//!
//! An operation of your own says what it is, writes its fields and reads its answer; `wxpay-api` has one for each
//! documented interface, and [`Untyped`] is for the rest:
//!
//! ```
//! use wxpay_proto::bytes::Bytes;
//! use wxpay_proto::v2::{
//!     AcceptError, ApiV2Key, Form, Merchant, Operation, OperationInfo, Reply, Request, VerificationError,
//! };
//! use wxpay_proto::{BodyError, DecodeError, Fen, Idempotency, Nonce, http};
//!
//! struct Order {
//!     out_trade_no: String,
//!     total_fee: Fen,
//! }
//!
//! impl Request for Order {
//!     fn info(&self) -> OperationInfo {
//!         OperationInfo::new("order", "/pay/unifiedorder", Idempotency::MerchantNumber)
//!     }
//!
//!     fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
//!         form.text("appid", "wx2421b1c4370ec43b");
//!         form.text("body", "咖啡 & 蛋糕");
//!         form.text("notify_url", "https://shop.example/paid");
//!         form.text("out_trade_no", self.out_trade_no.as_str());
//!         form.text("spbill_create_ip", "203.0.113.7");
//!         form.fen("total_fee", self.total_fee);
//!         form.text("trade_type", "NATIVE");
//!         Ok(())
//!     }
//! }
//!
//! impl Operation for Order {
//!     type Response = String;
//!
//!     fn read(&self, reply: &Reply<'_>) -> Result<String, DecodeError> {
//!         reply.text("code_url")
//!     }
//! }
//!
//! let merchant = Merchant::new("1900007291", ApiV2Key::new("0123456789ABCDEF0123456789abcdef")?)?;
//! let order = Order { out_trade_no: "20240101103456001".to_owned(), total_fee: Fen::new(100) };
//! // In a program: `Nonce::from_bytes` of sixteen random bytes.
//! let nonce = Nonce::new("593BEC0C930BF1AFEB40B4A08C8FB242")?;
//! let request = merchant.prepare(&order, &nonce)?;
//! assert_eq!(request.uri(), "https://api.mch.weixin.qq.com/pay/unifiedorder");
//!
//! // Send it. Whatever comes back is read only once it is proven:
//! let forged = "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
//!     <code_url>weixin://forged</code_url></xml>";
//! let refused = merchant.accept(&order, &http::Response::new(Bytes::from_static(forged.as_bytes())));
//! assert!(matches!(refused, Err(AcceptError::Verification(VerificationError::Missing))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors
//!
//! v2 answers HTTP 200 to nearly everything. What an error says about the request is in [`AcceptError`]: whether it
//! was refused, or may have been carried out; [`ErrorCode::repeat`] whether trying again is safe, and
//! [`Outcome::of_v2`](crate::Outcome::of_v2) turns it into a decision of [`RetryPolicy`](crate::RetryPolicy).
//!
//! # Notifications
//!
//! ```
//! use wxpay_proto::bytes::Bytes;
//! use wxpay_proto::http;
//! use wxpay_proto::v2::{Merchant, reply};
//!
//! /// `body`: the raw bytes as they came.
//! fn paid(merchant: &Merchant, body: &[u8]) -> http::Response<Bytes> {
//!     match merchant.open_notification(body) {
//!         // A payment that failed is no payment.
//!         Ok(notice) if notice.error().is_some() => reply::success(),
//!         Ok(notice) => {
//!             // Compare appid, number and amount with the order, and store it: it comes several times.
//!             let (_number, _fee) = (notice.get("out_trade_no"), notice.get("total_fee"));
//!             reply::success()
//!         }
//!         Err(error) => error.reply(),
//!     }
//! }
//! ```
//!
//! Refunds are told in another form, to an address of their own: [`Merchant::open_refund_notification`].

pub mod reply;

mod answer;
mod error;
mod error_code;
mod fields;
mod file;
mod flow;
mod form;
mod invocation;
mod key;
mod merchant;
mod native;
mod notification;
mod operation;
mod parameters;
mod request;
mod untyped;
mod words;

pub use wxpay_sign::{ApiV2Key, SignType, WorkwxSecret};

pub use answer::{Response, Verified};
pub use error::{
    AcceptError, ApiError, DecodeFailure, NotXml, NotXmlKind, ProtocolError, VerificationError,
};
pub use error_code::{ErrorCode, Repeat};
pub use fields::Fields;
pub use file::{FileStart, file_start};
pub use flow::{Failure, Flow, Step};
pub use form::Form;
pub use invocation::{PayScoreParameters, RedPacketParameters};
pub use merchant::Merchant;
pub use native::NativeCallback;
pub use notification::{Notification, NotificationError, RefundNotification};
pub use operation::{Decode, Host, Operation, OperationInfo, Reply, ReplyForm, Request, Signing};
pub use parameters::Parameters;
pub use request::{EncodedRequest, PrepareError};
pub use untyped::Untyped;
pub use words::{DateForm, TimeForm, YesNo};
