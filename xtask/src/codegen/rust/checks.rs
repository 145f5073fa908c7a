//! Limits.

use std::fmt::Write as _;

use crate::codegen::model::{Family, Field, Format, Kind, Operation, Shape};

/// `check` of a shape, if there is anything to look at.
pub(super) fn shape(text: &mut String, family: &Family, shape: &Shape) {
    if let Some(body) = body(family, &shape.any_of, shape.fields.iter(), Vec::new()) {
        let _ = writeln!(
            text,
            "pub(crate) fn check(&self) -> Result<(), InvalidField> {{\n{body}}}\n"
        );
    }
}

/// `Operation::check`, if there is anything to look at.
pub(super) fn operation(text: &mut String, family: &Family, operation: &Operation) {
    let types = operation
        .upload
        .iter()
        .filter(|upload| !upload.types.is_empty());
    let types = types.map(|upload| {
        let endings: Vec<String> = upload
            .types
            .iter()
            .map(|one| format!("\"{one}\""))
            .collect();
        let name = &upload.filename.name;
        format!(
            "check::ending(\"{name}\", &self.filename, &[{}])",
            endings.join(", ")
        )
    });
    let body = body(
        family,
        &operation.any_of,
        operation.fields(),
        types.collect(),
    );
    if let Some(body) = body {
        let _ = writeln!(
            text,
            "fn check(&self) -> Result<(), InvalidField> {{\n{body}}}\n"
        );
    }
}

fn body<'a>(
    family: &Family,
    any_of: &[Vec<String>],
    fields: impl Iterator<Item = &'a Field> + Clone,
    further: Vec<String>,
) -> Option<String> {
    let mut lines: Vec<String> = fields.clone().flat_map(|one| field(family, one)).collect();
    for group in any_of {
        let present: Vec<String> = group
            .iter()
            .filter_map(|name| fields.clone().find(|field| field.name == *name))
            .map(|field| format!("self.{}.is_some()", field.rust))
            .collect();
        lines.push(format!(
            "check::present(\"{}\", {})",
            group.join(" or "),
            present.join(" || ")
        ));
    }
    lines.extend(further);
    let last = lines.pop()?;
    let mut body = String::new();
    for line in lines {
        let _ = writeln!(body, "{line}?;");
    }
    let _ = writeln!(body, "{last}");
    Some(body)
}

fn field(family: &Family, field: &Field) -> Vec<String> {
    let (wire, rust) = (&field.name, &field.rust);
    if field.list {
        return list(family, field).into_iter().collect();
    }
    match &field.kind {
        Kind::String => {
            let max = bound(field.max, "usize::MAX");
            if field.format == Some(Format::NotifyUrl) {
                return vec![format!("check::url(\"{wire}\", &self.{rust}, {max})")];
            }
            let function = if field.bytes { "bytes" } else { "text" };
            let min = bound(field.min, "1");
            let mut lines = vec![format!(
                "check::{function}(\"{wire}\", &self.{rust}, {min}, {max})"
            )];
            if let Some(alphabet) = field.alphabet {
                let alphabet = alphabet.rust();
                lines.push(format!(
                    "check::alphabet(\"{wire}\", &self.{rust}, Alphabet::{alphabet})"
                ));
            }
            lines
        }
        Kind::Integer | Kind::Fen if field.min.is_some() || field.max.is_some() => {
            let (min, max) = (bound(field.min, "i64::MIN"), bound(field.max, "i64::MAX"));
            vec![format!(
                "check::range(\"{wire}\", self.{rust}, {min}, {max})"
            )]
        }
        Kind::Currency if family.foreign => {
            vec![format!("wire::currency(\"{wire}\", &self.{rust})")]
        }
        Kind::File => {
            let max = bound(field.max, "usize::MAX");
            vec![format!("wire::file(\"{wire}\", &self.{rust}, {max})")]
        }
        Kind::Shape(name) if needed(family, name) => {
            vec![format!(
                "check::nested(\"{wire}\", &self.{rust}, {name}::check)"
            )]
        }
        _ => Vec::new(),
    }
}

fn list(family: &Family, field: &Field) -> Option<String> {
    let (wire, rust) = (&field.name, &field.rust);
    let min = if field.required {
        bound(field.min, "1")
    } else {
        "0".to_owned()
    };
    let max = bound(field.max, "usize::MAX");
    match &field.kind {
        Kind::Shape(name) if needed(family, name) => Some(format!(
            "check::each(\"{wire}\", &self.{rust}, {min}, {max}, {name}::check)"
        )),
        _ if field.required || field.max.is_some() => Some(format!(
            "check::count(\"{wire}\", self.{rust}.len(), {min}, {max})"
        )),
        _ => None,
    }
}

fn bound(bound: Option<i64>, otherwise: &str) -> String {
    bound.map_or_else(|| otherwise.to_owned(), |bound| bound.to_string())
}

/// Whether the shape `name` has a `check`.
fn needed(family: &Family, name: &str) -> bool {
    family.shape(name).is_some_and(|shape| {
        shape.in_request && body(family, &shape.any_of, shape.fields.iter(), Vec::new()).is_some()
    })
}
