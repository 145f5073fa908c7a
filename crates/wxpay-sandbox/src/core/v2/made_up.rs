//! Answers of the interfaces the sandbox has no model of: well-formed, made from the facts, and
//! nothing behind them.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};
use wxpay_sign::Timestamp;

use super::facts::{Operation, ReplyForm};
use super::wire::{self, Pairs};
use crate::core::answer;
use crate::core::catalogue::{Field, Kind};
use crate::core::random::Ids;

/// What the journal says of them.
pub(super) const REMARK: &str =
    "not modelled: the answer is made up from the catalogue, nothing is kept";

/// An answer.
#[derive(Debug)]
pub(super) enum Answer {
    Fields(Pairs),
    File(String),
}

/// The success of an interface: fields of the request that the answer has as well, and every other
/// required field with something of its type.
pub(super) fn answer(
    operation: &Operation,
    request: &Pairs,
    now: Timestamp,
    ids: &mut Ids,
) -> Answer {
    if operation.reply == ReplyForm::File {
        return Answer::File("0\n".to_owned());
    }
    let mut maker = Maker { now, ids };
    let mut fields = Pairs::default();
    for field in &operation.response {
        let name = field.name.as_str();
        if field.indexed {
            for member in &field.fields {
                fields.set(&format!("{}_0", member.name), maker.text(member));
            }
        } else if let Some(given) = request.get(name) {
            fields.set(name, given);
        } else if field.repeated {
            fields.set_repeated(name, vec![maker.record(field)]);
        } else if let Some(item) = field.list.as_deref().filter(|_| field.required) {
            fields.set_list(name, item, vec![maker.record(field)]);
        } else if field.required && field.list.is_none() {
            fields.set(name, maker.text(field));
        }
    }
    Answer::Fields(fields)
}

/// The one answer in JSON: a token for a payer's real name.
pub(super) fn access_token(ids: &mut Ids) -> Response<Bytes> {
    let answer = json!({
        "retcode": 0,
        "retmsg": "ok",
        "access_token": ids.alphanumeric(64),
        "access_token_expire_in": 7_200,
        "refresh_token": ids.alphanumeric(64),
        "refresh_token_expire_in": 2_592_000,
    });
    answer::json(StatusCode::OK, &answer)
}

/// What a browser sees where an interface is a page.
pub(super) fn page(operation: &Operation) -> Response<Bytes> {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><title>{label}</title></head>\n\
         <body><h1>{label}</h1><p>沙箱未模拟此页面。</p></body>\n</html>\n",
        label = operation.label
    );
    answer::bare(
        StatusCode::OK,
        Some("text/html; charset=utf-8"),
        Bytes::from(page),
    )
}

struct Maker<'a> {
    now: Timestamp,
    ids: &'a mut Ids,
}

impl Maker<'_> {
    fn record(&mut self, field: &Field) -> Pairs {
        let mut record = Pairs::default();
        for member in &field.fields {
            record.set(&member.name, self.text(member));
        }
        record
    }

    fn text(&mut self, field: &Field) -> String {
        if field.json || matches!(field.kind, Kind::Object | Kind::Array) {
            return self.json(field).to_string();
        }
        match field.kind {
            Kind::Fen | Kind::Integer => field.min.unwrap_or(1).to_string(),
            Kind::Datetime if field.format.as_deref() == Some("spaced") => {
                wire::spaced(self.now.as_unix())
            }
            Kind::Datetime => wire::compact(self.now.as_unix()),
            Kind::Date if field.format.as_deref() == Some("compact") => {
                wire::compact(self.now.as_unix())[..8].to_owned()
            }
            Kind::Date => wire::spaced(self.now.as_unix())[..10].to_owned(),
            Kind::Boolean => "true".to_owned(),
            _ => match field.words.first() {
                Some(word) => word.clone(),
                None => self.ids.digits(16),
            },
        }
    }

    fn json(&mut self, field: &Field) -> Value {
        match field.kind {
            Kind::Object => {
                let mut map = Map::new();
                for field in field.fields.iter().filter(|field| field.required) {
                    map.insert(field.name.clone(), self.json(field));
                }
                Value::Object(map)
            }
            Kind::Array => {
                let item = field.items.as_deref().map(|item| self.json(item));
                Value::Array(item.into_iter().collect())
            }
            Kind::Fen | Kind::Integer => field.min.unwrap_or(1).into(),
            Kind::Boolean => true.into(),
            _ => self.text(field).into(),
        }
    }
}
