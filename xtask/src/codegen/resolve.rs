//! From what people wrote to what the writers want, refusing what contradicts itself.

mod field;
mod operation;
mod upload;
mod usage;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

use super::form;
use super::model::{Enumeration, Family, Field, Generation, Group, Named, Shape, Word};
use super::names;

/// Resolves the family `name`.
pub(super) fn family(generation: Generation, name: &str, form: form::Family) -> Result<Family> {
    ensure!(
        names::is_snake(name),
        "a family's file is named like a module, `{name}` is not"
    );
    said("title", &form.title)?;
    said("doc", &form.doc)?;
    ensure!(!form.operation.is_empty(), "no operation");
    let groups = groups(generation, name, &form.groups)?;
    ensure!(
        generation == Generation::V3 || form.foreign.is_none(),
        "`foreign` is for v3"
    );
    ensure!(
        form.foreign != Some(false),
        "`foreign = false` is what it would be anyway"
    );
    let index = index(generation, &form)?;
    let mut parts = Parts::new(&form.part)?;
    let mut operations = Vec::with_capacity(form.operation.len());
    for operation in form.operation {
        let place = format!("operation {}", operation.name);
        operations
            .push(operation::resolve(generation, operation, &mut parts, &index).context(place)?);
    }
    let mut shapes = Vec::with_capacity(form.shape.len());
    for shape in form.shape {
        let place = format!("shape {}", shape.name);
        shapes.push(self::shape(generation, shape, &mut parts, &index).context(place)?);
    }
    let mut enums = Vec::with_capacity(form.enumeration.len());
    for enumeration in form.enumeration {
        let place = format!("enum {}", enumeration.name);
        enums.push(self::enumeration(enumeration).context(place)?);
    }
    parts.all_used()?;
    let mut family = Family {
        generation,
        name: name.to_owned(),
        title: form.title,
        doc: form.doc,
        by_hand: form.by_hand,
        foreign: form.foreign.is_some(),
        groups,
        enables: form.enables,
        operations,
        shapes,
        enums,
        index,
    };
    usage::mark(&mut family)?;
    if generation == Generation::V2 {
        xml::family(&family)?;
    }
    usage::defaults(&family)?;
    Ok(family)
}

fn groups(generation: Generation, family: &str, words: &[String]) -> Result<Vec<Group>> {
    ensure!(
        generation == Generation::V3 || words.is_empty(),
        "`groups` are for v3; all families of v2 are in the feature v2"
    );
    let taken = Group::ALL.map(Group::as_str);
    ensure!(
        !taken.contains(&family) && !["full", "v1", "v2"].contains(&family),
        "{family} is a group of features"
    );
    let mut groups = Vec::with_capacity(words.len());
    for word in words {
        let Some(group) = Group::ALL.into_iter().find(|group| group.as_str() == word) else {
            bail!("group `{word}` is none of {}", taken.join(", "));
        };
        ensure!(!groups.contains(&group), "group `{word}` is there twice");
        groups.push(group);
    }
    Ok(groups)
}

/// Refuses what two families may not both have.
pub(super) fn together(families: &[Family]) -> Result<()> {
    let mut seen: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for family in families {
        for operation in &family.operations {
            let name = names::operation(family, &operation.name);
            let key = (operation.method.as_str(), operation.path.as_str());
            if let Some(other) = seen.insert(key, name.clone()) {
                bail!("{other} and {name} are both {} {}", key.0, key.1);
            }
        }
    }
    Ok(())
}

fn said(key: &str, text: &str) -> Result<()> {
    ensure!(!text.trim().is_empty(), "`{key}` is empty");
    Ok(())
}

/// Where each shape and enumeration stands, its name having been looked at.
fn index(generation: Generation, form: &form::Family) -> Result<BTreeMap<String, Named>> {
    let mut index = BTreeMap::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut modules: BTreeSet<String> = ["requests", "responses", "enums", "operation"]
        .map(str::to_owned)
        .into();
    for operation in &form.operation {
        name_of_type(generation, &operation.name)?;
        ensure!(
            taken.insert(&operation.name),
            "two types are called {}",
            operation.name
        );
        let module = names::snake(&operation.name);
        ensure!(
            modules.insert(module),
            "operation {}: its module's name is taken",
            operation.name
        );
    }
    for (at, shape) in form.shape.iter().enumerate() {
        name_of_type(generation, &shape.name)?;
        ensure!(
            taken.insert(&shape.name),
            "two types are called {}",
            shape.name
        );
        index.insert(shape.name.clone(), Named::Shape(at));
    }
    for (at, enumeration) in form.enumeration.iter().enumerate() {
        name_of_type(generation, &enumeration.name)?;
        ensure!(
            taken.insert(&enumeration.name),
            "two types are called {}",
            enumeration.name
        );
        index.insert(enumeration.name.clone(), Named::Enum(at));
    }
    Ok(index)
}

fn name_of_type(generation: Generation, name: &str) -> Result<()> {
    ensure!(
        names::is_type(name),
        "`{name}` is no name for a type: letters and digits, like NativePrepay"
    );
    // What the generated code has in scope besides.
    const IN_SCOPE: [&str; 26] = [
        "Alphabet",
        "Body",
        "BodyError",
        "Currency",
        "Date",
        "DateTime",
        "DecodeError",
        "Decryptor",
        "Encryptor",
        "Fen",
        "FileContent",
        "Host",
        "Idempotency",
        "InvalidField",
        "Method",
        "Number",
        "Object",
        "Operation",
        "OperationInfo",
        "Option",
        "Reply",
        "Sensitive",
        "String",
        "Target",
        "Value",
        "Vec",
    ];
    const IN_SCOPE_OF_V2: [&str; 10] = [
        "Bytes",
        "DateForm",
        "Decode",
        "Fields",
        "Form",
        "ReplyForm",
        "Request",
        "Signing",
        "TimeForm",
        "YesNo",
    ];
    let hides =
        IN_SCOPE.contains(&name) || generation == Generation::V2 && IN_SCOPE_OF_V2.contains(&name);
    ensure!(!hides, "`{name}` would hide a type the generated code uses");
    Ok(())
}

/// The parts of a family, and which of them were used.
struct Parts<'a> {
    parts: BTreeMap<&'a str, (&'a form::Part, bool)>,
}

impl<'a> Parts<'a> {
    fn new(list: &'a [form::Part]) -> Result<Self> {
        let mut parts = BTreeMap::new();
        for part in list {
            said("doc", &part.doc).with_context(|| format!("part {}", part.name))?;
            ensure!(
                names::is_snake(&part.name),
                "part {}: named like a module",
                part.name
            );
            let twice = parts.insert(part.name.as_str(), (part, false)).is_some();
            ensure!(!twice, "two parts are called {}", part.name);
        }
        Ok(Self { parts })
    }

    /// `entries` with the parts put in.
    fn put_in(&mut self, entries: Vec<form::Entry>) -> Result<Vec<form::Entry>> {
        let mut flat = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(include) = &entry.include else {
                flat.push(entry);
                continue;
            };
            ensure!(
                field::is_only_include(&entry),
                "include of {include}: nothing may stand beside it"
            );
            let Some((part, used)) = self.parts.get_mut(include.as_str()) else {
                bail!("include of {include}: no such part");
            };
            *used = true;
            for entry in &part.fields {
                ensure!(
                    entry.include.is_none(),
                    "part {include}: a part includes no part"
                );
                flat.push(entry.clone());
            }
        }
        Ok(flat)
    }

    fn all_used(&self) -> Result<()> {
        match self.parts.iter().find(|(_, (_, used))| !used) {
            Some((name, _)) => bail!("part {name} is included nowhere"),
            None => Ok(()),
        }
    }
}

type Index = BTreeMap<String, Named>;

fn fields(
    generation: Generation,
    entries: Vec<form::Entry>,
    parts: &mut Parts<'_>,
    index: &Index,
) -> Result<Vec<Field>> {
    parts
        .put_in(entries)?
        .into_iter()
        .map(|entry| field::resolve(generation, entry, index))
        .collect()
}

fn distinct<'a>(fields: impl Iterator<Item = &'a Field>) -> Result<()> {
    let mut seen = BTreeSet::new();
    let mut rust = BTreeSet::new();
    for field in fields {
        ensure!(
            seen.insert(&field.name),
            "field {}: it is there twice",
            field.name
        );
        ensure!(
            rust.insert(&field.rust),
            "field {}: `{}` is there twice",
            field.name,
            field.rust
        );
    }
    Ok(())
}

fn any_of<'a>(
    groups: &[Vec<String>],
    fields: impl Iterator<Item = &'a Field> + Clone,
) -> Result<()> {
    for group in groups {
        ensure!(group.len() > 1, "any_of: a group has two names or more");
        for name in group {
            let Some(field) = fields.clone().find(|field| field.name == *name) else {
                bail!("any_of: there is no field {name}");
            };
            ensure!(!field.required, "any_of: field {name} is required anyway");
            ensure!(!field.list, "any_of: field {name} is a list");
        }
    }
    Ok(())
}

fn shape(
    generation: Generation,
    form: form::Shape,
    parts: &mut Parts<'_>,
    index: &Index,
) -> Result<Shape> {
    said("label", &form.label)?;
    said("doc", &form.doc)?;
    let fields = fields(generation, form.fields, parts, index)?;
    ensure!(!fields.is_empty(), "no fields");
    distinct(fields.iter())?;
    any_of(&form.any_of, fields.iter())?;
    Ok(Shape {
        name: form.name,
        label: form.label,
        doc: form.doc,
        notification: form.notification,
        any_of: form.any_of,
        fields,
        in_request: false,
        in_response: false,
        json: false,
        owner: None,
    })
}

fn enumeration(form: form::Enumeration) -> Result<Enumeration> {
    said("label", &form.label)?;
    said("doc", &form.doc)?;
    ensure!(!form.words.is_empty(), "no words");
    let mut words = Vec::with_capacity(form.words.len());
    let mut seen = BTreeSet::new();
    for word in form.words {
        let place = format!("word {}", word.word);
        let rust = match word.rust {
            Some(rust) if rust == names::variant(&word.word) => {
                bail!("{place}: `rust` says what it would be anyway")
            }
            Some(rust) => rust,
            None => names::variant(&word.word),
        };
        ensure!(
            names::is_variant(&rust),
            "{place}: `{rust}` is no name for a variant, say `rust`"
        );
        ensure!(
            rust != "Unknown",
            "{place}: Unknown is for the words that are not listed"
        );
        ensure!(seen.insert(word.word.clone()), "{place}: it is there twice");
        ensure!(
            seen.insert(format!("::{rust}")),
            "{place}: two words become {rust}"
        );
        if let Some(label) = &word.label {
            said("label", label).context(place.clone())?;
        }
        said("doc", &word.doc).context(place)?;
        words.push(Word {
            word: word.word,
            rust,
            label: word.label,
            doc: word.doc,
        });
    }
    Ok(Enumeration {
        name: form.name,
        label: form.label,
        doc: form.doc,
        words,
    })
}
