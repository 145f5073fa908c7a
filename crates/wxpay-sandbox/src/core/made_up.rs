//! Answers of the operations the sandbox has no model of: well-formed by the catalogue, in agreement
//! with the request where both have a field of the same name, and nothing behind them.
//!
//! The same request has the same answer, but for its times. Operations that name the same business
//! number, such as a creation and its query, have the same numbers in their answers.

mod echo;
mod file;
mod text;

use std::cell::Cell;

use http::StatusCode;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use wxpay_json::DateTime;
use wxpay_sign::Encryptor as _;

use self::echo::Request;
use super::book::hex;
use super::call::{Call, Failure, Reply, numeric};
use super::catalogue::{Field, Kind, Operation};
use super::random::Ids;
use super::upload;
use super::v2::wire;
use crate::identity::Identity;

pub(super) use self::file::{is_token, linked};

/// What the journal says of them.
pub(super) const REMARK: &str =
    "not modelled: the answer is made up from the catalogue, nothing is kept";
/// What the journal says where a model does not know all of an answer.
pub(super) const PARTLY: &str =
    "modelled in part: fields the answer must have and the model does not know are made up";

/// Entries of a list of which the request says nothing.
const ENTRIES: usize = 1;
/// So many entries the lists of one answer have in all; beyond that each has one.
const MOST_ENTRIES: usize = 1_000;
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// The success of an operation.
pub(super) fn answer(
    operation: &Operation,
    call: &Call<'_>,
    identity: &Identity,
    ids: &mut Ids,
) -> Result<Reply, Failure> {
    if operation.answers_file() {
        return Ok(file::of(operation));
    }
    let Some(schema) = &operation.response else {
        return Ok(Reply::Empty(operation.status()));
    };
    let maker = Maker::new(operation, call, identity, ids);
    let answer = maker.object(schema, Some(&call.body), 0)?;
    Ok(Reply::Json(operation.status(), answer))
}

/// Adds to an answer what it must have and its model does not know; whether there was anything.
pub(super) fn complete(
    operation: &Operation,
    call: &Call<'_>,
    identity: &Identity,
    ids: &mut Ids,
    answer: &mut Value,
) -> Result<bool, Failure> {
    match &operation.response {
        Some(schema) => {
            let maker = Maker::new(operation, call, identity, ids);
            maker.complete(schema, answer, Some(&call.body), 0)
        }
        None => Ok(false),
    }
}

/// Makes up one answer.
struct Maker<'a> {
    operation: &'a Operation,
    call: &'a Call<'a>,
    identity: &'a Identity,
    request: Request<'a>,
    /// What the request is about: equal for requests whose answers belong together.
    about: String,
    /// How many entries of lists there may still be.
    room: Cell<usize>,
}

impl<'a> Maker<'a> {
    fn new(
        operation: &'a Operation,
        call: &'a Call<'a>,
        identity: &'a Identity,
        ids: &mut Ids,
    ) -> Self {
        let request = Request::new(operation, call);
        // Every upload has a name of its own, the same file twice as well.
        let about = if operation.is_upload() {
            ids.hex(32)
        } else {
            hex(&Sha256::digest(request.about(operation)))
        };
        Self {
            operation,
            call,
            identity,
            request,
            about,
            room: Cell::new(MOST_ENTRIES),
        }
    }

    /// An object with everything it may have, but for what tells of failures.
    fn object(
        &self,
        schema: &Field,
        scope: Option<&Value>,
        entry: usize,
    ) -> Result<Value, Failure> {
        let mut map = Map::new();
        for field in &schema.fields {
            if field.required || !tells_of_failure(&field.name) {
                map.insert(field.name.clone(), self.value(field, scope, entry)?);
            }
        }
        self.agree(schema, &mut map, scope, entry)?;
        Ok(Value::Object(map))
    }

    fn value(&self, field: &Field, scope: Option<&Value>, entry: usize) -> Result<Value, Failure> {
        match field.kind {
            Kind::Object => {
                let scope = self.request.object(&field.name, scope);
                self.object(field, scope, entry)
            }
            Kind::Array => self.array(field, scope, entry),
            _ => Ok(match self.request.scalar(field, scope) {
                Some(said) => said,
                None => self.scalar(field, entry),
            }),
        }
    }

    fn array(&self, field: &Field, scope: Option<&Value>, entry: usize) -> Result<Value, Failure> {
        let Some(item) = field
            .items
            .as_deref()
            .filter(|_| !tells_of_failure(&field.name))
        else {
            return Ok(Value::Array(Vec::new()));
        };
        let said = self.request.array(field, item, scope);
        if !matches!(item.kind, Kind::Object | Kind::Array) {
            let made = || vec![self.named(item, &field.name, field.label.as_deref(), entry)];
            return Ok(Value::Array(said.map_or_else(made, <[Value]>::to_vec)));
        }
        let count = said.map_or(ENTRIES, <[Value]>::len);
        let count = count.min(self.room.get()).max(ENTRIES);
        self.room.set(self.room.get().saturating_sub(count));
        let mut items = Vec::with_capacity(count);
        for index in 0..count {
            let scope = said.and_then(|said| said.get(index));
            // The entries of a list within the second entry of another are others again.
            let entry = within(entry, index);
            items.push(match item.kind {
                Kind::Object => self.object(item, scope, entry)?,
                _ => self.array(item, scope, entry)?,
            });
        }
        Ok(Value::Array(items))
    }

    fn complete(
        &self,
        schema: &Field,
        answer: &mut Value,
        scope: Option<&Value>,
        entry: usize,
    ) -> Result<bool, Failure> {
        let mut added = false;
        let Value::Object(map) = answer else {
            return Ok(false);
        };
        for field in &schema.fields {
            match (map.get_mut(&field.name), field.items.as_deref()) {
                (None, _) if field.required => {
                    added = true;
                    map.insert(field.name.clone(), self.value(field, scope, entry)?);
                }
                (Some(Value::Array(items)), Some(schema)) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        added |= self.complete(schema, item, None, within(entry, index))?;
                    }
                }
                (Some(value), _) => {
                    let scope = self.request.object(&field.name, scope);
                    added |= self.complete(field, value, scope, entry)?;
                }
                (None, _) => {}
            }
        }
        Ok(added)
    }

    /// Has the fields of an object agree with each other: what is counted with what is listed, a
    /// file with its link.
    fn agree(
        &self,
        schema: &Field,
        map: &mut Map<String, Value>,
        scope: Option<&Value>,
        entry: usize,
    ) -> Result<(), Failure> {
        let lists = schema.fields.iter().filter(|it| it.kind == Kind::Array);
        let listed = lists
            .filter_map(|list| Some(map.get(&list.name)?.as_array()?.len()))
            .max();
        if let Some(count) = listed {
            for field in &schema.fields {
                let counts = matches!(field.kind, Kind::Integer)
                    && matches!(
                        field.name.as_str(),
                        "total_count" | "count" | "total_num" | "total" | "download_bill_count"
                    );
                if counts && self.request.scalar(field, scope).is_none() {
                    map.insert(field.name.clone(), json!(count));
                }
            }
        }
        if map.contains_key("ciphertext") && map.contains_key("nonce") {
            return Err(cannot(self.operation, "密文的内容没有公开的说明"));
        }
        if map.contains_key("download_url") {
            self.link(schema, map, entry)?;
        }
        Ok(())
    }

    /// A link that can be followed, and what is said of the file behind it.
    fn link(
        &self,
        schema: &Field,
        map: &mut Map<String, Value>,
        entry: usize,
    ) -> Result<(), Failure> {
        let sealed = map.contains_key("encrypt_key") && map.contains_key("nonce");
        let algorithms = ["algorithm", "encryption_algorithm"].iter();
        let mut algorithms = algorithms.filter_map(|name| self.call.query(name));
        if sealed && algorithms.any(|it| it.contains("SM4")) {
            return Err(cannot(self.operation, "沙箱仅支持AEAD_AES_256_GCM"));
        }
        let token = file::token(&self.seed("download_url", entry), sealed);
        let gzip = self.call.query("tar_type") == Some("GZIP");
        let tar_type = if gzip { "&tartype=gzip" } else { "" };
        let address = format!(
            "{}/v3/billdownload/file?token={token}{tar_type}",
            self.call.base_url
        );
        map.insert("download_url".to_owned(), address.into());
        let plain = file::text(&token);
        let hash_type = schema.fields.iter().find(|it| it.name == "hash_type");
        let words = hash_type.map_or(&[][..], |it| &it.words);
        let preferred = ["SHA1", "SHA256", "MD5", "SM3"].iter();
        let mut preferred =
            preferred.filter(|it| words.is_empty() || words.iter().any(|w| w == *it));
        let Some(hash_type) = preferred.next().copied() else {
            return Err(cannot(self.operation, "不支持此哈希算法"));
        };
        if map.contains_key("hash_type") {
            map.insert("hash_type".to_owned(), hash_type.into());
        }
        if map.contains_key("hash_value") {
            let hash = upload::digest(&hash_type.to_lowercase(), plain.as_bytes());
            map.insert("hash_value".to_owned(), json!(hash));
        }
        if sealed {
            let seal = file::Seal::of(&token);
            let merchant_key = self.identity.merchant_certificate().public_key();
            let key = merchant_key.encrypt(&seal.key);
            let key = key.map_err(|_| Failure::system_error())?;
            map.insert("encrypt_key".to_owned(), key.into());
            map.insert("nonce".to_owned(), seal.nonce.into());
        }
        Ok(())
    }

    fn scalar(&self, field: &Field, entry: usize) -> Value {
        self.named(field, &field.name, field.label.as_deref(), entry)
    }

    /// A value of a field, or of an entry of a list that has its name from the list.
    fn named(&self, field: &Field, name: &str, label: Option<&str>, entry: usize) -> Value {
        let now = self.call.now.as_unix();
        match field.kind {
            Kind::Fen => amount(name).into(),
            Kind::Integer => self.integer(name, entry).into(),
            Kind::Number => 0.5.into(),
            Kind::Boolean => true.into(),
            Kind::Datetime | Kind::Date => time(field, now.saturating_add(offset(name))).into(),
            Kind::Json | Kind::Object => Value::Object(Map::new()),
            Kind::Array => Value::Array(Vec::new()),
            Kind::String | Kind::Any => match word(field) {
                Some(word) => word.into(),
                None => self.text(name, label, entry).into(),
            },
        }
    }

    fn integer(&self, name: &str, entry: usize) -> i64 {
        let is_number = name.ends_with("_id") || name.ends_with("_no") || name == "id";
        if is_number {
            // As many digits as every reader of JSON keeps.
            let digits = self.ids(name, entry).digits(14);
            return digits.parse::<i64>().unwrap_or(0) + 100_000_000_000_000;
        }
        match name {
            "offset" => 0,
            "limit" => 20,
            // Scaled by ten to the eighth.
            "rate" => 100_000_000,
            _ => 1,
        }
    }

    /// Numbers for this field of this answer.
    fn ids(&self, name: &str, entry: usize) -> Ids {
        let digest = Sha256::digest(self.seed(name, entry));
        let seed = digest
            .first_chunk()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Ids::new(seed)
    }

    fn seed(&self, name: &str, entry: usize) -> String {
        format!("{}\n{}\n{name}\n{entry}", self.identity.mchid(), self.about)
    }
}

/// The number of an entry of a list within an entry of another.
fn within(entry: usize, index: usize) -> usize {
    entry.wrapping_mul(100).wrapping_add(index)
}

/// A word of an enumeration: where one of them says that all is well, that one.
fn word(field: &Field) -> Option<&str> {
    const WELL: [&str; 5] = [
        "SUCCESS",
        "FINISHED",
        "NORMAL",
        "ACTIVE",
        "AEAD_AES_256_GCM",
    ];
    let well = WELL.iter().copied();
    let mut well = well.filter(|well| field.words.iter().any(|word| word == well));
    let mut words = field.words.iter().map(String::as_str);
    well.next().or_else(|| words.next())
}

fn time(field: &Field, at: i64) -> String {
    match (field.kind, field.format.as_deref()) {
        (Kind::Datetime, Some("compact")) => wire::compact(at),
        (Kind::Datetime, Some("spaced")) => wire::spaced(at),
        (Kind::Date, Some("compact")) => wire::compact(at).chars().take(8).collect(),
        (Kind::Date, _) => DateTime::beijing(at).date().to_string(),
        _ => DateTime::beijing(at).to_string(),
    }
}

/// By how much a time differs from now, as far as its name says, in seconds.
fn offset(name: &str) -> i64 {
    let has = |part: &str| name.contains(part);
    if has("expire") || has("end_") || has("deadline") || has("estimated") {
        7 * DAY
    } else if has("begin") || has("start") || has("create") || has("accept") || has("apply") {
        -HOUR
    } else {
        0
    }
}

/// Fen.
fn amount(name: &str) -> i64 {
    let nothing = ["discount", "fee", "fail", "refund", "contribute"].iter();
    if nothing.into_iter().any(|part| name.contains(part)) {
        0
    } else {
        100
    }
}

/// Whether a field has no place in an answer that says all is well.
fn tells_of_failure(name: &str) -> bool {
    let parts = [
        "fail_",
        "failed_",
        "reject",
        "error",
        "abnormal",
        "invalid_reason",
        "close_reason",
    ];
    parts.iter().any(|part| name.contains(part))
}

/// There is nothing to be made up.
fn cannot(operation: &Operation, reason: &str) -> Failure {
    Failure::new(
        StatusCode::NOT_IMPLEMENTED,
        "SERVICE_UNAVAILABLE",
        numeric::OTHER,
        format!("沙箱尚未模拟此接口“{}”：{reason}", operation.label),
    )
}
