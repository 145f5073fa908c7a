//! What can go wrong before anything is sent, and why something is not believed.

use std::error::Error;
use std::fmt;

use wxpay_json::InvalidField;

use super::charset::CharsetError;
use crate::target::TargetError;

/// What cannot be a merchant's configuration. Shows nothing of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The app id is not 1 to 32 letters, digits, `-` and `_`.
    AppId,
    /// The partner id is not 10 digits.
    PartnerId,
    /// The app secret is not 32 letters and digits.
    AppSecret,
    /// The access token is not 1 to 512 printable characters.
    AccessToken,
    /// The operator's password is empty or has a control character.
    OperatorPassword,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AppId => "appid: 1 to 32 letters, digits, `-` and `_` needed",
            Self::PartnerId => "partner: a Tenpay merchant number has 10 digits and nothing else",
            Self::AppSecret => {
                "app secret: 32 letters and digits needed; is there a line break at its end?"
            }
            Self::AccessToken => "access_token: 1 to 512 printable ascii characters needed",
            Self::OperatorPassword => {
                "operator password: it is empty or has a control character; is there a line break at \
                 its end?"
            }
        })
    }
}

impl Error for ConfigError {}

/// Why a request, a package or a parameter was not made. Nothing was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PrepareError {
    /// A field breaks its limit.
    Invalid(InvalidField),
    /// A text does not fit the charset.
    Charset(CharsetError),
    /// Goods (`product_fee`) and transport (`transport_fee`) do not add up to `total_fee`.
    Total,
    /// The operation needs an access token and was given none.
    TokenMissing {
        /// The operation.
        operation: &'static str,
    },
    /// Path or query cannot be sent as they are.
    Target(TargetError),
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(_) => f.write_str("a field breaks its limit; nothing was sent"),
            Self::Charset(_) => f.write_str("a text does not fit the charset; nothing was sent"),
            Self::Total => {
                f.write_str("total_fee: it must be the sum of product_fee and transport_fee")
            }
            Self::TokenMissing { operation } => {
                write!(f, "{operation}: needs an access token, give it one")
            }
            Self::Target(_) => f.write_str("path and query cannot be sent"),
        }
    }
}

impl Error for PrepareError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(source) => Some(source),
            Self::Charset(source) => Some(source),
            Self::Target(source) => Some(source),
            Self::Total | Self::TokenMissing { .. } => None,
        }
    }
}

impl From<InvalidField> for PrepareError {
    fn from(source: InvalidField) -> Self {
        Self::Invalid(source)
    }
}

impl From<CharsetError> for PrepareError {
    fn from(source: CharsetError) -> Self {
        Self::Charset(source)
    }
}

/// Why a message is not believed. Names the field and never a signature that would have been right.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum VerificationError {
    /// It is not signed.
    Missing {
        /// The field that holds the signature: `sign` or `AppSignature`.
        field: &'static str,
    },
    /// What stands there is no signature: another length, another method than MD5 or SHA-1.
    Malformed {
        /// The field.
        field: &'static str,
    },
    /// The signature does not fit: the message was altered, another key was used, or other bytes were hashed
    /// than those of the declared charset.
    Mismatch {
        /// The field that holds the signature.
        field: &'static str,
    },
    /// It is genuine and somebody else's.
    OtherMerchant {
        /// The field that tells: `appid`, `AppId` or `partner`.
        field: &'static str,
    },
}

impl fmt::Display for VerificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { field } => write!(f, "{field}: not signed"),
            Self::Malformed { field } => {
                write!(f, "{field}: not a signature of the kind this message has")
            }
            Self::Mismatch { field } => write!(
                f,
                "{field}: the signature does not fit; see that the key is the right one and that the bytes are \
                 taken as they came"
            ),
            Self::OtherMerchant { field } => {
                write!(f, "{field}: the message is for another merchant or app")
            }
        }
    }
}

impl Error for VerificationError {}
