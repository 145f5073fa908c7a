//! Orders paid together (合单支付).

use std::collections::BTreeSet;

use serde_json::Value;
use wxpay_json::Fen;

use super::model::{Code, Combine, Generation, Order, Owner, Payer, Span, TradeType};
use super::{Book, Context, full, optional, prepay, required, text, transaction};
use crate::core::call::{Call, Failure, Reply, numeric};
use crate::core::random::Ids;

/// So many parts may a merchant's own combine order have; one for sub-merchants or for individuals
/// (个人收款) up to 50. Individuals may sell alone.
const MOST_OWN: usize = 10;
const MOST_FOR_OTHERS: usize = 50;

/// A combine order to be placed, its parts in the words of v3.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) number: String,
    pub(super) mchid: String,
    pub(super) trade_type: TradeType,
    pub(super) device_id: Option<String>,
    pub(super) notify_url: Option<String>,
    pub(super) payer: Payer,
    pub(super) fingerprint: String,
    pub(super) span: Span,
    pub(super) parts: &'a [Value],
    pub(super) generation: Generation,
}

impl Book {
    pub(super) fn combine_prepay(
        &mut self,
        trade_type: TradeType,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let number = required(call, "/combine_out_trade_no")?;
        if required(call, "/combine_mchid")? != call.mchid {
            return Err(Failure::param_error(
                "/combine_mchid",
                "商户号与请求签名的商户号不一致",
            ));
        }
        if required(call, "/combine_appid")? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        let payer = Payer {
            openid: optional(&call.body, "/combine_payer_info/openid"),
            sub_openid: optional(&call.body, "/combine_payer_info/sub_openid"),
        };
        if trade_type == TradeType::Jsapi && !payer.is_named() {
            return Err(prepay::openid_missing());
        }
        let draft = Draft {
            number: number.to_owned(),
            mchid: call.mchid.to_owned(),
            trade_type,
            device_id: optional(&call.body, "/scene_info/device_id"),
            notify_url: optional(&call.body, "/notify_url"),
            payer,
            fingerprint: text::fingerprint(
                call.operation,
                &call.body,
                &["time_start", "time_expire"],
            ),
            span: prepay::span(call, context.now()),
            parts: sub_orders(call),
            generation: Generation::V3,
        };
        let code = self.place_combine(draft, context.ids)?;
        Ok(prepay::handed_out(trade_type, call, number, &code))
    }

    /// Places a combine order, or finds it placed, and gives out what it is paid with.
    pub(super) fn place_combine(
        &mut self,
        draft: Draft<'_>,
        ids: &mut Ids,
    ) -> Result<Code, Failure> {
        let now = draft.span.created;
        let mut combine = match self.store.combine(&draft.number) {
            Some(combine) => {
                for order in self.store.orders_of(combine) {
                    prepay::may_continue(order.state, combine.expires, now)?;
                }
                if combine.fingerprint != draft.fingerprint {
                    return Err(prepay::reentry());
                }
                combine.clone()
            }
            None => {
                let combine = Combine {
                    combine_out_trade_no: draft.number,
                    appid: self.parties.appid.clone(),
                    mchid: draft.mchid,
                    transaction_id: None,
                    orders: Vec::new(),
                    device_id: draft.device_id,
                    notify_url: draft.notify_url,
                    trade_type: draft.trade_type,
                    payer: draft.payer,
                    fingerprint: draft.fingerprint,
                    expires: draft.span.expires,
                    codes: Vec::new(),
                    generation: draft.generation,
                };
                self.place_parts(draft.parts, combine, draft.span)?
            }
        };
        let (trade_type, expires) = (combine.trade_type, combine.expires);
        let code = prepay::issue(&mut combine.codes, trade_type, expires, now, ids);
        self.store.put_combine(combine);
        Ok(code)
    }

    /// Places the parts of a combine order: all of them or none.
    fn place_parts(
        &mut self,
        parts: &[Value],
        mut combine: Combine,
        span: Span,
    ) -> Result<Combine, Failure> {
        let any = |name| parts.iter().any(|part| optional(part, name).is_some());
        let individuals = any("/individual_auth_id");
        let least = if individuals { 1 } else { 2 };
        let most = if individuals || any("/sub_mchid") {
            MOST_FOR_OTHERS
        } else {
            MOST_OWN
        };
        if !(least..=most).contains(&parts.len()) {
            let issue = format!("子单数量必须为{least}至{most}");
            return Err(Failure::param_error("/sub_orders", issue));
        }
        if !self.store.has_room_for_orders(parts.len()) {
            return Err(full("订单"));
        }
        let mut orders = Vec::with_capacity(parts.len());
        let mut sum = Fen::ZERO;
        for (index, part) in parts.iter().enumerate() {
            let order = self.part(part, index, &combine, span)?;
            sum = sum
                .checked_add(order.total)
                .ok_or_else(|| Failure::param_error("/sub_orders", "子单金额之和超出范围"))?;
            if self.store.order(&order.out_trade_no).is_some() {
                return Err(Failure::out_trade_no_used());
            }
            if combine.orders.contains(&order.out_trade_no) {
                let at = format!("/sub_orders/{index}/out_trade_no");
                return Err(Failure::param_error(&at, "子单商户订单号重复"));
            }
            combine.orders.push(order.out_trade_no.clone());
            orders.push(order);
        }
        orders
            .into_iter()
            .for_each(|order| self.store.put_order(order));
        Ok(combine)
    }

    fn part(
        &self,
        part: &Value,
        index: usize,
        combine: &Combine,
        span: Span,
    ) -> Result<Order, Failure> {
        let at = |name: &str| format!("/sub_orders/{index}{name}");
        let text = |name: &str| {
            optional(part, name).ok_or_else(|| Failure::param_error(&at(name), "此字段为必填项"))
        };
        let mchid = text("/mchid")?;
        if mchid != self.parties.mchid && mchid != self.parties.sub_mchid {
            return Err(Failure::no_auth("子单商户号与合单发起方无合单权限关系"));
        }
        let sub_mchid = optional(part, "/sub_mchid");
        if let Some(sub_mchid) = &sub_mchid {
            self.sub_merchant(sub_mchid)?;
        }
        let sub_appid = optional(part, "/sub_appid");
        self.sub_app(sub_appid.as_deref())?;
        let total = part.pointer("/amount/total_amount").and_then(Value::as_i64);
        let total = total.filter(|total| *total > 0).ok_or_else(|| {
            Failure::param_error(&at("/amount/total_amount"), "金额必须为大于0的整数")
        })?;
        let owner = Owner {
            appid: Some(combine.appid.clone()),
            mchid,
            sub_appid,
            sub_mchid,
        };
        let order = Order::new(
            text("/out_trade_no")?,
            owner,
            combine.trade_type,
            text("/description")?,
            Fen::new(total),
            combine.fingerprint.clone(),
            span,
        );
        Ok(Order {
            combine: Some(combine.combine_out_trade_no.clone()),
            attach: optional(part, "/attach"),
            device_id: combine.device_id.clone(),
            payer: combine.payer.clone(),
            generation: combine.generation,
            profit_sharing: prepay::shares(part),
            ..order
        })
    }

    pub(super) fn query_combine(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        self.combine_queried(self.store.combine(call.path("combine_out_trade_no")))
    }

    pub(super) fn query_combine_by_id(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        self.combine_queried(
            self.store
                .combine_by_transaction(call.path("combine_transaction_id")),
        )
    }

    fn combine_queried(&self, combine: Option<&Combine>) -> Result<Reply, Failure> {
        let combine = combine.ok_or_else(Failure::order_not_exist)?;
        Ok(Reply::ok(transaction::combine_view(
            combine,
            self.store.orders_of(combine),
        )))
    }

    /// Closes a combine order; the request must name every part of it.
    pub(super) fn close_combine(&mut self, call: &Call<'_>) -> Result<Reply, Failure> {
        let number = call.path("combine_out_trade_no");
        let appid = required(call, "/combine_appid")?;
        self.close_parts(number, appid, sub_orders(call), call.now.as_unix())?;
        Ok(Reply::NoContent)
    }

    /// The same, of parts in the words of v3.
    pub(super) fn close_parts(
        &mut self,
        number: &str,
        appid: &str,
        parts: &[Value],
        now: i64,
    ) -> Result<(), Failure> {
        let combine = self.store.combine(number);
        let combine = combine.ok_or_else(Failure::order_not_exist)?;
        if appid != combine.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        let orders: Vec<Order> = self.store.orders_of(combine).cloned().collect();
        let name = |mchid: &str, number: &str| (mchid.to_owned(), number.to_owned());
        let wanted: BTreeSet<_> = orders
            .iter()
            .map(|order| name(&order.owner.mchid, &order.out_trade_no))
            .collect();
        let given: BTreeSet<_> = parts
            .iter()
            .filter_map(|part| Some((optional(part, "/mchid")?, optional(part, "/out_trade_no")?)))
            .collect();
        if given != wanted || parts.len() != wanted.len() {
            return Err(Failure::param_error(
                "/sub_orders",
                "关单必须传入该合单的全部子单",
            ));
        }
        for part in parts {
            let order = optional(part, "/out_trade_no");
            let order = orders
                .iter()
                .find(|known| Some(&known.out_trade_no) == order.as_ref());
            let given = optional(part, "/sub_mchid");
            // The sub-merchant may be left out, but not be another's.
            if given.is_some() && order.is_some_and(|order| order.owner.sub_mchid != given) {
                return Err(Failure::invalid_request(
                    numeric::SUB_MERCHANT_ORDER_MISMATCH,
                    "子商户号与订单不匹配",
                ));
            }
        }
        if orders.iter().any(|order| order.state.is_paid()) {
            return Err(Failure::order_paid());
        }
        for order in orders {
            self.close(order, now)?;
        }
        Ok(())
    }
}

fn sub_orders<'a>(call: &'a Call<'_>) -> &'a [Value] {
    call.body
        .pointer("/sub_orders")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
