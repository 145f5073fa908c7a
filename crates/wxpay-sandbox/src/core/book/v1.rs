//! The book as the interfaces of v1 (2014) see it: the same orders and refunds under other names, and
//! what only v1 has besides: deliveries, rights, access tokens.

mod order;
mod refund;
mod rights;
mod state;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_json::Fen;

use super::text::beijing;
use crate::core::v1::Charset;

pub(super) use self::order::payment_notice;
pub(crate) use self::order::{Placing, Report, Trade, Way};
pub(crate) use self::refund::{RefundAsk, RefundName, Refused};
pub(crate) use self::rights::Complaint;
pub(crate) use self::state::{Settings, Standing, State, TOKEN_SECONDS};

/// Seconds from a failed attempt of a notice to the next: eight within half an hour.
pub(super) const SCHEDULE: [i64; 7] = [15, 15, 30, 180, 300, 600, 660];

/// What only an order of v1 has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Terms {
    /// The charset of its package, and of its notice.
    pub(super) charset: Charset,
    pub(super) transport_fee: Option<Fen>,
    pub(super) product_fee: Option<Fen>,
    /// When the merchant is warned that it has not delivered.
    pub(super) alarm: Option<i64>,
    pub(super) delivery: Option<Delivery>,
}

/// What the merchant reported about its delivery (发货通知).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Delivery {
    /// When, as the merchant says.
    at: i64,
    delivered: bool,
}

impl Terms {
    /// For those who look at an order.
    pub(super) fn view(&self, product_id: Option<&str>) -> Value {
        let delivery = self.delivery.map(
            |delivery| json!({ "time": beijing(delivery.at), "delivered": delivery.delivered }),
        );
        json!({
            "input_charset": self.charset.as_str(),
            "product_id": product_id,
            "transport_fee": self.transport_fee,
            "product_fee": self.product_fee,
            "delivery": delivery,
            "delivery_alarm": self.alarm.map(beijing),
        })
    }
}

/// What a message of v1 is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// 支付成功通知: a signed query and signed XML.
    Payment,
    /// 告警通知.
    Alarm,
    /// 维权通知.
    Rights,
}
