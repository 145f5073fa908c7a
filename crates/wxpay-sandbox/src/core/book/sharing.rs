//! Profit sharing (分账): the money of an order is kept back until it is shared among receivers, and
//! what is left is released (解冻) to the merchant.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012068216>. One state serves merchants and providers
//! (`/v3/profitsharing/`), e-commerce platforms (电商平台) and brands (品牌). Where the documents leave
//! a choice:
//!
//! - A share can be asked for at once after the payment; WeChat Pay wants a minute in between.
//! - Money that is returned (回退) goes to the merchant and can be refunded; it is not shared again.
//! - A refund is paid with what others do not have: not shared, or returned. One of the merchant's
//!   own money (`funds_account` `AVAILABLE`) is paid in any case.
//! - A time that is not known yet and has to be there all the same is 1970-01-01T08:00:00+08:00.

mod control;
mod family;
mod finish;
mod order;
mod receiver;
mod returns;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wxpay_json::Fen;

use self::family::Family;
use super::Book;
use super::model::Order;
use super::modelled::Model;
use super::piece::Entry;

/// What of the operations is carried out here.
pub(super) const MODEL: Model = &[
    (
        "POST",
        "/v3/profitsharing/receivers/add",
        Book::add_receiver,
    ),
    (
        "POST",
        "/v3/profitsharing/receivers/delete",
        Book::delete_receiver,
    ),
    ("POST", "/v3/profitsharing/orders", Book::share),
    ("POST", "/v3/profitsharing/orders/unfreeze", Book::release),
    ("GET", "/v3/profitsharing/orders/{}", Book::query_sharing),
    (
        "POST",
        "/v3/profitsharing/return-orders",
        Book::return_share,
    ),
    (
        "GET",
        "/v3/profitsharing/return-orders/{}",
        Book::query_share_return,
    ),
    (
        "GET",
        "/v3/profitsharing/transactions/{}/amounts",
        Book::query_unshared,
    ),
    (
        "GET",
        "/v3/profitsharing/merchant-configs/{}",
        Book::query_share_ratio,
    ),
    (
        "POST",
        "/v3/ecommerce/profitsharing/receivers/add",
        Book::add_receiver,
    ),
    (
        "POST",
        "/v3/ecommerce/profitsharing/receivers/delete",
        Book::delete_receiver,
    ),
    ("POST", "/v3/ecommerce/profitsharing/orders", Book::share),
    (
        "GET",
        "/v3/ecommerce/profitsharing/orders",
        Book::query_sharing,
    ),
    (
        "POST",
        "/v3/ecommerce/profitsharing/finish-order",
        Book::release,
    ),
    (
        "POST",
        "/v3/ecommerce/profitsharing/returnorders",
        Book::return_share,
    ),
    (
        "GET",
        "/v3/ecommerce/profitsharing/returnorders",
        Book::query_share_return,
    ),
    (
        "GET",
        "/v3/ecommerce/profitsharing/orders/{}/amounts",
        Book::query_unshared,
    ),
    (
        "POST",
        "/v3/brand/profitsharing/receivers/add",
        Book::add_receiver,
    ),
    (
        "POST",
        "/v3/brand/profitsharing/receivers/delete",
        Book::delete_receiver,
    ),
    ("POST", "/v3/brand/profitsharing/orders", Book::share),
    ("GET", "/v3/brand/profitsharing/orders", Book::query_sharing),
    (
        "POST",
        "/v3/brand/profitsharing/finish-order",
        Book::release,
    ),
    (
        "POST",
        "/v3/brand/profitsharing/returnorders",
        Book::return_share,
    ),
    (
        "GET",
        "/v3/brand/profitsharing/returnorders",
        Book::query_share_return,
    ),
    (
        "GET",
        "/v3/brand/profitsharing/orders/{}/amounts",
        Book::query_unshared,
    ),
    (
        "GET",
        "/v3/brand/profitsharing/brand-configs/{}",
        Book::query_share_ratio,
    ),
];

/// So long after the payment, in seconds, the money waits; then it is the merchant's.
const KEPT_BACK: i64 = 30 * 24 * 3_600;
/// So long after the share, in seconds, money can be returned.
const RETURNABLE: i64 = 180 * 24 * 3_600;
/// So many requests one order is shared with.
const MOST_REQUESTS: usize = 50;
/// So many receivers have a part in one request.
const MOST_RECEIVERS: usize = 50;
/// So many times money of one request is returned.
const MOST_RETURNS: usize = 20;

/// How sharing goes: a control for tests.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// After how many seconds of the sandbox's clock a request or a return is carried out.
    pub(super) delay_seconds: u32,
    /// What of an order may be shared, in ten-thousandths.
    pub(super) max_ratio: u32,
    /// Whose parts are closed, by account, and the `fail_reason`.
    pub(super) closed: BTreeMap<String, String>,
    /// The `fail_reason` of returns; none lets them succeed.
    pub(super) return_fail_reason: Option<String>,
    /// Where receivers are told of what they got; the merchant platform has it, no interface does.
    pub(super) notify_url: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delay_seconds: 1,
            max_ratio: 3_000,
            closed: BTreeMap::new(),
            return_fail_reason: None,
            notify_url: None,
        }
    }
}

impl Entry for Settings {
    fn key(&self) -> String {
        String::new()
    }
}

/// Somebody who may get a part (分账接收方).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Receiver {
    /// Whose receiver it is: a sub-merchant's, a brand's, or nobody else's than the caller's.
    pub(super) of: String,
    pub(super) kind: String,
    pub(super) account: String,
    pub(super) name: Option<String>,
    pub(super) relation: String,
    pub(super) custom_relation: Option<String>,
    /// Taken from the list.
    pub(super) deleted: bool,
}

impl Receiver {
    fn key_of(of: &str, kind: &str, account: &str) -> String {
        format!("{of}/{kind}/{account}")
    }
}

impl Entry for Receiver {
    fn key(&self) -> String {
        Self::key_of(&self.of, &self.kind, &self.account)
    }
}

/// The money of an order, as far as sharing goes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Pool {
    pub(super) out_trade_no: String,
    /// The requests, by `out_order_no`.
    pub(super) requests: Vec<String>,
    /// When what was left was released.
    pub(super) released: Option<i64>,
}

impl Entry for Pool {
    fn key(&self) -> String {
        self.out_trade_no.clone()
    }
}

/// A request to share (分账单), or to release what is left.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Sharing {
    pub(super) out_order_no: String,
    pub(super) order_id: String,
    pub(super) out_trade_no: String,
    pub(super) transaction_id: String,
    pub(super) sub_mchid: Option<String>,
    pub(super) brand_mchid: Option<String>,
    pub(super) family: Family,
    pub(super) fingerprint: String,
    pub(super) parts: Vec<Part>,
    pub(super) created: i64,
    /// When it is carried out; nothing once it was.
    pub(super) coming: Option<i64>,
    /// The returns, by `out_return_no`.
    pub(super) returns: Vec<String>,
}

impl Entry for Sharing {
    fn key(&self) -> String {
        self.out_order_no.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.order_id.clone()]
    }

    fn wakes(&self) -> Option<i64> {
        self.coming
    }
}

/// What one receiver gets.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Part {
    pub(super) kind: String,
    pub(super) account: String,
    pub(super) amount: Fen,
    pub(super) description: String,
    pub(super) detail_id: String,
    /// Released to the merchant, not shared.
    pub(super) released: bool,
    pub(super) result: Outcome,
    pub(super) ended: Option<i64>,
}

/// What became of a part (分账结果).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Pending,
    Success,
    /// With the `fail_reason`; the money is back where it was.
    Closed(String),
}

/// Money that a receiver gives back (分账回退).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Return {
    pub(super) out_return_no: String,
    pub(super) return_id: String,
    pub(super) out_order_no: String,
    pub(super) fingerprint: String,
    pub(super) mchid: String,
    pub(super) amount: Fen,
    pub(super) description: String,
    pub(super) created: i64,
    pub(super) coming: Option<i64>,
    pub(super) result: Outcome,
    pub(super) ended: Option<i64>,
}

impl Entry for Return {
    fn key(&self) -> String {
        self.out_return_no.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.return_id.clone()]
    }

    fn wakes(&self) -> Option<i64> {
        self.coming
    }
}

/// What of an order's money others have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    /// Shared, or about to be, in fen.
    shared: i64,
    /// Returned for good.
    returned: i64,
}

impl Book {
    fn share_settings(&self) -> Settings {
        self.store
            .piece::<Settings>("")
            .cloned()
            .unwrap_or_default()
    }

    fn requests_of<'s>(&'s self, pool: &'s Pool) -> impl Iterator<Item = &'s Sharing> {
        let numbers = pool.requests.iter();
        numbers.filter_map(|number| self.store.piece(number))
    }

    fn sums(&self, out_trade_no: &str) -> Sums {
        let mut sums = Sums::default();
        let Some(pool) = self.store.piece::<Pool>(out_trade_no) else {
            return sums;
        };
        for sharing in self.requests_of(pool) {
            for part in &sharing.parts {
                if !part.released && !matches!(part.result, Outcome::Closed(_)) {
                    sums.shared += part.amount.as_fen();
                }
            }
            for number in &sharing.returns {
                if let Some(back) = self.store.piece::<Return>(number)
                    && back.result == Outcome::Success
                {
                    sums.returned += back.amount.as_fen();
                }
            }
        }
        sums
    }

    /// What of an order can be refunded with its own money: what nobody else has.
    pub(super) fn unshared(&self, order: &Order) -> Fen {
        let left = order.left_after(self.store.refunds_of(order));
        let sums = self.sums(&order.out_trade_no);
        Fen::new((left.as_fen() - sums.shared + sums.returned).max(0))
    }

    /// What of an order can still be shared (剩余待分金额).
    fn unsplit(&self, order: &Order, now: i64) -> Fen {
        if !self.is_kept_back(order, now) {
            return Fen::ZERO;
        }
        let left = order.left_after(self.store.refunds_of(order));
        let sums = self.sums(&order.out_trade_no);
        Fen::new((left.as_fen() - sums.shared).max(0))
    }

    /// Whether the money of an order still waits.
    fn is_kept_back(&self, order: &Order, now: i64) -> bool {
        let paid = order.payment.as_ref().map(|payment| payment.at);
        let pool = self.store.piece::<Pool>(&order.out_trade_no);
        order.profit_sharing
            && order.state.is_paid()
            && pool.is_none_or(|pool| pool.released.is_none())
            && paid.is_some_and(|paid| now < paid.saturating_add(KEPT_BACK))
    }
}
