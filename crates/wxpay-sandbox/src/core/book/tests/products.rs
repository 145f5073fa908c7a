//! What a merchant does with the products beside payment.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use http::StatusCode;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::counter::*;
use crate::core::call::{Call, Failure, Reply, Upload};
use crate::core::catalogue::{Catalogue, Operation};
use crate::core::check;

/// Where the merchant is told of things.
pub(super) const TOLD: &str = "http://127.0.0.1:1/told";

impl Counter {
    /// A call by method and path. `{}` in the path stand for the parameters, which come before those
    /// of the query.
    pub(super) fn send(
        &mut self,
        method: &str,
        path: &str,
        parameters: &[(&str, &str)],
        body: Value,
    ) -> Result<Value, Failure> {
        let reply = self.try_send(method, path, parameters, body)?;
        Ok(match reply {
            Reply::Json(StatusCode::OK, value) | Reply::Partial(StatusCode::OK, value) => value,
            Reply::NoContent => Value::Null,
            other => panic!("200 with JSON or 204 expected: {other:?}"),
        })
    }

    pub(super) fn try_send(
        &mut self,
        method: &str,
        path: &str,
        parameters: &[(&str, &str)],
        body: Value,
    ) -> Result<Reply, Failure> {
        self.send_all(method, path, parameters, body, None)
    }

    /// An upload.
    pub(super) fn upload(&mut self, path: &str, upload: Upload) -> Result<Value, Failure> {
        let reply = self.send_all("POST", path, &[], Value::Null, Some(upload))?;
        let Reply::Json(_, value) = reply else {
            panic!("{reply:?}")
        };
        Ok(value)
    }

    fn send_all(
        &mut self,
        method: &str,
        path: &str,
        parameters: &[(&str, &str)],
        body: Value,
        upload: Option<Upload>,
    ) -> Result<Reply, Failure> {
        let mut template = String::new();
        let (mut in_path, mut in_query) = (BTreeMap::new(), BTreeMap::new());
        let mut pieces = path.split("{}");
        template.push_str(pieces.next().unwrap());
        let mut parameters = parameters.iter();
        for piece in pieces {
            let (name, value) = parameters.next().unwrap();
            template.push_str(&format!("{{{name}}}{piece}"));
            in_path.insert((*name).to_owned(), (*value).to_owned());
        }
        for (name, value) in parameters {
            in_query.insert((*name).to_owned(), (*value).to_owned());
        }
        let known = known(method, path);
        let call = Call {
            operation: known.map_or("", |known| &known.name),
            method,
            path_template: known.map_or(&template, |known| &known.path),
            path_params: in_path,
            query: in_query.into_iter().collect(),
            headers: BTreeMap::new(),
            body,
            upload,
            mchid: MCHID,
            base_url: BASE,
            now: Timestamp::from_unix(self.now),
            flaws: self.flaws,
        };
        let reply = self.book.call(&call, &mut self.ids)?;
        // What was carried out could have come through the gate.
        if let Some(known) = known {
            assert_eq!(template, known.path);
            let mut findings = check::path(&known.path_params, &call.path_params);
            findings.extend(check::query(&known.query, &known.any_of, &call.query));
            match &known.body {
                Some(schema) => findings.extend(check::body(schema, &call.body)),
                None => assert_eq!(call.body, Value::Null, "{method} {path}"),
            }
            assert!(findings.is_empty(), "{method} {path}: {findings:?}");
        }
        let reply = reply.expect("there is a state behind this");
        if let (Reply::Json(_, value), Some(schema)) =
            (&reply, known.and_then(|known| known.response.as_ref()))
        {
            let findings = check::body(schema, value);
            assert!(
                findings.is_empty(),
                "{method} {path}: {findings:?}\n{value}"
            );
        }
        Ok(reply)
    }

    /// An order that is paid, with its transaction id.
    pub(super) fn paid(&mut self, number: &str, total: i64, profit_sharing: bool) -> String {
        let mut order = order(number, total);
        order["settle_info"] = json!({ "profit_sharing": profit_sharing });
        self.post("pay.native_prepay", order).unwrap();
        self.pay(number).unwrap();
        let transaction_id = self.view(number)["transaction_id"].clone();
        transaction_id.as_str().unwrap().to_owned()
    }

    /// What was told since the last time, to whoever was told: event and content.
    pub(super) fn told(&mut self) -> Vec<(String, Value)> {
        let due = self.due();
        due.into_iter()
            .map(|notice| {
                self.delivered(&notice.id, true);
                (notice.event_type, notice.event)
            })
            .filter(|(event_type, _)| event_type != "TRANSACTION.SUCCESS")
            .collect()
    }
}

/// The only event there was, and its content.
pub(super) fn only(told: Vec<(String, Value)>) -> (String, Value) {
    assert_eq!(told.len(), 1, "{told:?}");
    told.into_iter().next().unwrap()
}

pub(super) fn refused(result: Result<Value, Failure>) -> (StatusCode, &'static str) {
    let failure = result.unwrap_err();
    (failure.status, failure.code)
}

/// The catalogue's operation with this method and this path.
fn known(method: &str, path: &str) -> Option<&'static Operation> {
    static KNOWN: OnceLock<BTreeMap<String, &'static Operation>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let operations = Catalogue::built_in().operations();
        operations
            .map(|it| {
                let segments = it.path.split('/');
                let path: Vec<&str> = segments
                    .map(|segment| {
                        if segment.starts_with('{') {
                            "{}"
                        } else {
                            segment
                        }
                    })
                    .collect();
                (format!("{} {}", it.method, path.join("/")), it)
            })
            .collect()
    });
    known.get(&format!("{method} {path}")).copied()
}
