//! One request of v3: what is judged and carried out, and how it is answered.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use sha1::{Digest, Sha1};
use wxpay_sign::PlatformKeyId;

use super::{MadeUp, Note, Service};
use crate::core::answer::{self, Tamper};
use crate::core::book::Flaws;
use crate::core::call::{Call, Failure, Reply, numeric};
use crate::core::catalogue::{Operation, ReplySignature};
use crate::core::faults::AnswerFault;
use crate::core::gate::{Incoming, Passed, Visit};
use crate::core::{Core, Kept, book, cipher, made_up};

/// Where the platform certificates are, in every part of the world.
const CERTIFICATES: [&str; 3] = [
    "/v3/certificates",
    "/v3/global/certificates",
    "/hk/v3/certificates",
];
const STATEMENT_SHA1: HeaderName = HeaderName::from_static("wechatpay-statement-sha1");

/// The service of v3, and of what no generation knows.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct V3;

/// An answer before it is signed.
#[derive(Debug)]
pub(in crate::core) struct Outcome {
    response: Response<Bytes>,
    signed: Signed,
}

/// What a signature covers.
#[derive(Debug)]
enum Signed {
    Nothing,
    Body,
    /// Something said of the body in its place.
    Text(String),
}

impl Outcome {
    fn failure(failure: &Failure, signed: bool) -> Self {
        Self {
            response: answer::json(failure.status, &failure.to_json()),
            signed: if signed {
                Signed::Body
            } else {
                Signed::Nothing
            },
        }
    }
}

impl Service for V3 {
    type Outcome = Outcome;

    fn look_at(self, core: &mut Core, incoming: &Incoming, note: &mut Note) -> Outcome {
        core.look_at_v3(incoming, note)
    }

    fn make_up(
        self,
        _: &mut Core,
        made_up: MadeUp,
        _: Option<Outcome>,
        _: &Incoming,
        note: &mut Note,
    ) -> Outcome {
        note.numeric = numeric::OTHER;
        match made_up {
            MadeUp::Foreign(response) => Outcome {
                response,
                signed: Signed::Nothing,
            },
            MadeUp::TooMany { retry_after } => {
                note.numeric = numeric::RATE_LIMIT;
                let mut outcome = Outcome::failure(&Failure::frequency_limited(), true);
                if let Some(seconds) = retry_after {
                    let headers = outcome.response.headers_mut();
                    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                outcome
            }
            MadeUp::Broken => Outcome::failure(&Failure::system_error(), true),
        }
    }

    fn write(
        self,
        core: &mut Core,
        outcome: Outcome,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        let mut response = outcome.response;
        let text = match outcome.signed {
            Signed::Nothing => return response,
            Signed::Body => response.body().clone(),
            Signed::Text(text) => text.into(),
        };
        core.sign_v3(&mut response, &text, incoming, note);
        response
    }
}

impl Core {
    fn sign_v3(
        &mut self,
        response: &mut Response<Bytes>,
        text: &[u8],
        incoming: &Incoming,
        note: &mut Note,
    ) {
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
        answer::sign(
            response.headers_mut(),
            text,
            &chosen,
            &mut self.ids,
            incoming.now,
            tamper,
        );
    }

    /// Judges the request and has it carried out.
    fn look_at_v3(&mut self, incoming: &Incoming, note: &mut Note) -> Outcome {
        if self.is_over_limit(incoming, note) {
            let failure = Failure::frequency_limited();
            note.numeric = failure.numeric;
            return Outcome::failure(&failure, true);
        }
        let visit = Visit {
            incoming,
            identity: &self.identity,
            keys: &self.keys,
        };
        let passed = match visit.judge(self.catalogue) {
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
        match self.carry_out(passed, incoming, note) {
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

    fn carry_out(
        &mut self,
        passed: Passed<'_>,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Result<Reply, Failure> {
        let operation = passed.operation;
        if CERTIFICATES.contains(&operation.path.as_str()) {
            let algorithm = passed.query.first("algorithm_type");
            return self
                .keys
                .list(&self.identity, algorithm, &mut self.ids, incoming.now);
        }
        let base_url = incoming.base_url();
        let made_up_file =
            operation.answers_file() && passed.query.first("token").is_some_and(made_up::is_token);
        let flaws = if made_up_file {
            Flaws::default()
        } else {
            self.flaws(&operation.path, incoming, note)
        };
        let call = Call {
            operation: &operation.name,
            method: &operation.method,
            path_template: &operation.path,
            path_params: passed.path_params,
            query: passed.query,
            headers: passed.headers,
            body: passed.body,
            upload: passed.upload,
            mchid: self.identity.mchid(),
            base_url: &base_url,
            now: incoming.now,
            flaws,
        };
        if made_up_file {
            note.remarks.push(made_up::REMARK.to_owned());
            return made_up::linked(&call);
        }
        let reply = match self.book.call(&call, &mut self.ids)? {
            Some(Reply::Partial(status, mut value)) => {
                let (identity, ids) = (&self.identity, &mut self.ids);
                if made_up::complete(operation, &call, identity, ids, &mut value)? {
                    note.remarks.push(made_up::PARTLY.to_owned());
                }
                Reply::Json(status, value)
            }
            Some(reply) => reply,
            None => {
                let made = made_up::answer(operation, &call, &self.identity, &mut self.ids)?;
                note.remarks.push(made_up::REMARK.to_owned());
                made
            }
        };
        match (reply, &operation.response) {
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
    let signed = match operation.reply {
        ReplySignature::Unsigned => Signed::Nothing,
        ReplySignature::Signed | ReplySignature::Digest => Signed::Body,
    };
    match reply {
        Reply::Json(status, value) | Reply::Partial(status, value) => Outcome {
            response: answer::json(status, &value),
            signed,
        },
        Reply::NoContent => Outcome {
            response: answer::bare(StatusCode::NO_CONTENT, None, Bytes::new()),
            signed,
        },
        Reply::Empty(status) => Outcome {
            response: answer::bare(status, None, Bytes::new()),
            signed,
        },
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
            let mut response = answer::bare(StatusCode::OK, Some(content_type), body);
            let mut signed = Signed::Nothing;
            if operation.reply == ReplySignature::Digest {
                let sha1 = book::hex(&Sha1::digest(response.body()));
                answer::insert(response.headers_mut(), STATEMENT_SHA1, &sha1);
                signed = Signed::Text(format!(r#"{{"sha1":"{sha1}"}}"#));
            }
            Outcome { response, signed }
        }
    }
}

#[cfg(test)]
mod tests;
