//! One field.

use anyhow::{Context, Result, bail, ensure};

use super::{Index, said};
use crate::codegen::form::Entry;
use crate::codegen::model::{Alphabet, Field, Format, Generation, Kind, Named, Place, Sensitive};
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
        json: None,
        indexed: None,
        list: None,
        repeated: None,
        url_encoded: None,
        label: None,
        doc: None,
    } = entry
    else {
        return false;
    };
    true
}

pub(super) fn resolve(generation: Generation, entry: Entry, index: &Index) -> Result<Field> {
    let Some(name) = entry.name.clone() else {
        bail!("a field has neither `name` nor `include`");
    };
    checked(generation, entry, name.clone(), index).with_context(|| format!("field {name}"))
}

fn checked(generation: Generation, entry: Entry, name: String, index: &Index) -> Result<Field> {
    ensure!(
        names::is_snake(&name) || entry.rust.is_some(),
        "its name needs another one in Rust (`rust`)"
    );
    ensure!(
        entry.rust.as_ref() != Some(&name),
        "`rust` says what it would be anyway"
    );
    let rust = entry.rust.clone().unwrap_or_else(|| name.clone());
    ensure!(
        names::is_snake(&rust),
        "`{rust}` is no name for a field in Rust"
    );
    ensure!(
        !names::is_reserved(generation, &rust),
        "`{rust}` is a word of Rust, say another one (`rust`)"
    );
    let written = entry.kind.as_deref().context("no `type`")?;
    let (kind, list) = kind(generation, written, index)?;
    let label = entry.label.clone().context("no `label`")?;
    let doc = entry.doc.clone().context("no `doc`")?;
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
    let alphabet = known(
        "alphabet",
        entry.alphabet.as_deref(),
        &Alphabet::ALL,
        Alphabet::as_str,
    )?;
    let format = known(
        "format",
        entry.format.as_deref(),
        &Format::ALL,
        Format::as_str,
    )?;
    ensure!(alphabet.is_none() || text, "`alphabet` is for text");
    match (format, &kind) {
        (None, _) => {}
        (Some(Format::NotifyUrl | Format::Ip), _) => ensure!(text, "this `format` is for text"),
        (Some(Format::Compact), Kind::DateTime | Kind::Date)
        | (Some(Format::Spaced), Kind::DateTime) => ensure!(!list, "`format` on a list"),
        (Some(Format::Compact | Format::Spaced), _) => bail!("this `format` is for times"),
    }
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
    ensure!(
        sensitive.is_none() || kind == Kind::String,
        "`sensitive` is for text"
    );
    ensure!(
        sensitive.is_none() || !list || generation == Generation::V3,
        "`sensitive` on a list"
    );
    ensure!(
        entry.default.is_none() || !required,
        "`default` on a required field"
    );
    ensure!(entry.default.is_none() || !list, "`default` on a list");
    let place = place(&entry, &kind, list)?;
    let url_encoded = on("url_encoded", entry.url_encoded)?;
    ensure!(!url_encoded || text, "`url_encoded` is for text");
    Ok(Field {
        name,
        rust,
        kind,
        list,
        place,
        url_encoded,
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

/// A key that is `true` or left out.
fn on(key: &str, said: Option<bool>) -> Result<bool> {
    ensure!(
        said != Some(false),
        "`{key} = false` is what it would be anyway"
    );
    Ok(said.is_some())
}

fn place(entry: &Entry, kind: &Kind, list: bool) -> Result<Place> {
    let json = on("json", entry.json)?;
    let indexed = on("indexed", entry.indexed)?;
    let repeated = on("repeated", entry.repeated)?;
    let said = [json, indexed, entry.list.is_some(), repeated];
    ensure!(
        said.iter().filter(|said| **said).count() < 2,
        "`json`, `indexed`, `list` and `repeated` exclude each other"
    );
    let shapes = list && matches!(kind, Kind::Shape(_));
    ensure!(shapes || !indexed, "`indexed` is for lists of shapes");
    ensure!(shapes || !repeated, "`repeated` is for lists of shapes");
    Ok(match &entry.list {
        _ if json => Place::Json,
        _ if indexed => Place::Indexed,
        _ if repeated => Place::Repeated,
        Some(item) => {
            ensure!(shapes, "`list` is for lists of shapes");
            said_name(item)?;
            Place::Records(item.clone())
        }
        None => Place::Plain,
    })
}

fn said_name(item: &str) -> Result<()> {
    let plain = |char: char| char.is_ascii_alphanumeric() || char == '_';
    ensure!(
        !item.is_empty() && item.chars().all(plain),
        "`list` names the element of an entry, `{item}` is no name"
    );
    Ok(())
}

fn kind(generation: Generation, written: &str, index: &Index) -> Result<(Kind, bool)> {
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
        "number" if generation == Generation::V3 => Kind::Number,
        "json" if generation == Generation::V3 => Kind::Json,
        "yes_no" if generation == Generation::V2 => Kind::YesNo,
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
    written: Option<&str>,
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
