//! Operations: the type and its `impl Operation`.

use std::fmt::Write as _;

use super::secrets::When;
use super::{checks, docs, file, nodes, own, secrets, structs, value_type};
use crate::codegen::model::{self, Family, Field, Idempotency, Kind, Operation, Upload};
use crate::codegen::names;

/// The file of an operation.
pub(super) fn write(family: &Family, operation: &Operation) -> String {
    let mut text = String::new();
    let fields: Vec<&Field> = operation.fields().collect();
    docs::operation(&mut text, family, operation);
    structs::definition(&mut text, family, &operation.name, &fields, true);
    let mut methods = String::new();
    structs::build(&mut methods, &fields);
    let asked = operation.body.is_some();
    secrets::seal(&mut methods, family, &sealed(operation), "", asked);
    if let Some(body) = operation.body.as_ref().filter(|_| !is_whole(operation)) {
        let body: Vec<&Field> = body.iter().collect();
        let _ = writeln!(
            methods,
            "/// Every field that does not stand in the path or the query.\n\
             fn to_body(&self) -> Object<'_> {{\n{}\n}}\n",
            nodes::object("self", &body)
        );
    }
    let _ = writeln!(text, "impl {} {{\n{methods}}}\n", operation.name);

    let response = match operation.response.as_deref() {
        Some(response) => response,
        None if operation.answers_file() => "Bytes",
        None => "()",
    };
    let _ = writeln!(
        text,
        "impl Operation for {} {{\ntype Response = {response};\n",
        operation.name
    );
    info(&mut text, family, operation);
    checks::operation(&mut text, family, operation);
    target(&mut text, operation);
    headers(&mut text, operation);
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
        model::Reply::Digest => "Digest",
        model::Reply::Unsigned | model::Reply::File => "Unsigned",
    };
    let _ = writeln!(
        text,
        "fn info(&self) -> OperationInfo {{\nOperationInfo::new(\"{}\", Method::{}, \
         Idempotency::{idempotency}, ReplySignature::{reply}){}\n}}\n",
        names::operation(family, &operation.name),
        operation.method.as_str(),
        if operation.hong_kong {
            ".at(Host::HongKong)"
        } else {
            ""
        },
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
        let rust = &field.rust;
        let value = match (&field.kind, nodes::form(field)) {
            (_, Some(form)) => format!("&self.{rust}.{}()", form.write),
            (Kind::Enum(_), _) => format!("self.{rust}.as_str()"),
            (Kind::String, _) if field.sensitive.is_some() => format!("self.{rust}.expose()"),
            (Kind::String, _) => format!("&self.{rust}"),
            _ => format!("&self.{rust}.to_string()"),
        };
        let _ = write!(text, ".segment({value})");
        let literal = piece.split_once('}').map_or("", |(_, literal)| literal);
        if !literal.is_empty() {
            let _ = write!(text, ".literal(\"{literal}\")");
        }
    }
    for field in &operation.query {
        let (wire, rust) = (&field.name, &field.rust);
        if field.list {
            let values = match &field.kind {
                Kind::Enum(name) => format!("self.{rust}.iter().map({name}::as_str)"),
                Kind::String => format!("&self.{rust}"),
                _ => format!("self.{rust}.iter().map(ToString::to_string)"),
            };
            let _ = write!(text, ".query_all(\"{wire}\", {values})");
            continue;
        }
        if let Some(form) = nodes::form(field) {
            let write = form.write;
            let _ = if field.required {
                write!(text, ".query(\"{wire}\", &self.{rust}.{write}())")
            } else {
                write!(
                    text,
                    ".query_opt(\"{wire}\", self.{rust}.map(|time| time.{write}()).as_deref())"
                )
            };
            continue;
        }
        if field.is_encrypted() {
            let _ = if field.required {
                write!(text, ".query_encrypted(\"{wire}\", &self.{rust})")
            } else {
                write!(
                    text,
                    ".query_encrypted_opt(\"{wire}\", self.{rust}.as_ref())"
                )
            };
            continue;
        }
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
                ".query_opt(\"{wire}\", self.{rust}.{by_reference}map(|value| value.to_string()).as_deref())",
                by_reference = if field.kind == Kind::Number {
                    "as_ref()."
                } else {
                    ""
                }
            ),
        };
    }
    text.push_str("\n}\n\n");
}

fn headers(text: &mut String, operation: &Operation) {
    if operation.headers.is_empty() {
        return;
    }
    text.push_str("fn headers(&self) -> Vec<(&'static str, String)> {\n");
    let value = |field: &Field, of: &str| match &field.kind {
        Kind::Integer => format!("{of}.to_string()"),
        Kind::Enum(_) => format!("{of}.as_str().to_owned()"),
        _ if field.sensitive.is_some() => format!("{of}.expose().to_owned()"),
        _ => format!("{of}.clone()"),
    };
    if operation.headers.iter().all(|field| field.required) {
        text.push_str("vec![");
        for field in &operation.headers {
            let own = value(field, &format!("self.{}", field.rust));
            let _ = write!(text, "(\"{}\", {own}),", field.name);
        }
        text.push_str("]\n}\n\n");
        return;
    }
    text.push_str("let mut headers = Vec::new();\n");
    for field in &operation.headers {
        let (wire, rust) = (&field.name, &field.rust);
        let _ = if field.required {
            let own = value(field, &format!("self.{rust}"));
            writeln!(text, "headers.push((\"{wire}\", {own}));")
        } else {
            let own = value(field, rust);
            writeln!(
                text,
                "if let Some({rust}) = &self.{rust} {{\nheaders.push((\"{wire}\", {own}));\n}}"
            )
        };
    }
    text.push_str("headers\n}\n\n");
}

/// The fields that are encrypted in a copy: those of the body, or of an upload's description.
fn sealed(operation: &Operation) -> Vec<&Field> {
    let meta = operation.upload.iter().flat_map(|upload| &upload.meta);
    operation.body.iter().flatten().chain(meta).collect()
}

/// The body of an upload.
fn upload(text: &mut String, family: &Family, operation: &Operation, upload: &Upload) {
    let meta: Vec<&Field> = upload.meta.iter().collect();
    let is_sealed = !matches!(secrets::when(family, &meta), When::Never);
    let (encryptor, of) = if is_sealed {
        ("encryptor", "sealed")
    } else {
        ("_encryptor", "self")
    };
    let _ = writeln!(
        text,
        "fn body(&self, {encryptor}: &dyn Encryptor) -> Result<Body, BodyError> {{"
    );
    if is_sealed {
        text.push_str(SEALED);
    }
    if let Some((digest, _)) = &upload.digest {
        let _ = writeln!(text, "let digest = self.content.{}();", digest.as_str());
    }
    let count = meta.len()
        + usize::from(upload.describes_name)
        + usize::from(upload.digest.is_some())
        + usize::from(upload.algorithm.is_some());
    let _ = write!(text, "let meta = Object::with_capacity({count})");
    if upload.describes_name {
        nodes::write_fields(text, "self", &[&upload.filename]);
    }
    if let Some((name, word)) = &upload.algorithm {
        let _ = write!(text, "\n.written(\"{name}\", \"{word}\")");
    }
    if let Some((_, name)) = &upload.digest {
        let _ = write!(text, "\n.field(\"{name}\", &digest)");
    }
    nodes::write_fields(text, of, &meta);
    text.push_str(";\n");
    let part = &upload.content.name;
    if operation.upload_form().is_empty() {
        let _ = writeln!(
            text,
            "wire::upload(&meta, \"{part}\", &self.filename, &self.content)\n}}\n"
        );
        return;
    }
    text.push_str("let form = [");
    for field in operation.upload_form() {
        let (wire, rust) = (&field.name, &field.rust);
        let value = |of: &str| match field.kind {
            Kind::Integer => format!("{of}.to_string()"),
            Kind::Enum(_) => format!("{of}.as_str().to_owned()"),
            _ if field.sensitive.is_some() => format!("{of}.expose().to_owned()"),
            _ => format!("{of}.clone()"),
        };
        let _ = if field.required {
            write!(
                text,
                "(\"{wire}\", Some({})),",
                value(&format!("self.{rust}"))
            )
        } else if field.kind == Kind::String && field.sensitive.is_none() {
            write!(text, "(\"{wire}\", self.{rust}.clone()),")
        } else {
            write!(
                text,
                "(\"{wire}\", self.{rust}.as_ref().map(|value| {})),",
                value("value")
            )
        };
    }
    let _ = writeln!(
        text,
        "];\nwire::upload_with(&meta, &form, \"{part}\", &self.filename, &self.content)\n}}\n"
    );
}

const SEALED: &str = "// A copy is encrypted, the caller's value stays as it is.\n\
     let mut sealed = self.clone();\nsealed.encrypt(encryptor)?;\n";

fn body(text: &mut String, family: &Family, operation: &Operation) {
    if let Some(upload) = &operation.upload {
        return self::upload(text, family, operation, upload);
    }
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
    let of_sealed = json("&sealed", "&sealed");
    let of_self = json("self", "self");
    let _ = match when {
        When::Never => writeln!(text, "{of_self}"),
        When::Always => writeln!(text, "{SEALED}{of_sealed}"),
        When::If(_) => writeln!(
            text,
            "if self.has_sensitive() {{\n{SEALED}return {of_sealed};\n}}\n{of_self}"
        ),
    };
    text.push_str("}\n\n");
}

/// Whether the body holds every field of the type.
fn is_whole(operation: &Operation) -> bool {
    operation.params.is_empty() && operation.query.is_empty() && operation.headers.is_empty()
}

fn decode(text: &mut String, family: &Family, operation: &Operation) {
    let Some(response) = &operation.response else {
        if operation.answers_file() {
            text.push_str(
                "fn decode(&self, reply: Reply<'_>) -> Result<Self::Response, DecodeError> {\n\
                 Ok(reply.body().clone())\n}\n",
            );
            return;
        }
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

/// The list that the tests of every operation go through.
pub(super) fn tested(families: &[Family]) -> String {
    let mut text = String::from(
        "// Generated by `cargo xtask codegen` from catalogue/; do not edit.\n\n\
         //! Every operation that is not written by hand.\n\n\
         use crate::typed::Entry;\n\n\
         pub(crate) fn all() -> Vec<Entry> {\nvec![\n",
    );
    let families = families.iter().filter(|family| !family.is_v2());
    for family in families {
        for operation in family.operations.iter().filter(|it| !it.by_hand) {
            let file = operation.answers_file();
            let _ = writeln!(
                text,
                "Entry::{}::<wxpay_api::{}::{}>(\"{}\"),",
                if file { "file" } else { "json" },
                family.name,
                operation.name,
                names::operation(family, &operation.name)
            );
        }
    }
    text.push_str("]\n}\n");
    text
}
