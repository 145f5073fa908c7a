//! The beginning of a name as a number: names are compared a few hundred times for each message.

use std::cmp::Ordering;

/// Sixteen bytes of a name, zeros behind a shorter one. It orders as the names do, except that names which begin alike
/// may have the same.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key(u128);

const BYTES: usize = 16;

impl Key {
    #[inline]
    pub(crate) fn of(name: &str) -> Self {
        let name = name.as_bytes();
        if let Some(first) = name.first_chunk::<BYTES>() {
            return Self(u128::from_be_bytes(*first));
        }
        // Reads that overlap, which is faster than to copy so few bytes.
        let shift = 8 * (BYTES - name.len());
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            let first = u128::from(u64::from_be_bytes(*first)) << 64;
            return Self(first | u128::from(u64::from_be_bytes(*last)) << shift);
        }
        if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
            let first = u128::from(u32::from_be_bytes(*first)) << 96;
            return Self(first | u128::from(u32::from_be_bytes(*last)) << shift);
        }
        let bytes = name.iter().zip((0..BYTES).rev());
        Self(bytes.fold(0, |number, (byte, place)| {
            number | u128::from(*byte) << (8 * place)
        }))
    }

    /// Of a name in two parts.
    #[inline]
    fn joined(name: &str, suffix: &[u8]) -> Self {
        let Self(number) = Self::of(name);
        let places = (0..BYTES).rev().skip(name.len());
        let bytes = suffix.iter().zip(places);
        Self(bytes.fold(number, |number, (byte, place)| {
            number | u128::from(*byte) << (8 * place)
        }))
    }
}

/// A name that is looked for, in two parts.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'n> {
    key: Key,
    name: &'n str,
    suffix: &'n [u8],
}

impl<'n> Wanted<'n> {
    #[inline]
    pub(crate) fn new(name: &'n str, suffix: &'n [u8]) -> Self {
        let key = if suffix.is_empty() {
            Key::of(name)
        } else {
            Key::joined(name, suffix)
        };
        Self { key, name, suffix }
    }

    /// How a name stands to it; `found` is asked for only where the keys do not tell.
    #[inline]
    pub(crate) fn order<'f>(&self, key: Key, found: impl FnOnce() -> &'f str) -> Ordering {
        key.cmp(&self.key).then_with(|| {
            let found = found();
            let length = self.name.len() + self.suffix.len();
            if found.len() <= BYTES && length <= BYTES {
                // No name has a zero in it.
                return Ordering::Equal;
            }
            whole(found, self.name, self.suffix)
        })
    }
}

#[cold]
fn whole(found: &str, name: &str, suffix: &[u8]) -> Ordering {
    let (found, name) = (found.as_bytes(), name.as_bytes());
    match found.split_at_checked(name.len()) {
        Some((head, rest)) => head.cmp(name).then_with(|| rest.cmp(suffix)),
        // It is shorter, so it cannot be equal.
        None => found.cmp(name).then(Ordering::Less),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_names() {
        let names = [
            "",
            "Z",
            "a",
            "abc",
            "abcd",
            "abcde",
            "abcdefg",
            "abcdefgh",
            "abcdefghi",
            "abcdefghijklmno",
            "abcdefghijklmnop",
            "abcdefghijklmnopq",
            "a_",
            "a_0",
            "a_00",
            "a_1",
            "a_10",
            "a_2",
            "aa",
            "ab",
            "settlement_total",
            "settlement_total_",
            "settlement_total_fee",
            "settlement_total_fee_0",
            "settlement_total_fee_1",
            "settlement_total_fee_10",
            "settlement_totals",
            "名",
            "名字",
        ];
        for found in names {
            for wanted in names {
                let expected = found.as_bytes().cmp(wanted.as_bytes());
                for at in (0..=wanted.len()).filter(|at| wanted.is_char_boundary(*at)) {
                    let (name, suffix) = wanted.split_at(at);
                    let wanted = Wanted::new(name, suffix.as_bytes());
                    let order = wanted.order(Key::of(found), || found);
                    assert_eq!(order, expected, "{found} to {name}+{suffix}");
                }
            }
        }
    }
}
