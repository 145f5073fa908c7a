//! From what people wrote to what the writers want, refusing what contradicts itself.

mod field;
mod upload;
mod usage;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

use super::form;
use super::model::{
    Enumeration, Family, Field, Generation, Group, Idempotency, Kind, Method, Named,
};
use super::model::{Operation, Reply, Shape, Word};
use super::names;

/// Resolves the family `name`.
pub(super) fn family(generation: Generation, name: &str, form: form::Family) -> Result<Family> {
    ensure!(
        names::is_snake(name),
        "a family's file is named like a module, `{name}` is not"
    );
    said("title", &form.title)?;
    said("doc", &form.doc)?;
    ensure!(!form.operation.is_empty(), "no operation");
    let groups = groups(generation, name, &form.groups)?;
    ensure!(
        generation == Generation::V3 || form.foreign.is_none(),
        "`foreign` is for v3"
    );
    ensure!(
        form.foreign != Some(false),
        "`foreign = false` is what it would be anyway"
    );
    let index = index(generation, &form)?;
    let mut parts = Parts::new(&form.part)?;
    let mut operations = Vec::with_capacity(form.operation.len());
    for operation in form.operation {
        let place = format!("operation {}", operation.name);
        operations.push(self::operation(generation, operation, &mut parts, &index).context(place)?);
    }
    let mut shapes = Vec::with_capacity(form.shape.len());
    for shape in form.shape {
        let place = format!("shape {}", shape.name);
        shapes.push(self::shape(generation, shape, &mut parts, &index).context(place)?);
    }
    let mut enums = Vec::with_capacity(form.enumeration.len());
    for enumeration in form.enumeration {
        let place = format!("enum {}", enumeration.name);
        enums.push(self::enumeration(enumeration).context(place)?);
    }
    parts.all_used()?;
    let mut family = Family {
        generation,
        name: name.to_owned(),
        title: form.title,
        doc: form.doc,
        by_hand: form.by_hand,
        foreign: form.foreign.is_some(),
        groups,
        enables: form.enables,
        operations,
        shapes,
        enums,
        index,
    };
    usage::mark(&mut family)?;
    if generation == Generation::V2 {
        xml::family(&family)?;
    }
    usage::defaults(&family)?;
    Ok(family)
}

fn groups(generation: Generation, family: &str, words: &[String]) -> Result<Vec<Group>> {
    ensure!(
        generation == Generation::V3 || words.is_empty(),
        "`groups` are for v3; all families of v2 are in the feature v2"
    );
    let taken = Group::ALL.map(Group::as_str);
    ensure!(
        !taken.contains(&family) && !["full", "v1", "v2"].contains(&family),
        "{family} is a group of features"
    );
    let mut groups = Vec::with_capacity(words.len());
    for word in words {
        let Some(group) = Group::ALL.into_iter().find(|group| group.as_str() == word) else {
            bail!("group `{word}` is none of {}", taken.join(", "));
        };
        ensure!(!groups.contains(&group), "group `{word}` is there twice");
        groups.push(group);
    }
    Ok(groups)
}

/// Refuses what two families may not both have.
pub(super) fn together(families: &[Family]) -> Result<()> {
    let mut seen: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for family in families {
        for operation in &family.operations {
            let name = names::operation(family, &operation.name);
            let key = (operation.method.as_str(), operation.path.as_str());
            if let Some(other) = seen.insert(key, name.clone()) {
                bail!("{other} and {name} are both {} {}", key.0, key.1);
            }
        }
    }
    Ok(())
}

fn said(key: &str, text: &str) -> Result<()> {
    ensure!(!text.trim().is_empty(), "`{key}` is empty");
    Ok(())
}

/// Where each shape and enumeration stands, its name having been looked at.
fn index(generation: Generation, form: &form::Family) -> Result<BTreeMap<String, Named>> {
    let mut index = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut modules: BTreeSet<String> = ["requests", "responses", "enums", "operation"]
        .map(str::to_owned)
        .into();
    for operation in &form.operation {
        name_of_type(generation, &operation.name)?;
        ensure!(
            taken.insert(&operation.name),
            "two types are called {}",
            operation.name
        );
        let module = names::snake(&operation.name);
        ensure!(
            modules.insert(module),
            "operation {}: its module's name is taken",
            operation.name
        );
    }
    for (at, shape) in form.shape.iter().enumerate() {
        name_of_type(generation, &shape.name)?;
        ensure!(
            taken.insert(&shape.name),
            "two types are called {}",
            shape.name
        );
        index.insert(shape.name.clone(), Named::Shape(at));
    }
    for (at, enumeration) in form.enumeration.iter().enumerate() {
        name_of_type(generation, &enumeration.name)?;
        ensure!(
            taken.insert(&enumeration.name),
            "two types are called {}",
            enumeration.name
        );
        index.insert(enumeration.name.clone(), Named::Enum(at));
    }
    Ok(index)
}

fn name_of_type(generation: Generation, name: &str) -> Result<()> {
    ensure!(
        names::is_type(name),
        "`{name}` is no name for a type: letters and digits, like NativePrepay"
    );
    // What the generated code has in scope besides.
    const IN_SCOPE: [&str; 26] = [
        "Alphabet",
        "Body",
        "BodyError",
        "Currency",
        "Date",
        "DateTime",
        "DecodeError",
        "Decryptor",
        "Encryptor",
        "Fen",
        "FileContent",
        "Host",
        "Idempotency",
        "InvalidField",
        "Method",
        "Number",
        "Object",
        "Operation",
        "OperationInfo",
        "Option",
        "Reply",
        "Sensitive",
        "String",
        "Target",
        "Value",
        "Vec",
    ];
    const IN_SCOPE_OF_V2: [&str; 10] = [
        "Bytes",
        "DateForm",
        "Decode",
        "Fields",
        "Form",
        "ReplyForm",
        "Request",
        "Signing",
        "TimeForm",
        "YesNo",
    ];
    let hides =
        IN_SCOPE.contains(&name) || generation == Generation::V2 && IN_SCOPE_OF_V2.contains(&name);
    ensure!(!hides, "`{name}` would hide a type the generated code uses");
    Ok(())
}

/// The parts of a family, and which of them were used.
struct Parts<'a> {
    parts: BTreeMap<&'a str, (&'a form::Part, bool)>,
}

impl<'a> Parts<'a> {
    fn new(list: &'a [form::Part]) -> Result<Self> {
        let mut parts = BTreeMap::new();
        for part in list {
            said("doc", &part.doc).with_context(|| format!("part {}", part.name))?;
            ensure!(
                names::is_snake(&part.name),
                "part {}: named like a module",
                part.name
            );
            let twice = parts.insert(part.name.as_str(), (part, false)).is_some();
            ensure!(!twice, "two parts are called {}", part.name);
        }
        Ok(Self { parts })
    }

    /// `entries` with the parts put in.
    fn put_in(&mut self, entries: Vec<form::Entry>) -> Result<Vec<form::Entry>> {
        let mut flat = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(include) = &entry.include else {
                flat.push(entry);
                continue;
            };
            ensure!(
                field::is_only_include(&entry),
                "include of {include}: nothing may stand beside it"
            );
            let Some((part, used)) = self.parts.get_mut(include.as_str()) else {
                bail!("include of {include}: no such part");
            };
            *used = true;
            for entry in &part.fields {
                ensure!(
                    entry.include.is_none(),
                    "part {include}: a part includes no part"
                );
                flat.push(entry.clone());
            }
        }
        Ok(flat)
    }

    fn all_used(&self) -> Result<()> {
        match self.parts.iter().find(|(_, (_, used))| !used) {
            Some((name, _)) => bail!("part {name} is included nowhere"),
            None => Ok(()),
        }
    }
}

type Index = BTreeMap<String, Named>;

fn fields(
    generation: Generation,
    entries: Vec<form::Entry>,
    parts: &mut Parts<'_>,
    index: &Index,
) -> Result<Vec<Field>> {
    parts
        .put_in(entries)?
        .into_iter()
        .map(|entry| field::resolve(generation, entry, index))
        .collect()
}

fn distinct<'a>(fields: impl Iterator<Item = &'a Field>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut rust = BTreeSet::new();
    for field in fields {
        ensure!(
            seen.insert(&field.name),
            "field {}: it is there twice",
            field.name
        );
        ensure!(
            rust.insert(&field.rust),
            "field {}: `{}` is there twice",
            field.name,
            field.rust
        );
    }
    Ok(())
}

fn any_of<'a>(
    groups: &[Vec<String>],
    fields: impl Iterator<Item = &'a Field> + Clone,
) -> Result<()> {
    for group in groups {
        ensure!(group.len() > 1, "any_of: a group has two names or more");
        for name in group {
            let Some(field) = fields.clone().find(|field| field.name == *name) else {
                bail!("any_of: there is no field {name}");
            };
            ensure!(!field.required, "any_of: field {name} is required anyway");
            ensure!(!field.list, "any_of: field {name} is a list");
        }
    }
    Ok(())
}

fn operation(
    generation: Generation,
    form: form::Operation,
    parts: &mut Parts<'_>,
    index: &Index,
) -> Result<Operation> {
    said("label", &form.label)?;
    said("doc", &form.doc)?;
    let method = method(generation, form.method.as_deref())?;
    let xml = xml::operation(generation, method, &form)?;
    if let Some(page) = &form.page {
        let official = page.starts_with("https://pay.weixin.qq.com/");
        ensure!(
            official,
            "page `{page}` is not on https://pay.weixin.qq.com/"
        );
    }
    let mut params = Vec::new();
    for entry in parts.put_in(form.params)? {
        let name = entry.name.clone().unwrap_or_default();
        ensure!(
            entry.required.is_none(),
            "path parameter {name}: always required, do not say so"
        );
        params.push(field::resolve(
            generation,
            form::Entry {
                required: Some(true),
                ..entry
            },
            index,
        )?);
    }
    let headers = fields(generation, form.headers, parts, index)?;
    let query = fields(generation, form.query, parts, index)?;
    let body = form
        .body
        .map(|body| fields(generation, body, parts, index))
        .transpose()?;
    placeholders(&form.path, &params)?;
    beside_the_body(&params, &headers, &query)?;
    ensure!(
        method != Method::Get || body.is_none() || generation == Generation::V2,
        "a GET has no body"
    );
    ensure!(
        body.is_none() || form.upload.is_none(),
        "`body` and `upload` exclude each other"
    );
    ensure!(
        form.upload.is_none() || matches!(method, Method::Post | Method::Put),
        "an upload is a POST"
    );
    let upload = upload::upload(form.upload, form.meta, form.form, parts, index)?;
    if let Some(response) = &form.response {
        let shape = matches!(index.get(response), Some(Named::Shape(_)));
        ensure!(shape, "response `{response}` is no shape of this family");
    }
    let reply = match (form.reply.as_deref(), generation) {
        (None, _) => Reply::Signed,
        (Some("unsigned"), _) => Reply::Unsigned,
        (Some("digest"), Generation::V3) => Reply::Digest,
        (Some("file"), Generation::V2) => Reply::File,
        (Some(other), Generation::V2) => {
            bail!("reply `{other}`: only \"unsigned\" and \"file\" are said")
        }
        (Some(other), Generation::V3) => {
            bail!("reply `{other}`: only \"unsigned\" and \"digest\" are said")
        }
    };
    ensure!(
        !matches!(reply, Reply::File | Reply::Digest) || form.response.is_none(),
        "a file has no `response`"
    );
    let host = form.host.as_deref();
    let hong_kong = match (host, generation) {
        (Some("hk"), Generation::V3) => true,
        (Some(other), Generation::V3) => bail!("host `{other}`: only \"hk\" is said"),
        _ => false,
    };
    let mut operation = Operation {
        idempotency: idempotency(generation, form.idempotency, method)?,
        name: form.name,
        label: form.label,
        doc: form.doc,
        method,
        path: form.path,
        page: form.page,
        reply,
        by_hand: form.by_hand,
        any_of: form.any_of,
        params,
        headers,
        query,
        body,
        upload,
        response: form.response,
        status: None,
        hong_kong,
        xml,
    };
    if let Some(status) = form.status {
        ensure!(
            status != operation.status(),
            "`status` says what it would be anyway"
        );
        ensure!(
            matches!(status, 200 | 202),
            "status {status}: success is 200, 202 or 204, and 204 only where nothing is answered"
        );
        operation.status = Some(status);
    }
    distinct(operation.fields())?;
    any_of(&operation.any_of, operation.fields())?;
    if let Idempotency::MerchantNumber(number) = &operation.idempotency {
        let chosen = operation.any_of.iter().flatten().any(|name| name == number);
        let found = operation
            .fields()
            .any(|field| field.name == *number && (field.required || chosen));
        ensure!(found, "idempotency: there is no required field {number}");
    }
    Ok(operation)
}

/// Refuses what paths, headers and queries cannot hold.
fn beside_the_body(params: &[Field], headers: &[Field], query: &[Field]) -> Result<()> {
    for field in params {
        let text = matches!(
            field.kind,
            Kind::String | Kind::Enum(_) | Kind::Integer | Kind::Date
        );
        ensure!(
            text && !field.list,
            "path parameter {}: a string, an enum, an integer or a date",
            field.name
        );
        ensure!(
            !field.is_encrypted(),
            "path parameter {}: paths are not encrypted",
            field.name
        );
    }
    for field in headers {
        let text = matches!(field.kind, Kind::String | Kind::Enum(_) | Kind::Integer);
        ensure!(
            text && !field.list && !field.is_encrypted(),
            "header {}: a plain string, an enum or an integer",
            field.name
        );
        ensure!(
            names::is_header(&field.name),
            "header {}: not one to set",
            field.name
        );
    }
    for field in query {
        let held = !matches!(field.kind, Kind::Shape(_) | Kind::Json | Kind::File);
        ensure!(held, "field {}: a query holds no shapes", field.name);
        let listed = matches!(field.kind, Kind::String | Kind::Enum(_) | Kind::Integer);
        ensure!(
            !field.list || listed && field.sensitive.is_none(),
            "field {}: a list in a query is one of strings, enums or integers",
            field.name
        );
    }
    Ok(())
}

fn method(generation: Generation, said: Option<&str>) -> Result<Method> {
    let said = match (said, generation) {
        (None, Generation::V2) => return Ok(Method::Post),
        (None, Generation::V3) => bail!("no `method`"),
        (Some("POST"), Generation::V2) => bail!("`method` says what it would be anyway"),
        (Some(said), _) => said,
    };
    match Method::ALL.into_iter().find(|known| known.as_str() == said) {
        Some(method) => Ok(method),
        None => bail!("method `{said}` is none of GET, POST, PUT, PATCH, DELETE"),
    }
}

fn idempotency(
    generation: Generation,
    said: Option<String>,
    method: Method,
) -> Result<Idempotency> {
    match (method, said.as_deref()) {
        (Method::Get, None) => Ok(Idempotency::Safe),
        (Method::Get, Some(_)) => bail!("idempotency: a GET is safe, do not say so"),
        (_, None) => bail!("idempotency: name the merchant number, or say \"none\""),
        (_, Some("none")) => Ok(Idempotency::No),
        (_, Some("safe")) if generation == Generation::V2 => Ok(Idempotency::Safe),
        (_, Some(number)) => Ok(Idempotency::MerchantNumber(number.to_owned())),
    }
}

/// The path and its parameters have to be the same ones in the same order.
fn placeholders(path: &str, params: &[Field]) -> Result<()> {
    ensure!(path.starts_with('/'), "path `{path}` does not begin with /");
    let mut found = Vec::new();
    for part in path.split('{').skip(1) {
        let Some((name, _)) = part.split_once('}') else {
            bail!("path `{path}`: a brace is not closed");
        };
        found.push(name);
    }
    let names: Vec<&str> = params.iter().map(|field| field.name.as_str()).collect();
    ensure!(
        found == names,
        "path `{path}` has the parameters [{}], `params` has [{}]",
        found.join(", "),
        names.join(", ")
    );
    Ok(())
}

fn shape(
    generation: Generation,
    form: form::Shape,
    parts: &mut Parts<'_>,
    index: &Index,
) -> Result<Shape> {
    said("label", &form.label)?;
    said("doc", &form.doc)?;
    let fields = fields(generation, form.fields, parts, index)?;
    ensure!(!fields.is_empty(), "no fields");
    distinct(fields.iter())?;
    any_of(&form.any_of, fields.iter())?;
    Ok(Shape {
        name: form.name,
        label: form.label,
        doc: form.doc,
        notification: form.notification,
        any_of: form.any_of,
        fields,
        in_request: false,
        in_response: false,
        json: false,
        owner: None,
    })
}

fn enumeration(form: form::Enumeration) -> Result<Enumeration> {
    said("label", &form.label)?;
    said("doc", &form.doc)?;
    ensure!(!form.words.is_empty(), "no words");
    let mut words = Vec::with_capacity(form.words.len());
    let mut seen = BTreeSet::new();
    for word in form.words {
        let place = format!("word {}", word.word);
        let rust = match word.rust {
            Some(rust) if rust == names::variant(&word.word) => {
                bail!("{place}: `rust` says what it would be anyway")
            }
            Some(rust) => rust,
            None => names::variant(&word.word),
        };
        ensure!(
            names::is_variant(&rust),
            "{place}: `{rust}` is no name for a variant, say `rust`"
        );
        ensure!(
            rust != "Unknown",
            "{place}: Unknown is for the words that are not listed"
        );
        ensure!(seen.insert(word.word.clone()), "{place}: it is there twice");
        ensure!(
            seen.insert(format!("::{rust}")),
            "{place}: two words become {rust}"
        );
        if let Some(label) = &word.label {
            said("label", label).context(place.clone())?;
        }
        said("doc", &word.doc).context(place)?;
        words.push(Word {
            word: word.word,
            rust,
            label: word.label,
            doc: word.doc,
        });
    }
    Ok(Enumeration {
        name: form.name,
        label: form.label,
        doc: form.doc,
        words,
    })
}
