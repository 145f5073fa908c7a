//! One request to WeChat Pay from its first fault to its entry in the journal.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use wxpay_sign::PlatformKeyId;

use super::answer::{self, Answer, Cut, Tamper};
use super::call::{Call, Failure, Reply, numeric};
use super::catalogue::{Catalogue, Operation, ReplySignature};
use super::faults::{AnswerFault, Fault};
use super::gate::{Incoming, Passed, Visit};
use super::journal::Record;
use super::{Core, Kept, cipher, v1};

/// What the journal is told about a request on its way.
#[derive(Debug, Default)]
pub(super) struct Note {
    pub(super) operation: Option<&'static str>,
    pub(super) accepted: bool,
    pub(super) problems: Vec<String>,
    /// What is no problem and yet worth knowing.
    pub(super) remarks: Vec<String>,
    pub(super) faults: Vec<&'static str>,
    /// The number at the end of the `Request-ID`.
    pub(super) numeric: u64,
}

/// An answer before it is signed.
#[derive(Debug)]
struct Outcome {
    response: Response<Bytes>,
    signed: bool,
}

impl Outcome {
    fn failure(failure: &Failure, signed: bool) -> Self {
        Self {
            response: answer::json(failure.status, &failure.to_json()),
            signed,
        }
    }
}

impl Core {
    /// Has a request answered, and takes it down in the journal.
    pub(super) fn serve(
        &mut self,
        incoming: &Incoming,
        perform: impl FnOnce(&mut Self, &mut Note) -> Answer,
    ) -> Answer {
        let request_id = self.ids.request_id();
        let mut note = Note::default();
        let mut answer = perform(self, &mut note);
        let id = format!("{request_id}-{}", note.numeric);
        answer::insert(answer.response.headers_mut(), answer::REQUEST_ID, &id);
        let dropped = matches!(answer.cut, Some(Cut::DropBefore | Cut::DropAfter));
        self.journal.push(&Record {
            at: incoming.now,
            method: incoming.method.as_str(),
            path: incoming.uri.path(),
            query: &v1::redacted_query(incoming.uri.query().unwrap_or_default()),
            headers: &incoming.headers,
            body: &v1::redacted_body(incoming.uri.path(), &incoming.body),
            operation: note.operation,
            accepted: note.accepted,
            problems: &note.problems,
            remarks: &note.remarks,
            faults: &note.faults,
            status: (!dropped).then(|| answer.response.status().as_u16()),
            request_id: &id,
        });
        answer
    }

    pub(super) fn perform(&mut self, incoming: &Incoming, note: &mut Note) -> Answer {
        let latency = self.strike(AnswerFault::Latency, incoming, note);
        let delay = Duration::from_millis(latency.and_then(|it| it.milliseconds).unwrap_or(0));
        if self
            .strike(AnswerFault::DropBefore, incoming, note)
            .is_some()
        {
            note.problems
                .push("not looked at: the connection was cut on request".to_owned());
            let response = answer::bare(StatusCode::SERVICE_UNAVAILABLE, None, Bytes::new());
            return Answer {
                response,
                delay,
                cut: Some(Cut::DropBefore),
            };
        }
        let outcome = match self.made_up(incoming, note) {
            Some(outcome) => outcome,
            None => self.look_at(incoming, note),
        };
        let mut response = outcome.response;
        if outcome.signed {
            self.sign(&mut response, incoming, note);
        }
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
    fn made_up(&mut self, incoming: &Incoming, note: &mut Note) -> Option<Outcome> {
        let (fault, mut outcome) =
            if let Some(fault) = self.strike(AnswerFault::Status502, incoming, note) {
                (
                    fault,
                    Outcome {
                        response: answer::bad_gateway(),
                        signed: false,
                    },
                )
            } else if let Some(fault) = self.strike(AnswerFault::HtmlPage, incoming, note) {
                let response = answer::html_page();
                (
                    fault,
                    Outcome {
                        response,
                        signed: false,
                    },
                )
            } else if let Some(fault) = self.strike(AnswerFault::EmptyBody, incoming, note) {
                let response = answer::bare(StatusCode::OK, None, Bytes::new());
                (
                    fault,
                    Outcome {
                        response,
                        signed: false,
                    },
                )
            } else if let Some(fault) = self.strike(AnswerFault::Status429, incoming, note) {
                (fault, Outcome::failure(&Failure::frequency_limited(), true))
            } else {
                let fault = self.strike(AnswerFault::Status500, incoming, note)?;
                (fault, Outcome::failure(&Failure::system_error(), true))
            };
        if let Some(seconds) = fault.retry_after {
            outcome
                .response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if fault.processed == Some(true) {
            // Carried out all the same; the answer to it is lost.
            self.look_at(incoming, note);
        } else {
            note.problems
                .push("not looked at: an error was made up on request".to_owned());
        }
        note.numeric = match outcome.response.status() {
            StatusCode::TOO_MANY_REQUESTS => numeric::RATE_LIMIT,
            _ => numeric::OTHER,
        };
        Some(outcome)
    }

    pub(super) fn strike(
        &mut self,
        fault: AnswerFault,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Option<Fault> {
        let struck = self.faults.answer(fault, incoming.uri.path())?;
        note.faults.push(fault.as_str());
        Some(struck)
    }

    fn sign(&mut self, response: &mut Response<Bytes>, incoming: &Incoming, note: &mut Note) {
        if self
            .strike(AnswerFault::MissingSignatureHeaders, incoming, note)
            .is_some()
        {
            return;
        }
        let tamper = [
            (AnswerFault::WrongSignature, Tamper::WrongSignature),
            (AnswerFault::StaleTimestamp, Tamper::StaleTimestamp),
            (AnswerFault::UnknownSerial, Tamper::UnknownSerial),
            (AnswerFault::SignatureProbe, Tamper::Probe),
        ]
        .into_iter()
        .find(|(fault, _)| self.strike(*fault, incoming, note).is_some())
        .map(|(_, tamper)| tamper);
        let wanted = incoming.named_key();
        let chosen = self
            .keys
            .for_answer(&self.identity, wanted.as_ref(), incoming.now);
        let body = response.body().clone();
        answer::sign(
            response.headers_mut(),
            &body,
            &chosen,
            &mut self.ids,
            incoming.now,
            tamper,
        );
    }

    /// Judges the request and has it carried out.
    fn look_at(&mut self, incoming: &Incoming, note: &mut Note) -> Outcome {
        if let Some(limit) = self.limits.over(incoming.uri.path(), incoming.now) {
            let failure = Failure::frequency_limited();
            note.numeric = failure.numeric;
            note.problems.push(limit.describe());
            return Outcome::failure(&failure, true);
        }
        let visit = Visit {
            incoming,
            identity: &self.identity,
            keys: &self.keys,
        };
        let passed = match visit.judge(Catalogue::built_in()) {
            Ok(passed) => passed,
            Err(refused) => {
                note.operation = refused.operation.map(|operation| operation.name.as_str());
                note.numeric = refused.failure.numeric;
                note.problems.extend(refused.problems);
                return Outcome::failure(&refused.failure, refused.signed);
            }
        };
        let operation = passed.operation;
        note.operation = Some(&operation.name);
        self.note_key(incoming, note);
        match self.carry_out(passed, incoming) {
            Ok(reply) => {
                note.accepted = true;
                respond(operation, reply)
            }
            Err(failure) => {
                note.numeric = failure.numeric;
                note.problems
                    .push(format!("{}: {}", failure.code, failure.message));
                Outcome::failure(&failure, true)
            }
        }
    }

    /// Remembers which kind of key the merchant can verify with, for its notifications, and remarks
    /// on a name that is no key's.
    fn note_key(&mut self, incoming: &Incoming, note: &mut Note) {
        if !incoming.headers.contains_key(answer::SERIAL) {
            return;
        }
        let named = incoming.named_key();
        let opener = named
            .as_ref()
            .and_then(|id| self.keys.opener(&self.identity, id, incoming.now));
        if opener.is_none() {
            note.problems.push(
                "Wechatpay-Serial names no key in force; only sensitive fields would have made that an error"
                    .to_owned(),
            );
            return;
        }
        let public_key = matches!(named, Some(PlatformKeyId::PublicKey(_)));
        if public_key != self.keys.merchant_uses_public_key {
            self.keys.merchant_uses_public_key = public_key;
            self.keep(Kept::PublicKeyUser(public_key));
        }
    }

    fn carry_out(&mut self, passed: Passed<'_>, incoming: &Incoming) -> Result<Reply, Failure> {
        if passed.operation.path == "/v3/certificates" {
            let algorithm = passed.query.get("algorithm_type").map(String::as_str);
            return self
                .keys
                .list(&self.identity, algorithm, &mut self.ids, incoming.now);
        }
        let base_url = incoming.base_url();
        let call = Call {
            operation: &passed.operation.name,
            path_params: passed.path_params,
            query: passed.query,
            body: passed.body,
            upload: passed.upload,
            mchid: self.identity.mchid(),
            base_url: &base_url,
            now: incoming.now,
        };
        let reply = self.book.call(&call, &mut self.ids)?;
        match (reply, &passed.operation.response) {
            (Reply::Json(status, mut value), Some(schema)) => {
                let key = self.identity.merchant_certificate().public_key();
                cipher::seal(schema, &mut value, key)?;
                Ok(Reply::Json(status, value))
            }
            (reply, _) => Ok(reply),
        }
    }
}

fn respond(operation: &Operation, reply: Reply) -> Outcome {
    let signed = operation.reply == ReplySignature::Signed;
    match reply {
        Reply::Json(status, value) => Outcome {
            response: answer::json(status, &value),
            signed,
        },
        Reply::NoContent => {
            let response = answer::bare(StatusCode::NO_CONTENT, None, Bytes::new());
            Outcome { response, signed }
        }
        Reply::Raw {
            content_type,
            body,
            gzip,
        } => {
            let content_type = if gzip {
                "application/x-gzip"
            } else {
                content_type
            };
            let response = answer::bare(StatusCode::OK, Some(content_type), body);
            Outcome {
                response,
                signed: false,
            }
        }
    }
}
