//! Bills as text that can be compared, read in every way there is.

use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use wxpay_bill::{
    Bill, BlockingSource, Error, ErrorKind, Fee, Fen, FundFlow, FundFlowSummary, FundFlows, Layout,
    ProfitSharing, ProfitSharings, Record, Records, Trade, TradeSummary, Trades,
};

/// What came of reading a bill.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) rows: Vec<String>,
    /// The errors about single rows, and at the end the one that ended it.
    pub(crate) errors: Vec<Told>,
    /// The summary, at a clean end.
    pub(crate) summary: Option<String>,
}

/// An error as a caller sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Told {
    pub(crate) kind: ErrorKind,
    pub(crate) line: Option<u64>,
    /// Its number.
    pub(crate) column: Option<usize>,
    pub(crate) text: String,
}

impl Outcome {
    /// The error that ended it; panics where there was none.
    pub(crate) fn end(&self) -> &Told {
        assert_eq!(self.summary, None, "it ended well");
        self.errors.last().unwrap()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty() && self.summary.is_some()
    }
}

/// A kind of bill whose rows can be shown.
pub(crate) trait Show: Layout + 'static {
    fn row(row: Self::Row<'_>) -> String;
    fn sums(summary: &Self::Summary) -> String;
}

fn or_dash<T>(value: Option<T>, show: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), show)
}

/// Fen as digits.
pub(crate) fn fen(amount: Option<Fen>) -> String {
    or_dash(amount, |amount| amount.as_fen().to_string())
}

/// Thousandths of a fen as digits.
pub(crate) fn fee(fee: Option<Fee>) -> String {
    or_dash(fee, |fee| fee.as_millifen().to_string())
}

/// The end of a long number.
fn short(text: &str) -> &str {
    &text[text.floor_char_boundary(text.len().saturating_sub(4))..]
}

pub(crate) fn trade(row: Trade<'_>) -> String {
    let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let mut shown = format!(
        "{}: {} {} {} {} total {} settled {} coupon {} fee {} rate {} {} sub {} device {} {} {} {} [{}] [{}]",
        row.record().line(),
        row.trade_time(),
        row.trade_state(),
        short(row.transaction_id()),
        row.out_trade_no(),
        fen(row.total()),
        fen(row.settlement_total()),
        fen(row.coupon_amount()),
        fee(row.fee()),
        row.rate(),
        text(row.rate_remark()),
        text(row.sub_mchid()),
        text(row.device_info()),
        row.trade_type(),
        row.bank_type(),
        row.currency(),
        row.description(),
        row.attach(),
    );
    if let Some(refund) = row.refund() {
        let time = |time: Option<wxpay_bill::DateTime>| or_dash(time, |time| time.to_string());
        let _ = write!(
            shown,
            " refund {} {} {} coupon {} of {} {:?} {:?} {} {}",
            refund.refund_id.map_or("-", short),
            text(refund.out_refund_no),
            fen(refund.amount),
            fen(refund.coupon_amount),
            fen(refund.requested_amount),
            refund.channel,
            refund.status,
            time(refund.create_time),
            time(refund.success_time),
        );
    }
    shown
}

pub(crate) fn trade_summary(sums: &TradeSummary) -> String {
    format!(
        "{:?} total {} settled {} refund {} coupon {} requested {} fee {}",
        sums.count,
        fen(sums.total),
        fen(sums.settlement_total),
        fen(sums.refund),
        fen(sums.coupon_refund),
        fen(sums.requested_refund),
        fee(sums.fee),
    )
}

fn flow(row: FundFlow<'_>) -> String {
    format!(
        "{}: {} {} {} {} {} {:?} {} of {} by {} [{}] {}",
        row.record().line(),
        row.booked_at(),
        short(row.business_id()),
        short(row.flow_id()),
        row.business_name(),
        row.business_type(),
        row.direction(),
        row.amount().as_fen(),
        fen(row.balance()),
        row.applicant(),
        row.remark(),
        row.voucher_id(),
    )
}

fn flow_summary(sums: &FundFlowSummary) -> String {
    format!(
        "{:?}: {:?} {} {:?} {}",
        sums.count,
        sums.income_count,
        fen(sums.income),
        sums.expense_count,
        fen(sums.expense),
    )
}

fn share(row: ProfitSharing<'_>) -> String {
    format!(
        "{}: {} {} {} {} {} {} {} {} {} of {} {} {} [{}]",
        row.record().line(),
        row.time(),
        short(row.initiator()),
        short(row.sharer()),
        short(row.transaction_id()),
        short(row.order_id()),
        short(row.detail_id()),
        row.out_order_no(),
        row.receiver(),
        row.amount().as_fen(),
        fen(row.order_amount()),
        row.business_type(),
        row.status(),
        row.description(),
    )
}

impl Show for Trades {
    fn row(row: Trade<'_>) -> String {
        trade(row)
    }
    fn sums(summary: &TradeSummary) -> String {
        trade_summary(summary)
    }
}

impl Show for FundFlows {
    fn row(row: FundFlow<'_>) -> String {
        flow(row)
    }
    fn sums(summary: &FundFlowSummary) -> String {
        flow_summary(summary)
    }
}

impl Show for ProfitSharings {
    fn row(row: ProfitSharing<'_>) -> String {
        share(row)
    }
    fn sums(summary: &Vec<(String, String)>) -> String {
        format!("{summary:?}")
    }
}

impl Show for Records {
    fn row(row: Record<'_>) -> String {
        format!("{}: {row:?}", row.line())
    }
    fn sums(summary: &Vec<(String, String)>) -> String {
        format!("{summary:?}")
    }
}

/// What an error says, with what it does not say checked on the way.
pub(crate) fn told(error: &Error) -> Told {
    let text = error.to_string();
    assert!(text.len() < 500, "{text}");
    assert!(!text.contains(char::is_control), "{text}");
    if let Some(source) = error.source() {
        assert!(!text.contains(&source.to_string()), "{text}");
    }
    Told {
        kind: error.kind(),
        line: error.line(),
        column: error.column().map(|(number, _)| number),
        text,
    }
}

/// Reads to the end.
pub(crate) fn read<S: BlockingSource, T: Show>(bill: &mut Bill<S, T>) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let next = bill.next_row().map(|row| row.map(T::row));
        match next {
            Ok(Some(row)) => outcome.rows.push(row),
            Ok(None) => {
                assert!(matches!(bill.next_row(), Ok(None)), "it ends once only");
                outcome.summary = Some(bill.summary().map_or_else(String::new, T::sums));
                return outcome;
            }
            Err(error) => {
                outcome.errors.push(told(&error));
                if error.is_row() {
                    continue;
                }
                for _ in 0..2 {
                    match bill.next_row() {
                        Err(error) => assert_eq!(error.kind(), ErrorKind::Ended),
                        Ok(row) => panic!("there was {:?} behind an error", row.map(T::row)),
                    }
                }
                return outcome;
            }
        }
    }
}

/// Reads a slice.
pub(crate) fn slice<T: Show>(bytes: &[u8]) -> Outcome {
    read(&mut Bill::<_, T>::from_slice(bytes))
}

/// Reads from a reader that gives so many bytes at a time.
pub(crate) fn reader<T: Show>(bytes: &[u8], at_a_time: usize) -> Outcome {
    read(&mut Bill::<_, T>::from_reader(Chunks::new(
        bytes, at_a_time,
    )))
}

/// Reads on two threads.
pub(crate) fn overlapped<T: Show>(bytes: &[u8], at_a_time: usize) -> Outcome {
    let reader = Chunks::new(bytes.to_vec(), at_a_time);
    read(&mut Bill::<_, T>::from_reader(reader).overlapped())
}

/// Reads in every way, plain and as gzip, and requires that nothing differs.
pub(crate) fn every_way<T: Show>(bytes: &[u8]) -> Outcome {
    let outcome = slice::<T>(bytes);
    let same = |other: Outcome, how: &dyn Debug| assert_eq!(other, outcome, "{how:?}");
    for at_a_time in [1, 7, 1000, usize::MAX] {
        same(reader::<T>(bytes, at_a_time), &at_a_time);
    }
    for at_a_time in [3, usize::MAX] {
        same(
            overlapped::<T>(bytes, at_a_time),
            &("overlapped", at_a_time),
        );
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = gzip(bytes);
        same(slice::<T>(&packed), &"gzip");
        for at_a_time in [1, 13, usize::MAX] {
            same(reader::<T>(&packed, at_a_time), &("gzip", at_a_time));
        }
        same(overlapped::<T>(&packed, 11), &"gzip, overlapped");
    }
    #[cfg(feature = "tokio")]
    same(asynchronous::<T>(bytes), &"asynchronous");
    outcome
}

/// Reads from an asynchronous reader; what it reads from is always ready.
#[cfg(feature = "tokio")]
fn asynchronous<T: Show>(bytes: &[u8]) -> Outcome {
    let mut bill = Bill::<_, T>::from_async_reader(bytes);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async move {
        let mut outcome = Outcome::default();
        loop {
            let next = bill.next_row().await.map(|row| row.map(T::row));
            match next {
                Ok(Some(row)) => outcome.rows.push(row),
                Ok(None) => {
                    assert!(matches!(bill.next_row().await, Ok(None)));
                    outcome.summary = Some(bill.summary().map_or_else(String::new, T::sums));
                    return outcome;
                }
                Err(error) => {
                    outcome.errors.push(told(&error));
                    if !error.is_row() {
                        return outcome;
                    }
                }
            }
        }
    })
}

/// Gives a few bytes at a time, and is interrupted between.
#[derive(Debug)]
pub(crate) struct Chunks<B> {
    bytes: B,
    at: usize,
    at_a_time: usize,
    interrupted: bool,
}

impl<B: AsRef<[u8]>> Chunks<B> {
    pub(crate) fn new(bytes: B, at_a_time: usize) -> Self {
        Self {
            bytes,
            at: 0,
            at_a_time,
            interrupted: false,
        }
    }
}

impl<B: AsRef<[u8]>> Read for Chunks<B> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(!buf.is_empty(), "room for nothing");
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let rest = &self.bytes.as_ref()[self.at..];
        let count = rest.len().min(buf.len()).min(self.at_a_time);
        buf[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A text with its one occurrence of something replaced.
pub(crate) fn swap(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

/// A text of which one field is another: line and column are counted from 1.
pub(crate) fn set(text: &str, line: usize, column: usize, value: &str) -> String {
    let lines = text.split_inclusive("\r\n").enumerate();
    let lines = lines.map(|(index, whole)| {
        if index + 1 != line {
            return whole.to_owned();
        }
        let inner = whole.strip_suffix("\r\n").unwrap();
        let inner = inner.strip_prefix('`').unwrap();
        let mut fields: Vec<_> = inner.split(",`").collect();
        fields[column - 1] = value;
        format!("`{}\r\n", fields.join(",`"))
    });
    lines.collect()
}

/// A trade bill of three rows in the lines 2 to 4, the summary in line 6.
pub(crate) fn partner() -> &'static str {
    crate::files::text(crate::files::TRADE_PARTNER)
}

/// The last error of a bill, read in every way.
#[track_caller]
pub(crate) fn ends<T: Show>(
    bytes: impl AsRef<[u8]>,
    kind: ErrorKind,
    line: Option<u64>,
    text: &str,
) -> Outcome {
    let outcome = every_way::<T>(bytes.as_ref());
    let end = outcome.end();
    assert_eq!((end.kind, end.line, end.text.as_str()), (kind, line, text));
    outcome
}

/// A bill of so many rows, each of them the first of this one, with right sums.
pub(crate) fn long(rows: usize) -> String {
    let [header, row, ..] = partner().split_inclusive("\r\n").collect::<Vec<_>>()[..] else {
        panic!("no rows")
    };
    let yuan = format!("{}.00", rows * 6);
    format!(
        "{header}{}总交易单数,应结订单总金额\r\n`{rows},`{yuan}\r\n",
        row.repeat(rows)
    )
}
