//! Coupons: those of WeChat Pay (代金券) and those of merchants (商家券), created, sent and used.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012460461>. Where the documents leave a choice:
//!
//! - An order is paid in full, whatever coupons its payer has: a coupon of WeChat Pay is used through
//!   a control, one of a merchant through the interface.
//! - A coupon is worth what was asked for when it was sent, or else its part of the stock's budget.
//! - A merchant's stock runs as soon as it is created.

mod business;
mod control;
mod favor;
mod stock;
mod view;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_json::DateTime;

use super::modelled::Model;
use super::piece::Entry;
use super::text::beijing;
use super::{Book, Context, required};
use crate::core::call::{Call, Failure, Reply};

/// What of the operations is carried out here.
pub(super) const MODEL: Model = &[
    (
        "POST",
        "/v3/marketing/favor/coupon-stocks",
        Book::create_stock,
    ),
    ("GET", "/v3/marketing/favor/stocks", Book::list_stocks),
    ("GET", "/v3/marketing/favor/stocks/{}", Book::query_stock),
    (
        "POST",
        "/v3/marketing/favor/stocks/{}/start",
        Book::start_stock,
    ),
    (
        "POST",
        "/v3/marketing/favor/stocks/{}/pause",
        Book::pause_stock,
    ),
    (
        "POST",
        "/v3/marketing/favor/stocks/{}/restart",
        Book::restart_stock,
    ),
    (
        "POST",
        "/v3/marketing/favor/users/{}/coupons",
        Book::send_favor,
    ),
    (
        "GET",
        "/v3/marketing/favor/users/{}/coupons",
        Book::list_coupons,
    ),
    (
        "GET",
        "/v3/marketing/favor/users/{}/coupons/{}",
        Book::query_coupon,
    ),
    (
        "POST",
        "/v3/marketing/favor/callbacks",
        Book::set_coupon_address,
    ),
    (
        "GET",
        "/v3/marketing/favor/callbacks",
        Book::query_coupon_address,
    ),
    ("POST", "/v3/marketing/busifavor/stocks", Book::create_stock),
    (
        "GET",
        "/v3/marketing/busifavor/stocks/{}",
        Book::query_stock,
    ),
    (
        "PATCH",
        "/v3/marketing/busifavor/stocks/{}",
        Book::change_stock,
    ),
    (
        "PATCH",
        "/v3/marketing/busifavor/stocks/{}/budget",
        Book::change_budget,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/coupons/send",
        Book::send_business,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/coupons/use",
        Book::use_business,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/coupons/return",
        Book::return_business,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/coupons/deactivate",
        Book::deactivate_business,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/coupons/associate",
        Book::associate_business,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/coupons/disassociate",
        Book::disassociate_business,
    ),
    (
        "GET",
        "/v3/marketing/busifavor/users/{}/coupons",
        Book::list_coupons,
    ),
    (
        "GET",
        "/v3/marketing/busifavor/users/{}/coupons/{}/appids/{}",
        Book::query_coupon,
    ),
    (
        "POST",
        "/v3/marketing/busifavor/callbacks",
        Book::set_coupon_address,
    ),
    (
        "GET",
        "/v3/marketing/busifavor/callbacks",
        Book::query_coupon_address,
    ),
];

/// Whose coupons.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// 代金券.
    Favor,
    /// 商家券.
    Business,
}

impl Kind {
    fn of(call: &Call<'_>) -> Self {
        if call.path_template.starts_with("/v3/marketing/favor/") {
            Self::Favor
        } else {
            Self::Business
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Favor => "favor",
            Self::Business => "business",
        }
    }
}

/// Where the merchant is told of coupons.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Address {
    kind: Kind,
    url: String,
    /// Whether it is told at all.
    on: bool,
}

impl Entry for Address {
    fn key(&self) -> String {
        self.kind.as_str().to_owned()
    }
}

/// Where a stock stands, as long as its time has not come to an end.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Unactivated,
    Running,
    Paused,
}

/// Coupons that can be sent (批次).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Stock {
    id: String,
    kind: Kind,
    fingerprint: String,
    out_request_no: String,
    /// What it was created with, with the changes that were made.
    fields: Value,
    status: Status,
    created: i64,
    started: Option<i64>,
    /// How many were sent.
    sent: i64,
    /// What they are worth together, in fen.
    spent: i64,
}

impl Entry for Stock {
    fn key(&self) -> String {
        self.id.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![request_name(self.kind, &self.out_request_no)]
    }
}

fn request_name(kind: Kind, number: &str) -> String {
    format!("{}/{number}", kind.as_str())
}

impl Stock {
    /// A time of the request.
    fn time(&self, name: &str) -> Option<i64> {
        let pointer = match self.kind {
            Kind::Favor => format!("/{name}"),
            Kind::Business => format!("/coupon_use_rule/coupon_available_time/{name}"),
        };
        let text = self.fields.pointer(&pointer).and_then(Value::as_str)?;
        text.parse::<DateTime>().ok().map(DateTime::as_unix)
    }

    /// When its coupons are over, at the latest.
    fn ends(&self) -> i64 {
        self.time("available_end_time").unwrap_or(i64::MAX)
    }

    /// A number of the rules of sending.
    fn rule(&self, name: &str) -> Option<i64> {
        let rules = match self.kind {
            Kind::Favor => "stock_use_rule",
            Kind::Business => "stock_send_rule",
        };
        self.fields.get(rules)?.get(name)?.as_i64()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

/// A coupon somebody has.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Coupon {
    /// `coupon_id` or `coupon_code`.
    id: String,
    kind: Kind,
    stock_id: String,
    fingerprint: String,
    out_request_no: String,
    openid: String,
    /// What it is worth, in fen, and from which price on.
    amount: i64,
    minimum: i64,
    sent: i64,
    starts: i64,
    expires: i64,
    used: Option<Used>,
    deactivated: Option<i64>,
    /// The order it belongs to, by `out_trade_no`.
    order: Option<String>,
    /// What a repeated call is known by, and when the first was carried out.
    calls: Vec<(String, i64)>,
}

/// How a coupon was used.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Used {
    at: i64,
    request: String,
    transaction_id: Option<String>,
}

impl Entry for Coupon {
    fn key(&self) -> String {
        format!("{}/{}", self.stock_id, self.id)
    }

    fn names(&self) -> Vec<String> {
        let request = sent_name(&self.stock_id, &self.out_request_no);
        vec![self.id.clone(), request]
    }
}

fn sent_name(stock: &str, request: &str) -> String {
    format!("{stock}/sent/{request}")
}

impl Coupon {
    fn state(&self, now: i64) -> &'static str {
        if self.used.is_some() {
            "USED"
        } else if self.deactivated.is_some() {
            "DEACTIVATED"
        } else if now > self.expires {
            "EXPIRED"
        } else {
            "SENDED"
        }
    }
}

impl Book {
    pub(super) fn set_coupon_address(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let url = required(call, "/notify_url")?.to_owned();
        let on = call.body.get("switch") != Some(&Value::Bool(false));
        let kind = Kind::of(call);
        let mut view = json!({ "update_time": beijing(context.now()), "notify_url": url });
        if kind == Kind::Business {
            view["mchid"] = self.parties.mchid.clone().into();
        }
        self.store.put_piece(Address { kind, url, on });
        Ok(Reply::ok(view))
    }

    pub(super) fn query_coupon_address(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let address = self.store.piece::<Address>(Kind::of(context.call).as_str());
        let address = address.ok_or_else(|| Failure::resource_not_exists("未设置通知地址"))?;
        Ok(Reply::ok(
            json!({ "mchid": self.parties.mchid, "notify_url": address.url }),
        ))
    }
}
