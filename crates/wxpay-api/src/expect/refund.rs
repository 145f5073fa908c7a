use wxpay_json::Fen;

#[cfg(feature = "refund")]
use super::{OrderMismatch, same};
#[cfg(feature = "refund")]
use crate::refund::{Refund, RefundNotification};

/// A refund as the merchant's own books have it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExpectedRefund {
    /// Number of the merchant that asked for it; a provider's `sp_mchid`.
    pub mchid: String,
    /// The merchant's own order number.
    pub out_trade_no: String,
    /// The merchant's own number of the refund.
    pub out_refund_no: String,
    /// What is refunded.
    pub refund: Fen,
    /// What the whole order cost.
    pub total: Fen,
}

impl ExpectedRefund {
    /// A refund of `refund` out of an order's `total`.
    pub fn new(
        mchid: impl Into<String>,
        out_trade_no: impl Into<String>,
        out_refund_no: impl Into<String>,
        refund: Fen,
        total: Fen,
    ) -> Self {
        Self {
            mchid: mchid.into(),
            out_trade_no: out_trade_no.into(),
            out_refund_no: out_refund_no.into(),
            refund,
            total,
        }
    }
}

#[cfg(feature = "refund")]
impl RefundNotification {
    /// Whether this is about the refund `expected`: merchant, both numbers, both amounts. Whether
    /// the money arrived is what `refund_status` says.
    ///
    /// # Errors
    ///
    /// The first field that differs or is not there.
    pub fn check(&self, expected: &ExpectedRefund) -> Result<(), OrderMismatch> {
        match &self.sp_mchid {
            Some(sp_mchid) => same("sp_mchid", expected.mchid.as_str(), Some(sp_mchid))?,
            None => same("mchid", expected.mchid.as_str(), self.mchid.as_deref())?,
        }
        let amount = (self.amount.refund, self.amount.total);
        numbers(
            expected,
            Some(&self.out_trade_no),
            &self.out_refund_no,
            amount,
        )
    }
}

#[cfg(feature = "refund")]
impl Refund {
    /// Whether this is the refund `expected`: both numbers, both amounts. Answers do not name the
    /// merchant, and whether the money arrived is what `status` says.
    ///
    /// # Errors
    ///
    /// The first field that differs or is not there.
    pub fn check(&self, expected: &ExpectedRefund) -> Result<(), OrderMismatch> {
        let amount = (self.amount.refund, self.amount.total);
        numbers(
            expected,
            self.out_trade_no.as_deref(),
            &self.out_refund_no,
            amount,
        )
    }
}

#[cfg(feature = "refund")]
fn numbers(
    expected: &ExpectedRefund,
    out_trade_no: Option<&str>,
    out_refund_no: &str,
    (refund, total): (Fen, Fen),
) -> Result<(), OrderMismatch> {
    same(
        "out_refund_no",
        expected.out_refund_no.as_str(),
        Some(out_refund_no),
    )?;
    same("out_trade_no", expected.out_trade_no.as_str(), out_trade_no)?;
    same(
        "amount.refund",
        expected.refund.as_fen(),
        Some(refund.as_fen()),
    )?;
    same(
        "amount.total",
        expected.total.as_fen(),
        Some(total.as_fen()),
    )
}
