//! The order book: one state for the orders of all generations and modes, with their payments,
//! refunds, notifications and bills. What arrives here was signed rightly and holds what the
//! catalogue says; the rules of the business are kept here.
//!
//! Where WeChat Pay's documents leave a choice:
//!
//! - `out_trade_no` and `out_refund_no` are unique in the whole sandbox: it has one merchant.
//! - A day without movements has no bill (`NO_STATEMENT_EXIST`), as has every day before nine
//!   o'clock (Beijing time) of the next.
//! - A contract asked for together with an order (下单并签约) is not signed; the order is an order
//!   like any other.
//! - At most 50,000 orders and as many refunds are kept; more are refused.

mod agenda;
mod bill;
mod code_pay;
mod combine;
mod complaint;
mod coupon;
mod fee;
mod media;
mod model;
mod modelled;
mod notice;
mod order;
mod payment;
mod payout;
mod payscore;
mod piece;
mod prepay;
mod refund;
mod security;
mod sharing;
mod store;
mod text;
mod transaction;
mod transfer;
pub(crate) mod v1;
pub(crate) mod v2;
mod view;

#[cfg(test)]
mod tests;

use http::StatusCode;
use serde_json::Value;
use wxpay_sign::{PublicKey, Timestamp};

use super::call::{Call, Failure, Reply, numeric};
use super::random::Ids;
use crate::identity::Identity;

pub(crate) use self::bill::{CutOff, Flaws, Stage, gzip};
pub(crate) use self::model::{RefundScript, Signing};
pub(crate) use self::notice::{Form, Outgoing};
pub(crate) use self::payout::no_payout;
pub(crate) use self::store::Change;
use self::store::{Key, Store};
pub(crate) use self::text::hex;

/// All orders and what hangs on them.
#[derive(Debug)]
pub(crate) struct Book {
    parties: Parties,
    store: Store,
    /// For what happens without a call.
    ids: Ids,
}

/// Who can take part in an order.
#[derive(Clone, Debug)]
struct Parties {
    appid: String,
    mchid: String,
    sub_appid: String,
    sub_mchid: String,
    openid: String,
    /// Seals the keys of encrypted bills.
    merchant_key: PublicKey,
}

/// What a request comes with besides its parameters.
struct Context<'a> {
    call: &'a Call<'a>,
    ids: &'a mut Ids,
}

impl Context<'_> {
    fn now(&self) -> i64 {
        self.call.now.as_unix()
    }
}

impl Book {
    /// An empty book. The seed is for the names of what happens without a call.
    pub(crate) fn new(identity: &Identity, seed: u64) -> Self {
        Self::of(
            Parties {
                appid: identity.appid().to_owned(),
                mchid: identity.mchid().to_owned(),
                sub_appid: identity.sub_appid().to_owned(),
                sub_mchid: identity.sub_mchid().to_owned(),
                openid: identity.openid().to_owned(),
                merchant_key: identity.merchant_certificate().public_key().clone(),
            },
            seed,
        )
    }

    fn of(parties: Parties, seed: u64) -> Self {
        Self {
            parties,
            store: Store::default(),
            ids: Ids::new(seed),
        }
    }

    /// Carries out one operation of the catalogue; none where there is no state behind it.
    pub(crate) fn call(
        &mut self,
        call: &Call<'_>,
        ids: &mut Ids,
    ) -> Result<Option<Reply>, Failure> {
        self.advance(call.now);
        let mut context = Context { call, ids };
        let context = &mut context;
        let reply = match call.operation {
            "combine.query_order_by_id" => self.query_combine_by_id(call),
            "combine.query_order_by_out_trade_no" => self.query_combine(call),
            "combine.close_order" => self.close_combine(call),
            "pay.code_pay" | "partner_pay.code_pay" => self.code_pay(context),
            "pay.reverse_order" | "partner_pay.reverse_order" => self.reverse_order(context),
            "pay.query_order_by_id" | "partner_pay.query_order_by_id" => {
                self.query_order_by_id(call)
            }
            "pay.query_order_by_out_trade_no" | "partner_pay.query_order_by_out_trade_no" => {
                self.query_order(call)
            }
            "pay.close_order" | "partner_pay.close_order" => self.close_order(call),
            "pay.fenfu_exposure" | "partner_pay.fenfu_exposure" => self.fenfu_exposure(call),
            "refund.create_refund" => self.create_refund(context),
            "refund.query_refund" => self.query_refund(call),
            "refund.apply_abnormal_refund" => self.apply_abnormal_refund(call),
            "bill.trade_bill" => self.trade_bill(context),
            "bill.fund_flow_bill" => self.fund_flow_bill(context),
            "bill.sub_merchant_fund_flow_bill" => self.sub_merchant_fund_flow_bill(context),
            "bill.ecommerce_fund_flow_bill" => self.ecommerce_fund_flow_bill(context),
            "bill.download_bill" => self.download_bill(call),
            "security.echo" => self.echo(call),
            "media.upload_image" => media::upload(context, media::IMAGE),
            "media.upload_video" => media::upload(context, media::VIDEO),
            operation => match prepay::kind(operation) {
                Some(("combine", trade_type)) => self.combine_prepay(trade_type, context),
                Some((_, trade_type)) => self.prepay(trade_type, context),
                None => match modelled::find(call.method, call.path_template) {
                    Some(carry_out) => carry_out(self, context),
                    None => return Ok(None),
                },
            },
        };
        reply.map(Some)
    }

    /// Lets everything happen that was due until now: refunds end, passwords are typed, orders
    /// close, links expire.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        let now = now.as_unix();
        while let Some((at, key)) = self.store.take_due(now) {
            match key {
                Key::Order(number) => self.order_wakes(&number, at),
                Key::Refund(number) => self.refund_ends(&number, at),
                Key::Bill(token) => self.store.forget_bill(&token),
                Key::Payout(key) => self.payout_wakes(&key, at),
                Key::Piece(shelf, key) => self.piece_wakes(shelf, &key, at),
                // Combine orders live by their sub-orders, notifications by their own queue.
                Key::Combine(_) | Key::Notice(_) | Key::Script | Key::PayoutScript | Key::V1 => {}
            }
        }
    }

    /// When something happens next: a notification to be sent, a refund's end, an order's end.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.store.next_due().map(Timestamp::from_unix)
    }

    /// The notifications to be sent now. Each is given out once until [`Book::delivered`] has said
    /// how it went.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<Outgoing> {
        self.advance(now);
        self.store.take_notices(now.as_unix())
    }

    /// How the sending of a notification went.
    pub(crate) fn delivered(&mut self, id: &str, taken: bool, now: Timestamp) {
        self.store.notice_attempted(id, taken, now.as_unix());
    }

    /// What became different since the last call.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        self.store.take_changes()
    }

    /// The whole state as changes.
    pub(crate) fn snapshot(&self) -> Vec<Change> {
        self.store.snapshot()
    }

    /// Takes up a change an earlier sandbox left.
    pub(crate) fn apply(&mut self, change: Change) {
        self.store.apply(change);
    }

    /// What becomes of refunds.
    pub(crate) fn refund_script(&self) -> RefundScript {
        self.store.script
    }

    /// Decides what becomes of the refunds to come.
    pub(crate) fn set_refund_script(&mut self, script: RefundScript) {
        self.store.put_script(script);
    }
}

/// A text the catalogue has as required.
fn required<'a>(call: &'a Call<'_>, pointer: &str) -> Result<&'a str, Failure> {
    call.text(pointer)
        .ok_or_else(|| Failure::param_error(pointer, "此字段为必填项"))
}

/// A text of the body that may be missing.
fn optional(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// Text of the body or the query.
fn given(call: &Call<'_>, name: &str) -> Option<String> {
    optional(&call.body, &format!("/{name}")).or_else(|| call.query(name).map(str::to_owned))
}

/// There is no room for more.
fn full(what: &str) -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "RULE_LIMIT",
        numeric::OTHER,
        format!("沙箱最多保存 {} 笔{what}", store::MOST),
    )
}

/// Why a control of the book can do nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unheard {
    /// There is no such thing.
    Unknown,
    /// It is there, and nothing can be done about it any more, or not yet.
    TooLate,
}

/// Whether notifications can be sent to an address a control was given.
fn http_address(url: Option<&str>) -> Result<(), String> {
    let good = url.is_none_or(|url| {
        let address = url.parse::<http::Uri>().ok();
        address.is_some_and(|it| matches!(it.scheme_str(), Some("http" | "https")))
    });
    if good {
        Ok(())
    } else {
        Err("notify_url must be an absolute address with http or https".to_owned())
    }
}
