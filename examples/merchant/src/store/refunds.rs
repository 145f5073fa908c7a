//! Refunds.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::error::Doing as _;
use super::{Applied, Error, ErrorKind, Store, Subject, Tx};
use crate::Fen;
use crate::flow::{Conflict, OrderState, RefundEvent, RefundFacts, RefundState, Step};

/// A refund as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// The shop's number (商户退款单号), the same at every try.
    pub out_refund_no: String,
    /// The order's.
    pub out_trade_no: String,
    /// What is given back.
    pub amount: Fen,
    /// What the payer is told (退款原因).
    pub reason: String,
}

/// A refund in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// As it was asked for.
    pub asked: NewRefund,
    /// When, in seconds since 1970.
    pub created_at: i64,
    /// Where it is.
    pub state: RefundState,
    /// WeChat Pay's number (微信支付退款单号).
    pub refund_id: Option<String>,
    /// When WeChat Pay was first known to have it, in seconds since 1970.
    pub accepted_at: Option<i64>,
    /// When it came to its end, in seconds since 1970.
    pub finished_at: Option<i64>,
}

/// Whether a refund was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is new, its amount is held, and it is due to be sent.
    New,
    /// The very same refund is in the books.
    Before,
    /// The order has no more than this left to give back.
    TooMuch {
        /// What was paid, less what was or is being refunded.
        left: Fen,
    },
    /// There is no such order, or it is not paid.
    NotPaid,
}

impl Refund {
    /// What decisions are made from.
    #[must_use]
    pub fn facts(&self) -> RefundFacts {
        RefundFacts {
            state: self.state,
            amount: self.asked.amount,
            refund_id: self.refund_id.clone(),
        }
    }
}

impl Store {
    /// Writes a refund down and holds its amount, before WeChat Pay hears of it. Refunds under way
    /// count, so that all of them together never come to more than was paid.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Taken`] when the number is another refund's, [`ErrorKind::Forbidden`] for an
    /// amount of nothing or less, and when the database fails.
    pub async fn reserve_refund(&self, refund: &NewRefund, now: i64) -> Result<Reserved, Error> {
        const DOING: &str = "reserve the refund";
        let mut tx = self.begin(DOING).await?;
        // The order's row is the lock for all its refunds.
        let order = self
            .locked_order(&mut tx, &refund.out_trade_no, DOING)
            .await?;
        let before = sqlx::query("SELECT * FROM refunds WHERE out_refund_no = $1")
            .bind(&refund.out_refund_no)
            .fetch_optional(&mut *tx)
            .await
            .and_then(|row| row.map(|row| self::refund(&row)).transpose());
        match before.doing(DOING)? {
            Some(before) if before.asked == *refund => return Ok(Reserved::Before),
            Some(_) => return Err(Error::new(ErrorKind::Taken, DOING)),
            None => {}
        }
        let Some(order) = order.filter(|order| order.state == OrderState::Paid) else {
            return Ok(Reserved::NotPaid);
        };
        let left = order.paid.checked_sub(order.refunded).unwrap_or(Fen::ZERO);
        if refund.amount > left {
            return Ok(Reserved::TooMuch { left });
        }
        sqlx::query(
            "INSERT INTO refunds (out_refund_no, out_trade_no, amount, reason, state, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&refund.out_refund_no)
        .bind(&refund.out_trade_no)
        .bind(refund.amount.as_fen())
        .bind(&refund.reason)
        .bind(RefundState::Reserved.as_str())
        .bind(now)
        .execute(&mut *tx)
        .await
        .doing(DOING)?;
        let scheduled = Self::schedule(&mut tx, Subject::Refund, &refund.out_refund_no, now).await;
        scheduled.doing(DOING)?;
        tx.commit().await.doing(DOING)?;
        Ok(Reserved::New)
    }

    /// Applies what was heard about a refund, once, however often it is heard; `notice` is the id
    /// of the stored notice that said it, done with by this.
    pub async fn apply_to_refund(
        &self,
        out_refund_no: &str,
        event: &RefundEvent,
        notice: Option<&str>,
        now: i64,
    ) -> Result<Applied<RefundState>, Error> {
        const DOING: &str = "apply what was heard about the refund";
        let mut tx = self.begin(DOING).await?;
        let applied = self
            .refund_step(&mut tx, out_refund_no, event, now, DOING)
            .await?;
        if let Some(id) = notice {
            if applied == Applied::NoSuchNumber {
                let detail = format!("账上没有这笔退款：{event:?}");
                let kept = Self::keep_difference(&mut tx, "NO_REFUND", out_refund_no, &detail, now);
                kept.await.doing(DOING)?;
            }
            Self::notice_applied(&mut tx, id, now).await.doing(DOING)?;
        }
        tx.commit().await.doing(DOING)?;
        Ok(applied)
    }

    async fn refund_step(
        &self,
        tx: &mut Tx,
        out_refund_no: &str,
        event: &RefundEvent,
        now: i64,
        doing: &'static str,
    ) -> Result<Applied<RefundState>, Error> {
        let query = sqlx::query(self.sql("SELECT * FROM refunds WHERE out_refund_no = $1 {lock}"));
        let row = query.bind(out_refund_no).fetch_optional(&mut **tx).await;
        let Some(row) = row.doing(doing)? else {
            return Ok(Applied::NoSuchNumber);
        };
        let mut facts = refund(&row).doing(doing)?.facts();
        match facts.step(event) {
            Step::Stay => return Ok(Applied::Known(facts.state)),
            Step::To(state) => facts.state = state,
            Step::Conflict(state, Conflict { kind, detail }) => {
                let kept = Self::keep_difference(tx, kind, out_refund_no, &detail, now).await;
                kept.doing(doing)?;
                return Ok(Applied::Conflict(state));
            }
        }
        let (id, at) = match event {
            RefundEvent::Status(status) => (Some(status.refund_id.as_str()), status.at),
            RefundEvent::Unknown | RefundEvent::Refused => (None, None),
        };
        let at = at.unwrap_or(now);
        let update = sqlx::query(
            "UPDATE refunds SET state = $1, refund_id = COALESCE(refund_id, $2),
                 accepted_at = COALESCE(accepted_at, $3), finished_at = $4
             WHERE out_refund_no = $5",
        )
        .bind(facts.state.as_str())
        .bind(id)
        .bind(id.map(|_| at))
        .bind(facts.state.is_final().then_some(at))
        .bind(out_refund_no);
        update.execute(&mut **tx).await.doing(doing)?;
        let scheduled = match facts.due(0, now) {
            Some(due) => Self::schedule(tx, Subject::Refund, out_refund_no, due).await,
            None => Self::unschedule(tx, Subject::Refund, out_refund_no).await,
        };
        scheduled.doing(doing)?;
        Ok(Applied::Changed(facts.state))
    }

    /// The refund of that number.
    pub async fn refund(&self, out_refund_no: &str) -> Result<Option<Refund>, Error> {
        const DOING: &str = "read the refund";
        let query = sqlx::query("SELECT * FROM refunds WHERE out_refund_no = $1");
        let row = query
            .bind(out_refund_no)
            .fetch_optional(&self.pool)
            .await
            .doing(DOING)?;
        row.map(|row| refund(&row)).transpose().doing(DOING)
    }

    /// The refunds of an order, the oldest first.
    pub async fn refunds_of(&self, out_trade_no: &str) -> Result<Vec<Refund>, Error> {
        const DOING: &str = "read the order's refunds";
        let query = sqlx::query(
            "SELECT * FROM refunds WHERE out_trade_no = $1 ORDER BY created_at, out_refund_no",
        );
        let rows = query
            .bind(out_trade_no)
            .fetch_all(&self.pool)
            .await
            .doing(DOING)?;
        rows.iter().map(|row| refund(row).doing(DOING)).collect()
    }

    /// The latest refunds.
    pub async fn refunds(&self, limit: i64) -> Result<Vec<Refund>, Error> {
        const DOING: &str = "read the refunds";
        let query =
            sqlx::query("SELECT * FROM refunds ORDER BY created_at DESC, out_refund_no LIMIT $1");
        let rows = query.bind(limit).fetch_all(&self.pool).await.doing(DOING)?;
        rows.iter().map(|row| refund(row).doing(DOING)).collect()
    }
}

pub(super) fn refund(row: &AnyRow) -> Result<Refund, sqlx::Error> {
    let state: String = row.try_get("state")?;
    Ok(Refund {
        asked: NewRefund {
            out_refund_no: row.try_get("out_refund_no")?,
            out_trade_no: row.try_get("out_trade_no")?,
            amount: Fen::new(row.try_get("amount")?),
            reason: row.try_get("reason")?,
        },
        created_at: row.try_get("created_at")?,
        state: RefundState::from_text(&state)
            .ok_or_else(|| sqlx::Error::Decode(format!("no state of a refund: {state}").into()))?,
        refund_id: row.try_get("refund_id")?,
        accepted_at: row.try_get("accepted_at")?,
        finished_at: row.try_get("finished_at")?,
    })
}
