//! Operations: the type and its `impl Operation`.

use std::fmt::Write as _;

use super::secrets::When;
use super::{checks, docs, file, nodes, own, secrets, structs, value_type};
use crate::codegen::model::{self, Family, Field, Idempotency, Kind, Operation};
use crate::codegen::names;

/// The file of an operation.
pub(super) fn write(family: &Family, operation: &Operation) -> String {
    let mut text = String::new();
    let fields: Vec<&Field> = operation.fields().collect();
    docs::operation(&mut text, family, operation);
    structs::definition(&mut text, family, &operation.name, &fields, true);
    let mut methods = String::new();
    structs::build(&mut methods, &fields);
    secrets::seal(&mut methods, family, &fields, "");
    if let Some(body) = operation.body.as_ref().filter(|_| !is_whole(operation)) {
        let body: Vec<&Field> = body.iter().collect();
        let _ = writeln!(
            methods,
            "/// Every field that does not stand in the path or the query.\n\
             fn to_body(&self) -> Object<'_> {{\n{}\n}}\n",
            nodes::object(&body)
        );
    }
    let _ = writeln!(text, "impl {} {{\n{methods}}}\n", operation.name);

    let response = operation.response.as_deref().unwrap_or("()");
    let _ = writeln!(
        text,
        "impl Operation for {} {{\ntype Response = {response};\n",
        operation.name
    );
    info(&mut text, family, operation);
    checks::operation(&mut text, family, operation);
    target(&mut text, operation);
    body(&mut text, family, operation);
    decode(&mut text, family, operation);
    text.push_str("}\n");
    text.push('\n');
    nodes::both(&mut text, &operation.name, &fields);
    let mut names = vec![operation.name.as_str()];
    for shape in own(family, operation) {
        text.push('\n');
        structs::shape(&mut text, family, shape);
        names.push(&shape.name);
    }
    let doc = format!("{}.", operation.label);
    file(family, &doc, text, &names)
}

/// The variant of `wxpay_proto::Idempotency`.
pub(super) const fn idempotency(operation: &Operation) -> &'static str {
    match operation.idempotency {
        Idempotency::Safe => "Safe",
        Idempotency::MerchantNumber(_) => "MerchantNumber",
        Idempotency::No => "No",
    }
}

fn info(text: &mut String, family: &Family, operation: &Operation) {
    let idempotency = idempotency(operation);
    let reply = match operation.reply {
        model::Reply::Signed => "Signed",
        model::Reply::Unsigned | model::Reply::File => "Unsigned",
    };
    let _ = writeln!(
        text,
        "fn info(&self) -> OperationInfo {{\nOperationInfo::new(\"{}\", Method::{}, \
         Idempotency::{idempotency}, ReplySignature::{reply})\n}}\n",
        names::operation(family, &operation.name),
        operation.method.as_str(),
    );
}

fn target(text: &mut String, operation: &Operation) {
    text.push_str("fn target(&self) -> Target {\n");
    let mut pieces = operation.path.split('{');
    let _ = write!(
        text,
        "Target::new(\"{}\")",
        pieces.next().unwrap_or_default()
    );
    for (piece, field) in pieces.zip(&operation.params) {
        let value = match field.kind {
            Kind::Enum(_) => format!("self.{}.as_str()", field.rust),
            _ => format!("&self.{}", field.rust),
        };
        let _ = write!(text, ".segment({value})");
        let literal = piece.split_once('}').map_or("", |(_, literal)| literal);
        if !literal.is_empty() {
            let _ = write!(text, ".literal(\"{literal}\")");
        }
    }
    for field in &operation.query {
        let (wire, rust) = (&field.name, &field.rust);
        let _ = match (&field.kind, field.required) {
            (Kind::String, true) if field.sensitive.is_some() => {
                write!(text, ".query(\"{wire}\", self.{rust}.expose())")
            }
            (Kind::String, true) => write!(text, ".query(\"{wire}\", &self.{rust})"),
            (Kind::String, false) if field.sensitive.is_some() => {
                write!(
                    text,
                    ".query_opt(\"{wire}\", self.{rust}.as_ref().map(Sensitive::expose))"
                )
            }
            (Kind::String, false) => {
                write!(text, ".query_opt(\"{wire}\", self.{rust}.as_deref())")
            }
            (Kind::Enum(_) | Kind::Currency, true) => {
                write!(text, ".query(\"{wire}\", self.{rust}.as_str())")
            }
            (Kind::Enum(_) | Kind::Currency, false) => {
                let name = value_type(field);
                write!(
                    text,
                    ".query_opt(\"{wire}\", self.{rust}.as_ref().map({name}::as_str))"
                )
            }
            (Kind::Fen, true) => write!(
                text,
                ".query(\"{wire}\", &self.{rust}.as_fen().to_string())"
            ),
            (Kind::Fen, false) => write!(
                text,
                ".query_opt(\"{wire}\", self.{rust}.map(|fen| fen.as_fen().to_string()).as_deref())"
            ),
            (_, true) => write!(text, ".query(\"{wire}\", &self.{rust}.to_string())"),
            (_, false) => write!(
                text,
                ".query_opt(\"{wire}\", self.{rust}.map(|value| value.to_string()).as_deref())"
            ),
        };
    }
    text.push_str("\n}\n\n");
}

fn body(text: &mut String, family: &Family, operation: &Operation) {
    let Some(fields) = &operation.body else {
        text.push_str(
            "fn body(&self, _encryptor: &dyn Encryptor) -> Result<Body, BodyError> {\n\
             Ok(Body::Empty)\n}\n\n",
        );
        return;
    };
    let all: Vec<&Field> = fields.iter().collect();
    let when = secrets::when(family, &all);
    let encryptor = if matches!(when, When::Never) {
        "_encryptor"
    } else {
        "encryptor"
    };
    let _ = writeln!(
        text,
        "fn body(&self, {encryptor}: &dyn Encryptor) -> Result<Body, BodyError> {{"
    );
    let json = |of: &str, by_reference: &str| match is_whole(operation) {
        true => format!("Body::json({by_reference})"),
        false => format!("Body::json(&{of}.to_body())"),
    };
    let sealed = "// A copy is encrypted, the caller's value stays as it is.\n\
         let mut sealed = self.clone();\nsealed.encrypt(encryptor)?;\n";
    let of_sealed = json("&sealed", "&sealed");
    let of_self = json("self", "self");
    let _ = match when {
        When::Never => writeln!(text, "{of_self}"),
        When::Always => writeln!(text, "{sealed}{of_sealed}"),
        When::If(_) => writeln!(
            text,
            "if self.has_sensitive() {{\n{sealed}return {of_sealed};\n}}\n{of_self}"
        ),
    };
    text.push_str("}\n\n");
}

/// Whether the body holds every field of the type.
fn is_whole(operation: &Operation) -> bool {
    operation.params.is_empty() && operation.query.is_empty()
}

fn decode(text: &mut String, family: &Family, operation: &Operation) {
    let Some(response) = &operation.response else {
        text.push_str(
            "fn decode(&self, _reply: Reply<'_>) -> Result<Self::Response, DecodeError> {\nOk(())\n}\n",
        );
        return;
    };
    text.push_str("fn decode(&self, reply: Reply<'_>) -> Result<Self::Response, DecodeError> {\n");
    let secret = family
        .shape(response)
        .is_some_and(|shape| secrets::any(family, shape.fields.iter()));
    if secret {
        let _ = writeln!(
            text,
            "let mut response: {response} = reply.json()?;\n\
             response.decrypt(reply.decryptor())?;\nOk(response)"
        );
    } else {
        text.push_str("reply.json()\n");
    }
    text.push_str("}\n");
}
