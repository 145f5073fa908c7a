//! Proof that something comes from WeChat Pay: headers, clock, key, signature, in this order.

use std::error::Error;
use std::fmt;

use http::HeaderMap;
use http::header::HeaderName;
use wxpay_sign::{PlatformKeyId, PublicKey, Signature, Timestamp, VerifyError, response_message};

/// How far the peer's clock may be from ours, in seconds, in either direction. A difference of exactly
/// 300 is still taken.
pub const CLOCK_WINDOW_SECONDS: i64 = 300;

const TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
const NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
const SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
pub(crate) const SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");
const STATEMENT_SHA1: HeaderName = HeaderName::from_static("wechatpay-statement-sha1");
const SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");

/// The four headers of <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>.
pub(crate) struct SignatureHeaders<'h> {
    timestamp: &'h str,
    nonce: &'h str,
    signature: &'h str,
    serial: &'h str,
}

/// Whether there is anything of a signature: errors may come without.
pub(crate) fn is_signed(headers: &HeaderMap) -> bool {
    [TIMESTAMP, NONCE, SIGNATURE, SERIAL]
        .iter()
        .any(|name| headers.contains_key(name))
}

impl<'h> SignatureHeaders<'h> {
    /// Finds each header, exactly once, and checks what can be checked without a key.
    pub(crate) fn read(headers: &'h HeaderMap, now: Timestamp) -> Result<Self, VerificationError> {
        let names = [TIMESTAMP, NONCE, SIGNATURE, SERIAL];
        let missing: Vec<&'static str> = names
            .iter()
            .filter(|name| !headers.contains_key(*name))
            .map(shown)
            .collect();
        if !missing.is_empty() {
            return Err(VerificationError::MissingHeader { names: missing });
        }
        let read = Self {
            timestamp: once(headers, &TIMESTAMP)?,
            nonce: once(headers, &NONCE)?,
            signature: once(headers, &SIGNATURE)?,
            serial: once(headers, &SERIAL)?,
        };
        if headers.contains_key(&SIGNATURE_TYPE) {
            let algorithm = once(headers, &SIGNATURE_TYPE)?;
            if algorithm != "WECHATPAY2-SHA256-RSA2048" {
                return Err(VerificationError::UnsupportedAlgorithm(short(algorithm)));
            }
        }
        read.check_clock(now)?;
        if Signature::is_probe(read.signature) {
            return Err(VerificationError::Probe);
        }
        Ok(read)
    }

    /// The key the sender says it used.
    pub(crate) fn key_id(&self) -> Result<PlatformKeyId, VerificationError> {
        PlatformKeyId::parse(self.serial).map_err(|_| VerificationError::MalformedHeader {
            name: shown(&SERIAL),
        })
    }

    /// Checks the signature over the raw bytes.
    pub(crate) fn verify(
        &self,
        id: &PlatformKeyId,
        key: &PublicKey,
        body: &[u8],
    ) -> Result<(), VerificationError> {
        let malformed = VerificationError::MalformedHeader {
            name: shown(&SIGNATURE),
        };
        let signature = Signature::from_base64(self.signature).map_err(|_| malformed)?;
        let message = response_message(self.timestamp, self.nonce, body);
        key.verify(&message, &signature)
            .map_err(|error| match error {
                VerifyError::Malformed => VerificationError::MalformedHeader {
                    name: shown(&SIGNATURE),
                },
                _ => VerificationError::Mismatch {
                    key: id.clone(),
                    body_len: body.len(),
                },
            })
    }

    fn check_clock(&self, now: Timestamp) -> Result<(), VerificationError> {
        let malformed = VerificationError::MalformedHeader {
            name: shown(&TIMESTAMP),
        };
        // `parse` would take a sign as well, which no timestamp has.
        if !self.timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed);
        }
        let peer: i64 = self.timestamp.parse().map_err(|_| malformed)?;
        let peer = Timestamp::from_unix(peer);
        let seconds = peer.seconds_since(now);
        if seconds.saturating_abs() > CLOCK_WINDOW_SECONDS {
            return Err(VerificationError::ClockSkew {
                seconds,
                peer,
                local: now,
            });
        }
        Ok(())
    }
}

/// The SHA-1 of a statement as its header says it: the text, which is what is signed, and the hash.
pub(crate) fn statement_digest(headers: &HeaderMap) -> Result<(&str, [u8; 20]), VerificationError> {
    let name = shown(&STATEMENT_SHA1);
    if !headers.contains_key(&STATEMENT_SHA1) {
        return Err(VerificationError::MissingHeader { names: vec![name] });
    }
    let text = once(headers, &STATEMENT_SHA1)?;
    let mut sha1 = [0; 20];
    let digits = text.as_bytes();
    if digits.len() != 2 * sha1.len() {
        return Err(VerificationError::MalformedHeader { name });
    }
    for (byte, pair) in sha1.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16);
            let value = value.and_then(|value| u8::try_from(value).ok());
            let value = value.ok_or(VerificationError::MalformedHeader { name })?;
            *byte = *byte << 4 | value;
        }
    }
    Ok((text, sha1))
}

fn once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, VerificationError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(VerificationError::DuplicateHeader { name: shown(name) });
    }
    first
        .and_then(|value| value.to_str().ok())
        .filter(|text| !text.is_empty())
        .ok_or_else(|| VerificationError::MalformedHeader { name: shown(name) })
}

/// The name as WeChat Pay's documents write it.
fn shown(name: &HeaderName) -> &'static str {
    match name.as_str() {
        "wechatpay-timestamp" => "Wechatpay-Timestamp",
        "wechatpay-nonce" => "Wechatpay-Nonce",
        "wechatpay-signature" => "Wechatpay-Signature",
        "wechatpay-serial" => "Wechatpay-Serial",
        "wechatpay-statement-sha1" => "Wechatpay-Statement-Sha1",
        _ => "Wechatpay-Signature-Type",
    }
}

/// Text of the peer's that goes into an error: bounded, and only what is harmless to print.
pub(crate) fn short(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(64)
        .collect()
}

/// Why an answer or a notification is not believed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum VerificationError {
    /// Headers are missing: it was not signed, or a gateway on the way strips `Wechatpay-*`.
    MissingHeader {
        /// Which.
        names: Vec<&'static str>,
    },
    /// A header is there more than once, so it is not clear which one was signed.
    DuplicateHeader {
        /// Which.
        name: &'static str,
    },
    /// A header does not have its form.
    MalformedHeader {
        /// Which.
        name: &'static str,
    },
    /// `Wechatpay-Signature-Type` names an algorithm that is not supported.
    UnsupportedAlgorithm(String),
    /// The peer's time is more than [`CLOCK_WINDOW_SECONDS`] from ours: a replayed message, or a clock
    /// that is off. Compare the local clock with a time server.
    ClockSkew {
        /// The peer's time minus ours, in seconds.
        seconds: i64,
        /// The peer's time.
        peer: Timestamp,
        /// Ours.
        local: Timestamp,
    },
    /// A signature probe (签名探测): WeChat Pay sends deliberately wrong signatures now and then. It has
    /// to be refused like any other; the genuine message follows. No reason for an alarm.
    Probe,
    /// The key of this id is not known. Refreshing the platform certificates may bring it.
    UnknownKey(PlatformKeyId),
    /// The signature does not fit: the body was altered on the way (a proxy, a framework that parses and
    /// rewrites it), or it is forged.
    Mismatch {
        /// The key it was checked with.
        key: PlatformKeyId,
        /// How long the body is that was checked, in bytes: compare with what was sent.
        body_len: usize,
    },
    /// A file does not have the SHA-1 that was signed for it: it is damaged, or was altered on the way.
    Digest {
        /// How long the file is, in bytes.
        body_len: usize,
    },
}

impl VerificationError {
    /// Whether it is a signature probe, which needs no alarm.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        matches!(self, Self::Probe)
    }
}

impl fmt::Display for VerificationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader { names } => write!(
                f,
                "not signed: {} missing; see whether a gateway strips Wechatpay-* headers",
                names.join(", ")
            ),
            Self::DuplicateHeader { name } => write!(f, "{name}: there more than once"),
            Self::MalformedHeader { name } => write!(f, "{name}: not of the form it must have"),
            Self::UnsupportedAlgorithm(algorithm) => write!(
                f,
                "Wechatpay-Signature-Type: {algorithm} is not supported, only WECHATPAY2-SHA256-RSA2048"
            ),
            Self::ClockSkew { seconds, .. } => write!(
                f,
                "Wechatpay-Timestamp: {} seconds {} the local clock, at most {CLOCK_WINDOW_SECONDS} are \
                 allowed; check the local clock",
                seconds.unsigned_abs(),
                if *seconds < 0 { "behind" } else { "ahead of" },
            ),
            Self::Probe => f.write_str(
                "a signature probe of WeChat Pay's, wrong on purpose; refused as it must be",
            ),
            Self::UnknownKey(id) => write!(
                f,
                "Wechatpay-Serial: no platform key {id}; refresh the certificates, or configure this \
                 WeChat Pay public key"
            ),
            Self::Mismatch { key, body_len } => write!(
                f,
                "the signature does not fit the body of {body_len} bytes under key {key}; verify the raw \
                 bytes as they came"
            ),
            Self::Digest { body_len } => write!(
                f,
                "the file of {body_len} bytes does not have the SHA-1 that was signed for it; it must not \
                 be used"
            ),
        }
    }
}

impl Error for VerificationError {}
