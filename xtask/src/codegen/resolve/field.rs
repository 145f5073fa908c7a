//! One field.

use anyhow::{Context, Result, bail, ensure};

use super::{Index, said};
use crate::codegen::form::Entry;
use crate::codegen::model::{Alphabet, Field, Format, Kind, Named, Sensitive};
use crate::codegen::names;

/// Whether `entry` says `include` and nothing else.
pub(super) fn is_only_include(entry: &Entry) -> bool {
    let Entry {
        include: _,
        name: None,
        rust: None,
        kind: None,
        required: None,
        min: None,
        max: None,
        unit: None,
        alphabet: None,
        format: None,
        sensitive: None,
        default: None,
        label: None,
        doc: None,
    } = entry
    else {
        return false;
    };
    true
}

pub(super) fn resolve(entry: Entry, index: &Index) -> Result<Field> {
    let Some(name) = entry.name.clone() else {
        bail!("a field has neither `name` nor `include`");
    };
    checked(entry, name.clone(), index).with_context(|| format!("field {name}"))
}

fn checked(entry: Entry, name: String, index: &Index) -> Result<Field> {
    ensure!(
        names::is_snake(&name) || entry.rust.is_some(),
        "its name needs another one in Rust (`rust`)"
    );
    ensure!(
        entry.rust.as_ref() != Some(&name),
        "`rust` says what it would be anyway"
    );
    let rust = entry.rust.unwrap_or_else(|| name.clone());
    ensure!(
        names::is_snake(&rust),
        "`{rust}` is no name for a field in Rust"
    );
    ensure!(
        !names::is_reserved(&rust),
        "`{rust}` is a word of Rust, say another one (`rust`)"
    );
    let written = entry.kind.context("no `type`")?;
    let (kind, list) = kind(&written, index)?;
    let label = entry.label.context("no `label`")?;
    let doc = entry.doc.context("no `doc`")?;
    said("label", &label)?;
    said("doc", &doc)?;
    ensure!(
        !doc.trim_end().ends_with('.'),
        "`doc` ends without a full stop"
    );
    let required = entry.required.unwrap_or(false);
    ensure!(
        entry.required != Some(false),
        "`required = false` is what it would be anyway"
    );

    let text = kind == Kind::String && !list;
    let number = matches!(kind, Kind::Fen | Kind::Integer) && !list;
    let limited = entry.min.is_some() || entry.max.is_some();
    ensure!(
        !limited || text || number || list,
        "`min` and `max` are for text, numbers and lists"
    );
    ensure!(entry.max != Some(0), "`max` is 0");
    if let (Some(min), Some(max)) = (entry.min, entry.max) {
        ensure!(min <= max, "`min` is more than `max`");
    }
    if !number {
        ensure!(entry.min.is_none_or(|min| min >= 0), "`min` is less than 0");
    }
    let bytes = match entry.unit.as_deref() {
        None => false,
        Some("bytes") if text => true,
        Some("bytes") => bail!("`unit` is for text"),
        Some(other) => bail!("unit `{other}`: only \"bytes\" is said"),
    };
    let alphabet = known("alphabet", entry.alphabet, &Alphabet::ALL, Alphabet::as_str)?;
    let format = known("format", entry.format, &Format::ALL, Format::as_str)?;
    ensure!(alphabet.is_none() || text, "`alphabet` is for text");
    ensure!(format.is_none() || text, "`format` is for text");
    ensure!(
        alphabet.is_none() || format.is_none(),
        "`alphabet` and `format` exclude each other"
    );
    if format == Some(Format::NotifyUrl) {
        ensure!(
            entry.max.is_some() && !bytes,
            "a notify_url needs `max`, in characters"
        );
    }
    let sensitive = match entry.sensitive.as_deref() {
        None => None,
        Some("encrypted") => Some(Sensitive::Encrypted),
        Some("redacted") => Some(Sensitive::Redacted),
        Some(other) => bail!("sensitive `{other}` is neither \"encrypted\" nor \"redacted\""),
    };
    ensure!(sensitive.is_none() || text, "`sensitive` is for text");
    ensure!(
        entry.default.is_none() || !required,
        "`default` on a required field"
    );
    ensure!(entry.default.is_none() || !list, "`default` on a list");
    Ok(Field {
        name,
        rust,
        kind,
        list,
        required,
        min: entry.min,
        max: entry.max,
        bytes,
        alphabet,
        format,
        sensitive,
        default: entry.default,
        label,
        doc,
    })
}

fn kind(written: &str, index: &Index) -> Result<(Kind, bool)> {
    let element = written
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let name = element.unwrap_or(written);
    let kind = match name {
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "boolean" => Kind::Boolean,
        "fen" => Kind::Fen,
        "datetime" => Kind::DateTime,
        "date" => Kind::Date,
        "currency" => Kind::Currency,
        _ => match index.get(name) {
            Some(Named::Shape(_)) => Kind::Shape(name.to_owned()),
            Some(Named::Enum(_)) => Kind::Enum(name.to_owned()),
            None => bail!("unknown type `{name}`"),
        },
    };
    Ok((kind, element.is_some()))
}

fn known<T: Copy>(
    key: &str,
    written: Option<String>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>> {
    let Some(written) = written else {
        return Ok(None);
    };
    match all.iter().find(|known| name(**known) == written) {
        Some(known) => Ok(Some(*known)),
        None => {
            let all: Vec<&str> = all.iter().map(|known| name(*known)).collect();
            bail!("{key} `{written}` is none of {}", all.join(", "))
        }
    }
}
