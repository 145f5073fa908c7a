//! The few ASN.1 structures that keys and certificates are made of, read with a strict DER reader.
//!
//! PKCS#1 (RFC 8017, appendix A.1), PKCS#8 (RFC 5958), SubjectPublicKeyInfo and Certificate (RFC 5280).

use der::asn1::{
    AnyRef, BitStringRef, GeneralizedTime, ObjectIdentifier, OctetStringRef, UintRef, UtcTime,
};
use der::{Decode as _, Reader, SliceReader, Tag, Tagged as _};

use crate::error::{KeyError, KeyErrorKind};
use crate::pem::Wanted;
use crate::{SerialNumber, Timestamp};

/// What both backends take.
const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The numbers of an RSA public key, big-endian, without leading zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicNumbers<'a> {
    pub(crate) modulus: &'a [u8],
    pub(crate) exponent: &'a [u8],
}

/// An RSA private key: its PKCS#1 encoding and the numbers in it, big-endian, without leading zeros.
pub(crate) struct PrivateNumbers<'a> {
    #[cfg_attr(
        not(feature = "aws-lc-rs"),
        expect(dead_code, reason = "AWS-LC takes the encoding")
    )]
    pub(crate) pkcs1: &'a [u8],
    pub(crate) public: PublicNumbers<'a>,
    #[cfg_attr(
        not(feature = "rustcrypto"),
        expect(dead_code, reason = "`rsa` takes the numbers")
    )]
    pub(crate) private_exponent: &'a [u8],
    #[cfg_attr(
        not(feature = "rustcrypto"),
        expect(dead_code, reason = "`rsa` takes the numbers")
    )]
    pub(crate) primes: [&'a [u8]; 2],
}

/// What is used of a certificate.
pub(crate) struct CertificateParts<'a> {
    pub(crate) serial_number: SerialNumber,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) public: PublicNumbers<'a>,
}

/// A fault while reading: the reader's own, or one that we can name better.
enum Fault {
    Der,
    Key(KeyError),
}

impl From<der::Error> for Fault {
    fn from(_: der::Error) -> Self {
        Self::Der
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl Fault {
    fn into_key_error(self, wanted: Wanted, what: &'static str) -> KeyError {
        match self {
            Self::Der => wanted.malformed(what),
            Self::Key(error) => error,
        }
    }
}

/// Reads a PKCS#8 `PrivateKeyInfo`.
pub(crate) fn pkcs8_private_key(der: &[u8]) -> Result<PrivateNumbers<'_>, KeyError> {
    let inner = whole_sequence(der, |reader| {
        reader.decode::<u8>()?;
        algorithm(reader)?;
        let inner = reader.decode::<&OctetStringRef>()?.as_bytes();
        // Attributes and a copy of the public key may follow.
        drain(reader)?;
        Ok(inner)
    })
    .map_err(|fault| fault.into_key_error(Wanted::PrivateKey, "not a PKCS#8 structure"))?;
    pkcs1_private_key(inner)
}

/// Reads a PKCS#1 `RSAPrivateKey`.
pub(crate) fn pkcs1_private_key(der: &[u8]) -> Result<PrivateNumbers<'_>, KeyError> {
    whole_sequence(der, |reader| {
        match reader.decode::<u8>()? {
            0 => {}
            1 => {
                return Err(KeyError::new(
                    KeyErrorKind::Rejected,
                    "RSA key of more than two primes, two needed",
                )
                .into());
            }
            _ => return Err(Fault::Der),
        }
        let public = public_numbers(reader)?;
        let private_exponent = uint(reader)?;
        let primes = [uint(reader)?, uint(reader)?];
        for _ in 0..3 {
            uint(reader)?;
        }
        Ok(PrivateNumbers {
            pkcs1: der,
            public,
            private_exponent,
            primes,
        })
    })
    .map_err(|fault| fault.into_key_error(Wanted::PrivateKey, "not an RSAPrivateKey structure"))
}

/// Reads a `SubjectPublicKeyInfo`.
pub(crate) fn spki_public_key(der: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    whole_sequence(der, spki).map_err(|fault| {
        fault.into_key_error(Wanted::PublicKey, "not a SubjectPublicKeyInfo structure")
    })
}

/// Reads a PKCS#1 `RSAPublicKey`.
pub(crate) fn pkcs1_public_key(der: &[u8]) -> Result<PublicNumbers<'_>, KeyError> {
    whole_sequence(der, public_numbers)
        .map_err(|fault| fault.into_key_error(Wanted::PublicKey, "not an RSAPublicKey structure"))
}

/// Reads an X.509 `Certificate`. Its signature is not checked.
pub(crate) fn certificate(der: &[u8]) -> Result<CertificateParts<'_>, KeyError> {
    whole_sequence(der, |reader| {
        let parts = reader.sequence(to_be_signed)?;
        sequence(reader)?;
        reader.decode::<BitStringRef<'_>>()?;
        Ok(parts)
    })
    .map_err(|fault| fault.into_key_error(Wanted::Certificate, "not an X.509 certificate"))
}

fn to_be_signed<'a>(reader: &mut SliceReader<'a>) -> Result<CertificateParts<'a>, Fault> {
    // Only version 1, which is obsolete, leaves the version out.
    if reader.peek_byte() == Some(0xa0) {
        reader.decode::<AnyRef<'_>>()?;
    }
    let serial = reader.decode::<AnyRef<'_>>()?;
    if serial.tag() != Tag::Integer {
        return Err(Fault::Der);
    }
    let serial_number = SerialNumber::from_der_integer(serial.value()).ok_or(Fault::Der)?;
    sequence(reader)?; // signature algorithm
    sequence(reader)?; // issuer
    let (not_before, not_after) =
        reader.sequence(|reader| Ok::<_, Fault>((time(reader)?, time(reader)?)))?;
    sequence(reader)?; // subject
    let public = reader.sequence(spki)?;
    drain(reader)?; // unique ids and extensions
    Ok(CertificateParts {
        serial_number,
        not_before,
        not_after,
        public,
    })
}

/// The one sequence that the whole input is. The nested reader checks that nothing is left inside it.
fn whole_sequence<'a, T>(
    der: &'a [u8],
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut reader = SliceReader::new(der)?;
    let value = reader.sequence(read)?;
    reader.finish()?;
    Ok(value)
}

fn spki<'a>(reader: &mut SliceReader<'a>) -> Result<PublicNumbers<'a>, Fault> {
    algorithm(reader)?;
    let bits = reader.decode::<BitStringRef<'a>>()?;
    let inner = bits.as_bytes().ok_or(Fault::Der)?;
    whole_sequence(inner, public_numbers)
}

/// Reads an `AlgorithmIdentifier` and refuses all but plain RSA.
fn algorithm(reader: &mut SliceReader<'_>) -> Result<(), Fault> {
    let (oid, parameters) = reader.sequence(|reader| {
        let oid = reader.decode::<ObjectIdentifier>()?;
        let parameters = if reader.is_finished() {
            None
        } else {
            Some(reader.decode::<AnyRef<'_>>()?)
        };
        Ok::<_, der::Error>((oid, parameters))
    })?;
    let given = match oid {
        RSA => return Ok(()),
        RSA_PSS => "RSA-PSS key",
        EC if parameters.and_then(|any| any.decode_as().ok()) == Some(SM2) => "SM2 key",
        EC => "EC key",
        ED25519 => "Ed25519 key",
        _ => "key of an unknown algorithm",
    };
    Err(KeyError::new(
        KeyErrorKind::NotRsa,
        format!("{given} given where an RSA key is expected"),
    )
    .into())
}

fn public_numbers<'a>(reader: &mut SliceReader<'a>) -> Result<PublicNumbers<'a>, Fault> {
    let modulus = uint(reader)?;
    let exponent = uint(reader)?;
    let bits = bit_length(modulus);
    if !BITS.contains(&bits) {
        let limit = if bits < *BITS.start() {
            format!("at least {} needed", BITS.start())
        } else {
            format!("at most {} allowed", BITS.end())
        };
        return Err(KeyError::new(
            KeyErrorKind::Size,
            format!("RSA key of {bits} bits, {limit}"),
        )
        .into());
    }
    // Odd, more than 1, and short enough that verification cannot be made slow by it.
    let exponent_bits = bit_length(exponent);
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !odd(modulus) || !odd(exponent) || !(2..=33).contains(&exponent_bits) {
        return Err(rejected().into());
    }
    Ok(PublicNumbers { modulus, exponent })
}

/// The structure is sound, the numbers are not.
pub(crate) fn rejected() -> KeyError {
    KeyError::new(
        KeyErrorKind::Rejected,
        "the numbers are not those of a usable RSA key",
    )
}

fn uint<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], der::Error> {
    Ok(reader.decode::<UintRef<'a>>()?.as_bytes())
}

pub(crate) fn bit_length(number: &[u8]) -> usize {
    let Some((first, rest)) = number.split_first() else {
        return 0;
    };
    rest.len() * 8 + (8 - first.leading_zeros() as usize)
}

fn time(reader: &mut SliceReader<'_>) -> Result<Timestamp, der::Error> {
    let any = reader.decode::<AnyRef<'_>>()?;
    let since_epoch = match any.tag() {
        Tag::UtcTime => any.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => any.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    Ok(Timestamp::from_unix(
        i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
    ))
}

/// Steps over a sequence that is of no interest.
fn sequence(reader: &mut SliceReader<'_>) -> Result<(), der::Error> {
    AnyRef::decode(reader)?.tag().assert_eq(Tag::Sequence)?;
    Ok(())
}

/// Steps over whatever elements are left.
fn drain(reader: &mut SliceReader<'_>) -> Result<(), der::Error> {
    while !reader.is_finished() {
        reader.decode::<AnyRef<'_>>()?;
    }
    Ok(())
}
