//! The sandbox without I/O: requests in, answers out, on a clock that is an argument.

mod answer;
mod auth;
pub(crate) mod book;
pub(crate) mod call;
mod catalogue;
mod certificates;
mod check;
mod cipher;
mod client;
mod clock;
mod control;
mod faults;
mod gate;
mod journal;
mod limits;
mod made_up;
mod multipart;
mod notify;
pub(crate) mod random;
mod serve;
mod upload;
mod v1;
mod v2;

use bytes::Bytes;
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use wxpay_sign::Timestamp;

use self::book::Book;
use self::catalogue::Catalogue;
use self::certificates::{Keys, Settings, Term};
use self::clock::Clock;
use self::faults::Faults;
use self::gate::Incoming;
use self::journal::Journal;
use self::limits::Limits;
use self::notify::{Desk, Tools};
use self::random::Ids;
use self::serve::V3;
use self::v2::Scans;
use crate::cashier;
use crate::identity::Identity;

pub use self::answer::{Answer, Cut};
pub use self::client::ClientCertificate;
pub use self::notify::Delivery;

/// A WeChat Pay in memory: no sockets, no files, no clock of its own.
///
/// Every method takes the time now as its caller knows it. The core adds the offset that
/// `PUT /_sandbox/clock` has set and calls the sum its own time: timestamps are held against it,
/// orders expire by it, notifications are tried again by it.
#[derive(Debug)]
pub struct Core {
    identity: Identity,
    catalogue: &'static Catalogue,
    book: Book,
    ids: Ids,
    clock: Clock,
    keys: Keys,
    faults: Faults,
    limits: Limits,
    journal: Journal,
    desk: Desk,
    scans: Scans,
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
            catalogue: Catalogue::built_in(),
            book,
            ids,
            clock: Clock::default(),
            keys: Keys::default(),
            faults: Faults::default(),
            limits: Limits::default(),
            journal: Journal::default(),
            desk: Desk::default(),
            scans: Scans::default(),
            changes: Vec::new(),
            next_seed,
        }
    }

    /// The sandbox an earlier one left behind. Journal, faults and limits start empty.
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

    /// Answers a request to WeChat Pay, to the sandbox's own controls under
    /// `/_sandbox/`, or to the cashier there.
    ///
    /// An absolute address says under which scheme and host the sandbox was reached, which goes
    /// into the addresses it hands out; with an address in origin form, `http` and the `Host`
    /// header are taken for it. Interfaces of v2 that ask for a client certificate find it in the
    /// request's extensions, as [`ClientCertificate`]; under `http` they go without.
    pub fn handle(&mut self, request: Request<Bytes>, now: Timestamp) -> Answer {
        let path = request.uri().path();
        if path == "/_sandbox" || path.starts_with("/_sandbox/") {
            if let Some(page) = cashier::answer(self, &request, now) {
                return Answer::from(page);
            }
            return Answer::from(self.control(&request, now));
        }
        let now = self.clock.now(now);
        self.book.advance(now);
        let (mut parts, body) = request.into_parts();
        let incoming = Incoming {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
            now,
            certificate: parts.extensions.remove(),
        };
        // Their paths tell the generations apart. What nobody knows is answered as v3 does.
        if let Some(interface) = v1::route(&incoming) {
            return self.serve(interface, &incoming);
        }
        match v2::Facts::built_in().route(incoming.uri.path(), incoming.uri.query()) {
            Some(route) => self.serve(route, &incoming),
            None => self.serve(V3, &incoming),
        }
    }

    /// The notifications to be sent now, and other calls of the merchant, each once: ask again after
    /// [`Core::next_due`].
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
        let mut due = self.desk.seal_all(&mut self.book, &mut tools);
        due.append(&mut self.scans.due());
        due
    }

    /// How the sending of a notification went: the merchant's answer, or an error where none came
    /// within five seconds. 2xx ends it, of a notice of v2 only with `return_code` SUCCESS in the
    /// body, of one of v1 only with the body `success`; anything else has it tried again.
    pub fn delivered(&mut self, id: u64, result: Result<&Response<Bytes>, ()>, now: Timestamp) {
        let now = self.clock.now(now);
        if Scans::owns(id) {
            let (book, ids) = (&mut self.book, &mut self.ids);
            self.scans
                .answered(id, result, &self.identity, book, (ids, now));
        } else {
            self.desk.delivered(&mut self.book, id, result, now);
        }
    }

    /// When [`Core::due`] will next have something, in the caller's time.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let times = [self.book.next_due(), self.scans.next_due()];
        let first = times.into_iter().flatten().min();
        first.map(|at| self.clock.real(at))
    }

    fn keep(&mut self, kept: Kept) {
        self.changes.push(Change(kept));
    }
}
