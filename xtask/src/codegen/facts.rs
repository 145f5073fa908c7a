//! `crates/wxpay-sandbox/src/catalogue.json` and `catalogue_v2.json`: the facts without the prose,
//! parts and shapes put in, for whoever checks requests against them.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::events;
use super::model::{
    Family, Field, Generation, Idempotency, Kind, Operation, Place, Sensitive, Sign, Upload,
};
use super::names;

/// Every operation of the families of `generation`, sorted by name, one a line.
pub(super) fn write(families: &[Family], generation: Generation) -> Result<String> {
    let mut operations = Vec::new();
    for family in families
        .iter()
        .filter(|family| family.generation == generation)
    {
        for operation in &family.operations {
            let name = names::operation(family, &operation.name);
            let facts = match generation {
                Generation::V2 => facts_of_xml(family, operation, &name),
                Generation::V3 => facts(family, operation, &name),
            };
            let facts = facts.with_context(|| name.clone())?;
            operations.push((name, facts));
        }
    }
    operations.sort_by(|(left, _), (right, _)| left.cmp(right));
    let lines: Vec<String> = operations
        .into_iter()
        .map(|(_, facts)| facts.to_string())
        .collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// What the notifications of v3 carry, a type a line: its path, its events, its fields.
pub(super) fn notifications(families: &[Family]) -> Result<String> {
    let mut lines = Vec::new();
    for (family, shape) in events::told(families) {
        let facts = json!({
            "name": format!("{}::{}", family.name, shape.name),
            "events": shape.notification,
            "content": object(family, &shape.fields, &[], false)?,
        });
        lines.push(facts.to_string());
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn facts(family: &Family, operation: &Operation, name: &str) -> Result<Value> {
    let request = |fields: &Option<Vec<Field>>| match fields {
        Some(fields) => object(family, fields, &operation.any_of, true),
        None => Ok(Value::Null),
    };
    let response = match operation.response.as_deref() {
        Some(response) => {
            let shape = family.shape(response).context("the response is no shape")?;
            object(family, &shape.fields, &[], false)?
        }
        None => Value::Null,
    };
    let mut facts = json!({
        "name": name,
        "label": operation.label,
        "method": operation.method.as_str(),
        "path": operation.path,
        "reply": operation.reply.as_str(),
        "status": operation.status(),
        "query": fields(family, &operation.query, true)?,
        "path_params": fields(family, &operation.params, true)?,
        "body": request(&operation.body)?,
        "response": response,
    });
    if operation.hong_kong {
        facts["host"] = json!("hk");
    }
    if !operation.headers.is_empty() {
        facts["headers"] = json!(fields(family, &operation.headers, true)?);
    }
    if let Some(upload) = &operation.upload {
        facts_of_upload(&mut facts, family, upload)?;
    }
    if let Idempotency::MerchantNumber(number) = &operation.idempotency {
        facts["merchant_number"] = json!(number);
    }
    // Those of a body stand with it.
    if operation.body.is_none() && !operation.any_of.is_empty() {
        facts["any_of"] = json!(operation.any_of);
    }
    Ok(facts)
}

fn facts_of_upload(facts: &mut Value, family: &Family, upload: &Upload) -> Result<()> {
    let digest = upload.digest.as_ref();
    let digest = digest.map_or("none", |(digest, _)| digest.as_str());
    let mut form = json!({ "file": upload.content.name, "meta": "meta", "digest": digest });
    if let Some(max) = upload.content.max {
        form["max"] = json!(max);
    }
    if !upload.types.is_empty() {
        form["types"] = json!(upload.types);
    }
    facts["upload"] = form;
    let mut described = Vec::new();
    if upload.describes_name {
        described.push(facts_of_field(family, &upload.filename, true)?);
    }
    if let Some((_, name)) = &upload.digest {
        described.push(json!({
            "name": name, "required": true, "label": "文件摘要",
            "type": "string", "min": 64, "max": 64, "unit": "chars", "alphabet": "hex",
        }));
    }
    if let Some((name, word)) = &upload.algorithm {
        described.push(json!({
            "name": name, "required": true, "label": "摘要算法", "type": "string", "enum": [word],
        }));
    }
    described.extend(fields(family, &upload.meta, true)?);
    facts["meta"] = json!({ "type": "object", "fields": described });
    if !upload.form.is_empty() {
        facts["form"] = json!(fields(family, &upload.form, true)?);
    }
    Ok(())
}

fn facts_of_xml(family: &Family, operation: &Operation, name: &str) -> Result<Value> {
    let xml = &operation.xml;
    let response = match operation.response.as_deref() {
        Some(response) => {
            &*family
                .shape(response)
                .context("the response is no shape")?
                .fields
        }
        None => &[],
    };
    let body = operation.body.as_deref().unwrap_or_default();
    let mut facts = json!({
        "name": name,
        "label": operation.label,
        "method": operation.method.as_str(),
        "path": operation.path,
        "host": xml.host.as_str(),
        "merchant": xml.merchant,
        "sign": xml.sign.map(Sign::as_str),
        "sign_type": xml.sign_type,
        "nonce": xml.nonce,
        "certificate": xml.certificate,
        "page_url": xml.page_url,
        "reply": operation.reply.as_str(),
        "idempotency": match &operation.idempotency {
            Idempotency::MerchantNumber(number) => number,
            Idempotency::No => "none",
            Idempotency::Safe => "safe",
        },
        "any_of": operation.any_of,
        "fields": fields(family, body, true)?,
        "response": fields(family, response, false)?,
    });
    if !xml.workwx_sign.is_empty() {
        facts["workwx_sign"] = json!(xml.workwx_sign);
    }
    if operation.by_hand {
        facts["by_hand"] = json!(true);
    }
    Ok(facts)
}

fn fields(family: &Family, fields: &[Field], request: bool) -> Result<Vec<Value>> {
    fields
        .iter()
        .map(|field| facts_of_field(family, field, request))
        .collect()
}

fn object(family: &Family, list: &[Field], any_of: &[Vec<String>], request: bool) -> Result<Value> {
    let mut object = json!({ "type": "object", "fields": fields(family, list, request)? });
    if request && !any_of.is_empty() {
        object["any_of"] = json!(any_of);
    }
    Ok(object)
}

fn facts_of_field(family: &Family, field: &Field, request: bool) -> Result<Value> {
    let mut facts = Map::new();
    facts.insert("name".to_owned(), json!(field.name));
    facts.insert("required".to_owned(), json!(field.required));
    facts.insert("label".to_owned(), json!(field.label));
    let mut kind = facts_of_kind(family, &field.kind, request)?;
    if field.list && field.is_encrypted() {
        kind.insert("sensitive".to_owned(), json!(true));
    }
    match &field.place {
        Place::Plain => {}
        Place::Json => {
            facts.insert("json".to_owned(), json!(true));
        }
        // The fields of an entry stand in the field itself.
        Place::Indexed => {
            facts.insert("indexed".to_owned(), json!(true));
        }
        Place::Records(item) => {
            facts.insert("list".to_owned(), json!(item));
        }
        Place::Repeated => {
            facts.insert("repeated".to_owned(), json!(true));
        }
    }
    if field.url_encoded {
        facts.insert("url_encoded".to_owned(), json!(true));
    }
    if field.list && matches!(field.place, Place::Plain | Place::Json) {
        kind = Map::from_iter([
            ("type".to_owned(), json!("array")),
            ("items".to_owned(), Value::Object(kind)),
        ]);
    }
    facts.append(&mut kind);
    if request {
        // An empty text or list is refused wherever one may be sent at all.
        let min = field
            .min
            .or_else(|| (field.list || field.kind == Kind::String).then_some(1));
        if let Some(min) = min {
            facts.insert("min".to_owned(), json!(min));
        }
        if let Some(max) = field.max {
            facts.insert("max".to_owned(), json!(max));
        }
        if family.foreign && field.kind == Kind::Currency && !field.list {
            facts.insert("min".to_owned(), json!(3));
            facts.insert("max".to_owned(), json!(3));
        }
        if !field.list && field.kind == Kind::String {
            let unit = if field.bytes { "bytes" } else { "chars" };
            facts.insert("unit".to_owned(), json!(unit));
        }
        if let Some(alphabet) = field.alphabet {
            facts.insert("alphabet".to_owned(), json!(alphabet.as_str()));
        }
        if let Some(default) = &field.default {
            facts.insert("default".to_owned(), json!(default));
        }
    }
    // How a time is written matters both ways.
    if let Some(format) = field.format {
        facts.insert("format".to_owned(), json!(format.as_str()));
    }
    if field.is_encrypted() && !field.list {
        facts.insert("sensitive".to_owned(), json!(true));
    }
    if family.is_v2() && field.sensitive == Some(Sensitive::Redacted) {
        facts.insert("redacted".to_owned(), json!(true));
    }
    Ok(Value::Object(facts))
}

fn facts_of_kind(family: &Family, kind: &Kind, request: bool) -> Result<Map<String, Value>> {
    let facts = match kind {
        Kind::String => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Fen => json!({ "type": "fen" }),
        Kind::DateTime => json!({ "type": "datetime" }),
        Kind::Date => json!({ "type": "date" }),
        Kind::YesNo => json!({ "type": "string", "enum": ["Y", "N"] }),
        Kind::Currency if family.foreign => json!({ "type": "string" }),
        Kind::Currency => json!({ "type": "string", "enum": ["CNY"] }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Json => json!({ "type": "json" }),
        Kind::File => json!({ "type": "file" }),
        Kind::Enum(name) => {
            let words = &family.enumeration(name).context("no such enum")?.words;
            let words: Vec<&str> = words.iter().map(|word| word.word.as_str()).collect();
            json!({ "type": "string", "enum": words })
        }
        Kind::Shape(name) => {
            let shape = family.shape(name).context("no such shape")?;
            object(family, &shape.fields, &shape.any_of, request)?
        }
    };
    match facts {
        Value::Object(facts) => Ok(facts),
        _ => Ok(Map::new()),
    }
}
