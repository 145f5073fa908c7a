//! Stocks that are created, and coupons that are sent of them.

use serde_json::json;

use super::{Coupon, Kind, Status, Stock, request_name, sent_name};
use crate::core::book::text::{self, beijing};
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

impl Book {
    pub(super) fn create_stock(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let kind = Kind::of(call);
        let number = required(call, "/out_request_no")?;
        let fingerprint = text::fingerprint(kind.as_str(), &call.body, &[]);
        let name = request_name(kind, number);
        if let Some(known) = self.store.piece_named::<Stock>(&name) {
            if known.fingerprint != fingerprint {
                return Err(Failure::reentry("商户单据号重复，且参数与原请求不一致"));
            }
            return Ok(created(known));
        }
        let belongs = required(call, "/belong_merchant")?;
        if belongs != self.parties.mchid && belongs != self.parties.sub_mchid {
            return Err(Failure::no_auth("归属商户号与创建商户号无关系"));
        }
        let stock = Stock {
            id: context.ids.digits(if kind == Kind::Favor { 8 } else { 16 }),
            kind,
            fingerprint,
            out_request_no: number.to_owned(),
            fields: call.body.clone(),
            status: match kind {
                Kind::Favor => Status::Unactivated,
                Kind::Business => Status::Running,
            },
            created: context.now(),
            started: None,
            sent: 0,
            spent: 0,
        };
        let starts = stock.time("available_begin_time");
        if starts
            .zip(stock.time("available_end_time"))
            .is_some_and(|(from, to)| from >= to)
        {
            let at = match kind {
                Kind::Favor => "/available_end_time",
                Kind::Business => "/coupon_use_rule/coupon_available_time/available_end_time",
            };
            return Err(Failure::param_error(at, "结束时间必须晚于开始时间"));
        }
        if !self.store.has_room_for_piece::<Stock>() {
            return Err(full("批次"));
        }
        let reply = created(&stock);
        self.store.put_piece(stock);
        Ok(reply)
    }

    /// The stock a call names, in its path or its body.
    pub(super) fn stock(&self, call: &Call<'_>) -> Result<&Stock, Failure> {
        let id = match call.path("stock_id") {
            "" => call.text("/stock_id").unwrap_or_default(),
            id => id,
        };
        let found = self
            .store
            .piece::<Stock>(id)
            .filter(|it| it.kind == Kind::of(call));
        let stock = found.ok_or_else(|| Failure::resource_not_exists("批次不存在"))?;
        let creator = optional(&call.body, "/stock_creator_mchid")
            .or_else(|| call.query("stock_creator_mchid").map(str::to_owned));
        if creator.is_some_and(|creator| creator != self.parties.mchid) {
            return Err(Failure::no_auth("商户号与批次的创建商户号不一致"));
        }
        Ok(stock)
    }

    /// One more coupon of a stock, if its rules allow it. The same request again is the same coupon.
    pub(super) fn send_coupon(
        &mut self,
        openid: &str,
        code: Option<String>,
        context: &mut Context<'_>,
    ) -> Result<Coupon, Failure> {
        let call = context.call;
        let now = context.now();
        let stock = self.stock(call)?;
        let request = required(call, "/out_request_no")?;
        let parameters = json!([openid, call.body]);
        let fingerprint = text::fingerprint("send", &parameters, &[]);
        if let Some(known) = self
            .store
            .piece_named::<Coupon>(&sent_name(&stock.id, request))
        {
            if known.fingerprint != fingerprint {
                return Err(Failure::reentry("商户单据号重复，且参数与原请求不一致"));
            }
            return Ok(known.clone());
        }
        if required(call, "/appid")? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        if stock.status != Status::Running || now > stock.ends() {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "批次不在可发放状态",
            ));
        }
        let most = stock.rule("max_coupons").unwrap_or(i64::MAX);
        let amount = stock.face_value(call);
        let budget = stock.rule("max_amount").unwrap_or(i64::MAX);
        let limit = |message: &str| {
            let status = http::StatusCode::FORBIDDEN;
            Failure::new(status, "RULE_LIMIT", numeric::OTHER, message)
        };
        if stock.sent >= most || stock.spent.saturating_add(amount) > budget {
            let status = http::StatusCode::FORBIDDEN;
            return Err(Failure::new(
                status,
                "NOT_ENOUGH",
                numeric::OTHER,
                "批次预算不足",
            ));
        }
        let has = |it: &&Coupon| it.stock_id == stock.id && it.openid == openid;
        let count = self.store.pieces::<Coupon>().filter(has).count();
        let each = stock.rule("max_coupons_per_user").unwrap_or(i64::MAX);
        if i64::try_from(count).is_ok_and(|count| count >= each) {
            return Err(limit("用户已达到该批次的领取上限"));
        }
        if !self.store.has_room_for_piece::<Coupon>() {
            return Err(full("券"));
        }
        let id = code.unwrap_or_else(|| context.ids.digits(12));
        if self
            .store
            .piece::<Coupon>(&format!("{}/{id}", stock.id))
            .is_some()
        {
            return Err(Failure::param_error("/coupon_code", "券code已存在"));
        }
        let (starts, expires) = stock.span(now);
        let coupon = Coupon {
            id,
            kind: stock.kind,
            stock_id: stock.id.clone(),
            fingerprint,
            out_request_no: request.to_owned(),
            openid: openid.to_owned(),
            amount,
            minimum: stock.minimum(call),
            sent: now,
            starts,
            expires,
            used: None,
            deactivated: None,
            order: None,
            calls: Vec::new(),
        };
        let mut stock = stock.clone();
        stock.sent += 1;
        stock.spent = stock.spent.saturating_add(amount);
        self.store.put_piece(stock);
        self.store.put_piece(coupon.clone());
        Ok(coupon)
    }
}

fn created(stock: &Stock) -> Reply {
    Reply::ok(json!({ "stock_id": stock.id, "create_time": beijing(stock.created) }))
}
