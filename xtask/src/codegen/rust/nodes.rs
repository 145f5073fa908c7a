//! How structs stand in JSON: `ToObject`, `FromObject` and serde's traits by them.

use std::fmt::Write as _;

use crate::codegen::model::{Field, Format, Kind};

/// Both ways, for the type `name`.
pub(super) fn both(text: &mut String, name: &str, fields: &[&Field]) {
    let _ = writeln!(
        text,
        "impl ToObject for {name} {{\nfn to_object(&self) -> Object<'_> {{\n{}\n}}\n}}\n",
        object("self", fields)
    );
    let _ = writeln!(
        text,
        "impl FromObject for {name} {{\n\
         fn from_object({}: &mut Object<'_>) -> Result<Self, DecodeError> {{\nOk(Self {{",
        if fields.is_empty() {
            "_object"
        } else {
            "object"
        }
    );
    for field in fields {
        if let Some(form) = form(field) {
            let method = if field.required {
                "required_as"
            } else {
                "maybe_as"
            };
            let (rust, wire, kind) = (&field.rust, &field.name, form.kind);
            let _ = writeln!(
                text,
                "{rust}: object.{method}(\"{wire}\", {kind}::{})?,",
                form.read
            );
            continue;
        }
        let method = match (field.required, field.list) {
            (true, false) => "required",
            (false, false) => "maybe",
            (true, true) => "required_list",
            (false, true) => "maybe_list",
        };
        let _ = writeln!(
            text,
            "{}: object.{method}(\"{}\")?,",
            field.rust, field.name
        );
    }
    let _ = writeln!(text, "}})\n}}\n}}\n\nserde_by_node!({name});\n");
}

/// How a time or a date stands in JSON where it is not the usual way: its type, what reads and what
/// writes it.
pub(super) struct TimeForm {
    kind: &'static str,
    read: &'static str,
    pub(super) write: &'static str,
}

pub(super) fn form(field: &Field) -> Option<TimeForm> {
    let kind = match field.kind {
        Kind::DateTime => "DateTime",
        Kind::Date => "Date",
        _ => return None,
    };
    let (read, write) = match field.format? {
        Format::Compact => ("from_compact", "compact"),
        Format::Spaced => ("from_spaced", "spaced"),
        Format::NotifyUrl | Format::Ip => return None,
    };
    Some(TimeForm { kind, read, write })
}

/// The object that `fields` of `of` make.
pub(super) fn object(of: &str, fields: &[&Field]) -> String {
    if fields.is_empty() {
        return "Object::default()".to_owned();
    }
    let mut text = format!("Object::with_capacity({})", fields.len());
    write_fields(&mut text, of, fields);
    text
}

/// The calls that add `fields` of `of` to an object.
pub(super) fn write_fields(text: &mut String, of: &str, fields: &[&Field]) {
    for field in fields {
        if let Some(TimeForm { kind, write, .. }) = form(field) {
            let (wire, rust) = (&field.name, &field.rust);
            let _ = if field.required {
                write!(text, "\n.written(\"{wire}\", {of}.{rust}.{write}())")
            } else {
                write!(
                    text,
                    "\n.optional_written(\"{wire}\", {of}.{rust}.map({kind}::{write}))"
                )
            };
            continue;
        }
        let method = match (field.required, field.list) {
            (true, false) => "field",
            (false, false) => "optional",
            (true, true) => "list",
            (false, true) => "optional_list",
        };
        let _ = write!(
            text,
            "\n.{method}(\"{}\", &{of}.{})",
            field.name, field.rust
        );
    }
}
