//! `delivernotify`.

use wxpay_json::DecodeError;
use wxpay_json::check::{self, Check};
use wxpay_proto::v1::{Form, Operation, OperationInfo, Reply, Request};
use wxpay_proto::{Idempotency, Timestamp};

/// Reports that goods were delivered (发货通知): `POST /pay/delivernotify`, with an access token.
///
/// WeChat wants it soon after the payment and raises an alarm (1001) where it does not come.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DeliverNotify {
    /// Who paid.
    pub openid: String,
    /// WeChat Pay's number of the trade (交易单号).
    pub transaction_id: String,
    /// The merchant's own number of the order (商户订单号).
    pub out_trade_no: String,
    /// When it was delivered.
    pub delivered_at: Timestamp,
    /// Whether it was (`deliver_status`): if not, [`message`](Self::message) says why.
    pub delivered: bool,
    /// Something about it (`deliver_msg`), `ok` for instance. 1 to 256 characters.
    pub message: String,
}

impl DeliverNotify {
    /// Everything went well.
    pub fn delivered(
        openid: impl Into<String>,
        transaction_id: impl Into<String>,
        out_trade_no: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            openid: openid.into(),
            transaction_id: transaction_id.into(),
            out_trade_no: out_trade_no.into(),
            delivered_at: at,
            delivered: true,
            message: "ok".to_owned(),
        }
    }

    /// It could not be delivered, for this reason.
    #[must_use]
    pub fn failed(mut self, reason: impl Into<String>) -> Self {
        self.delivered = false;
        self.message = reason.into();
        self
    }
}

impl Request for DeliverNotify {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform(
            "v1.deliver_notify",
            "/pay/delivernotify",
            Idempotency::MerchantNumber,
        )
    }

    fn check(&self) -> Check {
        check::bytes("openid", &self.openid, 1, 128)?;
        super::id("transid", &self.transaction_id)?;
        super::number("out_trade_no", &self.out_trade_no)?;
        check::text("deliver_msg", &self.message, 1, 256)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.appid("appid");
        form.text("openid", self.openid.as_str());
        form.text("transid", self.transaction_id.as_str());
        form.text("out_trade_no", self.out_trade_no.as_str());
        form.seconds("deliver_timestamp", self.delivered_at);
        form.text("deliver_status", if self.delivered { "1" } else { "0" });
        form.text("deliver_msg", self.message.as_str());
    }
}

impl Operation for DeliverNotify {
    type Response = ();

    fn read(&self, _: &Reply) -> Result<(), DecodeError> {
        Ok(())
    }
}
