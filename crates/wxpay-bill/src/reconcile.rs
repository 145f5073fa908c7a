//! Reconciliation (对账): a bill compared with the merchant's own records, to the fen.
//!
//! Both sides are streams of [`Entry`]: kind and number, amount, and where they are known WeChat
//! Pay's number, the state and the time. Every kind and number comes to one [`Outcome`]: it matches,
//! it is missing on a side, it differs, or a side has it twice.
//!
//! - [`sorted`] merges two sides that come in the same order, in constant memory and without a copy of
//!   either; a database does the sorting well.
//! - A [`Reconciler`] takes entries in any order, as bills have them, and sorts what memory does not
//!   hold in temporary files. It is handed one entry at a time, so the entries may come from
//!   asynchronous code.
//! - A [`Report`] counts and sums the outcomes, keeps the differences, and shows them as text and as
//!   CSV.
//!
//! ```
//! use wxpay_bill::reconcile::{Entry, Reconciler, Records, Report};
//! use wxpay_json::{Date, DateTime, Fen};
//!
//! let paid: DateTime = "2026-02-28T23:59:58+08:00".parse()?;
//! let bill = [
//!     Entry::payment("A2", Fen::new(250)).with_state("SUCCESS"),
//!     Entry::payment("A1", Fen::new(100)).with_state("SUCCESS"),
//!     Entry::refund("R1", Fen::new(100)).with_state("SUCCESS"),
//! ];
//! let books = [
//!     Entry::payment("A1", Fen::new(100)).with_state("SUCCESS"),
//!     Entry::payment("A2", Fen::new(260)).with_state("SUCCESS"),
//!     Entry::payment("A3", Fen::new(5)).with_time(paid),
//!     Entry::refund("R1", Fen::new(100)),
//! ];
//!
//! let mut report = Report::new().day(Date::new(2026, 2, 28)?);
//! Reconciler::new().run(Records::new(bill), Records::new(books), |outcome| {
//!     report.add(&outcome);
//! })?;
//!
//! let lines: Vec<_> = report.differences().iter().map(ToString::to_string).collect();
//! assert_eq!(lines, [
//!     "payment A2: 2.50 yuan in the bill, 2.60 yuan in the books",
//!     "payment A3: 0.05 yuan at 2026-02-28 23:59:58, likely in the bill of 2026-03-01",
//! ]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to compare with what
//!
//! The bill of a day (交易账单; [how to ask for it][trade], [what is in it][format]) has the payments that
//! succeeded and the refunds that were accepted from midnight to midnight in Beijing (UTC+8), and is
//! there from about ten o'clock on the next day. So the books' side of it is:
//!
//! - of the orders, those whose `success_time` (支付完成时间) lies in that day in Beijing, whatever the
//!   time zone of the database, and not those that were created in it; the amount is what the order
//!   was for (订单金额, `amount.total`), before coupons;
//! - of the refunds, those that were accepted on that day, by the refund number and with the amount that
//!   was asked for (申请退款金额); their state is that of the hour in which the bill was made, so one that
//!   arrives later stays `PROCESSING` in it;
//! - of the payments that were reversed (撤销), two entries of the same number: the payment and the
//!   reversal;
//! - the states in the words of the bill. States are compared letter by letter, and only where
//!   both sides have one: leave it out where the books have no such thing.
//!
//! The time of a refund in the books and in the bill is not always of the same day, and neither is
//! that of a payment made at midnight. An entry that is missing on one side is therefore no finding
//! yet: carry it over, by pushing it to the same side again on the next day. What then is still
//! missing is to be looked into, first by querying the order. [`Difference::likely`] marks those that
//! most likely come on the neighbouring day.
//!
//! ```
//! use wxpay_bill::reconcile::{AsEntry, Cause, Entry, Reconciler, Report};
//! use wxpay_json::Fen;
//!
//! # let mut yesterday = Report::new();
//! # let mut reconciler = Reconciler::new();
//! # reconciler.push_books(Entry::payment("A3", Fen::new(5)))?;
//! # reconciler.finish(|outcome| yesterday.add(&outcome))?;
//! let mut reconciler = Reconciler::new();
//! for difference in yesterday.differences() {
//!     match (difference.cause, &difference.bill.first, &difference.books.first) {
//!         (Cause::MissingInBill, _, Some(entry)) => reconciler.push_books(entry.as_entry())?,
//!         (Cause::MissingInBooks, Some(entry), _) => reconciler.push_bill(entry.as_entry())?,
//!         _ => {}
//!     }
//! }
//! // ... and then the entries of today.
//! # reconciler.push_bill(Entry::payment("A3", Fen::new(5)))?;
//! # let mut today = Report::new();
//! # reconciler.finish(|outcome| today.add(&outcome))?;
//! # assert!(today.is_clean());
//! # Ok::<(), wxpay_bill::reconcile::ReconcileError>(())
//! ```
//!
//! [format]: https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
//! [trade]: https://pay.weixin.qq.com/docs/merchant/apis/bill-download/trade-bill/get-trade-bill.html

mod csv;
mod entries;
mod entry;
mod error;
mod join;
mod money;
mod outcome;
mod reconciler;
mod record;
mod report;
mod run;
mod sorter;
mod text;

pub use self::entries::{Entries, Records, TryRecords};
pub use self::entry::{AsEntry, Entry, EntryKind, OwnedEntry, Side};
pub use self::error::ReconcileError;
pub use self::join::sorted;
pub use self::money::{Sum, Tally};
pub use self::outcome::{Fields, Occurrences, Outcome};
pub use self::reconciler::Reconciler;
pub use self::report::{Category, Cause, Difference, Found, Report};
