//! Errors of API v1.

use wxpay_proto::Idempotency;
use wxpay_proto::v1::{AcceptError, ApiError};

use super::{Cause, Delivery, Error, ErrorKind};

impl Error {
    /// The error that WeChat or Tenpay answered a call of v1 with.
    #[must_use]
    pub fn v1_api(&self) -> Option<&ApiError> {
        match &self.0.cause {
            Cause::ApiV1(error) => Some(error),
            _ => None,
        }
    }

    /// Why an answer to a call of v1 was not accepted.
    #[must_use]
    pub fn v1_answer(&self) -> Option<&AcceptError> {
        match &self.0.cause {
            Cause::AcceptV1(error) => Some(error),
            _ => None,
        }
    }

    /// An answer to a call of v1 that was not accepted.
    pub(crate) fn accept_v1(error: AcceptError, idempotency: Idempotency) -> Self {
        let (kind, problem) = match error {
            AcceptError::Api(api) => {
                let delivery = after(&api, idempotency);
                let problem = match delivery {
                    Delivery::Refused => "WeChat Pay refused",
                    _ => "WeChat Pay answered with an error",
                };
                let mut error = Self::new(ErrorKind::Api, delivery, problem);
                error.0.cause = Cause::ApiV1(api);
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
        let mut answer = Self::new(kind, Delivery::Unknown, problem);
        answer.0.cause = Cause::AcceptV1(Box::new(error));
        answer
    }
}

/// What an error says about the request's effect. The platform moves no money and says clearly what
/// it does not do, except when it is busy. Tenpay refunds, and which of its codes are final is not
/// written anywhere: only what a signed answer calls absent is certain not to have been done.
fn after(api: &ApiError, idempotency: Idempotency) -> Delivery {
    let refused = match api.errcode() {
        Some(_) => !api.is_busy() && !api.status().is_server_error(),
        None => {
            api.is_verified() && (api.is_not_found() || matches!(idempotency, Idempotency::Safe))
        }
    };
    if refused {
        Delivery::Refused
    } else {
        Delivery::Unknown
    }
}
