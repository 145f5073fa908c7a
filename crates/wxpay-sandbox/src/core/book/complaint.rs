//! Complaints of payers (消费者投诉), and what merchants answer.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012289667>. Payers complain through a control. Where the
//! documents leave a choice:
//!
//! - An answer takes a complaint from `PENDING` to `PROCESSING`; the merchant's word that it is settled
//!   ends it, and the payer's next complaint opens it again.
//! - Images that a merchant uploads are kept, fifty of them at most; those of payers are a grey dot.

mod answer;
mod control;
mod image;
mod list;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use self::image::Image;
pub(super) use self::list::page;
use super::modelled::Model;
use super::notice::{Event, Form};
use super::piece::Entry;
use super::{Book, Context, required};
use crate::core::call::{Call, Failure, Reply, numeric};

/// What of the operations is carried out here.
pub(super) const MODEL: Model = &[
    (
        "GET",
        "/v3/merchant-service/complaints-v2",
        Book::list_complaints,
    ),
    (
        "GET",
        "/v3/merchant-service/complaints-v2/{}",
        Book::query_complaint,
    ),
    (
        "GET",
        "/v3/merchant-service/complaints-v2/{}/negotiation-historys",
        Book::query_negotiation,
    ),
    (
        "POST",
        "/v3/merchant-service/complaints-v2/{}/response",
        Book::answer_complaint,
    ),
    (
        "POST",
        "/v3/merchant-service/complaints-v2/{}/response-immediate-service",
        Book::answer_complaint_at_once,
    ),
    (
        "POST",
        "/v3/merchant-service/complaints-v2/{}/complete",
        Book::settle_complaint,
    ),
    (
        "POST",
        "/v3/merchant-service/complaints-v2/{}/update-refund-progress",
        Book::decide_complaint_refund,
    ),
    (
        "POST",
        "/v3/merchant-service/complaint-notifications",
        Book::set_complaint_address,
    ),
    (
        "PUT",
        "/v3/merchant-service/complaint-notifications",
        Book::set_complaint_address,
    ),
    (
        "GET",
        "/v3/merchant-service/complaint-notifications",
        Book::query_complaint_address,
    ),
    (
        "DELETE",
        "/v3/merchant-service/complaint-notifications",
        Book::forget_complaint_address,
    ),
    (
        "POST",
        "/v3/merchant-service/images/upload",
        Book::upload_complaint_image,
    ),
    (
        "GET",
        "/v3/merchant-service/images/{}",
        Book::download_complaint_image,
    ),
];

/// Where the merchant is told of complaints.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Address {
    url: Option<String>,
}

impl Entry for Address {
    fn key(&self) -> String {
        String::new()
    }
}

/// 投诉单状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Pending,
    Processing,
    Processed,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Processed => "PROCESSED",
        }
    }
}

/// A complaint (投诉单).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Complaint {
    id: String,
    out_trade_no: String,
    at: i64,
    detail: String,
    problem: Problem,
    problem_description: String,
    phone: Option<String>,
    openid: Option<String>,
    /// Against whom: the merchant, or a provider's sub-merchant.
    mchid: String,
    refund_amount: Option<i64>,
    images: Vec<String>,
    at_once: bool,
    state: State,
    /// Whether the payer waits for an answer.
    unanswered: bool,
    times: u32,
    in_platform_service: bool,
    history: Vec<Step>,
}

/// 问题类型.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Problem {
    Refund,
    ServiceNotWork,
    #[default]
    Others,
}

impl Problem {
    fn as_str(self) -> &'static str {
        match self {
            Self::Refund => "REFUND",
            Self::ServiceNotWork => "SERVICE_NOT_WORK",
            Self::Others => "OTHERS",
        }
    }
}

/// What somebody did (协商历史).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Step {
    log_id: String,
    operator: String,
    at: i64,
    operate_type: String,
    details: Option<String>,
    images: Vec<String>,
    /// What an answer at once holds.
    message: Option<Value>,
    /// The number such an answer is repeated with.
    idempotent_id: Option<String>,
}

impl Entry for Complaint {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Complaint {
    fn step(&mut self, operator: &str, operate_type: &str, log_id: String, at: i64) -> &mut Step {
        let step = Step {
            log_id,
            operator: operator.to_owned(),
            at,
            operate_type: operate_type.to_owned(),
            details: None,
            images: Vec::new(),
            message: None,
            idempotent_id: None,
        };
        self.history.push(step);
        let last = self.history.len() - 1;
        &mut self.history[last]
    }
}

impl Book {
    pub(super) fn set_complaint_address(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let known = self.complaint_address().is_some();
        if call.method == "POST" && known {
            let message = "通知地址已存在，请使用更新接口";
            let status = http::StatusCode::BAD_REQUEST;
            return Err(Failure::new(
                status,
                "ALREADY_EXISTS",
                numeric::OTHER,
                message,
            ));
        }
        if call.method == "PUT" && !known {
            return Err(no_address());
        }
        let url = required(call, "/url")?.to_owned();
        let reply = self.address_view(&url);
        self.store.put_piece(Address { url: Some(url) });
        Ok(reply)
    }

    pub(super) fn query_complaint_address(
        &mut self,
        _: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let url = self.complaint_address().ok_or_else(no_address)?;
        Ok(self.address_view(url))
    }

    pub(super) fn forget_complaint_address(
        &mut self,
        _: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        self.complaint_address().ok_or_else(no_address)?;
        self.store.put_piece(Address::default());
        Ok(Reply::NoContent)
    }

    fn complaint_address(&self) -> Option<&str> {
        self.store.piece::<Address>("")?.url.as_deref()
    }

    fn address_view(&self, url: &str) -> Reply {
        Reply::ok(json!({ "mchid": self.parties.mchid, "url": url }))
    }

    /// The complaint a call is about.
    fn complaint(&self, call: &Call<'_>) -> Result<&Complaint, Failure> {
        let found = self.store.piece::<Complaint>(call.path("complaint_id"));
        found.ok_or_else(|| Failure::resource_not_exists("投诉单不存在"))
    }

    fn tell_of_complaint(&mut self, complaint: &Complaint, action: &str, at: i64) {
        let Some(url) = self.complaint_address().map(str::to_owned) else {
            return;
        };
        let event_type = match action {
            "CREATE_COMPLAINT" => "COMPLAINT.CREATE",
            _ => "COMPLAINT.STATE_CHANGE",
        };
        self.announce(Event {
            about: Some(complaint.out_trade_no.clone()),
            event_type,
            original_type: "complaint",
            summary: "投诉通知",
            plaintext: json!({ "complaint_id": complaint.id, "action_type": action }),
            form: Form::V3,
            url,
            at,
        });
    }
}

fn no_address() -> Failure {
    Failure::resource_not_exists("未设置投诉通知地址")
}
