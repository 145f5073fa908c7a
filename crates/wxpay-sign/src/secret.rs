//! Secret texts of the merchant portal, held so that they cannot leak.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{KeyError, KeyErrorKind};

/// Printable ASCII of one exact length, wiped when the last holder drops it.
#[derive(Clone)]
pub(crate) struct SecretText(Arc<Zeroizing<Vec<u8>>>);

impl SecretText {
    /// Checks a key as it was copied from the merchant portal. `name` stands in the error.
    pub(crate) fn new(name: &'static str, bytes: &[u8], length: usize) -> Result<Self, KeyError> {
        check(name, bytes, length)?;
        Self::printable(name, bytes)
    }

    /// Like [`new`](Self::new) for a text of one byte to `most` bytes.
    pub(crate) fn up_to(name: &'static str, bytes: &[u8], most: usize) -> Result<Self, KeyError> {
        if bytes.is_empty() || bytes.len() > most {
            let text = format!("{name}: {} bytes, 1 to {most} needed", bytes.len());
            return Err(KeyError::new(KeyErrorKind::Length, text));
        }
        Self::printable(name, bytes)
    }

    fn printable(name: &'static str, bytes: &[u8]) -> Result<Self, KeyError> {
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(KeyError::new(
                KeyErrorKind::Alphabet,
                format!("{name}: only printable ASCII characters without spaces are allowed"),
            ));
        }
        Ok(Self(Arc::new(Zeroizing::new(bytes.to_vec()))))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// Refuses any length but `length`, and says what the usual reason is.
pub(crate) fn check(name: &'static str, bytes: &[u8], length: usize) -> Result<(), KeyError> {
    if bytes.len() == length {
        return Ok(());
    }
    let hint = match bytes {
        [.., b'\n' | b'\r'] => "; it ends with a line break, remove that",
        [b' ' | b'\t', ..] | [.., b' ' | b'\t'] => "; it has white space around it, remove that",
        _ => "",
    };
    Err(KeyError::new(
        KeyErrorKind::Length,
        format!(
            "{name}: {} bytes, exactly {length} needed{hint}",
            bytes.len()
        ),
    ))
}
