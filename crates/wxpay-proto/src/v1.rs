//! API v1, WeChat Pay as it was in 2014 (微信支付旧版): packages, `paySignKey`, access tokens, Tenpay.
//!
//! WeChat retired it long ago, and programs that were written for it are still there. Two signatures run through it:
//! MD5 with the partner key over sorted parameters, in the charset of the message, and SHA-1 with the `paySignKey`
//! over a fixed set of fields, in UTF-8. Which message has which, over which fields and in which charset, is what this
//! module knows.
//!
//! ```
//! use wxpay_proto::v1::{ApiV2Key, Charset, ExpectedOrder, Merchant, PackageOrder, PaySignKey};
//! use wxpay_proto::{Fen, Nonce, Timestamp};
//!
//! # let (partner_key, pay_sign_key) = ("8934e7d15453e97507ef794cf7b0519d", "a".repeat(128));
//! let merchant = Merchant::new(
//!     "wxf8b4f85f3a794e77",
//!     "1900000109",
//!     ApiV2Key::new(partner_key)?,
//!     PaySignKey::new(pay_sign_key)?,
//! )?;
//! let order = PackageOrder::new(
//!     "支付测试",
//!     "7240b65810859cbf2a8d9f76a638c0a3",
//!     Fen::new(1),
//!     "http://weixin.qq.com",
//!     "196.168.1.1",
//! );
//! let package = merchant.package(&order)?;
//! assert!(package.as_str().ends_with("&sign=7F77B507B755B3262884291517E380F8"));
//!
//! // In a program the time is now, and the nonce is sixteen random bytes.
//! let (at, nonce) = (Timestamp::from_unix(1_399_514_976), Nonce::from_bytes([7; 16]));
//! let page = merchant.jsapi_parameters(&package, at, &nonce);
//! assert_eq!(page.sign_type, "SHA1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Requests and answers: an [`Operation`] is prepared and accepted by a [`Merchant`], its access token comes from a
//! [`TokenCache`]. Messages of WeChat's are opened by the `open_…` methods, each of which verifies first.

pub mod reply;

mod accept;
mod accept_error;
mod charset;
mod error;
mod form;
mod invocation;
mod merchant;
mod notice;
mod operation;
mod package;
mod parameters;
mod request;
mod secret;
mod token;

pub use wxpay_sign::{ApiV2Key, PaySignKey};

pub use accept::{Reply, Response};
pub use accept_error::{AcceptError, ApiError, DecodeFailure, Unreadable, UnreadableAnswer};
pub use charset::{Charset, CharsetError, Escapes};
pub use error::{ConfigError, PrepareError, VerificationError};
pub use form::Form;
pub use invocation::AddressParameters;
pub use merchant::Merchant;
pub use notice::{
    AlarmNotice, ExpectedOrder, MAX_NOTICE_BYTES, NativeCallback, NoticeError, OrderMismatch,
    PaymentNotice, RightsKind, RightsNotice, TradeMode, TradeState,
};
pub use operation::{Host, Operation, OperationInfo, ReplyForm, Request, Signing};
pub use package::{MAX_PACKAGE_BYTES, Package, PackageError, PackageOrder};
pub use request::{EncodedRequest, SensitiveTarget};
pub use secret::{AccessToken, AppSecret, OperatorPassword};
pub use token::{
    FetchAccessToken, IssuedToken, TokenCache, TokenDecision, TokenFuture, TokenPermit,
    TokenPolicy, TokenProvider,
};
