#![doc = include_str!("../README.md")]

mod by_hand;
mod currency;
mod expect;
mod generated;
mod notification;
#[cfg(feature = "_upload")]
mod upload;
#[cfg(feature = "v1")]
pub mod v1;
#[cfg(feature = "_v2")]
pub mod v2;
mod wire;

pub use currency::Currency;
#[cfg(any(feature = "pay", feature = "partner_pay", feature = "v2_pay"))]
pub use expect::ExpectedOrder;
#[cfg(any(feature = "refund", feature = "v2_refund"))]
pub use expect::ExpectedRefund;
pub use expect::OrderMismatch;
#[cfg(feature = "combine")]
pub use expect::{ExpectedCombineOrder, ExpectedSubOrder};
#[allow(
    unreachable_pub,
    unused_imports,
    reason = "without any feature there is nothing in it"
)]
pub use generated::*;
pub use notification::EventType;
#[cfg(any(feature = "pay", feature = "partner_pay", feature = "combine"))]
pub use notification::PaymentNotification;
#[cfg(feature = "_upload")]
pub use upload::FileContent;
