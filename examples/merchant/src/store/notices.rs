//! Notices (支付通知, 退款通知): stored before they are answered, applied after.

use std::fmt;

use sqlx::Row as _;

use super::error::Doing as _;
use super::{Error, Store, Subject, Tx};
use crate::flow::texts;

texts! {
    /// What a notice is about.
    NoticeKind {
        /// A payment.
        Payment = "PAYMENT",
        /// A refund.
        Refund = "REFUND",
    }
}

/// A notice whose signature was verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// The same for every repetition: v3 has an `id`; before that, a hash of what it says.
    pub id: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// The number of the order or the refund.
    pub number: String,
    /// By v3, what it says, decrypted; before that, as it came, to be opened once more.
    pub body: String,
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Who paid is in it: not for logs.
        f.debug_struct("Notice")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("number", &self.number)
            .field("body", &format_args!("[redacted]"))
            .finish()
    }
}

impl Store {
    /// Stores a notice, due to be applied at once; `false` if it came before. Then it can be
    /// answered: it is not going to be forgotten.
    ///
    /// # Errors
    ///
    /// When the database fails: answer with an error, and WeChat Pay repeats the notice.
    pub async fn store_notice(&self, notice: &Notice, now: i64) -> Result<bool, Error> {
        const DOING: &str = "store the notice";
        let mut tx = self.begin(DOING).await?;
        let stored = sqlx::query(
            "INSERT INTO notices (id, kind, number, body, received_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(&notice.id)
        .bind(notice.kind.as_str())
        .bind(&notice.number)
        .bind(&notice.body)
        .bind(now)
        .execute(&mut *tx)
        .await;
        let new = stored.doing(DOING)?.rows_affected() == 1;
        if new {
            let scheduled = Self::schedule(&mut tx, Subject::Notice, &notice.id, now).await;
            scheduled.doing(DOING)?;
        }
        tx.commit().await.doing(DOING)?;
        Ok(new)
    }

    /// The notice of that id.
    pub async fn notice(&self, id: &str) -> Result<Option<Notice>, Error> {
        const DOING: &str = "read the notice";
        let query = sqlx::query("SELECT * FROM notices WHERE id = $1").bind(id);
        let row = query.fetch_optional(&self.pool).await.doing(DOING)?;
        let notice = row.map(|row| {
            let kind: String = row.try_get("kind")?;
            Ok(Notice {
                id: row.try_get("id")?,
                kind: NoticeKind::from_text(&kind).ok_or_else(|| {
                    sqlx::Error::Decode(format!("no kind of notice: {kind}").into())
                })?,
                number: row.try_get("number")?,
                body: row.try_get("body")?,
            })
        });
        notice.transpose().doing(DOING)
    }

    /// Gives up a notice that cannot be used, such as one that says nothing we read: kept for a
    /// person, not tried again.
    pub async fn set_notice_aside(&self, id: &str, why: &str, now: i64) -> Result<(), Error> {
        const DOING: &str = "set the notice aside";
        let mut tx = self.begin(DOING).await?;
        let kept = Self::keep_difference(&mut tx, "NOTICE", id, why, now).await;
        kept.doing(DOING)?;
        Self::notice_applied(&mut tx, id, now).await.doing(DOING)?;
        tx.commit().await.doing(DOING)
    }

    pub(super) async fn notice_applied(tx: &mut Tx, id: &str, now: i64) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE notices SET applied_at = COALESCE(applied_at, $1) WHERE id = $2")
            .bind(now)
            .bind(id)
            .execute(&mut **tx)
            .await?;
        Self::unschedule(tx, Subject::Notice, id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_paid_is_not_for_logs() {
        let notice = Notice {
            id: "EV-1".to_owned(),
            kind: NoticeKind::Payment,
            number: "T1".to_owned(),
            body: "openid".to_owned(),
        };
        assert_eq!(
            format!("{notice:?}"),
            "Notice { id: \"EV-1\", kind: Payment, number: \"T1\", body: [redacted] }"
        );
    }
}
