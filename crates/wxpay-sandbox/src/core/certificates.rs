//! The sandbox's own keys: which one signs, which ones open, and how one follows the other.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012551764>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_json::DateTime;
use wxpay_sign::{PlatformKeyId, PrivateKey, Timestamp};

use super::call::{Failure, Reply};
use super::random::Ids;
use crate::identity::{Identity, PlatformCertificate};

/// How long the old certificate lives on after a rotation: ten days, as WeChat Pay announces.
const OVERLAP: i64 = 10 * 86_400;
const LONGEST: i64 = 5 * 365 * 86_400;
/// Rotations enough for any test; each keeps a key for ever.
const MOST_CERTIFICATES: usize = 100;

/// When a platform certificate signs and when it ends, in Unix seconds. WeChat Pay ends a
/// certificate earlier than the certificate itself says, so this is kept beside it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Term {
    pub(crate) serial_no: String,
    pub(crate) signs_from: i64,
    pub(crate) ends: i64,
}

/// Which kinds of key the sandbox uses. What `PUT /_sandbox/keys` takes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Whether answers are signed with the public key for those who ask for it: the switch in the
    /// merchant's portal.
    pub(crate) public_key_answers: bool,
    /// How many of a hundred notifications are signed with the public key; without it, the kind of
    /// key the merchant's latest request named.
    pub(crate) public_key_notifications: Option<u8>,
    /// Whether the merchant has platform certificates at all; newer merchants have only the public
    /// key.
    pub(crate) certificates: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_key_answers: true,
            public_key_notifications: None,
            certificates: true,
        }
    }
}

/// What `POST /_sandbox/keys/rotate` takes.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rotation {
    /// After how long the new certificate signs, in seconds.
    sign_after_seconds: i64,
    /// After how long the old ones end, in seconds.
    overlap_seconds: i64,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            sign_after_seconds: 0,
            overlap_seconds: OVERLAP,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Keys {
    terms: BTreeMap<String, Term>,
    pub(crate) settings: Settings,
    /// Whether the merchant's latest request named the public key.
    pub(crate) merchant_uses_public_key: bool,
}

/// The key an answer or a notification is signed with.
#[derive(Debug)]
pub(crate) struct Chosen<'i> {
    pub(crate) id: &'i str,
    pub(crate) key: &'i PrivateKey,
}

impl Keys {
    pub(crate) fn restore_term(&mut self, term: Term) {
        self.terms.insert(term.serial_no.clone(), term);
    }

    /// The terms that differ from what the certificates say.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.terms.values()
    }

    fn term(&self, certificate: &PlatformCertificate) -> Term {
        let serial_no = certificate.serial_number().as_str();
        self.terms.get(serial_no).cloned().unwrap_or_else(|| Term {
            serial_no: serial_no.to_owned(),
            signs_from: certificate.certificate().not_before().as_unix(),
            ends: certificate.certificate().not_after().as_unix(),
        })
    }

    /// The key for an answer to a request that named `wanted`.
    pub(crate) fn for_answer<'i>(
        &self,
        identity: &'i Identity,
        wanted: Option<&PlatformKeyId>,
        now: Timestamp,
    ) -> Chosen<'i> {
        let named =
            matches!(wanted, Some(PlatformKeyId::PublicKey(id)) if id == identity.public_key_id());
        if (named && self.settings.public_key_answers) || !self.settings.certificates {
            return Self::public_key(identity);
        }
        self.certificate(identity, now)
    }

    /// The key for a notification; `die` is from 0 up to 1.
    pub(crate) fn for_notification<'i>(
        &self,
        identity: &'i Identity,
        die: f64,
        now: Timestamp,
    ) -> Chosen<'i> {
        let by_public_key = match self.settings.public_key_notifications {
            _ if !self.settings.certificates => true,
            Some(percent) => die * 100.0 < f64::from(percent),
            None => self.merchant_uses_public_key,
        };
        if by_public_key {
            Self::public_key(identity)
        } else {
            self.certificate(identity, now)
        }
    }

    fn public_key(identity: &Identity) -> Chosen<'_> {
        Chosen {
            id: identity.public_key_id().as_str(),
            key: identity.public_key_signer(),
        }
    }

    /// The newest platform certificate whose time to sign has come.
    fn certificate<'i>(&self, identity: &'i Identity, now: Timestamp) -> Chosen<'i> {
        let now = now.as_unix();
        let certificates = identity.platform_certificates();
        certificates
            .iter()
            .rev()
            .find(|certificate| {
                let term = self.term(certificate);
                term.signs_from <= now && now < term.ends
            })
            .or_else(|| certificates.last())
            .map_or_else(
                || Self::public_key(identity),
                |certificate| Chosen {
                    id: certificate.serial_number().as_str(),
                    key: certificate.private_key(),
                },
            )
    }

    /// The private half of a key a merchant may encrypt with at this time.
    pub(crate) fn opener<'i>(
        &self,
        identity: &'i Identity,
        id: &PlatformKeyId,
        now: Timestamp,
    ) -> Option<&'i PrivateKey> {
        match id {
            PlatformKeyId::PublicKey(id) => {
                (id == identity.public_key_id()).then(|| identity.public_key_signer())
            }
            PlatformKeyId::Certificate(serial) if self.settings.certificates => identity
                .platform_certificates()
                .iter()
                .find(|certificate| certificate.serial_number() == serial)
                .filter(|certificate| now.as_unix() < self.term(certificate).ends)
                .map(PlatformCertificate::private_key),
            _ => None,
        }
    }

    /// The answer of `GET /v3/certificates`.
    pub(crate) fn list(
        &self,
        identity: &Identity,
        algorithm: Option<&str>,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Reply, Failure> {
        let mut data = Vec::new();
        if self.settings.certificates && matches!(algorithm, None | Some("RSA" | "ALL")) {
            for certificate in identity.platform_certificates() {
                let term = self.term(certificate);
                if now.as_unix() >= term.ends {
                    continue;
                }
                let nonce = ids.alphanumeric(12);
                let sealed = <&[u8; 12]>::try_from(nonce.as_bytes())
                    .ok()
                    .and_then(|nonce| {
                        let plain = certificate.certificate_pem().as_bytes();
                        identity.apiv3_key().seal(nonce, b"certificate", plain).ok()
                    });
                let ciphertext = sealed.ok_or_else(Failure::system_error)?;
                let begins = certificate.certificate().not_before().as_unix();
                data.push(json!({
                    "serial_no": term.serial_no,
                    "effective_time": DateTime::beijing(begins).to_string(),
                    "expire_time": DateTime::beijing(term.ends).to_string(),
                    "encrypt_certificate": {
                        "algorithm": "AEAD_AES_256_GCM",
                        "nonce": nonce,
                        "associated_data": "certificate",
                        "ciphertext": ciphertext,
                    },
                }));
            }
        }
        if data.is_empty() {
            return Err(Failure::resource_not_exists(
                "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥",
            ));
        }
        Ok(Reply::ok(json!({ "data": data })))
    }

    /// A new certificate joins; the others end after the overlap. Returns every term that changed.
    pub(crate) fn rotate(
        &mut self,
        identity: &mut Identity,
        rotation: &Rotation,
        now: Timestamp,
    ) -> Result<Vec<Term>, String> {
        for (name, seconds) in [
            ("sign_after_seconds", rotation.sign_after_seconds),
            ("overlap_seconds", rotation.overlap_seconds),
        ] {
            if !(0..=LONGEST).contains(&seconds) {
                return Err(format!("{name} must be between 0 and {LONGEST}"));
            }
        }
        if rotation.sign_after_seconds > rotation.overlap_seconds {
            return Err(
                "sign_after_seconds is more than overlap_seconds: for a while nobody would sign"
                    .to_owned(),
            );
        }
        if identity.platform_certificates().len() >= MOST_CERTIFICATES {
            return Err(format!(
                "there are {MOST_CERTIFICATES} platform certificates already"
            ));
        }
        let ends = now.as_unix().saturating_add(rotation.overlap_seconds);
        let mut changed: Vec<Term> = identity
            .platform_certificates()
            .iter()
            .map(|certificate| self.term(certificate))
            .filter(|term| term.ends > ends)
            .map(|term| Term { ends, ..term })
            .collect();
        let new = identity
            .add_platform_certificate(now)
            .map_err(|error| error.to_string())?;
        changed.push(Term {
            serial_no: new.serial_number().as_str().to_owned(),
            signs_from: now.as_unix().saturating_add(rotation.sign_after_seconds),
            ends: new.certificate().not_after().as_unix(),
        });
        for term in &changed {
            self.restore_term(term.clone());
        }
        Ok(changed)
    }

    /// The state of all keys, for the controls.
    pub(crate) fn to_json(&self, identity: &Identity, now: Timestamp) -> Value {
        let signing = self.certificate(identity, now).id;
        let certificates: Vec<Value> = identity
            .platform_certificates()
            .iter()
            .map(|certificate| {
                let term = self.term(certificate);
                json!({
                    "serial_no": term.serial_no,
                    "signs_from": DateTime::beijing(term.signs_from).to_string(),
                    "expire_time": DateTime::beijing(term.ends).to_string(),
                    "signing": term.serial_no == signing,
                })
            })
            .collect();
        json!({
            "public_key_id": identity.public_key_id().as_str(),
            "platform_certificates": certificates,
            "settings": self.settings,
        })
    }
}
