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
