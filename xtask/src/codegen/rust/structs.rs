//! Structs: fields, constructor, setters.

use std::fmt::Write as _;

use super::{checks, docs, field_type, secrets, value_type, xml};
use crate::codegen::model::{Family, Field, Kind, Shape};

/// A shape with everything that belongs to it.
pub(super) fn shape(text: &mut String, family: &Family, shape: &Shape) {
    docs::lines(text, "///", &docs::linked(family, &shape.doc));
    docs::label(text, &shape.label, &shape.notification);
    let fields: Vec<&Field> = shape.fields.iter().collect();
    definition(
        text,
        family,
        &shape.name,
        &fields,
        Ways {
            request: shape.in_request,
            response: shape.in_response,
            serde: shape.json,
        },
    );
    let mut methods = String::new();
    if shape.in_request {
        build(&mut methods, &fields);
        checks::shape(&mut methods, family, shape);
        secrets::seal(&mut methods, family, &fields, "pub(crate) ");
    }
    if shape.in_response {
        secrets::open(&mut methods, family, &fields);
    }
    if !methods.is_empty() {
        let _ = writeln!(text, "impl {} {{\n{methods}}}\n", shape.name);
    }
    if !shape.json {
        xml::decode(text, family, shape);
    }
}

/// Where a struct is used, and whether as JSON.
#[derive(Clone, Copy)]
pub(super) struct Ways {
    pub(super) request: bool,
    pub(super) response: bool,
    pub(super) serde: bool,
}

/// `pub struct` and what stands right above it.
pub(super) fn definition(
    text: &mut String,
    family: &Family,
    name: &str,
    fields: &[&Field],
    ways: Ways,
) {
    let default = if fields.iter().any(|field| field.required) {
        ""
    } else {
        "Default, "
    };
    let serde = if ways.serde {
        ", Serialize, Deserialize"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "#[derive(Clone, Debug, {default}Eq, PartialEq{serde})]"
    );
    text.push_str("#[non_exhaustive]\n");
    let _ = writeln!(text, "pub struct {name} {{");
    for field in fields {
        docs::field(text, family, field, ways.request);
        if ways.serde {
            attributes(text, field, ways.response);
        }
        let _ = writeln!(text, "pub {}: {},", field.rust, field_type(field));
    }
    text.push_str("}\n\n");
}

fn attributes(text: &mut String, field: &Field, response: bool) {
    let mut attributes = Vec::new();
    if field.rust != field.name {
        attributes.push(format!("rename = \"{}\"", field.name));
    }
    if !field.required {
        if field.list {
            attributes.push("default".to_owned());
            if response {
                attributes.push("deserialize_with = \"wire::list\"".to_owned());
            }
            attributes.push("skip_serializing_if = \"Vec::is_empty\"".to_owned());
        } else {
            let worded = matches!(
                field.kind,
                Kind::DateTime | Kind::Date | Kind::Currency | Kind::YesNo | Kind::Enum(_)
            );
            if response && worded {
                attributes.push("default".to_owned());
                attributes.push("deserialize_with = \"wire::filled\"".to_owned());
            }
            attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
        }
    }
    if !attributes.is_empty() {
        let _ = writeln!(text, "#[serde({})]", attributes.join(", "));
    }
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
            Kind::String | Kind::Currency | Kind::YesNo | Kind::Enum(_)
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
