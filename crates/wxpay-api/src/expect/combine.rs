use wxpay_json::Fen;

use super::{OrderMismatch, same};
use crate::Currency;
use crate::combine::CombineTransaction;

/// A combined order as the merchant's own books have it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExpectedCombineOrder {
    /// App id of whoever placed it.
    pub combine_appid: String,
    /// Merchant number of whoever placed it.
    pub combine_mchid: String,
    /// The merchant's own number of it.
    pub combine_out_trade_no: String,
    /// Its orders.
    pub sub_orders: Vec<ExpectedSubOrder>,
}

/// One of the orders of a combined order.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExpectedSubOrder {
    /// Number of the merchant that placed it.
    pub mchid: String,
    /// The merchant's own number of it.
    pub out_trade_no: String,
    /// What it costs.
    pub total: Fen,
    /// In which currency.
    pub currency: String,
}

impl ExpectedSubOrder {
    /// An order in CNY.
    pub fn new(mchid: impl Into<String>, out_trade_no: impl Into<String>, total: Fen) -> Self {
        Self {
            mchid: mchid.into(),
            out_trade_no: out_trade_no.into(),
            total,
            currency: "CNY".to_owned(),
        }
    }
}

impl ExpectedCombineOrder {
    /// A combined order of `sub_orders`.
    pub fn new(
        combine_appid: impl Into<String>,
        combine_mchid: impl Into<String>,
        combine_out_trade_no: impl Into<String>,
        sub_orders: impl Into<Vec<ExpectedSubOrder>>,
    ) -> Self {
        Self {
            combine_appid: combine_appid.into(),
            combine_mchid: combine_mchid.into(),
            combine_out_trade_no: combine_out_trade_no.into(),
            sub_orders: sub_orders.into(),
        }
    }
}

impl CombineTransaction {
    /// Whether this is the order `expected` with exactly its orders, all of them paid in full.
    /// The orders may come in any sequence.
    ///
    /// # Errors
    ///
    /// The first field that differs or is not there.
    pub fn check(&self, expected: &ExpectedCombineOrder) -> Result<(), OrderMismatch> {
        same(
            "combine_mchid",
            expected.combine_mchid.as_str(),
            Some(&self.combine_mchid),
        )?;
        same(
            "combine_appid",
            expected.combine_appid.as_str(),
            Some(&self.combine_appid),
        )?;
        let number = expected.combine_out_trade_no.as_str();
        same(
            "combine_out_trade_no",
            number,
            Some(&self.combine_out_trade_no),
        )?;
        same(
            "sub_orders",
            expected.sub_orders.len(),
            Some(self.sub_orders.len()),
        )?;
        for (at, expected) in expected.sub_orders.iter().enumerate() {
            let field = |name: &str| format!("sub_orders[{at}].{name}");
            let number = expected.out_trade_no.as_str();
            let found = self
                .sub_orders
                .iter()
                .find(|order| order.out_trade_no == number && order.mchid == expected.mchid);
            same(
                &field("out_trade_no"),
                number,
                found.map(|order| order.out_trade_no.as_str()),
            )?;
            let state = found.and_then(|order| order.trade_state.as_ref());
            same(
                &field("trade_state"),
                "SUCCESS",
                state.map(|state| state.as_str()),
            )?;
            let amount = found.and_then(|order| order.amount.as_ref());
            let total = amount.map(|amount| amount.total_amount.as_fen());
            same(
                &field("amount.total_amount"),
                expected.total.as_fen(),
                total,
            )?;
            let currency = amount
                .and_then(|amount| amount.currency.as_ref())
                .map(Currency::as_str);
            same(
                &field("amount.currency"),
                expected.currency.as_str(),
                currency,
            )?;
        }
        Ok(())
    }
}
