#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
pub mod axum;
mod build_error;
mod builder;
mod cache;
mod call;
mod client;
mod clock;
mod download;
mod error;
mod exchange;
mod hosts;
#[cfg(any(feature = "v1", feature = "v2"))]
mod identity;
mod keys;
mod options;
mod timeouts;
mod transport;
#[cfg(feature = "v1")]
pub mod v1;
#[cfg(feature = "v2")]
pub mod v2;

// What the guide shows has to compile.
#[cfg(doctest)]
#[doc = include_str!("../MIGRATING.md")]
mod migrating {}

pub use self::build_error::{BuildError, BuildErrorKind};
pub use self::builder::ClientBuilder;
pub use self::client::Client;
pub use self::clock::{Clock, SystemClock};
pub use self::download::{Download, EncryptedPart, ExpectedHash, InvalidHash};
pub use self::error::{Delivery, Error, ErrorKind};
#[cfg(any(feature = "v1", feature = "v2"))]
pub use self::identity::Identity;
pub use self::options::DEFAULT_MAX_RESPONSE_BYTES;
pub use self::timeouts::Timeouts;
pub use self::transport::{Proxy, Transport, TransportBuilder};

pub use wxpay_proto as proto;
pub use wxpay_proto::{
    ApiError, ApiV3Key, BrandCredential, Certificate, ContentError, Credential, Endpoint, Host,
    Merchant, Notification, NotificationContent, NotificationError, Operation, PlatformKeyring,
    PrivateKey, PublicKeyId, Response, RetryPolicy, SerialNumber, Timestamp,
};
