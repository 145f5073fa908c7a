//! Fields as values.

use wxpay_json::{DateTime, Fen};

use crate::error::Wrong;
use crate::record::Record;
use crate::value::fee::{self, Fee};
use crate::value::money::fen_in;
use crate::value::time::Clock;

/// An amount; nothing where the bill has no such column or leaves it empty.
#[inline]
pub(crate) fn amount(record: Record<'_>, column: u8) -> Result<Option<Fen>, Wrong> {
    let (start, end) = record.place(column);
    if start == end {
        return Ok(None);
    }
    match fen_in(record.text.as_bytes(), start, end) {
        Some(amount) => Ok(Some(amount)),
        None => Err(Wrong {
            column,
            problem: "not an amount in yuan with at most two decimals",
        }),
    }
}

#[inline]
pub(crate) fn fee(record: Record<'_>, column: u8) -> Result<Option<Fee>, Wrong> {
    let (start, end) = record.place(column);
    if start == end {
        return Ok(None);
    }
    match fee::read_in(record.text.as_bytes(), start, end) {
        Some(fee) => Ok(Some(fee)),
        None => Err(Wrong {
            column,
            problem: "not a fee in yuan with at most five decimals",
        }),
    }
}

#[inline]
pub(crate) fn time(record: Record<'_>, column: u8, clock: &mut Clock) -> Result<DateTime, Wrong> {
    match clock.read(record.bytes(column)) {
        Some(time) => Ok(time),
        None => Err(Wrong {
            column,
            problem: "not a time like 2024-01-01 10:34:56",
        }),
    }
}
