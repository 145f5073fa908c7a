//! Decimal numbers of a fixed number of places, eight characters at once.

/// The digits of `text[start..end]`, which has so many decimals and at most eight characters, as one number. Nothing
/// where it is written otherwise, which need not be wrong.
///
/// The eight bytes that end where the field does are taken as one word; what stands before the field is replaced by
/// zeros, the point is taken out, and the eight digits become a number in three multiplications: pairs, fours, all.
/// (The method is Johnny Lee's, described in D. Lemire's "Quickly parsing eight digits", 2018.)
#[inline]
pub(crate) fn fixed<const DECIMALS: usize>(text: &[u8], start: usize, end: usize) -> Option<u32> {
    let length = end.wrapping_sub(start);
    if !(DECIMALS + 2..=8).contains(&length) {
        return None;
    }
    let word = text.get(end.wrapping_sub(8)..end)?;
    let word = u64::from_le_bytes(word.try_into().ok()?);
    let absent = 64 - 8 * length as u32;
    let kept = u64::MAX << absent;
    let word = word & kept | ZEROS & !kept;
    let point = 8 * (7 - DECIMALS);
    if (word >> point) as u8 != b'.' {
        return None;
    }
    let before = (1 << point) - 1;
    let after = u64::MAX << point << 8;
    let digits = (word & before) << 8 | word & after | u64::from(b'0');
    // A digit is 0x30 to 0x39: so is what it is, and what is six more, in its upper half.
    let upper = 0xF0F0_F0F0_F0F0_F0F0;
    let above = digits.wrapping_add(0x0606_0606_0606_0606);
    if digits & upper != ZEROS || above & upper != ZEROS {
        return None;
    }
    let digits = digits - ZEROS;
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some(fours.wrapping_mul(10_000).wrapping_add(fours >> 32) as u32)
}

/// Eight times `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fixed;

    /// What the method has to be: the text without its point.
    fn plain<const DECIMALS: usize>(text: &str) -> Option<u32> {
        let (whole, decimals) = text.split_once('.')?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_right = !whole.is_empty() && decimals.len() == DECIMALS && text.len() <= 8;
        (is_right && digits(whole) && digits(decimals))
            .then(|| format!("{whole}{decimals}").parse().ok())
            .flatten()
    }

    proptest! {
        #[test]
        fn as_read_digit_by_digit(text in "[0-9]{0,7}\\.[0-9]{1,5}|[-+0-9.:/ ]{0,9}", before in "[0-9.`,]{0,12}") {
            let all = format!("{before}{text}");
            let (bytes, start) = (all.as_bytes(), before.len());
            let enough = bytes.len() >= 8;
            prop_assert_eq!(fixed::<2>(bytes, start, bytes.len()), plain::<2>(&text).filter(|_| enough));
            prop_assert_eq!(fixed::<5>(bytes, start, bytes.len()), plain::<5>(&text).filter(|_| enough));
        }
    }

    #[test]
    fn what_stands_before_does_not_matter() {
        let text = b"99999`0.01,`";
        assert_eq!(fixed::<2>(text, 6, 10), Some(1));
        assert_eq!(fixed::<2>(b"99999.99", 0, 8), Some(9_999_999));
        assert_eq!(fixed::<5>(b"99.00001", 0, 8), Some(9_900_001));
        assert_eq!(fixed::<2>(b"0.01", 0, 4), None, "too near to the beginning");
        assert_eq!(fixed::<2>(text, 10, 6), None);
    }
}
