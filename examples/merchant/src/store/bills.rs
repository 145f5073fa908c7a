//! The morning's work: bills (对账单) against the books, and what does not agree.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::error::Doing as _;
use super::{Error, Order, Refund, Store, Subject, Tx, orders, refunds};
use crate::Fen;

/// What a day's bill came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BillTotals {
    /// How many payments.
    pub payments: i64,
    /// What they sum up to.
    pub paid: Fen,
    /// How many refunds.
    pub refunds: i64,
    /// What they sum up to.
    pub refunded: Fen,
}

/// A day's bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The day in Beijing, such as `2026-11-20`.
    pub day: String,
    /// What it came to; nothing before it was read.
    pub totals: BillTotals,
    /// When it was reconciled, in seconds since 1970; `None` while that is to be done.
    pub finished_at: Option<i64>,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is, such as `AMOUNT`.
    pub kind: String,
    /// The number of the order or the refund.
    pub number: String,
    /// What is in the books, and what was said.
    pub detail: String,
}

/// A difference in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDifference {
    /// Its number.
    pub id: i64,
    /// The bill's day; empty for what a notice or an answer said.
    pub day: String,
    /// What does not agree.
    pub difference: Difference,
    /// When it was found, in seconds since 1970.
    pub found_at: i64,
    /// When a person was done with it, in seconds since 1970.
    pub settled_at: Option<i64>,
}

/// What the books have for some time, to be held against a bill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// What was paid in it.
    pub payments: Vec<Order>,
    /// What WeChat Pay took in it.
    pub refunds: Vec<Refund>,
}

impl Store {
    /// Wants the bill of `day` (`2026-11-20`, in Beijing) from `due_at` on; `false` if it was
    /// wanted before, by whatever process.
    pub async fn want_bill(&self, day: &str, due_at: i64) -> Result<bool, Error> {
        const DOING: &str = "want the bill";
        let mut tx = self.begin(DOING).await?;
        let wanted = sqlx::query(
            "INSERT INTO bills (day, state) VALUES ($1, 'PENDING') ON CONFLICT (day) DO NOTHING",
        )
        .bind(day)
        .execute(&mut *tx)
        .await;
        let new = wanted.doing(DOING)?.rows_affected() == 1;
        if new {
            let scheduled = Self::schedule(&mut tx, Subject::Bill, day, due_at).await;
            scheduled.doing(DOING)?;
        }
        tx.commit().await.doing(DOING)?;
        Ok(new)
    }

    /// Writes down how a day's bill was reconciled. Done twice, what is found is there once.
    pub async fn finish_bill(
        &self,
        day: &str,
        totals: &BillTotals,
        differences: &[Difference],
        now: i64,
    ) -> Result<(), Error> {
        const DOING: &str = "write down the reconciliation";
        let mut tx = self.begin(DOING).await?;
        sqlx::query(
            "INSERT INTO bills (day, state, payments, paid, refunds, refunded, finished_at)
             VALUES ($1, 'DONE', $2, $3, $4, $5, $6)
             ON CONFLICT (day) DO UPDATE SET state = excluded.state,
                 payments = excluded.payments, paid = excluded.paid, refunds = excluded.refunds,
                 refunded = excluded.refunded, finished_at = excluded.finished_at",
        )
        .bind(day)
        .bind(totals.payments)
        .bind(totals.paid.as_fen())
        .bind(totals.refunds)
        .bind(totals.refunded.as_fen())
        .bind(now)
        .execute(&mut *tx)
        .await
        .doing(DOING)?;
        for difference in differences {
            Self::insert_difference(&mut tx, day, difference, now)
                .await
                .doing(DOING)?;
        }
        let done = Self::unschedule(&mut tx, Subject::Bill, day).await;
        done.doing(DOING)?;
        tx.commit().await.doing(DOING)
    }

    /// The latest bills.
    pub async fn bills(&self, limit: i64) -> Result<Vec<Bill>, Error> {
        const DOING: &str = "read the bills";
        let query = sqlx::query("SELECT * FROM bills ORDER BY day DESC LIMIT $1").bind(limit);
        let rows = query.fetch_all(&self.pool).await.doing(DOING)?;
        rows.iter().map(|row| bill(row).doing(DOING)).collect()
    }

    /// What was paid, and what refunds WeChat Pay took, from `from` until before `to`, in seconds
    /// since 1970.
    pub async fn books(&self, from: i64, to: i64) -> Result<Books, Error> {
        const DOING: &str = "read the books";
        let paid = sqlx::query(
            "SELECT * FROM orders WHERE paid_at >= $1 AND paid_at < $2 ORDER BY paid_at",
        );
        let paid = paid.bind(from).bind(to).fetch_all(&self.pool).await;
        let taken = sqlx::query(
            "SELECT * FROM refunds WHERE accepted_at >= $1 AND accepted_at < $2
             ORDER BY accepted_at",
        );
        let taken = taken.bind(from).bind(to).fetch_all(&self.pool).await;
        let payments = paid
            .doing(DOING)?
            .iter()
            .map(orders::order)
            .collect::<Result<_, _>>();
        let refunds = taken
            .doing(DOING)?
            .iter()
            .map(refunds::refund)
            .collect::<Result<_, _>>();
        Ok(Books {
            payments: payments.doing(DOING)?,
            refunds: refunds.doing(DOING)?,
        })
    }

    /// The latest differences, those nobody has settled first.
    pub async fn differences(&self, limit: i64) -> Result<Vec<FoundDifference>, Error> {
        const DOING: &str = "read the differences";
        let query = sqlx::query(
            "SELECT * FROM differences
             ORDER BY CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT $1",
        );
        let rows = query.bind(limit).fetch_all(&self.pool).await.doing(DOING)?;
        rows.iter()
            .map(|row| difference(row).doing(DOING))
            .collect()
    }

    /// A person is done with a difference; `false` if there is no such open one.
    pub async fn settle_difference(&self, id: i64, now: i64) -> Result<bool, Error> {
        let settled = sqlx::query(
            "UPDATE differences SET settled_at = $1 WHERE id = $2 AND settled_at IS NULL",
        );
        let settled = settled.bind(now).bind(id).execute(&self.pool).await;
        Ok(settled.doing("settle the difference")?.rows_affected() == 1)
    }

    /// Keeps what a notice or an answer said against the books.
    pub(super) async fn keep_difference(
        tx: &mut Tx,
        kind: &str,
        number: &str,
        detail: &str,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        let difference = Difference {
            kind: kind.to_owned(),
            number: number.to_owned(),
            detail: detail.to_owned(),
        };
        Self::insert_difference(tx, "", &difference, now).await
    }

    async fn insert_difference(
        tx: &mut Tx,
        day: &str,
        difference: &Difference,
        now: i64,
    ) -> Result<(), sqlx::Error> {
        let insert = sqlx::query(
            "INSERT INTO differences (day, kind, number, detail, found_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (day, kind, number, detail) DO NOTHING",
        )
        .bind(day)
        .bind(&difference.kind)
        .bind(&difference.number)
        .bind(&difference.detail)
        .bind(now);
        insert.execute(&mut **tx).await.map(drop)
    }
}

fn bill(row: &AnyRow) -> Result<Bill, sqlx::Error> {
    Ok(Bill {
        day: row.try_get("day")?,
        totals: BillTotals {
            payments: row.try_get("payments")?,
            paid: Fen::new(row.try_get("paid")?),
            refunds: row.try_get("refunds")?,
            refunded: Fen::new(row.try_get("refunded")?),
        },
        finished_at: row.try_get("finished_at")?,
    })
}

fn difference(row: &AnyRow) -> Result<FoundDifference, sqlx::Error> {
    Ok(FoundDifference {
        id: row.try_get("id")?,
        day: row.try_get("day")?,
        difference: Difference {
            kind: row.try_get("kind")?,
            number: row.try_get("number")?,
            detail: row.try_get("detail")?,
        },
        found_at: row.try_get("found_at")?,
        settled_at: row.try_get("settled_at")?,
    })
}
