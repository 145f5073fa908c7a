//! Documentation comments.

use std::fmt::Write as _;

use crate::codegen::model::{
    Alphabet, Family, Field, Format, Idempotency, Kind, Operation, Reply, Upload,
};

/// How wide comments get, without what rustfmt puts before them.
const WIDTH: usize = 92;

/// `doc` as comment lines after `mark`, its paragraphs and the entries of its lists filled anew.
pub(super) fn lines(text: &mut String, mark: &str, doc: &str) {
    for (at, paragraph) in doc.trim().split("\n\n").enumerate() {
        if at > 0 {
            let _ = writeln!(text, "{mark}");
        }
        if let Some(list) = paragraph.strip_prefix("- ") {
            for entry in list.split("\n- ") {
                filled(text, mark, " - ", "   ", entry);
            }
        } else {
            filled(text, mark, " ", " ", paragraph);
        }
    }
}

/// `prose` in lines that begin with `first` and then with `next`.
fn filled(text: &mut String, mark: &str, first: &str, next: &str, prose: &str) {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in words(prose) {
        if !empty && columns(&line) + 1 + columns(&word) > WIDTH {
            let _ = writeln!(text, "{mark}{line}");
            next.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        empty = false;
        line.push_str(&word);
    }
    let _ = writeln!(text, "{mark}{line}");
}

/// The words of `text`; code and links stay in one piece.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if open => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        if let Some(last) = words.last() {
            let in_link = last.matches('[').count() > last.matches(']').count();
            open = last.matches('`').count() % 2 == 1 || in_link;
        }
    }
    words
}

/// How wide `text` is: Chinese characters are two columns.
fn columns(text: &str) -> usize {
    text.chars()
        .map(|char| if u32::from(char) >= 0x2e80 { 2 } else { 1 })
        .sum()
}

/// `doc` with links to the family's types made to resolve from a file of its module.
pub(super) fn linked(family: &Family, doc: &str) -> String {
    let mut linked = String::with_capacity(doc.len());
    let mut rest = doc;
    while let Some((before, after)) = rest.split_once("[`") {
        linked.push_str(before);
        linked.push_str("[`");
        let Some((path, after)) = after.split_once("`]") else {
            rest = after;
            break;
        };
        let _ = write!(linked, "{path}`]");
        let name = path.split("::").next().unwrap_or(path);
        let known = family.index.contains_key(name)
            || family
                .operations
                .iter()
                .any(|operation| operation.name == name);
        if known {
            let _ = write!(linked, "(super::{path})");
        }
        rest = after;
    }
    linked.push_str(rest);
    linked
}

/// `doc` as the beginning of a sentence.
pub(super) fn sentence(family: &Family, doc: &str) -> String {
    let doc = linked(family, doc);
    let first = doc.split(' ').next().unwrap_or_default();
    // Names of fields stay as they are.
    let is_word = first.chars().all(|char| char.is_ascii_lowercase()) && !first.ends_with("pid");
    let is_word = is_word && !["openid", "unionid", "mchid"].contains(&first);
    match doc.chars().next() {
        Some(letter) if is_word => format!("{}{}", letter.to_ascii_uppercase(), &doc[1..]),
        _ => doc,
    }
}

/// What stands above an operation's type.
pub(super) fn operation(text: &mut String, family: &Family, operation: &Operation) {
    lines(text, "///", &linked(family, &operation.doc));
    let mut facts = format!(
        "{}: `{} {}`",
        operation.label,
        operation.method.as_str(),
        operation.path
    );
    if let Some(page) = &operation.page {
        let _ = write!(facts, ", [official page]({page})");
    }
    facts.push('.');
    if let Idempotency::MerchantNumber(number) = &operation.idempotency {
        let _ = write!(
            facts,
            " Repeating it with the same `{number}` and the same content is safe."
        );
    }
    let page = operation.xml.page_url && operation.response.is_none();
    if page {
        facts.push_str(" The payer's browser opens it.");
    }
    if operation.xml.certificate {
        facts.push_str(" Needs the merchant's certificate (商户API证书).");
    }
    if let Some(sign) = operation.xml.sign {
        let _ = write!(facts, " Always signed with {}.", sign.prose());
    }
    if operation.hong_kong {
        facts.push_str(" Found on <https://apihk.mch.weixin.qq.com>.");
    }
    if operation.status == Some(202) {
        facts.push_str(" Success is 202: it is accepted, and not yet done.");
    }
    match operation.reply {
        Reply::Unsigned if operation.answers_file() && !family.is_v2() => facts.push_str(
            " The answer is the file itself, which is not signed: TLS alone says whose it is.",
        ),
        Reply::Unsigned if !page => {
            facts.push_str(" The answer is not signed: TLS alone says whose it is.");
        }
        Reply::Digest => facts.push_str(" The answer is the file itself, signed by its SHA-1."),
        _ => {}
    }
    if let Some(upload) = &operation.upload {
        facts.push_str(&described(upload));
    }
    text.push_str("///\n");
    lines(text, "///", &facts);
}

/// What is signed of an upload, and which files it takes.
fn described(upload: &Upload) -> String {
    let mut text = match &upload.digest {
        Some((digest, _)) => format!(
            " Signed is the description with the file's {}, not the file.",
            digest.prose()
        ),
        None => " Signed is the description, not the file.".to_owned(),
    };
    if !upload.types.is_empty() {
        let _ = write!(text, " Takes {}.", upload.types.join(", "));
    }
    text
}

/// What stands last above a shape: its Chinese name, and the notifications that carry it.
pub(super) fn label(text: &mut String, label: &str, notification: &[String]) {
    text.push_str("///\n");
    let mut facts = format!("{label}.");
    if !notification.is_empty() {
        let _ = write!(facts, " Notifications: `{}`.", notification.join("`, `"));
    }
    lines(text, "///", &facts);
}

/// What stands above a field.
pub(super) fn field(text: &mut String, family: &Family, field: &Field, request: bool) {
    lines(
        text,
        "///",
        &format!("{} ({}).", sentence(family, &field.doc), field.label),
    );
    let mut notes = Vec::new();
    if request {
        notes.extend(limits(family, field));
        if let Some(default) = &field.default {
            notes.push(format!("`{default}` when left out."));
        }
        if field.is_encrypted() {
            notes.push("Encrypted when it is sent.".to_owned());
        }
    }
    if !notes.is_empty() {
        text.push_str("///\n");
        lines(text, "///", &notes.join(" "));
    }
}

fn limits(family: &Family, field: &Field) -> Option<String> {
    let unit = match (&field.kind, field.list) {
        (_, true) => "entries".to_owned(),
        (Kind::String, _) => match field.alphabet {
            Some(digits @ (Alphabet::Digits | Alphabet::Hex)) => digits.prose().to_owned(),
            Some(alphabet) => format!("characters {}", alphabet.prose()),
            None if field.bytes => "bytes of UTF-8".to_owned(),
            None => "characters".to_owned(),
        },
        (Kind::Fen, _) if family.foreign => "of the currency's smallest unit".to_owned(),
        (Kind::Fen, _) => "fen".to_owned(),
        (Kind::File, _) => "bytes".to_owned(),
        _ => String::new(),
    };
    let range = match (field.min, field.max) {
        (None, None) => return None,
        (Some(min), Some(max)) if min == max => format!("{min}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("At least {min}"),
        (None, Some(max)) => format!("At most {max}"),
    };
    let mut limits = format!("{range} {unit}").trim_end().to_owned();
    if field.format == Some(Format::NotifyUrl) {
        limits.push_str("; `https://` or `http://`, without a query");
    }
    limits.push('.');
    Some(limits)
}
