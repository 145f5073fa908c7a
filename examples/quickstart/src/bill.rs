//! A small reader of the trade bill (交易账单): columns by their names, amounts to the fen.
//!
//! The file has a header row, detail rows, a second header row and one row of totals. Values
//! start with a back-tick and may contain commas, so a row is cut at comma-back-tick. Columns
//! come and go over the years: they are looked up by name, never by position.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use wxpay_client::proto::Fen;

/// A trade bill: its rows, and the one row of totals at its end.
#[derive(Debug)]
pub(crate) struct TradeBill {
    /// The trades and refunds of the day, in no order.
    pub(crate) rows: Vec<Row>,
    /// The totals WeChat Pay prints under them.
    pub(crate) totals: Row,
}

/// One row: the values, and the names of their columns.
#[derive(Debug)]
pub(crate) struct Row {
    names: Arc<[String]>,
    values: Vec<String>,
}

impl TradeBill {
    /// Reads a bill from its text, with or without byte order mark, with either kind of line end.
    ///
    /// # Errors
    ///
    /// When the text is not UTF-8 or not laid out like a trade bill; the error has the line.
    pub(crate) fn read(text: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(text).context("the bill is not UTF-8")?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty());

        let (header, _) = lines.next().context("the bill is empty")?;
        let names = split_header(header);
        let mut rows = Vec::new();
        let totals_header = loop {
            let (line, number) = lines.next().context("the bill ends before its totals")?;
            if !line.starts_with('`') {
                break line;
            }
            rows.push(Row::read(&names, line).with_context(|| format!("line {number}"))?);
        };
        let (line, number) = lines.next().context("the bill ends before its totals")?;
        let totals = Row::read(&split_header(totals_header), line)
            .with_context(|| format!("line {number}"))?;
        if let Some((_, number)) = lines.next() {
            bail!("line {number}: nothing was expected after the totals");
        }
        Ok(Self { rows, totals })
    }
}

impl Row {
    fn read(names: &Arc<[String]>, line: &str) -> Result<Self> {
        let line = line
            .strip_prefix('`')
            .context("a value must start with a back-tick")?;
        let values: Vec<String> = line.split(",`").map(str::to_owned).collect();
        ensure!(
            values.len() == names.len(),
            "{} values under {} columns",
            values.len(),
            names.len()
        );
        Ok(Self {
            names: Arc::clone(names),
            values,
        })
    }

    /// The value in the column `name`.
    ///
    /// # Errors
    ///
    /// When the bill has no such column.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        let index = self.names.iter().position(|column| column == name);
        let index = index.with_context(|| format!("the bill has no column {name}"))?;
        Ok(&self.values[index])
    }

    /// The amount in the column `name`, which the bill writes in yuan.
    ///
    /// # Errors
    ///
    /// When the bill has no such column, or the value is not an exact amount.
    pub(crate) fn amount(&self, name: &str) -> Result<Fen> {
        Fen::from_yuan(self.text(name)?).with_context(|| format!("column {name}"))
    }

    /// The count in the column `name`; some bills write it as `45.0`.
    ///
    /// # Errors
    ///
    /// When the bill has no such column, or the value is not a count.
    pub(crate) fn count(&self, name: &str) -> Result<usize> {
        let text = self.text(name)?;
        let whole = text.split_once(".0").map_or(text, |(whole, _)| whole);
        whole
            .parse()
            .with_context(|| format!("column {name} is not a count"))
    }
}

fn split_header(line: &str) -> Arc<[String]> {
    line.split(',')
        .map(|name| name.trim_start_matches('`').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BILL: &str = "\u{feff}交易时间,商户订单号,交易状态,商品名称,订单金额,申请退款金额\r\n\
        `2026-11-21 15:00:01,`A1,`SUCCESS,`tea, black, large,`36.50,`0.00\r\n\
        `2026-11-21 15:00:02,`A1,`REFUND,`tea, black, large,`0.00,`6.50\r\n\
        总交易单数,订单总金额,申请退款总金额\r\n\
        `2.0,`36.50,`6.50\r\n";

    #[test]
    fn values_with_commas_and_columns_by_name() {
        for text in [
            BILL.to_owned(),
            BILL.replace("\r\n", "\n"),
            BILL.replace('\u{feff}', ""),
        ] {
            let bill = TradeBill::read(text.as_bytes()).unwrap();
            assert_eq!(bill.rows.len(), 2);
            assert_eq!(bill.rows[0].text("商品名称").unwrap(), "tea, black, large");
            assert_eq!(bill.rows[0].amount("订单金额").unwrap(), Fen::new(3650));
            assert_eq!(bill.rows[1].amount("申请退款金额").unwrap(), Fen::new(650));
            assert_eq!(bill.totals.count("总交易单数").unwrap(), 2);
            assert_eq!(bill.totals.amount("订单总金额").unwrap(), Fen::new(3650));
            assert!(bill.rows[0].text("手续费").is_err());
            assert!(bill.rows[0].amount("商品名称").is_err());
        }
    }

    #[test]
    fn damaged_bills_are_refused() {
        let cut = BILL.lines().take(3).collect::<Vec<_>>().join("\n");
        let short_row = BILL.replace(",`36.50,`0.00", ",`36.50");
        let more = format!("{BILL}`1,`2\n");
        for (text, problem) in [
            ("", "empty"),
            ("{\"code\":\"NO_STATEMENT_EXIST\"}", "before its totals"),
            (&cut, "before its totals"),
            (&short_row, "line 2"),
            (&more, "after the totals"),
        ] {
            let error = format!("{:#}", TradeBill::read(text.as_bytes()).unwrap_err());
            assert!(error.contains(problem), "{error}");
        }
        assert!(TradeBill::read(b"\xff\xfe").is_err());
    }
}
