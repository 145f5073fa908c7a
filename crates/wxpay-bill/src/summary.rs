//! Reading and comparing the fields of a summary.

use wxpay_json::Fen;

use crate::layout::sealed::SummaryError;
use crate::record::Record;
use crate::value::count::count;
use crate::value::fee::{self, Fee};
use crate::value::money::fen;

/// A summary of which fields are taken. A column that is not there is not compared.
pub(crate) struct Summary<'a>(pub(crate) Record<'a>);

impl<'a> Summary<'a> {
    /// A number of rows.
    pub(crate) fn count(
        &self,
        names: &[&str],
        rows: Option<u64>,
    ) -> Result<Option<u64>, SummaryError> {
        self.take(
            names,
            count,
            rows.map(i128::from),
            |number| i128::from(*number),
            |number| number.to_string(),
        )
    }

    /// A sum in yuan with two decimals.
    pub(crate) fn fen(
        &self,
        names: &[&str],
        sum: Option<i128>,
    ) -> Result<Option<Fen>, SummaryError> {
        let read = |text: &str| fen(text.as_bytes());
        self.take(
            names,
            read,
            sum,
            |amount| i128::from(amount.as_fen()),
            |sum| decimals(sum, 100, 2),
        )
    }

    /// A sum in yuan with five decimals.
    pub(crate) fn fee(
        &self,
        names: &[&str],
        sum: Option<i128>,
    ) -> Result<Option<Fee>, SummaryError> {
        let read = |text: &str| fee::read(text.as_bytes());
        self.take(
            names,
            read,
            sum,
            |fee| i128::from(fee.as_millifen()),
            |sum| decimals(sum, 100_000, 5),
        )
    }

    fn take<T>(
        &self,
        names: &[&str],
        read: impl Fn(&'a str) -> Option<T>,
        computed: Option<i128>,
        number: impl Fn(&T) -> i128,
        show: impl Fn(i128) -> String,
    ) -> Result<Option<T>, SummaryError> {
        let Some(column) = self.0.header.find(names) else {
            return Ok(None);
        };
        let text = self.0.at(column);
        // It is told in errors, so it has an end.
        let stated = Some(text).filter(|text| text.len() <= 40).and_then(read);
        let stated = stated.ok_or(SummaryError::Value(column))?;
        match computed {
            Some(computed) if number(&stated) != computed => Err(SummaryError::Differs {
                column,
                stated: text.to_owned(),
                computed: show(computed),
            }),
            _ => Ok(Some(stated)),
        }
    }
}

/// A sum as bills write it.
fn decimals(sum: i128, one: u128, places: usize) -> String {
    let sign = if sum < 0 { "-" } else { "" };
    let sum = sum.unsigned_abs();
    format!("{sign}{}.{:0places$}", sum / one, sum % one)
}
