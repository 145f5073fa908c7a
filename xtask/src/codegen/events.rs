//! The events of `catalogue/tables/events.toml`: what notifications (回调通知) tell of, and which types
//! they are read as.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::model::{Family, Shape};
use super::names;

/// An event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    /// `event_type` on the wire.
    pub(super) word: String,
    /// The variant, where it is not the word's.
    rust: Option<String>,
    pub(super) label: String,
    pub(super) doc: String,
    pub(super) page: String,
}

impl Event {
    /// The variant of `EventType`.
    pub(super) fn variant(&self) -> String {
        match &self.rust {
            Some(rust) => rust.clone(),
            None => names::variant(&self.word),
        }
    }

    /// The types it is read as, each with its family.
    pub(super) fn types<'a>(
        &'a self,
        families: &'a [Family],
    ) -> impl Iterator<Item = (&'a Family, &'a Shape)> {
        told(families).filter(|(_, shape)| shape.notification.contains(&self.word))
    }
}

/// What the notifications of v3 are read as.
pub(super) fn told(families: &[Family]) -> impl Iterator<Item = (&Family, &Shape)> {
    families
        .iter()
        .filter(|family| !family.is_v2())
        .flat_map(|family| family.shapes.iter().map(move |shape| (family, shape)))
        .filter(|(_, shape)| !shape.notification.is_empty())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Events {
    event: Vec<Event>,
}

/// Reads the table in `folder`.
pub(super) fn read(folder: &Path) -> Result<Vec<Event>> {
    let path = folder.join("events.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    parse(&text).context("tables/events.toml")
}

pub(super) fn parse(text: &str) -> Result<Vec<Event>> {
    let Events { event: events } = toml::from_str(text)?;
    let (mut words, mut variants) = (BTreeSet::new(), BTreeSet::new());
    for event in &events {
        let (word, variant) = (&event.word, event.variant());
        ensure!(words.insert(word), "event {word}: it stands there twice");
        ensure!(
            event.rust.as_ref() != Some(&names::variant(word)),
            "event {word}: `rust` says what it would be anyway"
        );
        ensure!(
            names::is_variant(&variant) && variant != "Unknown",
            "event {word}: `{variant}` is no variant's name"
        );
        ensure!(
            variants.insert(variant.clone()),
            "event {word}: there is another `{variant}`"
        );
        for (key, text) in [("label", &event.label), ("doc", &event.doc)] {
            ensure!(!text.trim().is_empty(), "event {word}: no {key}");
        }
        ensure!(
            event.page.starts_with("https://pay.weixin.qq.com/"),
            "event {word}: `page` is no official page"
        );
    }
    Ok(events)
}

/// Refuses shapes of events that nobody knows.
pub(super) fn check(families: &[Family], events: &[Event]) -> Result<()> {
    let known: BTreeSet<&str> = events.iter().map(|event| event.word.as_str()).collect();
    for (family, shape) in told(families) {
        let mut seen = BTreeSet::new();
        for event in &shape.notification {
            let place = format!("{}.toml: shape {}", family.path(), shape.name);
            ensure!(
                known.contains(event.as_str()),
                "{place}: there is no event `{event}` in tables/events.toml"
            );
            ensure!(seen.insert(event), "{place}: `{event}` stands there twice");
        }
    }
    Ok(())
}
