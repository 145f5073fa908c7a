//! Coupons of WeChat Pay (代金券).

use serde_json::{Value, json};

use super::{Coupon, Kind, Status, Stock};
use crate::core::book::complaint::page;
use crate::core::book::text::beijing;
use crate::core::book::{Book, Context};
use crate::core::call::{Call, Failure, Reply, numeric};

/// So many stocks or coupons a page has at most, and so many unless the request says.
const MOST_LISTED: usize = 100;
const LISTED: usize = 20;

impl Stock {
    /// What one coupon takes off.
    pub(super) fn face_value(&self, call: &Call<'_>) -> i64 {
        let named = call.integer("/coupon_value");
        let fixed = self
            .fields
            .pointer("/coupon_use_rule/fixed_normal_coupon/coupon_amount")
            .or_else(|| {
                let of_business = "/coupon_use_rule/fixed_normal_coupon/discount_amount";
                self.fields.pointer(of_business)
            })
            .and_then(Value::as_i64);
        let share = || {
            let (amount, count) = (self.rule("max_amount")?, self.rule("max_coupons")?);
            amount.checked_div(count)
        };
        named.or(fixed).or_else(share).unwrap_or(0).max(0)
    }

    /// From which price on.
    pub(super) fn minimum(&self, call: &Call<'_>) -> i64 {
        let named = call.integer("/coupon_minimum");
        let rules = ["fixed_normal_coupon", "discount_coupon", "exchange_coupon"].iter();
        let mut fixed = rules.filter_map(|rule| {
            let pointer = format!("/coupon_use_rule/{rule}/transaction_minimum");
            self.fields.pointer(&pointer).and_then(Value::as_i64)
        });
        named.or_else(|| fixed.next()).unwrap_or(0)
    }
}

impl Book {
    pub(super) fn start_stock(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        self.move_stock(context, Status::Unactivated, Status::Running, "start_time")
    }

    pub(super) fn pause_stock(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        self.move_stock(context, Status::Running, Status::Paused, "pause_time")
    }

    pub(super) fn restart_stock(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        self.move_stock(context, Status::Paused, Status::Running, "restart_time")
    }

    fn move_stock(
        &mut self,
        context: &mut Context<'_>,
        from: Status,
        to: Status,
        time: &str,
    ) -> Result<Reply, Failure> {
        let now = context.now();
        let mut stock = self.stock(context.call)?.clone();
        if stock.status != from || now > stock.ends() {
            let message = "批次状态不支持该操作";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        stock.status = to;
        if from == Status::Unactivated {
            stock.started = Some(now);
        }
        let reply = json!({ "stock_id": stock.id, time: beijing(now) });
        self.store.put_piece(stock);
        Ok(Reply::ok(reply))
    }

    pub(super) fn query_stock(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let stock = self.stock(context.call)?;
        Ok(Reply::Partial(
            http::StatusCode::OK,
            self.stock_view(stock, context.now()),
        ))
    }

    pub(super) fn list_stocks(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        if call.query("stock_creator_mchid") != Some(&*self.parties.mchid) {
            return Err(Failure::no_auth("商户号与批次的创建商户号不一致"));
        }
        let (offset, limit) = page(call, LISTED, MOST_LISTED)?;
        let time = |name: &str| {
            let text = call
                .query(name)
                .and_then(|it| it.parse::<wxpay_json::DateTime>().ok());
            text.map(wxpay_json::DateTime::as_unix)
        };
        let (from, to) = (time("create_start_time"), time("create_end_time"));
        let mut found: Vec<&Stock> = self
            .store
            .pieces::<Stock>()
            .filter(|it| {
                it.kind == Kind::Favor
                    && from.is_none_or(|from| from <= it.created)
                    && to.is_none_or(|to| it.created <= to)
                    && call
                        .query("status")
                        .is_none_or(|status| status == it.status_word(now))
            })
            .collect();
        found.sort_by_key(|it| std::cmp::Reverse(it.created));
        let total = found.len();
        // This one counts pages, not stocks.
        let found = found
            .into_iter()
            .skip(offset.saturating_mul(limit))
            .take(limit);
        let data: Vec<Value> = found.map(|it| self.stock_view(it, now)).collect();
        Ok(Reply::Partial(
            http::StatusCode::OK,
            json!({ "total_count": total, "limit": limit, "offset": offset, "data": data }),
        ))
    }

    pub(super) fn send_favor(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let openid = context.call.path("openid").to_owned();
        let coupon = self.send_coupon(&openid, None, context)?;
        Ok(Reply::ok(json!({ "coupon_id": coupon.id })))
    }

    pub(super) fn list_coupons(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let kind = Kind::of(call);
        let (offset, limit) = page(call, LISTED, MOST_LISTED)?;
        let openid = call.path("openid");
        if call.query("appid") != Some(&*self.parties.appid) {
            return Err(Failure::appid_mchid_not_match());
        }
        let states = ["status", "coupon_state"];
        let state = states.iter().find_map(|name| call.query(name));
        let found: Vec<&Coupon> = self
            .store
            .pieces::<Coupon>()
            .filter(|it| {
                it.kind == kind
                    && it.openid == openid
                    && call
                        .query("stock_id")
                        .is_none_or(|stock| stock == it.stock_id)
                    && state.is_none_or(|state| state == it.state(now))
            })
            .collect();
        let total = found.len();
        let data: Vec<Value> = found
            .into_iter()
            .skip(offset)
            .take(limit)
            .filter_map(|it| self.coupon_view(it, now))
            .collect();
        Ok(Reply::Partial(
            http::StatusCode::OK,
            json!({ "total_count": total, "limit": limit, "offset": offset, "data": data }),
        ))
    }

    pub(super) fn query_coupon(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let id = match Kind::of(call) {
            Kind::Favor => call.path("coupon_id"),
            Kind::Business => call.path("coupon_code"),
        };
        let coupon = self
            .store
            .piece_named::<Coupon>(id)
            .filter(|it| it.kind == Kind::of(call) && it.openid == call.path("openid"));
        let view = coupon.and_then(|it| self.coupon_view(it, context.now()));
        let view = view.ok_or_else(|| Failure::resource_not_exists("券不存在"))?;
        Ok(Reply::Partial(http::StatusCode::OK, view))
    }
}
