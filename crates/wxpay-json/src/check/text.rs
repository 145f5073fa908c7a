use super::{Check, InvalidField, InvalidKind, Unit};
use crate::Sensitive;

/// What the checks of text can look at.
pub trait Text {
    /// Whether errors must not repeat characters of the text.
    const SENSITIVE: bool = false;

    /// The text, if it is there.
    fn text(&self) -> Option<&str>;
}

impl Text for str {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Text for String {
    fn text(&self) -> Option<&str> {
        Some(self)
    }
}

impl Text for Sensitive {
    const SENSITIVE: bool = true;

    fn text(&self) -> Option<&str> {
        Some(self.expose())
    }
}

impl<T: Text> Text for Option<T> {
    const SENSITIVE: bool = T::SENSITIVE;

    fn text(&self) -> Option<&str> {
        self.as_ref()?.text()
    }
}

impl<T: Text + ?Sized> Text for &T {
    const SENSITIVE: bool = T::SENSITIVE;

    fn text(&self) -> Option<&str> {
        (*self).text()
    }
}

pub(super) fn on<T: Text + ?Sized>(value: &T, check: impl FnOnce(&str) -> Check) -> Check {
    match value.text() {
        None => Ok(()),
        Some(text) if T::SENSITIVE => check(text).map_err(InvalidField::redacted),
        Some(text) => check(text),
    }
}

pub(super) fn measured(
    field: &'static str,
    value: &str,
    min: usize,
    max: usize,
    unit: Unit,
) -> Check {
    let size = match unit {
        // No text has more characters than bytes, so most texts are not counted twice.
        Unit::Characters if value.is_ascii() => value.len(),
        Unit::Characters => value.chars().count(),
        _ => value.len(),
    };
    length(field, size, min, max, unit)?;
    for (index, found) in value.chars().enumerate() {
        let (found, position) = (Some(found), index + 1);
        match found {
            Some('\u{10000}'..) => {
                return Err(InvalidField::new(
                    field,
                    InvalidKind::NotBmp { found, position },
                ));
            }
            Some('\t' | '\n' | '\r') => {}
            Some(char) if char.is_control() => {
                return Err(InvalidField::new(
                    field,
                    InvalidKind::Control { found, position },
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn length(
    field: &'static str,
    length: usize,
    min: usize,
    max: usize,
    unit: Unit,
) -> Check {
    if length < min {
        return Err(InvalidField::new(
            field,
            InvalidKind::TooShort { length, min, unit },
        ));
    }
    if length > max {
        return Err(InvalidField::new(
            field,
            InvalidKind::TooLong { length, max, unit },
        ));
    }
    Ok(())
}
