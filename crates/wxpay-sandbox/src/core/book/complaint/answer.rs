//! What merchants do about complaints.

use serde_json::{Value, json};

use super::image::Image;
use super::{Complaint, Problem, State};
use crate::core::book::model::Order;
use crate::core::book::{Book, Context, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

/// So many images come with an answer.
const MOST_IMAGES: usize = 4;
/// Who does what the merchant does, in a history.
const MERCHANT: &str = "商户";

impl Book {
    pub(super) fn answer_complaint(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let mut complaint = self.own_complaint(call)?.clone();
        let images = self.images(call, "response_images")?;
        let content = required(call, "/response_content")?.to_owned();
        let now = context.now();
        let log_id = context.ids.digits(24);
        let step = complaint.step(MERCHANT, "MERCHANT_RESPONSE", log_id, now);
        step.details = Some(content);
        step.images = images;
        self.answered(complaint, now);
        Ok(Reply::NoContent)
    }

    pub(super) fn answer_complaint_at_once(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let mut complaint = self.own_complaint(call)?.clone();
        let id = required(call, "/idempotent_id")?;
        let mut history = complaint.history.iter();
        if let Some(step) = history.find(|step| step.idempotent_id.as_deref() == Some(id)) {
            return Ok(Reply::ok(json!({ "log_id": step.log_id })));
        }
        if !complaint.at_once {
            let message = "投诉单不需要即时服务";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        let now = context.now();
        let log_id = context.ids.digits(24);
        let step = complaint.step(MERCHANT, "MERCHANT_RESPONSE", log_id.clone(), now);
        step.message = call.body.get("message").cloned();
        step.idempotent_id = Some(id.to_owned());
        self.answered(complaint, now);
        Ok(Reply::ok(json!({ "log_id": log_id })))
    }

    fn answered(&mut self, mut complaint: Complaint, now: i64) {
        complaint.unanswered = false;
        if complaint.state == State::Pending {
            complaint.state = State::Processing;
        }
        self.tell_of_complaint(&complaint, "MERCHANT_RESPONSE", now);
        self.store.put_piece(complaint);
    }

    pub(super) fn settle_complaint(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let mut complaint = self.own_complaint(context.call)?.clone();
        if complaint.state == State::Processed {
            let message = "投诉单已处理完成";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        let now = context.now();
        let log_id = context.ids.digits(24);
        complaint.step(MERCHANT, "MERCHANT_CONFIRM_COMPLETE", log_id, now);
        complaint.state = State::Processed;
        complaint.unanswered = false;
        self.tell_of_complaint(&complaint, "MERCHANT_CONFIRM_COMPLETE", now);
        self.store.put_piece(complaint);
        Ok(Reply::NoContent)
    }

    pub(super) fn decide_complaint_refund(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let mut complaint = self.complaint(call)?.clone();
        if complaint.problem != Problem::Refund || complaint.state == State::Processed {
            let message = "仅处理中的申请退款类投诉单可更新退款审批结果";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        let approved = required(call, "/action")? == "APPROVE";
        let images = self.images(call, "reject_media_list")?;
        let details = if approved {
            let day = call.integer("/launch_refund_day").unwrap_or(0);
            Some(format!("预计{day}天内发起退款"))
        } else {
            Some(required(call, "/reject_reason")?.to_owned())
        };
        let remark = optional(&call.body, "/remark").map(|remark| format!("，{remark}"));
        let now = context.now();
        let log_id = context.ids.digits(24);
        // The second word is misspelt in the documents and on the wire.
        let (step, action) = if approved {
            ("MERCHANT_APPROVE_REFUND", "MERCHANT_APPROVE_REFUND")
        } else {
            ("MERCHANT_REFUSE_RERUND", "MERCHANT_REJECT_REFUND")
        };
        let step = complaint.step(MERCHANT, step, log_id, now);
        step.details = details.map(|details| details + remark.as_deref().unwrap_or_default());
        step.images = images;
        complaint.state = State::Processing;
        complaint.unanswered = false;
        self.tell_of_complaint(&complaint, action, now);
        self.store.put_piece(complaint);
        Ok(Reply::NoContent)
    }

    /// The complaint of a call that names the merchant it is against.
    fn own_complaint(&self, call: &Call<'_>) -> Result<&Complaint, Failure> {
        let complaint = self.complaint(call)?;
        if required(call, "/complainted_mchid")? != complaint.mchid {
            let message = "被诉商户号与投诉单不匹配";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        Ok(complaint)
    }

    /// The images that come along, which were uploaded before.
    fn images(&self, call: &Call<'_>, name: &str) -> Result<Vec<String>, Failure> {
        let items = call.body.get(name).and_then(Value::as_array);
        let images: Vec<String> = items
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let at = format!("/{name}");
        if images.len() > MOST_IMAGES {
            return Err(Failure::param_error(&at, "图片最多4张"));
        }
        let unknown = |id: &&String| self.store.piece::<Image>(id).is_none();
        match images.iter().find(unknown) {
            Some(_) => Err(Failure::param_error(&at, "图片media_id无效，请先上传图片")),
            None => Ok(images),
        }
    }

    /// A refund of an order has arrived: those who complained of it hear of it.
    pub(in crate::core::book) fn complaints_refunded(&mut self, order: &Order, at: i64) {
        let about = |it: &&Complaint| it.out_trade_no == order.out_trade_no;
        let complaints: Vec<Complaint> = self
            .store
            .pieces::<Complaint>()
            .filter(about)
            .cloned()
            .collect();
        if complaints.is_empty() {
            return;
        }
        let refunds = self
            .store
            .refunds_of(order)
            .filter(|it| it.succeeded.is_some());
        let all = order.left_after(refunds) == wxpay_json::Fen::ZERO;
        let (step, action) = if all {
            ("COMPLAINT_FULL_REFUNDED_SYSTEM_MESSAGE", "SELLER_REFUND")
        } else {
            (
                "COMPLAINT_PARTIAL_REFUNDED_SYSTEM_MESSAGE",
                "REFUND_SUCCESS",
            )
        };
        for mut complaint in complaints {
            let log_id = self.ids.digits(24);
            complaint.step("系统", step, log_id, at);
            self.tell_of_complaint(&complaint, action, at);
            self.store.put_piece(complaint);
        }
    }
}
