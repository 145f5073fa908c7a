//! Sensitive fields (敏感信息): opened in requests, sealed in answers.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4013053257>

use http::StatusCode;
use serde_json::Value;
use wxpay_sign::{Decryptor, Encryptor};

use super::call::{Failure, Query, numeric};
use super::catalogue::{Field, Kind};

/// Whether the body carries a sensitive field with something in it.
pub(crate) fn present(schema: &Field, body: &Value) -> bool {
    let mut found = false;
    // Read only: the walker wants a body it may change.
    let mut body = body.clone();
    let _ = walk(schema, &mut body, &mut String::new(), &mut |_, _| {
        found = true;
        Ok(())
    });
    found
}

/// Puts the plaintext in the place of every ciphertext.
pub(crate) fn open(schema: &Field, body: &mut Value, key: &dyn Decryptor) -> Result<(), Failure> {
    walk(
        schema,
        body,
        &mut String::new(),
        &mut |pointer, text| match key.decrypt(text) {
            Ok(plain) => {
                *text = plain;
                Ok(())
            }
            Err(_) => Err(unopened("body", pointer)),
        },
    )
}

/// Whether the query carries a sensitive parameter with something in it.
pub(crate) fn present_in_query(fields: &[Field], query: &Query) -> bool {
    let mut sensitive = fields.iter().filter(|field| is_sensitive(field));
    sensitive.any(|field| query.all(&field.name).iter().any(|text| !text.is_empty()))
}

/// Puts the plaintext in the place of every ciphertext of a query.
pub(crate) fn open_query(
    fields: &[Field],
    query: &mut Query,
    key: &dyn Decryptor,
) -> Result<(), Failure> {
    for field in fields.iter().filter(|field| is_sensitive(field)) {
        for text in query.all_mut(&field.name) {
            if !text.is_empty() {
                *text = key
                    .decrypt(text)
                    .map_err(|_| unopened("query", &field.name))?;
            }
        }
    }
    Ok(())
}

fn is_sensitive(field: &Field) -> bool {
    field.sensitive || field.items.as_deref().is_some_and(|item| item.sensitive)
}

/// A ciphertext that the key named does not open.
fn unopened(location: &str, field: &str) -> Failure {
    let mut failure = Failure::param_error_in(location, field, Value::Null, "敏感字段解密失败");
    let slash = if field.starts_with('/') { "" } else { "/" };
    failure.message = format!(
        "输入源“/{location}{slash}{field}”解密失败，请使用Wechatpay-Serial对应的微信支付公钥或平台证书，以RSAES-OAEP加密后再传入"
    );
    failure
}

/// Puts the ciphertext in the place of every plaintext.
pub(crate) fn seal(schema: &Field, body: &mut Value, key: &dyn Encryptor) -> Result<(), Failure> {
    walk(
        schema,
        body,
        &mut String::new(),
        &mut |_, text| match key.encrypt(text) {
            Ok(ciphertext) => {
                *text = ciphertext;
                Ok(())
            }
            Err(_) => Err(Failure::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "SYSTEM_ERROR",
                numeric::OTHER,
                "敏感字段加密失败",
            )),
        },
    )
}

type Visit<'v> = dyn FnMut(&str, &mut String) -> Result<(), Failure> + 'v;

/// Visits every sensitive text that is not empty (the empty text is not encrypted).
fn walk(
    field: &Field,
    value: &mut Value,
    pointer: &mut String,
    visit: &mut Visit<'_>,
) -> Result<(), Failure> {
    let length = pointer.len();
    match (field.kind, value) {
        (Kind::Object, Value::Object(map)) => {
            for field in &field.fields {
                if let Some(value) = map.get_mut(&field.name) {
                    pointer.push('/');
                    pointer.push_str(&field.name);
                    walk(field, value, pointer, visit)?;
                    pointer.truncate(length);
                }
            }
        }
        (Kind::Array, Value::Array(items)) => {
            let Some(schema) = &field.items else {
                return Ok(());
            };
            for (index, item) in items.iter_mut().enumerate() {
                pointer.push_str(&format!("/{index}"));
                walk(schema, item, pointer, visit)?;
                pointer.truncate(length);
            }
        }
        (_, Value::String(text)) if field.sensitive && !text.is_empty() => visit(pointer, text)?,
        _ => {}
    }
    Ok(())
}
