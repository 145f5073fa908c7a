//! One request to WeChat Pay from its first fault to its entry in the journal, whatever generation of
//! the interface it is for.

mod v3;

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};

use super::answer::{self, Answer, Cut};
use super::book::{CutOff, Flaws, Stage};
use super::faults::{AnswerFault, Fault};
use super::gate::Incoming;
use super::journal::Record;
use super::{Core, v1};

pub(super) use self::v3::V3;

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

/// What a generation has of its own between the faults that all of them share.
pub(super) trait Service: Copy {
    /// An answer before it is written.
    type Outcome;

    /// Tells the journal what is known before anything is looked at.
    fn arrive(self, _note: &mut Note) {}

    /// Judges the request and has it carried out.
    fn look_at(self, core: &mut Core, incoming: &Incoming, note: &mut Note) -> Self::Outcome;

    /// The answer of an error made up on request; `carried_out` is the true one where the request
    /// was carried out all the same.
    fn make_up(
        self,
        core: &mut Core,
        made_up: MadeUp,
        carried_out: Option<Self::Outcome>,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Self::Outcome;

    /// Signs the answer, or spoils its signature, and writes it.
    fn write(
        self,
        core: &mut Core,
        outcome: Self::Outcome,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes>;
}

/// An error made up on request.
#[derive(Debug)]
pub(super) enum MadeUp {
    /// What something in between answers, never signed.
    Foreign(Response<Bytes>),
    /// The caller asks too often.
    TooMany {
        /// In seconds, for the generations that say so.
        retry_after: Option<u64>,
    },
    /// WeChat Pay is out of order.
    Broken,
}

/// Makes up the error of a fault that has struck.
type Make = fn(&Fault) -> MadeUp;

impl MadeUp {
    /// The faults of this kind, and what each answers: the first that strikes is made up.
    const FAULTS: [(AnswerFault, Make); 5] = [
        (AnswerFault::Status502, |_| {
            Self::Foreign(answer::bad_gateway())
        }),
        (
            AnswerFault::HtmlPage,
            |_| Self::Foreign(answer::html_page()),
        ),
        (AnswerFault::EmptyBody, |_| {
            Self::Foreign(answer::bare(StatusCode::OK, None, Bytes::new()))
        }),
        (AnswerFault::Status429, |fault| Self::TooMany {
            retry_after: fault.retry_after,
        }),
        (AnswerFault::Status500, |_| Self::Broken),
    ];
}

impl Core {
    /// Has a request answered, and takes it down in the journal.
    pub(super) fn serve<S: Service>(&mut self, service: S, incoming: &Incoming) -> Answer {
        let request_id = self.ids.request_id();
        let mut note = Note::default();
        let mut answer = self.perform(service, incoming, &mut note);
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

    fn perform<S: Service>(&mut self, service: S, incoming: &Incoming, note: &mut Note) -> Answer {
        service.arrive(note);
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
        let outcome = match self.made_up(service, incoming, note) {
            Some(outcome) => outcome,
            None => service.look_at(self, incoming, note),
        };
        let response = service.write(self, outcome, incoming, note);
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
    fn made_up<S: Service>(
        &mut self,
        service: S,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Option<S::Outcome> {
        let (fault, make) = MadeUp::FAULTS
            .into_iter()
            .find_map(|(kind, make)| Some((self.strike(kind, incoming, note)?, make)))?;
        let carried_out = if fault.processed == Some(true) {
            Some(service.look_at(self, incoming, note))
        } else {
            note.problems
                .push("not looked at: an error was made up on request".to_owned());
            None
        };
        Some(service.make_up(self, make(&fault), carried_out, incoming, note))
    }

    /// Whether the caller asks more often than the limits that tests have set allow.
    pub(super) fn is_over_limit(&mut self, incoming: &Incoming, note: &mut Note) -> bool {
        let over = self.limits.over(incoming.uri.path(), incoming.now);
        note.problems.extend(over.map(|limit| limit.describe()));
        over.is_some()
    }

    /// What faults make of the bill that a request asks for or fetches. `path` is that of the
    /// catalogue.
    pub(super) fn flaws(&mut self, path: &str, incoming: &Incoming, note: &mut Note) -> Flaws {
        let Stage { made, sent } = Stage::of(path);
        let mut strike =
            |fault, here: bool| here.then(|| self.strike(fault, incoming, note)).flatten();
        Flaws {
            sums: strike(AnswerFault::BillSumsWrong, made).is_some(),
            byte: strike(AnswerFault::BillByteChanged, sent).is_some(),
            cut: strike(AnswerFault::BillCutOff, sent)
                .map(|fault| fault.bytes.map_or(CutOff::Half, CutOff::After)),
        }
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
}
