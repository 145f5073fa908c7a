//! What the generated code has in common.

#![allow(
    dead_code,
    unused_imports,
    reason = "which of it is needed depends on the families"
)]

use wxpay_json::{DecodeError, InvalidField, Sensitive, check};
use wxpay_proto::BodyError;
use wxpay_proto::sign::{Decryptor, Encryptor};

use crate::Currency;
#[cfg(feature = "_upload")]
pub(crate) use crate::upload::{file, upload, upload_with};

/// Whether a currency may be one: three letters (ISO 4217), as it is money of any.
pub(crate) fn currency<'a>(
    field: &'static str,
    currency: impl Into<Option<&'a Currency>>,
) -> Result<(), InvalidField> {
    match currency.into() {
        Some(currency) => check::text(field, currency.as_str(), 3, 3),
        None => Ok(()),
    }
}

/// Encrypts `text` in its place.
pub(crate) fn seal(
    field: &'static str,
    text: &mut Sensitive,
    encryptor: &dyn Encryptor,
) -> Result<(), BodyError> {
    let sealed = encryptor.encrypt(text.expose());
    *text = Sensitive::new(sealed.map_err(|source| BodyError::Encrypt { field, source })?);
    Ok(())
}

/// Decrypts `text` in its place.
pub(crate) fn open(
    field: &'static str,
    text: &mut Sensitive,
    decryptor: &dyn Decryptor,
) -> Result<(), DecodeError> {
    let opened = decryptor.decrypt(text.expose());
    // The cause says which key does not fit, and never anything about the text.
    *text = Sensitive::new(opened.map_err(|cause| {
        DecodeError::at(
            field,
            format!("cannot be decrypted with the merchant's key: {cause}"),
        )
    })?);
    Ok(())
}
