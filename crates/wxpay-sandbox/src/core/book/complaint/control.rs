//! What payers complain of.

use serde::Deserialize;
use serde_json::Value;
use wxpay_sign::Timestamp;

use super::{Complaint, Image, Problem, State, Step};
use crate::core::book::{Book, Unheard};
use crate::core::random::Ids;

/// A new complaint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grievance {
    /// The order it is about, which was paid.
    out_trade_no: String,
    #[serde(default = "usual_detail")]
    detail: String,
    #[serde(default)]
    problem_type: Problem,
    #[serde(default)]
    problem_description: Option<String>,
    /// In fen.
    #[serde(default)]
    apply_refund_amount: Option<i64>,
    #[serde(default)]
    payer_phone: Option<String>,
    /// How many images come along.
    #[serde(default)]
    images: u8,
    #[serde(default)]
    need_immediate_service: bool,
}

fn usual_detail() -> String {
    "商家未发货，申请退款".to_owned()
}

/// What a payer, or WeChat Pay, does about a complaint that is there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Action {
    ContinueComplaint,
    UserResponse,
    ResponseByPlatform,
    UserApplyPlatformService,
    UserCancelPlatformService,
    PlatformServiceFinished,
}

impl Action {
    /// What the merchant is told, who did it, and what the history says.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ContinueComplaint => ("CONTINUE_COMPLAINT", "投诉人", "USER_CONTINUE_COMPLAINT"),
            Self::UserResponse => ("USER_RESPONSE", "投诉人", "USER_RESPONSE"),
            Self::ResponseByPlatform => ("RESPONSE_BY_PLATFORM", "平台", "PLATFORM_RESPONSE"),
            Self::UserApplyPlatformService => (
                "USER_APPLY_PLATFORM_SERVICE",
                "投诉人",
                "USER_APPLY_PLATFORM_SERVICE",
            ),
            Self::UserCancelPlatformService => (
                "USER_CANCEL_PLATFORM_SERVICE",
                "投诉人",
                "USER_CANCEL_PLATFORM_SERVICE",
            ),
            Self::PlatformServiceFinished => (
                "PLATFORM_SERVICE_FINISHED",
                "平台",
                "PLATFORM_SERVICE_FINISHED",
            ),
        }
    }
}

/// What is done about a complaint, and what is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deed {
    action: Action,
    #[serde(default)]
    content: Option<String>,
}

impl Book {
    /// All complaints.
    pub(crate) fn complaints_seen(&self) -> Value {
        let complaints = self.store.pieces::<Complaint>();
        complaints.map(|it| self.seen(it)).collect()
    }

    pub(crate) fn complaint_seen(&self, id: &str) -> Result<Value, Unheard> {
        let complaint = self.store.piece::<Complaint>(id).ok_or(Unheard::Unknown)?;
        Ok(self.seen(complaint))
    }

    fn seen(&self, complaint: &Complaint) -> Value {
        let mut seen = self.complaint_view(complaint, "");
        let steps = complaint.history.iter();
        let steps: Vec<Value> = steps.map(|step: &Step| step.view("")).collect();
        seen.insert("history".to_owned(), steps.into());
        Value::Object(seen)
    }

    /// Somebody complains of an order that was paid.
    pub(crate) fn complain(
        &mut self,
        grievance: Grievance,
        now: Timestamp,
        ids: &mut Ids,
    ) -> Result<Value, Unheard> {
        let at = now.as_unix();
        let order = self
            .store
            .order(&grievance.out_trade_no)
            .ok_or(Unheard::Unknown)?;
        let paid = order.payment.as_ref().ok_or(Unheard::TooLate)?;
        let room = self.store.has_room_for_piece::<Complaint>();
        if !room || !self.store.has_room_for_piece::<Image>() {
            return Err(Unheard::TooLate);
        }
        let owner = &order.owner;
        let images = 0..grievance.images.min(4);
        let images: Vec<String> = images
            .map(|_| format!("payer_{}", ids.alphanumeric(32)))
            .collect();
        let mut complaint = Complaint {
            id: format!("2000000{}", ids.digits(20)),
            out_trade_no: grievance.out_trade_no,
            at,
            detail: grievance.detail,
            problem: grievance.problem_type,
            problem_description: grievance
                .problem_description
                .unwrap_or_else(|| "不满意商家服务".to_owned()),
            phone: Some(
                grievance
                    .payer_phone
                    .unwrap_or_else(|| "13900000000".to_owned()),
            ),
            openid: paid.payer.openid.clone(),
            mchid: owner
                .sub_mchid
                .clone()
                .unwrap_or_else(|| owner.mchid.clone()),
            refund_amount: grievance.apply_refund_amount,
            images: images.clone(),
            at_once: grievance.need_immediate_service,
            state: State::Pending,
            unanswered: true,
            times: 1,
            in_platform_service: false,
            history: Vec::new(),
        };
        let details = complaint.detail.clone();
        let step = complaint.step("投诉人", "USER_CREATE_COMPLAINT", ids.digits(24), at);
        step.details = Some(details);
        step.images = images.clone();
        for image in images {
            self.store.put_piece(Image::of_payer(image));
        }
        self.tell_of_complaint(&complaint, "CREATE_COMPLAINT", at);
        let seen = self.seen(&complaint);
        self.store.put_piece(complaint);
        Ok(seen)
    }

    /// Something is done about a complaint.
    pub(crate) fn complain_on(
        &mut self,
        id: &str,
        deed: Deed,
        now: Timestamp,
        ids: &mut Ids,
    ) -> Result<Value, Unheard> {
        let at = now.as_unix();
        let known = self.store.piece::<Complaint>(id).ok_or(Unheard::Unknown)?;
        let mut complaint = known.clone();
        let settled = complaint.state == State::Processed;
        match deed.action {
            Action::ContinueComplaint if settled => {
                complaint.state = State::Pending;
                complaint.times += 1;
                complaint.unanswered = true;
            }
            Action::UserResponse if !settled => complaint.unanswered = true,
            Action::ResponseByPlatform => {}
            Action::UserApplyPlatformService if !complaint.in_platform_service => {
                complaint.in_platform_service = true;
            }
            Action::UserCancelPlatformService | Action::PlatformServiceFinished
                if complaint.in_platform_service =>
            {
                complaint.in_platform_service = false;
            }
            _ => return Err(Unheard::TooLate),
        }
        let (action, operator, operate_type) = deed.action.words();
        let step = complaint.step(operator, operate_type, ids.digits(24), at);
        step.details = deed.content;
        self.tell_of_complaint(&complaint, action, at);
        let seen = self.seen(&complaint);
        self.store.put_piece(complaint);
        Ok(seen)
    }
}
