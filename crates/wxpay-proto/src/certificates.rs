//! Fetching platform certificates (平台证书), and keeping them.
//!
//! What makes a certificate of the list trustworthy is that it decrypts: AES-256-GCM authenticates it
//! with the API v3 key, which only the merchant and WeChat Pay have. That is why a list may be signed by
//! a certificate that it brings itself, at the first fetch as well as after a rotation that was slept
//! through; a certificate in the open, or one that does not decrypt, is never taken. The signature of the
//! list is checked all the same, so that the list as a whole is of one piece and of now.
//!
//! Cross-border merchants (境外商户) have a list of their own on a host of its own. It is of the same form
//! and believed for the same reasons.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use wxpay_json::{CertificateItem, CertificateList, DecodeError};
use wxpay_sign::{ApiV3Key, Certificate, CipherError, KeyError, Timestamp};

use crate::api_error::ApiError;
use crate::keyring::{PlatformCertificate, PlatformKey, PlatformKeyring, RefreshPermit};
use crate::operation::{Host, Idempotency, OperationInfo, ReplySignature};
use crate::response::{AcceptError, refused, verified};
use crate::target::Target;
use crate::verification::{SignatureHeaders, VerificationError};

/// The request for the list: what it is called in traces, where it is found, what it asks for.
pub(crate) fn request(host: Host) -> (OperationInfo, Target) {
    let (name, path) = match host {
        Host::Main => ("certificates.list_certificates", "/v3/certificates"),
        Host::HongKong => (
            "global_settlement.list_certificates",
            "/v3/global/certificates",
        ),
    };
    let info = OperationInfo::new(name, Method::GET, Idempotency::Safe, ReplySignature::Signed);
    (info.at(host), Target::new(path))
}

/// What a fetch brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificatesOutcome {
    /// So many certificates are in the list; all are trusted now.
    Installed(usize),
    /// The merchant has no platform certificates: configure its WeChat Pay public key.
    NoCertificates,
}

pub(crate) fn accept(
    response: &http::Response<Bytes>,
    permit: RefreshPermit,
    keyring: &PlatformKeyring,
    api_v3_key: &ApiV3Key,
    mchid: &str,
    now: Timestamp,
) -> Result<CertificatesOutcome, CertificatesError> {
    let outcome = take(response, keyring, api_v3_key, mchid, now);
    match outcome {
        Ok(_) => permit.succeed(now),
        Err(_) => permit.fail(now),
    }
    outcome
}

fn take(
    response: &http::Response<Bytes>,
    keyring: &PlatformKeyring,
    api_v3_key: &ApiV3Key,
    mchid: &str,
    now: Timestamp,
) -> Result<CertificatesOutcome, CertificatesError> {
    if !response.status().is_success() {
        let error = match verified(response, ReplySignature::Signed, keyring, now) {
            // Before the first certificate every signed error has an unknown key. What it says (a wrong
            // serial number, a wrong clock) is what the merchant has to know, proven or not.
            Err(AcceptError::Verification(VerificationError::UnknownKey(_))) => {
                Err(refused(response, false))
            }
            other => other,
        };
        return match error {
            Err(AcceptError::Api(error)) if says_there_are_none(&error) => {
                Ok(CertificatesOutcome::NoCertificates)
            }
            Err(error) => Err(CertificatesError::Answer(Box::new(error))),
            // An error status is always an error.
            Ok(_) => Err(CertificatesError::Empty),
        };
    }
    let unproven = |error| CertificatesError::Answer(Box::new(AcceptError::Verification(error)));
    let headers = SignatureHeaders::read(response.headers(), now).map_err(unproven)?;
    let signed_by = headers.key_id().map_err(unproven)?;
    let list: CertificateList =
        wxpay_json::decode(response.body()).map_err(CertificatesError::Decode)?;
    let keys = open_all(&list.data, api_v3_key)?;
    let known = keyring.key(&signed_by);
    let brought = keys.iter().find(|key| *key.id() == signed_by).cloned();
    let Some(key) = known.or(brought) else {
        return Err(unproven(VerificationError::UnknownKey(signed_by)));
    };
    headers
        .verify(&signed_by, key.public_key(), response.body())
        .map_err(unproven)?;
    if keys.is_empty() {
        return Err(CertificatesError::Empty);
    }
    let count = keys.len();
    let export = Export {
        version: VERSION,
        mchid: mchid.to_owned(),
        fetched_at: now.as_unix(),
        list,
    };
    keyring.install(keys, wxpay_json::encode(&export).ok(), now);
    Ok(CertificatesOutcome::Installed(count))
}

fn says_there_are_none(error: &ApiError) -> bool {
    error.status() == StatusCode::NOT_FOUND
        && matches!(error.code(), "RESOURCE_NOT_EXISTS" | "NOT_FOUND")
}

fn open_all(
    items: &[CertificateItem],
    api_v3_key: &ApiV3Key,
) -> Result<Vec<PlatformKey>, CertificatesError> {
    items.iter().map(|item| open(item, api_v3_key)).collect()
}

fn open(item: &CertificateItem, api_v3_key: &ApiV3Key) -> Result<PlatformKey, CertificatesError> {
    let sealed = &item.encrypt_certificate;
    if sealed.algorithm != "AEAD_AES_256_GCM" {
        return Err(CertificatesError::Algorithm);
    }
    let associated_data = sealed.associated_data.as_deref().unwrap_or_default();
    let pem = api_v3_key
        .open(
            sealed.nonce.as_bytes(),
            associated_data.as_bytes(),
            &sealed.ciphertext,
        )
        .map_err(CertificatesError::Decrypt)?;
    let pem = String::from_utf8(pem).map_err(|_| CertificatesError::NotText)?;
    let certificate = Certificate::from_pem(&pem).map_err(CertificatesError::Certificate)?;
    if !certificate
        .serial_number()
        .as_str()
        .eq_ignore_ascii_case(&item.serial_no)
    {
        return Err(CertificatesError::SerialNumber);
    }
    let expires = Timestamp::from_unix(item.expire_time.as_unix());
    Ok(PlatformCertificate::new(certificate)
        .expires(expires)
        .into_key())
}

const VERSION: u32 = 1;

/// What is kept between runs. The certificates in it are still encrypted.
#[derive(Deserialize, Serialize)]
struct Export {
    version: u32,
    mchid: String,
    /// Seconds since the Unix epoch.
    fetched_at: i64,
    list: CertificateList,
}

pub(crate) fn import(
    document: &[u8],
    keyring: &PlatformKeyring,
    api_v3_key: &ApiV3Key,
    mchid: &str,
    now: Timestamp,
) -> Result<usize, CertificatesError> {
    let export: Export = wxpay_json::decode(document).map_err(CertificatesError::Decode)?;
    if export.version != VERSION || export.mchid != mchid {
        return Err(CertificatesError::Foreign);
    }
    let keys = open_all(&export.list.data, api_v3_key)?;
    if keys.is_empty() {
        // Nothing in it proves that whoever wrote it has the API v3 key.
        return Err(CertificatesError::Empty);
    }
    let fetched_at = Timestamp::from_unix(export.fetched_at);
    // Old news must not replace new, nor may a time that has not come keep us from fetching.
    if fetched_at > now || keyring.refreshed_at().is_some_and(|at| at >= fetched_at) {
        return Ok(0);
    }
    let count = keys.len();
    keyring.install(keys, Some(Bytes::copy_from_slice(document)), fetched_at);
    Ok(count)
}

/// Why certificates were not taken. Those that were trusted stay.
#[derive(Debug)]
#[non_exhaustive]
pub enum CertificatesError {
    /// The answer is an error, or is not proven.
    Answer(Box<AcceptError>),
    /// The list is not of the expected form.
    Decode(DecodeError),
    /// The list is empty.
    Empty,
    /// A certificate is encrypted with an algorithm that is not supported.
    Algorithm,
    /// A certificate cannot be decrypted: the API v3 key is not the merchant's, or the list is forged.
    Decrypt(CipherError),
    /// A decrypted certificate is no text.
    NotText,
    /// A decrypted certificate cannot be read.
    Certificate(KeyError),
    /// A certificate has another serial number than the list says.
    SerialNumber,
    /// A kept list is another merchant's, or of another version of this library.
    Foreign,
}

impl fmt::Display for CertificatesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answer(_) => "the platform certificates were not answered with",
            Self::Decode(_) => "the list of platform certificates cannot be read",
            Self::Empty => "the list of platform certificates is empty",
            Self::Algorithm => {
                "a platform certificate is encrypted with an algorithm other than AEAD_AES_256_GCM"
            }
            Self::Decrypt(_) => {
                "a platform certificate cannot be decrypted: see that the API v3 key is the one set in the \
                 merchant portal"
            }
            Self::NotText => "a platform certificate is no PEM text",
            Self::Certificate(_) => "a platform certificate cannot be read",
            Self::SerialNumber => {
                "a platform certificate has another serial number than the list gives it"
            }
            Self::Foreign => "the kept certificates are another merchant's or of another version",
        })
    }
}

impl Error for CertificatesError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Answer(source) => Some(source),
            Self::Decode(source) => Some(source),
            Self::Decrypt(source) => Some(source),
            Self::Certificate(source) => Some(source),
            Self::Empty | Self::Algorithm | Self::NotText | Self::SerialNumber | Self::Foreign => {
                None
            }
        }
    }
}
