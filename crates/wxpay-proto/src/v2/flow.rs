//! Several requests that belong together, decided without I/O.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use wxpay_json::InvalidField;

use super::answer::Verified;
use super::error::{AcceptError, ApiError, ProtocolError};
use super::operation::Request;

/// Something that takes several requests with pauses between them and ends with a decision, such as a payment by code:
/// charge, query until the payer has typed the password, and reverse if nothing comes of it.
///
/// A flow decides; it sends nothing, waits for nothing and reads no clock. Whoever drives it does what
/// [`next`](Self::next) says and tells it what came of it, and is the only one who has to know about connections:
///
/// ```
/// use std::time::{Duration, Instant};
/// use wxpay_proto::bytes::Bytes;
/// use wxpay_proto::http;
/// use wxpay_proto::v2::{Failure, Flow, Merchant, PrepareError, Step};
/// use wxpay_proto::Nonce;
///
/// /// `send` fails with `true` where not a byte was sent.
/// fn drive<F: Flow>(
///     merchant: &Merchant,
///     mut flow: F,
///     mut nonce: impl FnMut() -> Nonce,
///     send: impl Fn(http::Request<Bytes>) -> Result<http::Response<Bytes>, bool>,
/// ) -> Result<F::Output, PrepareError> {
///     flow.check().map_err(PrepareError::Invalid)?;
///     let start = Instant::now();
///     loop {
///         let result = match flow.next(start.elapsed()) {
///             Step::Done(output) => return Ok(output),
///             Step::Wait(pause) => {
///                 std::thread::sleep(pause);
///                 continue;
///             }
///             Step::Send(request) => match merchant.prepare(request, &nonce()) {
///                 Err(_) => Err(Failure::NotSent),
///                 Ok(http) => match send(http) {
///                     Ok(response) => merchant.verify(request, &response).map_err(Failure::from),
///                     Err(true) => Err(Failure::NotSent),
///                     Err(false) => Err(Failure::Unknown),
///                 },
///             },
///             _ => continue,
///         };
///         flow.answered(start.elapsed(), result);
///     }
/// }
/// ```
///
/// # What a driver keeps to
///
/// - Each [`Step::Send`] is sent once. The flow itself repeats what may be repeated; a driver that did so too would
///   charge twice.
/// - [`Failure::NotSent`] is for requests of which not a byte left. Anything else that brings no answer is
///   [`Failure::Unknown`]: a flow that was told less than the truth gives up a payment that was made.
/// - It has a client certificate where [`certificate`](Self::certificate) says so, from the beginning: a flow that
///   finds out in the middle cannot take anything back.
/// - Waking early is harmless, [`next`](Self::next) then says how long is left.
///
/// # When it breaks off
///
/// A flow lives in memory. A program that crashes, or a driver that stops because the network is gone, leaves the
/// matter open on WeChat Pay's side, not undone. So the number of the order is stored before the first request is sent;
/// and what is found open later, minutes or days, is taken up with a flow that begins by asking (types of flows have a
/// constructor for this) and not by sending the same again. A driver may stop at any step, and the flow may be
/// stopped by dropping it: neither loses more than time, as long as it is taken up again.
pub trait Flow: Send {
    /// What it ends with.
    type Output;

    /// Checks everything it will send, before it begins.
    ///
    /// # Errors
    ///
    /// The first field that breaks its limit.
    fn check(&self) -> Result<(), InvalidField> {
        Ok(())
    }

    /// Whether any of its requests needs the client certificate.
    fn certificate(&self) -> bool {
        false
    }

    /// What to do now. `now` is the time since some moment before the first call, the same for all calls, on a clock
    /// that is never set back.
    fn next(&mut self, now: Duration) -> Step<'_, Self::Output>;

    /// What came of the request that [`next`](Self::next) gave last.
    fn answered(&mut self, now: Duration, result: Result<Verified, Failure>);
}

/// What a [`Flow`] wants done.
#[non_exhaustive]
pub enum Step<'a, T> {
    /// Send this, once, and say what came of it.
    Send(&'a dyn Request),
    /// Do nothing for so long, then ask again.
    Wait(Duration),
    /// It is over.
    Done(T),
}

impl<T: fmt::Debug> fmt::Debug for Step<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(request) => f.debug_tuple("Send").field(&request.info().name).finish(),
            Self::Wait(pause) => f.debug_tuple("Wait").field(pause).finish(),
            Self::Done(output) => f.debug_tuple("Done").field(output).finish(),
        }
    }
}

/// Why there is no answer to read, as far as a [`Flow`] has to know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Not a byte was sent.
    NotSent,
    /// WeChat Pay answered with an error.
    Refused(Box<ApiError>),
    /// WeChat Pay did not take the request; such answers are not signed.
    Rejected(Box<ProtocolError>),
    /// Anything else: the request may have been carried out or not.
    Unknown,
}

impl From<AcceptError> for Failure {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Api(error) => Self::Refused(error),
            AcceptError::Protocol(error) if !error.is_undetermined() => Self::Rejected(error),
            AcceptError::Protocol(_)
            | AcceptError::Status(_)
            | AcceptError::NotXml(_)
            | AcceptError::Verification(_)
            | AcceptError::Decode(_) => Self::Unknown,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "the request was not sent",
            Self::Refused(_) => "WeChat Pay answered with an error",
            Self::Rejected(_) => "WeChat Pay did not take the request",
            Self::Unknown => "there is no answer; the request may have been carried out",
        })
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(source) => Some(source),
            Self::Rejected(source) => Some(source),
            Self::NotSent | Self::Unknown => None,
        }
    }
}
