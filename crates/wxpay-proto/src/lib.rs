#![doc = include_str!("../README.md")]

pub mod danger;
pub mod reply;
#[cfg(feature = "v1")]
pub mod v1;
#[cfg(feature = "v2")]
pub mod v2;

mod api_error;
mod certificates;
mod credential;
mod endpoint;
mod invocation;
mod keyring;
mod merchant;
mod multipart;
mod notification;
mod operation;
mod request;
mod response;
mod retry;
mod target;
mod untyped;
mod verification;

pub use {bytes, http};
pub use {wxpay_json as json, wxpay_sign as sign};

pub use wxpay_json::{Date, DateTime, DecodeError, Fen, InvalidField, Sensitive};
pub use wxpay_sign::{
    ApiV3Key, Certificate, Nonce, PlatformKeyId, PrivateKey, PublicKey, PublicKeyId, SerialNumber,
    Signature, Signer, Timestamp,
};
#[cfg(feature = "file")]
pub use wxpay_sign::{FileKey, FileOpener};

pub use api_error::ApiError;
pub use certificates::{CertificatesError, CertificatesOutcome};
pub use credential::{BrandCredential, ConfigError, Credential};
pub use endpoint::{Endpoint, EndpointError};
pub use invocation::{AppParameters, H5UrlError, JsapiParameters, MiniProgramParameters, h5_url};
pub use keyring::{
    PlatformCertificate, PlatformKey, PlatformKeyError, PlatformKeyring, PlatformPublicKey,
    RefreshDecision, RefreshPermit, RefreshPolicy, RefreshReason,
};
pub use merchant::Merchant;
pub use multipart::{Multipart, MultipartBuilder};
pub use notification::{
    ContentError, MAX_NOTIFICATION_BYTES, Notification, NotificationContent, NotificationError,
    Plaintext,
};
pub use operation::{
    Body, BodyError, Host, Idempotency, Operation, OperationInfo, Reply, ReplySignature,
};
pub use request::{EncodedRequest, PrepareError, UnsignedRequest};
pub use response::{AcceptError, DecodeFailure, Response, UnexpectedAnswer};
pub use retry::{Outcome, RetryAdvice, RetryPolicy};
pub use target::{Target, TargetError};
pub use untyped::Untyped;
pub use verification::{CLOCK_WINDOW_SECONDS, VerificationError};
