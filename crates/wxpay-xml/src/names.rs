//! Which names have been seen, without an allocation for documents of the usual size.

use std::collections::BTreeSet;

/// Up to so many names are compared one by one, and only where the bits say that it is needed.
const FEW: usize = 64;

#[derive(Default)]
pub(crate) struct Names<'a> {
    bits: [u64; 4],
    many: BTreeSet<&'a str>,
}

impl<'a> Names<'a> {
    /// Takes the name after `count` others, given by `earlier`; `false` if it is one of them. They are seldom asked
    /// for, and to get at them may take long.
    #[inline]
    pub(crate) fn insert<I: Iterator<Item = &'a str>>(
        &mut self,
        name: &'a str,
        count: usize,
        earlier: impl FnOnce() -> I,
    ) -> bool {
        if count >= FEW {
            if self.many.is_empty() {
                self.many.extend(earlier());
            }
            return self.many.insert(name);
        }
        let bytes = name.as_bytes();
        let byte = |at: usize| bytes.get(at).map_or(0, |&byte| usize::from(byte));
        let last = byte(bytes.len().wrapping_sub(1));
        let hash = byte(0).wrapping_mul(7)
            ^ last.wrapping_mul(37)
            ^ byte(bytes.len() / 2).wrapping_mul(11)
            ^ bytes.len().wrapping_mul(61);
        let (word, bit) = ((hash >> 6) & 3, 1 << (hash & 63));
        let met = self.bits[word] & bit != 0;
        self.bits[word] |= bit;
        !(met && earlier().any(|other| other == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_second_of_a_name_among_few_and_among_many() {
        let texts: Vec<String> = (0..300).map(|number| format!("field_{number}")).collect();
        let names: Vec<&str> = texts.iter().map(String::as_str).collect();
        for again in [0, 5, 62, 63, 64, 65, 200, 298] {
            let mut seen = Names::default();
            for (count, name) in names.iter().enumerate() {
                let earlier = names[..count].iter().copied();
                assert!(seen.insert(name, count, || earlier.clone()), "{name}");
                if count >= again {
                    let mut copy = Names {
                        bits: seen.bits,
                        many: seen.many.clone(),
                    };
                    let earlier = names[..=count].iter().copied();
                    assert!(!copy.insert(names[again], count + 1, || earlier), "{again}");
                }
            }
        }
    }
}
