//! Refunds as Tenpay (财付通) has them.

use wxpay_json::Fen;
use wxpay_sign::Timestamp;

use crate::core::book::Book;
use crate::core::book::model::{Generation, Order, Refund, RefundStatus, TradeState};
use crate::core::book::refund::{NoRefund, Wish};
use crate::core::random::Ids;
use crate::core::v2::wire::{self, Pairs};

/// So many refunds are listed.
const MOST_LISTED: usize = 50;

/// A refusal of Tenpay's.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) retcode: &'static str,
    pub(crate) message: &'static str,
}

impl Refused {
    pub(crate) const NO_ORDER: Self = Self::new("88221009", "订单不存在");
    const NO_REFUND: Self = Self::new("88222014", "退款单不存在");

    const fn new(retcode: &'static str, message: &'static str) -> Self {
        Self { retcode, message }
    }
}

impl From<NoRefund> for Refused {
    fn from(why: NoRefund) -> Self {
        match why {
            NoRefund::NotPaid => Self::NO_ORDER,
            NoRefund::OtherRefund => {
                Self::new("88229003", "同一退款单号的订单或金额与之前请求不一致")
            }
            NoRefund::OtherTotal => Self::new("88229004", "订单金额与原订单金额不一致"),
            NoRefund::TooMuch => Self::new("88229004", "退款金额超过可退金额"),
            NoRefund::TooManyParts => Self::new("88229004", "一笔订单最多支持50次部分退款"),
            NoRefund::TooLate => Self::new("88229004", "订单已经超过退款期限"),
            NoRefund::NotEnough | NoRefund::Shared => Self::new("88229005", "商户账户余额不足"),
            NoRefund::Full => Self::new("88229009", "沙箱中的退款单过多"),
        }
    }
}

/// A refund asked for.
#[derive(Debug)]
pub(crate) struct RefundAsk<'a> {
    pub(crate) transaction_id: Option<&'a str>,
    pub(crate) out_trade_no: Option<&'a str>,
    pub(crate) out_refund_no: &'a str,
    pub(crate) total_fee: Fen,
    pub(crate) refund_fee: Fen,
    pub(crate) now: Timestamp,
}

/// What refunds are asked for by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RefundName<'a> {
    RefundId(&'a str),
    OutRefundNo(&'a str),
    TransactionId(&'a str),
    OutTradeNo(&'a str),
}

impl Book {
    pub(crate) fn v1_refund(
        &mut self,
        ask: &RefundAsk<'_>,
        ids: &mut Ids,
    ) -> Result<Pairs, Refused> {
        self.advance(ask.now);
        let order = self
            .v1_named(ask.transaction_id, ask.out_trade_no)
            .ok_or(Refused::NO_ORDER)?
            .clone();
        match order.state {
            TradeState::Success | TradeState::Refund => {}
            _ => return Err(NoRefund::NotPaid.into()),
        }
        let wish = Wish {
            out_refund_no: ask.out_refund_no.to_owned(),
            amount: ask.refund_fee,
            total: ask.total_fee,
            from: Vec::new(),
            funds_account: None,
            reason: None,
            // How Tenpay would tell of a refund is not known: nobody is told.
            notify_url: None,
            generation: Generation::V1(super::Terms::default()),
        };
        let (order, refund) = self.refund(order, wish, ask.now.as_unix(), ids)?;
        let mut reply = of_order(&order);
        reply.set("out_refund_no", &*refund.out_refund_no);
        reply.set("refund_id", &*refund.refund_id);
        reply.set("refund_channel", channel(&refund));
        reply.set("refund_fee", refund.amount.as_fen().to_string());
        reply.set("refund_status", status(&refund));
        Ok(reply)
    }

    pub(crate) fn v1_refunds(&self, name: RefundName<'_>) -> Result<Pairs, Refused> {
        let (order, refunds) = match name {
            RefundName::RefundId(id) => self.v1_one(self.store.refund_by_id(id))?,
            RefundName::OutRefundNo(number) => self.v1_one(self.store.refund(number))?,
            RefundName::TransactionId(id) => self.v1_all(self.v1_named(Some(id), None))?,
            RefundName::OutTradeNo(number) => self.v1_all(self.v1_named(None, Some(number)))?,
        };
        if refunds.is_empty() {
            return Err(Refused::NO_REFUND);
        }
        let mut reply = of_order(order);
        let listed = &refunds[..refunds.len().min(MOST_LISTED)];
        reply.set("refund_count", listed.len().to_string());
        for (index, &refund) in listed.iter().enumerate() {
            let mut set = |name: &str, text: &str| reply.set(&format!("{name}_{index}"), text);
            set("out_refund_no", &refund.out_refund_no);
            set("refund_id", &refund.refund_id);
            set("refund_channel", channel(refund));
            set("refund_fee", &refund.amount.as_fen().to_string());
            set("refund_state", status(refund));
            set("refund_time_begin", &wire::compact(refund.created));
            if let Some(at) = refund.succeeded {
                set("refund_time", &wire::compact(at));
            }
        }
        Ok(reply)
    }

    fn v1_one<'s>(
        &'s self,
        refund: Option<&'s Refund>,
    ) -> Result<(&'s Order, Vec<&'s Refund>), Refused> {
        let refund = refund.ok_or(Refused::NO_REFUND)?;
        let order = self.v1_named(None, Some(&refund.out_trade_no));
        Ok((order.ok_or(Refused::NO_REFUND)?, vec![refund]))
    }

    fn v1_all<'s>(
        &'s self,
        order: Option<&'s Order>,
    ) -> Result<(&'s Order, Vec<&'s Refund>), Refused> {
        let order = order.filter(|order| order.payment.is_some());
        let order = order.ok_or(Refused::NO_ORDER)?;
        Ok((order, self.store.refunds_of(order).collect()))
    }
}

fn of_order(order: &Order) -> Pairs {
    let mut fields = Pairs::default().with("out_trade_no", &*order.out_trade_no);
    fields.set_some(
        "transaction_id",
        order
            .payment
            .as_ref()
            .map(|payment| payment.transaction_id.as_str()),
    );
    fields
}

/// 0 for Tenpay, 1 for a bank.
fn channel(refund: &Refund) -> &'static str {
    if refund.redirected { "1" } else { "0" }
}

/// The numbers of Tenpay.
fn status(refund: &Refund) -> &'static str {
    match refund.status {
        RefundStatus::Success if refund.redirected => "10",
        RefundStatus::Success => "4",
        RefundStatus::Processing => "9",
        RefundStatus::Abnormal => "7",
        RefundStatus::Closed => "3",
    }
}
