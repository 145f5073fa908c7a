//! Refunds (退款): <https://pay.weixin.qq.com/doc/v3/merchant/4013070371>.

mod history;

use serde_json::{Map, Value, json};
use wxpay_json::Fen;

use super::model::{Generation, Order, Refund, RefundStatus, TradeState};
use super::notice::{Event, Form};
use super::order::of_sub_merchant;
use super::text::beijing;
use super::transaction::put;
use super::{Book, Context, full, optional, prepay, required, v2};
use crate::core::call::{Call, Failure, Reply, numeric};
use crate::core::random::Ids;

/// So many parts an order may be refunded in.
const MOST_PARTS: usize = 50;
/// So long after the payment, in seconds.
const LATEST: i64 = 365 * 24 * 3_600;

/// Why money that others have cannot be refunded.
pub(super) const SHARED: &str = "订单资金已分账，请先分账回退或使用可用余额退款";

/// What a merchant wants refunded.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) out_refund_no: String,
    pub(super) amount: Fen,
    /// What the merchant takes the order's amount for.
    pub(super) total: Fen,
    pub(super) from: Vec<(String, Fen)>,
    pub(super) funds_account: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) notify_url: Option<String>,
    pub(super) generation: Generation,
}

/// Why a refund is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoRefund {
    /// The number is that of another refund.
    OtherRefund,
    NotPaid,
    OtherTotal,
    TooMuch,
    TooManyParts,
    TooLate,
    NotEnough,
    /// The money was shared and has not been returned.
    Shared,
    Full,
}

impl From<NoRefund> for Failure {
    fn from(why: NoRefund) -> Self {
        let invalid = |message: &str| Self::invalid_request(numeric::OTHER, message);
        match why {
            NoRefund::OtherRefund => prepay::reentry(),
            NoRefund::NotPaid => unknown(),
            NoRefund::OtherTotal => invalid("订单金额与原订单金额不一致"),
            NoRefund::TooMuch => invalid("申请退款金额与已退款金额之和大于订单金额"),
            NoRefund::TooManyParts => invalid("一笔订单最多支持50次部分退款"),
            NoRefund::TooLate => invalid("订单支付成功超过一年，不能退款"),
            NoRefund::NotEnough => Self::not_enough(),
            NoRefund::Shared => Self::new(
                http::StatusCode::FORBIDDEN,
                "NOT_ENOUGH",
                numeric::OTHER,
                SHARED,
            ),
            NoRefund::Full => full("退款单"),
        }
    }
}

impl Book {
    pub(super) fn create_refund(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let order = self.refundable(call)?.clone();
        let amount = prepay::amount(call, "/amount/refund")?;
        let total = prepay::amount(call, "/amount/total")?;
        if call
            .text("/amount/currency")
            .is_some_and(|currency| currency != "CNY")
        {
            return Err(Failure::param_error("/amount/currency", "仅支持CNY"));
        }
        let wish = Wish {
            out_refund_no: required(call, "/out_refund_no")?.to_owned(),
            amount,
            total,
            from: from(call, amount)?,
            funds_account: optional(&call.body, "/funds_account"),
            reason: optional(&call.body, "/reason"),
            notify_url: optional(&call.body, "/notify_url"),
            generation: Generation::V3,
        };
        let (order, refund) = self.refund(order, wish, now, context.ids)?;
        Ok(Reply::ok(view(&order, &refund)))
    }

    /// Gives money of a paid order back. The same number with the same amounts is the same refund.
    pub(super) fn refund(
        &mut self,
        mut order: Order,
        wish: Wish,
        now: i64,
        ids: &mut Ids,
    ) -> Result<(Order, Refund), NoRefund> {
        if let Some(refund) = self.store.refund(&wish.out_refund_no) {
            let same = refund.out_trade_no == order.out_trade_no
                && refund.amount == wish.amount
                && order.total == wish.total;
            return if same {
                Ok((order, refund.clone()))
            } else {
                Err(NoRefund::OtherRefund)
            };
        }
        let payment = order.payment.as_ref().ok_or(NoRefund::NotPaid)?;
        if wish.total != order.total {
            return Err(NoRefund::OtherTotal);
        }
        if wish.amount > order.left_after(self.store.refunds_of(&order)) {
            return Err(NoRefund::TooMuch);
        }
        if order.refunds.len() >= MOST_PARTS {
            return Err(NoRefund::TooManyParts);
        }
        if now.saturating_sub(payment.at) > LATEST {
            return Err(NoRefund::TooLate);
        }
        let script = self.store.script;
        if script.not_enough {
            return Err(NoRefund::NotEnough);
        }
        let own_money = wish.funds_account.as_deref() == Some("AVAILABLE");
        if !own_money && wish.amount > self.unshared(&order) {
            return Err(NoRefund::Shared);
        }
        if !self.store.has_room_for_refunds() {
            return Err(NoRefund::Full);
        }
        let others: Vec<&Refund> = self.store.refunds_of(&order).collect();
        let fee = history::fee_back(&order, &others, wish.amount);
        let refund = Refund {
            out_refund_no: wish.out_refund_no,
            refund_id: self.new_refund_id(now, ids),
            out_trade_no: order.out_trade_no.clone(),
            amount: wish.amount,
            from: wish.from,
            funds_account: wish.funds_account,
            reason: wish.reason,
            notify_url: wish.notify_url,
            created: now,
            status: RefundStatus::Processing,
            received_by: "支付用户零钱".to_owned(),
            channel: "ORIGINAL".to_owned(),
            coming: Some((
                now.saturating_add(script.delay_seconds.into()),
                script.outcome.into(),
            )),
            past: Vec::new(),
            succeeded: None,
            fee,
            redirected: false,
            generation: wish.generation,
        };
        order.state = TradeState::Refund;
        order.refunds.push(refund.out_refund_no.clone());
        self.store.put_order(order.clone());
        self.store.put_refund(refund.clone());
        Ok((order, refund))
    }

    pub(super) fn query_refund(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let (order, refund) = self
            .store
            .refund(call.path("out_refund_no"))
            .and_then(|refund| Some((self.store.order(&refund.out_trade_no)?, refund)))
            .ok_or_else(unknown_refund)?;
        of_sub_merchant(order, call.query("sub_mchid"))?;
        Ok(Reply::ok(view(order, refund)))
    }

    /// Sends the money of an abnormal refund elsewhere, where it arrives.
    pub(super) fn apply_abnormal_refund(&mut self, call: &Call<'_>) -> Result<Reply, Failure> {
        let (order, refund) = self
            .store
            .refund_by_id(call.path("refund_id"))
            .and_then(|refund| Some((self.store.order(&refund.out_trade_no)?, refund)))
            .ok_or_else(unknown_refund)?;
        if required(call, "/out_refund_no")? != refund.out_refund_no {
            let message = "商户退款单号与微信支付退款号不匹配";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        of_sub_merchant(
            order,
            call.text("/sub_mchid").filter(|text| !text.is_empty()),
        )?;
        if refund.redirected {
            return Ok(Reply::ok(view(order, refund)));
        }
        if refund.status != RefundStatus::Abnormal {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "仅退款异常的退款单可发起异常退款",
            ));
        }
        let received_by = match required(call, "/type")? {
            "USER_BANK_CARD" => {
                required(call, "/bank_type")?;
                required(call, "/real_name")?;
                let account = required(call, "/bank_account")?;
                let hidden = account.chars().count().saturating_sub(4);
                format!("银行卡{}", account.chars().skip(hidden).collect::<String>())
            }
            "MERCHANT_BANK_CARD" => "商户结算银行账户".to_owned(),
            _ => return Err(Failure::param_error("/type", "值不在枚举范围内")),
        };
        let mut refund = refund.clone();
        refund.received_by = received_by;
        refund.channel = "OTHER_BANKCARD".to_owned();
        refund.redirected = true;
        let now = call.now.as_unix();
        refund.turn(RefundStatus::Processing, now);
        let delay = self.store.script.delay_seconds;
        let at = now.saturating_add(delay.into());
        refund.coming = Some((at, RefundStatus::Success));
        let reply = Reply::ok(view(order, &refund));
        self.store.put_refund(refund);
        Ok(reply)
    }

    /// A refund's time has come.
    pub(super) fn refund_ends(&mut self, number: &str, at: i64) {
        let Some((order, refund)) = self.store.refund(number).and_then(|refund| {
            Some((
                self.store.order(&refund.out_trade_no)?.clone(),
                refund.clone(),
            ))
        }) else {
            return;
        };
        let mut refund = refund;
        let Some((_, status)) = refund.coming.take() else {
            return;
        };
        refund.turn(status, at);
        let event_type = match status {
            RefundStatus::Success => {
                refund.succeeded = Some(at);
                ("REFUND.SUCCESS", "退款成功")
            }
            RefundStatus::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
            RefundStatus::Closed => ("REFUND.CLOSED", "退款关闭"),
            RefundStatus::Processing => return,
        };
        if let Some(url) = refund.notify_url.clone() {
            let (plaintext, form) = match refund.generation {
                // One asked for with v1 has no address.
                Generation::V3 | Generation::V1(_) => (notification(&order, &refund), Form::V3),
                Generation::V2(signing) => {
                    (v2::refund_notice(&order, &refund), Form::V2Refund(signing))
                }
            };
            self.announce(Event {
                about: Some(order.out_trade_no.clone()),
                event_type: event_type.0,
                original_type: "refund",
                summary: event_type.1,
                plaintext,
                form,
                url,
                at,
            });
        }
        let arrived = refund.succeeded.is_some();
        self.store.put_refund(refund);
        if arrived {
            self.complaints_refunded(&order, at);
        }
    }

    /// The order a refund is for: known, paid, and the caller's.
    fn refundable(&self, call: &Call<'_>) -> Result<&Order, Failure> {
        let given = |pointer| call.text(pointer).filter(|text| !text.is_empty());
        let by_id = given("/transaction_id").map(|id| self.store.order_by_transaction(id));
        let by_number = given("/out_trade_no").map(|number| self.store.order(number));
        let order = match (by_id, by_number) {
            (None, None) => {
                let issue = "transaction_id和out_trade_no必须二选一";
                return Err(Failure::param_error("/out_trade_no", issue));
            }
            (Some(by_id), Some(by_number)) => {
                let (by_id, by_number) =
                    (by_id.ok_or_else(unknown)?, by_number.ok_or_else(unknown)?);
                if by_id.out_trade_no != by_number.out_trade_no {
                    let message = "微信支付订单号与商户订单号不是同一笔订单";
                    return Err(Failure::invalid_request(numeric::OTHER, message));
                }
                by_id
            }
            (by_id, by_number) => by_id.or(by_number).flatten().ok_or_else(unknown)?,
        };
        of_sub_merchant(order, given("/sub_mchid"))?;
        match order.state {
            TradeState::Success | TradeState::Refund => Ok(order),
            TradeState::Revoked => Err(Failure::invalid_request(
                numeric::OTHER,
                "订单已撤销，不能退款",
            )),
            _ => Err(unknown()),
        }
    }
}

fn unknown() -> Failure {
    Failure::resource_not_exists("订单不存在或订单未支付")
}

fn unknown_refund() -> Failure {
    Failure::resource_not_exists("退款单不存在")
}

/// From which accounts the merchant wants to pay; together they pay the refund.
fn from(call: &Call<'_>, amount: Fen) -> Result<Vec<(String, Fen)>, Failure> {
    let Some(items) = call.body.pointer("/amount/from").and_then(Value::as_array) else {
        return Ok(Vec::new());
    };
    let mut sum = Some(Fen::ZERO);
    let mut from = Vec::new();
    for item in items {
        let part = Fen::new(item.pointer("/amount").and_then(Value::as_i64).unwrap_or(0));
        sum = sum.and_then(|sum| sum.checked_add(part));
        from.push((optional(item, "/account").unwrap_or_default(), part));
    }
    if !from.is_empty() && sum != Some(amount) {
        return Err(Failure::param_error(
            "/amount/from",
            "出资金额之和与退款金额不一致",
        ));
    }
    Ok(from)
}

/// A refund as the interfaces show it.
fn view(order: &Order, refund: &Refund) -> Value {
    let mut view = Map::new();
    put(&mut view, "refund_id", Some(&refund.refund_id));
    put(&mut view, "out_refund_no", Some(&refund.out_refund_no));
    put(
        &mut view,
        "transaction_id",
        order.payment.as_ref().map(|it| it.transaction_id.as_str()),
    );
    put(&mut view, "out_trade_no", Some(&order.out_trade_no));
    put(&mut view, "channel", Some(&refund.channel));
    put(
        &mut view,
        "user_received_account",
        Some(&refund.received_by),
    );
    put(
        &mut view,
        "success_time",
        refund.succeeded.map(beijing).as_deref(),
    );
    put(&mut view, "create_time", Some(&beijing(refund.created)));
    put(&mut view, "status", Some(refund.status.as_str()));
    put(
        &mut view,
        "funds_account",
        Some(refund.funds_account.as_deref().unwrap_or("UNSETTLED")),
    );
    let from: Vec<Value> = refund
        .from
        .iter()
        .map(|(account, amount)| json!({ "account": account, "amount": amount }))
        .collect();
    view.insert(
        "amount".to_owned(),
        json!({
            "total": order.total,
            "refund": refund.amount,
            "from": from,
            "payer_total": order.total,
            "payer_refund": refund.amount,
            "settlement_refund": refund.amount,
            "settlement_total": order.total,
            "discount_refund": 0,
            "currency": "CNY",
        }),
    );
    view.insert("promotion_detail".to_owned(), json!([]));
    Value::Object(view)
}

/// A refund as its notification shows it.
fn notification(order: &Order, refund: &Refund) -> Value {
    let mut view = Map::new();
    let owner = &order.owner;
    match &owner.sub_mchid {
        Some(sub_mchid) => {
            put(&mut view, "sp_mchid", Some(&owner.mchid));
            put(&mut view, "sub_mchid", Some(sub_mchid));
        }
        None => put(&mut view, "mchid", Some(&owner.mchid)),
    }
    put(
        &mut view,
        "transaction_id",
        order.payment.as_ref().map(|it| it.transaction_id.as_str()),
    );
    put(&mut view, "out_trade_no", Some(&order.out_trade_no));
    put(&mut view, "refund_id", Some(&refund.refund_id));
    put(&mut view, "out_refund_no", Some(&refund.out_refund_no));
    put(&mut view, "refund_status", Some(refund.status.as_str()));
    put(
        &mut view,
        "success_time",
        refund.succeeded.map(beijing).as_deref(),
    );
    put(
        &mut view,
        "user_received_account",
        Some(&refund.received_by),
    );
    view.insert(
        "amount".to_owned(),
        json!({
            "total": order.total,
            "refund": refund.amount,
            "payer_total": order.total,
            "payer_refund": refund.amount,
        }),
    );
    Value::Object(view)
}
