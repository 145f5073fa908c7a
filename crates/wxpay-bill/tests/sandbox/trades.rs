//! Trade bills, row by row.

use http::Method;
use serde_json::json;
use wxpay_bill::reconcile::EntryKind;
use wxpay_bill::{
    DateTime, Error, Fee, Fen, Reader, RefundChannel, TradeBill, TradeState, TradeSummary,
};

use crate::day::{Back, Day, Trade};
use crate::shop::DAY;

/// What a bill has, in the words of what was traded. `fees` is what the fees come to.
pub(crate) struct Read {
    pub(crate) trades: Vec<Trade>,
    pub(crate) fees: Vec<Fee>,
    pub(crate) summary: TradeSummary,
}

/// Reads a bill to its end, and proves whatever the rows say of themselves.
pub(crate) fn read(mut bill: TradeBill<Reader<&[u8]>>) -> Result<Read, Error> {
    let (mut trades, mut fees) = (Vec::new(), Vec::new());
    let first = |text: &str| -> &'static str {
        let known = [
            "SUCCESS",
            "FAIL",
            "CHANGE",
            "PROCESSING",
            "NATIVE",
            "MICROPAY",
        ];
        known.into_iter().find(|known| *known == text).unwrap()
    };
    while let Some(row) = bill.next_row()? {
        assert_eq!((row.rate(), row.currency()), ("0.60%", "CNY"));
        assert_eq!(row.coupon_amount(), Some(Fen::ZERO));
        assert_eq!(row.settlement_total(), row.total());
        fees.push(row.fee().unwrap());
        let kind = match row.trade_state() {
            TradeState::Success => EntryKind::Payment,
            TradeState::Refund => EntryKind::Refund,
            TradeState::Revoked => EntryKind::Reversal,
            other => panic!("{other:?}"),
        };
        let total = row.total().unwrap().as_fen();
        let paid = row.trade_time().as_unix();
        let back = row.refund().map(|refund| {
            assert_eq!((total, refund.channel), (0, RefundChannel::Original));
            let (asked, status) = (refund.requested_amount, refund.status.as_str());
            let nothing = status == "FAIL";
            let amount = if nothing { Some(Fen::ZERO) } else { asked };
            assert_eq!(refund.amount, amount);
            assert_eq!(refund.coupon_amount, Some(Fen::ZERO));
            let unix = |time: Option<DateTime>| time.map(DateTime::as_unix);
            Back {
                out_refund_no: refund.out_refund_no.unwrap().to_owned(),
                refund_id: refund.refund_id.map(str::to_owned),
                asked: asked.unwrap().as_fen(),
                at: unix(refund.create_time).unwrap_or(paid),
                succeeded: unix(refund.success_time),
                status: first(status),
            }
        });
        trades.push(Trade {
            kind,
            out_trade_no: row.out_trade_no().to_owned(),
            transaction_id: row.transaction_id().to_owned(),
            sub_mchid: row.sub_mchid().map(str::to_owned),
            trade_type: first(row.trade_type()),
            description: row.description().to_owned(),
            attach: row.attach().to_owned(),
            total,
            paid,
            back,
        });
    }
    Ok(Read {
        trades,
        fees,
        summary: *bill.summary().unwrap(),
    })
}

/// What a bill of this kind can say of the trades of the day, sorted.
pub(crate) fn expected(day: &Day, kind: &str) -> Vec<Trade> {
    let mut trades = day.of_kind(kind);
    for trade in &mut trades {
        let at = trade.at();
        if let Some(back) = &mut trade.back {
            trade.total = 0;
            if kind != "REFUND" {
                trade.paid = at;
                back.succeeded = None;
            }
        }
    }
    trades
}

/// In an order of their own, without what the merchant is not told.
pub(crate) fn settled(mut trades: Vec<Trade>) -> Vec<Trade> {
    for trade in &mut trades {
        if let (EntryKind::Reversal, Some(back)) = (trade.kind, &mut trade.back) {
            back.refund_id = None;
        }
    }
    trades.sort_by_key(|trade| (trade.at(), trade.out_trade_no.clone()));
    trades
}

/// Compares a bill with the trades of the day, its summary included.
pub(crate) fn assert_is(read: &Read, day: &Day, kind: &str) {
    let expected = expected(day, kind);
    let ids = |trades: &[Trade]| {
        let backs = trades.iter().filter_map(|trade| trade.back.as_ref());
        backs.filter(|back| back.refund_id.is_some()).count()
    };
    let reversals = expected
        .iter()
        .filter(|trade| trade.kind == EntryKind::Reversal)
        .count();
    assert_eq!(ids(&read.trades), ids(&expected) + reversals, "{kind}");
    let (rows, expected) = (settled(read.trades.clone()), settled(expected));
    assert_eq!(rows, expected, "{kind}");

    let summary = read.summary;
    let backs = || expected.iter().filter_map(|trade| trade.back.as_ref());
    let total: i64 = expected.iter().map(|trade| trade.total).sum();
    assert_eq!(summary.count, Some(expected.len() as u64));
    assert_eq!(summary.total, Some(Fen::new(total)), "{kind}");
    assert_eq!(summary.settlement_total, summary.total);
    let fees: i64 = read.fees.iter().map(|fee| fee.as_millifen()).sum();
    assert_eq!(summary.fee.map(Fee::as_millifen), Some(fees));
    if kind == "SUCCESS" {
        assert_eq!((summary.refund, summary.requested_refund), (None, None));
    } else {
        let asked: i64 = backs().map(|back| back.asked).sum();
        let gone = backs().filter(|back| back.status != "FAIL");
        let gone: i64 = gone.map(|back| back.asked).sum();
        assert_eq!(summary.refund, Some(Fen::new(gone)), "{kind}");
        assert_eq!(summary.requested_refund, Some(Fen::new(asked)), "{kind}");
        assert_eq!(summary.coupon_refund, Some(Fen::ZERO));
    }
    for (trade, fee) in read.trades.iter().zip(&read.fees) {
        if trade.back.is_none() {
            // 0.60 % of it, to the fen.
            let wanted = (trade.total * 6 + 500) / 1_000 * 1_000;
            assert_eq!(fee.as_millifen(), wanted, "{}", trade.out_trade_no);
        } else {
            assert!(fee.as_millifen() <= 0, "{}", trade.out_trade_no);
        }
    }
}

pub(crate) fn target(kind: &str, packed: bool) -> String {
    let packed = if packed { "&tar_type=GZIP" } else { "" };
    format!("/v3/bill/tradebill?bill_date={DAY}&bill_type={kind}{packed}")
}

#[test]
fn every_kind_plain_and_packed_in_any_order() {
    let mut day = Day::traded();
    for unsorted in [false, true] {
        let settings = json!({ "unsorted": unsorted });
        day.shop.control(Method::PUT, "bills", &settings);
        for kind in ["ALL", "SUCCESS", "REFUND"] {
            for packed in [false, true] {
                let (file, hash) = day.shop.bill(&target(kind, packed));
                assert_eq!(file.starts_with(&[0x1f, 0x8b]), packed);
                let bill = TradeBill::from_reader(&file[..]).hash("SHA1", &hash);
                let read = read(bill.unwrap()).unwrap();
                assert_is(&read, &day, kind);
                let times: Vec<i64> = read.trades.iter().map(Trade::at).collect();
                assert_eq!(times.is_sorted(), !unsorted, "{kind}");
            }
        }
    }
}

#[test]
fn one_sub_merchant_alone() {
    let mut day = Day::traded();
    let sub_mchid = day.shop.identity().sub_mchid().to_owned();
    let target = format!("{}&sub_mchid={sub_mchid}", target("ALL", false));
    let (file, hash) = day.shop.bill(&target);
    let bill = TradeBill::from_reader(&file[..]).hash("SHA1", &hash);
    let read = read(bill.unwrap()).unwrap();
    day.trades.retain(|trade| trade.sub_mchid.is_some());
    assert_eq!(read.trades.len(), 2);
    assert_is(&read, &day, "ALL");
}
