//! Stocks and coupons as queries and notifications show them.

use serde_json::{Map, Value, json};

use super::{Coupon, Kind, Status, Stock};
use crate::core::book::Book;
use crate::core::book::text::beijing;
use crate::core::book::transaction::put;

const DAY: i64 = 24 * 3_600;

/// What is shown of a stock as it was created.
const FAVOR: [&str; 6] = [
    "stock_name",
    "available_begin_time",
    "available_end_time",
    "stock_use_rule",
    "no_cash",
    "stock_type",
];
/// The same of a merchant's stock.
const BUSINESS: [&str; 12] = [
    "stock_name",
    "belong_merchant",
    "comment",
    "goods_name",
    "stock_type",
    "coupon_use_rule",
    "stock_send_rule",
    "custom_entrance",
    "display_pattern_info",
    "coupon_code_mode",
    "notify_config",
    "subsidy",
];
/// What of it is shown with each of its coupons.
const OF_COUPON: [&str; 8] = [
    "stock_name",
    "belong_merchant",
    "comment",
    "goods_name",
    "stock_type",
    "coupon_use_rule",
    "custom_entrance",
    "display_pattern_info",
];

impl Stock {
    pub(super) fn status_word(&self, now: i64) -> &'static str {
        let over = now > self.ends();
        match (self.kind, self.status) {
            // So spelt on the wire.
            (Kind::Favor, _) if over => "stoped",
            (Kind::Favor, Status::Unactivated) => "unactivated",
            (Kind::Favor, Status::Running) => "running",
            (Kind::Favor, Status::Paused) => "paused",
            (Kind::Business, _) if over => "STOPED",
            (Kind::Business, Status::Unactivated) => "UNAUDIT",
            (Kind::Business, Status::Running) => "RUNNING",
            (Kind::Business, Status::Paused) => "PAUSED",
        }
    }

    /// From when until when a coupon that is sent now can be used.
    pub(super) fn span(&self, now: i64) -> (i64, i64) {
        let (mut starts, mut expires) = (
            self.time("available_begin_time").unwrap_or(now),
            self.ends(),
        );
        if self.kind == Kind::Business {
            let days = |name: &str| {
                let pointer = format!("/coupon_use_rule/coupon_available_time/{name}");
                self.fields.pointer(&pointer).and_then(Value::as_i64)
            };
            if let Some(wait) = days("wait_days_after_receive") {
                starts = starts.max(now.saturating_add(wait.saturating_mul(DAY)));
            }
            if let Some(good) = days("available_day_after_receive") {
                expires = expires.min(starts.max(now).saturating_add(good.saturating_mul(DAY)));
            }
        }
        (starts, expires)
    }

    fn copied(&self, names: &[&str]) -> Map<String, Value> {
        let named = names.iter().filter_map(|name| {
            let value = self.fields.get(*name)?;
            Some(((*name).to_owned(), value.clone()))
        });
        named.collect()
    }
}

impl Book {
    pub(super) fn stock_view(&self, stock: &Stock, now: i64) -> Value {
        let mut view = match stock.kind {
            Kind::Favor => stock.copied(&FAVOR),
            Kind::Business => stock.copied(&BUSINESS),
        };
        put(&mut view, "stock_id", Some(&stock.id));
        match stock.kind {
            Kind::Favor => {
                put(&mut view, "stock_creator_mchid", Some(&self.parties.mchid));
                put(&mut view, "status", Some(stock.status_word(now)));
                put(&mut view, "description", stock.text("comment"));
                put(&mut view, "create_time", Some(&beijing(stock.created)));
                put(
                    &mut view,
                    "start_time",
                    stock.started.map(beijing).as_deref(),
                );
                view.insert("singleitem".to_owned(), json!(false));
                view.insert("distributed_coupons".to_owned(), json!(stock.sent));
            }
            Kind::Business => {
                put(&mut view, "stock_state", Some(stock.status_word(now)));
                let sent = json!({
                    "total_send_num": stock.sent,
                    "total_send_amount": stock.spent,
                });
                view.insert("send_count_information".to_owned(), sent);
            }
        }
        Value::Object(view)
    }

    pub(super) fn coupon_view(&self, coupon: &Coupon, now: i64) -> Option<Value> {
        let stock = self.store.piece::<Stock>(&coupon.stock_id)?;
        Some(match coupon.kind {
            Kind::Favor => self.favor_view(coupon, stock, now),
            Kind::Business => business_view(coupon, stock, now),
        })
    }

    fn favor_view(&self, coupon: &Coupon, stock: &Stock, now: i64) -> Value {
        let mut view = Map::new();
        put(&mut view, "stock_creator_mchid", Some(&self.parties.mchid));
        put(&mut view, "stock_id", Some(&stock.id));
        put(&mut view, "coupon_id", Some(&coupon.id));
        put(&mut view, "coupon_name", stock.text("stock_name"));
        put(&mut view, "status", Some(coupon.state(now)));
        put(&mut view, "description", stock.text("comment"));
        put(&mut view, "create_time", Some(&beijing(coupon.sent)));
        put(&mut view, "coupon_type", Some("NORMAL"));
        put(
            &mut view,
            "available_begin_time",
            Some(&beijing(coupon.starts)),
        );
        put(
            &mut view,
            "available_end_time",
            Some(&beijing(coupon.expires)),
        );
        view.insert("singleitem".to_owned(), json!(false));
        view.insert(
            "normal_coupon_information".to_owned(),
            json!({ "coupon_amount": coupon.amount, "transaction_minimum": coupon.minimum }),
        );
        if let Some(used) = &coupon.used {
            let mut consumed = Map::new();
            put(&mut consumed, "consume_time", Some(&beijing(used.at)));
            put(&mut consumed, "consume_mchid", Some(&self.parties.mchid));
            put(
                &mut consumed,
                "transaction_id",
                used.transaction_id.as_deref(),
            );
            view.insert("consume_information".to_owned(), consumed.into());
        }
        Value::Object(view)
    }
}

fn business_view(coupon: &Coupon, stock: &Stock, now: i64) -> Value {
    let mut view = stock.copied(&OF_COUPON);
    for name in ["transferable", "shareable"] {
        if let Some(value) = stock.fields.pointer(&format!("/stock_send_rule/{name}")) {
            view.insert(name.to_owned(), value.clone());
        }
    }
    put(&mut view, "coupon_code", Some(&coupon.id));
    put(&mut view, "coupon_state", Some(coupon.state(now)));
    put(&mut view, "stock_id", Some(&stock.id));
    put(&mut view, "send_request_no", Some(&coupon.out_request_no));
    put(
        &mut view,
        "available_start_time",
        Some(&beijing(coupon.starts)),
    );
    put(&mut view, "expire_time", Some(&beijing(coupon.expires)));
    put(&mut view, "receive_time", Some(&beijing(coupon.sent)));
    if let Some(used) = &coupon.used {
        put(&mut view, "use_request_no", Some(&used.request));
        put(&mut view, "use_time", Some(&beijing(used.at)));
    }
    Value::Object(view)
}
