//! Errors of API v2.

use wxpay_proto::v2::{AcceptError, ApiError, ErrorCode, ProtocolError, Repeat};

use super::{Cause, Delivery, Error, ErrorKind};

impl Error {
    /// The error that WeChat Pay answered a call of v2 with (`result_code`, `err_code`).
    #[must_use]
    pub fn v2_api(&self) -> Option<&ApiError> {
        match &self.0.cause {
            Cause::ApiV2(error) => Some(error),
            _ => None,
        }
    }

    /// What WeChat Pay said when it did not take a request of v2 at all (`return_code`, `return_msg`):
    /// mostly its signature, its form, or the merchant.
    #[must_use]
    pub fn v2_protocol(&self) -> Option<&ProtocolError> {
        match &self.0.cause {
            Cause::ProtocolV2(error) => Some(error),
            _ => None,
        }
    }

    /// Why an answer to a call of v2 was not accepted ([`ErrorKind::Verification`],
    /// [`ErrorKind::Decode`], [`ErrorKind::Unexpected`]).
    #[must_use]
    pub fn v2_answer(&self) -> Option<&AcceptError> {
        match &self.0.cause {
            Cause::AcceptV2(error) => Some(error),
            _ => None,
        }
    }

    /// An answer to a call of v2 that was not accepted.
    pub(crate) fn accept_v2(error: AcceptError) -> Self {
        let delivery = delivery(&error);
        let problem = match delivery {
            Delivery::Refused => "WeChat Pay refused",
            _ => "WeChat Pay answered with an error",
        };
        let (kind, problem) = match error {
            AcceptError::Api(api) => {
                let mut error = Self::new(ErrorKind::Api, delivery, problem);
                error.0.cause = Cause::ApiV2(api);
                return error;
            }
            AcceptError::Protocol(protocol) => {
                let mut error = Self::new(ErrorKind::Api, delivery, problem);
                error.0.cause = Cause::ProtocolV2(protocol);
                return error;
            }
            AcceptError::Verification(_) => (
                ErrorKind::Verification,
                "the answer is not provably WeChat Pay's",
            ),
            AcceptError::Decode(_) => (
                ErrorKind::Decode,
                "the answer is not of the form the operation has",
            ),
            _ => (
                ErrorKind::Unexpected,
                "the answer does not follow the protocol",
            ),
        };
        let mut answer = Self::new(kind, delivery, problem);
        answer.0.cause = Cause::AcceptV2(Box::new(error));
        answer
    }

    pub(super) fn is_v2_rate_limited(&self) -> bool {
        self.v2_api().is_some_and(is_rate_limited)
    }
}

/// What an answer that was not accepted says about the request's effect. Only what WeChat Pay says
/// in words that are known is a refusal.
fn delivery(error: &AcceptError) -> Delivery {
    let refused = match error {
        AcceptError::Protocol(error) => !error.is_undetermined(),
        AcceptError::Api(error) => matches!(error.repeat(), Repeat::Later | Repeat::No),
        _ => false,
    };
    if refused {
        Delivery::Refused
    } else {
        Delivery::Unknown
    }
}

fn is_rate_limited(error: &ApiError) -> bool {
    matches!(
        error.code(),
        ErrorCode::FrequencyLimited | ErrorCode::FreqLimit
    )
}
