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
//! v2 answers HTTP 200 to nearly everything. What an error says about the request is in [`AcceptError`]: whether it
//! was refused, or may have been carried out.

pub mod reply;

mod answer;
mod error;
mod error_code;
mod fields;
mod file;
mod flow;
mod form;
mod invocation;
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
