//! Ways round verification, for tools that look at recorded traffic. Nothing here proves anything: do
//! not ship goods by it.

use bytes::Bytes;
use wxpay_json::{DecodeError, NotificationEnvelope};

use crate::merchant::Merchant;
use crate::operation::{Operation, Reply};

/// Reads an answer without verifying it.
///
/// # Errors
///
/// Where it is not of the form the operation answers with.
pub fn decode_unverified<O: Operation + ?Sized>(
    merchant: &Merchant,
    operation: &O,
    response: &http::Response<Bytes>,
) -> Result<O::Response, DecodeError> {
    let decryptor = merchant.credential().decryptor();
    operation.decode(Reply::new(response.status(), response.body(), decryptor))
}

/// Reads the envelope of a notification, still encrypted, without verifying it.
///
/// # Errors
///
/// Where it is no envelope.
pub fn envelope_unverified(body: &[u8]) -> Result<NotificationEnvelope, DecodeError> {
    wxpay_json::decode(body)
}

/// The same for v2.
#[cfg(feature = "v2")]
pub mod v2 {
    use bytes::Bytes;
    use wxpay_json::DecodeError;

    use crate::v2::{Operation, Parameters, Reply, ReplyForm};

    /// Reads an answer without judging it: neither signature nor error codes are looked at.
    ///
    /// # Errors
    ///
    /// Where it is not of the form the operation answers with.
    pub fn decode_unverified<O: Operation + ?Sized>(
        operation: &O,
        response: &http::Response<Bytes>,
    ) -> Result<O::Response, DecodeError> {
        let body = response.body();
        let parameters = match operation.info().reply {
            ReplyForm::Signed | ReplyForm::Unsigned => parameters_unverified(body)?,
            ReplyForm::File | ReplyForm::Json => Parameters::default(),
        };
        operation.read(&Reply::new(parameters.fields(), body))
    }

    /// Reads the fields of an answer or a notification without verifying them.
    ///
    /// # Errors
    ///
    /// Where it is not the XML of v2.
    pub fn parameters_unverified(body: &[u8]) -> Result<Parameters, DecodeError> {
        Parameters::unverified(body).map_err(|error| DecodeError::at("", error.to_string()))
    }
}
