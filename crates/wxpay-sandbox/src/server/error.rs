use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::home::HomeError;

/// Why a sandbox did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It could not listen on the address: usually the port is in use.
    #[non_exhaustive]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Its folder cannot be used.
    Home(HomeError),
    /// No folder for a temporary home could be made.
    TemporaryHome(io::Error),
    /// The HTTPS port could not be set up.
    Tls(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, .. } => write!(f, "cannot listen on {address}"),
            Self::Home(_) => f.write_str("cannot use the home folder"),
            Self::TemporaryHome(_) => f.write_str("cannot make a temporary home folder"),
            Self::Tls(_) => f.write_str("cannot set up HTTPS"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Listen { source, .. } | Self::TemporaryHome(source) => Some(source),
            Self::Home(source) => Some(source),
            Self::Tls(source) => Some(source.as_ref()),
        }
    }
}

impl From<HomeError> for StartError {
    fn from(error: HomeError) -> Self {
        Self::Home(error)
    }
}
