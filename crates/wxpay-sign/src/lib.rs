#![doc = include_str!("../README.md")]

#[cfg(not(any(feature = "rustcrypto", feature = "aws-lc-rs")))]
compile_error!(
    "wxpay-sign needs a cryptography backend: enable the feature `rustcrypto` (pure Rust, the default) \
     or `aws-lc-rs` (AWS-LC); with `default-features = false` one of them has to be named"
);

mod api_v3_key;
mod asn1;
mod backend;
mod certificate;
mod digest;
mod error;
#[cfg(feature = "file")]
mod file;
mod identifier;
mod message;
mod nonce;
mod notice;
mod parameters;
mod pem;
mod private_key;
mod public_key;
mod secret;
mod signature;
mod timestamp;

pub use api_v3_key::ApiV3Key;
pub use backend::Backend;
pub use certificate::Certificate;
pub use digest::Sign;
pub use error::{CipherError, CipherErrorKind, KeyError, KeyErrorKind, SignError, VerifyError};
#[cfg(feature = "file")]
pub use file::{FileKey, FileOpener};
pub use identifier::{IdentifierError, PlatformKeyId, PublicKeyId, SerialNumber};
pub use message::{app_message, authorization, jsapi_message, request_message, response_message};
pub use nonce::{Nonce, NonceError};
pub use parameters::{ApiV2Key, PaySignKey, SignType, WorkwxSecret, address_sign};
pub use private_key::PrivateKey;
pub use public_key::PublicKey;
pub use signature::{Algorithm, Decryptor, Encryptor, Signature, Signer};
pub use timestamp::Timestamp;
