//! v2: operations that write and read elements of XML.

use std::fmt::Write as _;

use super::{checks, docs, file, operation as common, own, structs};
use crate::codegen::model::{Family, Field, Format, Host, Kind, Operation, Place, Reply};
use crate::codegen::model::{Sensitive, Shape, Sign, Xml};
use crate::codegen::names;

/// The file of an operation.
pub(super) fn operation(family: &Family, operation: &Operation) -> String {
    let mut text = String::new();
    let fields: Vec<&Field> = operation.fields().collect();
    docs::operation(&mut text, family, operation);
    let ways = structs::Ways {
        request: true,
        response: false,
        serde: true,
    };
    structs::definition(&mut text, family, &operation.name, &fields, ways);
    let mut methods = String::new();
    structs::build(&mut methods, &fields);
    let _ = writeln!(text, "impl {} {{\n{methods}}}\n", operation.name);

    let _ = writeln!(text, "impl Request for {} {{", operation.name);
    info(&mut text, family, operation);
    checks::operation(&mut text, family, operation);
    write(&mut text, &fields);
    text.push_str("}\n");
    read(&mut text, operation);

    let mut names = vec![operation.name.as_str()];
    for shape in own(family, operation) {
        text.push('\n');
        structs::shape(&mut text, family, shape);
        names.push(&shape.name);
    }
    file(family, &format!("{}.", operation.label), text, &names)
}

fn info(text: &mut String, family: &Family, operation: &Operation) {
    let xml = &operation.xml;
    let _ = write!(
        text,
        "fn info(&self) -> OperationInfo {{\nOperationInfo::new(\"{}\", \"{}\", Idempotency::{})",
        names::operation(family, &operation.name),
        operation.path,
        common::idempotency(operation),
    );
    if xml.host != Host::Api {
        let _ = write!(text, ".host(Host::{})", xml.host.rust());
    }
    if xml.merchant != Xml::MERCHANT {
        let _ = write!(text, ".merchant_field(\"{}\")", xml.merchant);
    }
    if let Some(sign) = xml.sign.map(Sign::rust) {
        let _ = write!(text, ".signing(Signing::{sign})");
    }
    if !xml.sign_type {
        text.push_str(".without_sign_type()");
    }
    if !xml.nonce {
        text.push_str(".without_nonce()");
    }
    if xml.certificate {
        text.push_str(".with_certificate()");
    }
    if operation.reply != Reply::Signed {
        let _ = write!(text, ".reply(ReplyForm::{:?})", operation.reply);
    }
    if !xml.workwx_sign.is_empty() {
        let _ = write!(text, ".workwx_sign(&{:?})", xml.workwx_sign);
    }
    text.push_str("\n}\n\n");
}

/// `Request::write`: the fields in the order the signature wants them, so that nothing is sorted.
fn write(text: &mut String, fields: &[&Field]) {
    let mut fields = fields.to_vec();
    fields.sort_by(|left, right| left.name.cmp(&right.name));
    let form = if fields.is_empty() { "_form" } else { "form" };
    let _ = writeln!(
        text,
        "fn write<'a>(&'a self, {form}: &mut Form<'a>) -> Result<(), BodyError> {{"
    );
    for field in fields {
        let _ = writeln!(text, "{};", written(field));
    }
    text.push_str("Ok(())\n}\n");
}

fn written(field: &Field) -> String {
    let (wire, rust) = (&field.name, &field.rust);
    let reference = if field.required {
        format!("Some(&self.{rust})")
    } else if field.list {
        format!("(!self.{rust}.is_empty()).then_some(&self.{rust})")
    } else {
        format!("self.{rust}.as_ref()")
    };
    if field.place == Place::Json {
        return format!("form.json(\"{wire}\", {reference})?");
    }
    match (&field.kind, field.sensitive) {
        (Kind::String, Some(Sensitive::Encrypted)) => {
            format!("form.encrypted(\"{wire}\", {reference})?")
        }
        (Kind::String, Some(Sensitive::Redacted)) => {
            format!("form.sensitive(\"{wire}\", {reference})")
        }
        (Kind::String, None) => {
            let method = if field.url_encoded {
                "url_encoded"
            } else {
                "text"
            };
            let value = if field.required {
                format!("self.{rust}.as_str()")
            } else {
                format!("self.{rust}.as_deref()")
            };
            format!("form.{method}(\"{wire}\", {value})")
        }
        (Kind::Integer, _) => format!("form.integer(\"{wire}\", self.{rust})"),
        (Kind::Fen, _) => format!("form.fen(\"{wire}\", self.{rust})"),
        (Kind::Boolean, _) => format!("form.boolean(\"{wire}\", self.{rust})"),
        (Kind::DateTime, _) => format!("form.time(\"{wire}\", self.{rust}, {})", time(field)),
        (Kind::Date, _) => format!("form.date(\"{wire}\", self.{rust}, {})", date(field)),
        (Kind::Currency | Kind::YesNo | Kind::Enum(_) | Kind::Shape(_), _) if field.required => {
            format!("form.text(\"{wire}\", self.{rust}.as_str())")
        }
        (Kind::Currency | Kind::YesNo | Kind::Enum(_) | Kind::Shape(_), _) => {
            let name = super::value_type(field);
            format!("form.text(\"{wire}\", self.{rust}.as_ref().map({name}::as_str))")
        }
    }
}

const fn time(field: &Field) -> &'static str {
    match field.format {
        Some(Format::Spaced) => "TimeForm::Spaced",
        _ => "TimeForm::Compact",
    }
}

const fn date(field: &Field) -> &'static str {
    match field.format {
        Some(Format::Compact) => "DateForm::Compact",
        _ => "DateForm::Dashed",
    }
}

/// `impl Operation`. Addresses that a browser opens are not answered.
fn read(text: &mut String, operation: &Operation) {
    let (response, reply, read) = match (&operation.response, operation.reply) {
        (Some(response), _) => (response.as_str(), "reply", "Decode::read(reply)"),
        (None, Reply::File) => ("Bytes", "reply", "Ok(reply.body().clone())"),
        (None, _) if operation.xml.page_url => return,
        (None, _) => ("()", "_reply", "Ok(())"),
    };
    let _ = writeln!(
        text,
        "\nimpl Operation for {} {{\ntype Response = {response};\n\n\
         fn read(&self, {reply}: &Reply<'_>) -> Result<Self::Response, DecodeError> {{\n{read}\n}}\n}}",
        operation.name
    );
}

/// `impl Decode` of a shape that is made of elements.
pub(super) fn decode(text: &mut String, family: &Family, shape: &Shape) {
    let _ = writeln!(
        text,
        "impl Decode for {} {{\n\
         fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {{\nOk(Self {{",
        shape.name
    );
    let mut fields: Vec<(String, &Field)> = shape
        .fields
        .iter()
        .map(|field| (first_name(family, field), field))
        .collect();
    fields.sort_by(|(left, _), (right, _)| left.cmp(right));
    for (_, field) in fields {
        let _ = writeln!(text, "{}: {},", field.rust, value(family, field));
    }
    text.push_str("})\n}\n}\n\n");
}

/// The name of the first element that holds a part of the field.
fn first_name(family: &Family, field: &Field) -> String {
    match (&field.place, &field.kind) {
        (Place::Indexed, Kind::Shape(name)) => own_names(family, name)
            .first()
            .map_or_else(|| field.name.clone(), |name| format!("{name}_0")),
        _ => field.name.clone(),
    }
}

/// The names of the elements that a numbered entry has for itself, sorted.
fn own_names(family: &Family, shape: &str) -> Vec<String> {
    let mut names: Vec<String> = family
        .shape(shape)
        .into_iter()
        .flat_map(|shape| &shape.fields)
        .filter(|field| field.place != Place::Indexed)
        .map(|field| field.name.clone())
        .collect();
    names.sort();
    names
}

fn value(family: &Family, field: &Field) -> String {
    let wire = &field.name;
    match (&field.place, &field.kind) {
        (Place::Indexed, Kind::Shape(name)) => {
            let names = own_names(family, name);
            return format!("fields.family(&{names:?}, {name}::read)?");
        }
        (Place::Records(item), Kind::Shape(name)) => {
            return format!("fields.records(\"{wire}\", \"{item}\", {name}::read)?");
        }
        (Place::Json, _) => {
            return match (field.required, field.list) {
                (true, _) => format!("fields.json(\"{wire}\")?"),
                (false, true) => format!("fields.json_opt(\"{wire}\")?.unwrap_or_default()"),
                (false, false) => format!("fields.json_opt(\"{wire}\")?"),
            };
        }
        _ => {}
    }
    // What may not be there cannot be wrong either, if it is text.
    let (method, form, never_wrong) = match &field.kind {
        Kind::String if field.sensitive.is_some() => ("sensitive", None, true),
        Kind::String => ("text", None, true),
        Kind::Integer => ("integer", None, false),
        Kind::Fen => ("fen", None, false),
        Kind::Boolean => ("boolean", None, false),
        Kind::DateTime => ("time", Some(time(field)), false),
        Kind::Date => ("date", Some(date(field)), false),
        Kind::Currency | Kind::YesNo | Kind::Enum(_) | Kind::Shape(_) => ("word", None, true),
    };
    let form = form.map(|form| format!(", {form}")).unwrap_or_default();
    match (field.required, never_wrong) {
        (true, _) => format!("fields.{method}(\"{wire}\"{form})?"),
        (false, true) => format!("fields.{method}_opt(\"{wire}\"{form})"),
        (false, false) => format!("fields.{method}_opt(\"{wire}\"{form})?"),
    }
}
