//! What a notification is read as.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use wxpay_json::DecodeError;
use wxpay_sign::Decryptor;

use super::Notification;
use crate::verification::short;

/// What a notification tells, as a type: a payment, a refund, a contract.
///
/// `wxpay-api` has one type for every documented payload. Write your own for what is not there: name the
/// events and read the JSON.
///
/// ```
/// use wxpay_proto::{DecodeError, NotificationContent, Plaintext};
///
/// struct Echo {
///     message: String,
/// }
///
/// impl NotificationContent for Echo {
///     const EVENTS: &'static [&'static str] = &["SECURITY_ECHO.SUCCESS"];
///
///     fn read(plaintext: Plaintext<'_>) -> Result<Self, DecodeError> {
///         let fields: std::collections::BTreeMap<String, String> = plaintext.json()?;
///         match fields.get("echo_message") {
///             Some(message) => Ok(Self { message: message.clone() }),
///             None => Err(DecodeError::at("echo_message", "the field is missing")),
///         }
///     }
/// }
/// ```
pub trait NotificationContent: Sized {
    /// The events (`event_type`) that carry it.
    const EVENTS: &'static [&'static str];

    /// Reads it. What is encrypted inside of it, [`Plaintext::decryptor`] opens.
    ///
    /// # Errors
    ///
    /// Where the plaintext is of another form.
    fn read(plaintext: Plaintext<'_>) -> Result<Self, DecodeError>;
}

/// The decrypted resource of a verified notification, about to be read.
#[derive(Clone, Copy)]
pub struct Plaintext<'a> {
    bytes: &'a Bytes,
    original_type: Option<&'a str>,
    decryptor: &'a dyn Decryptor,
}

impl<'a> Plaintext<'a> {
    pub(super) fn of(notification: &'a Notification) -> Self {
        Self {
            bytes: &notification.plaintext,
            original_type: notification.original_type(),
            decryptor: &*notification.decryptor,
        }
    }

    /// The bytes, JSON.
    #[must_use]
    pub const fn bytes(&self) -> &'a Bytes {
        self.bytes
    }

    /// What kind of thing it is; not always there.
    #[must_use]
    pub const fn original_type(&self) -> Option<&'a str> {
        self.original_type
    }

    /// Decrypts sensitive fields with the merchant's private key.
    #[must_use]
    pub const fn decryptor(&self) -> &'a dyn Decryptor {
        self.decryptor
    }

    /// Reads the JSON.
    ///
    /// # Errors
    ///
    /// Where it is of another form, with the path of the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        wxpay_json::decode(self.bytes)
    }
}

impl fmt::Debug for Plaintext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Payments and people: not for logs.
        f.debug_struct("Plaintext")
            .field("len", &self.bytes.len())
            .field("original_type", &self.original_type)
            .finish_non_exhaustive()
    }
}

/// Why a genuine notification became no value.
///
/// What was told is not lost: [`plaintext`](Self::plaintext) has it. Store that before answering success,
/// or answer failure ([`reply::failure`](crate::reply::failure)) and WeChat Pay sends the notification
/// again.
#[derive(Clone)]
pub struct ContentError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    id: String,
    event_type: String,
    plaintext: Bytes,
    reason: Reason,
}

#[derive(Clone)]
enum Reason {
    Event(&'static [&'static str]),
    Form(DecodeError),
}

impl ContentError {
    #[cold]
    pub(super) fn event(notification: &Notification, expected: &'static [&'static str]) -> Self {
        Self::new(notification, Reason::Event(expected))
    }

    #[cold]
    pub(super) fn form(notification: &Notification, error: DecodeError) -> Self {
        Self::new(notification, Reason::Form(error))
    }

    fn new(notification: &Notification, reason: Reason) -> Self {
        Self(Box::new(Inner {
            id: notification.id.clone(),
            event_type: notification.event_type.clone(),
            plaintext: notification.plaintext.clone(),
            reason,
        }))
    }

    /// The number of the notification.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The event of the notification.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.0.event_type
    }

    /// The events of the type that was asked for, where the notification's is none of them; nothing
    /// where the event is right and the plaintext is of another form.
    #[must_use]
    pub fn expected_events(&self) -> Option<&'static [&'static str]> {
        match self.0.reason {
            Reason::Event(expected) => Some(expected),
            Reason::Form(_) => None,
        }
    }

    /// The verified and decrypted resource, JSON.
    #[must_use]
    pub fn plaintext(&self) -> &Bytes {
        &self.0.plaintext
    }
}

impl fmt::Debug for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            id,
            event_type,
            plaintext,
            reason,
        } = &*self.0;
        let mut debug = f.debug_struct("ContentError");
        debug.field("id", id).field("event_type", event_type);
        match reason {
            Reason::Event(expected) => debug.field("expected_events", expected),
            Reason::Form(error) => debug.field("error", error),
        };
        debug
            .field("plaintext_len", &plaintext.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = short(&self.0.event_type);
        match self.0.reason {
            Reason::Event(expected) => write!(
                f,
                "the notification is genuine and of event {event}, asked for was what {} carries: match on \
                 event_type() before, or use decode_as() where the payloads are known to be the same",
                expected.join(" or ")
            ),
            Reason::Form(_) => write!(
                f,
                "the notification is genuine, but what event {event} carries cannot be read: plaintext() still \
                 has it, store that or answer failure to have it sent again"
            ),
        }
    }
}

impl Error for ContentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.reason {
            Reason::Event(_) => None,
            Reason::Form(error) => Some(error),
        }
    }
}
