//! Notifications of v2 (支付结果通知, 退款结果通知): believed only when proven.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use wxpay_json::DecodeError;
use wxpay_sign::CipherError;
use wxpay_xml::Document;

use super::error::{ApiError, VerificationError};
use super::fields::Fields;
use super::merchant::Keys;
use super::operation::Decode;
use super::parameters::Parameters;
use super::reply;
use crate::notification::MAX_NOTIFICATION_BYTES;

/// A notification whose signature was verified over every field.
///
/// See <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_7> for that of a payment.
///
/// It can be had only from [`Merchant::open_notification`](super::Merchant::open_notification).
///
/// ```compile_fail
/// let fields = wxpay_proto::v2::Parameters::from_iter([("out_trade_no", "1"), ("total_fee", "1")]);
/// let forged: wxpay_proto::v2::Notification = fields.into();
/// ```
#[derive(Clone)]
pub struct Notification {
    parameters: Parameters,
}

impl Notification {
    /// Reads it as the type of notification that its address is for.
    ///
    /// # Errors
    ///
    /// Where it is of another form.
    pub fn decode<T: Decode>(&self) -> Result<T, DecodeError> {
        T::read(&self.fields())
    }

    /// A view to read values from.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        self.parameters.fields()
    }

    /// The text of a field; `None` where it is not there or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// All fields.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The error that it tells of: `result_code` is not `SUCCESS`, or there is an error code. A payment that failed
    /// is no payment.
    #[must_use]
    pub fn error(&self) -> Option<ApiError> {
        ApiError::find(&self.parameters, true)
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("parameters", &self.parameters)
            .finish()
    }
}

/// A refund notification that was decrypted.
///
/// See <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_16>.
///
/// It can be had only from [`Merchant::open_refund_notification`](super::Merchant::open_refund_notification).
#[derive(Clone)]
pub struct RefundNotification {
    envelope: Parameters,
    refund: Parameters,
}

impl RefundNotification {
    /// Reads the refund.
    ///
    /// # Errors
    ///
    /// Where it is of another form.
    pub fn decode<T: Decode>(&self) -> Result<T, DecodeError> {
        T::read(&self.fields())
    }

    /// A view of the refund, to read values from.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        self.refund.fields()
    }

    /// The text of a field of the refund; `None` where it is not there or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.refund.get(name)
    }

    /// All fields of the refund.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.refund
    }

    /// The fields around it, which nothing proves: `appid`, `mch_id`, in partner mode `sub_mch_id`.
    #[must_use]
    pub const fn envelope(&self) -> &Parameters {
        &self.envelope
    }
}

impl fmt::Debug for RefundNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefundNotification")
            .field("envelope", &self.envelope)
            .field("refund", &self.refund)
            .finish()
    }
}

pub(crate) fn open(keys: &Keys, body: &[u8]) -> Result<Notification, NotificationError> {
    let parameters = document(body, "xml")?;
    authenticate(keys, &parameters)?;
    Ok(Notification { parameters })
}

pub(crate) fn open_refund(
    keys: &Keys,
    body: &[u8],
) -> Result<RefundNotification, NotificationError> {
    let envelope = document(body, "xml")?;
    let owned = keys
        .owns(&envelope, "mch_id")
        .map_err(NotificationError::Verification)?;
    if !owned {
        return Err(NotificationError::Missing("mch_id"));
    }
    let sealed = envelope
        .get("req_info")
        .ok_or(NotificationError::Missing("req_info"))?;
    let plain = keys
        .api_key()
        .open_notice(sealed)
        .map_err(NotificationError::Decrypt)?;
    // A wrong key passes the padding once in 256 times; then this is no XML.
    let refund = Document::parse(&plain).map_err(NotificationError::Plaintext)?;
    if refund.root() != "root" {
        return Err(NotificationError::Root("root"));
    }
    let refund = Parameters::of(&refund);
    Ok(RefundNotification { envelope, refund })
}

/// Reads a body that claims to be a notification.
pub(crate) fn document(body: &[u8], root: &'static str) -> Result<Parameters, NotificationError> {
    if body.len() > MAX_NOTIFICATION_BYTES {
        return Err(NotificationError::TooLarge {
            body_len: body.len(),
        });
    }
    let document = Document::parse(body).map_err(NotificationError::NotXml)?;
    if document.root() != root {
        return Err(NotificationError::Root(root));
    }
    let parameters = Parameters::of(&document);
    match parameters.get("return_code") {
        None | Some("SUCCESS") => Ok(parameters),
        Some(_) => {
            let message = parameters.get("return_msg").unwrap_or_default();
            let message = message.chars().take(64).collect();
            Err(NotificationError::Failed(message))
        }
    }
}

/// Checks the signature, and whose it is.
pub(crate) fn authenticate(keys: &Keys, parameters: &Parameters) -> Result<(), NotificationError> {
    let sign = parameters.get("sign");
    keys.verify(parameters, sign)
        .map_err(NotificationError::Verification)?;
    for field in ["combine_mch_id", "mch_id", "mchid"] {
        keys.owns(parameters, field)
            .map_err(NotificationError::Verification)?;
    }
    Ok(())
}

/// Why a notification is not taken. Each says which step failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotificationError {
    /// It is larger than [`MAX_NOTIFICATION_BYTES`](crate::MAX_NOTIFICATION_BYTES).
    TooLarge {
        /// Its size in bytes.
        body_len: usize,
    },
    /// The body is no XML of v2: JSON, HTML, nothing, something a framework made of it.
    NotXml(wxpay_xml::Error),
    /// The root of the document is not this one.
    Root(&'static str),
    /// `return_code` is not `SUCCESS`, and nothing is proven of it; the text is `return_msg`.
    Failed(Box<str>),
    /// It is not proven to be WeChat Pay's, or is another merchant's.
    Verification(VerificationError),
    /// This field, without which it is none, is missing. A payment notification has no `req_info`: refunds and
    /// payments need addresses of their own.
    Missing(&'static str),
    /// `req_info` cannot be decrypted: the API v2 key (API密钥) is not the one set in the merchant portal.
    Decrypt(CipherError),
    /// What was decrypted is no XML: the API v2 key is not the one set in the merchant portal.
    Plaintext(wxpay_xml::Error),
}

impl NotificationError {
    /// What to answer: a failure without a reason worth knowing to a stranger, so that a genuine one is sent again.
    #[must_use]
    pub fn reply(&self) -> http::Response<Bytes> {
        reply::failure(match self {
            Self::TooLarge { .. } => "body too large",
            Self::Verification(_) => "signature not verified",
            Self::NotXml(_) | Self::Root(_) | Self::Missing(_) => "not a notification",
            Self::Failed(_) => "return_code is not SUCCESS",
            Self::Decrypt(_) | Self::Plaintext(_) => "cannot be processed",
        })
    }
}

impl fmt::Display for NotificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { body_len } => write!(
                f,
                "the notification has {body_len} bytes, at most {MAX_NOTIFICATION_BYTES} are taken"
            ),
            Self::NotXml(_) => f.write_str("the notification is not the XML of v2"),
            Self::Root(root) => write!(f, "the root of the notification is not {root}"),
            Self::Failed(message) => write!(
                f,
                "the notification tells of a failure, and nothing proves it: {message}"
            ),
            Self::Verification(_) => {
                f.write_str("the notification is not proven to be WeChat Pay's")
            }
            Self::Missing(field) => write!(
                f,
                "the notification has no {field}: see that refunds and payments have addresses of their own"
            ),
            Self::Decrypt(_) => f.write_str(
                "req_info cannot be decrypted: see that the API v2 key is the one set in the merchant portal",
            ),
            Self::Plaintext(_) => f.write_str(
                "req_info is no XML once decrypted: see that the API v2 key is the one set in the merchant portal",
            ),
        }
    }
}

impl Error for NotificationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotXml(source) | Self::Plaintext(source) => Some(source),
            Self::Verification(source) => Some(source),
            Self::Decrypt(source) => Some(source),
            Self::TooLarge { .. } | Self::Root(_) | Self::Failed(_) | Self::Missing(_) => None,
        }
    }
}
