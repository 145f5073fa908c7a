//! Trades, as Tenpay has them.

use wxpay_json::check::{self, Check};
use wxpay_json::{DateTime, DecodeError, Fen};
use wxpay_proto::Idempotency;
use wxpay_proto::v1::{
    ExpectedOrder, Form, Host, Operation, OperationInfo, OrderMismatch, Reply, Request, TradeMode,
    TradeState,
};

/// What an order is found by.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OrderRef {
    /// WeChat Pay's number of the trade (交易单号).
    TransactionId(String),
    /// The merchant's own number of the order (商户订单号).
    OutTradeNo(String),
}

impl OrderRef {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::TransactionId(_) => "transaction_id",
            Self::OutTradeNo(_) => "out_trade_no",
        }
    }

    pub(super) fn value(&self) -> &str {
        match self {
            Self::TransactionId(value) | Self::OutTradeNo(value) => value,
        }
    }

    pub(super) fn check(&self) -> Check {
        super::number(self.name(), self.value())
    }
}

/// An answer about something else is genuine and still not the answer: signatures cover no nonce of ours.
pub(super) fn echoed(reply: &Reply, name: &'static str, asked: &str) -> Result<(), DecodeError> {
    match reply.get(name) {
        Some(told) if told == asked => Ok(()),
        Some(_) => Err(DecodeError::at(
            name,
            "of something else than was asked for",
        )),
        None => Err(DecodeError::at(name, "the field is missing")),
    }
}

/// Asks Tenpay whether a notice is genuine (通知验证): `GET /gateway/verifynotifyid.xml` of `gw.tenpay.com`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct VerifyNotifyId {
    /// The `notify_id` of the notice. At most 512 bytes.
    pub notify_id: String,
}

impl VerifyNotifyId {
    /// Of a payment notice.
    pub fn new(notify_id: impl Into<String>) -> Self {
        Self {
            notify_id: notify_id.into(),
        }
    }
}

impl Request for VerifyNotifyId {
    fn info(&self) -> OperationInfo {
        let (name, path) = ("v1.verify_notify_id", "/gateway/verifynotifyid.xml");
        OperationInfo::tenpay(name, Host::TenpayGateway, path, Idempotency::Safe)
    }

    fn check(&self) -> Check {
        check::text("notify_id", &self.notify_id, 1, 512)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("notify_id", self.notify_id.as_str());
    }
}

impl Operation for VerifyNotifyId {
    type Response = TenpayTrade;

    fn read(&self, reply: &Reply) -> Result<TenpayTrade, DecodeError> {
        if reply.get("notify_id").is_some() {
            echoed(reply, "notify_id", &self.notify_id)?;
        }
        TenpayTrade::read(reply)
    }
}

/// Asks Tenpay for a trade (财付通订单查询): `GET /gateway/normalorderquery.xml` of `gw.tenpay.com`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayOrderQuery {
    /// Which.
    pub order: OrderRef,
}

impl TenpayOrderQuery {
    /// By one of its numbers.
    #[must_use]
    pub const fn new(order: OrderRef) -> Self {
        Self { order }
    }
}

impl Request for TenpayOrderQuery {
    fn info(&self) -> OperationInfo {
        let (name, path) = ("v1.tenpay_order_query", "/gateway/normalorderquery.xml");
        OperationInfo::tenpay(name, Host::TenpayGateway, path, Idempotency::Safe)
    }

    fn check(&self) -> Check {
        self.order.check()
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text(self.order.name(), self.order.value());
    }
}

impl Operation for TenpayOrderQuery {
    type Response = TenpayTrade;

    fn read(&self, reply: &Reply) -> Result<TenpayTrade, DecodeError> {
        echoed(reply, self.order.name(), self.order.value())?;
        TenpayTrade::read(reply)
    }
}

/// A trade as Tenpay has it; the answer was signed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayTrade {
    /// The Tenpay merchant number, which is ours.
    pub partner: String,
    /// Whether it was paid.
    pub trade_state: TradeState,
    /// How the trade is made.
    pub trade_mode: Option<TradeMode>,
    /// The merchant's own number of the order.
    pub out_trade_no: String,
    /// WeChat Pay's number of the trade.
    pub transaction_id: String,
    /// What was paid.
    pub total_fee: Fen,
    /// What a discount took off.
    pub discount: Option<Fen>,
    /// What transport cost.
    pub transport_fee: Option<Fen>,
    /// What the goods cost.
    pub product_fee: Option<Fen>,
    /// The currency; `1` is CNY.
    pub fee_type: Option<String>,
    /// When it was paid.
    pub time_end: Option<DateTime>,
    /// What the package had in `attach`.
    pub attach: Option<String>,
    /// The bank it was paid from.
    pub bank_type: Option<String>,
    /// The bank's number of the trade.
    pub bank_billno: Option<String>,
}

impl TenpayTrade {
    fn read(reply: &Reply) -> Result<Self, DecodeError> {
        let some = |name| reply.get(name).map(str::to_owned);
        Ok(Self {
            partner: reply.text("partner")?.to_owned(),
            trade_state: TradeState::from(reply.text("trade_state")?),
            trade_mode: reply.get("trade_mode").map(TradeMode::from),
            out_trade_no: reply.text("out_trade_no")?.to_owned(),
            transaction_id: reply.text("transaction_id")?.to_owned(),
            total_fee: reply.fen("total_fee")?,
            discount: reply.fen_opt("discount")?,
            transport_fee: reply.fen_opt("transport_fee")?,
            product_fee: reply.fen_opt("product_fee")?,
            fee_type: some("fee_type"),
            time_end: reply.time_opt("time_end")?,
            attach: some("attach"),
            bank_type: some("bank_type"),
            bank_billno: some("bank_billno"),
        })
    }

    /// Whether it was paid.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.trade_state == TradeState::Paid
    }

    /// Whether this is the order `expected`, paid in full. The answer does not say the app.
    ///
    /// # Errors
    ///
    /// The first field that differs.
    pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
        let received = Reported {
            partner: &self.partner,
            out_trade_no: &self.out_trade_no,
            trade_state: self.trade_state.as_str(),
            total_fee: Some(self.total_fee),
            discount: self.discount,
        };
        received.check(expected)
    }
}

/// What the two queries report in common.
pub(super) struct Reported<'a> {
    pub(super) partner: &'a str,
    pub(super) out_trade_no: &'a str,
    pub(super) trade_state: &'a str,
    pub(super) total_fee: Option<Fen>,
    pub(super) discount: Option<Fen>,
}

impl Reported<'_> {
    pub(super) fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
        let same = OrderMismatch::compare;
        same("partner", &expected.partner, self.partner)?;
        same("out_trade_no", &expected.out_trade_no, self.out_trade_no)?;
        same("trade_state", TradeState::Paid.as_str(), self.trade_state)?;
        let discount = self.discount.unwrap_or(Fen::ZERO);
        let whole = self.total_fee.and_then(|fee| fee.checked_add(discount));
        let shown = whole
            .map(|fen| fen.as_fen().to_string())
            .unwrap_or_default();
        let total = expected.total_fee.as_fen().to_string();
        same("total_fee", &total, &shown)
    }
}
