//! The same for v2.

use super::{OrderMismatch, same};

#[cfg(feature = "v2_pay")]
mod pay {
    use wxpay_json::Fen;

    use super::{OrderMismatch, same};
    use crate::v2::pay::{OrderQueryResponse, PaymentNotice};
    use crate::{Currency, ExpectedOrder};

    /// What a notice and an answer have in common.
    struct Reported<'a> {
        mch_id: Option<&'a str>,
        appid: Option<&'a str>,
        sub_mch_id: Option<&'a str>,
        out_trade_no: Option<&'a str>,
        total_fee: Option<Fen>,
        fee_type: Option<&'a Currency>,
    }

    impl Reported<'_> {
        fn is_about(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
            same("mch_id", expected.mchid.as_str(), self.mch_id)?;
            same("appid", expected.appid.as_str(), self.appid)?;
            match (&expected.sub_mchid, self.sub_mch_id) {
                (None, None) => {}
                // An order of a provider's sub-merchant is not the provider's own.
                (expected, received) => same(
                    "sub_mch_id",
                    expected.as_deref().unwrap_or_default(),
                    received,
                )?,
            }
            same(
                "out_trade_no",
                expected.out_trade_no.as_str(),
                self.out_trade_no,
            )
        }

        fn costs(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
            let total = self.total_fee.map(Fen::as_fen);
            same("total_fee", expected.total.as_fen(), total)?;
            // Where nothing is said, it is CNY.
            let currency = self.fee_type.map_or("CNY", Currency::as_str);
            same("fee_type", expected.currency.as_str(), Some(currency))
        }
    }

    impl PaymentNotice {
        /// Whether this is the order `expected`, paid in full: merchant, app id, sub-merchant, order number, total
        /// and currency (CNY where the notice names none). What the payer paid after coupons does not matter.
        ///
        /// # Errors
        ///
        /// The first field that differs or is not there.
        pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
            let reported = Reported {
                mch_id: self.mch_id.as_deref(),
                appid: self.appid.as_deref(),
                sub_mch_id: self.sub_mch_id.as_deref(),
                out_trade_no: Some(&self.out_trade_no),
                total_fee: Some(self.total_fee),
                fee_type: self.fee_type.as_ref(),
            };
            reported.is_about(expected)?;
            reported.costs(expected)
        }
    }

    impl OrderQueryResponse {
        /// Whether this is the order `expected`, paid in full: merchant, app id, sub-merchant, order number, state
        /// `SUCCESS`, total and currency (CNY where the answer names none).
        ///
        /// # Errors
        ///
        /// The first field that differs or is not there.
        pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
            let reported = Reported {
                mch_id: self.mch_id.as_deref(),
                appid: self.appid.as_deref(),
                sub_mch_id: self.sub_mch_id.as_deref(),
                out_trade_no: self.out_trade_no.as_deref(),
                total_fee: self.total_fee,
                fee_type: self.fee_type.as_ref(),
            };
            reported.is_about(expected)?;
            same("trade_state", "SUCCESS", Some(self.trade_state.as_str()))?;
            reported.costs(expected)
        }
    }
}

#[cfg(feature = "v2_refund")]
impl crate::v2::refund::RefundNotice {
    /// Whether this is about the refund `expected`: both numbers, both amounts. The merchant stands outside of the
    /// encrypted part and was looked at when it was opened; whether the money arrived is what `refund_status` says.
    ///
    /// # Errors
    ///
    /// The first field that differs or is not there.
    pub fn check(&self, expected: &crate::ExpectedRefund) -> Result<(), OrderMismatch> {
        let refund_no = expected.out_refund_no.as_str();
        same("out_refund_no", refund_no, Some(&self.out_refund_no))?;
        let order_no = expected.out_trade_no.as_str();
        same("out_trade_no", order_no, self.out_trade_no.as_deref())?;
        let refund = self.refund_fee.as_fen();
        same("refund_fee", expected.refund.as_fen(), Some(refund))?;
        let total = self.total_fee.map(wxpay_json::Fen::as_fen);
        same("total_fee", expected.total.as_fen(), total)
    }
}
