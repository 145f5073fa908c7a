//! One address for several kinds of orders.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use wxpay_proto::{DecodeError, NotificationContent, Plaintext};

#[cfg(feature = "combine")]
use crate::combine;
#[cfg(feature = "partner_pay")]
use crate::partner_pay;
#[cfg(feature = "pay")]
use crate::pay;

/// A payment notification (支付成功通知) of an address that is given to several kinds of orders.
///
/// Where an address serves one kind, read its type at once: `pay::Transaction`, `partner_pay::Transaction`
/// or `combine::CombineTransaction`. Deductions (委托代扣), parking and orders abroad are told by the same
/// event and have types of their own.
///
/// A kind whose feature is not enabled is an error that says so.
///
/// ```
/// # #[cfg(all(feature = "pay", feature = "refund"))]
/// # mod webhook {
/// use wxpay_api::refund::RefundNotification;
/// use wxpay_api::{EventType, PaymentNotification};
/// use wxpay_proto::{ContentError, Notification};
///
/// fn told(notification: &Notification) -> Result<String, ContentError> {
///     Ok(match EventType::from(notification) {
///         EventType::TransactionSuccess => match notification.decode()? {
///             PaymentNotification::Direct(order) => order.out_trade_no,
///             // Partner and combined orders, where their features are enabled.
///             _ => "another kind of order".to_owned(),
///         },
///         EventType::RefundSuccess | EventType::RefundAbnormal | EventType::RefundClosed => {
///             notification.decode::<RefundNotification>()?.out_refund_no
///         }
///         other => format!("not asked for: {other}"),
///     })
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PaymentNotification {
    /// A direct merchant's order (直连商户).
    #[cfg(feature = "pay")]
    Direct(Box<pay::Transaction>),
    /// A sub-merchant's order (服务商).
    #[cfg(feature = "partner_pay")]
    Partner(Box<partner_pay::Transaction>),
    /// A combined order (合单).
    #[cfg(feature = "combine")]
    Combined(Box<combine::CombineTransaction>),
}

impl NotificationContent for PaymentNotification {
    const EVENTS: &'static [&'static str] = &["TRANSACTION.SUCCESS"];

    fn read(plaintext: Plaintext<'_>) -> Result<Self, DecodeError> {
        // Only the outermost names: what they hold is for the type.
        let names: BTreeMap<String, IgnoredAny> = plaintext.json()?;
        if names.contains_key("combine_out_trade_no") {
            combined(plaintext)
        } else if names.contains_key("sp_mchid") {
            partner(plaintext)
        } else {
            direct(plaintext)
        }
    }
}

#[cfg(feature = "pay")]
fn direct(plaintext: Plaintext<'_>) -> Result<PaymentNotification, DecodeError> {
    NotificationContent::read(plaintext).map(|order| PaymentNotification::Direct(Box::new(order)))
}

#[cfg(not(feature = "pay"))]
fn direct(_: Plaintext<'_>) -> Result<PaymentNotification, DecodeError> {
    Err(without("an order of a direct merchant", "pay"))
}

#[cfg(feature = "partner_pay")]
fn partner(plaintext: Plaintext<'_>) -> Result<PaymentNotification, DecodeError> {
    NotificationContent::read(plaintext).map(|order| PaymentNotification::Partner(Box::new(order)))
}

#[cfg(not(feature = "partner_pay"))]
fn partner(_: Plaintext<'_>) -> Result<PaymentNotification, DecodeError> {
    Err(without("an order of a sub-merchant", "partner_pay"))
}

#[cfg(feature = "combine")]
fn combined(plaintext: Plaintext<'_>) -> Result<PaymentNotification, DecodeError> {
    NotificationContent::read(plaintext).map(|order| PaymentNotification::Combined(Box::new(order)))
}

#[cfg(not(feature = "combine"))]
fn combined(_: Plaintext<'_>) -> Result<PaymentNotification, DecodeError> {
    Err(without("a combined order", "combine"))
}

#[cfg(not(all(feature = "pay", feature = "partner_pay", feature = "combine")))]
fn without(kind: &str, feature: &str) -> DecodeError {
    DecodeError::at(
        "",
        format!("it is {kind}: enable the feature `{feature}` of wxpay-api"),
    )
}
