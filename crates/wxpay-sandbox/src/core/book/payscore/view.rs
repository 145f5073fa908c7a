//! Services as queries and notifications show them.

use serde_json::{Map, Value, json};

use super::{ServiceOrder, State};
use crate::core::book::Book;
use crate::core::book::transaction::put;
use wxpay_json::DateTime;

/// What answers and notifications repeat of the request.
const REPEATED: [&str; 9] = [
    "service_id",
    "service_introduction",
    "post_payments",
    "post_discounts",
    "risk_fund",
    "time_range",
    "location",
    "attach",
    "notify_url",
];

/// What an answer has no room for.
pub(super) enum Short {
    /// To an order that was opened: nothing is known of money and user.
    Opened,
    /// To one that was completed.
    Completed,
    /// To one that was opened and completed at once.
    AtOnce,
    /// To one that was modified.
    Modified,
    /// Everything is shown.
    Nothing,
}

impl Short {
    fn lacks(&self, name: &str) -> bool {
        let lacking: &[&str] = match self {
            Self::Opened => &[
                "openid",
                "sub_openid",
                "total_amount",
                "need_collection",
                "collection",
            ],
            Self::Completed => &["openid", "collection", "attach", "notify_url"],
            Self::AtOnce => &["openid", "need_collection", "collection", "risk_fund"],
            Self::Modified => &["openid"],
            Self::Nothing => &[],
        };
        lacking.contains(&name)
    }
}

impl Book {
    pub(super) fn service_view(&self, order: &ServiceOrder, short: &Short) -> Map<String, Value> {
        let mut view = Map::new();
        put(&mut view, "out_order_no", Some(&order.out_order_no));
        put(&mut view, "order_id", Some(&order.order_id));
        put(&mut view, "appid", Some(&self.parties.appid));
        put(&mut view, "mchid", Some(&self.parties.mchid));
        for name in ["sub_appid", "sub_mchid", "sub_openid"] {
            put(&mut view, name, order.field(name));
        }
        for name in REPEATED {
            if let Some(value) = order.fields.get(name) {
                view.insert(name.to_owned(), value.clone());
            }
        }
        put(&mut view, "state", Some(order.state.as_str()));
        if order.state == State::Doing {
            let description = match order.completed {
                Some(_) => "MCH_COMPLETE",
                None => "USER_CONFIRM",
            };
            put(&mut view, "state_description", Some(description));
        }
        put(&mut view, "openid", order.openid.as_deref());
        if let Some(completion) = &order.completed {
            let total = completion.total;
            view.insert("total_amount".to_owned(), json!(total));
            view.insert("need_collection".to_owned(), json!(total > 0));
            if total > 0 {
                let mut collection = Map::new();
                let paid = completion.paid.as_ref();
                let state = if paid.is_some() {
                    "USER_PAID"
                } else {
                    "USER_PAYING"
                };
                let (open, got) = if paid.is_some() {
                    (0, total)
                } else {
                    (total, 0)
                };
                put(&mut collection, "state", Some(state));
                collection.insert("total_amount".to_owned(), json!(total));
                collection.insert("paying_amount".to_owned(), json!(open));
                collection.insert("paid_amount".to_owned(), json!(got));
                if let Some(paid) = paid {
                    let mut detail = Map::new();
                    detail.insert("amount".to_owned(), json!(total));
                    put(&mut detail, "paid_type", Some(&paid.channel));
                    put(&mut detail, "paid_time", Some(&compact(paid.at)));
                    put(
                        &mut detail,
                        "transaction_id",
                        paid.transaction_id.as_deref(),
                    );
                    collection.insert("details".to_owned(), json!([detail]));
                }
                view.insert("collection".to_owned(), collection.into());
            }
        }
        view.retain(|name, _| !short.lacks(name));
        if let (Short::Completed, Some(Value::Object(location))) = (short, view.get_mut("location"))
        {
            location.remove("start_location");
        }
        view
    }
}

/// `20091225091010`: the time in Beijing.
pub(super) fn compact(at: i64) -> String {
    DateTime::beijing(at).compact().to_string()
}
