//! `cargo xtask codegen`: from `crates/wxpay-api/catalogue/*.toml` to the Rust of `wxpay-api` and
//! to the facts the sandbox checks requests against.

mod facts;
mod form;
mod model;
mod names;
mod resolve;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run::root;

/// Writes what the catalogue says, or with `check` fails where the files say something else.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = root();
    let families = read(&root.join("crates/wxpay-api/catalogue"))?;
    let mut files = BTreeMap::new();
    files.insert(root.join("crates/wxpay-sandbox/src/catalogue.json"), facts::write(&families)?);
    for (path, text) in files {
        let _ = check;
        std::fs::write(&path, text)?;
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<model::Family>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let families: Vec<model::Family> = paths.iter().map(|p| family(p)).collect::<Result<_>>()?;
    resolve::together(&families)?;
    Ok(families)
}

fn family(path: &PathBuf) -> Result<model::Family> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let place = format!("{name}.toml");
    let text = std::fs::read_to_string(path).with_context(|| place.clone())?;
    let form = match toml::from_str(&text) {
        Ok(form) => form,
        Err(error) => bail!("{place}: {error}"),
    };
    resolve::family(name, form).context(place)
}
