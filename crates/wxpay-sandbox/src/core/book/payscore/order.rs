//! Services that are opened, confirmed, changed and cancelled.

use serde_json::{Map, Value, json};

use super::view::{Short, compact};
use super::{
    Collect, Completion, Paid, Permission, ServiceOrder, State, UNCONFIRMED, given, is_partner,
    unknown, wrong_state,
};
use crate::core::book::text;
use crate::core::book::{Book, Context, full, required};
use crate::core::call::{Call, Failure, Reply};
use wxpay_json::DateTime;

/// A start time that is known when the user confirms.
const ON_ACCEPT: &str = "OnAccept";

impl Book {
    pub(super) fn open_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let number = required(call, "/out_order_no")?;
        let fingerprint = text::fingerprint("service", &call.body, &[]);
        if let Some(known) = self.store.piece::<ServiceOrder>(number) {
            if known.fingerprint != fingerprint {
                return Err(Failure::reentry("商户服务订单号重复，且参数与原请求不一致"));
            }
            return Ok(self.opened(known));
        }
        self.served_by(call)?;
        let openid = given(call, "openid").or_else(|| given(call, "sub_openid"));
        let confirmed = call.body.get("need_user_confirm") == Some(&Value::Bool(false));
        if confirmed {
            self.granted(call, openid.as_deref())?;
        }
        if !self.store.has_room_for_piece::<ServiceOrder>() {
            return Err(full("服务订单"));
        }
        let mut order = ServiceOrder {
            out_order_no: number.to_owned(),
            order_id: format!("1500{}", context.ids.digits(24)),
            fingerprint,
            partner: is_partner(call),
            fields: call.body.clone(),
            openid,
            package: context.ids.alphanumeric(128),
            state: State::Created,
            created: now,
            completed: None,
            coming: Some(now.saturating_add(UNCONFIRMED)),
        };
        if confirmed {
            order.begin(now);
        }
        let reply = self.opened(&order);
        self.store.put_piece(order);
        Ok(reply)
    }

    /// Whether a user who is not asked has granted the service.
    fn granted(&self, call: &Call<'_>, openid: Option<&str>) -> Result<(), Failure> {
        let missing = || Failure::param_error("/openid", "免确认订单模式下，openid为必填项");
        let openid = openid.ok_or_else(missing)?;
        let name = Permission::name(required(call, "/service_id")?, openid);
        let granted = self.store.piece_named::<Permission>(&name);
        if granted.is_some_and(Permission::is_open) {
            Ok(())
        } else {
            Err(Failure::no_auth("用户未授权该服务"))
        }
    }

    /// Opens a service that is over already, and completes it (创单结单合并).
    pub(super) fn serve_at_once(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let number = required(call, "/out_order_no")?;
        let fingerprint = text::fingerprint("at once", &call.body, &[]);
        if let Some(known) = self.store.piece::<ServiceOrder>(number) {
            if known.fingerprint != fingerprint {
                return Err(Failure::reentry("商户服务订单号重复，且参数与原请求不一致"));
            }
            return Ok(self.answer(known, &Short::AtOnce));
        }
        self.served_by(call)?;
        let openid = given(call, "openid").or_else(|| given(call, "sub_openid"));
        self.granted(call, openid.as_deref())?;
        let total = total(call)?;
        if !self.store.has_room_for_piece::<ServiceOrder>() {
            return Err(full("服务订单"));
        }
        let now = context.now();
        let mut order = ServiceOrder {
            out_order_no: number.to_owned(),
            order_id: format!("1500{}", context.ids.digits(24)),
            fingerprint: fingerprint.clone(),
            partner: is_partner(call),
            fields: call.body.clone(),
            openid,
            package: context.ids.alphanumeric(128),
            state: State::Created,
            created: now,
            completed: None,
            coming: None,
        };
        order.begin(now);
        self.complete(&mut order, total, fingerprint, now);
        let reply = self.answer(&order, &Short::AtOnce);
        self.store.put_piece(order);
        Ok(reply)
    }

    /// The merchant says what it costs.
    fn complete(&self, order: &mut ServiceOrder, total: i64, fingerprint: String, now: i64) {
        order.completed = Some(Completion {
            fingerprint,
            total,
            paid: None,
        });
        if total == 0 {
            order.state = State::Done;
        } else if self.service_settings().collect == Collect::Completed {
            order.coming = Some(self.collection_time(now));
        }
    }

    fn opened(&self, order: &ServiceOrder) -> Reply {
        let mut view = self.service_view(order, &Short::Opened);
        let package = order.package.as_str().into();
        view.insert("package".to_owned(), package);
        Reply::ok(Value::Object(view))
    }

    /// Whether the caller may serve users with this appid and for this sub-merchant.
    pub(super) fn served_by(&self, call: &Call<'_>) -> Result<(), Failure> {
        if given(call, "appid").is_some_and(|appid| appid != self.parties.appid) {
            return Err(Failure::appid_mchid_not_match());
        }
        if is_partner(call) {
            self.sub_merchant(&given(call, "sub_mchid").unwrap_or_default())?;
            self.sub_app(given(call, "sub_appid").as_deref())?;
        }
        Ok(())
    }

    /// The order a call is about.
    pub(super) fn service(&self, call: &Call<'_>) -> Result<&ServiceOrder, Failure> {
        self.served_by(call)?;
        let number = match call.path("out_order_no") {
            "" => call.query("out_order_no"),
            number => Some(number),
        };
        let found = match (number, call.query("query_id")) {
            (None, None) | (Some(_), Some(_)) => {
                let issue = "out_order_no和query_id必须二选一";
                return Err(Failure::param_error_in(
                    "query",
                    "out_order_no",
                    Value::Null,
                    issue,
                ));
            }
            (Some(number), None) => self.store.piece::<ServiceOrder>(number),
            // The sandbox's users come back to the merchant with WeChat Pay's own number.
            (None, Some(id)) => self.store.piece_named::<ServiceOrder>(id),
        };
        let found = found.filter(|order| {
            order.partner == is_partner(call)
                && given(call, "service_id").is_none_or(|it| order.field("service_id") == Some(&it))
                && given(call, "sub_mchid").as_deref() == order.field("sub_mchid")
        });
        found.ok_or_else(|| unknown("服务订单不存在"))
    }

    pub(super) fn query_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let order = self.service(context.call)?;
        Ok(Reply::ok(Value::Object(
            self.service_view(order, &Short::Nothing),
        )))
    }

    pub(super) fn cancel_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let mut order = self.service(call)?.clone();
        match order.state {
            State::Created | State::Doing => {
                order.state = State::Revoked;
                order.coming = None;
                self.store.put_piece(order.clone());
            }
            State::Revoked => {}
            State::Done => return Err(wrong_state("服务订单已完成，不能取消")),
            State::Expired => return Err(wrong_state("服务订单已失效，不能取消")),
        }
        Ok(self.short_answer(&order))
    }

    /// The answer of calls that show nothing but which order it was.
    pub(super) fn short_answer(&self, order: &ServiceOrder) -> Reply {
        if order.partner {
            return Reply::NoContent;
        }
        Reply::ok(json!({
            "appid": self.parties.appid,
            "mchid": self.parties.mchid,
            "out_order_no": order.out_order_no,
            "service_id": order.field("service_id"),
            "order_id": order.order_id,
        }))
    }

    fn answer(&self, order: &ServiceOrder, short: &Short) -> Reply {
        if order.partner {
            return Reply::NoContent;
        }
        Reply::ok(Value::Object(self.service_view(order, short)))
    }

    pub(super) fn complete_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let mut order = self.service(call)?.clone();
        let fingerprint = text::fingerprint("complete", &call.body, &[]);
        if let Some(completion) = &order.completed {
            if completion.fingerprint != fingerprint {
                return Err(wrong_state("服务订单已完结，且参数与原请求不一致"));
            }
            return Ok(self.answer(&order, &Short::Completed));
        }
        if order.state != State::Doing {
            return Err(wrong_state("仅用户已确认的服务订单可以完结"));
        }
        let total = total(call)?;
        order.take_over(call);
        self.complete(&mut order, total, fingerprint, now);
        let reply = self.answer(&order, &Short::Completed);
        self.store.put_piece(order);
        Ok(reply)
    }

    pub(super) fn modify_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let mut order = self.service(call)?.clone();
        if !order.is_owed() {
            return Err(wrong_state("仅待用户支付的服务订单可以修改金额"));
        }
        let total = total(call)?;
        order.take_over(call);
        if let Some(completion) = &mut order.completed {
            completion.total = total;
        }
        if total == 0 {
            order.state = State::Done;
            order.coming = None;
        }
        let reply = self.answer(&order, &Short::Modified);
        self.store.put_piece(order);
        Ok(reply)
    }

    /// The merchant has got the money elsewhere.
    pub(super) fn sync_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let mut order = self.service(call)?.clone();
        if required(call, "/type")? != "Order_Paid" {
            return Err(Failure::param_error("/type", "值不在枚举范围内"));
        }
        let at = call.text("/detail/paid_time").unwrap_or_default();
        let at = DateTime::from_compact(at).map_err(|_| {
            Failure::param_error("/detail/paid_time", "时间格式错误，应为yyyyMMddHHmmss")
        })?;
        let merchants = |paid: &Paid| paid.channel == "MCH";
        let synced = order
            .completed
            .as_ref()
            .and_then(|it| it.paid.as_ref())
            .is_some_and(merchants);
        if !order.is_owed() && !synced {
            return Err(wrong_state("仅待用户支付的服务订单可以同步"));
        }
        if let Some(completion) = order.completed.as_mut().filter(|_| !synced) {
            completion.paid = Some(Paid {
                at: at.as_unix(),
                channel: "MCH".to_owned(),
                transaction_id: None,
            });
            order.state = State::Done;
            order.coming = None;
            self.store.put_piece(order.clone());
        }
        Ok(self.answer(&order, &Short::Nothing))
    }
}

impl ServiceOrder {
    /// The user has agreed, and the service goes on.
    pub(super) fn begin(&mut self, at: i64) {
        self.state = State::Doing;
        self.coming = None;
        if let Some(start) = self.fields.pointer_mut("/time_range/start_time")
            && start == ON_ACCEPT
        {
            *start = compact(at).into();
        }
    }

    /// What a completion or a change says anew.
    fn take_over(&mut self, call: &Call<'_>) {
        let Value::Object(fields) = &mut self.fields else {
            return;
        };
        for name in ["post_payments", "post_discounts"] {
            if let Some(value) = call.body.get(name) {
                fields.insert(name.to_owned(), value.clone());
            }
        }
        for name in ["time_range", "location"] {
            if let Some(Value::Object(news)) = call.body.get(name) {
                let known = fields.entry(name).or_insert_with(|| Map::new().into());
                if let Value::Object(known) = known {
                    known.extend(news.clone());
                }
            }
        }
    }
}

/// What a service costs: what is to be paid without what is taken off.
fn total(call: &Call<'_>) -> Result<i64, Failure> {
    let sum = |name: &str| {
        let items = call.body.get(name).and_then(Value::as_array);
        let amounts = items.into_iter().flatten();
        amounts
            .map(|item| item.get("amount").and_then(Value::as_i64).unwrap_or(0))
            .try_fold(0_i64, i64::checked_add)
    };
    let total = sum("post_payments").zip(sum("post_discounts"));
    let total = total.and_then(|(payments, discounts)| payments.checked_sub(discounts));
    match (total, call.integer("/total_amount")) {
        (Some(total), Some(given)) if total == given && total >= 0 => Ok(total),
        _ => Err(Failure::param_error("/total_amount", "最终总金额计算非法")),
    }
}
