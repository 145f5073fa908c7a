//! How structs stand in JSON: `ToObject`, `FromObject` and serde's traits by them.

use std::fmt::Write as _;

use crate::codegen::model::Field;

/// Both ways, for the type `name`.
pub(super) fn both(text: &mut String, name: &str, fields: &[&Field]) {
    let _ = writeln!(
        text,
        "impl ToObject for {name} {{\nfn to_object(&self) -> Object<'_> {{\n{}\n}}\n}}\n",
        object(fields)
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

/// The object that `fields` of `self` make.
pub(super) fn object(fields: &[&Field]) -> String {
    if fields.is_empty() {
        return "Object::default()".to_owned();
    }
    let mut text = format!("Object::with_capacity({})", fields.len());
    for field in fields {
        let method = match (field.required, field.list) {
            (true, false) => "field",
            (false, false) => "optional",
            (true, true) => "list",
            (false, true) => "optional_list",
        };
        let _ = write!(
            text,
            "\n.{method}(\"{}\", &self.{})",
            field.name, field.rust
        );
    }
    text
}
