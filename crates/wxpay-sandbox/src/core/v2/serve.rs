//! One request of v2 from its first fault to its answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use super::facts::{Operation, Realm, ReplyForm, Route};
use super::gate::{Passed, Refused, Visit};
use super::made_up;
use super::wire::{self, Pairs};
use crate::core::answer::{self, Answer, Cut};
use crate::core::book::Signing;
use crate::core::book::v2::{Ask, Refusal, Said, is_negative_test};
use crate::core::faults::AnswerFault;
use crate::core::gate::Incoming;
use crate::core::serve::Note;
use crate::core::{Core, check};

const DIGEST: HeaderName = HeaderName::from_static("digest");
/// The one interface that answers in JSON.
const ACCESS_TOKEN: &str = "/appauth/getaccesstoken";
/// Names the case that is to be played in WeChat Pay's own sandbox.
const NEGATIVE_TEST: &str = "wechatpay-negative-test";

/// An answer before it is signed.
#[derive(Debug)]
enum Outcome {
    /// Sent as it is.
    Whole(Response<Bytes>),
    /// Signed so, or not at all, and written.
    Fields(Pairs, Option<Signing>),
}

impl Core {
    /// Answers a request of v2.
    pub(in crate::core) fn perform_v2(
        &mut self,
        route: Route<'static>,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Answer {
        let latency = self.strike(AnswerFault::Latency, incoming, note);
        let delay = Duration::from_millis(latency.and_then(|it| it.milliseconds).unwrap_or(0));
        if self
            .strike(AnswerFault::DropBefore, incoming, note)
            .is_some()
        {
            note.problems
                .push("not looked at: the connection was cut on request".to_owned());
            return Answer {
                response: answer::bare(StatusCode::SERVICE_UNAVAILABLE, None, Bytes::new()),
                delay,
                cut: Some(Cut::DropBefore),
            };
        }
        let outcome = match self.spoil_v2(route, incoming, note) {
            Some(outcome) => outcome,
            None => self.look_at_v2(route, incoming, note),
        };
        let response = if route.operation.path == ACCESS_TOKEN {
            in_json(outcome)
        } else {
            self.write_v2(outcome, incoming, note)
        };
        let mut cut = None;
        if self
            .strike(AnswerFault::DropAfter, incoming, note)
            .is_some()
        {
            cut = Some(Cut::DropAfter);
        } else if let Some(fault) = self.strike(AnswerFault::TruncateBody, incoming, note) {
            let whole = response.body().len();
            cut = Some(Cut::Truncate(fault.bytes.unwrap_or(whole / 2).min(whole)));
        }
        Answer {
            response,
            delay,
            cut,
        }
    }

    /// An error made up on request, before the request is looked at or after it was carried out.
    fn spoil_v2(
        &mut self,
        route: Route<'static>,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Option<Outcome> {
        let faults = [
            AnswerFault::Status502,
            AnswerFault::HtmlPage,
            AnswerFault::EmptyBody,
            AnswerFault::Status429,
            AnswerFault::Status500,
        ];
        let (kind, fault) = faults
            .into_iter()
            .find_map(|kind| Some((kind, self.strike(kind, incoming, note)?)))?;
        // What signs the answer, and, with `processed`, what happens all the same.
        let processed = fault.processed == Some(true);
        let carried_out = processed.then(|| self.look_at_v2(route, incoming, note));
        if !processed {
            note.problems
                .push("not looked at: an error was made up on request".to_owned());
        }
        Some(match kind {
            AnswerFault::Status502 => Outcome::Whole(answer::bad_gateway()),
            AnswerFault::HtmlPage => Outcome::Whole(answer::html_page()),
            AnswerFault::EmptyBody => {
                Outcome::Whole(answer::bare(StatusCode::OK, None, Bytes::new()))
            }
            _ => {
                let refusal = if kind == AnswerFault::Status429 {
                    frequency_limited()
                } else {
                    Refusal::system_error()
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
                    _ => self.refuse_unread(route, incoming, &refusal),
                }
            }
        })
    }

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
        if let Some(limit) = self.limits.over(incoming.uri.path(), incoming.now) {
            note.problems.push(limit.describe());
            return self.refuse_unread(route, incoming, &frequency_limited());
        }
        let passed = match Visit::new(route, incoming, &self.identity).judge() {
            Ok(passed) => passed,
            Err(Refused::NoCertificate(problem)) => {
                note.problems.push(problem);
                return Outcome::Whole(no_certificate());
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
        if operation.method == "GET" {
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
        };
        let fields = match self.book.ask(&ask, &mut self.ids)? {
            Some(Said::Fields(fields)) => fields,
            Some(Said::File { body, gzip, digest }) => {
                return Ok(Outcome::Whole(file(body, gzip, digest.as_deref())));
            }
            None => {
                note.remarks.push(made_up::REMARK.to_owned());
                match made_up::answer(operation, &passed.fields, incoming.now, &mut self.ids) {
                    made_up::Answer::Fields(fields) => fields,
                    made_up::Answer::File(text) => {
                        return Ok(Outcome::Whole(file(text.into(), false, None)));
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

/// Adds what every answer to a known caller has, and settles whether it is signed.
fn finish(operation: &Operation, passed: &Passed, mut answer: Pairs) -> Outcome {
    for name in ["appid", &*operation.merchant, "sub_appid", "sub_mch_id"] {
        if answer.get(name).is_none() {
            answer.set_some(name, passed.fields.get(name));
        }
    }
    let signing = (operation.reply == ReplyForm::Signed).then_some(passed.signing);
    Outcome::Fields(answer, signing)
}

/// A refusal of the interface that answers in JSON.
fn in_json(outcome: Outcome) -> Response<Bytes> {
    let fields = match outcome {
        Outcome::Whole(response) => return response,
        Outcome::Fields(fields, _) => fields,
    };
    let message = fields
        .get("err_code_des")
        .or_else(|| fields.get("return_msg"));
    answer::json(
        StatusCode::OK,
        &json!({ "retcode": 1, "retmsg": message.unwrap_or_default() }),
    )
}

/// `result_code` SUCCESS.
fn succeeded(fields: Pairs) -> Pairs {
    let mut answer = Pairs::default()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("result_code", "SUCCESS");
    answer.append(fields);
    answer
}

/// `result_code` FAIL.
fn failure(refusal: &Refusal) -> Pairs {
    let mut answer = Pairs::default()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("result_code", "FAIL")
        .with("err_code", refusal.code.clone())
        .with("err_code_des", check::clip(&refusal.message, 128));
    answer.append(refusal.also.clone());
    answer
}

fn refused(operation: &Operation, passed: &Passed, refusal: &Refusal) -> Outcome {
    if operation.path == "/pay/downloadbill" {
        // This one has words of its own.
        let code = match &*refusal.code {
            "PARAM_ERROR" | "LACK_PARAMS" => "20003",
            code => code,
        };
        let answer = Pairs::default()
            .with("return_code", "FAIL")
            .with("return_msg", &*refusal.message)
            .with("error_code", code);
        return Outcome::Fields(answer, None);
    }
    finish(operation, passed, failure(refusal))
}

/// `return_code` FAIL, unsigned.
fn protocol(message: &str) -> Outcome {
    let answer = Pairs::default()
        .with("return_code", "FAIL")
        .with("return_msg", message);
    Outcome::Fields(answer, None)
}

fn refused_unknown(operation: &Operation, message: &str) -> Outcome {
    let mut outcome = protocol(message);
    if operation.path == "/pay/downloadbill"
        && message.starts_with("签名错误")
        && let Outcome::Fields(fields, _) = &mut outcome
    {
        fields.set("error_code", "20001");
    }
    outcome
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

fn frequency_limited() -> Refusal {
    Refusal::new("FREQUENCY_LIMITED", "频率超限，请稍后再试")
}

fn xml(fields: &Pairs) -> Response<Bytes> {
    answer::bare(
        StatusCode::OK,
        Some("text/xml; charset=utf-8"),
        fields.to_xml("xml").into(),
    )
}

fn file(body: Bytes, gzip: bool, digest: Option<&str>) -> Response<Bytes> {
    let content_type = if gzip {
        "application/x-gzip"
    } else {
        "text/plain; charset=utf-8"
    };
    let mut response = answer::bare(StatusCode::OK, Some(content_type), body);
    if let Some(digest) = digest {
        answer::insert(response.headers_mut(), DIGEST, digest);
    }
    response
}

/// What WeChat Pay's gateway says to a client without a certificate.
fn no_certificate() -> Response<Bytes> {
    let page = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n\
                <body>\r\n<center><h1>400 Bad Request</h1></center>\r\n\
                <center>No required SSL certificate was sent</center>\r\n\
                <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
    let mut response = answer::bare(
        StatusCode::BAD_REQUEST,
        Some("text/html"),
        Bytes::from_static(page.as_bytes()),
    );
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
