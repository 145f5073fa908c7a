//! Encrypting what requests carry, decrypting what answers carry.

use std::fmt::Write as _;

use crate::codegen::model::{Family, Field, Kind};

/// Whether one of `fields`, or what is inside of them, is encrypted on the wire.
pub(super) fn any<'a>(family: &Family, mut fields: impl Iterator<Item = &'a Field>) -> bool {
    fields.any(|field| is_secret(family, field))
}

fn is_secret(family: &Family, field: &Field) -> bool {
    field.is_encrypted()
        || match &field.kind {
            Kind::Shape(name) => family
                .shape(name)
                .is_some_and(|shape| any(family, shape.fields.iter())),
            _ => false,
        }
}

/// When there is something to encrypt.
pub(super) enum When {
    Never,
    Always,
    /// When this expression is true.
    If(String),
}

pub(super) fn when(family: &Family, fields: &[&Field]) -> When {
    let mut conditions = Vec::new();
    for field in fields.iter().filter(|field| is_secret(family, field)) {
        let rust = &field.rust;
        let inner = match &field.kind {
            Kind::Shape(name) => family
                .shape(name)
                .map(|shape| (name, when(family, &shape.fields.iter().collect::<Vec<_>>()))),
            _ => None,
        };
        conditions.push(match (inner, field.list, field.required) {
            (None | Some((_, When::Always)), false, true) => return When::Always,
            (None | Some((_, When::Always)), false, false) => format!("self.{rust}.is_some()"),
            (None | Some((_, When::Always)), true, _) => format!("!self.{rust}.is_empty()"),
            (Some((_, When::Never)), _, _) => continue,
            (Some((name, When::If(_))), true, _) => {
                format!("self.{rust}.iter().any({name}::has_sensitive)")
            }
            (Some((_, When::If(_))), false, true) => format!("self.{rust}.has_sensitive()"),
            (Some((name, When::If(_))), false, false) => {
                format!("self.{rust}.as_ref().is_some_and({name}::has_sensitive)")
            }
        });
    }
    if conditions.is_empty() {
        When::Never
    } else {
        When::If(conditions.join(" || "))
    }
}

/// Whether anything asks a value of the shape `name` for `has_sensitive`.
pub(super) fn is_asked(family: &Family, name: &str) -> bool {
    let operations = family.operations.iter();
    // Uploads are encrypted without asking.
    let mut bodies = operations.filter_map(|operation| operation.body.as_ref());
    bodies.any(|body| asks(family, body, name))
}

/// Whether what has these `fields` asks a value of the shape `name`, or something in between does.
fn asks(family: &Family, fields: &[Field], name: &str) -> bool {
    let all: Vec<&Field> = fields.iter().collect();
    if !matches!(when(family, &all), When::If(_)) {
        return false;
    }
    fields.iter().any(|field| match &field.kind {
        Kind::Shape(inner) => family.shape(inner).is_some_and(|shape| {
            let own: Vec<&Field> = shape.fields.iter().collect();
            let asked = matches!(when(family, &own), When::If(_));
            asked && (inner == name || asks(family, &shape.fields, name))
        }),
        _ => false,
    })
}

/// `encrypt`, if there is anything to encrypt, and where somebody asks first `has_sensitive`.
pub(super) fn seal(
    text: &mut String,
    family: &Family,
    fields: &[&Field],
    visible: &str,
    asked: bool,
) {
    match when(family, fields) {
        When::Never => return,
        When::Always => {}
        When::If(_) if !asked => {}
        When::If(condition) => {
            let _ = writeln!(
                text,
                "/// Whether there is text to encrypt.\n\
                 {visible}fn has_sensitive(&self) -> bool {{\n{condition}\n}}\n"
            );
        }
    }
    let secret: Vec<&&Field> = fields
        .iter()
        .filter(|field| is_secret(family, field))
        .collect();
    let _ = writeln!(
        text,
        "/// Encrypts what has to be.\n\
         {visible}fn encrypt(&mut self, encryptor: &dyn Encryptor) -> Result<(), BodyError> {{"
    );
    each(text, &secret, "seal", "encrypt", "encryptor");
    text.push_str("}\n\n");
}

/// `decrypt`, if there is anything to decrypt.
pub(super) fn open(text: &mut String, family: &Family, fields: &[&Field]) {
    let secret: Vec<&&Field> = fields
        .iter()
        .filter(|field| is_secret(family, field))
        .collect();
    if secret.is_empty() {
        return;
    }
    text.push_str(
        "/// Decrypts what was encrypted.\n\
         pub(crate) fn decrypt(&mut self, decryptor: &dyn Decryptor) -> Result<(), DecodeError> {\n",
    );
    each(text, &secret, "open", "decrypt", "decryptor");
    text.push_str("}\n\n");
}

fn each(text: &mut String, secret: &[&&Field], leaf: &str, method: &str, with: &str) {
    for (at, field) in secret.iter().enumerate() {
        let (wire, rust) = (&field.name, &field.rust);
        let last = at + 1 == secret.len();
        let end = if last { "" } else { "?;" };
        let _ = match (&field.kind, field.list, field.required) {
            (Kind::Shape(_), true, _) => writeln!(
                text,
                "self.{rust}.iter_mut().try_for_each(|entry| entry.{method}({with})){end}"
            ),
            (Kind::Shape(_), _, true) => writeln!(text, "self.{rust}.{method}({with}){end}"),
            (Kind::Shape(_), _, false) => writeln!(
                text,
                "self.{rust}.iter_mut().try_for_each(|{rust}| {rust}.{method}({with})){end}"
            ),
            (_, true, _) => writeln!(
                text,
                "self.{rust}.iter_mut().try_for_each(|text| wire::{leaf}(\"{wire}\", text, {with})){end}"
            ),
            (_, _, true) => {
                writeln!(
                    text,
                    "wire::{leaf}(\"{wire}\", &mut self.{rust}, {with}){end}"
                )
            }
            (_, _, false) => writeln!(
                text,
                "self.{rust}.iter_mut().try_for_each(|text| wire::{leaf}(\"{wire}\", text, {with})){end}"
            ),
        };
    }
}
