//! `genprepay`: an order of an app.

use serde::Deserialize;
use wxpay_json::DecodeError;
use wxpay_json::check::{self, Check};
use wxpay_proto::Idempotency;
use wxpay_proto::v1::{Form, Operation, OperationInfo, Package, Reply, Request};

/// Places the order of an app (生成预支付订单): `POST /pay/genprepay`, with an access token.
///
/// Hand the answer to [`Merchant::app_parameters`](wxpay_proto::v1::Merchant::app_parameters).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GenPrepay {
    /// The order, as a package.
    pub package: Package,
    /// The merchant's mark of the user or the call (商家对用户的唯一标识). At most 64 bytes; left out, it takes no part
    /// in the signature either.
    pub trace_id: Option<String>,
}

impl GenPrepay {
    /// Of this package.
    #[must_use]
    pub const fn new(package: Package) -> Self {
        Self {
            package,
            trace_id: None,
        }
    }

    /// Sets [`trace_id`](Self::trace_id).
    #[must_use]
    pub fn trace_id(mut self, trace_id: impl Into<String>) -> Self {
        self.trace_id = Some(trace_id.into());
        self
    }
}

impl Request for GenPrepay {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform(
            "v1.gen_prepay",
            "/pay/genprepay",
            Idempotency::MerchantNumber,
        )
    }

    fn check(&self) -> Check {
        check::bytes("traceid", &self.trace_id, 1, 64)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.appid("appid");
        form.text("traceid", self.trace_id.as_deref());
        form.nonce("noncestr");
        form.package("package", &self.package);
        form.timestamp_number("timestamp");
    }
}

impl Operation for GenPrepay {
    type Response = Prepaid;

    fn read(&self, reply: &Reply) -> Result<Prepaid, DecodeError> {
        let prepaid: Prepaid = reply.json()?;
        if prepaid.prepay_id.is_empty() {
            return Err(DecodeError::at("prepayid", "the field is missing"));
        }
        Ok(prepaid)
    }
}

/// An order that was placed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[non_exhaustive]
pub struct Prepaid {
    /// Its number (预支付订单号).
    #[serde(rename = "prepayid")]
    pub prepay_id: String,
}
