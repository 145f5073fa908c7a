//! What the generated code has in common.

#![cfg_attr(
    not(feature = "full"),
    allow(dead_code, reason = "which of it is needed depends on the families")
)]

use wxpay_json::{DecodeError, Sensitive};
use wxpay_proto::BodyError;
use wxpay_proto::sign::{Decryptor, Encryptor};

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
