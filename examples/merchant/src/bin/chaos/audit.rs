//! Shop, sandbox, bill and customers: every order, every refund, every fen.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use merchant::Fen;
use merchant::flow::{OrderState, RefundState};
use merchant::settings::Api;
use merchant::store::{Order, Refund, Store};
use serde::Deserialize;
use serde_json::Value;
use wxpay_bill::{Date, DateTime};

use crate::Run;
use crate::bill::{self, Bill};
use crate::browser::State;
use crate::customer::Purchase;
use crate::plan::Payer;
use crate::report::{Findings, Totals};

/// `GET /_sandbox/orders/{out_trade_no}`.
#[derive(Debug, Deserialize)]
struct Seen {
    trade_state: String,
    transaction_id: Option<String>,
    success_time: Option<DateTime>,
    time_expire: DateTime,
    amount: SeenAmount,
    refunds: Vec<SeenRefund>,
    notifications: Vec<SeenNotice>,
}

#[derive(Debug, Deserialize)]
struct SeenAmount {
    total: Fen,
    refunded: Fen,
}

#[derive(Debug, Deserialize)]
struct SeenRefund {
    out_refund_no: String,
    refund_id: String,
    status: String,
    amount: SeenRefundAmount,
}

#[derive(Debug, Deserialize)]
struct SeenRefundAmount {
    refund: Fen,
}

#[derive(Debug, Deserialize)]
struct SeenNotice {
    id: String,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
struct Attempt {
    /// Whether the shop said that it has it.
    delivered: bool,
}

/// What the shop has.
struct Books {
    orders: BTreeMap<String, Order>,
    /// By the number of their order.
    refunds: BTreeMap<String, Vec<Refund>>,
}

/// Compares everything with everything; what does not agree goes to the findings.
pub(crate) async fn compare(
    run: &Run,
    store: &Store,
    day: Date,
    purchases: &[Purchase],
) -> Result<Totals> {
    let mut totals = Totals::default();
    let books = Books::read(store).await?;
    let mut known = BTreeSet::new();
    for purchase in purchases {
        let page = run.state(&purchase.plan.form).await;
        let number = page.as_ref().map(|page| page.out_trade_no.clone());
        let Some((number, page)) = number.zip(page) else {
            let form = &purchase.plan.form;
            run.findings
                .differs(format!("no page for the order {form}"));
            continue;
        };
        let about = About {
            number: &number,
            findings: &run.findings,
        };
        let Some(order) = books.orders.get(&number) else {
            about.differs("is not in the shop's books");
            continue;
        };
        let refunds = books.refunds.get(&number).map_or(&[][..], Vec::as_slice);
        about.customer(purchase, order, refunds);
        about.page(&page, order, refunds);
        let target = format!("/_sandbox/orders/{number}");
        // Without an order of that number it is an error.
        let seen: Option<Seen> = match run.world.get::<Value>(&target).await {
            Ok(seen) => Some(serde_json::from_value(seen).context("the sandbox's order")?),
            Err(_) => None,
        };
        about.sandbox(seen.as_ref(), order, refunds, run.world.now());
        if run.arguments.api == Api::V3 {
            about.notices(seen.as_ref(), store).await?;
        }
        count(&mut totals, order, refunds, seen.as_ref());
        if !known.insert(number.clone()) {
            about.differs("is on two pages");
        }
    }
    for number in books.orders.keys().filter(|it| !known.contains(*it)) {
        run.findings.differs(format!("{number}: nobody ordered it"));
    }
    totals.orders = books.orders.len();
    // A shop that sells nothing loses nothing either.
    if totals.paid[1].count < purchases.len() as u64 / 2 {
        let paid = totals.paid[1].count;
        run.findings
            .differs(format!("only {paid} of {} could be paid", purchases.len()));
    }
    let bill = if totals.paid[0].count + totals.paid[1].count == 0 {
        Bill::default()
    } else {
        bill::download(&run.world, day).await.context("the bill")?
    };
    books.against(&bill, &mut totals, &run.findings);
    own_reconciliation(store, day, &bill, &run.findings).await?;
    Ok(totals)
}

/// One order.
struct About<'a> {
    number: &'a str,
    findings: &'a Findings,
}

impl About<'_> {
    fn differs(&self, what: impl std::fmt::Display) {
        self.findings.differs(format!("{}: {what}", self.number));
    }

    /// The shop's books against what the customer was told.
    fn customer(&self, purchase: &Purchase, order: &Order, refunds: &[Refund]) {
        if order.placed.total != purchase.plan.total() {
            self.differs(format_args!("costs {} fen", order.placed.total.as_fen()));
        }
        let paid = order.state == OrderState::Paid;
        if purchase.paid != paid {
            let said = if purchase.paid { "paid" } else { "not paid" };
            self.differs(format_args!(
                "its payer was told that it is {said}, in the shop it is {}",
                order.state
            ));
        }
        if paid && purchase.plan.payer == Payer::Never {
            self.differs("nobody paid it");
        }
        if purchase.saw_paid && !paid || purchase.saw_closed && order.state != OrderState::Closed {
            self.differs(format_args!(
                "its page said something else than {}",
                order.state
            ));
        }
        let mut taken = purchase.taken.clone();
        let mut kept: Vec<Fen> = refunds.iter().map(|it| it.asked.amount).collect();
        taken.sort();
        kept.sort();
        if taken != kept {
            self.differs(format_args!(
                "refunds {taken:?} were taken on, {kept:?} are in the books"
            ));
        }
        // Nothing is taken on that WeChat Pay has to refuse for good: it would be too much.
        if refunds.iter().any(|it| it.state == RefundState::Refused) {
            self.differs("WeChat Pay refused a refund that the shop had taken on");
        }
        // Refused is what does not fit beside the others, and nothing else.
        for amount in &purchase.refused {
            if amount.as_fen() + sum(&taken) <= order.paid.as_fen() {
                let fen = amount.as_fen();
                self.differs(format_args!(
                    "a refund of {fen} fen was refused, and would fit"
                ));
            }
        }
    }

    /// The shop's books against the order's page.
    fn page(&self, page: &State, order: &Order, refunds: &[Refund]) {
        let mut shown: Vec<_> = page
            .refunds
            .iter()
            .map(|it| (it.out_refund_no.as_str(), it.amount, it.state.as_str()))
            .collect();
        let mut kept: Vec<_> = refunds
            .iter()
            .map(|it| {
                let (number, amount) = (it.asked.out_refund_no.as_str(), it.asked.amount);
                (number, amount.as_fen(), it.state.as_str())
            })
            .collect();
        shown.sort_unstable();
        kept.sort_unstable();
        let same = page.state == order.state.as_str()
            && page.total == order.placed.total.as_fen()
            && page.paid == order.paid.as_fen()
            && page.refunded == order.refunded.as_fen()
            && shown == kept;
        if !same {
            self.differs(format_args!(
                "its page shows {page:?}, the books have {order:?}"
            ));
        }
    }

    /// The shop's books against the sandbox's.
    fn sandbox(&self, seen: Option<&Seen>, order: &Order, refunds: &[Refund], now: i64) {
        let Some(seen) = seen else {
            // Closed before WeChat Pay had heard of it.
            if order.state != OrderState::Closed {
                self.differs(format_args!(
                    "is {} and unknown to the sandbox",
                    order.state
                ));
            }
            return;
        };
        let paid = matches!(seen.trade_state.as_str(), "SUCCESS" | "REFUND");
        let closed = match seen.trade_state.as_str() {
            "CLOSED" => true,
            // Nobody can pay it any more.
            "NOTPAY" | "PAYERROR" => seen.time_expire.as_unix() < now,
            _ => false,
        };
        let same = match order.state {
            OrderState::Paid => paid,
            OrderState::Closed => closed,
            OrderState::Placed | OrderState::Paying | OrderState::Held => false,
        };
        if !same {
            let theirs = &seen.trade_state;
            self.differs(format_args!(
                "is {} in the shop, {theirs} in the sandbox",
                order.state
            ));
        }
        if seen.amount.total != order.placed.total
            || seen.transaction_id != order.transaction_id
            || seen.success_time.map(DateTime::as_unix) != order.paid_at
        {
            self.differs(format_args!("the sandbox has {seen:?}, the shop {order:?}"));
        }
        self.refunds(seen, order, refunds);
    }

    /// What the shop said it has must be in its books. Before v3 notices have no id.
    async fn notices(&self, seen: Option<&Seen>, store: &Store) -> Result<()> {
        for notice in seen.into_iter().flat_map(|seen| &seen.notifications) {
            let taken = notice.attempts.iter().any(|attempt| attempt.delivered);
            if taken && store.notice(&notice.id).await?.is_none() {
                let id = &notice.id;
                self.differs(format_args!(
                    "notice {id} was answered and is not in the books"
                ));
            }
        }
        Ok(())
    }

    fn refunds(&self, seen: &Seen, order: &Order, refunds: &[Refund]) {
        let theirs: BTreeMap<_, _> = seen
            .refunds
            .iter()
            .map(|it| {
                let outcome = (it.refund_id.as_str(), it.amount.refund, it.status.as_str());
                (it.out_refund_no.as_str(), outcome)
            })
            .collect();
        let ours: BTreeMap<_, _> = refunds
            .iter()
            .filter(|it| it.state != RefundState::Refused)
            .map(|it| {
                let id = it.refund_id.as_deref().unwrap_or_default();
                let outcome = (id, it.asked.amount, it.state.as_str());
                (it.asked.out_refund_no.as_str(), outcome)
            })
            .collect();
        if theirs != ours || theirs.len() != seen.refunds.len() {
            self.differs(format_args!(
                "refunds in the sandbox {:?}, in the shop {ours:?}",
                seen.refunds
            ));
        }
        let back: i64 = refunds
            .iter()
            .filter(|it| it.state == RefundState::Success)
            .map(|it| it.asked.amount.as_fen())
            .sum();
        if back != seen.amount.refunded.as_fen()
            || back != order.refunded.as_fen()
            || back > order.paid.as_fen()
        {
            self.differs(format_args!(
                "refunded are {back} fen; {} in the sandbox, {} on the order, of {}",
                seen.amount.refunded.as_fen(),
                order.refunded.as_fen(),
                order.paid.as_fen()
            ));
        }
    }
}

fn sum(amounts: &[Fen]) -> i64 {
    amounts.iter().map(|amount| amount.as_fen()).sum()
}

fn count(totals: &mut Totals, order: &Order, refunds: &[Refund], seen: Option<&Seen>) {
    if order.state == OrderState::Paid {
        totals.paid[0].add(order.paid);
    }
    totals.closed += usize::from(order.state == OrderState::Closed);
    for refund in refunds {
        match refund.state {
            RefundState::Success => totals.refunded[0].add(refund.asked.amount),
            RefundState::Closed => totals.refunds_closed += 1,
            _ => {}
        }
    }
    let Some(seen) = seen else { return };
    if seen.success_time.is_some() {
        totals.paid[1].add(seen.amount.total);
    }
    for refund in seen.refunds.iter().filter(|it| it.status == "SUCCESS") {
        totals.refunded[1].add(refund.amount.refund);
    }
    for notice in &seen.notifications {
        totals.notices.0 += notice.attempts.len() as u64;
        totals.notices.1 += 1;
    }
}

impl Books {
    async fn read(store: &Store) -> Result<Self> {
        let orders = store.orders(i64::MAX).await?;
        let orders = orders
            .into_iter()
            .map(|order| (order.placed.out_trade_no.clone(), order))
            .collect();
        let mut refunds = BTreeMap::<_, Vec<_>>::new();
        for refund in store.refunds(i64::MAX).await? {
            let of = refund.asked.out_trade_no.clone();
            refunds.entry(of).or_default().push(refund);
        }
        Ok(Self { orders, refunds })
    }

    /// The shop's books against the bill, in both directions.
    fn against(&self, bill: &Bill, totals: &mut Totals, findings: &Findings) {
        for (number, payment) in &bill.payments {
            totals.paid[2].add(payment.total);
            let order = self.orders.get(number);
            let same = order.is_some_and(|order| {
                order.paid == payment.total
                    && order.transaction_id.as_ref() == Some(&payment.transaction_id)
            });
            if !same {
                findings.differs(format!(
                    "{number}: billed {payment:?}, in the shop {order:?}"
                ));
            }
        }
        for (number, refund) in &bill.refunds {
            if !refund.failed {
                totals.refunded[2].add(refund.asked);
            }
            let ours = self.refunds.get(&refund.out_trade_no).into_iter().flatten();
            let ours = ours
                .into_iter()
                .find(|it| it.asked.out_refund_no == *number);
            let state = if refund.failed {
                RefundState::Closed
            } else {
                RefundState::Success
            };
            let same = ours.is_some_and(|ours| {
                ours.asked.amount == refund.asked
                    && ours.refund_id.as_ref() == Some(&refund.refund_id)
                    && ours.state == state
            });
            if !same {
                findings.differs(format!("{number}: billed {refund:?}, in the shop {ours:?}"));
            }
        }
        for (number, order) in &self.orders {
            if order.state == OrderState::Paid && !bill.payments.contains_key(number) {
                findings.differs(format!("{number}: is paid, and not on the bill"));
            }
        }
        for refund in self.refunds.values().flatten() {
            let number = &refund.asked.out_refund_no;
            if refund.state != RefundState::Refused && !bill.refunds.contains_key(number) {
                findings.differs(format!("{number}: is refunded, and not on the bill"));
            }
        }
        for number in &bill.odd {
            findings.differs(format!("{number}: is twice on the bill"));
        }
        for (what, sums) in [("paid", totals.paid), ("refunded", totals.refunded)] {
            if sums[0] != sums[1] || sums[0] != sums[2] {
                findings.differs(format!("{what} by shop, sandbox and bill: {sums:?}"));
            }
        }
    }
}

/// What the shop found by itself: nothing, and the same sums.
async fn own_reconciliation(
    store: &Store,
    day: Date,
    bill: &Bill,
    findings: &Findings,
) -> Result<()> {
    for found in store.differences(i64::MAX).await? {
        findings.differs(format!("the shop found {found:?}"));
    }
    let day = day.to_string();
    let bills = store.bills(i64::MAX).await?;
    let own = bills.iter().find(|bill| bill.day == day);
    let own = own.context("the shop has no bill of the day")?;
    let paid: i64 = bill.payments.values().map(|it| it.total.as_fen()).sum();
    let refunded: i64 = bill.refunds.values().map(|it| it.asked.as_fen()).sum();
    let own = &own.totals;
    let same = own.payments == i64::try_from(bill.payments.len())?
        && own.refunds == i64::try_from(bill.refunds.len())?
        && own.paid.as_fen() == paid
        && own.refunded.as_fen() == refunded;
    if !same {
        findings.differs(format!(
            "the shop read of its bill {own:?}; it has {} payments over {paid} fen and {} refunds \
             over {refunded} fen",
            bill.payments.len(),
            bill.refunds.len()
        ));
    }
    Ok(())
}
