//! Tenpay's refunds.

use std::fmt;

use wxpay_json::check::{self, Check};
use wxpay_json::{DecodeError, Fen, Sensitive, open_enum};
use wxpay_proto::Idempotency;
use wxpay_proto::http::Method;
use wxpay_proto::v1::{Form, Host, Operation, OperationInfo, OperatorPassword, Reply, Request};

use super::trade::{OrderRef, echoed};

open_enum! {
    /// Whose money a refund is (退款类型).
    pub enum RefundType {
        /// The merchant's account (商户号余额退款), unless something else is asked for.
        MerchantAccount = "1",
        /// The cash account (现金帐号退款).
        CashAccount = "2",
        /// The merchant's account first, then the cash account.
        MerchantThenCash = "3",
    }
}

open_enum! {
    /// Where a refund goes (退款渠道).
    pub enum RefundChannel {
        /// To Tenpay.
        Tenpay = "0",
        /// To the bank.
        Bank = "1",
    }
}

/// Pays back (财付通退款): `POST /refundapi/gateway/refund.xml` of `mch.tenpay.com`, with the client certificate.
///
/// The same [`out_refund_no`](Self::out_refund_no) is the same refund, however often it is sent: after an answer that did
/// not come, send it again as it is. A new number is a second refund.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TenpayRefund {
    /// The order.
    pub order: OrderRef,
    /// The merchant's own number of the refund (商户退款单号): 1 to 32 letters and digits.
    pub out_refund_no: String,
    /// What the order cost.
    pub total_fee: Fen,
    /// What is paid back.
    pub refund_fee: Fen,
    /// Who does it (操作员帐号); the merchant number itself unless set.
    pub op_user_id: Option<String>,
    /// Their password. Its MD5 is sent.
    pub password: OperatorPassword,
    /// Another Tenpay account to pay to.
    pub recv_user_id: Option<String>,
    /// The name of its owner.
    pub recv_user_name: Option<Sensitive>,
    /// Whose money it is.
    pub refund_type: Option<RefundType>,
    /// Where Tenpay tells the result.
    pub notify_url: Option<String>,
}

impl TenpayRefund {
    /// What is always needed; the rest has setters.
    pub fn new(
        order: OrderRef,
        out_refund_no: impl Into<String>,
        total_fee: Fen,
        refund_fee: Fen,
        password: OperatorPassword,
    ) -> Self {
        Self {
            order,
            out_refund_no: out_refund_no.into(),
            total_fee,
            refund_fee,
            op_user_id: None,
            password,
            recv_user_id: None,
            recv_user_name: None,
            refund_type: None,
            notify_url: None,
        }
    }

    /// Sets [`op_user_id`](Self::op_user_id) (操作员帐号).
    #[must_use]
    pub fn op_user_id(mut self, op_user_id: impl Into<String>) -> Self {
        self.op_user_id = Some(op_user_id.into());
        self
    }

    /// Sets another account to pay to, and the name of its owner (接收人帐号, 接收人姓名).
    #[must_use]
    pub fn receiver(mut self, user_id: impl Into<String>, name: impl Into<Sensitive>) -> Self {
        self.recv_user_id = Some(user_id.into());
        self.recv_user_name = Some(name.into());
        self
    }

    /// Sets [`refund_type`](Self::refund_type) (退款类型).
    #[must_use]
    pub fn refund_type(mut self, refund_type: RefundType) -> Self {
        self.refund_type = Some(refund_type);
        self
    }

    /// Sets [`notify_url`](Self::notify_url) (通知地址).
    #[must_use]
    pub fn notify_url(mut self, notify_url: impl Into<String>) -> Self {
        self.notify_url = Some(notify_url.into());
        self
    }
}

impl Request for TenpayRefund {
    fn info(&self) -> OperationInfo {
        let (name, path) = ("v1.tenpay_refund", "/refundapi/gateway/refund.xml");
        let number = Idempotency::MerchantNumber;
        OperationInfo::tenpay(name, Host::TenpayMerchant, path, number)
            .method(Method::POST)
            .with_certificate()
    }

    fn check(&self) -> Check {
        self.order.check()?;
        super::number("out_refund_no", &self.out_refund_no)?;
        check::range("total_fee", self.total_fee, 1, i64::MAX)?;
        check::range("refund_fee", self.refund_fee, 1, self.total_fee.as_fen())?;
        check::text("op_user_id", &self.op_user_id, 1, 64)?;
        check::text("recv_user_id", &self.recv_user_id, 1, 64)?;
        check::text("reccv_user_name", &self.recv_user_name, 1, 32)?;
        check::url("notify_url", &self.notify_url, 255)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        // From 1.1 on the password is sent as its MD5.
        form.text("service_version", "1.1");
        form.text(self.order.name(), self.order.value());
        form.text("out_refund_no", self.out_refund_no.as_str());
        form.fen("total_fee", self.total_fee);
        form.fen("refund_fee", self.refund_fee);
        match &self.op_user_id {
            Some(operator) => form.text("op_user_id", operator.as_str()),
            None => form.partner("op_user_id"),
        }
        form.password("op_user_passwd", &self.password);
        form.text("recv_user_id", self.recv_user_id.as_deref());
        // Tenpay's own spelling.
        form.text(
            "reccv_user_name",
            self.recv_user_name.as_ref().map(Sensitive::expose),
        );
        form.text(
            "refund_type",
            self.refund_type.as_ref().map(RefundType::as_str),
        );
        form.text("notify_url", self.notify_url.as_deref());
    }
}

impl Operation for TenpayRefund {
    type Response = TenpayRefunded;

    fn read(&self, reply: &Reply) -> Result<TenpayRefunded, DecodeError> {
        echoed(reply, "out_refund_no", &self.out_refund_no)?;
        let some = |name| reply.get(name).map(str::to_owned);
        Ok(TenpayRefunded {
            out_refund_no: self.out_refund_no.clone(),
            refund_id: some("refund_id"),
            transaction_id: some("transaction_id"),
            out_trade_no: some("out_trade_no"),
            refund_fee: reply.fen("refund_fee")?,
            refund_channel: reply.get("refund_channel").map(RefundChannel::from),
            refund_status: RefundStatus::new(reply.text("refund_status")?),
            recv_user_id: some("recv_user_id"),
            recv_user_name: some("reccv_user_name").map(Sensitive::from),
        })
    }
}

/// A refund that Tenpay has taken. Taken is not done: see [`refund_status`](Self::refund_status).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayRefunded {
    /// The merchant's own number of the refund: the one that was sent.
    pub out_refund_no: String,
    /// Tenpay's number of the refund.
    pub refund_id: Option<String>,
    /// WeChat Pay's number of the trade.
    pub transaction_id: Option<String>,
    /// The merchant's own number of the order.
    pub out_trade_no: Option<String>,
    /// What is paid back.
    pub refund_fee: Fen,
    /// Where it goes.
    pub refund_channel: Option<RefundChannel>,
    /// How far it is.
    pub refund_status: RefundStatus,
    /// The account it goes to, if it was another one.
    pub recv_user_id: Option<String>,
    /// The name of its owner.
    pub recv_user_name: Option<Sensitive>,
}

/// How far a refund is: Tenpay's number (`refund_status`, `refund_state_$n`) and what it means.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RefundStatus(Box<str>);

/// What a [`RefundStatus`] means.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RefundState {
    /// Done (4, 10).
    Succeeded,
    /// Failed for good (3, 5, 6). Whether to try with a new number is the merchant's to decide.
    Failed,
    /// On its way (8, 9, 11): ask again later.
    Processing,
    /// Not decided (1, 2): send it again **with the same `out_refund_no`**.
    Undetermined,
    /// The payer's card takes nothing any more (7, 转入代发): the money is back in the merchant's cash account and has
    /// to be paid by hand.
    PayByHand,
    /// A number that this version does not know: neither done nor failed, ask again later.
    Unknown,
}

impl RefundStatus {
    pub(super) fn new(code: &str) -> Self {
        Self(code.into())
    }

    /// Tenpay's number.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0
    }

    /// What it means.
    #[must_use]
    pub fn state(&self) -> RefundState {
        match &*self.0 {
            "4" | "10" => RefundState::Succeeded,
            "3" | "5" | "6" => RefundState::Failed,
            "8" | "9" | "11" => RefundState::Processing,
            "1" | "2" => RefundState::Undetermined,
            "7" => RefundState::PayByHand,
            _ => RefundState::Unknown,
        }
    }

    /// What it means and what to do, for people.
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self.state() {
            RefundState::Succeeded => "done",
            RefundState::Failed => "failed; decide whether to try again with a new out_refund_no",
            RefundState::Processing => "on its way; ask again later",
            RefundState::Undetermined => "not decided; send it again with the same out_refund_no",
            RefundState::PayByHand => {
                "the card takes nothing any more and the money is back in the cash account; pay it by hand"
            }
            RefundState::Unknown => "a status that is not known here; ask again later",
        }
    }
}

impl fmt::Display for RefundStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.meaning())
    }
}
