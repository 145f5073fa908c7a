//! `orderquery` of the platform.

use serde::Deserialize;
use wxpay_json::check::Check;
use wxpay_json::{DecodeError, Fen};
use wxpay_proto::Idempotency;
use wxpay_proto::v1::{
    ExpectedOrder, Form, Operation, OperationInfo, OrderMismatch, Reply, Request, TradeState,
};

use super::{lenient, trade};

/// Asks for an order (订单查询): `POST /pay/orderquery`, with an access token.
///
/// The answer is not signed: the TLS connection is all there is to believe. [`TenpayOrderQuery`](super::TenpayOrderQuery)
/// is answered with a signature.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OrderQuery {
    /// The merchant's own number of the order (商户订单号).
    pub out_trade_no: String,
}

impl OrderQuery {
    /// By the merchant's own number.
    pub fn new(out_trade_no: impl Into<String>) -> Self {
        Self {
            out_trade_no: out_trade_no.into(),
        }
    }
}

impl Request for OrderQuery {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform("v1.order_query", "/pay/orderquery", Idempotency::Safe)
    }

    fn check(&self) -> Check {
        super::number("out_trade_no", &self.out_trade_no)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.appid("appid");
        form.order_reference("package", &self.out_trade_no);
        form.timestamp("timestamp");
    }
}

impl Operation for OrderQuery {
    type Response = OrderInfo;

    fn read(&self, reply: &Reply) -> Result<OrderInfo, DecodeError> {
        #[derive(Deserialize)]
        struct Answer {
            order_info: OrderInfo,
        }
        let Answer { order_info } = reply.json()?;
        let other = |number: &String| *number != self.out_trade_no;
        if order_info.out_trade_no.as_ref().is_some_and(other) {
            let message = "another order than was asked for";
            return Err(DecodeError::at("order_info.out_trade_no", message));
        }
        Ok(order_info)
    }
}

/// An order as the platform has it. Where [`ret_code`](Self::ret_code) is not `0` there is nothing else in it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[non_exhaustive]
pub struct OrderInfo {
    /// `0` where the order was found.
    #[serde(deserialize_with = "code")]
    pub ret_code: String,
    /// Why it was not.
    #[serde(default, deserialize_with = "lenient::text")]
    pub ret_msg: Option<String>,
    /// `GBK` or `UTF-8`: the charset of the order.
    #[serde(default, deserialize_with = "lenient::text")]
    pub input_charset: Option<String>,
    /// How the trade ended; `0` is paid.
    #[serde(default, deserialize_with = "lenient::text")]
    pub trade_state: Option<String>,
    /// `1`: at once.
    #[serde(default, deserialize_with = "lenient::text")]
    pub trade_mode: Option<String>,
    /// The Tenpay merchant number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub partner: Option<String>,
    /// The bank it was paid from.
    #[serde(default, deserialize_with = "lenient::text")]
    pub bank_type: Option<String>,
    /// The bank's number of the trade.
    #[serde(default, deserialize_with = "lenient::text")]
    pub bank_billno: Option<String>,
    /// What was paid.
    #[serde(default, deserialize_with = "lenient::fen")]
    pub total_fee: Option<Fen>,
    /// The currency; `1` is CNY.
    #[serde(default, deserialize_with = "lenient::text")]
    pub fee_type: Option<String>,
    /// WeChat Pay's number of the trade.
    #[serde(default, deserialize_with = "lenient::text")]
    pub transaction_id: Option<String>,
    /// The merchant's own number of the order.
    #[serde(default, deserialize_with = "lenient::text")]
    pub out_trade_no: Option<String>,
    /// Whether it was split among several.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_split: bool,
    /// Whether there was a refund.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_refund: bool,
    /// What the package had in `attach`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub attach: Option<String>,
    /// When it was paid, `yyyyMMddHHmmss` in Beijing.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time_end: Option<String>,
    /// What transport cost.
    #[serde(default, deserialize_with = "lenient::fen")]
    pub transport_fee: Option<Fen>,
    /// What the goods cost.
    #[serde(default, deserialize_with = "lenient::fen")]
    pub product_fee: Option<Fen>,
    /// What a discount took off.
    #[serde(default, deserialize_with = "lenient::fen")]
    pub discount: Option<Fen>,
    /// What was paid, in CNY.
    #[serde(default, deserialize_with = "lenient::fen")]
    pub rmb_total_fee: Option<Fen>,
}

fn code<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let code = lenient::text(deserializer)?;
    code.ok_or_else(|| serde::de::Error::custom("the code is empty"))
}

impl OrderInfo {
    /// Whether the order was found and is paid.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.ret_code == "0" && self.trade_state.as_deref() == Some(TradeState::Paid.as_str())
    }

    /// Whether this is the order `expected`, found and paid in full. The answer does not say the app.
    ///
    /// # Errors
    ///
    /// The first field that differs.
    pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
        OrderMismatch::compare("ret_code", "0", &self.ret_code)?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let received = trade::Reported {
            partner: &text(&self.partner),
            out_trade_no: &text(&self.out_trade_no),
            trade_state: &text(&self.trade_state),
            total_fee: self.total_fee,
            discount: self.discount,
        };
        received.check(expected)
    }
}
