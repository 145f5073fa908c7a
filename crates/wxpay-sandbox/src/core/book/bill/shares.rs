//! Profit sharing bills (分账账单): <https://pay.weixin.qq.com/doc/v3/merchant/4012529628>.
//!
//! One row for every part that a receiver got and for every return, on the day it succeeded; what did
//! not succeed is in no bill. What is released to the merchant (解冻) is shared with the merchant
//! itself, as in the answers to queries, and so is its row. Where the documents leave a choice:
//!
//! - The words of 业务类型 are 分账 and 分账回退, the one of 处理状态 is 成功.
//! - A return has a 分账明细单号 of its own. Its 分账方 is whose money it was, its 分账接收方 who gives
//!   it back.
//! - The summary is not published: its header `总交易单数,分账总金额,回退总金额` is the sandbox's guess.
//! - What is released because 30 days are over is in no bill.

use std::ops::Range;

use wxpay_json::Fen;

use super::super::sharing::{Outcome, Return, Sharing};
use super::super::store::Store;
use super::file::{File, Manner, Sum, number_of};
use crate::core::v2::wire::spaced;

const HEADER: &str = "分账时间,分账发起方,分账方,微信订单号,微信分账/回退单号,分账明细单号,商户分账/回退单号,订单金额,分账接收方,金额,业务类型,处理状态,备注";
const SUMS: &str = "总交易单数,分账总金额,回退总金额";

/// One part, or one return.
#[derive(Debug)]
struct Row<'s> {
    at: i64,
    sharing: &'s Sharing,
    /// 微信分账/回退单号.
    id: &'s str,
    detail_id: String,
    /// 商户分账/回退单号.
    number: &'s str,
    receiver: &'s str,
    amount: Fen,
    comes_back: bool,
    remark: &'s str,
}

/// The bill; nothing where nothing was shared or returned.
pub(super) fn write(
    store: &Store,
    mchid: &str,
    sub_mchid: Option<&str>,
    hours: &Range<i64>,
    manner: Manner,
) -> Option<String> {
    let mut rows: Vec<Row<'_>> = parts(store).chain(returns(store)).collect();
    rows.retain(|row| {
        hours.contains(&row.at)
            && (sub_mchid.is_none() || row.sharing.sub_mchid.as_deref() == sub_mchid)
    });
    rows.sort_by(|a, b| (a.at, a.number, a.receiver).cmp(&(b.at, b.number, b.receiver)));
    let mut file = File::new(HEADER, manner);
    let (mut shared, mut returned) = (Sum::default(), Sum::default());
    for row in &rows {
        let (sum, kind) = if row.comes_back {
            (&mut returned, "分账回退")
        } else {
            (&mut shared, "分账")
        };
        sum.add(row.amount);
        let order = store.order(&row.sharing.out_trade_no);
        let total = order.map_or(Fen::ZERO, |order| order.total);
        file.row(&[
            &spaced(row.at),
            mchid,
            row.sharing.sub_mchid.as_deref().unwrap_or(mchid),
            &row.sharing.transaction_id,
            row.id,
            &row.detail_id,
            row.number,
            &total.yuan().to_string(),
            row.receiver,
            &row.amount.yuan().to_string(),
            kind,
            "成功",
            row.remark,
        ]);
    }
    let sums = [&rows.len().to_string(), &shared.yuan(), &returned.yuan()];
    (!rows.is_empty()).then(|| file.end(SUMS, &sums.map(String::as_str)))
}

fn parts(store: &Store) -> impl Iterator<Item = Row<'_>> {
    store.pieces::<Sharing>().flat_map(|sharing| {
        let done = sharing
            .parts
            .iter()
            .filter(|part| part.result == Outcome::Success);
        done.filter_map(move |part| {
            Some(Row {
                at: part.ended?,
                sharing,
                id: &sharing.order_id,
                detail_id: part.detail_id.clone(),
                number: &sharing.out_order_no,
                receiver: &part.account,
                amount: part.amount,
                comes_back: false,
                remark: &part.description,
            })
        })
    })
}

fn returns(store: &Store) -> impl Iterator<Item = Row<'_>> {
    let done = store
        .pieces::<Return>()
        .filter(|back| back.result == Outcome::Success);
    done.filter_map(|back| {
        Some(Row {
            at: back.ended?,
            sharing: store.piece(&back.out_order_no)?,
            id: &back.return_id,
            detail_id: number_of("3601", &back.return_id),
            number: &back.out_return_no,
            receiver: &back.mchid,
            amount: back.amount,
            comes_back: true,
            remark: &back.description,
        })
    })
}

#[cfg(test)]
mod tests;
