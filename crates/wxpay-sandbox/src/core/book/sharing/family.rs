//! What the three families of interfaces call the same things.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Outcome, Part, Return, Sharing};
use crate::core::book::text::beijing;
use crate::core::book::transaction::put;
use crate::core::call::Call;

/// Through which family somebody asks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// `/v3/profitsharing/`: merchants and providers.
    Plain,
    /// `/v3/ecommerce/profitsharing/`.
    Ecommerce,
    /// `/v3/brand/profitsharing/`.
    Brand,
}

impl Family {
    pub(super) fn of(call: &Call<'_>) -> Self {
        if call.path_template.starts_with("/v3/ecommerce/") {
            Self::Ecommerce
        } else if call.path_template.starts_with("/v3/brand/") {
            Self::Brand
        } else {
            Self::Plain
        }
    }

    /// A receiver's account within a request.
    pub(super) fn account(self) -> &'static str {
        match self {
            Self::Ecommerce => "receiver_account",
            Self::Plain | Self::Brand => "account",
        }
    }

    /// A receiver's name within a request.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ecommerce => "receiver_name",
            Self::Plain | Self::Brand => "name",
        }
    }

    /// Whether what is left is to be released with the request.
    pub(super) fn release(self) -> &'static str {
        match self {
            Self::Plain => "unfreeze_unsplit",
            Self::Ecommerce | Self::Brand => "finish",
        }
    }

    /// A request with its parts.
    pub(super) fn view(self, sharing: &Sharing) -> Value {
        let mut view = Map::new();
        put(&mut view, "sub_mchid", sharing.sub_mchid.as_deref());
        put(&mut view, "transaction_id", Some(&sharing.transaction_id));
        put(&mut view, "out_order_no", Some(&sharing.out_order_no));
        put(&mut view, "order_id", Some(&sharing.order_id));
        let state = if sharing.coming.is_some() {
            "PROCESSING"
        } else {
            "FINISHED"
        };
        match self {
            Self::Plain => put(&mut view, "state", Some(state)),
            Self::Ecommerce | Self::Brand => put(&mut view, "status", Some(state)),
        }
        let released = sharing.parts.iter().find(|part| part.released);
        let shown = |part: &&Part| self == Self::Plain || !part.released;
        let parts: Vec<Value> = sharing
            .parts
            .iter()
            .filter(shown)
            .map(|part| self.part(part, sharing.created))
            .collect();
        view.insert("receivers".to_owned(), parts.into());
        if let (Some(part), Self::Ecommerce | Self::Brand) = (released, self) {
            view.insert("finish_amount".to_owned(), json!(part.amount));
            put(&mut view, "finish_description", Some(&part.description));
        }
        Value::Object(view)
    }

    fn part(self, part: &Part, created: i64) -> Value {
        let mut view = Map::new();
        view.insert("amount".to_owned(), json!(part.amount));
        put(&mut view, "description", Some(&part.description));
        put(&mut view, "type", Some(&part.kind));
        put(&mut view, self.account(), Some(&part.account));
        let (result, reason) = match &part.result {
            Outcome::Pending => ("PENDING", None),
            Outcome::Success => ("SUCCESS", None),
            Outcome::Closed(reason) => ("CLOSED", Some(reason.as_str())),
        };
        put(&mut view, "result", Some(result));
        put(&mut view, "fail_reason", reason);
        put(&mut view, "detail_id", Some(&part.detail_id));
        if self == Self::Plain {
            put(&mut view, "create_time", Some(&beijing(created)));
        }
        put(&mut view, "finish_time", Some(&when(part.ended)));
        Value::Object(view)
    }

    /// A return.
    pub(super) fn returned(self, sharing: &Sharing, back: &Return) -> Value {
        let mut view = Map::new();
        put(&mut view, "sub_mchid", sharing.sub_mchid.as_deref());
        put(&mut view, "order_id", Some(&sharing.order_id));
        put(&mut view, "out_order_no", Some(&sharing.out_order_no));
        put(&mut view, "out_return_no", Some(&back.out_return_no));
        put(&mut view, "return_mchid", Some(&back.mchid));
        view.insert("amount".to_owned(), json!(back.amount));
        let plain = self == Self::Plain;
        let id = if plain { "return_id" } else { "return_no" };
        put(&mut view, id, Some(&back.return_id));
        if plain {
            put(&mut view, "description", Some(&back.description));
            put(&mut view, "create_time", Some(&beijing(back.created)));
        }
        let (result, reason) = match &back.result {
            Outcome::Pending => ("PROCESSING", None),
            Outcome::Success => ("SUCCESS", None),
            Outcome::Closed(reason) if plain => ("FAILED", Some(reason.as_str())),
            Outcome::Closed(reason) => ("FAIL", Some(reason.as_str())),
        };
        put(&mut view, "result", Some(result));
        put(&mut view, "fail_reason", reason);
        put(&mut view, "finish_time", Some(&when(back.ended)));
        Value::Object(view)
    }
}

/// A time that has to be there before it is known.
fn when(at: Option<i64>) -> String {
    beijing(at.unwrap_or(0))
}
