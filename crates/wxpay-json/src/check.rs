//! Limits of request fields, looked at before anything is sent.
//!
//! Each function answers for one field. `field` is the field's name on the wire; the names of
//! the objects around it are added on the way out, and only when something is wrong:
//!
//! ```
//! use wxpay_json::{Fen, InvalidField, check};
//!
//! struct Item { goods_name: Option<String>, unit_price: Fen }
//! struct Detail { goods_detail: Vec<Item> }
//! struct Order { detail: Option<Detail> }
//!
//! impl Item {
//!     fn check(&self) -> Result<(), InvalidField> {
//!         check::text("goods_name", &self.goods_name, 1, 256)?;
//!         check::range("unit_price", self.unit_price, 1, i64::MAX)
//!     }
//! }
//! impl Detail {
//!     fn check(&self) -> Result<(), InvalidField> {
//!         check::each("goods_detail", &self.goods_detail, 0, 6000, Item::check)
//!     }
//! }
//! impl Order {
//!     fn check(&self) -> Result<(), InvalidField> {
//!         check::nested("detail", &self.detail, Detail::check)
//!     }
//! }
//!
//! let item = Item { goods_name: None, unit_price: Fen::new(0) };
//! let order = Order { detail: Some(Detail { goods_detail: vec![item] }) };
//! let error = order.check().unwrap_err();
//! assert_eq!(error.field(), "detail.goods_detail[0].unit_price");
//! assert_eq!(error.to_string(), "detail.goods_detail[0].unit_price: 0, at least 1 allowed");
//! ```
//!
//! The same function takes `String` and `Option<String>`, `i64` and `Option<Fen>`: an optional
//! field that is not there breaks no limit. Lengths are counted as the official pages count them,
//! in characters unless they say bytes.

mod alphabet;
mod error;
mod text;
mod url;

pub use alphabet::Alphabet;
pub use error::{InvalidField, InvalidKind, Unit};
pub use text::Text;

use crate::Fen;

/// The result of a check.
pub type Check = Result<(), InvalidField>;

/// Text of `min` to `max` characters (字符), all of which WeChat Pay takes.
///
/// It takes characters of one to three UTF-8 bytes, so no emoji, and of the control characters
/// only tab and the line ends.
///
/// # Errors
///
/// Too short, too long, or a character that is not taken.
pub fn text<T: Text + ?Sized>(field: &'static str, value: &T, min: usize, max: usize) -> Check {
    text::on(value, |value| {
        text::measured(field, value, min, max, Unit::Characters)
    })
}

/// Text of `min` to `max` bytes (字节) of UTF-8; a Chinese character is three of them.
///
/// # Errors
///
/// Too short, too long, or a character that [`text`](fn@text) does not take.
pub fn bytes<T: Text + ?Sized>(field: &'static str, value: &T, min: usize, max: usize) -> Check {
    text::on(value, |value| {
        text::measured(field, value, min, max, Unit::Bytes)
    })
}

/// Text of the characters `allowed` only.
///
/// # Errors
///
/// The first character that is not among them.
pub fn alphabet<T: Text + ?Sized>(field: &'static str, value: &T, allowed: Alphabet) -> Check {
    text::on(value, |value| alphabet::alphabet(field, value, allowed))
}

/// An address that WeChat Pay calls (`notify_url`): absolute, `http` or `https`, without user,
/// query or fragment, of printable ASCII, at most `max` characters.
///
/// WeChat Pay asks for `https`; `http` is let through for private lines and test set-ups.
///
/// # Errors
///
/// Anything else, with what is wrong about it.
pub fn url<T: Text + ?Sized>(field: &'static str, value: &T, max: usize) -> Check {
    text::on(value, |value| url::url(field, value, max))
}

/// A file's name that ends with a dot and one of `endings`, in small or capital letters.
///
/// # Errors
///
/// Another ending, or none.
pub fn ending<T: Text + ?Sized>(
    field: &'static str,
    value: &T,
    endings: &'static [&'static str],
) -> Check {
    text::on(value, |value| {
        let ending = value.rsplit_once('.').map(|(_, ending)| ending);
        let known = |ending: &str| endings.iter().any(|one| one.eq_ignore_ascii_case(ending));
        if ending.is_some_and(known) {
            Ok(())
        } else {
            Err(InvalidField::new(field, InvalidKind::Ending(endings)))
        }
    })
}

/// A number from `min` to `max`.
///
/// # Errors
///
/// A number outside.
pub fn range(field: &'static str, value: impl Number, min: i64, max: i64) -> Check {
    match value.number() {
        Some(value) if value < min || value > max => Err(InvalidField::new(
            field,
            InvalidKind::Range { value, min, max },
        )),
        _ => Ok(()),
    }
}

/// A list of `min` to `max` entries.
///
/// # Errors
///
/// Too few or too many.
pub fn count(field: &'static str, len: usize, min: usize, max: usize) -> Check {
    text::length(field, len, min, max, Unit::Entries)
}

/// A field that must be there after all, in spite of its type: one of several, or one that
/// another field asks for.
///
/// # Errors
///
/// It is not there.
pub fn present(field: &'static str, is_present: bool) -> Check {
    if is_present {
        Ok(())
    } else {
        Err(InvalidField::new(field, InvalidKind::Missing))
    }
}

/// The fields of an object inside: `check` answers for it, and its errors get `field` before them.
///
/// # Errors
///
/// What `check` finds.
pub fn nested<'a, T: 'a>(
    field: &'static str,
    value: impl Into<Option<&'a T>>,
    check: impl FnOnce(&'a T) -> Check,
) -> Check {
    match value.into() {
        Some(value) => check(value).map_err(|error| error.within(field)),
        None => Ok(()),
    }
}

/// A list of `min` to `max` entries, for each of which `check` answers.
///
/// # Errors
///
/// Too few, too many, or what `check` finds, with the entry's index.
pub fn each<T>(
    field: &'static str,
    list: &[T],
    min: usize,
    max: usize,
    check: impl Fn(&T) -> Check,
) -> Check {
    count(field, list.len(), min, max)?;
    for (index, entry) in list.iter().enumerate() {
        check(entry).map_err(|error| error.within_entry(field, index))?;
    }
    Ok(())
}

/// What [`range`] can look at.
pub trait Number {
    /// The number, if it is there.
    fn number(&self) -> Option<i64>;
}

impl Number for i64 {
    fn number(&self) -> Option<i64> {
        Some(*self)
    }
}

impl Number for i32 {
    fn number(&self) -> Option<i64> {
        Some(i64::from(*self))
    }
}

impl Number for u32 {
    fn number(&self) -> Option<i64> {
        Some(i64::from(*self))
    }
}

impl Number for u64 {
    fn number(&self) -> Option<i64> {
        Some(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Number for Fen {
    fn number(&self) -> Option<i64> {
        Some(self.as_fen())
    }
}

impl<T: Number> Number for Option<T> {
    fn number(&self) -> Option<i64> {
        self.as_ref()?.number()
    }
}

impl<T: Number> Number for &T {
    fn number(&self) -> Option<i64> {
        (*self).number()
    }
}
