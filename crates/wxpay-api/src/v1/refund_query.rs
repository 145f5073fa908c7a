//! Asking for Tenpay's refunds.

use std::collections::BTreeSet;

use wxpay_json::check::Check;
use wxpay_json::{DateTime, DecodeError, Fen, Sensitive};
use wxpay_proto::Idempotency;
use wxpay_proto::v1::{Form, Host, Operation, OperationInfo, Reply, Request};

use super::refund::{RefundChannel, RefundStatus};
use super::trade::OrderRef;

/// What refunds are found by.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefundRef {
    /// Tenpay's number of the refund: this one.
    RefundId(String),
    /// The merchant's own number of the refund: this one.
    OutRefundNo(String),
    /// All refunds of an order.
    Order(OrderRef),
}

impl RefundRef {
    const fn name(&self) -> &'static str {
        match self {
            Self::RefundId(_) => "refund_id",
            Self::OutRefundNo(_) => "out_refund_no",
            Self::Order(order) => order.name(),
        }
    }

    fn value(&self) -> &str {
        match self {
            Self::RefundId(value) | Self::OutRefundNo(value) => value,
            Self::Order(order) => order.value(),
        }
    }
}

/// Asks for refunds (财付通退款查询): `GET /gateway/normalrefundquery.xml` of `gw.tenpay.com`.
///
/// [`ApiError::is_not_found`](wxpay_proto::v1::ApiError::is_not_found) tells where there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayRefundQuery {
    /// Which.
    pub refund: RefundRef,
}

impl TenpayRefundQuery {
    /// By one number.
    #[must_use]
    pub const fn new(refund: RefundRef) -> Self {
        Self { refund }
    }
}

impl Request for TenpayRefundQuery {
    fn info(&self) -> OperationInfo {
        let (name, path) = ("v1.tenpay_refund_query", "/gateway/normalrefundquery.xml");
        OperationInfo::tenpay(name, Host::TenpayGateway, path, Idempotency::Safe)
    }

    fn check(&self) -> Check {
        super::number(self.refund.name(), self.refund.value())
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("service_version", "1.1");
        form.text(self.refund.name(), self.refund.value());
    }
}

impl Operation for TenpayRefundQuery {
    type Response = TenpayRefunds;

    fn read(&self, reply: &Reply) -> Result<TenpayRefunds, DecodeError> {
        let refunds = TenpayRefunds::read(reply)?;
        let (name, asked) = (self.refund.name(), self.refund.value());
        let found = match &self.refund {
            RefundRef::Order(_) => reply.get(name) == Some(asked),
            RefundRef::RefundId(_) => refunds
                .refunds
                .iter()
                .any(|refund| refund.refund_id == asked),
            RefundRef::OutRefundNo(_) => refunds
                .refunds
                .iter()
                .any(|refund| refund.out_refund_no == asked),
        };
        if found {
            Ok(refunds)
        } else {
            Err(DecodeError::at(
                name,
                "of something else than was asked for",
            ))
        }
    }
}

/// The refunds of an order; the answer was signed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayRefunds {
    /// WeChat Pay's number of the trade.
    pub transaction_id: Option<String>,
    /// The merchant's own number of the order.
    pub out_trade_no: Option<String>,
    /// Each of them.
    pub refunds: Vec<TenpayRefundRecord>,
}

/// One refund.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayRefundRecord {
    /// The merchant's own number of the refund.
    pub out_refund_no: String,
    /// Tenpay's number of the refund.
    pub refund_id: String,
    /// Where it goes.
    pub refund_channel: Option<RefundChannel>,
    /// What is paid back.
    pub refund_fee: Fen,
    /// How far it is.
    pub status: RefundStatus,
    /// The account it goes to, if it was another one.
    pub recv_user_id: Option<String>,
    /// The name of its owner.
    pub recv_user_name: Option<Sensitive>,
    /// When it was asked for.
    pub begin_time: Option<DateTime>,
    /// When it was done.
    pub end_time: Option<DateTime>,
}

impl TenpayRefunds {
    fn read(reply: &Reply) -> Result<Self, DecodeError> {
        let numbers = reply.fields().filter_map(|(name, _)| {
            let number = name.strip_prefix("refund_id_")?;
            number.parse::<u32>().ok()
        });
        let numbers: BTreeSet<u32> = numbers.collect();
        let said = reply.text("refund_count")?;
        if said.parse() != Ok(numbers.len()) {
            let message = "another number of refunds is there";
            return Err(DecodeError::at("refund_count", message));
        }
        let refunds = numbers
            .into_iter()
            .map(|number| TenpayRefundRecord::read(reply, number));
        let some = |name| reply.get(name).map(str::to_owned);
        Ok(Self {
            transaction_id: some("transaction_id"),
            out_trade_no: some("out_trade_no"),
            refunds: refunds.collect::<Result<_, _>>()?,
        })
    }
}

impl TenpayRefundRecord {
    fn read(reply: &Reply, number: u32) -> Result<Self, DecodeError> {
        let name = |family: &str| format!("{family}_{number}");
        let some = |family| reply.get(&name(family)).map(str::to_owned);
        Ok(Self {
            out_refund_no: reply.text(&name("out_refund_no"))?.to_owned(),
            refund_id: reply.text(&name("refund_id"))?.to_owned(),
            refund_channel: some("refund_channel").map(RefundChannel::from),
            refund_fee: reply.fen(&name("refund_fee"))?,
            status: RefundStatus::new(reply.text(&name("refund_state"))?),
            recv_user_id: some("recv_user_id"),
            recv_user_name: some("reccv_user_name").map(Sensitive::from),
            begin_time: reply.time_opt(&name("refund_time_begin"))?,
            end_time: reply.time_opt(&name("refund_time"))?,
        })
    }
}
