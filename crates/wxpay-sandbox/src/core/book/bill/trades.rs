//! Trade bills (交易账单): <https://pay.weixin.qq.com/doc/v3/merchant/4013071227>.
//!
//! What is in them: <https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html>.
//!
//! A payment belongs to the day it succeeded on, a refund to the day it was accepted on, a reversal to
//! the day it was made on. A row of a refund carries the time of the refund in a bill of all trades; in
//! a bill of refunds, which has columns for that time, the time of the payment.
//!
//! A refund has one row, in one bill, and is in it what it was when the bill was made; that it arrives
//! or fails later is in no trade bill. One still under way has its amount and the fee that will come
//! back. Of one that has failed nothing goes back: the amount is in 申请退款金额 alone, which is the
//! sandbox's own choice.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use wxpay_json::Fen;

use super::super::fee;
use super::super::model::{Order, Payment, Refund, RefundStatus};
use super::super::store::Store;
use super::file::{File, Manner, Sum};
use super::{DAY, READY};
use crate::core::v2::wire::spaced;

const HEAD: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";
const REFUND_TIMES: &str = "退款申请时间,退款成功时间";
const REFUND: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";
const TAIL: &str = "商品名称,商户数据包,手续费,费率,订单金额";
const SUMS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
const SUCCESS_SUMS: &str = "总交易单数,应结订单总金额,手续费总金额,订单总金额";

/// Which trades a bill has.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TradeBill {
    All,
    Success,
    Refund,
}

/// A row, whatever the bill.
#[derive(Debug)]
struct Row<'s> {
    at: i64,
    order: &'s Order,
    payment: &'s Payment,
    back: Option<Back<'s>>,
}

/// Money given back.
#[derive(Debug)]
struct Back<'s> {
    succeeded: Option<i64>,
    refund_id: &'s str,
    out_refund_no: &'s str,
    asked: Fen,
    amount: Fen,
    fee: Fen,
    channel: &'s str,
    state: &'static str,
    status: &'static str,
}

impl<'s> Back<'s> {
    /// A refund right before `made`.
    fn of(refund: &'s Refund, made: i64) -> Self {
        let standing = refund.before(made);
        let (status, goes_back) = match standing.status {
            RefundStatus::Success => ("SUCCESS", true),
            RefundStatus::Processing => ("PROCESSING", true),
            // It goes back as soon as the merchant says where to.
            RefundStatus::Abnormal => ("CHANGE", true),
            RefundStatus::Closed => ("FAIL", false),
        };
        let if_it_goes = |amount| if goes_back { amount } else { Fen::ZERO };
        Self {
            succeeded: standing.succeeded,
            refund_id: &refund.refund_id,
            out_refund_no: &refund.out_refund_no,
            asked: refund.amount,
            amount: if_it_goes(refund.amount),
            fee: if_it_goes(refund.fee),
            channel: standing.channel,
            state: "REFUND",
            status,
        }
    }
}

/// The bill, as it is when it is made, at nine o'clock after the day; nothing where there are no trades.
pub(super) fn write(
    store: &Store,
    which: TradeBill,
    sub_mchid: Option<&str>,
    hours: &Range<i64>,
    manner: Manner,
) -> Option<String> {
    let made = hours.end.saturating_add(READY - DAY);
    let mut rows: Vec<Row<'_>> = store
        .orders()
        .filter(|order| sub_mchid.is_none() || order.owner.sub_mchid.as_deref() == sub_mchid)
        .flat_map(|order| rows(store, order, made))
        .filter(|row| hours.contains(&row.at))
        .filter(|row| match which {
            TradeBill::All => true,
            TradeBill::Success => row.back.is_none(),
            TradeBill::Refund => row.back.is_some(),
        })
        .collect();
    rows.sort_by(|a, b| (a.at, &a.order.out_trade_no).cmp(&(b.at, &b.order.out_trade_no)));
    (!rows.is_empty()).then(|| file(which, &rows, manner))
}

/// What happened to an order: its payment, its reversal, its refunds.
fn rows<'s>(store: &'s Store, order: &'s Order, made: i64) -> Vec<Row<'s>> {
    let Some(payment) = &order.payment else {
        return Vec::new();
    };
    let mut rows = vec![Row {
        at: payment.at,
        order,
        payment,
        back: None,
    }];
    if let Some(reversal) = &order.reversal {
        let back = Back {
            succeeded: Some(reversal.at),
            refund_id: &reversal.refund_id,
            out_refund_no: &order.out_trade_no,
            asked: order.total,
            amount: order.total,
            fee: fee::of(order.total),
            channel: "ORIGINAL",
            state: "REVOKED",
            status: "SUCCESS",
        };
        rows.push(Row {
            at: reversal.at,
            order,
            payment,
            back: Some(back),
        });
    }
    rows.extend(store.refunds_of(order).map(|refund| Row {
        at: refund.created,
        order,
        payment,
        back: Some(Back::of(refund, made)),
    }));
    rows
}

fn file(which: TradeBill, rows: &[Row<'_>], manner: Manner) -> String {
    let header = match which {
        TradeBill::All => format!("{HEAD},{REFUND},{TAIL},申请退款金额,费率备注"),
        TradeBill::Success => format!("{HEAD},{TAIL},费率备注"),
        TradeBill::Refund => format!("{HEAD},{REFUND_TIMES},{REFUND},{TAIL},申请退款金额,费率备注"),
    };
    let mut file = File::new(&header, manner);
    let (mut paid, mut fees) = (Sum::default(), Sum::default());
    let (mut asked, mut back) = (Sum::default(), Sum::default());
    for row in rows {
        match &row.back {
            None => {
                paid.add(row.order.total);
                fees.add(fee::of(row.order.total));
            }
            Some(refund) => {
                asked.add(refund.asked);
                back.add(refund.amount);
                fees.subtract(refund.fee);
            }
        }
        row.write(which, &mut file);
    }
    let (count, paid, fees) = (rows.len().to_string(), paid.yuan(), fees.fee());
    if which == TradeBill::Success {
        file.end(SUCCESS_SUMS, &[&count, &paid, &fees, &paid])
    } else {
        let (asked, back) = (asked.yuan(), back.yuan());
        file.end(SUMS, &[&count, &paid, &back, "0.00", &fees, &paid, &asked])
    }
}

impl Row<'_> {
    fn write(&self, which: TradeBill, file: &mut File) {
        let owner = &self.order.owner;
        let shown = if which == TradeBill::Refund {
            self.payment.at
        } else {
            self.at
        };
        let mut fee = Sum::default();
        let (paid, refunded, asked) = match &self.back {
            None => {
                fee.add(fee::of(self.order.total));
                (self.order.total, Fen::ZERO, Fen::ZERO)
            }
            Some(back) => {
                fee.subtract(back.fee);
                (Fen::ZERO, back.amount, back.asked)
            }
        };
        let at = spaced(shown);
        let [paid, refunded, asked] =
            [paid, refunded, asked].map(|amount| amount.yuan().to_string());
        let mut fields = vec![
            at.as_str(),
            owner.appid.as_deref().unwrap_or_default(),
            &owner.mchid,
            owner.sub_mchid.as_deref().unwrap_or("0"),
            self.order.device_id.as_deref().unwrap_or_default(),
            &self.payment.transaction_id,
            &self.order.out_trade_no,
            self.payment.payer.shown(),
            self.order.trade_type.as_str(),
            self.back.as_ref().map_or("SUCCESS", |back| back.state),
            &self.payment.bank_type,
            "CNY",
            &paid,
            "0.00",
        ];
        let times = self.back.as_ref().map(|back| {
            let succeeded = back.succeeded.map(spaced);
            [spaced(self.at), succeeded.unwrap_or_default()]
        });
        if which == TradeBill::Refund {
            fields.extend(times.iter().flatten().map(String::as_str));
        }
        if which != TradeBill::Success {
            fields.extend(match &self.back {
                None => ["0", "0", "0.00", "0.00", "", ""],
                Some(back) => [
                    back.refund_id,
                    back.out_refund_no,
                    &refunded,
                    "0.00",
                    back.channel,
                    back.status,
                ],
            });
        }
        let fee = fee.fee();
        fields.extend([
            self.order.description.as_str(),
            self.order.attach.as_deref().unwrap_or_default(),
            &fee,
            fee::RATE_TEXT,
            &paid,
        ]);
        if which != TradeBill::Success {
            fields.push(&asked);
        }
        fields.push("");
        file.row(&fields);
    }
}

#[cfg(test)]
pub(super) mod tests;
