//! Fund flow and profit sharing bills.

use wxpay_bill::reconcile::{Entry, EntryKind, OwnedEntry, Reconciler, Records, Report};
use wxpay_bill::{
    Direction, Error, Fee, Fen, FundFlowBill, FundFlowSummary, ProfitSharingBill, Reader, TradeBill,
};

use crate::day::{Day, STORE};
use crate::shop::DAY;
use crate::trades::{self, target};

/// 资金流水 without what the merchant cannot know.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Flow {
    booked: i64,
    name: String,
    comes_in: bool,
    amount: i64,
    business_id: String,
    voucher_id: String,
}

pub(crate) fn read(
    mut bill: FundFlowBill<Reader<&[u8]>>,
) -> Result<(Vec<Flow>, FundFlowSummary), Error> {
    let mut flows = Vec::new();
    let mut balance = Fen::ZERO;
    while let Some(row) = bill.next_row()? {
        let comes_in = row.direction() == Direction::Income;
        let moved = if comes_in {
            balance.checked_add(row.amount())
        } else {
            balance.checked_sub(row.amount())
        };
        balance = moved.unwrap();
        assert_eq!(row.balance(), Some(balance));
        assert_eq!(
            (row.applicant(), row.business_type()),
            ("system", row.business_name())
        );
        assert!(row.remark().contains("总金额"), "{}", row.remark());
        assert!(!row.flow_id().is_empty());
        flows.push(Flow {
            booked: row.booked_at().as_unix(),
            name: row.business_name().to_owned(),
            comes_in,
            amount: row.amount().as_fen(),
            business_id: row.business_id().to_owned(),
            voucher_id: row.voucher_id().to_owned(),
        });
    }
    Ok((flows, *bill.summary().unwrap()))
}

/// What should have moved on the merchant's account, or on the sub-merchant's. What comes back of fees,
/// and the number of a reversal, are those of the trade bill.
pub(crate) fn expected(day: &mut Day, theirs: bool) -> Vec<Flow> {
    let (file, _) = day.shop.bill(&target("REFUND", false));
    let back = trades::read(TradeBill::from_reader(&file[..])).unwrap();
    let mut flows = Vec::new();
    for trade in &day.trades {
        if trade.sub_mchid.is_some() != theirs {
            continue;
        }
        let mut add = |booked, name: &str, comes_in, amount, id: &str| {
            flows.push(Flow {
                booked,
                name: name.to_owned(),
                comes_in,
                amount,
                business_id: id.to_owned(),
                voucher_id: trade.transaction_id.clone(),
            });
        };
        let Some(refund) = &trade.back else {
            let id = trade.transaction_id.as_str();
            add(trade.paid, "交易", true, trade.total, id);
            let fee = (trade.total * 6 + 500) / 1_000;
            if fee > 0 {
                add(trade.paid, "扣除交易手续费", false, fee, id);
            }
            continue;
        };
        if let Some(succeeded) = refund.succeeded {
            let rows = back.trades.iter().zip(&back.fees);
            let mut rows = rows.filter_map(|(row, fee)| Some((row.back.as_ref()?, fee)));
            let number = refund.out_refund_no.as_str();
            let (row, fee) = rows.find(|(row, _)| row.out_refund_no == number).unwrap();
            let fee = fee.to_fen().unwrap().as_fen();
            let id = row.refund_id.as_deref().unwrap();
            add(succeeded, "退款", false, refund.asked + fee, id);
        }
    }
    flows.sort();
    flows
}

pub(crate) fn assert_is(read: (Vec<Flow>, FundFlowSummary), expected: &[Flow]) {
    let (mut flows, summary) = read;
    flows.sort();
    assert_eq!(flows, expected);
    let of = |comes_in| {
        expected
            .iter()
            .filter(move |flow| flow.comes_in == comes_in)
    };
    let sum = |comes_in| Fen::new(of(comes_in).map(|flow| flow.amount).sum());
    assert_eq!(summary.count, Some(expected.len() as u64));
    assert_eq!(summary.income_count, Some(of(true).count() as u64));
    assert_eq!(summary.expense_count, Some(of(false).count() as u64));
    assert_eq!(
        (summary.income, summary.expense),
        (Some(sum(true)), Some(sum(false)))
    );
}

#[test]
fn what_moved_on_the_account() {
    let mut day = Day::traded();
    let expected = expected(&mut day, false);
    assert_eq!(
        expected.iter().filter(|flow| flow.name == "退款").count(),
        4
    );
    for packed in ["", "&tar_type=GZIP"] {
        let target = format!("/v3/bill/fundflowbill?bill_date={DAY}&account_type=BASIC{packed}");
        let (file, hash) = day.shop.bill(&target);
        let bill = FundFlowBill::from_reader(&file[..]).hash("SHA1", &hash);
        assert_is(read(bill.unwrap()).unwrap(), &expected);
    }
}

#[test]
fn what_was_shared_and_what_came_back() {
    let mut day = Day::traded();
    let (order, mchid) = (
        day.payment("shared"),
        day.shop.identity().mchid().to_owned(),
    );
    for packed in ["", "&tar_type=GZIP"] {
        let target = format!("/v3/profitsharing/bills?bill_date={DAY}{packed}");
        let (file, hash) = day.shop.bill(&target);
        let bill = ProfitSharingBill::from_reader(&file[..]).hash("SHA1", &hash);
        let mut bill = bill.unwrap();
        let mut rows = Vec::new();
        let mut numbers = Vec::new();
        while let Some(row) = bill.next_row().unwrap() {
            assert_eq!((row.initiator(), row.sharer()), (&mchid[..], &mchid[..]));
            assert_eq!(row.transaction_id(), order.transaction_id);
            assert_eq!(row.order_amount(), Some(Fen::new(10_000)));
            assert_eq!(row.status(), "成功");
            assert!(row.time().as_unix() > order.paid);
            let entry = row.entry();
            let receiver = if row.receiver() == mchid {
                "us"
            } else {
                row.receiver()
            };
            rows.push(format!(
                "{} {} {receiver} {} {}",
                entry.kind.name(),
                row.out_order_no(),
                row.amount().as_fen(),
                row.description(),
            ));
            numbers.push(OwnedEntry::from(entry));
        }
        assert_eq!(
            rows,
            [
                format!("share share-1 {STORE} 1500 分给门店,甲"),
                format!("share return return-1 {STORE} 500 用户\\n退款"),
                "share release-1 us 8500 解冻".to_owned(),
            ]
        );
        let summary = bill.summary().unwrap();
        let sums: Vec<&str> = summary.iter().map(|(_, sum)| sum.as_str()).collect();
        assert_eq!(sums, ["3", "100.00", "5.00"]);

        // The books of who keeps the numbers of details.
        let books = [1_500, 500, 8_500].into_iter().zip(&numbers);
        let books = books.map(|(amount, entry)| {
            let kind = if amount == 500 {
                EntryKind::ShareReturn
            } else {
                EntryKind::Share
            };
            OwnedEntry::from(Entry::new(kind, &entry.number, Fen::new(amount)))
        });
        let bill = ProfitSharingBill::from_reader(&file[..]);
        let mut report = Report::new();
        let done = Reconciler::new().run(bill, Records::new(books), |outcome| report.add(&outcome));
        done.unwrap();
        assert!(report.is_clean(), "{report}");
    }
}

#[test]
fn fees_of_trades_are_those_of_the_account() {
    let mut day = Day::traded();
    let (file, _) = day.shop.bill(&target("ALL", false));
    let all = trades::read(TradeBill::from_reader(&file[..])).unwrap();
    // What the account was charged, less what came back on the day: the refund under way is not yet there.
    let settled = all.trades.iter().zip(&all.fees).filter(|(trade, _)| {
        let arrived = |status: &str| ["SUCCESS", "FAIL"].contains(&status);
        trade.sub_mchid.is_none() && trade.back.as_ref().is_none_or(|back| arrived(back.status))
    });
    let fees: i64 = settled.map(|(_, fee): (_, &Fee)| fee.as_millifen()).sum();
    let target = format!("/v3/bill/fundflowbill?bill_date={DAY}");
    let (file, _) = day.shop.bill(&target);
    let (flows, summary) = read(FundFlowBill::from_reader(&file[..])).unwrap();
    let named = |name: &str| -> i64 {
        let flows = flows.iter().filter(|flow| flow.name == name);
        flows.map(|flow| flow.amount).sum()
    };
    let arrived = day.trades.iter().filter(|trade| trade.sub_mchid.is_none());
    let arrived = arrived.filter_map(|trade| trade.back.as_ref());
    let arrived = arrived.filter(|back| back.status == "SUCCESS");
    let arrived: i64 = arrived.map(|back| back.asked).sum();
    let came_back = arrived - named("退款");
    assert!(came_back > 0);
    assert_eq!(fees, (named("扣除交易手续费") - came_back) * 1_000);
    assert_eq!(summary.income, Some(Fen::new(named("交易"))));
}
