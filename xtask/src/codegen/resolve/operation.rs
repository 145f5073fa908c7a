//! One operation.

use anyhow::{Result, bail, ensure};

use super::{Index, Parts, any_of, distinct, field, fields, said, upload, xml};
use crate::codegen::form;
use crate::codegen::model::{
    Field, Generation, Idempotency, Kind, Method, Named, Operation, Reply,
};
use crate::codegen::names;

pub(super) fn resolve(
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
