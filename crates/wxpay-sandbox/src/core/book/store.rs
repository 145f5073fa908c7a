//! The book's state: entities with their indexes, what has changed, and what is due when.

mod pieces;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::agenda::Agenda;
use super::bill::Ticket;
use super::model::{Combine, Order, Refund, RefundScript};
use super::notice::{Event, Notice, Outgoing};
use super::payout::{Payout, PayoutScript};
use super::piece::{Piece, Shelf};
use super::v1;

/// So many orders are kept, and so many refunds.
pub(super) const MOST: usize = 50_000;

/// A piece of the book's state. A later one about the same thing takes the place of an earlier one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Order(Box<Order>),
    Combine(Box<Combine>),
    Refund(Box<Refund>),
    Notice(Box<Notice>),
    NoticeGone(String),
    Bill(Box<Ticket>),
    BillGone(String),
    Script(RefundScript),
    Payout(Box<Payout>),
    PayoutScript(PayoutScript),
    V1(Box<v1::State>),
    Piece(Piece),
}

/// The name of a piece.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Key {
    Order(String),
    Combine(String),
    Refund(String),
    Notice(String),
    Bill(String),
    Payout(String),
    Piece(Shelf, String),
    Script,
    PayoutScript,
    V1,
}

/// Everything that is kept. Entities are taken out as copies and put back whole, so that indexes,
/// changes and times follow by themselves.
#[derive(Debug, Default)]
pub(super) struct Store {
    orders: BTreeMap<String, Order>,
    combines: BTreeMap<String, Combine>,
    refunds: BTreeMap<String, Refund>,
    notices: BTreeMap<String, Notice>,
    tickets: BTreeMap<String, Ticket>,
    payouts: BTreeMap<String, Payout>,
    pub(super) script: RefundScript,
    pub(super) payout_script: PayoutScript,
    pub(super) v1: v1::State,

    /// What the products beside payment keep, by kind and name.
    pieces: BTreeMap<(Shelf, String), Piece>,
    piece_names: BTreeMap<(Shelf, String), String>,
    piece_counts: BTreeMap<Shelf, usize>,

    by_transaction: BTreeMap<String, String>,
    combine_by_transaction: BTreeMap<String, String>,
    by_refund_id: BTreeMap<String, String>,
    notices_about: BTreeMap<String, BTreeSet<String>>,

    agenda: Agenda,
    /// The notifications waiting, without those that are under way.
    queue: Agenda,
    changed: BTreeSet<Key>,
    /// What may be forgotten and has left as a change, so that its end must leave as well.
    saved: BTreeSet<Key>,
}

impl Store {
    pub(super) fn order(&self, number: &str) -> Option<&Order> {
        self.orders.get(number)
    }

    pub(super) fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    pub(super) fn has_room_for_orders(&self, more: usize) -> bool {
        self.orders.len().saturating_add(more) <= MOST
    }

    pub(super) fn order_by_transaction(&self, id: &str) -> Option<&Order> {
        self.orders.get(self.by_transaction.get(id)?)
    }

    pub(super) fn combine(&self, number: &str) -> Option<&Combine> {
        self.combines.get(number)
    }

    pub(super) fn combine_by_transaction(&self, id: &str) -> Option<&Combine> {
        self.combines.get(self.combine_by_transaction.get(id)?)
    }

    /// The sub-orders of a combine order, in its order.
    pub(super) fn orders_of<'s>(&'s self, combine: &'s Combine) -> impl Iterator<Item = &'s Order> {
        combine
            .orders
            .iter()
            .filter_map(|number| self.orders.get(number))
    }

    pub(super) fn refund(&self, number: &str) -> Option<&Refund> {
        self.refunds.get(number)
    }

    pub(super) fn refund_by_id(&self, id: &str) -> Option<&Refund> {
        self.refunds.get(self.by_refund_id.get(id)?)
    }

    pub(super) fn has_room_for_refunds(&self) -> bool {
        self.refunds.len() < MOST
    }

    /// The refunds of an order, in the order they were asked for.
    pub(super) fn refunds_of<'s>(&'s self, order: &'s Order) -> impl Iterator<Item = &'s Refund> {
        order
            .refunds
            .iter()
            .filter_map(|number| self.refunds.get(number))
    }

    pub(super) fn payout(&self, key: &str) -> Option<&Payout> {
        self.payouts.get(key)
    }

    pub(super) fn payouts(&self) -> usize {
        self.payouts.len()
    }

    pub(super) fn ticket(&self, token: &str) -> Option<&Ticket> {
        self.tickets.get(token)
    }

    pub(super) fn tickets(&self) -> usize {
        self.tickets.len()
    }

    pub(super) fn notice(&self, id: &str) -> Option<&Notice> {
        self.notices.get(id)
    }

    pub(super) fn notices_about<'s>(&'s self, number: &str) -> impl Iterator<Item = &'s Notice> {
        let ids = self.notices_about.get(number).into_iter().flatten();
        ids.filter_map(|id| self.notices.get(id))
    }

    pub(super) fn notices_about_nothing(&self) -> usize {
        self.notices_about.get("").map_or(0, BTreeSet::len)
    }

    pub(super) fn put_order(&mut self, order: Order) {
        self.changed.insert(Key::Order(order.out_trade_no.clone()));
        self.set_order(order);
    }

    pub(super) fn put_combine(&mut self, combine: Combine) {
        self.changed
            .insert(Key::Combine(combine.combine_out_trade_no.clone()));
        self.set_combine(combine);
    }

    pub(super) fn put_refund(&mut self, refund: Refund) {
        self.changed
            .insert(Key::Refund(refund.out_refund_no.clone()));
        self.set_refund(refund);
    }

    pub(super) fn put_ticket(&mut self, ticket: Ticket) {
        self.changed.insert(Key::Bill(ticket.token.clone()));
        self.set_ticket(ticket);
    }

    pub(super) fn put_script(&mut self, script: RefundScript) {
        self.changed.insert(Key::Script);
        self.script = script;
    }

    pub(super) fn put_payout(&mut self, payout: Payout) {
        self.changed.insert(Key::Payout(payout.key.clone()));
        self.set_payout(payout);
    }

    pub(super) fn put_payout_script(&mut self, script: PayoutScript) {
        self.changed.insert(Key::PayoutScript);
        self.payout_script = script;
    }

    pub(super) fn put_v1(&mut self, state: v1::State) {
        self.changed.insert(Key::V1);
        self.v1 = state;
    }

    pub(super) fn forget_bill(&mut self, token: &str) {
        let key = Key::Bill(token.to_owned());
        self.agenda.set(key.clone(), None);
        if self.tickets.remove(token).is_some() {
            self.forgotten(key);
        }
    }

    /// Puts an event into the queue.
    pub(super) fn announce(&mut self, id: String, event: Event) {
        self.put_notice(Notice::new(id, event));
    }

    /// The notifications to be sent now; they are under way until their attempt is taken down.
    pub(super) fn take_notices(&mut self, now: i64) -> Vec<Outgoing> {
        let mut outgoing = Vec::new();
        while let Some((_, key)) = self.queue.take_due(now) {
            if let Key::Notice(id) = key
                && let Some(notice) = self.notices.get(&id)
            {
                outgoing.push(notice.outgoing());
            }
        }
        outgoing
    }

    pub(super) fn notice_attempted(&mut self, id: &str, taken: bool, now: i64) {
        let Some(notice) = self.notices.get(id) else {
            return;
        };
        let mut notice = notice.clone();
        notice.attempted(taken, now);
        // What belongs to no order is not looked at again once it is over.
        if notice.about.is_none() && notice.next.is_none() {
            self.drop_notice(id);
            self.forgotten(Key::Notice(id.to_owned()));
        } else {
            self.put_notice(notice);
        }
    }

    /// The earliest thing on the agenda, if it was due by now.
    pub(super) fn take_due(&mut self, now: i64) -> Option<(i64, Key)> {
        self.agenda.take_due(now)
    }

    pub(super) fn next_due(&self) -> Option<i64> {
        [self.agenda.first(), self.queue.first()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        let changes: Vec<Change> = changed
            .into_iter()
            .filter_map(|key| self.change(key))
            .collect();
        changes
            .iter()
            .for_each(|change| self.remember_saved(change));
        changes
    }

    /// Takes down that a change is where it survives, if it is of a kind that can be forgotten.
    fn remember_saved(&mut self, change: &Change) {
        match change {
            Change::Notice(notice) if notice.about.is_none() => {
                self.saved.insert(Key::Notice(notice.id.clone()));
            }
            Change::Bill(ticket) => {
                self.saved.insert(Key::Bill(ticket.token.clone()));
            }
            _ => {}
        }
    }

    /// Something is kept no longer. What nobody has heard of needs no word of its end, so that a
    /// book whose changes nobody takes does not grow.
    fn forgotten(&mut self, key: Key) {
        if self.saved.remove(&key) {
            self.changed.insert(key);
        } else {
            self.changed.remove(&key);
        }
    }

    fn change(&self, key: Key) -> Option<Change> {
        Some(match key {
            Key::Order(number) => Change::Order(Box::new(self.orders.get(&number)?.clone())),
            Key::Combine(number) => Change::Combine(Box::new(self.combines.get(&number)?.clone())),
            Key::Refund(number) => Change::Refund(Box::new(self.refunds.get(&number)?.clone())),
            Key::Notice(id) => match self.notices.get(&id) {
                Some(notice) => Change::Notice(Box::new(notice.clone())),
                None => Change::NoticeGone(id),
            },
            Key::Bill(token) => match self.tickets.get(&token) {
                Some(ticket) => Change::Bill(Box::new(ticket.clone())),
                None => Change::BillGone(token),
            },
            Key::Payout(key) => Change::Payout(Box::new(self.payouts.get(&key)?.clone())),
            Key::Piece(shelf, key) => Change::Piece(self.pieces.get(&(shelf, key))?.clone()),
            Key::Script => Change::Script(self.script),
            Key::PayoutScript => Change::PayoutScript(self.payout_script.clone()),
            Key::V1 => Change::V1(Box::new(self.v1.clone())),
        })
    }

    pub(super) fn snapshot(&self) -> Vec<Change> {
        let orders = self
            .orders
            .values()
            .cloned()
            .map(|order| Change::Order(Box::new(order)));
        let combines = self
            .combines
            .values()
            .cloned()
            .map(|combine| Change::Combine(Box::new(combine)));
        let refunds = self
            .refunds
            .values()
            .cloned()
            .map(|refund| Change::Refund(Box::new(refund)));
        let notices = self
            .notices
            .values()
            .cloned()
            .map(|notice| Change::Notice(Box::new(notice)));
        let tickets = self
            .tickets
            .values()
            .cloned()
            .map(|ticket| Change::Bill(Box::new(ticket)));
        let payouts = self
            .payouts
            .values()
            .cloned()
            .map(|payout| Change::Payout(Box::new(payout)));
        let pieces = self.pieces.values().cloned().map(Change::Piece);
        let scripts = [
            Change::Script(self.script),
            Change::PayoutScript(self.payout_script.clone()),
        ];
        orders
            .chain(combines)
            .chain(refunds)
            .chain(notices)
            .chain(tickets)
            .chain(payouts)
            .chain(pieces)
            .chain(scripts)
            .chain([Change::V1(Box::new(self.v1.clone()))])
            .collect()
    }

    pub(super) fn apply(&mut self, change: Change) {
        self.remember_saved(&change);
        match change {
            Change::Order(order) => self.set_order(*order),
            Change::Combine(combine) => self.set_combine(*combine),
            Change::Refund(refund) => self.set_refund(*refund),
            Change::Notice(notice) => self.set_notice(*notice),
            Change::NoticeGone(id) => {
                self.drop_notice(&id);
                self.saved.remove(&Key::Notice(id));
            }
            Change::Bill(ticket) => self.set_ticket(*ticket),
            Change::BillGone(token) => {
                self.tickets.remove(&token);
                let key = Key::Bill(token);
                self.agenda.set(key.clone(), None);
                self.saved.remove(&key);
            }
            Change::Payout(payout) => self.set_payout(*payout),
            Change::Script(script) => self.script = script,
            Change::PayoutScript(script) => self.payout_script = script,
            Change::V1(state) => self.v1 = *state,
            Change::Piece(piece) => self.set_piece(piece),
        }
    }

    fn set_order(&mut self, order: Order) {
        let number = order.out_trade_no.clone();
        if let Some(payment) = &order.payment {
            self.by_transaction
                .insert(payment.transaction_id.clone(), number.clone());
        }
        self.agenda.set(Key::Order(number.clone()), order.wakes());
        self.orders.insert(number, order);
    }

    fn set_combine(&mut self, combine: Combine) {
        let number = combine.combine_out_trade_no.clone();
        if let Some(id) = &combine.transaction_id {
            self.combine_by_transaction
                .insert(id.clone(), number.clone());
        }
        self.combines.insert(number, combine);
    }

    fn set_refund(&mut self, refund: Refund) {
        let number = refund.out_refund_no.clone();
        self.by_refund_id
            .insert(refund.refund_id.clone(), number.clone());
        self.agenda
            .set(Key::Refund(number.clone()), refund.coming.map(|(at, _)| at));
        self.refunds.insert(number, refund);
    }

    fn set_payout(&mut self, payout: Payout) {
        let key = Key::Payout(payout.key.clone());
        self.agenda.set(key, payout.coming.map(|(at, _)| at));
        self.payouts.insert(payout.key.clone(), payout);
    }

    fn put_notice(&mut self, notice: Notice) {
        self.changed.insert(Key::Notice(notice.id.clone()));
        self.set_notice(notice);
    }

    fn set_notice(&mut self, notice: Notice) {
        let about = notice.about.clone().unwrap_or_default();
        self.notices_about
            .entry(about)
            .or_default()
            .insert(notice.id.clone());
        self.queue.set(Key::Notice(notice.id.clone()), notice.next);
        self.notices.insert(notice.id.clone(), notice);
    }

    fn drop_notice(&mut self, id: &str) {
        self.queue.set(Key::Notice(id.to_owned()), None);
        if let Some(notice) = self.notices.remove(id)
            && let Some(ids) = self
                .notices_about
                .get_mut(&notice.about.unwrap_or_default())
        {
            ids.remove(id);
        }
    }

    fn set_ticket(&mut self, ticket: Ticket) {
        self.agenda.set(
            Key::Bill(ticket.token.clone()),
            Some(ticket.good_until.saturating_add(1)),
        );
        self.tickets.insert(ticket.token.clone(), ticket);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::notice::Form;
    use super::*;

    fn event() -> Event {
        Event {
            about: None,
            event_type: "SECURITY_ECHO.SUCCESS",
            original_type: "security",
            summary: "",
            plaintext: Value::Null,
            form: Form::V3,
            url: String::new(),
            at: 0,
        }
    }

    #[test]
    fn what_came_and_went_unseen_leaves_nothing_behind() {
        let mut store = Store::default();
        for id in ["a", "b", "c"] {
            store.announce(id.to_owned(), event());
            store.notice_attempted(id, true, 0);
        }
        assert!(store.changed.is_empty() && store.saved.is_empty() && store.snapshot().len() == 3);
    }

    #[test]
    fn what_was_seen_to_come_is_seen_to_go() {
        let mut store = Store::default();
        store.announce("a".to_owned(), event());
        let mut changes = store.take_changes();
        assert!(matches!(changes[0], Change::Notice(_)));
        store.notice_attempted("a", true, 0);
        changes.extend(store.take_changes());
        assert!(matches!(&changes[1], Change::NoticeGone(id) if id == "a"));
        assert!(store.saved.is_empty());
        let mut again = Store::default();
        changes.into_iter().for_each(|change| again.apply(change));
        assert!(again.saved.is_empty());
        assert_eq!(again.snapshot(), store.snapshot());
    }
}
