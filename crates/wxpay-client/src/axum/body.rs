//! Reading a body whole, within a bound of bytes and of time.

use std::error::Error;
use std::fmt;

use axum_core::body::Body;
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::{Instant, timeout_at};

/// Why a body could not be had.
#[derive(Debug)]
pub(super) enum BodyError {
    TooLarge { limit: usize },
    Late,
    Broken(Box<dyn Error + Send + Sync>),
}

/// The body as it came. A `Content-Length` beyond the limit is refused before anything is read.
pub(super) async fn read(body: Body, limit: usize, deadline: Instant) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    match timeout_at(deadline, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if is_limit(&*error) => Err(BodyError::TooLarge { limit }),
        Ok(Err(error)) => Err(BodyError::Broken(error)),
        Err(_) => Err(BodyError::Late),
    }
}

/// Whether it is our limit that was hit, or that of a layer around us.
fn is_limit(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => {
                write!(f, "the body has more bytes than the {limit} that are taken")
            }
            Self::Late => f.write_str("the body did not come in time"),
            Self::Broken(_) => f.write_str("the body ended before it was whole"),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Broken(error) => Some(&**error),
            Self::TooLarge { .. } | Self::Late => None,
        }
    }
}

/// `FromRequest` for an extractor of v1 or v2 with two fields: `$field`, what `Merchant::$open` makes of the body, and
/// the `body`. The module has a client, how a body is `read`, and what is `rejected` how.
#[cfg(any(feature = "v1", feature = "v2"))]
macro_rules! opened {
    ($name:ident, $field:ident, $open:ident) => {
        impl<S> FromRequest<S> for $name
        where
            S: Send + Sync,
            Client: FromRef<S>,
        {
            type Rejection = Rejection;

            async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
                let body = read(request).await?;
                let opened = Client::from_ref(state).merchant().$open(&body);
                let $field = opened.map_err(rejected)?;
                Ok(Self { $field, body })
            }
        }
    };
}
#[cfg(any(feature = "v1", feature = "v2"))]
pub(super) use opened;
