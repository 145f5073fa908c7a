//! Structs: fields, constructor, setters.

use std::fmt::Write as _;

use super::{checks, docs, field_type, nodes, notification, secrets, value_type, xml};
use crate::codegen::model::{Family, Field, Kind, Shape};

/// A shape with everything that belongs to it.
pub(super) fn shape(text: &mut String, family: &Family, shape: &Shape) {
    docs::lines(text, "///", &docs::linked(family, &shape.doc));
    docs::label(text, &shape.label, &shape.notification);
    let fields: Vec<&Field> = shape.fields.iter().collect();
    definition(text, family, &shape.name, &fields, shape.in_request);
    let mut methods = String::new();
    if shape.in_request {
        build(&mut methods, &fields);
        checks::shape(&mut methods, family, shape);
        let asked = secrets::is_asked(family, &shape.name);
        secrets::seal(&mut methods, family, &fields, "pub(crate) ", asked);
    }
    if shape.in_response {
        secrets::open(&mut methods, family, &fields);
    }
    if !methods.is_empty() {
        let _ = writeln!(text, "impl {} {{\n{methods}}}\n", shape.name);
    }
    if shape.json {
        nodes::both(text, &shape.name, &fields);
    } else {
        xml::decode(text, family, shape);
    }
    if !family.is_v2() && !shape.notification.is_empty() {
        notification::content(text, family, shape);
    }
}

/// `pub struct` and what stands right above it.
pub(super) fn definition(
    text: &mut String,
    family: &Family,
    name: &str,
    fields: &[&Field],
    in_request: bool,
) {
    let default = if fields.iter().any(|field| field.required) {
        ""
    } else {
        "Default, "
    };
    let _ = writeln!(text, "#[derive(Clone, Debug, {default}Eq, PartialEq)]");
    text.push_str("#[non_exhaustive]\n");
    let _ = writeln!(text, "pub struct {name} {{");
    for field in fields {
        docs::field(text, family, field, in_request);
        let _ = writeln!(text, "pub {}: {},", field.rust, field_type(field));
    }
    text.push_str("}\n\n");
}

/// `new` and the setters.
pub(super) fn build(text: &mut String, fields: &[&Field]) {
    let required: Vec<&&Field> = fields.iter().filter(|field| field.required).collect();
    if required.is_empty() {
        text.push_str(
            "/// Nothing set yet.\n#[must_use]\npub fn new() -> Self { Self::default() }\n\n",
        );
    } else {
        constructor(text, fields, &required);
    }
    for field in fields.iter().filter(|field| !field.required) {
        let (name, value) = (&field.rust, argument(field));
        let into = converted(field);
        let value_of = if field.list {
            into
        } else {
            format!("Some({into})")
        };
        let _ = writeln!(
            text,
            "/// Sets [`{name}`](Self::{name}) ({}).\n#[must_use]\n\
             pub fn {name}(mut self, {name}: {value}) -> Self {{ self.{name} = {value_of}; self }}\n",
            field.label
        );
    }
}

fn constructor(text: &mut String, fields: &[&Field], required: &[&&Field]) {
    let complete = fields.len() == required.len();
    let doc = if complete {
        "All of it."
    } else {
        "What is always needed; the rest has setters."
    };
    let _ = writeln!(text, "/// {doc}");
    if required.len() > 7 {
        text.push_str(
            "#[expect(clippy::too_many_arguments, reason = \"none of them can be left out\")]\n",
        );
    }
    if required.iter().all(|field| converted(field) == field.rust) {
        text.push_str("#[must_use]\n");
    }
    text.push_str("pub fn new(");
    for field in required {
        let _ = write!(text, "{}: {}, ", field.rust, argument(field));
    }
    text.push_str(") -> Self {\nSelf {\n");
    for field in fields {
        let _ = match (field.required, field.list) {
            (true, _) => {
                let value = converted(field);
                if value == field.rust {
                    writeln!(text, "{value},")
                } else {
                    writeln!(text, "{}: {value},", field.rust)
                }
            }
            (false, true) => writeln!(text, "{}: Vec::new(),", field.rust),
            (false, false) => writeln!(text, "{}: None,", field.rust),
        };
    }
    text.push_str("}\n}\n\n");
}

/// Whether callers may give something that becomes the value.
fn is_converted(field: &Field) -> bool {
    field.list
        || matches!(
            field.kind,
            Kind::String
                | Kind::Currency
                | Kind::Number
                | Kind::Json
                | Kind::File
                | Kind::YesNo
                | Kind::Enum(_)
        )
}

fn argument(field: &Field) -> String {
    let value = value_type(field);
    if is_converted(field) {
        format!("impl Into<{value}>")
    } else {
        value
    }
}

fn converted(field: &Field) -> String {
    if is_converted(field) {
        format!("{}.into()", field.rust)
    } else {
        field.rust.clone()
    }
}
