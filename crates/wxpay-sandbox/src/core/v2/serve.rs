//! One request of v2: what is judged and carried out, and how it is answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;

use super::answer::{
    Outcome, failure, file, finish, frequency_limited, in_json, no_certificate, protocol, refused,
    refused_unknown, succeeded, xml,
};
use super::facts::{Realm, Route};
use super::gate::{Passed, Refused, Visit};
use super::made_up;
use super::wire::{self, Pairs};
use crate::core::Core;
use crate::core::book::v2::{Ask, Refusal, Said, is_negative_test};
use crate::core::faults::AnswerFault;
use crate::core::gate::Incoming;
use crate::core::serve::{MadeUp, Note, Service};

/// The one interface that answers in JSON.
const ACCESS_TOKEN: &str = "/appauth/getaccesstoken";
/// Names the case that is to be played in WeChat Pay's own sandbox.
const NEGATIVE_TEST: &str = "wechatpay-negative-test";

impl Service for Route<'static> {
    type Outcome = Outcome;

    fn look_at(self, core: &mut Core, incoming: &Incoming, note: &mut Note) -> Outcome {
        core.look_at_v2(self, incoming, note)
    }

    fn make_up(
        self,
        core: &mut Core,
        made_up: MadeUp,
        carried_out: Option<Outcome>,
        incoming: &Incoming,
        _: &mut Note,
    ) -> Outcome {
        let refusal = match made_up {
            MadeUp::Foreign(response) => return Outcome::Whole(response),
            MadeUp::TooMany { .. } => frequency_limited(),
            MadeUp::Broken => Refusal::system_error(),
        };
        match carried_out {
            // Signed as the true answer would have been.
            Some(Outcome::Fields(fields, Some(signing))) => {
                let mut failed = failure(&refusal);
                for name in ["appid", "mch_id"] {
                    failed.set_some(name, fields.get(name));
                }
                Outcome::Fields(failed, Some(signing))
            }
            _ => core.refuse_unread(self, incoming, &refusal),
        }
    }

    fn write(
        self,
        core: &mut Core,
        outcome: Outcome,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        if self.operation.path == ACCESS_TOKEN {
            in_json(outcome)
        } else {
            core.write_v2(outcome, incoming, note)
        }
    }
}

impl Core {
    /// A refusal to a request that is not looked at further than it takes to sign the answer.
    fn refuse_unread(
        &self,
        route: Route<'static>,
        incoming: &Incoming,
        refusal: &Refusal,
    ) -> Outcome {
        let judged = Visit::new(route, incoming, &self.identity).judge();
        let passed = match &judged {
            Ok(passed) => passed,
            Err(Refused::Business(mistaken)) => &mistaken.passed,
            // Who cannot be known gets the answer everybody gets.
            Err(_) => return protocol(&refusal.message),
        };
        finish(route.operation, passed, failure(refusal))
    }

    /// Judges the request and has it carried out.
    fn look_at_v2(
        &mut self,
        route: Route<'static>,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Outcome {
        let operation = route.operation;
        note.operation = Some(&operation.name);
        if self.is_over_limit(incoming, note) {
            return self.refuse_unread(route, incoming, &frequency_limited());
        }
        let passed = match Visit::new(route, incoming, &self.identity).judge() {
            Ok(passed) => passed,
            Err(Refused::NoCertificate(problem)) => {
                note.problems.push(problem);
                return no_certificate();
            }
            Err(Refused::Protocol { message, problem }) => {
                note.problems.push(problem);
                return refused_unknown(operation, &message);
            }
            Err(Refused::Business(mistaken)) => {
                note.problems.extend(mistaken.problems);
                return refused(operation, &mistaken.passed, &mistaken.refusal);
            }
        };
        note.remarks.extend(passed.remarks.iter().cloned());
        match self.carry_out_v2(route, &passed, incoming, note) {
            Ok(outcome) => {
                note.accepted = true;
                outcome
            }
            Err(refusal) => {
                note.problems
                    .push(format!("{}: {}", refusal.code, refusal.message));
                refused(operation, &passed, &refusal)
            }
        }
    }

    fn carry_out_v2(
        &mut self,
        route: Route<'static>,
        passed: &Passed,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Result<Outcome, Refusal> {
        let operation = route.operation;
        if operation.path.ends_with("/getsignkey") {
            return self.hand_out_sandbox_key(passed);
        }
        if operation.path == "/risk/getpublickey" {
            let pem = rsa_pem(self.identity.public_key_pem()).ok_or_else(Refusal::system_error)?;
            let answer = succeeded(Pairs::default().with("pub_key", pem));
            return Ok(finish(operation, passed, answer));
        }
        if operation.is_shown() {
            note.remarks.push(made_up::REMARK.to_owned());
            return Ok(Outcome::Whole(if operation.path == ACCESS_TOKEN {
                made_up::access_token(&mut self.ids)
            } else {
                made_up::page(operation)
            }));
        }
        let negative_test = (route.realm == Realm::New)
            .then(|| incoming.headers.get(NEGATIVE_TEST)?.to_str().ok())
            .flatten();
        if incoming.headers.contains_key(NEGATIVE_TEST)
            && !negative_test.is_some_and(is_negative_test)
        {
            note.remarks.push(
                "Wechatpay-Negative-Test changes nothing: it is for /xdc/apiv2sandbox/pay/micropay and names MICROPAY_USERPAYING, MICROPAY_TIMEOUT or MICROPAY_PAYERROR"
                    .to_owned(),
            );
        }
        let base_url = incoming.base_url();
        let ask = Ask {
            path: &operation.path,
            fields: &passed.fields,
            signing: passed.signing,
            negative_test,
            base_url: &base_url,
            now: incoming.now,
            flaws: self.flaws(&operation.path, incoming, note),
        };
        let fields = match self.book.ask(&ask, &mut self.ids)? {
            Some(Said::Fields(fields)) => fields,
            Some(Said::File { body, gzip, digest }) => {
                return Ok(file(body, gzip, digest.as_deref()));
            }
            None => {
                note.remarks.push(made_up::REMARK.to_owned());
                match made_up::answer(operation, &passed.fields, incoming.now, &mut self.ids) {
                    made_up::Answer::Fields(fields) => fields,
                    made_up::Answer::File(text) => {
                        return Ok(file(text.into(), false, None));
                    }
                }
            }
        };
        Ok(finish(operation, passed, succeeded(fields)))
    }

    fn hand_out_sandbox_key(&self, passed: &Passed) -> Result<Outcome, Refusal> {
        let (text, _) = self
            .identity
            .api_v2_key()
            .and_then(wire::sandbox_key)
            .ok_or_else(Refusal::system_error)?;
        let mut answer = Pairs::default()
            .with("return_code", "SUCCESS")
            .with("return_msg", "ok");
        answer.set_some("mch_id", passed.fields.get("mch_id"));
        answer.set("sandbox_signkey", text);
        Ok(Outcome::Fields(answer, None))
    }

    /// Signs the answer, or spoils its signature, and writes it.
    fn write_v2(
        &mut self,
        outcome: Outcome,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        let (mut fields, signing) = match outcome {
            Outcome::Whole(response) => return response,
            Outcome::Fields(fields, signing) => (fields, signing),
        };
        if let Some(signing) = signing
            && self
                .strike(AnswerFault::MissingSignatureHeaders, incoming, note)
                .is_none()
        {
            fields.set("nonce_str", self.ids.nonce());
            if let Some(key) = signing.key(&self.identity) {
                fields.sign(&key, signing.sign_type());
            }
            if self
                .strike(AnswerFault::WrongSignature, incoming, note)
                .is_some()
            {
                // Another text under the same signature.
                fields.set("nonce_str", self.ids.nonce());
            }
        }
        xml(&fields)
    }
}

/// A public key as PKCS#1, from its PEM as SubjectPublicKeyInfo: for an RSA key of 2048 bits that
/// is what stands behind a head of 24 bytes.
fn rsa_pem(pem: &str) -> Option<String> {
    const HEAD: usize = 24;
    let text: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(text.trim()).ok()?;
    // A sequence that fills the rest, or the key is of another size and begins elsewhere.
    let key = der.get(HEAD..)?;
    let length = usize::from(*key.get(2)?) << 8 | usize::from(*key.get(3)?);
    if key.first_chunk() != Some(&[0x30, 0x82]) || length + 4 != key.len() {
        return None;
    }
    let mut text = String::from("-----BEGIN RSA PUBLIC KEY-----\n");
    for line in STANDARD.encode(key).as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END RSA PUBLIC KEY-----\n");
    Some(text)
}
