//! Yuan with two decimals, as bills write all amounts but fees.

use wxpay_json::Fen;

use super::fixed::fixed;

/// Reads `text[start..end]`, such as `12.30`, as fen. What is not exact, or not a number, is refused.
///
/// Nearly all fields of a bill have two decimals and less than nine characters; what is written otherwise is left to
/// [`Fen::from_yuan`].
#[inline]
pub(crate) fn fen_in(text: &[u8], start: usize, end: usize) -> Option<Fen> {
    match fixed::<2>(text, start, end) {
        Some(fen) => Some(Fen::new(i64::from(fen))),
        None => fen(text.get(start..end)?),
    }
}

/// Reads yuan as fen, however they are written.
#[cold]
pub(crate) fn fen(text: &[u8]) -> Option<Fen> {
    let text = std::str::from_utf8(text).ok()?;
    Fen::from_yuan(text).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn as_fen_reads_it(text in "-?[0-9]{0,18}(\\.[0-9]{0,3})?|[0-9.,+e -]{0,8}|\\PC{0,6}") {
            let row = format!("`2024-01-01,`{text},`");
            let end = row.len() - 2;
            let read = fen_in(row.as_bytes(), end - text.len(), end);
            prop_assert_eq!(read, Fen::from_yuan(&text).ok());
        }

        #[test]
        fn what_is_written_comes_back(amount in any::<i64>()) {
            let amount = Fen::new(amount);
            prop_assert_eq!(fen(amount.yuan().to_string().as_bytes()), Some(amount));
        }
    }

    #[test]
    fn no_fraction_of_a_fen() {
        assert_eq!(fen(b"1.234"), None);
        assert_eq!(fen(b""), None);
        assert_eq!(fen(b"0.00"), Some(Fen::ZERO));
        assert_eq!(fen(b"-12.5"), Some(Fen::new(-1250)));
    }
}
