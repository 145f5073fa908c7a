//! Notifications (回调通知): verified on their raw bytes, then decrypted.

mod content;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use wxpay_json::{DateTime, DecodeError, NotificationEnvelope};
use wxpay_sign::{ApiV3Key, CipherError, Decryptor, PlatformKeyId, Timestamp};

use crate::keyring::PlatformKeyring;
use crate::reply;
use crate::response::prove;
use crate::verification::{VerificationError, short};

pub use content::{ContentError, NotificationContent, Plaintext};

/// The largest notification taken, in bytes. Real ones have a few thousand.
pub const MAX_NOTIFICATION_BYTES: usize = 1 << 20;

/// A notification whose signature was verified and whose resource was decrypted.
///
/// It can be had only from [`Merchant::open_notification`](crate::Merchant::open_notification).
///
/// ```compile_fail
/// let body = br#"{"id":"EV-1","event_type":"TRANSACTION.SUCCESS"}"#;
/// let forged: wxpay_proto::Notification = wxpay_json::decode(body).unwrap();
/// ```
#[derive(Clone)]
pub struct Notification {
    id: String,
    create_time: Option<DateTime>,
    event_type: String,
    summary: Option<String>,
    original_type: Option<String>,
    key: PlatformKeyId,
    plaintext: Bytes,
    decryptor: Arc<dyn Decryptor>,
}

impl Notification {
    /// The number of the notification; the same when it is sent again.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was made.
    #[must_use]
    pub const fn create_time(&self) -> Option<DateTime> {
        self.create_time
    }

    /// What happened, `TRANSACTION.SUCCESS` for instance. Decide by this, not by
    /// [`original_type`](Self::original_type). Words that nobody knows yet are passed on as they are.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// A note in Chinese.
    #[must_use]
    pub fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    /// What kind of thing the resource is; not always there.
    #[must_use]
    pub fn original_type(&self) -> Option<&str> {
        self.original_type.as_deref()
    }

    /// The key that signed it.
    #[must_use]
    pub const fn key_id(&self) -> &PlatformKeyId {
        &self.key
    }

    /// The decrypted resource, JSON.
    #[must_use]
    pub const fn plaintext(&self) -> &Bytes {
        &self.plaintext
    }

    /// Reads the resource as what [`event_type`](Self::event_type) carries, and decrypts the sensitive
    /// fields in it.
    ///
    /// The type has to be one of the event: a refund read as a payment is refused, however alike they
    /// are. Several types may belong to one event (`TRANSACTION.SUCCESS` tells of direct, partner and
    /// combined orders and of deductions): ask for that of the product whose address it came to.
    ///
    /// # Errors
    ///
    /// Where the type is not one of the event, or the plaintext is of another form. The error keeps the
    /// plaintext.
    pub fn decode<T: NotificationContent>(&self) -> Result<T, ContentError> {
        if !T::EVENTS.contains(&self.event_type.as_str()) {
            return Err(ContentError::event(self, T::EVENTS));
        }
        self.decode_as()
    }

    /// Reads the resource as `T` whatever the event is called: for an event that is newer than `T` and
    /// known to carry the same.
    ///
    /// # Errors
    ///
    /// Where the plaintext is of another form. The error keeps the plaintext.
    pub fn decode_as<T: NotificationContent>(&self) -> Result<T, ContentError> {
        T::read(Plaintext::of(self)).map_err(|error| ContentError::form(self, error))
    }

    /// Reads the resource as any type that serde can read, `serde_json::Value` for instance: for events
    /// that have no type here. Nothing in it is decrypted.
    ///
    /// # Errors
    ///
    /// Where the plaintext is of another form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        wxpay_json::decode(&self.plaintext)
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("plaintext", &format_args!("[redacted]"))
            .finish_non_exhaustive()
    }
}

pub(crate) fn open(
    headers: &HeaderMap,
    body: &[u8],
    keyring: &PlatformKeyring,
    api_v3_key: &ApiV3Key,
    decryptor: &Arc<dyn Decryptor>,
    now: Timestamp,
) -> Result<Notification, NotificationError> {
    if body.len() > MAX_NOTIFICATION_BYTES {
        return Err(NotificationError::TooLarge {
            body_len: body.len(),
        });
    }
    let key = prove(headers, body, keyring, now).map_err(NotificationError::Verification)?;
    let envelope: NotificationEnvelope =
        wxpay_json::decode(body).map_err(NotificationError::Envelope)?;
    if envelope.resource_type != "encrypt-resource" {
        return Err(NotificationError::ResourceType(short(
            &envelope.resource_type,
        )));
    }
    let resource = envelope.resource;
    if resource.algorithm != "AEAD_AES_256_GCM" {
        return Err(NotificationError::Algorithm(short(&resource.algorithm)));
    }
    let associated_data = resource.associated_data.as_deref().unwrap_or_default();
    let plaintext = api_v3_key
        .open(
            resource.nonce.as_bytes(),
            associated_data.as_bytes(),
            &resource.ciphertext,
        )
        .map_err(NotificationError::Decrypt)?;
    Ok(Notification {
        id: envelope.id,
        create_time: envelope.create_time,
        event_type: envelope.event_type,
        summary: envelope.summary,
        original_type: resource.original_type,
        key,
        plaintext: plaintext.into(),
        decryptor: Arc::clone(decryptor),
    })
}

/// Why a notification is not taken. Each says which step failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotificationError {
    /// It is larger than [`MAX_NOTIFICATION_BYTES`].
    TooLarge {
        /// Its size in bytes.
        body_len: usize,
    },
    /// It is not proven to be WeChat Pay's.
    Verification(VerificationError),
    /// It is genuine, but the envelope is not of the expected form.
    Envelope(DecodeError),
    /// It is genuine, but its resource is not an encrypted one.
    ResourceType(String),
    /// It is genuine, but encrypted with an algorithm that is not supported.
    Algorithm(String),
    /// It is genuine, but cannot be decrypted: the API v3 key (APIv3密钥) is not the one set in the
    /// merchant portal.
    Decrypt(CipherError),
}

impl NotificationError {
    /// Whether it is a signature probe (签名探测): refuse it as any other, raise no alarm.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        matches!(self, Self::Verification(VerificationError::Probe))
    }

    /// What to answer: 401 where it is not proven, 413 where it is too large, 500 where it is genuine and
    /// could not be processed, so that it is sent again.
    #[must_use]
    pub fn reply(&self) -> http::Response<Bytes> {
        match self {
            Self::TooLarge { .. } => reply::with(StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
            Self::Verification(_) => {
                reply::with(StatusCode::UNAUTHORIZED, "signature not verified")
            }
            _ => reply::failure("cannot be processed"),
        }
    }
}

impl fmt::Display for NotificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { body_len } => write!(
                f,
                "the notification has {body_len} bytes, at most {MAX_NOTIFICATION_BYTES} are taken"
            ),
            Self::Verification(_) => {
                f.write_str("the notification is not proven to be WeChat Pay's")
            }
            Self::Envelope(_) => {
                f.write_str("the notification is genuine, but its envelope cannot be read")
            }
            Self::ResourceType(found) => write!(
                f,
                "the notification is genuine, but its resource_type is `{found}`, expected encrypt-resource"
            ),
            Self::Algorithm(found) => write!(
                f,
                "the notification is genuine, but resource.algorithm is `{found}`, expected AEAD_AES_256_GCM"
            ),
            Self::Decrypt(_) => f.write_str(
                "the notification is genuine, but resource.ciphertext cannot be decrypted: see that the API v3 \
                 key is the one set in the merchant portal",
            ),
        }
    }
}

impl Error for NotificationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Verification(source) => Some(source),
            Self::Envelope(source) => Some(source),
            Self::Decrypt(source) => Some(source),
            Self::TooLarge { .. } | Self::ResourceType(_) | Self::Algorithm(_) => None,
        }
    }
}
