//! The hash that was announced for a file, and the hashing of what came.

use std::fmt;

use sha1::{Digest, Sha1};
use sha2::Sha256;
use sm3::Sm3;

/// How much of an unknown `hash_type` an error repeats, in characters.
const WORD_LIMIT: usize = 32;

/// The hash a file has to have: `hash_type` (哈希类型) and `hash_value` (哈希值) of the answer that
/// announced it. It is that of the uncompressed text, whichever way the file is sent.
///
/// Bills (对账单) come with a SHA-1; electronic receipts of transfers (转账电子回单) with a SHA-256, or
/// with an SM3 (国密, GB/T 32905-2016). Fields that an answer may leave out are there as soon as there
/// is a `download_url`.
///
/// ```
/// use wxpay_client::ExpectedHash;
///
/// let value = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
/// let expected = ExpectedHash::new("SHA256", value)?;
/// assert_eq!(expected, ExpectedHash::sha256(value)?);
///
/// let error = ExpectedHash::new("CRC32", value).unwrap_err();
/// assert_eq!(error.to_string(), r#"hash_type: "CRC32" is not known; SHA1, SHA256 and SM3 are"#);
/// # Ok::<(), wxpay_client::InvalidHash>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExpectedHash(Hash);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1([u8; 20]),
    Sha256([u8; 32]),
    Sm3([u8; 32]),
}

impl ExpectedHash {
    /// From the two fields of the answer. The type is `SHA1`, `SHA256` or `SM3`, also in small
    /// letters and written `SHA-1` and `SHA-256`.
    ///
    /// # Errors
    ///
    /// When the type is another one, which the error names, or the value is not the hexadecimal
    /// digits of such a hash.
    pub fn new(hash_type: &str, hash_value: &str) -> Result<Self, InvalidHash> {
        let is = |names: &[&str]| {
            names
                .iter()
                .any(|name| hash_type.eq_ignore_ascii_case(name))
        };
        if is(&["SHA1", "SHA-1"]) {
            Self::sha1(hash_value)
        } else if is(&["SHA256", "SHA-256"]) {
            Self::sha256(hash_value)
        } else if is(&["SM3"]) {
            Self::sm3(hash_value)
        } else {
            let word = hash_type.chars().take(WORD_LIMIT).collect();
            Err(InvalidHash(Problem::Type(word)))
        }
    }

    /// A SHA-1 (FIPS 180-4) as 40 hexadecimal digits, in either case.
    ///
    /// # Errors
    ///
    /// When the text is anything else.
    pub fn sha1(hex: &str) -> Result<Self, InvalidHash> {
        bytes("SHA1", hex).map(|hash| Self(Hash::Sha1(hash)))
    }

    /// A SHA-256 (FIPS 180-4) as 64 hexadecimal digits, in either case.
    ///
    /// # Errors
    ///
    /// When the text is anything else.
    pub fn sha256(hex: &str) -> Result<Self, InvalidHash> {
        bytes("SHA256", hex).map(|hash| Self(Hash::Sha256(hash)))
    }

    /// An SM3 (国密, GB/T 32905-2016) as 64 hexadecimal digits, in either case.
    ///
    /// # Errors
    ///
    /// When the text is anything else.
    pub fn sm3(hex: &str) -> Result<Self, InvalidHash> {
        bytes("SM3", hex).map(|hash| Self(Hash::Sm3(hash)))
    }

    /// A SHA-1 that is bytes already.
    pub(super) fn of_sha1(hash: [u8; 20]) -> Self {
        Self(Hash::Sha1(hash))
    }

    /// What hashes a file to be compared with this.
    pub(super) fn hasher(&self) -> Hasher {
        match self.0 {
            Hash::Sha1(_) => Hasher::Sha1(Sha1::new()),
            Hash::Sha256(_) => Hasher::Sha256(Sha256::new()),
            Hash::Sm3(_) => Hasher::Sm3(Sm3::new()),
        }
    }
}

impl fmt::Debug for ExpectedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, hash): (_, &[u8]) = match &self.0 {
            Hash::Sha1(hash) => ("SHA1", hash),
            Hash::Sha256(hash) => ("SHA256", hash),
            Hash::Sm3(hash) => ("SM3", hash),
        };
        write!(f, "ExpectedHash({name} ")?;
        for byte in hash {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// Reads `2 * N` hexadecimal digits.
fn bytes<const N: usize>(name: &'static str, hex: &str) -> Result<[u8; N], InvalidHash> {
    let length = hex.chars().count();
    if length != 2 * N {
        let wanted = 2 * N;
        return Err(InvalidHash(Problem::Length {
            name,
            wanted,
            length,
        }));
    }
    let bad = || InvalidHash(Problem::Digits(name));
    let mut digits = hex.chars().map(|digit| digit.to_digit(16).ok_or_else(bad));
    let mut hash = [0; N];
    for byte in &mut hash {
        let mut digit = || digits.next().unwrap_or_else(|| Err(bad()));
        let value = digit()? << 4 | digit()?;
        *byte = u8::try_from(value).map_err(|_| bad())?;
    }
    Ok(hash)
}

/// Hashes a file piece by piece.
pub(super) enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
    Sm3(Sm3),
}

impl Hasher {
    pub(super) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha1(hasher) => hasher.update(piece),
            Self::Sha256(hasher) => hasher.update(piece),
            Self::Sm3(hasher) => hasher.update(piece),
        }
    }

    pub(super) fn finish(self) -> ExpectedHash {
        ExpectedHash(match self {
            Self::Sha1(hasher) => Hash::Sha1(hasher.finalize().into()),
            Self::Sha256(hasher) => Hash::Sha256(hasher.finalize().into()),
            Self::Sm3(hasher) => Hash::Sm3(hasher.finalize().into()),
        })
    }
}

/// A hash that cannot be checked. The text names the field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidHash(Problem);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// The beginning of a type that is not known.
    Type(String),
    Length {
        name: &'static str,
        wanted: usize,
        length: usize,
    },
    Digits(&'static str),
}

impl fmt::Display for InvalidHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Type(word) => write!(
                f,
                "hash_type: {word:?} is not known; SHA1, SHA256 and SM3 are"
            ),
            Problem::Length {
                name,
                wanted,
                length,
            } => write!(
                f,
                "hash_value: {name} must be {wanted} hexadecimal digits, not {length}"
            ),
            Problem::Digits(name) => write!(
                f,
                "hash_value: {name} must be hexadecimal digits and nothing else"
            ),
        }
    }
}

impl std::error::Error for InvalidHash {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes of `abc`: FIPS 180-4 (examples of NIST), and appendix A.1 of GB/T 32905-2016.
    const ABC: [(&str, &str); 3] = [
        ("SHA1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "SHA256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "SM3",
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        ),
    ];

    #[test]
    fn published_values_come_out_in_pieces() {
        for (name, hex) in ABC {
            let expected = ExpectedHash::new(name, hex).unwrap();
            let mut hasher = expected.hasher();
            hasher.update(b"a");
            hasher.update(b"bc");
            assert_eq!(hasher.finish(), expected);
            let mut hasher = expected.hasher();
            hasher.update(b"abd");
            assert_ne!(hasher.finish(), expected);
            assert_eq!(
                format!("{expected:?}"),
                format!("ExpectedHash({name} {hex})")
            );
        }
    }

    #[test]
    fn words_and_digits_in_either_case() {
        let [(_, sha1), (_, sha256), (_, sm3)] = ABC;
        for (word, hex, expected) in [
            ("sha1", sha1, ExpectedHash::sha1(sha1)),
            ("SHA-1", sha1, ExpectedHash::sha1(sha1)),
            ("Sha256", sha256, ExpectedHash::sha256(sha256)),
            ("SHA-256", sha256, ExpectedHash::sha256(sha256)),
            ("sm3", sm3, ExpectedHash::sm3(sm3)),
        ] {
            assert_eq!(ExpectedHash::new(word, hex), expected);
            assert_eq!(ExpectedHash::new(word, &hex.to_uppercase()), expected);
        }
        assert_ne!(
            ExpectedHash::sha256(sm3),
            ExpectedHash::sm3(sm3),
            "the same digits are another hash"
        );
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        let long = "X".repeat(100);
        let bytes_for_digits = "ö".repeat(32);
        for (word, value, problem) in [
            (
                "MD5",
                ABC[0].1,
                r#"hash_type: "MD5" is not known; SHA1, SHA256 and SM3 are"#.to_owned(),
            ),
            (
                "",
                ABC[0].1,
                r#"hash_type: "" is not known; SHA1, SHA256 and SM3 are"#.to_owned(),
            ),
            (
                &long,
                ABC[0].1,
                format!(
                    "hash_type: {:?} is not known; SHA1, SHA256 and SM3 are",
                    &long[..32]
                ),
            ),
            (
                "SHA1",
                ABC[1].1,
                "hash_value: SHA1 must be 40 hexadecimal digits, not 64".to_owned(),
            ),
            (
                "SHA256",
                ABC[0].1,
                "hash_value: SHA256 must be 64 hexadecimal digits, not 40".to_owned(),
            ),
            (
                "SM3",
                &ABC[2].1[1..],
                "hash_value: SM3 must be 64 hexadecimal digits, not 63".to_owned(),
            ),
            (
                "SM3",
                &bytes_for_digits,
                "hash_value: SM3 must be 64 hexadecimal digits, not 32".to_owned(),
            ),
            (
                "SHA256",
                &ABC[1].1.replace('f', "g"),
                "hash_value: SHA256 must be hexadecimal digits and nothing else".to_owned(),
            ),
            (
                "SHA1",
                &ABC[0].1.replace("a9", "+9"),
                "hash_value: SHA1 must be hexadecimal digits and nothing else".to_owned(),
            ),
        ] {
            let error = ExpectedHash::new(word, value).unwrap_err();
            assert_eq!(error.to_string(), problem);
        }
    }
}
