//! A merchant at the counter: what the tests say to the book, and what it says back.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use http::StatusCode;
use serde_json::{Value, json};
use wxpay_sign::{PrivateKey, Timestamp};

use super::super::{Book, Change, Flaws, Outgoing, Parties};
use crate::core::call::{Call, Failure, Reply, Upload};
use crate::core::catalogue::Catalogue;
use crate::core::check;
use crate::core::random::Ids;
use crate::identity::Identity;

pub(super) const APPID: &str = "wxd678efh567hg6787";
pub(super) const MCHID: &str = "1900007291";
pub(super) const SUB_APPID: &str = "wxd678efh567hg6999";
pub(super) const SUB_MCHID: &str = "1900000109";
pub(super) const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
pub(super) const BASE: &str = "http://127.0.0.1:9470";

/// 2024-01-01 10:34:56 in Beijing.
pub(super) const START: i64 = 1_704_076_496;
pub(super) const HOUR: i64 = 3_600;
pub(super) const DAY: i64 = 24 * HOUR;

pub(super) struct Counter {
    pub(super) book: Book,
    pub(super) ids: Ids,
    pub(super) now: i64,
    /// What is to be wrong with bills.
    pub(super) flaws: Flaws,
}

fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::generate(Timestamp::from_unix(START)).unwrap())
}

pub(super) fn merchant_key() -> &'static PrivateKey {
    identity().merchant_private_key()
}

fn parties() -> Parties {
    Parties {
        appid: APPID.to_owned(),
        mchid: MCHID.to_owned(),
        sub_appid: SUB_APPID.to_owned(),
        sub_mchid: SUB_MCHID.to_owned(),
        openid: OPENID.to_owned(),
        merchant_key: identity().merchant_certificate().public_key().clone(),
    }
}

impl Counter {
    pub(super) fn new() -> Self {
        Self {
            book: Book::of(parties(), 1),
            ids: Ids::new(2),
            now: START,
            flaws: Flaws::default(),
        }
    }

    /// A counter whose book has lived through these changes.
    pub(super) fn replay(changes: impl IntoIterator<Item = Change>, now: i64) -> Self {
        let mut book = Book::of(parties(), 3);
        for change in changes {
            // As it comes back from a file.
            let line = serde_json::to_string(&change).unwrap();
            book.apply(serde_json::from_str(&line).unwrap());
        }
        Self {
            book,
            ids: Ids::new(4),
            now,
            flaws: Flaws::default(),
        }
    }

    pub(super) fn try_call(
        &mut self,
        operation: &str,
        parameters: &[(&str, &str)],
        body: Value,
        upload: Option<Upload>,
    ) -> Result<Reply, Failure> {
        let reply = self.call(operation, parameters, body, upload)?;
        Ok(reply.expect("this is modelled"))
    }

    /// None where there is no state behind the operation.
    pub(super) fn call(
        &mut self,
        operation: &str,
        parameters: &[(&str, &str)],
        body: Value,
        upload: Option<Upload>,
    ) -> Result<Option<Reply>, Failure> {
        let known = Catalogue::built_in().named(operation);
        let parameters: BTreeMap<String, String> = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let call = Call {
            operation,
            method: known.map_or("", |known| &known.method),
            path_template: known.map_or("", |known| &known.path),
            query: parameters.clone().into_iter().collect(),
            path_params: parameters,
            headers: BTreeMap::new(),
            body,
            upload,
            mchid: MCHID,
            base_url: BASE,
            now: Timestamp::from_unix(self.now),
            flaws: self.flaws,
        };
        let reply = self.book.call(&call, &mut self.ids)?;
        if let Some(reply) = &reply {
            in_catalogue(operation, reply);
        }
        Ok(reply)
    }

    pub(super) fn post(&mut self, operation: &str, body: Value) -> Result<Value, Failure> {
        self.try_call(operation, &[], body, None).map(json_of)
    }

    pub(super) fn get(
        &mut self,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        self.try_call(operation, parameters, Value::Null, None)
            .map(json_of)
    }

    pub(super) fn native(&mut self, number: &str, total: i64) -> Result<Value, Failure> {
        self.post("pay.native_prepay", order(number, total))
    }

    pub(super) fn close(&mut self, number: &str) -> Result<(), Failure> {
        self.try_call(
            "pay.close_order",
            &[("out_trade_no", number)],
            json!({ "mchid": MCHID }),
            None,
        )
        .map(|reply| assert!(matches!(reply, Reply::NoContent), "{reply:?}"))
    }

    pub(super) fn query(&mut self, number: &str) -> Result<Value, Failure> {
        self.get(
            "pay.query_order_by_out_trade_no",
            &[("out_trade_no", number), ("mchid", MCHID)],
        )
    }

    pub(super) fn pay(&mut self, number: &str) -> Result<Value, Failure> {
        self.pay_as(number, json!({}))
    }

    pub(super) fn pay_as(&mut self, number: &str, deed: Value) -> Result<Value, Failure> {
        self.book
            .pay(number, &deed, Timestamp::from_unix(self.now), &mut self.ids)
    }

    pub(super) fn refund(
        &mut self,
        number: &str,
        refund_number: &str,
        amount: i64,
        total: i64,
    ) -> Result<Value, Failure> {
        self.post(
            "refund.create_refund",
            refund(number, refund_number, amount, total),
        )
    }

    pub(super) fn query_refund(&mut self, number: &str) -> Result<Value, Failure> {
        self.get("refund.query_refund", &[("out_refund_no", number)])
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.now += seconds;
        self.book.advance(Timestamp::from_unix(self.now));
    }

    pub(super) fn due(&mut self) -> Vec<Outgoing> {
        self.book.due(Timestamp::from_unix(self.now))
    }

    pub(super) fn delivered(&mut self, id: &str, taken: bool) {
        self.book
            .delivered(id, taken, Timestamp::from_unix(self.now));
    }

    pub(super) fn view(&self, number: &str) -> Value {
        self.book.order(number).unwrap()
    }

    pub(super) fn state(&self, number: &str) -> String {
        self.view(number)["trade_state"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// Whether an answer is what the catalogue says of its operation: all fields that must be there,
/// none it does not know, of the right types.
fn in_catalogue(operation: &str, reply: &Reply) {
    let Reply::Json(_, value) = reply else { return };
    let found = Catalogue::built_in().named(operation).unwrap();
    let schema = found.response.as_ref().unwrap();
    let findings = check::body(schema, value);
    assert!(findings.is_empty(), "{operation}: {findings:?}\n{value}");
}

fn json_of(reply: Reply) -> Value {
    match reply {
        Reply::Json(StatusCode::OK, value) => value,
        other => panic!("200 with JSON expected: {other:?}"),
    }
}

pub(super) fn order(number: &str, total: i64) -> Value {
    json!({
        "appid": APPID,
        "mchid": MCHID,
        "description": "深圳,腾大 公仔",
        "out_trade_no": number,
        "attach": "a,b",
        "notify_url": "http://127.0.0.1:1/notify",
        "amount": { "total": total, "currency": "CNY" },
    })
}

pub(super) fn partner_order(number: &str, total: i64) -> Value {
    json!({
        "sp_appid": APPID,
        "sp_mchid": MCHID,
        "sub_appid": SUB_APPID,
        "sub_mchid": SUB_MCHID,
        "description": "茶",
        "out_trade_no": number,
        "notify_url": "http://127.0.0.1:1/notify",
        "amount": { "total": total },
        "payer": { "sub_openid": "sub-payer" },
    })
}

pub(super) fn combine_order(number: &str, parts: &[(&str, i64)]) -> Value {
    let parts: Vec<Value> = parts
        .iter()
        .map(|(number, total)| {
            json!({
                "mchid": MCHID,
                "attach": "part",
                "amount": { "total_amount": total, "currency": "CNY" },
                "out_trade_no": number,
                "description": "茶",
            })
        })
        .collect();
    json!({
        "combine_appid": APPID,
        "combine_mchid": MCHID,
        "combine_out_trade_no": number,
        "sub_orders": parts,
        "notify_url": "http://127.0.0.1:1/combined",
    })
}

pub(super) fn refund(number: &str, refund_number: &str, amount: i64, total: i64) -> Value {
    json!({
        "out_trade_no": number,
        "out_refund_no": refund_number,
        "notify_url": "http://127.0.0.1:1/refunded",
        "amount": { "refund": amount, "total": total, "currency": "CNY" },
    })
}

/// The failure's code, and its number.
pub(super) fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> (&'static str, u64) {
    let failure = result.unwrap_err();
    (failure.code, failure.numeric)
}
