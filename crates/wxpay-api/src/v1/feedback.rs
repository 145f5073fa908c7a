//! `payfeedback/update`.

use wxpay_json::DecodeError;
use wxpay_json::check::{self, Check};
use wxpay_proto::Idempotency;
use wxpay_proto::http::Method;
use wxpay_proto::v1::{Form, Operation, OperationInfo, Reply, Request, Signing};

/// Marks a complaint as settled (标记客户的投诉处理状态): `GET /payfeedback/update`, with an access token.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FeedbackUpdate {
    /// Who has complained.
    pub openid: String,
    /// The number of the complaint (投诉单号).
    pub feedback_id: String,
}

impl FeedbackUpdate {
    /// Of a rights notice.
    pub fn new(openid: impl Into<String>, feedback_id: impl Into<String>) -> Self {
        Self {
            openid: openid.into(),
            feedback_id: feedback_id.into(),
        }
    }
}

impl Request for FeedbackUpdate {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform(
            "v1.feedback_update",
            "/payfeedback/update",
            Idempotency::MerchantNumber,
        )
        .method(Method::GET)
        .signing(Signing::None)
    }

    fn check(&self) -> Check {
        check::bytes("openid", &self.openid, 1, 128)?;
        check::bytes("feedbackid", &self.feedback_id, 1, 64)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("openid", self.openid.as_str());
        form.text("feedbackid", self.feedback_id.as_str());
    }
}

impl Operation for FeedbackUpdate {
    type Response = ();

    fn read(&self, _: &Reply) -> Result<(), DecodeError> {
        Ok(())
    }
}
