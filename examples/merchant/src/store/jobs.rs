//! What there is to do, and who does it.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::error::Doing as _;
use super::{Error, ErrorKind, Store, Tx};
use crate::flow::texts;

texts! {
    /// What a job is about.
    Subject {
        /// An order that may have been paid, or has to be closed.
        Order = "ORDER",
        /// A refund to be sent or asked about.
        Refund = "REFUND",
        /// A notice that is stored and not yet applied.
        Notice = "NOTICE",
        /// A day whose bill is to be read.
        Bill = "BILL",
    }
}

/// A job that is ours until the lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What it is about.
    pub subject: Subject,
    /// The number of the order or refund, the notice's id, the bill's day.
    pub number: String,
    /// How often it was put off since its subject last moved.
    pub attempts: i64,
    /// How often it was claimed. Who has claimed it and was overtaken has an older one.
    pub claim: i64,
}

impl Store {
    /// Takes up to `limit` jobs that are due at `now`, for `lease` seconds: nobody else gets them
    /// before that, in whatever process. Whoever dies with a job loses it by that time as well.
    pub async fn claim(&self, now: i64, lease: i64, limit: i64) -> Result<Vec<Job>, Error> {
        const DOING: &str = "claim work";
        let mut tx = self.begin(DOING).await?;
        let claim = self.sql(
            "WITH due AS MATERIALIZED (
                 SELECT subject, number FROM jobs WHERE due_at <= $2 AND claimed_until <= $2
                 ORDER BY due_at, number LIMIT $3 {skip})
             UPDATE jobs SET claimed_until = $1, claim = claim + 1
             WHERE (subject, number) IN (SELECT subject, number FROM due)
             RETURNING subject, number, attempts, claim",
        );
        let rows = sqlx::query(claim)
            .bind(now + lease)
            .bind(now)
            .bind(limit)
            .fetch_all(&mut *tx)
            .await
            .doing(DOING)?;
        tx.commit().await.doing(DOING)?;
        rows.iter().map(|row| job(row, DOING)).collect()
    }

    /// Gives a job back that is to be done again at `due_at`; `false` if it is not ours any more.
    /// For what did not move: a new state has set or removed its job already.
    ///
    /// # Errors
    ///
    /// When the database fails; then the lease ends by itself.
    pub async fn postpone(&self, job: &Job, due_at: i64) -> Result<bool, Error> {
        let postponed = sqlx::query(
            "UPDATE jobs SET due_at = $1, attempts = attempts + 1, claimed_until = 0
             WHERE subject = $2 AND number = $3 AND claim = $4",
        )
        .bind(due_at)
        .bind(job.subject.as_str())
        .bind(&job.number)
        .bind(job.claim)
        .execute(&self.pool)
        .await;
        Ok(postponed.doing("postpone work")?.rows_affected() == 1)
    }

    /// When the next job is due that nobody has; for a worker that wants to sleep.
    pub async fn next_due(&self) -> Result<Option<i64>, Error> {
        const DOING: &str = "look for work";
        let row = sqlx::query(
            "SELECT MIN(CASE WHEN claimed_until > due_at THEN claimed_until ELSE due_at END) AS due
             FROM jobs",
        )
        .fetch_one(&self.pool)
        .await;
        row.doing(DOING)?.try_get("due").doing(DOING)
    }

    /// Makes a job due at `due_at`, from its first attempt and for anybody.
    pub(super) async fn schedule(
        tx: &mut Tx,
        subject: Subject,
        number: &str,
        due_at: i64,
    ) -> Result<(), sqlx::Error> {
        let schedule = sqlx::query(
            "INSERT INTO jobs (subject, number, due_at) VALUES ($1, $2, $3)
             ON CONFLICT (subject, number)
             DO UPDATE SET due_at = excluded.due_at, attempts = 0, claimed_until = 0",
        );
        let schedule = schedule.bind(subject.as_str()).bind(number).bind(due_at);
        schedule.execute(&mut **tx).await.map(drop)
    }

    /// There is nothing to do any more.
    pub(super) async fn unschedule(
        tx: &mut Tx,
        subject: Subject,
        number: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM jobs WHERE subject = $1 AND number = $2")
            .bind(subject.as_str())
            .bind(number)
            .execute(&mut **tx)
            .await
            .map(drop)
    }
}

fn job(row: &AnyRow, doing: &'static str) -> Result<Job, Error> {
    let subject: String = row.try_get("subject").doing(doing)?;
    Ok(Job {
        subject: Subject::from_text(&subject)
            .ok_or_else(|| Error::new(ErrorKind::Unreadable, doing))?,
        number: row.try_get("number").doing(doing)?,
        attempts: row.try_get("attempts").doing(doing)?,
        claim: row.try_get("claim").doing(doing)?,
    })
}
