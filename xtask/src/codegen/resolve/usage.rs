//! Which way each shape goes, and that everything is used.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};

use crate::codegen::model::{Family, Field, Format, Kind, Named, Place};

/// Marks the shapes with where they occur, and refuses what occurs nowhere.
pub(super) fn mark(family: &mut Family) -> Result<()> {
    let mut request = Walk::default();
    let mut response = Walk::default();
    let (mut json, mut flat) = (BTreeSet::new(), BTreeSet::new());
    let mut users: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for operation in &family.operations {
        let (mut sends, mut gets) = (Walk::default(), Walk::default());
        sends.fields(family, operation.fields(), !family.is_v2())?;
        if let Some(name) = &operation.response {
            gets.shape(family, name, !family.is_v2())?;
        }
        json.append(&mut sends.json);
        json.append(&mut gets.json);
        flat.append(&mut gets.flat);
        flat.append(&mut sends.flat);
        let user = (!operation.by_hand).then(|| operation.name.clone());
        for name in sends.seen.union(&gets.seen) {
            users.entry(name.clone()).or_default().push(user.clone());
        }
        request.seen.append(&mut sends.seen);
        response.seen.append(&mut gets.seen);
    }
    for shape in family
        .shapes
        .iter()
        .filter(|shape| !shape.notification.is_empty())
    {
        let mut told = Walk::default();
        told.shape(family, &shape.name, !family.is_v2())?;
        json.append(&mut told.json);
        flat.append(&mut told.flat);
        for name in &told.seen {
            users.entry(name.clone()).or_default().push(None);
        }
        response.seen.append(&mut told.seen);
    }
    for shape in &mut family.shapes {
        shape.in_request = request.seen.contains(&shape.name);
        shape.in_response = response.seen.contains(&shape.name);
        shape.json = json.contains(&shape.name);
        ensure!(
            !(shape.json && flat.contains(&shape.name)),
            "shape {}: it is JSON in one place and elements of the XML in another",
            shape.name
        );
        if let Some([user]) = users.get(&shape.name).map(Vec::as_slice) {
            shape.owner.clone_from(user);
        }
    }
    for name in family.index.keys() {
        let used = request.seen.contains(name) || response.seen.contains(name);
        ensure!(used, "{name} is used nowhere");
    }
    for shape in family.shapes.iter().filter(|shape| !shape.in_request) {
        ensure!(
            shape.any_of.is_empty(),
            "shape {}: `any_of` is for requests",
            shape.name
        );
        for field in &shape.fields {
            let limited = field.min.is_some()
                || field.max.is_some()
                || field.alphabet.is_some()
                || matches!(field.format, Some(Format::NotifyUrl | Format::Ip))
                || field.default.is_some();
            ensure!(
                !limited,
                "shape {}: field {}: limits and defaults are for requests, and this is an answer",
                shape.name,
                field.name
            );
        }
    }
    Ok(())
}

/// Checks that a default is something the field can hold.
pub(super) fn defaults(family: &Family) -> Result<()> {
    let of_operations = family.operations.iter().flat_map(|operation| {
        operation
            .fields()
            .map(move |field| ("operation", &operation.name, field))
    });
    let of_shapes = family.shapes.iter().flat_map(|shape| {
        shape
            .fields
            .iter()
            .map(move |field| ("shape", &shape.name, field))
    });
    for (what, name, field) in of_operations.chain(of_shapes) {
        let Some(default) = &field.default else {
            continue;
        };
        let fits = match &field.kind {
            Kind::Enum(name) => family
                .enumeration(name)
                .is_some_and(|known| known.words.iter().any(|word| word.word == *default)),
            Kind::Boolean => matches!(default.as_str(), "true" | "false"),
            Kind::YesNo => matches!(default.as_str(), "Y" | "N"),
            Kind::Integer | Kind::Fen => default.parse::<i64>().is_ok(),
            Kind::String | Kind::Currency => true,
            Kind::DateTime
            | Kind::Date
            | Kind::Number
            | Kind::Json
            | Kind::File
            | Kind::Shape(_) => false,
        };
        ensure!(
            fits,
            "{what} {name}: field {}: `{default}` is no default for it",
            field.name
        );
    }
    Ok(())
}

#[derive(Default)]
struct Walk {
    seen: BTreeSet<String>,
    /// The shapes that are JSON, and those that are elements of the XML.
    json: BTreeSet<String>,
    flat: BTreeSet<String>,
    /// The shapes around the one that is looked at.
    around: Vec<String>,
}

impl Walk {
    fn fields<'a>(
        &mut self,
        family: &Family,
        fields: impl Iterator<Item = &'a Field>,
        json: bool,
    ) -> Result<()> {
        for field in fields {
            match &field.kind {
                Kind::Shape(name) => {
                    self.shape(family, name, json || field.place == Place::Json)?
                }
                Kind::Enum(name) => {
                    self.seen.insert(name.clone());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn shape(&mut self, family: &Family, name: &str, json: bool) -> Result<()> {
        if self.around.iter().any(|around| around == name) {
            bail!("shape {name} contains itself");
        }
        let Some(Named::Shape(at)) = family.index.get(name) else {
            bail!("there is no shape {name}");
        };
        let way = if json { &mut self.json } else { &mut self.flat };
        let new_way = way.insert(name.to_owned());
        let new = self.seen.insert(name.to_owned());
        if !new && !new_way {
            return Ok(());
        }
        self.around.push(name.to_owned());
        if let Some(shape) = family.shapes.get(*at) {
            self.fields(family, shape.fields.iter(), json)?;
        }
        self.around.pop();
        Ok(())
    }
}
