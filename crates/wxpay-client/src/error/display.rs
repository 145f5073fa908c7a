//! The text of an error: the operation, what went wrong, what to do.

use std::error::Error as StdError;
use std::fmt;

use wxpay_proto::Idempotency;

use super::{Cause, Delivery, Error};

impl Error {
    /// What the caller should do next.
    fn advice(&self) -> &'static str {
        match (self.0.delivery, self.0.idempotency) {
            (Delivery::NotSent, _) => "nothing was sent",
            (Delivery::Unknown, Idempotency::Safe) => {
                "it only reads, so it can be tried again at any time"
            }
            (Delivery::Unknown, Idempotency::MerchantNumber) => {
                "it may have been carried out: query with the same number before trying again, \
                 and try again only with the same number and the same content"
            }
            (Delivery::Unknown, _) => {
                "it may have been carried out: find out by a query before trying again"
            }
            (Delivery::Refused, _) if self.is_rate_limited() => {
                "it was not processed: wait, then send the same again"
            }
            (Delivery::Refused, _) => "it was not carried out",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if !inner.operation.is_empty() {
            write!(f, "{}: ", inner.operation)?;
        }
        if let Some(part) = inner.part {
            write!(f, "part {part}: ")?;
        }
        f.write_str(inner.problem)?;
        // Not a source of ours: what WeChat Pay says is the error.
        if let Cause::Api(api) = &inner.cause {
            write!(f, ": {api}")?;
        }
        #[cfg(feature = "v2")]
        match &inner.cause {
            Cause::ApiV2(api) => write!(f, ": {api}")?,
            Cause::ProtocolV2(protocol) => write!(f, ": {protocol}")?,
            _ => {}
        }
        #[cfg(feature = "v1")]
        if let Cause::ApiV1(api) = &inner.cause {
            write!(f, ": {api}")?;
        }
        if let Some(hint) = &inner.hint {
            write!(f, " ({hint})")?;
        }
        if inner.attempts > 1 {
            write!(f, ", after {} attempts", inner.attempts)?;
        }
        write!(f, "; {}", self.advice())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("operation", &inner.operation)
            .field("kind", &inner.kind)
            .field("problem", &inner.problem)
            .field("delivery", &inner.delivery)
            .field("attempts", &inner.attempts)
            .field("part", &inner.part)
            .field("request_id", &inner.request_id)
            .field("cause", &inner.cause)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::None => None,
            // Display has told all of it; its own causes come next.
            Cause::Api(api) => api.source(),
            Cause::Accept(error) => Some(&**error),
            #[cfg(feature = "v2")]
            Cause::ApiV2(api) => api.source(),
            #[cfg(feature = "v2")]
            Cause::ProtocolV2(protocol) => protocol.source(),
            #[cfg(feature = "v2")]
            Cause::AcceptV2(error) => Some(&**error),
            #[cfg(feature = "v1")]
            Cause::ApiV1(api) => api.source(),
            #[cfg(feature = "v1")]
            Cause::AcceptV1(error) => Some(&**error),
            Cause::Shared(error) => Some(&**error),
            Cause::Other(error) => Some(&**error),
        }
    }
}
