//! `cargo xtask codegen`: from `crates/wxpay-api/catalogue/*.toml` to the Rust of `wxpay-api` and
//! to the facts the sandbox checks requests against.

mod events;
mod facts;
mod features;
mod form;
mod format;
mod model;
mod names;
mod operations;
mod resolve;
mod rust;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::root;
use model::{Family, Generation};

/// Writes what the catalogue says, or with `check` fails where the files say something else.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = root();
    let krate = root.join("crates/wxpay-api");
    let families = read(&krate.join("catalogue"))?;
    let tables = krate.join("catalogue/tables");
    let events = events::read(&tables)?;
    events::check(&families, &events)?;
    let folder = krate.join("src/generated");
    let mut files = features::files(&krate, &families)?;
    let sandbox = root.join("crates/wxpay-sandbox/src");
    for (file, generation) in [
        ("catalogue.json", Generation::V3),
        ("catalogue_v2.json", Generation::V2),
    ] {
        files.insert(sandbox.join(file), facts::write(&families, generation)?);
    }
    let told = krate.join("tests/every_notification/facts.json");
    files.insert(told, facts::notifications(&families)?);
    let mut written = rust::write(&families);
    written.push(rust::events(&families, &events));
    written.push(rust::notifications_tested(&families));
    for (path, text) in format::files(&root, written)? {
        let path = match (path.strip_prefix("../../"), path.strip_prefix("../")) {
            (Some(path), _) => krate.join(path),
            (None, Some(path)) => krate.join("src").join(path),
            (None, None) => folder.join(&path),
        };
        files.insert(path, text);
    }
    let page = operations::write(&tables, &families, &events)?;
    files.insert(root.join("OPERATIONS.md"), page);
    let stale: Vec<PathBuf> = files_in(&folder)?
        .into_iter()
        .filter(|path| !files.contains_key(path))
        .collect();
    let changed: Vec<&PathBuf> = files
        .iter()
        .filter(|(path, text)| std::fs::read_to_string(path).ok().as_ref() != Some(text))
        .map(|(path, _)| path)
        .collect();
    if check {
        let differ: Vec<String> = changed
            .into_iter()
            .chain(&stale)
            .map(|path| {
                path.strip_prefix(&root)
                    .unwrap_or(path)
                    .display()
                    .to_string()
            })
            .collect();
        if !differ.is_empty() {
            bail!(
                "these files differ from the catalogue, run `cargo xtask codegen`:\n  {}",
                differ.join("\n  ")
            );
        }
        return Ok(());
    }
    for path in changed {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        if let Some(text) = files.get(path) {
            std::fs::write(path, text).with_context(|| path.display().to_string())?;
        }
    }
    for path in stale {
        std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The files in `folder` and below.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_in(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Every family: those of v3 stand in the catalogue itself, those of v2 in its folder `v2`.
fn read(folder: &Path) -> Result<Vec<Family>> {
    let mut families = files(folder, Generation::V3)?;
    families.extend(files(&folder.join("v2"), Generation::V2)?);
    resolve::together(&families)?;
    Ok(families)
}

fn files(folder: &Path, generation: Generation) -> Result<Vec<Family>> {
    let mut paths = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| family(generation, path)).collect()
}

fn family(generation: Generation, path: &Path) -> Result<Family> {
    let name = path
        .file_stem()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    parse(generation, name, &text)
}

fn parse(generation: Generation, name: &str, text: &str) -> Result<Family> {
    let place = match generation {
        Generation::V2 => format!("v2/{name}.toml"),
        Generation::V3 => format!("{name}.toml"),
    };
    let form = match toml::from_str(text) {
        Ok(form) => form,
        Err(error) => bail!("{place}: {error}"),
    };
    resolve::family(generation, name, form).context(place)
}
