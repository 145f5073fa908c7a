//! Yuan with two decimals, as bills write all amounts but fees.

use wxpay_json::Fen;

/// Reads `12.30` as fen. What is not exact, or not a number, is refused.
///
/// Most fields of a bill are `0.00` or have a point two digits before their end; what is written otherwise, is left
/// to [`Fen::from_yuan`].
#[inline]
pub(crate) fn fen(text: &[u8]) -> Option<Fen> {
    match text {
        b"0.00" => Some(Fen::ZERO),
        [yuan @ .., b'.', tens, units] if !yuan.is_empty() && yuan.len() <= 15 => {
            let mut fen: u64 = 0;
            let mut wrong = false;
            for byte in yuan.iter().chain([tens, units]) {
                let digit = byte.wrapping_sub(b'0');
                wrong |= digit > 9;
                fen = fen * 10 + u64::from(digit & 15);
            }
            if wrong {
                return unusual(text);
            }
            i64::try_from(fen).ok().map(Fen::new)
        }
        _ => unusual(text),
    }
}

#[cold]
fn unusual(text: &[u8]) -> Option<Fen> {
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
            prop_assert_eq!(fen(text.as_bytes()), Fen::from_yuan(&text).ok());
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
