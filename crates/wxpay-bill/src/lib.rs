#![doc = include_str!("../README.md")]
#![expect(
    unnameable_types,
    reason = "the traits that seal `Layout` and `Source` name types nobody else needs"
)]

mod bill;
mod core;
mod entries;
mod error;
mod field;
mod fund_flow;
mod hash;
mod header;
mod layout;
mod profit_sharing;
mod record;
mod refusal;
mod scan;
mod source;
mod summary;
mod trade;
mod value;
mod words;

pub mod reconcile;

pub use wxpay_json::{Date, DateTime, Fen};

pub use self::bill::{Bill, InvalidHash, Progress};
pub use self::error::{Error, ErrorKind};
pub use self::fund_flow::{Direction, FundFlow, FundFlowSummary, FundFlows};
pub use self::layout::{Layout, Records};
pub use self::profit_sharing::{ProfitSharing, ProfitSharings};
pub use self::record::Record;
#[cfg(feature = "tokio")]
pub use self::source::AsyncReader;
pub use self::source::{BlockingSource, Overlapped, Reader, Slice, Source};
pub use self::trade::{
    RefundChannel, RefundStatus, Trade, TradeRefund, TradeState, TradeSummary, Trades,
};
pub use self::value::fee::{Fee, FeeError};

/// A trade bill (交易账单).
pub type TradeBill<S> = Bill<S, Trades>;

/// A fund flow bill (资金账单).
pub type FundFlowBill<S> = Bill<S, FundFlows>;

/// A profit sharing bill (分账账单).
pub type ProfitSharingBill<S> = Bill<S, ProfitSharings>;

/// A bill of any kind, its rows by column names.
pub type RecordBill<S> = Bill<S, Records>;
