//! Why a text is no package.

use std::error::Error;
use std::fmt;

use super::super::charset::CharsetError;
use super::super::error::{PrepareError, VerificationError};
use super::super::parameters::Fault;
use super::MAX_PACKAGE_BYTES;

/// Why a text is no package, or no genuine one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PackageError {
    /// Larger than [`MAX_PACKAGE_BYTES`].
    TooLarge,
    /// It has characters that a package has percent-encoded: it was decoded on the way.
    NotEncoded,
    /// A parameter has no name, or there are too many.
    Syntax,
    /// A parameter is there twice.
    Duplicate,
    /// The signature does not hold, or it is another merchant's.
    Verification(VerificationError),
    /// The texts are not in the charset that `input_charset` names.
    Charset(CharsetError),
    /// A parameter that every package has is not there.
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A parameter is not of its form.
    Malformed {
        /// Which.
        field: &'static str,
    },
    /// It is genuine, and an order that breaks a limit.
    Order(PrepareError),
}

impl From<Fault> for PackageError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Duplicate => Self::Duplicate,
            Fault::Name | Fault::TooMany => Self::Syntax,
        }
    }
}

impl From<CharsetError> for PackageError {
    fn from(source: CharsetError) -> Self {
        Self::Charset(source)
    }
}

impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "package: larger than {MAX_PACKAGE_BYTES} bytes"),
            Self::NotEncoded => f.write_str(
                "package: it has characters that must be percent-encoded; take it as it came, not decoded",
            ),
            Self::Syntax => f.write_str("package: not of the form name=value&name=value"),
            Self::Duplicate => f.write_str("package: a parameter is there twice"),
            Self::Verification(_) => f.write_str("package: not genuine"),
            Self::Charset(_) => f.write_str("package: not in its declared charset"),
            Self::Missing { field } => write!(f, "package: {field} is missing"),
            Self::Malformed { field } => write!(f, "package: {field} is not of its form"),
            Self::Order(_) => f.write_str("package: genuine, and no order that could be placed"),
        }
    }
}

impl Error for PackageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Verification(source) => Some(source),
            Self::Charset(source) => Some(source),
            Self::Order(source) => Some(source),
            _ => None,
        }
    }
}
