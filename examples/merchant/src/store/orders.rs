//! Orders.

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::error::Doing as _;
use super::{Applied, Error, ErrorKind, Store, Subject, Tx};
use crate::Fen;
use crate::flow::{Conflict, OrderEvent, OrderFacts, OrderState, Step};

/// An order as it is placed. What it costs is worked out by the shop, never by the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The shop's number (商户订单号), never used before.
    pub out_trade_no: String,
    /// What nobody can guess: the address of the order's page.
    pub token: String,
    /// The id of the goods.
    pub goods: String,
    /// How many of them.
    pub quantity: i64,
    /// What they cost.
    pub total: Fen,
    /// When payment ends, in seconds since 1970.
    pub expires_at: i64,
}

/// An order in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// As it was placed.
    pub placed: NewOrder,
    /// When, in seconds since 1970.
    pub created_at: i64,
    /// Where it is.
    pub state: OrderState,
    /// What to make the QR code of, once prepay has been answered.
    pub code_url: Option<String>,
    /// WeChat Pay's number (微信支付订单号), once paid.
    pub transaction_id: Option<String>,
    /// When it was paid, in seconds since 1970.
    pub paid_at: Option<i64>,
    /// What was paid: nothing, or the total.
    pub paid: Fen,
    /// What refunds have given back or hold.
    pub refunded: Fen,
}

/// Whether an order is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is.
    New,
    /// The very same order is in the books.
    Before,
}

impl Order {
    /// What decisions are made from.
    #[must_use]
    pub fn facts(&self) -> OrderFacts {
        OrderFacts {
            state: self.state,
            total: self.placed.total,
            transaction_id: self.transaction_id.clone(),
            expires_at: self.placed.expires_at,
        }
    }
}

impl Store {
    /// Writes an order down, before WeChat Pay hears of it, with its first query.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Taken`] when the number or the token is another order's, and when the
    /// database fails.
    pub async fn place_order(&self, order: &NewOrder, now: i64) -> Result<Placed, Error> {
        const DOING: &str = "place the order";
        let mut tx = self.begin(DOING).await?;
        let insert = sqlx::query(
            "INSERT INTO orders
                 (out_trade_no, token, goods, quantity, total, state, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (out_trade_no) DO NOTHING",
        )
        .bind(&order.out_trade_no)
        .bind(&order.token)
        .bind(&order.goods)
        .bind(order.quantity)
        .bind(order.total.as_fen())
        .bind(OrderState::Placed.as_str())
        .bind(now)
        .bind(order.expires_at);
        if insert.execute(&mut *tx).await.doing(DOING)?.rows_affected() == 0 {
            return match self
                .locked_order(&mut tx, &order.out_trade_no, DOING)
                .await?
            {
                Some(before) if before.placed == *order => Ok(Placed::Before),
                _ => Err(Error::new(ErrorKind::Taken, DOING)),
            };
        }
        let facts = OrderFacts {
            state: OrderState::Placed,
            total: order.total,
            transaction_id: None,
            expires_at: order.expires_at,
        };
        let due = facts.due(0, now).unwrap_or(now);
        let scheduled = Self::schedule(&mut tx, Subject::Order, &order.out_trade_no, due).await;
        scheduled.doing(DOING)?;
        tx.commit().await.doing(DOING)?;
        Ok(Placed::New)
    }

    /// Writes down what prepay answered. A code that came late changes nothing about an order that
    /// is paid or closed.
    pub async fn record_prepay(
        &self,
        out_trade_no: &str,
        code_url: &str,
        now: i64,
    ) -> Result<Applied<OrderState>, Error> {
        const DOING: &str = "write down the prepay answer";
        let code = sqlx::query("UPDATE orders SET code_url = $1 WHERE out_trade_no = $2")
            .bind(code_url)
            .bind(out_trade_no);
        let mut tx = self.begin(DOING).await?;
        code.execute(&mut *tx).await.doing(DOING)?;
        let event = OrderEvent::Prepaid;
        let applied = self
            .order_step(&mut tx, out_trade_no, &event, now, false, DOING)
            .await?;
        tx.commit().await.doing(DOING)?;
        Ok(applied)
    }

    /// Applies what was heard about an order, once, however often it is heard; `notice` is the id
    /// of the stored notice that said it, done with by this.
    pub async fn apply_to_order(
        &self,
        out_trade_no: &str,
        event: &OrderEvent,
        notice: Option<&str>,
        now: i64,
    ) -> Result<Applied<OrderState>, Error> {
        const DOING: &str = "apply what was heard about the order";
        let mut tx = self.begin(DOING).await?;
        let said = notice.is_some();
        let applied = self
            .order_step(&mut tx, out_trade_no, event, now, said, DOING)
            .await?;
        if let Some(id) = notice {
            Self::notice_applied(&mut tx, id, now).await.doing(DOING)?;
        }
        tx.commit().await.doing(DOING)?;
        Ok(applied)
    }

    async fn order_step(
        &self,
        tx: &mut Tx,
        out_trade_no: &str,
        event: &OrderEvent,
        now: i64,
        noticed: bool,
        doing: &'static str,
    ) -> Result<Applied<OrderState>, Error> {
        let Some(order) = self.locked_order(tx, out_trade_no, doing).await? else {
            if noticed {
                let detail = format!("账上没有这个订单：{event:?}");
                let kept = Self::keep_difference(tx, "NO_ORDER", out_trade_no, &detail, now).await;
                kept.doing(doing)?;
            }
            return Ok(Applied::NoSuchNumber);
        };
        let mut facts = order.facts();
        let applied = match facts.step(event) {
            Step::Stay => Applied::Known(order.state),
            Step::To(state) => {
                facts.state = state;
                Applied::Changed(state)
            }
            Step::Conflict(state, Conflict { kind, detail }) => {
                let kept = Self::keep_difference(tx, kind, out_trade_no, &detail, now).await;
                kept.doing(doing)?;
                facts.state = state;
                Applied::Conflict(state)
            }
        };
        if facts.state == order.state {
            return Ok(applied);
        }
        let payment = match event {
            OrderEvent::Paid(payment) if facts.state == OrderState::Paid => Some(payment),
            _ => None,
        };
        let update = sqlx::query(
            "UPDATE orders SET state = $1, transaction_id = $2, paid = $3, paid_at = $4
             WHERE out_trade_no = $5",
        )
        .bind(facts.state.as_str())
        .bind(payment.map(|payment| payment.transaction_id.as_str()))
        .bind(payment.map_or(0, |payment| payment.total.as_fen()))
        .bind(payment.map(|payment| payment.at))
        .bind(out_trade_no);
        update.execute(&mut **tx).await.doing(doing)?;
        let scheduled = match facts.due(0, now) {
            Some(due) => Self::schedule(tx, Subject::Order, out_trade_no, due).await,
            None => Self::unschedule(tx, Subject::Order, out_trade_no).await,
        };
        scheduled.doing(doing)?;
        Ok(applied)
    }

    /// The order of that number.
    pub async fn order(&self, out_trade_no: &str) -> Result<Option<Order>, Error> {
        let query = sqlx::query("SELECT * FROM orders WHERE out_trade_no = $1").bind(out_trade_no);
        let row = query.fetch_optional(&self.pool).await;
        optional(row, "read the order")
    }

    /// The order whose page that is.
    pub async fn order_by_token(&self, token: &str) -> Result<Option<Order>, Error> {
        let query = sqlx::query("SELECT * FROM orders WHERE token = $1").bind(token);
        let row = query.fetch_optional(&self.pool).await;
        optional(row, "read the order")
    }

    /// The latest orders.
    pub async fn orders(&self, limit: i64) -> Result<Vec<Order>, Error> {
        const DOING: &str = "read the orders";
        let query =
            sqlx::query("SELECT * FROM orders ORDER BY created_at DESC, out_trade_no LIMIT $1");
        let rows = query.bind(limit).fetch_all(&self.pool).await.doing(DOING)?;
        rows.iter().map(|row| order(row).doing(DOING)).collect()
    }

    pub(super) async fn locked_order(
        &self,
        tx: &mut Tx,
        out_trade_no: &str,
        doing: &'static str,
    ) -> Result<Option<Order>, Error> {
        let query = sqlx::query(self.sql("SELECT * FROM orders WHERE out_trade_no = $1 {lock}"));
        let row = query.bind(out_trade_no).fetch_optional(&mut **tx).await;
        optional(row, doing)
    }
}

fn optional(
    row: Result<Option<AnyRow>, sqlx::Error>,
    doing: &'static str,
) -> Result<Option<Order>, Error> {
    let row = row.doing(doing)?;
    row.map(|row| order(&row)).transpose().doing(doing)
}

pub(super) fn order(row: &AnyRow) -> Result<Order, sqlx::Error> {
    let state: String = row.try_get("state")?;
    Ok(Order {
        placed: NewOrder {
            out_trade_no: row.try_get("out_trade_no")?,
            token: row.try_get("token")?,
            goods: row.try_get("goods")?,
            quantity: row.try_get("quantity")?,
            total: Fen::new(row.try_get("total")?),
            expires_at: row.try_get("expires_at")?,
        },
        created_at: row.try_get("created_at")?,
        state: OrderState::from_text(&state)
            .ok_or_else(|| sqlx::Error::Decode(format!("no state of an order: {state}").into()))?,
        code_url: row.try_get("code_url")?,
        transaction_id: row.try_get("transaction_id")?,
        paid_at: row.try_get("paid_at")?,
        paid: Fen::new(row.try_get("paid")?),
        refunded: Fen::new(row.try_get("refunded")?),
    })
}
