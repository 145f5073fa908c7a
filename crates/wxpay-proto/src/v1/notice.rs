//! What WeChat sends to the merchant's addresses, and what is answered.

mod alarm;
mod native;
mod payment;
mod rights;

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use wxpay_json::DecodeError;
use wxpay_sign::{Timestamp, VerifyError};
use wxpay_xml::{Document, Limits};

use super::charset::CharsetError;
use super::error::VerificationError;
use super::merchant::Merchant;
use super::parameters::Fault;
use super::reply;

pub use alarm::AlarmNotice;
pub use native::NativeCallback;
pub(crate) use native::native_reply;
pub use payment::{ExpectedOrder, OrderMismatch, PaymentNotice, TradeMode, TradeState};
pub use rights::{RightsKind, RightsNotice};

/// The largest notice taken, body and query each, in bytes. Real ones have one or two thousand.
pub const MAX_NOTICE_BYTES: usize = 64 * 1024;

/// The body of a notice, its signature verified.
struct Signed<'a>(Document<'a>);

impl<'a> Signed<'a> {
    /// `signed`: the elements that the signature covers. Nothing else is proven.
    fn open(
        merchant: &Merchant,
        body: &'a [u8],
        signed: &[&'static str],
        limits: Limits,
    ) -> Result<Self, NoticeError> {
        if body.len() > MAX_NOTICE_BYTES {
            return Err(NoticeError::TooLarge { len: body.len() });
        }
        let document = Document::parse_within(body, limits).map_err(NoticeError::Xml)?;
        let field = "AppSignature";
        let sign = document.get(field).filter(|sign| !sign.is_empty());
        let sign = sign.ok_or(NoticeError::Verification(VerificationError::Missing {
            field,
        }))?;
        let method = document.get("SignMethod").filter(|text| !text.is_empty());
        if method.is_some_and(|method| !method.eq_ignore_ascii_case("sha1")) {
            return Err(NoticeError::Verification(VerificationError::Malformed {
                field: "SignMethod",
            }));
        }
        let mut params = Vec::with_capacity(signed.len());
        for &name in signed {
            // One that is missing cannot be told from one that is empty.
            let text = document.get(name).unwrap_or_default();
            params.push((name, text));
        }
        let verified = merchant.pay_sign_key().verify(params, sign);
        verified.map_err(|error| {
            NoticeError::Verification(match error {
                VerifyError::Malformed => VerificationError::Malformed { field },
                _ => VerificationError::Mismatch { field },
            })
        })?;
        let read = Self(document);
        if read.text("AppId")? != merchant.appid() {
            let field = "AppId";
            return Err(NoticeError::Verification(
                VerificationError::OtherMerchant { field },
            ));
        }
        Ok(read)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).filter(|text| !text.is_empty())
    }

    fn text(&self, name: &'static str) -> Result<String, NoticeError> {
        let text = self.get(name).map(str::to_owned);
        text.ok_or_else(|| NoticeError::decode(name, "the field is missing"))
    }

    fn seconds(&self, name: &'static str) -> Result<Timestamp, NoticeError> {
        let text = self.text(name)?;
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoticeError::decode(name, "expected a number of seconds"));
        }
        let seconds = text.parse();
        seconds
            .map(Timestamp::from_unix)
            .map_err(|_| NoticeError::decode(name, "expected a number of seconds"))
    }

    fn flag(&self, name: &'static str) -> Result<bool, NoticeError> {
        match self.get(name) {
            Some("1") => Ok(true),
            Some("0") | None => Ok(false),
            Some(_) => Err(NoticeError::decode(name, "expected 0 or 1")),
        }
    }
}

/// Why a notice is not taken. Each says which step failed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NoticeError {
    /// Larger than [`MAX_NOTICE_BYTES`].
    TooLarge {
        /// The size in bytes.
        len: usize,
    },
    /// The body is not flat XML.
    Xml(wxpay_xml::Error),
    /// The query is not `name=value&…`, has a name twice, or far too many.
    Query,
    /// The query is not in the charset that it declares.
    Charset(CharsetError),
    /// It is not proven to be WeChat Pay's, or not for this merchant.
    Verification(VerificationError),
    /// It is genuine, and a field is missing or not of its form.
    Decode(DecodeError),
}

impl NoticeError {
    fn decode(field: &str, message: &'static str) -> Self {
        Self::Decode(DecodeError::at(field, message))
    }

    /// What to answer: `fail`, so that a genuine one is sent again.
    #[must_use]
    pub fn reply(&self) -> http::Response<Bytes> {
        reply::fail()
    }
}

impl From<Fault> for NoticeError {
    fn from(_: Fault) -> Self {
        Self::Query
    }
}

impl fmt::Display for NoticeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { len } => write!(
                f,
                "the notice has {len} bytes, at most {MAX_NOTICE_BYTES} are taken"
            ),
            Self::Xml(_) => f.write_str("the notice's body is not flat xml"),
            Self::Query => f.write_str(
                "the notice's query is not of the form name=value&name=value with each name once",
            ),
            Self::Charset(_) => f.write_str("the notice's query is not in its declared charset"),
            Self::Verification(_) => {
                f.write_str("the notice is not proven to be for this merchant")
            }
            Self::Decode(_) => f.write_str("the notice is genuine, but cannot be read"),
        }
    }
}

impl Error for NoticeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Xml(source) => Some(source),
            Self::Charset(source) => Some(source),
            Self::Verification(source) => Some(source),
            Self::Decode(source) => Some(source),
            Self::TooLarge { .. } | Self::Query => None,
        }
    }
}
