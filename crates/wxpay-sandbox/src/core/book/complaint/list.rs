//! Complaints as merchants read them.

use serde_json::{Map, Value, json};

use super::{Complaint, Step};
use crate::core::book::text::beijing;
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context};
use crate::core::call::{Call, Failure, Reply};

/// So many complaints a page has at most, and so many unless the request says.
const MOST_LISTED: usize = 50;
const LISTED: usize = 10;
/// The same for steps of a negotiation.
const MOST_STEPS: usize = 300;
const STEPS: usize = 100;

impl Book {
    pub(super) fn list_complaints(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let day = |name: &str| call.query(name).unwrap_or_default().to_owned();
        let (first, last) = (day("begin_date"), day("end_date"));
        if first > last {
            let issue = "开始日期不能晚于结束日期";
            return Err(Failure::param_error_in(
                "query",
                "begin_date",
                first.into(),
                issue,
            ));
        }
        let (offset, limit) = page(call, LISTED, MOST_LISTED)?;
        let against = call.query("complainted_mchid");
        let mut found: Vec<&Complaint> = self
            .store
            .pieces::<Complaint>()
            .filter(|it| {
                let time = beijing(it.at);
                let at = time.get(..10).unwrap_or_default();
                (&*first..=&*last).contains(&at) && against.is_none_or(|mchid| mchid == it.mchid)
            })
            .collect();
        found.sort_by_key(|it| std::cmp::Reverse(it.at));
        let total = found.len();
        let data: Vec<Value> = found
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|it| {
                let mut view = self.complaint_view(it, call.base_url);
                view.remove("payer_openid");
                Value::Object(view)
            })
            .collect();
        Ok(Reply::ok(json!({
            "data": data, "limit": limit, "offset": offset, "total_count": total,
        })))
    }

    pub(super) fn query_complaint(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let complaint = self.complaint(context.call)?;
        let view = self.complaint_view(complaint, context.call.base_url);
        Ok(Reply::ok(Value::Object(view)))
    }

    pub(super) fn complaint_view(&self, complaint: &Complaint, base: &str) -> Map<String, Value> {
        let mut view = Map::new();
        put(&mut view, "complaint_id", Some(&complaint.id));
        put(&mut view, "complaint_time", Some(&beijing(complaint.at)));
        put(&mut view, "complaint_detail", Some(&complaint.detail));
        put(&mut view, "complaint_state", Some(complaint.state.as_str()));
        put(&mut view, "complainted_mchid", Some(&complaint.mchid));
        put(&mut view, "payer_phone", complaint.phone.as_deref());
        put(&mut view, "payer_openid", complaint.openid.as_deref());
        if !complaint.images.is_empty() {
            let media = json!([{
                "media_type": "USER_COMPLAINT_IMAGE",
                "media_url": urls(&complaint.images, base),
            }]);
            view.insert("complaint_media_list".to_owned(), media);
        }
        let order = self.store.order(&complaint.out_trade_no);
        let mut refunded = false;
        if let Some(order) = order {
            let refunds = self
                .store
                .refunds_of(order)
                .filter(|it| it.succeeded.is_some());
            refunded = order.left_after(refunds) == wxpay_json::Fen::ZERO;
            let paid = order.payment.as_ref();
            let orders = json!([{
                "transaction_id": paid.map(|it| it.transaction_id.as_str()).unwrap_or_default(),
                "out_trade_no": order.out_trade_no,
                "amount": order.total,
            }]);
            view.insert("complaint_order_info".to_owned(), orders);
        }
        view.insert("complaint_full_refunded".to_owned(), json!(refunded));
        view.insert(
            "incoming_user_response".to_owned(),
            json!(complaint.unanswered),
        );
        put(
            &mut view,
            "problem_description",
            Some(&complaint.problem_description),
        );
        view.insert("user_complaint_times".to_owned(), json!(complaint.times));
        put(&mut view, "problem_type", Some(complaint.problem.as_str()));
        if let Some(amount) = complaint.refund_amount {
            view.insert("apply_refund_amount".to_owned(), json!(amount));
        }
        view.insert(
            "in_platform_service".to_owned(),
            json!(complaint.in_platform_service),
        );
        view.insert(
            "need_immediate_service".to_owned(),
            json!(complaint.at_once),
        );
        view
    }

    pub(super) fn query_negotiation(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let complaint = self.complaint(call)?;
        let (offset, limit) = page(call, STEPS, MOST_STEPS)?;
        let steps = complaint.history.iter().rev().skip(offset).take(limit);
        let data: Vec<Value> = steps.map(|step| step.view(call.base_url)).collect();
        Ok(Reply::ok(json!({
            "data": data, "limit": limit, "offset": offset, "total_count": complaint.history.len(),
        })))
    }
}

impl Step {
    pub(super) fn view(&self, base: &str) -> Value {
        let mut view = Map::new();
        put(&mut view, "log_id", Some(&self.log_id));
        put(&mut view, "operator", Some(&self.operator));
        put(&mut view, "operate_time", Some(&beijing(self.at)));
        put(&mut view, "operate_type", Some(&self.operate_type));
        put(&mut view, "operate_details", self.details.as_deref());
        if !self.images.is_empty() {
            let by_user = self.operate_type == "USER_CREATE_COMPLAINT";
            let media_type = if by_user {
                "USER_COMPLAINT_IMAGE"
            } else {
                "OPERATION_IMAGE"
            };
            let urls = urls(&self.images, base);
            view.insert("image_list".to_owned(), json!(urls));
            let media = json!({ "media_type": media_type, "media_url": urls });
            view.insert("complaint_media_list".to_owned(), media);
        }
        if let Some(message) = &self.message {
            view.insert("normal_message".to_owned(), message.clone());
        }
        Value::Object(view)
    }
}

/// Where images are fetched.
fn urls(images: &[String], base: &str) -> Vec<String> {
    let images = images.iter();
    images
        .map(|id| format!("{base}/v3/merchant-service/images/{id}"))
        .collect()
}

/// Which part of a list a request wants.
pub(in crate::core::book) fn page(
    call: &Call<'_>,
    usual: usize,
    most: usize,
) -> Result<(usize, usize), Failure> {
    let of = |name: &str, usual: usize| match call.query(name) {
        None | Some("") => Ok(usual),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Failure::param_error_in("query", name, text.into(), "值必须为非负整数")),
    };
    let (offset, limit) = (of("offset", 0)?, of("limit", usual)?);
    if !(1..=most).contains(&limit) {
        let issue = format!("值必须为1至{most}");
        return Err(Failure::param_error_in(
            "query",
            "limit",
            limit.into(),
            issue,
        ));
    }
    Ok((offset, limit))
}
