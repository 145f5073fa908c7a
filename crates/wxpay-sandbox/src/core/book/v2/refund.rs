//! Refunds: <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_4>.

use serde_json::{Value, json};

use super::super::model::{Order, Refund, RefundStatus, TradeState};
use super::super::refund::{NoRefund, SHARED, Wish};
use super::super::{Book, full};
use super::{Ask, Refusal};
use crate::core::random::Ids;
use crate::core::v2::wire::{self, Pairs};

/// So many refunds are listed at a time.
const PAGE: usize = 20;

impl From<NoRefund> for Refusal {
    fn from(why: NoRefund) -> Self {
        match why {
            NoRefund::OtherRefund => Self::new(
                "REFUND_FEE_MISMATCH",
                "同一退款单号的订单或金额与之前请求不一致",
            ),
            NoRefund::NotPaid => Self::new("TRADE_STATE_ERROR", "订单未支付，不能退款"),
            NoRefund::OtherTotal => Self::new("INVALID_REQUEST", "订单金额与原订单金额不一致"),
            NoRefund::TooMuch => Self::new(
                "INVALID_REQUEST",
                "申请退款金额与已退款金额之和大于订单金额",
            ),
            NoRefund::TooManyParts => Self::new("INVALID_REQUEST", "一笔订单最多支持50次部分退款"),
            NoRefund::TooLate => Self::new("TRADE_OVERDUE", "订单已经超过退款期限"),
            NoRefund::NotEnough => Self::new("NOTENOUGH", "基本账户余额不足，请充值后重新发起"),
            NoRefund::Shared => Self::new("NOTENOUGH", SHARED),
            NoRefund::Full => full("退款单").into(),
        }
    }
}

impl Book {
    pub(super) fn v2_refund(&mut self, ask: &Ask<'_>, ids: &mut Ids) -> Result<Pairs, Refusal> {
        let order = self.v2_order(ask)?.clone();
        match order.state {
            TradeState::Success | TradeState::Refund => {}
            TradeState::Revoked => return Err(Refusal::new("ORDERREVERSED", "订单已撤销")),
            _ => return Err(NoRefund::NotPaid.into()),
        }
        let funds_account = match ask.fields.get("refund_account") {
            Some("REFUND_SOURCE_RECHARGE_FUNDS") => Some("AVAILABLE".to_owned()),
            _ => None,
        };
        let wish = Wish {
            out_refund_no: ask.required("out_refund_no")?.to_owned(),
            amount: ask.fen("refund_fee")?,
            total: ask.fen("total_fee")?,
            from: Vec::new(),
            funds_account,
            reason: ask.owned("refund_desc"),
            notify_url: ask.owned("notify_url"),
            generation: ask.generation(),
        };
        let (order, refund) = self.refund(order, wish, ask.now(), ids)?;
        let mut reply = of_order(&order);
        reply.set("out_refund_no", &*refund.out_refund_no);
        reply.set("refund_id", &*refund.refund_id);
        let amount = refund.amount.as_fen().to_string();
        reply.set("refund_fee", &*amount);
        reply.set("cash_refund_fee", amount);
        Ok(reply)
    }

    pub(super) fn v2_refund_query(&self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let unknown = || Refusal::new("REFUNDNOTEXIST", "退款订单查询失败");
        let by_id = ask.fields.get("refund_id");
        let one = by_id.map(|id| self.store.refund_by_id(id)).or_else(|| {
            let number = ask.fields.get("out_refund_no")?;
            Some(self.store.refund(number))
        });
        let (order, refunds): (&Order, Vec<&Refund>) = match one {
            Some(refund) => {
                let refund = refund.ok_or_else(unknown)?;
                let order = self.store.order(&refund.out_trade_no).ok_or_else(unknown)?;
                super::super::order::of_sub_merchant(order, ask.fields.get("sub_mch_id"))?;
                (order, vec![refund])
            }
            None => {
                let order = self.v2_order(ask)?;
                (order, self.store.refunds_of(order).collect())
            }
        };
        let total = refunds.len();
        let offset = match ask.fields.get("offset") {
            Some(text) => Some(
                text.parse::<usize>()
                    .map_err(|_| Refusal::param_error("offset参数格式错误"))?,
            ),
            None => None,
        };
        let page: Vec<&Refund> = refunds
            .into_iter()
            .skip(offset.unwrap_or(0))
            .take(PAGE)
            .collect();
        if page.is_empty() {
            return Err(unknown());
        }
        let mut reply = of_order(order);
        if offset.is_some() {
            reply.set("total_refund_count", total.to_string());
        }
        reply.set("refund_count", page.len().to_string());
        for (index, refund) in page.into_iter().enumerate() {
            let mut set = |name: &str, text: &str| reply.set(&format!("{name}_{index}"), text);
            let amount = refund.amount.as_fen().to_string();
            set("out_refund_no", &refund.out_refund_no);
            set("refund_id", &refund.refund_id);
            set("refund_channel", &refund.channel);
            set("refund_fee", &amount);
            set("refund_status", status(refund.status));
            set("refund_account", account(refund));
            set("refund_recv_accout", &refund.received_by);
            if let Some(at) = refund.succeeded {
                set("refund_success_time", &wire::spaced(at));
            }
        }
        Ok(reply)
    }
}

/// What every answer about refunds says of the order.
fn of_order(order: &Order) -> Pairs {
    let total = order.total.as_fen().to_string();
    let mut fields = Pairs::default();
    fields.set_some("device_info", order.device_id.as_deref());
    fields.set_some(
        "transaction_id",
        order.payment.as_ref().map(|it| it.transaction_id.as_str()),
    );
    fields.set("out_trade_no", &*order.out_trade_no);
    fields.set("total_fee", &*total);
    fields.set("fee_type", "CNY");
    fields.set("cash_fee", total);
    fields
}

/// The words of v2.
fn status(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Processing => "PROCESSING",
        RefundStatus::Success => "SUCCESS",
        RefundStatus::Abnormal => "CHANGE",
        RefundStatus::Closed => "REFUNDCLOSE",
    }
}

fn account(refund: &Refund) -> &'static str {
    match refund.funds_account.as_deref() {
        Some("AVAILABLE") => "REFUND_SOURCE_RECHARGE_FUNDS",
        _ => "REFUND_SOURCE_UNSETTLED_FUNDS",
    }
}

/// The notice of a refund: the fields of the envelope, and under `req_info` those that are
/// encrypted.
pub(in crate::core::book) fn notice(order: &Order, refund: &Refund) -> Value {
    let owner = &order.owner;
    let mut envelope = Pairs::default().with("return_code", "SUCCESS");
    envelope.set_some("appid", owner.appid.as_deref());
    envelope.set("mch_id", &*owner.mchid);
    envelope.set_some("sub_appid", owner.sub_appid.as_deref());
    envelope.set_some("sub_mch_id", owner.sub_mchid.as_deref());
    let total = order.total.as_fen().to_string();
    let amount = refund.amount.as_fen().to_string();
    let mut inner = Pairs::default();
    inner.set_some(
        "transaction_id",
        order.payment.as_ref().map(|it| it.transaction_id.as_str()),
    );
    inner.set("out_trade_no", &*order.out_trade_no);
    inner.set("refund_id", &*refund.refund_id);
    inner.set("out_refund_no", &*refund.out_refund_no);
    inner.set("total_fee", &*total);
    inner.set("settlement_total_fee", total);
    inner.set("refund_fee", &*amount);
    inner.set("settlement_refund_fee", amount);
    inner.set("refund_status", status(refund.status));
    inner.set_some("success_time", refund.succeeded.map(wire::spaced));
    inner.set("refund_recv_accout", &*refund.received_by);
    inner.set("refund_account", account(refund));
    inner.set("refund_request_source", "API");
    let mut notice = envelope.to_json();
    notice["req_info"] = json!(inner.to_json());
    notice
}
