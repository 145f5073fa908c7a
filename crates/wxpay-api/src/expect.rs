//! Comparing what WeChat Pay reports with what the merchant knows.
//!
//! A signature proves who sent a notification, not that it is about the order one thinks of: the
//! same address may serve several merchants, and a payer may have paid another order.

#[cfg(feature = "combine")]
mod combine;
#[cfg(any(feature = "pay", feature = "partner_pay", feature = "v2_pay"))]
mod order;
#[cfg(any(feature = "refund", feature = "v2_refund"))]
mod refund;
#[cfg(any(feature = "v2_pay", feature = "v2_refund"))]
mod v2;

use std::error::Error;
use std::fmt;

#[cfg(feature = "combine")]
pub use combine::{ExpectedCombineOrder, ExpectedSubOrder};
#[cfg(any(feature = "pay", feature = "partner_pay", feature = "v2_pay"))]
pub use order::ExpectedOrder;
#[cfg(any(feature = "refund", feature = "v2_refund"))]
pub use refund::ExpectedRefund;

/// What was reported is not what was expected: do not deliver, look into it.
///
/// `Display` names the field and both values: `amount.total: expected 100, received 1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrderMismatch {
    field: String,
    expected: String,
    received: Option<String>,
}

impl OrderMismatch {
    /// The field that differs: `amount.total`, `sub_orders[1].trade_state`.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What was expected.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What was reported; `None` if the field was not there.
    #[must_use]
    pub fn received(&self) -> Option<&str> {
        self.received.as_deref()
    }
}

impl fmt::Display for OrderMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, ", self.field, self.expected)?;
        match &self.received {
            Some(received) => write!(f, "received {received}"),
            None => f.write_str("not there"),
        }
    }
}

impl Error for OrderMismatch {}

/// Compares one field; both sides are shown as they are written on the wire.
#[cfg(any(
    feature = "pay",
    feature = "partner_pay",
    feature = "combine",
    feature = "refund",
    feature = "v2_pay",
    feature = "v2_refund"
))]
fn same<T: PartialEq + ToString>(
    field: &str,
    expected: T,
    received: Option<T>,
) -> Result<(), OrderMismatch> {
    match received {
        Some(received) if received == expected => Ok(()),
        received => Err(OrderMismatch {
            field: field.to_owned(),
            expected: expected.to_string(),
            received: received.map(|received| received.to_string()),
        }),
    }
}
