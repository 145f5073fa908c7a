//! PEM (RFC 7468), read generously: key files arrive through editors, environment variables and chats.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::{KeyError, KeyErrorKind};

/// The largest body looked at, in bytes of text. An RSA key of 8192 bits takes less than seven thousand.
const MAX_BODY: usize = 64 * 1024;

/// What the caller is looking for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    PrivateKey,
    PublicKey,
    Certificate,
}

impl Wanted {
    const fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "private key",
            Self::PublicKey => "public key",
            Self::Certificate => "certificate",
        }
    }

    /// The labels that carry it.
    const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::PrivateKey => &["PRIVATE KEY", "RSA PRIVATE KEY"],
            Self::PublicKey => &["PUBLIC KEY", "RSA PUBLIC KEY"],
            Self::Certificate => &["CERTIFICATE", "X509 CERTIFICATE"],
        }
    }

    pub(crate) fn malformed(self, what: &'static str) -> KeyError {
        KeyError::new(KeyErrorKind::Malformed, format!("{}: {what}", self.name()))
    }
}

/// The DER inside the first block that is of the wanted sort, and the label of that block.
pub(crate) fn read(
    text: &str,
    wanted: Wanted,
) -> Result<(&'static str, Zeroizing<Vec<u8>>), KeyError> {
    let mut first_other = None;
    let mut rest = text;
    while let Some(block) = next_block(&mut rest) {
        let block = block.map_err(|what| {
            KeyError::new(KeyErrorKind::NotPem, format!("{}: {what}", wanted.name()))
        })?;
        match wanted.labels().iter().find(|&&label| label == block.label) {
            Some(&label) => return decode(block.body, wanted).map(|der| (label, der)),
            None => {
                first_other.get_or_insert(block.label);
            }
        }
    }
    Err(match first_other {
        Some(label) => wrong_label(label, wanted),
        None => KeyError::new(
            KeyErrorKind::NotPem,
            format!(
                "{}: not PEM; there is no line `-----BEGIN {}-----`",
                wanted.name(),
                wanted.labels()[0]
            ),
        ),
    })
}

struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

/// Cuts the next block off the text; `None` when there is no further `-----BEGIN`.
fn next_block<'a>(rest: &mut &'a str) -> Option<Result<Block<'a>, &'static str>> {
    let (_, after) = rest.split_once("-----BEGIN ")?;
    let Some((label, after)) = after.split_once("-----") else {
        return Some(Err("the BEGIN line is not closed with five dashes"));
    };
    let Some((body, after)) = after.split_once("-----END ") else {
        return Some(Err("the END line is missing; the text was cut off"));
    };
    let Some((end, after)) = after.split_once("-----") else {
        return Some(Err("the END line is not closed with five dashes"));
    };
    if end != label {
        return Some(Err("the BEGIN and END lines name different things"));
    }
    *rest = after;
    Some(Ok(Block { label, body }))
}

fn decode(body: &str, wanted: Wanted) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if body.len() > MAX_BODY {
        return Err(wanted.malformed("the PEM block is longer than 64 KiB"));
    }
    // RFC 1421 headers (`Proc-Type: 4,ENCRYPTED`) are how OpenSSL marks an old-style encrypted key.
    if body.contains("ENCRYPTED") && body.contains(':') {
        return Err(encrypted());
    }
    let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
    base64.extend(body.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let mut der = Zeroizing::new(vec![0; base64.len().div_ceil(4) * 3]);
    match STANDARD.decode_slice(&*base64, &mut der) {
        Ok(length) => {
            der.truncate(length);
            Ok(der)
        }
        Err(_) if body.contains('\\') => Err(wanted.malformed(
            "the PEM block has a backslash in it; line breaks must be real ones, not the two \
             characters `\\n`",
        )),
        Err(_) => Err(wanted.malformed("the PEM block is not valid Base64")),
    }
}

fn encrypted() -> KeyError {
    KeyError::new(
        KeyErrorKind::Encrypted,
        "encrypted private key: decrypt it first with \
         `openssl pkcs8 -in KEY.pem -topk8 -nocrypt -out PLAIN.pem`",
    )
}

fn wrong_label(label: &str, wanted: Wanted) -> KeyError {
    let (kind, given) = match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => (KeyErrorKind::CertificateGiven, "certificate"),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => (
            KeyErrorKind::CertificateRequestGiven,
            "certificate signing request",
        ),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => (KeyErrorKind::PublicKeyGiven, "public key"),
        "PRIVATE KEY" | "RSA PRIVATE KEY" => (KeyErrorKind::PrivateKeyGiven, "private key"),
        "ENCRYPTED PRIVATE KEY" if wanted == Wanted::PrivateKey => return encrypted(),
        "ENCRYPTED PRIVATE KEY" => (KeyErrorKind::PrivateKeyGiven, "encrypted private key"),
        "EC PRIVATE KEY" | "EC PARAMETERS" => (KeyErrorKind::NotRsa, "EC key"),
        "DSA PRIVATE KEY" => (KeyErrorKind::NotRsa, "DSA key"),
        "OPENSSH PRIVATE KEY" => (KeyErrorKind::NotRsa, "OpenSSH key"),
        _ => (KeyErrorKind::UnknownLabel, "PEM block of an unknown kind"),
    };
    let expected = match kind {
        KeyErrorKind::NotRsa => "an RSA key",
        _ => match wanted {
            Wanted::PrivateKey => "a private key",
            Wanted::PublicKey => "a public key",
            Wanted::Certificate => "a certificate",
        },
    };
    KeyError::new(kind, format!("{given} given where {expected} is expected"))
}
