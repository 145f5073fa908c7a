//! A customer: orders, pays or does not, wants money back or does not, and remembers what was seen.

use std::time::Duration;

use anyhow::{Result, ensure};
use merchant::Fen;
use merchant::gateway::PACKAGE;
use merchant::settings::Api;
use merchant::shop::PAY_WITHIN;
use serde_json::{Value, json};
use tokio::time::Instant;
use wxpay_bill::DateTime;

use crate::Run;
use crate::browser::{PATIENCE, State};
use crate::plan::{Payer, Plan, Wish};

/// How often a page asks how the order stands.
const LOOK: Duration = Duration::from_millis(250);
/// How long a customer waits to see that it is paid; who sees it later, sees it in the audit.
const PAID_WITHIN: Duration = Duration::from_secs(30);

/// An order, as its customer knows it.
#[derive(Debug)]
pub(crate) struct Purchase {
    pub(crate) plan: Plan,
    /// 商户订单号.
    pub(crate) number: String,
    /// Whether WeChat told the payer that it is paid.
    pub(crate) paid: bool,
    /// Whether its page said `CLOSED`.
    pub(crate) saw_closed: bool,
    /// Whether its page said `PAID`.
    pub(crate) saw_paid: bool,
    /// Refunds the shop took on.
    pub(crate) taken: Vec<Fen>,
    /// Refunds the shop refused.
    pub(crate) refused: Vec<Fen>,
}

/// Carries the plan out.
pub(crate) async fn buy(run: &Run, plan: Plan) -> Result<Purchase> {
    let ordered = run.world.now();
    let mut purchase = order(run, plan).await?;
    match purchase.plan.payer {
        Payer::Never => {
            // Every second one scans the code all the same: in v1 there is no order before.
            if purchase.plan.together {
                purchase.wait_for_code(run).await;
            }
            run.world.wait_until(ordered + PAY_WITHIN).await;
            purchase
                .watch(run, |state| state.state == "CLOSED", PATIENCE)
                .await;
        }
        Payer::AtOnce | Payer::AtSecondTry | Payer::AtTheEnd(_) => {
            if purchase.wait_for_code(run).await {
                purchase.pay(run).await?;
            }
        }
    }
    if purchase.paid {
        purchase
            .watch(run, |state| state.state == "PAID", PAID_WITHIN)
            .await;
    }
    if purchase.saw_paid {
        purchase.refund(run).await;
        let page = format!("/orders/{}", purchase.plan.form);
        run.page(&page, "GET order").await;
    }
    Ok(purchase)
}

/// Sends the form until the shop has taken it.
async fn order(run: &Run, plan: Plan) -> Result<Purchase> {
    run.page("/", "GET goods").await;
    let page = format!("/orders/{}", plan.form);
    let body = |quantity: i64| {
        let (goods, form) = (plan.goods.id, &plan.form);
        format!("goods={goods}&quantity={quantity}&form={form}")
    };
    let form = body(plan.quantity);
    let send = || run.post("/orders", &form, &page);
    let taken = if plan.double_click {
        let (first, second) = tokio::join!(send(), send());
        ensure!(first == second, "a double click was answered differently");
        first
    } else {
        send().await
    };
    ensure!(taken == Some(true), "the order was not taken: {taken:?}");
    if plan.form_again {
        let again = send().await;
        let other = if plan.quantity == 1 {
            2
        } else {
            plan.quantity - 1
        };
        let other = run.post("/orders", &body(other), &page).await;
        if (again, other) != (Some(true), Some(false)) {
            run.findings
                .differs(format!("a form sent again: {again:?}, changed: {other:?}"));
        }
    }
    Ok(Purchase {
        plan,
        number: String::new(),
        paid: false,
        saw_closed: false,
        saw_paid: false,
        taken: Vec::new(),
        refused: Vec::new(),
    })
}

impl Purchase {
    /// Looks at the order now and then until it is as wanted; `None` after so long.
    async fn watch(
        &mut self,
        run: &Run,
        wanted: impl Fn(&State) -> bool,
        patience: Duration,
    ) -> Option<State> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Some(state) = run.state(&self.plan.form).await {
                self.see(run, &state);
                if wanted(&state) {
                    return Some(state);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    /// Remembers what the page says, and what it must never say.
    pub(crate) fn see(&mut self, run: &Run, state: &State) {
        let (number, now) = (&state.out_trade_no, state.state.as_str());
        let differs = |what: &str| run.findings.differs(format!("{number}: {what}"));
        if self.number.is_empty() {
            self.number.clone_from(number);
        } else if self.number != *number {
            differs("the page shows another order than before");
        }
        if state.total != self.plan.total().as_fen() {
            differs("costs something else than the goods");
        }
        if self.saw_paid && now != "PAID" {
            differs("was paid, and is not any more");
        }
        if self.saw_closed && now != "CLOSED" {
            differs("was closed, and is not any more");
        }
        self.saw_paid |= now == "PAID";
        self.saw_closed |= now == "CLOSED";
    }

    /// Waits for the code to pay by; `false` if there is nothing to pay any more.
    async fn wait_for_code(&mut self, run: &Run) -> bool {
        let ready = |state: &State| state.code_url.is_some() || state.state == "CLOSED";
        let state = self.watch(run, ready, PATIENCE).await;
        let Some(state) = state.filter(|state| state.state != "CLOSED") else {
            return false;
        };
        match state.code_url {
            Some(code) if run.arguments.api == Api::V1 => self.scan(run, &code).await,
            code => code.is_some(),
        }
    }

    /// In v1 the code holds the goods, and WeChat asks the shop for the order when it is scanned.
    async fn scan(&mut self, run: &Run, code: &str) -> bool {
        let callback = format!("{}{PACKAGE}", run.shops.url);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && !self.saw_closed {
            let scan = tokio::time::timeout(PATIENCE, run.world.scan(code, &callback)).await;
            if let Ok(Ok(scan)) = scan
                && scan["state"] == "ready"
            {
                return true;
            }
            // The shop is dead at the moment, or the order can be paid no more.
            self.watch(run, |_| true, LOOK).await;
        }
        false
    }

    /// What the payer's phone does.
    async fn pay(&mut self, run: &Run) -> Result<()> {
        let target = format!("/_sandbox/orders/{}", self.number);
        let pay = format!("{target}/pay");
        match self.plan.payer {
            Payer::AtSecondTry => {
                // It may be closed by now: then the second try says so.
                let _ = run.world.post(&pay, json!({ "outcome": "error" })).await;
                tokio::time::sleep(LOOK).await;
            }
            Payer::AtTheEnd(early) => {
                let order: Value = run.world.get(&target).await?;
                let end: DateTime = order["time_expire"].as_str().unwrap_or_default().parse()?;
                run.world.wait_until(end.as_unix() - early).await;
            }
            Payer::AtOnce | Payer::Never => {}
        }
        self.paid = run.world.post(&pay, json!({})).await.is_ok();
        if !self.paid && !matches!(self.plan.payer, Payer::AtTheEnd(_)) {
            // Only time takes the code away from a customer.
            let order: Value = run.world.get(&target).await?;
            let end: DateTime = order["time_expire"].as_str().unwrap_or_default().parse()?;
            if run.world.now() < end.as_unix() {
                run.findings
                    .differs(format!("{} could not be paid in time", self.number));
            }
        }
        Ok(())
    }

    /// Asks for money back.
    async fn refund(&mut self, run: &Run) {
        let wishes = self.plan.refunds.clone();
        let answers = match &wishes[..] {
            [first, second] if self.plan.together => {
                let (first, second) =
                    tokio::join!(self.ask_for(run, first), self.ask_for(run, second));
                vec![first, second]
            }
            wishes => {
                let mut answers = Vec::new();
                for wish in wishes {
                    answers.push(self.ask_for(run, wish).await);
                }
                answers
            }
        };
        for (wish, answer) in wishes.iter().zip(answers) {
            match answer {
                Some(true) => self.taken.push(wish.amount),
                Some(false) => self.refused.push(wish.amount),
                None => {}
            }
        }
    }

    async fn ask_for(&self, run: &Run, wish: &Wish) -> Option<bool> {
        let page = format!("/orders/{}", self.plan.form);
        let path = format!("{page}/refund");
        let body = |fen: i64| {
            let (yuan, cents, form) = (fen / 100, fen % 100, &wish.form);
            format!("amount={yuan}.{cents:02}&reason=%E4%B8%8D%E8%A6%81%E4%BA%86&form={form}")
        };
        let form = body(wish.amount.as_fen());
        let answer = run.post(&path, &form, &page).await;
        if wish.again && answer == Some(true) {
            let again = run.post(&path, &form, &page).await;
            let other = run
                .post(&path, &body(wish.amount.as_fen() + 1), &page)
                .await;
            if (again, other) != (Some(true), Some(false)) {
                run.findings.differs(format!(
                    "{}: a refund asked for again: {again:?}, over another amount: {other:?}",
                    self.number
                ));
            }
        }
        answer
    }
}
