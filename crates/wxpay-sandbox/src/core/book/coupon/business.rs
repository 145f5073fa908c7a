//! Coupons of merchants (商家券).

use serde_json::{Map, Value, json};

use super::{Address, Coupon, Kind, Stock, Used};
use crate::core::book::notice::{Event, Form};
use crate::core::book::text::beijing;
use crate::core::book::{Book, Context, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

impl Book {
    /// Changes how a stock looks and is used.
    pub(super) fn change_stock(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let mut stock = self.stock(call)?.clone();
        if let (Value::Object(fields), Value::Object(news)) = (&mut stock.fields, &call.body) {
            let news = news.iter().filter(|(name, _)| *name != "out_request_no");
            for (name, value) in news {
                match (fields.get_mut(name), value) {
                    (Some(Value::Object(known)), Value::Object(news)) => known.extend(news.clone()),
                    _ => drop(fields.insert(name.clone(), value.clone())),
                }
            }
        }
        self.store.put_piece(stock);
        Ok(Reply::NoContent)
    }

    /// Changes how many coupons a stock has.
    pub(super) fn change_budget(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let mut stock = self.stock(call)?.clone();
        if call.integer("/target_max_coupons").is_some()
            && call.integer("/target_max_coupons_by_day").is_some()
        {
            let issue = "每次只能修改一个预算";
            return Err(Failure::param_error("/target_max_coupons_by_day", issue));
        }
        for name in ["max_coupons", "max_coupons_by_day"] {
            let Some(target) = call.integer(&format!("/target_{name}")) else {
                continue;
            };
            let current = call.integer(&format!("/current_{name}"));
            let now = stock.rule(name);
            // Repeated, the request names what was there before the first time.
            if current != now && (current.is_none() || now != Some(target)) {
                let issue = "当前值与批次的当前值不一致";
                return Err(Failure::param_error(&format!("/current_{name}"), issue));
            }
            if name == "max_coupons" && target < stock.sent {
                let issue = "目标发放个数不能小于已发放个数";
                return Err(Failure::param_error("/target_max_coupons", issue));
            }
            if let Some(Value::Object(rules)) = stock.fields.get_mut("stock_send_rule") {
                rules.insert(name.to_owned(), json!(target));
            }
        }
        let mut view = Map::new();
        for name in ["max_coupons", "max_coupons_by_day"] {
            if let Some(value) = stock.rule(name) {
                view.insert(name.to_owned(), json!(value));
            }
        }
        self.store.put_piece(stock);
        Ok(Reply::ok(Value::Object(view)))
    }

    pub(super) fn send_business(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let openid = required(call, "/openid")?;
        let known = self.store.pieces::<Coupon>().count();
        let code = optional(&call.body, "/coupon_code");
        let by_merchant = self.stock(call)?.text("coupon_code_mode") == Some("MERCHANT_API");
        if by_merchant && code.is_none() {
            let issue = "批次的券code由商户指定时，coupon_code为必填项";
            return Err(Failure::param_error("/coupon_code", issue));
        }
        let coupon = self.send_coupon(openid, code.filter(|_| by_merchant), context)?;
        if self.store.pieces::<Coupon>().count() > known {
            let plaintext = json!({
                "event_type": "EVENT_TYPE_BUSICOUPON_SEND",
                "coupon_code": coupon.id,
                "stock_id": coupon.stock_id,
                "send_time": beijing(coupon.sent),
                "openid": coupon.openid,
                "send_channel": "BUSICOUPON_SEND_CHANNEL_API",
                "send_merchant": self.parties.mchid,
            });
            self.tell_of_coupon(
                &coupon,
                "COUPON.SEND",
                "用户领取商家券",
                plaintext,
                context.now(),
            );
        }
        Ok(Reply::ok(json!({
            "stock_id": coupon.stock_id,
            "coupon_code": coupon.id,
            "out_request_no": coupon.out_request_no,
        })))
    }

    /// The coupon of a call, of whichever stock if none is named.
    fn business_coupon(&self, call: &Call<'_>) -> Result<&Coupon, Failure> {
        let code = required(call, "/coupon_code")?;
        let found = match optional(&call.body, "/stock_id") {
            Some(stock) => self.store.piece::<Coupon>(&format!("{stock}/{code}")),
            None => self.store.piece_named::<Coupon>(code),
        };
        let found = found.filter(|it| it.kind == Kind::Business);
        found.ok_or_else(|| Failure::resource_not_exists("券不存在"))
    }

    /// Does something to a coupon once, however often the request is repeated; answers when.
    fn once(
        &mut self,
        call: &Call<'_>,
        request: &str,
        time: &str,
        change: impl FnOnce(&mut Coupon, i64) -> Result<(), Failure>,
    ) -> Result<(Coupon, Value), Failure> {
        let now = call.now.as_unix();
        let mut coupon = self.business_coupon(call)?.clone();
        let name = format!("{time}/{}", required(call, request)?);
        let before = coupon.calls.iter().find(|(known, _)| *known == name);
        let at = match before {
            Some((_, at)) => *at,
            None => {
                change(&mut coupon, now)?;
                coupon.calls.push((name, now));
                self.store.put_piece(coupon.clone());
                now
            }
        };
        Ok((coupon, json!({ time: beijing(at) })))
    }

    pub(super) fn use_business(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        if required(call, "/appid")? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        let openid = optional(&call.body, "/openid");
        let (coupon, mut view) = self.once(
            call,
            "/use_request_no",
            "wechatpay_use_time",
            |coupon, now| {
                if openid.is_some_and(|openid| openid != coupon.openid) {
                    return Err(refused("券不属于该用户"));
                }
                if coupon.state(now) != "SENDED" || now < coupon.starts {
                    return Err(refused("券不在可核销状态"));
                }
                coupon.used = Some(Used {
                    at: now,
                    request: required(call, "/use_request_no")?.to_owned(),
                    transaction_id: optional(&call.body, "/transaction_id"),
                });
                Ok(())
            },
        )?;
        view["stock_id"] = coupon.stock_id.into();
        view["openid"] = coupon.openid.into();
        Ok(Reply::ok(view))
    }

    pub(super) fn return_business(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let time = "wechatpay_return_time";
        let (_, view) = self.once(call, "/return_request_no", time, |coupon, _| {
            match coupon.used.take() {
                Some(_) => Ok(()),
                None => Err(refused("仅已核销的券可以退券")),
            }
        })?;
        Ok(Reply::ok(view))
    }

    pub(super) fn deactivate_business(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let time = "wechatpay_deactivate_time";
        let (_, view) = self.once(call, "/deactivate_request_no", time, |coupon, now| {
            if coupon.state(now) != "SENDED" {
                return Err(refused("仅未使用的券可以失效"));
            }
            coupon.deactivated = Some(now);
            Ok(())
        })?;
        Ok(Reply::ok(view))
    }

    pub(super) fn associate_business(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let order = required(call, "/out_trade_no")?;
        let time = "wechatpay_associate_time";
        let (_, view) = self.once(call, "/out_request_no", time, |coupon, now| {
            if coupon.state(now) != "SENDED" {
                return Err(refused("券状态非可用态"));
            }
            if coupon.order.as_deref().is_some_and(|known| known != order) {
                return Err(refused("券已关联其他订单"));
            }
            coupon.order = Some(order.to_owned());
            Ok(())
        })?;
        Ok(Reply::ok(view))
    }

    pub(super) fn disassociate_business(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let order = required(call, "/out_trade_no")?;
        let time = "wechatpay_disassociate_time";
        let (_, view) = self.once(call, "/out_request_no", time, |coupon, _| {
            match coupon.order.take_if(|known| known == order) {
                Some(_) => Ok(()),
                None => Err(refused("券未关联该订单")),
            }
        })?;
        Ok(Reply::ok(view))
    }

    /// Tells the merchant of a coupon, if it wants to know.
    pub(super) fn tell_of_coupon(
        &mut self,
        coupon: &Coupon,
        event_type: &'static str,
        summary: &'static str,
        plaintext: Value,
        at: i64,
    ) {
        let address = self.store.piece::<Address>(coupon.kind.as_str());
        let Some(address) = address.filter(|address| address.on) else {
            return;
        };
        self.announce(Event {
            about: Some(coupon.id.clone()),
            event_type,
            original_type: "coupon",
            summary,
            plaintext,
            form: Form::V3,
            url: address.url.clone(),
            at,
        });
    }

    /// The stocks there are, for those who look.
    pub(super) fn stocks(&self, now: i64) -> Vec<Value> {
        let stocks = self.store.pieces::<Stock>();
        stocks.map(|stock| self.stock_view(stock, now)).collect()
    }
}

fn refused(message: &str) -> Failure {
    Failure::invalid_request(numeric::OTHER, message)
}
