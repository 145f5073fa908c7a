//! The sandbox without I/O: requests in, answers out, on a clock that is an argument.

mod answer;
mod auth;
pub(crate) mod book;
pub(crate) mod call;
mod catalogue;
mod certificates;
mod check;
mod cipher;
mod clock;
mod control;
mod faults;
mod gate;
mod journal;
mod multipart;
mod notify;
pub(crate) mod random;

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use wxpay_sign::{PlatformKeyId, Timestamp};

use self::answer::Tamper;
use self::book::Book;
use self::call::{Call, Failure, Reply};
use self::catalogue::{Catalogue, Operation, ReplySignature};
use self::certificates::{Keys, Settings, Term};
use self::clock::Clock;
use self::faults::{AnswerFault, Faults};
use self::gate::{Passed, Visit};
use self::journal::{Journal, Record};
use self::notify::{Desk, Tools};
use self::random::Ids;
use crate::identity::Identity;

pub use self::answer::{Answer, Cut};
pub use self::notify::Delivery;

/// A WeChat Pay in memory: no sockets, no files, no clock of its own.
///
/// Every method takes the time now as its caller knows it. The core adds the offset that
/// `PUT /_sandbox/clock` has set and calls the sum its own time: timestamps are held against it,
/// orders expire by it, notifications are tried again by it.
#[derive(Debug)]
pub struct Core {
    identity: Identity,
    book: Book,
    ids: Ids,
    clock: Clock,
    keys: Keys,
    faults: Faults,
    journal: Journal,
    desk: Desk,
    changes: Vec<Change>,
    /// What a sandbox restored from this one is seeded with.
    next_seed: u64,
}

/// A piece of the core's state, to be kept where it survives a restart.
///
/// Changes are upserts: a later one about the same thing takes the place of an earlier one, and all
/// of them in order bring the state back through [`Core::restore`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Change(Kept);

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    /// Orders, refunds, notifications.
    Book(book::Change),
    /// How long a platform certificate is used.
    Term(Term),
    Keys(Settings),
    /// Whether the merchant's latest request named the public key.
    PublicKeyUser(bool),
    /// The offset of the clock, in seconds.
    Clock(i64),
    /// The seed for the next start, so that no name is given out twice.
    Seed(u64),
}

impl Core {
    /// A new sandbox around an identity. The same seed and the same calls give the same names.
    #[must_use]
    pub fn new(identity: Identity, _now: Timestamp, seed: u64) -> Self {
        let mut ids = Ids::new(seed);
        let book = Book::new(&identity, ids.seed());
        let next_seed = ids.seed();
        Self {
            identity,
            book,
            ids,
            clock: Clock::default(),
            keys: Keys::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            desk: Desk::default(),
            changes: Vec::new(),
            next_seed,
        }
    }

    /// The sandbox an earlier one left behind. Journal and faults start empty.
    #[must_use]
    pub fn restore(identity: Identity, changes: impl IntoIterator<Item = Change>) -> Self {
        let changes: Vec<Change> = changes.into_iter().collect();
        let seed = changes.iter().rev().find_map(|change| match change.0 {
            Kept::Seed(seed) => Some(seed),
            _ => None,
        });
        let mut core = Self::new(identity, Timestamp::from_unix(0), seed.unwrap_or_default());
        for change in changes {
            match change.0 {
                Kept::Book(change) => core.book.apply(change),
                Kept::Term(term) => core.keys.restore_term(term),
                Kept::Keys(settings) => core.keys.settings = settings,
                Kept::PublicKeyUser(user) => core.keys.merchant_uses_public_key = user,
                Kept::Clock(offset) => core.clock.set_offset(offset),
                Kept::Seed(_) => {}
            }
        }
        core
    }

    /// The whole state as changes: what a new log begins with.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Change> {
        let mut kept = vec![
            Kept::Seed(self.next_seed),
            Kept::Clock(self.clock.offset()),
            Kept::Keys(self.keys.settings.clone()),
            Kept::PublicKeyUser(self.keys.merchant_uses_public_key),
        ];
        kept.extend(self.keys.terms().cloned().map(Kept::Term));
        kept.extend(self.book.snapshot().into_iter().map(Kept::Book));
        kept.into_iter().map(Change).collect()
    }

    /// What has changed since the last call.
    #[must_use]
    pub fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = std::mem::take(&mut self.changes);
        changes.extend(
            self.book
                .take_changes()
                .into_iter()
                .map(|change| Change(Kept::Book(change))),
        );
        changes
    }

    /// Who takes part.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Ends the sandbox and gives back who took part, for [`Core::restore`] or a fresh start.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        self.identity
    }

    /// Answers a request to WeChat Pay or to the sandbox's own controls under `/_sandbox/`.
    ///
    /// An absolute address says under which scheme and host the sandbox was reached, which goes
    /// into the addresses it hands out; with an address in origin form, `http` and the `Host`
    /// header are taken for it.
    pub fn handle(&mut self, request: Request<Bytes>, now: Timestamp) -> Answer {
        let path = request.uri().path();
        if path == "/_sandbox" || path.starts_with("/_sandbox/") {
            return Answer::from(self.control(&request, now));
        }
        let now = self.clock.now(now);
        self.book.advance(now);
        let (parts, body) = request.into_parts();
        self.answer(&parts.method, &parts.uri, &parts.headers, &body, now)
    }

    /// The notifications to be sent now, each once: ask again after [`Core::next_due`].
    #[must_use]
    pub fn due(&mut self, now: Timestamp) -> Vec<Delivery> {
        let now = self.clock.now(now);
        self.book.advance(now);
        let mut tools = Tools {
            identity: &self.identity,
            keys: &self.keys,
            faults: &mut self.faults,
            ids: &mut self.ids,
            now,
        };
        self.desk.seal_all(&mut self.book, &mut tools)
    }

    /// How the sending of a notification went: the merchant's status, or an error where no answer
    /// came within five seconds. 2xx ends it, anything else has it tried again.
    pub fn delivered(&mut self, id: u64, result: Result<StatusCode, ()>, now: Timestamp) {
        let now = self.clock.now(now);
        self.desk.delivered(&mut self.book, id, result, now);
    }

    /// When [`Core::due`] will next have something, in the caller's time.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.book.next_due().map(|at| self.clock.real(at))
    }

    fn keep(&mut self, kept: Kept) {
        self.changes.push(Change(kept));
    }

    /// One request to WeChat Pay, from the journal's point of view.
    fn answer(
        &mut self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        now: Timestamp,
    ) -> Answer {
        let request_id = self.ids.request_id();
        let mut note = Note::default();
        let mut answer = self.perform(method, uri, headers, body, now, &mut note);
        insert_request_id(&mut answer.response, &request_id, note.numeric);
        let cut = matches!(answer.cut, Some(Cut::DropBefore | Cut::DropAfter));
        self.journal.push(&Record {
            at: now,
            method: method.as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            headers,
            body,
            operation: note.operation,
            accepted: note.accepted,
            problems: &note.problems,
            faults: &note.faults,
            status: (!cut).then(|| answer.response.status().as_u16()),
            request_id: &request_id,
        });
        answer
    }

    fn perform(
        &mut self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        now: Timestamp,
        note: &mut Note,
    ) -> Answer {
        let path = uri.path();
        let mut delay = Duration::ZERO;
        if let Some(fault) = self.strike(AnswerFault::Latency, path, note) {
            delay = Duration::from_millis(fault.milliseconds.unwrap_or_default());
        }
        let interfered = |response, cut| Answer {
            response,
            delay,
            cut,
        };
        if self.strike(AnswerFault::DropBefore, path, note).is_some() {
            note.problems
                .push("not looked at: the connection was cut on request".to_owned());
            let response = answer::bare(StatusCode::SERVICE_UNAVAILABLE, None, Bytes::new());
            return interfered(response, Some(Cut::DropBefore));
        }
        let wanted = Visit {
            method,
            uri,
            headers,
            body,
            identity: &self.identity,
            keys: &self.keys,
            now,
        }
        .named_key();

        // Errors made up on request: some come before the request is looked at, some after.
        let mut made_up = None;
        if let Some(fault) = self.strike(AnswerFault::Status429, path, note) {
            made_up = Some((Failure::frequency_limited(), fault.retry_after, false));
        } else if let Some(fault) = self.strike(AnswerFault::Status500, path, note) {
            made_up = Some((Failure::system_error(), None, fault.processed == Some(true)));
        }
        let gateway = self.strike(AnswerFault::Status502, path, note);
        let processed = made_up.as_ref().is_none_or(|(_, _, processed)| *processed)
            && gateway
                .as_ref()
                .is_none_or(|fault| fault.processed == Some(true));
        let outcome = if processed {
            Some(self.look_at(method, uri, headers, body, now, note))
        } else {
            note.problems
                .push("not looked at: an error was made up on request".to_owned());
            None
        };
        let outcome = match (gateway, made_up, outcome) {
            (Some(_), _, _) => {
                note.numeric = call::numeric::OTHER;
                return interfered(answer::bad_gateway(), None);
            }
            (None, Some((failure, retry_after, _)), _) => {
                note.numeric = failure.numeric;
                let mut response = answer::json(failure.status, &failure.to_json());
                if let Some(seconds) = retry_after {
                    response
                        .headers_mut()
                        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                Outcome {
                    response,
                    signed: true,
                }
            }
            (None, None, Some(outcome)) => outcome,
            // Nothing made up and nothing looked at: there is no such case.
            (None, None, None) => Outcome {
                response: answer::json(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &Failure::system_error().to_json(),
                ),
                signed: false,
            },
        };
        let mut response = outcome.response;
        if outcome.signed {
            self.sign(&mut response, wanted.as_ref(), path, now, note);
        }
        let cut = if self.strike(AnswerFault::DropAfter, path, note).is_some() {
            Some(Cut::DropAfter)
        } else if let Some(fault) = self.strike(AnswerFault::TruncateBody, path, note) {
            let whole = response.body().len();
            Some(Cut::Truncate(fault.bytes.unwrap_or(whole / 2).min(whole)))
        } else {
            None
        };
        Answer {
            response,
            delay,
            cut,
        }
    }

    fn strike(&mut self, fault: AnswerFault, path: &str, note: &mut Note) -> Option<faults::Fault> {
        let struck = self.faults.answer(fault, path);
        if struck.is_some() {
            note.faults.push(fault.as_str());
        }
        struck
    }

    fn sign(
        &mut self,
        response: &mut Response<Bytes>,
        wanted: Option<&PlatformKeyId>,
        path: &str,
        now: Timestamp,
        note: &mut Note,
    ) {
        if self
            .strike(AnswerFault::MissingSignatureHeaders, path, note)
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
        .find(|(fault, _)| self.strike(*fault, path, note).is_some())
        .map(|(_, tamper)| tamper);
        let chosen = self.keys.for_answer(&self.identity, wanted, now);
        let body = response.body().clone();
        answer::sign(
            response.headers_mut(),
            &body,
            &chosen,
            &mut self.ids,
            now,
            tamper,
        );
    }

    /// Judges the request and has it carried out.
    fn look_at(
        &mut self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        now: Timestamp,
        note: &mut Note,
    ) -> Outcome {
        let visit = Visit {
            method,
            uri,
            headers,
            body,
            identity: &self.identity,
            keys: &self.keys,
            now,
        };
        let wanted = visit.named_key();
        let passed = match visit.judge(Catalogue::built_in()) {
            Ok(passed) => passed,
            Err(refused) => {
                note.operation = refused.operation.map(|operation| operation.name.as_str());
                note.numeric = refused.failure.numeric;
                note.problems.extend(refused.problems);
                let response = answer::json(refused.failure.status, &refused.failure.to_json());
                return Outcome {
                    response,
                    signed: refused.signed,
                };
            }
        };
        note.operation = Some(&passed.operation.name);
        if headers.contains_key(answer::SERIAL)
            && wanted
                .as_ref()
                .is_none_or(|id| self.keys.opener(&self.identity, id, now).is_none())
        {
            note.problems.push(
                "Wechatpay-Serial names no key in force; only sensitive fields would have made that an error"
                    .to_owned(),
            );
        }
        self.note_key_user(wanted.as_ref());
        let operation = passed.operation;
        match self.carry_out(passed, uri, headers, body, now) {
            Ok(reply) => {
                note.accepted = true;
                respond(operation, reply)
            }
            Err(failure) => {
                note.numeric = failure.numeric;
                note.problems
                    .push(format!("{}: {}", failure.code, failure.message));
                let response = answer::json(failure.status, &failure.to_json());
                Outcome {
                    response,
                    signed: failure.status != StatusCode::UNAUTHORIZED,
                }
            }
        }
    }

    /// Remembers which kind of key the merchant can verify with, for its notifications.
    fn note_key_user(&mut self, wanted: Option<&PlatformKeyId>) {
        let Some(wanted) = wanted else { return };
        let public_key =
            matches!(wanted, PlatformKeyId::PublicKey(id) if id == self.identity.public_key_id());
        if public_key != self.keys.merchant_uses_public_key {
            self.keys.merchant_uses_public_key = public_key;
            self.keep(Kept::PublicKeyUser(public_key));
        }
    }

    fn carry_out(
        &mut self,
        passed: Passed<'_>,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        now: Timestamp,
    ) -> Result<Reply, Failure> {
        if passed.operation.path == "/v3/certificates" {
            let algorithm = passed.query.get("algorithm_type").map(String::as_str);
            return self
                .keys
                .list(&self.identity, algorithm, &mut self.ids, now);
        }
        let base_url = base_url(uri, headers);
        let call = Call {
            operation: &passed.operation.name,
            path_params: passed.path_params,
            query: passed.query,
            body: passed.body,
            raw_body: body,
            upload: passed.upload,
            mchid: self.identity.mchid(),
            base_url: &base_url,
            now,
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

/// What the journal is told about a request on its way.
#[derive(Debug, Default)]
struct Note {
    operation: Option<&'static str>,
    accepted: bool,
    problems: Vec<String>,
    faults: Vec<&'static str>,
    /// The number at the end of the `Request-ID`.
    numeric: u64,
}

/// An answer before it is signed.
#[derive(Debug)]
struct Outcome {
    response: Response<Bytes>,
    signed: bool,
}

fn respond(operation: &Operation, reply: Reply) -> Outcome {
    let signed = operation.reply == ReplySignature::Signed;
    match reply {
        Reply::Json(status, value) => Outcome {
            response: answer::json(status, &value),
            signed,
        },
        Reply::NoContent => Outcome {
            response: answer::bare(StatusCode::NO_CONTENT, None, Bytes::new()),
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
            Outcome {
                response: answer::bare(StatusCode::OK, Some(content_type), body),
                signed: false,
            }
        }
    }
}

fn insert_request_id(response: &mut Response<Bytes>, id: &str, numeric: u64) {
    answer::insert(
        response.headers_mut(),
        answer::REQUEST_ID,
        &format!("{id}-{numeric}"),
    );
}

/// Scheme and authority under which the sandbox was reached.
fn base_url(uri: &Uri, headers: &HeaderMap) -> String {
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<http::uri::Authority>().ok());
    let authority = uri.authority().cloned().or(host);
    match authority {
        Some(authority) => format!("{scheme}://{authority}"),
        None => format!("{scheme}://localhost"),
    }
}
