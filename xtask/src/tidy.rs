//! What a reviewer should not have to look for: dependency direction, shape of files, figures that drift.

mod dependencies;
mod files;

use anyhow::{Result, bail};

use crate::run::root;

/// Runs every check and reports all that is wrong at once.
pub(crate) fn run() -> Result<()> {
    let mut problems = Vec::new();
    dependencies::check(&mut problems)?;
    files::check(&mut problems)?;
    figures(&mut problems)?;
    if problems.is_empty() {
        eprintln!("tidy: nothing to complain about");
        return Ok(());
    }
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    bail!("{} problem(s)", problems.len());
}

/// The README repeats figures that live elsewhere: the compiler's version and the size of each layer.
fn figures(problems: &mut Vec<String>) -> Result<()> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"))?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .map(|value| value.trim_matches('"').to_owned())
        .unwrap_or_default();
    if !readme.contains(&format!("Rust {version}")) {
        problems.push(format!(
            "README.md does not say `Rust {version}`, the manifest's rust-version"
        ));
    }
    let table = crate::layers::table()?;
    if !readme.contains(&table) {
        problems.push(format!(
            "README.md: the table of layers has drifted; `cargo xtask layers` says\n{table}"
        ));
    }
    Ok(())
}
