//! WeChat Pay Score (支付分): services that are used first and paid afterwards, and users who allow it.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012587897>. Merchants and providers share one state.
//! Where the documents leave a choice:
//!
//! - The money is collected a second after the order was completed, unless the settings say otherwise.
//! - A service without confirmation needs the openid, and a user who has granted the service.
//! - What is collected for services is in no bill of the sandbox.

mod collect;
mod control;
mod order;
mod permission;
mod view;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::permission::Permission;
use super::modelled::Model;
use super::piece::Entry;
use super::{Book, given};
use crate::core::call::{Call, Failure, numeric};

/// What of the operations is carried out here.
pub(super) const MODEL: Model = &[
    ("POST", "/v3/payscore/serviceorder", Book::open_service),
    ("GET", "/v3/payscore/serviceorder", Book::query_service),
    (
        "POST",
        "/v3/payscore/serviceorder/direct-complete",
        Book::serve_at_once,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder/direct-complete",
        Book::serve_at_once,
    ),
    (
        "POST",
        "/v3/payscore/serviceorder/{}/cancel",
        Book::cancel_service,
    ),
    (
        "POST",
        "/v3/payscore/serviceorder/{}/modify",
        Book::modify_service,
    ),
    (
        "POST",
        "/v3/payscore/serviceorder/{}/complete",
        Book::complete_service,
    ),
    (
        "POST",
        "/v3/payscore/serviceorder/{}/pay",
        Book::collect_service,
    ),
    (
        "POST",
        "/v3/payscore/serviceorder/{}/sync",
        Book::sync_service,
    ),
    ("POST", "/v3/payscore/permissions", Book::ask_permission),
    (
        "GET",
        "/v3/payscore/permissions/authorization-code/{}",
        Book::query_permission,
    ),
    (
        "POST",
        "/v3/payscore/permissions/authorization-code/{}/terminate",
        Book::terminate_permission,
    ),
    (
        "GET",
        "/v3/payscore/permissions/openid/{}",
        Book::query_permission,
    ),
    (
        "POST",
        "/v3/payscore/permissions/openid/{}/terminate",
        Book::terminate_permission,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder",
        Book::open_service,
    ),
    (
        "GET",
        "/v3/payscore/partner/serviceorder",
        Book::query_service,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder/{}/cancel",
        Book::cancel_service,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder/{}/modify",
        Book::modify_service,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder/{}/complete",
        Book::complete_service,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder/{}/pay",
        Book::collect_service,
    ),
    (
        "POST",
        "/v3/payscore/partner/serviceorder/{}/sync",
        Book::sync_service,
    ),
    (
        "POST",
        "/v3/payscore/partner/permissions",
        Book::ask_permission,
    ),
    (
        "GET",
        "/v3/payscore/partner/permissions/authorization-code/{}",
        Book::query_permission,
    ),
    (
        "POST",
        "/v3/payscore/partner/permissions/authorization-code/{}/terminate",
        Book::terminate_permission,
    ),
    (
        "GET",
        "/v3/payscore/partner/permissions/search",
        Book::query_permission,
    ),
    (
        "POST",
        "/v3/payscore/partner/permissions/terminate",
        Book::terminate_permission,
    ),
];

/// So long, in seconds, an order waits for the user's confirmation.
const UNCONFIRMED: i64 = 30 * 24 * 3_600;

/// How services are paid for: a control for tests.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// When the money is collected.
    collect: Collect,
    /// After how many seconds of the sandbox's clock.
    delay_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            collect: Collect::Completed,
            delay_seconds: 1,
        }
    }
}

impl Entry for Settings {
    fn key(&self) -> String {
        String::new()
    }
}

/// When the money is collected.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Collect {
    /// Once the merchant has completed the order.
    Completed,
    /// Not before the merchant asks for it (催收).
    Asked,
    /// Not by itself.
    Never,
}

/// 服务订单状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum State {
    Created,
    Doing,
    Done,
    Revoked,
    Expired,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Doing => "DOING",
            Self::Done => "DONE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
        }
    }
}

/// A service and what is paid for it (服务订单).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ServiceOrder {
    out_order_no: String,
    order_id: String,
    fingerprint: String,
    partner: bool,
    /// What answers repeat of the requests, with the changes that were made.
    fields: Value,
    openid: Option<String>,
    /// What the user's client opens the confirmation with.
    package: String,
    state: State,
    created: i64,
    /// The completion, once there was one.
    completed: Option<Completion>,
    /// When the money comes, or the order expires.
    coming: Option<i64>,
}

/// What a completed service costs (完结).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Completion {
    fingerprint: String,
    /// In fen.
    total: i64,
    paid: Option<Paid>,
}

/// How it was paid.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Paid {
    at: i64,
    /// `NEWTON` for the score's own collection, `MCH` for money the merchant got elsewhere.
    channel: String,
    transaction_id: Option<String>,
}

impl Entry for ServiceOrder {
    fn key(&self) -> String {
        self.out_order_no.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.order_id.clone()]
    }

    fn wakes(&self) -> Option<i64> {
        self.coming
    }
}

impl ServiceOrder {
    /// Whether the merchant waits for money.
    fn is_owed(&self) -> bool {
        self.state == State::Doing
            && self
                .completed
                .as_ref()
                .is_some_and(|completion| completion.paid.is_none())
    }

    /// A text of the request.
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }
}

impl Book {
    pub(crate) fn service_settings(&self) -> Settings {
        self.store
            .piece::<Settings>("")
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn set_services(&mut self, settings: Settings) {
        self.store.put_piece(settings);
    }
}

/// Whether a provider asks.
fn is_partner(call: &Call<'_>) -> bool {
    call.path_template.starts_with("/v3/payscore/partner/")
}

/// The order is in no state for this.
fn wrong_state(message: &str) -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "INVALID_ORDER_STATE",
        numeric::OTHER,
        message,
    )
}

fn unknown(message: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "ORDER_NOT_EXIST",
        numeric::ORDER_NOT_EXIST,
        message,
    )
}
