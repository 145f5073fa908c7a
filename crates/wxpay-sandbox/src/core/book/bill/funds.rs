//! Fund flow bills (资金账单): <https://pay.weixin.qq.com/doc/v3/merchant/4013071232>.
//!
//! Every payment is two movements, the money in and the fee out; a refund or a reversal is one, the
//! money out less the fee that comes back, when it succeeds. An account begins with nothing. The money
//! of orders of a sub-merchant moves on the sub-merchant's account, all other on the merchant's. What
//! is shared (分账), transferred or given away moves nothing here.

use std::collections::BTreeMap;
use std::ops::Range;

use wxpay_json::Fen;

use super::super::fee;
use super::super::model::Order;
use super::super::store::Store;
use super::file::{File, Manner, Sum, number_of};
use crate::core::v2::wire::spaced;

const HEADER: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号";
const SUMS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// Whose movements a bill has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Account<'a> {
    /// The merchant's own.
    Own,
    /// One sub-merchant's.
    Sub(&'a str),
    /// Those of all sub-merchants. No document gives such a bill a column that would tell them apart.
    AllSubs,
}

impl Account<'_> {
    fn has(self, sub_mchid: Option<&str>) -> bool {
        match self {
            Self::Own => sub_mchid.is_none(),
            Self::Sub(wanted) => sub_mchid == Some(wanted),
            Self::AllSubs => sub_mchid.is_some(),
        }
    }
}

/// One movement.
#[derive(Debug)]
struct Flow<'s> {
    sub_mchid: Option<&'s str>,
    at: i64,
    /// Payment before fee before refund, where the second is the same.
    rank: u8,
    id: &'s str,
    name: &'static str,
    kind: &'static str,
    comes_in: bool,
    amount: Fen,
    remark: String,
    voucher: &'s str,
}

/// The bill; nothing where nothing moved.
pub(super) fn write(
    store: &Store,
    account: Account<'_>,
    hours: &Range<i64>,
    manner: Manner,
) -> Option<String> {
    let mut flows: Vec<Flow<'_>> = store
        .orders()
        .filter(|order| account.has(order.owner.sub_mchid.as_deref()))
        .flat_map(|order| flows(store, order))
        .filter(|flow| flow.at < hours.end)
        .collect();
    flows.sort_by(|a, b| (a.at, a.voucher, a.rank, a.id).cmp(&(b.at, b.voucher, b.rank, b.id)));
    let mut file = File::new(HEADER, manner);
    let mut balances: BTreeMap<Option<&str>, Sum> = BTreeMap::new();
    let (mut income, mut expense) = (Sum::default(), Sum::default());
    let (mut ins, mut outs) = (0_usize, 0_usize);
    for flow in &flows {
        let balance = balances.entry(flow.sub_mchid).or_default();
        if flow.comes_in {
            balance.add(flow.amount);
        } else {
            balance.subtract(flow.amount);
        }
        if !hours.contains(&flow.at) {
            continue;
        }
        if flow.comes_in {
            income.add(flow.amount);
            ins += 1;
        } else {
            expense.add(flow.amount);
            outs += 1;
        }
        file.row(&[
            &spaced(flow.at),
            flow.id,
            &flow.number(),
            flow.name,
            flow.kind,
            if flow.comes_in { "收入" } else { "支出" },
            &flow.amount.yuan().to_string(),
            &balance.yuan(),
            "system",
            &flow.remark,
            flow.voucher,
        ]);
    }
    let counts = [ins + outs, ins, outs].map(|count| count.to_string());
    let sums = [
        &counts[0],
        &counts[1],
        &income.yuan(),
        &counts[2],
        &expense.yuan(),
    ];
    (ins + outs > 0).then(|| file.end(SUMS, &sums.map(String::as_str)))
}

fn flows<'s>(store: &'s Store, order: &'s Order) -> Vec<Flow<'s>> {
    let Some(payment) = &order.payment else {
        return Vec::new();
    };
    let fee = fee::of(order.total);
    let sub_mchid = order.owner.sub_mchid.as_deref();
    let id = payment.transaction_id.as_str();
    let mut flows = vec![Flow {
        sub_mchid,
        at: payment.at,
        rank: 0,
        id,
        name: "交易",
        kind: "交易",
        comes_in: true,
        amount: order.total,
        remark: format!("结算总金额{}元", order.total.yuan()),
        voucher: id,
    }];
    if fee > Fen::ZERO {
        flows.push(Flow {
            sub_mchid,
            at: payment.at,
            rank: 1,
            id,
            name: "扣除交易手续费",
            kind: "扣除交易手续费",
            comes_in: false,
            amount: fee,
            remark: format!("结算总金额{}元;费率{}", order.total.yuan(), fee::RATE_TEXT),
            voucher: id,
        });
    }
    let mut out = |at, id, amount: Fen, fee: Fen| {
        flows.push(Flow {
            sub_mchid,
            at,
            rank: 2,
            id,
            name: "退款",
            kind: "退款",
            comes_in: false,
            amount: amount.checked_sub(fee).unwrap_or(Fen::ZERO),
            remark: format!("退款总金额{}元;含手续费{}元", amount.yuan(), fee.yuan()),
            voucher: &payment.transaction_id,
        });
    };
    if let Some(reversal) = &order.reversal {
        out(reversal.at, reversal.refund_id.as_str(), order.total, fee);
    }
    for refund in store.refunds_of(order) {
        if let Some(at) = refund.succeeded {
            out(at, &refund.refund_id, refund.amount, refund.fee);
        }
    }
    flows
}

impl Flow<'_> {
    /// The movement's own number (资金流水单号).
    fn number(&self) -> String {
        number_of("", &format!("{}/{}", self.id, self.rank))
    }
}

#[cfg(test)]
mod tests;
