use wxpay_json::Fen;

#[cfg(any(feature = "pay", feature = "partner_pay"))]
use super::{OrderMismatch, same};

/// An order as the merchant's own books have it.
///
/// ```
/// # #[cfg(feature = "pay")] {
/// use wxpay_api::{ExpectedOrder, pay::Transaction};
/// use wxpay_proto::{Fen, json};
///
/// let notified: Transaction = json::decode(br#"{
///     "appid":"wxd678efh567hg6787","mchid":"1900007291","out_trade_no":"1217752501201407033233368018",
///     "trade_state":"SUCCESS","amount":{"total":1,"payer_total":1,"currency":"CNY"}
/// }"#)?;
/// let order = ExpectedOrder::new(
///     "wxd678efh567hg6787", "1900007291", "1217752501201407033233368018", Fen::new(100),
/// );
/// let mismatch = notified.check(&order).unwrap_err();
/// assert_eq!(mismatch.to_string(), "amount.total: expected 100, received 1");
/// # }
/// # Ok::<(), wxpay_proto::json::DecodeError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExpectedOrder {
    /// App id the order was placed with; a provider's `sp_appid`, in v2 its `appid`.
    pub appid: String,
    /// Number of the merchant that placed it; a provider's `sp_mchid`, in v2 its `mch_id`.
    pub mchid: String,
    /// The sub-merchant's number, for orders placed by a provider.
    pub sub_mchid: Option<String>,
    /// The merchant's own order number.
    pub out_trade_no: String,
    /// What it costs.
    pub total: Fen,
    /// In which currency; CNY unless set otherwise.
    pub currency: String,
}

impl ExpectedOrder {
    /// An order in CNY.
    pub fn new(
        appid: impl Into<String>,
        mchid: impl Into<String>,
        out_trade_no: impl Into<String>,
        total: Fen,
    ) -> Self {
        Self {
            appid: appid.into(),
            mchid: mchid.into(),
            sub_mchid: None,
            out_trade_no: out_trade_no.into(),
            total,
            currency: "CNY".to_owned(),
        }
    }

    /// Sets the sub-merchant (子商户号) of an order placed by a provider.
    #[must_use]
    pub fn sub_mchid(mut self, sub_mchid: impl Into<String>) -> Self {
        self.sub_mchid = Some(sub_mchid.into());
        self
    }

    /// Sets another currency.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = currency.into();
        self
    }
}

#[cfg(feature = "pay")]
impl crate::pay::Transaction {
    /// Whether this is the order `expected`, paid in full: merchant, app id, order number, state
    /// `SUCCESS`, total and currency. What the payer paid after coupons does not matter.
    ///
    /// # Errors
    ///
    /// The first field that differs or is not there.
    pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
        same("mchid", expected.mchid.as_str(), Some(&self.mchid))?;
        same("appid", expected.appid.as_str(), self.appid.as_deref())?;
        same(
            "out_trade_no",
            expected.out_trade_no.as_str(),
            Some(&self.out_trade_no),
        )?;
        same("trade_state", "SUCCESS", Some(self.trade_state.as_str()))?;
        let amount = self.amount.as_ref();
        paid(expected, amount.and_then(|amount| amount.total), || {
            amount?.currency.as_ref().map(crate::Currency::as_str)
        })
    }
}

#[cfg(feature = "partner_pay")]
impl crate::partner_pay::Transaction {
    /// Whether this is the order `expected`, paid in full: provider, sub-merchant, the provider's
    /// app id, order number, state `SUCCESS`, total and currency.
    ///
    /// `expected` has to name the sub-merchant.
    ///
    /// # Errors
    ///
    /// The first field that differs or is not there.
    pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
        same("sp_mchid", expected.mchid.as_str(), Some(&self.sp_mchid))?;
        let sub_mchid = expected.sub_mchid.as_deref().unwrap_or_default();
        same("sub_mchid", sub_mchid, Some(&self.sub_mchid))?;
        same(
            "sp_appid",
            expected.appid.as_str(),
            self.sp_appid.as_deref(),
        )?;
        same(
            "out_trade_no",
            expected.out_trade_no.as_str(),
            Some(&self.out_trade_no),
        )?;
        same("trade_state", "SUCCESS", Some(self.trade_state.as_str()))?;
        let amount = self.amount.as_ref();
        paid(expected, amount.and_then(|amount| amount.total), || {
            amount?.currency.as_ref().map(crate::Currency::as_str)
        })
    }
}

#[cfg(any(feature = "pay", feature = "partner_pay"))]
fn paid<'a>(
    expected: &ExpectedOrder,
    total: Option<Fen>,
    currency: impl FnOnce() -> Option<&'a str>,
) -> Result<(), OrderMismatch> {
    same(
        "amount.total",
        expected.total.as_fen(),
        total.map(Fen::as_fen),
    )?;
    same("amount.currency", expected.currency.as_str(), currency())
}
