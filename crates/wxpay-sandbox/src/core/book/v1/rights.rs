//! Complaints of payers (维权): what they want, whether the merchant has handled it, whether they agree.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::{Kind, State};
use crate::core::book::Book;
use crate::core::book::notice::{Event, Form};
use crate::core::book::text::beijing;
use crate::core::random::Ids;

/// A complaint.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Feedback {
    id: String,
    openid: String,
    out_trade_no: String,
    url: String,
    at: i64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// 用户提交投诉.
    Requested,
    /// The merchant has marked it (标记客户的投诉处理状态).
    Handled,
    /// 用户确认消除投诉.
    Confirmed,
    /// 用户拒绝消除投诉.
    Rejected,
}

/// What a payer does about an order, as the control is told.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub(crate) enum Complaint {
    /// Complains.
    Request {
        out_trade_no: String,
        /// Where the merchant is told (维权URL).
        url: String,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        solution: Option<String>,
        #[serde(default)]
        ext_info: Option<String>,
        /// Addresses of pictures, at most five.
        #[serde(default)]
        pictures: Vec<String>,
    },
    /// Is content.
    Confirm { feedback_id: String },
    /// Is not.
    Reject { feedback_id: String },
}

const MOST_PICTURES: usize = 5;

impl Book {
    /// Lets a payer complain and has the merchant told; the complaint, or what makes no sense.
    pub(crate) fn v1_complain(
        &mut self,
        complaint: &Complaint,
        now: Timestamp,
        ids: &mut Ids,
    ) -> Result<Value, String> {
        let now = now.as_unix();
        let feedback = match complaint {
            Complaint::Request {
                out_trade_no,
                url,
                reason,
                solution,
                ext_info,
                pictures,
            } => {
                if pictures.len() > MOST_PICTURES {
                    return Err(format!("pictures: at most {MOST_PICTURES}"));
                }
                let order = self.v1_named(None, Some(out_trade_no));
                let payment = order.and_then(|order| order.payment.as_ref());
                let payment = payment.ok_or("out_trade_no: no such order is paid")?;
                let feedback = Feedback {
                    id: ids.digits(17),
                    openid: payment.payer.openid.clone().unwrap_or_default(),
                    out_trade_no: out_trade_no.clone(),
                    url: url.clone(),
                    at: now,
                    stage: Stage::Requested,
                };
                let mut told = feedback.told("request");
                told["TransId"] = json!(payment.transaction_id);
                told["Reason"] = json!(reason.as_deref().unwrap_or("商品质量有问题"));
                told["Solution"] = json!(solution.as_deref().unwrap_or("退款，并不退货"));
                told["ExtInfo"] = json!(ext_info.as_deref().unwrap_or_default());
                told["PicInfo"] = json!(pictures);
                self.announce(feedback.event(told, now));
                feedback
            }
            Complaint::Confirm { feedback_id } => {
                self.v1_close(feedback_id, Stage::Confirmed, "confirm", now)?
            }
            Complaint::Reject { feedback_id } => {
                self.v1_close(feedback_id, Stage::Rejected, "reject", now)?
            }
        };
        let view = feedback.view();
        self.change_v1(|state| {
            match state
                .rights
                .iter_mut()
                .find(|known| known.id == feedback.id)
            {
                Some(known) => *known = feedback,
                None => State::keep(&mut state.rights, feedback),
            }
        });
        Ok(view)
    }

    fn v1_close(
        &mut self,
        id: &str,
        stage: Stage,
        word: &str,
        now: i64,
    ) -> Result<Feedback, String> {
        let feedback = self
            .store
            .v1
            .rights
            .iter()
            .find(|feedback| feedback.id == id);
        let mut feedback = feedback
            .ok_or("feedback_id: there is no such complaint")?
            .clone();
        feedback.stage = stage;
        self.announce(feedback.event(feedback.told(word), now));
        Ok(feedback)
    }

    /// The merchant has handled a complaint; whether it is that payer's.
    pub(crate) fn v1_handled(&mut self, openid: &str, id: &str) -> bool {
        let found = |feedback: &Feedback| feedback.id == id && feedback.openid == openid;
        if !self.store.v1.rights.iter().any(found) {
            return false;
        }
        self.change_v1(|state| {
            for feedback in state.rights.iter_mut().filter(|feedback| found(feedback)) {
                if feedback.stage == Stage::Requested || feedback.stage == Stage::Rejected {
                    feedback.stage = Stage::Handled;
                }
            }
        });
        true
    }

    /// The complaints there were, the newest last.
    pub(crate) fn v1_complaints(&self) -> Value {
        self.store.v1.rights.iter().map(Feedback::view).collect()
    }
}

impl Feedback {
    fn told(&self, word: &str) -> Value {
        json!({ "OpenId": self.openid, "FeedBackId": self.id, "MsgType": word })
    }

    fn event(&self, told: Value, at: i64) -> Event {
        Event {
            about: Some(self.out_trade_no.clone()),
            event_type: "V1.RIGHTS",
            original_type: "v1",
            summary: "维权通知",
            plaintext: told,
            form: Form::V1(Kind::Rights),
            url: self.url.clone(),
            at,
        }
    }

    fn view(&self) -> Value {
        json!({
            "feedback_id": self.id,
            "time": beijing(self.at),
            "openid": self.openid,
            "out_trade_no": self.out_trade_no,
            "url": self.url,
            "state": self.stage,
        })
    }
}
