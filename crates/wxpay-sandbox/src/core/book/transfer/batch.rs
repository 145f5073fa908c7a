//! Transfers in batches (批量转账到零钱), closed to new merchants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wxpay_json::Fen;

use super::{checked_amount, number_taken};
use crate::core::book::notice::{Event, Form};
use crate::core::book::piece::Entry;
use crate::core::book::text::{self, beijing};
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

/// So many transfers a batch has.
const MOST: usize = 1_000;
/// So many of them a query shows unless it says so.
const SHOWN: usize = 20;
const MOST_SHOWN: usize = 100;

/// A batch (批次).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Batch {
    pub(super) out_batch_no: String,
    pub(super) batch_id: String,
    fingerprint: String,
    appid: String,
    name: String,
    remark: String,
    scene: Option<String>,
    notify_url: Option<String>,
    total: Fen,
    details: Vec<Detail>,
    created: i64,
    pub(super) coming: Option<i64>,
    changed: i64,
}

/// One transfer of a batch (明细).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Detail {
    out_detail_no: String,
    detail_id: String,
    amount: Fen,
    remark: String,
    openid: String,
    user_name: Option<String>,
    state: DetailState,
    fail_reason: Option<String>,
}

/// 明细状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum DetailState {
    Processing,
    Success,
    Fail,
}

impl DetailState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Fail => "FAIL",
        }
    }
}

impl Entry for Batch {
    fn key(&self) -> String {
        self.out_batch_no.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.batch_id.clone()]
    }

    fn wakes(&self) -> Option<i64> {
        self.coming
    }
}

impl Batch {
    fn status(&self, now: i64) -> &'static str {
        match self.coming {
            None => "FINISHED",
            Some(_) if now == self.created => "ACCEPTED",
            Some(_) => "PROCESSING",
        }
    }

    /// How many of its transfers are in a state, and their sum.
    fn sum(&self, state: DetailState) -> (usize, Fen) {
        let of = self.details.iter().filter(|detail| detail.state == state);
        let fen = of.clone().map(|detail| detail.amount.as_fen()).sum();
        (of.count(), Fen::new(fen))
    }

    /// What queries and the notification say of success and failure.
    fn sums(&self, view: &mut Map<String, Value>) {
        let (succeeded, success) = self.sum(DetailState::Success);
        let (failed, fail) = self.sum(DetailState::Fail);
        view.insert("success_amount".to_owned(), json!(success));
        view.insert("success_num".to_owned(), json!(succeeded));
        view.insert("fail_amount".to_owned(), json!(fail));
        view.insert("fail_num".to_owned(), json!(failed));
    }
}

impl Book {
    pub(super) fn transfer_batch(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let number = required(call, "/out_batch_no")?;
        let fingerprint = text::fingerprint("batch", &call.body, &[]);
        if let Some(known) = self.store.piece::<Batch>(number) {
            if known.fingerprint != fingerprint {
                return Err(number_taken("商家批次单号已存在，且参数与原请求不一致"));
            }
            return Ok(accepted(known, now));
        }
        if required(call, "/appid")? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        let details = details(call, context)?;
        let total: i64 = details.iter().map(|detail| detail.amount.as_fen()).sum();
        if call.integer("/total_amount") != Some(total) {
            let issue = "转账总金额与明细金额之和不一致";
            return Err(Failure::param_error("/total_amount", issue));
        }
        let count = i64::try_from(details.len()).ok();
        if call.integer("/total_num") != count {
            return Err(Failure::param_error(
                "/total_num",
                "转账总笔数与明细笔数不一致",
            ));
        }
        if !self.store.has_room_for_piece::<Batch>() {
            return Err(full("转账批次"));
        }
        let total = Fen::new(total);
        self.draw(total)?;
        let delay = self.transfers().delay_seconds;
        let batch = Batch {
            out_batch_no: number.to_owned(),
            batch_id: format!("1030000{}", context.ids.digits(33)),
            fingerprint,
            appid: self.parties.appid.clone(),
            name: required(call, "/batch_name")?.to_owned(),
            remark: required(call, "/batch_remark")?.to_owned(),
            scene: optional(&call.body, "/transfer_scene_id"),
            notify_url: optional(&call.body, "/notify_url"),
            total,
            details,
            created: now,
            coming: Some(now.saturating_add(delay.into())),
            changed: now,
        };
        let reply = accepted(&batch, now);
        self.store.put_piece(batch);
        Ok(reply)
    }

    fn batch_named(&self, call: &Call<'_>) -> Result<&Batch, Failure> {
        let number = call.path("out_batch_no");
        let found = if number.is_empty() {
            self.store.piece_named::<Batch>(call.path("batch_id"))
        } else {
            self.store.piece(number)
        };
        found.ok_or_else(|| not_found("批次单不存在"))
    }

    pub(super) fn query_transfer_batch(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let batch = self.batch_named(call)?;
        let mut view = Map::new();
        let of = |name: &str| call.query(name).and_then(|text| text.parse::<usize>().ok());
        let (offset, limit) = (
            of("offset").unwrap_or(0),
            of("limit").unwrap_or(SHOWN).min(MOST_SHOWN),
        );
        view.insert(
            "transfer_batch".to_owned(),
            self.batch_view(batch, context.now()),
        );
        if call.query("need_query_detail") == Some("true") {
            let wanted = call.query("detail_status").unwrap_or("ALL");
            let details: Vec<Value> = batch
                .details
                .iter()
                .filter(|detail| wanted == "ALL" || wanted == detail.state.as_str())
                .skip(offset)
                .take(limit)
                .map(|detail| {
                    json!({
                        "detail_id": detail.detail_id,
                        "out_detail_no": detail.out_detail_no,
                        "detail_status": detail.state.as_str(),
                    })
                })
                .collect();
            view.insert("transfer_detail_list".to_owned(), details.into());
        }
        if call.path_template.contains("/out-batch-no/") {
            view.insert("offset".to_owned(), json!(offset));
            view.insert("limit".to_owned(), json!(limit));
        }
        Ok(Reply::ok(Value::Object(view)))
    }

    fn batch_view(&self, batch: &Batch, now: i64) -> Value {
        let mut view = Map::new();
        put(&mut view, "mchid", Some(&self.parties.mchid));
        put(&mut view, "out_batch_no", Some(&batch.out_batch_no));
        put(&mut view, "batch_id", Some(&batch.batch_id));
        put(&mut view, "appid", Some(&batch.appid));
        put(&mut view, "batch_status", Some(batch.status(now)));
        put(&mut view, "batch_type", Some("API"));
        put(&mut view, "batch_name", Some(&batch.name));
        put(&mut view, "batch_remark", Some(&batch.remark));
        view.insert("total_amount".to_owned(), json!(batch.total));
        view.insert("total_num".to_owned(), json!(batch.details.len()));
        put(&mut view, "create_time", Some(&beijing(batch.created)));
        put(&mut view, "update_time", Some(&beijing(batch.changed)));
        batch.sums(&mut view);
        put(&mut view, "transfer_scene_id", batch.scene.as_deref());
        Value::Object(view)
    }

    pub(super) fn query_transfer_detail(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let batch = self.batch_named(call)?;
        let (number, id) = (call.path("out_detail_no"), call.path("detail_id"));
        let mut details = batch.details.iter();
        let detail = details.find(|it| it.out_detail_no == number || it.detail_id == id);
        let detail = detail.ok_or_else(|| not_found("明细单不存在"))?;
        let mut view = Map::new();
        put(&mut view, "mchid", Some(&self.parties.mchid));
        put(&mut view, "out_batch_no", Some(&batch.out_batch_no));
        put(&mut view, "batch_id", Some(&batch.batch_id));
        put(&mut view, "appid", Some(&batch.appid));
        put(&mut view, "out_detail_no", Some(&detail.out_detail_no));
        put(&mut view, "detail_id", Some(&detail.detail_id));
        put(&mut view, "detail_status", Some(detail.state.as_str()));
        view.insert("transfer_amount".to_owned(), json!(detail.amount));
        put(&mut view, "transfer_remark", Some(&detail.remark));
        put(&mut view, "fail_reason", detail.fail_reason.as_deref());
        put(&mut view, "openid", Some(&detail.openid));
        put(&mut view, "user_name", detail.user_name.as_deref());
        put(&mut view, "initiate_time", Some(&beijing(batch.created)));
        put(&mut view, "update_time", Some(&beijing(batch.changed)));
        Ok(Reply::Partial(http::StatusCode::OK, Value::Object(view)))
    }

    /// A batch as the sandbox sees it.
    pub(super) fn batch_seen(&self, number: &str, now: i64) -> Option<Value> {
        let batch = self.store.piece::<Batch>(number)?;
        Some(self.batch_view(batch, now))
    }

    /// The time of a batch has come.
    pub(in crate::core::book) fn transfer_batch_wakes(&mut self, number: &str, at: i64) {
        let Some(mut batch) = self.store.piece::<Batch>(number).cloned() else {
            return;
        };
        if batch.coming.take().is_none() {
            return;
        }
        batch.changed = at;
        let settings = self.transfers();
        for detail in &mut batch.details {
            detail.fail_reason = settings.failing.get(&detail.openid).cloned();
            detail.state = match detail.fail_reason {
                Some(_) => DetailState::Fail,
                None => DetailState::Success,
            };
        }
        self.put_back(batch.sum(DetailState::Fail).1);
        if let Some(url) = batch.notify_url.clone() {
            let mut view = Map::new();
            put(&mut view, "mchid", Some(&self.parties.mchid));
            put(&mut view, "out_batch_no", Some(&batch.out_batch_no));
            put(&mut view, "batch_id", Some(&batch.batch_id));
            put(&mut view, "batch_status", Some(batch.status(at)));
            view.insert("total_num".to_owned(), json!(batch.details.len()));
            view.insert("total_amount".to_owned(), json!(batch.total));
            batch.sums(&mut view);
            put(&mut view, "update_time", Some(&beijing(at)));
            self.announce(Event {
                about: Some(batch.out_batch_no.clone()),
                event_type: "MCHTRANSFER.BATCH.FINISHED",
                original_type: "mch_payment",
                summary: "商家转账批次完成通知",
                plaintext: Value::Object(view),
                form: Form::V3,
                url,
                at,
            });
        }
        self.store.put_piece(batch);
    }
}

fn accepted(batch: &Batch, now: i64) -> Reply {
    Reply::ok(json!({
        "out_batch_no": batch.out_batch_no,
        "batch_id": batch.batch_id,
        "create_time": beijing(batch.created),
        "batch_status": batch.status(now),
    }))
}

fn details(call: &Call<'_>, context: &mut Context<'_>) -> Result<Vec<Detail>, Failure> {
    let items = call
        .body
        .get("transfer_detail_list")
        .and_then(Value::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    if !(1..=MOST).contains(&items.len()) {
        let issue = "转账明细必须为1至1000笔";
        return Err(Failure::param_error("/transfer_detail_list", issue));
    }
    let mut seen = BTreeSet::new();
    let mut details = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = |name: &str| format!("/transfer_detail_list/{index}/{name}");
        let text = |name: &str| {
            optional(item, &format!("/{name}"))
                .ok_or_else(|| Failure::param_error(&at(name), "此字段为必填项"))
        };
        let number = text("out_detail_no")?;
        if !seen.insert(number.clone()) {
            return Err(Failure::param_error(
                &at("out_detail_no"),
                "商家明细单号重复",
            ));
        }
        let user_name = optional(item, "/user_name");
        let amount = item.get("transfer_amount").and_then(Value::as_i64);
        details.push(Detail {
            out_detail_no: number,
            detail_id: format!("1040000{}", context.ids.digits(33)),
            amount: checked_amount(amount, user_name.is_some(), at)?,
            remark: text("transfer_remark")?,
            openid: text("openid")?,
            user_name,
            state: DetailState::Processing,
            fail_reason: None,
        });
    }
    Ok(details)
}

fn not_found(message: &str) -> Failure {
    let status = http::StatusCode::NOT_FOUND;
    Failure::new(status, "NOT_FOUND", numeric::ORDER_NOT_EXIST, message)
}
