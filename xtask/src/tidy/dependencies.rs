//! `ARCHITECTURE.md` says who may depend on whom and what a crate may not know; this proves it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use cargo_metadata::DependencyKind;

use crate::run::root;

const BEGIN: &str = "<!-- dependencies: checked by `cargo xtask tidy` -->";
const END: &str = "<!-- end of dependencies -->";

/// A row of the table: crates of ours it may depend on, and words its dependencies may not contain.
#[derive(Debug, Default)]
struct Row {
    allowed: BTreeSet<String>,
    unknown: BTreeSet<String>,
}

pub(crate) fn check(problems: &mut Vec<String>) -> Result<()> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md"))
        .context("ARCHITECTURE.md holds the dependency table")?;
    let table = parse(&text)?;
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()?;
    let mut seen = BTreeSet::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if !name.starts_with("wxpay-") {
            continue;
        }
        seen.insert(name.to_owned());
        let Some(row) = table.get(name) else {
            problems.push(format!(
                "ARCHITECTURE.md: no row for {name} in the dependency table"
            ));
            continue;
        };
        for dependency in &package.dependencies {
            // What tests use does not reach a user.
            if dependency.kind == DependencyKind::Development {
                continue;
            }
            let on = dependency.name.as_str();
            if on.starts_with("wxpay-") && !row.allowed.contains(on) {
                problems.push(format!(
                    "{name} depends on {on}: the table does not allow it"
                ));
            }
            if row.unknown.contains(on) {
                problems.push(format!(
                    "{name} depends on {on}: the table says it may not know it"
                ));
            }
        }
    }
    for name in table.keys().filter(|name| !seen.contains(*name)) {
        problems.push(format!(
            "ARCHITECTURE.md: the dependency table names {name}, which is no crate here"
        ));
    }
    Ok(())
}

fn parse(text: &str) -> Result<BTreeMap<String, Row>> {
    let Some((_, rest)) = text.split_once(BEGIN) else {
        bail!("ARCHITECTURE.md lacks the line `{BEGIN}`");
    };
    let Some((table, _)) = rest.split_once(END) else {
        bail!("ARCHITECTURE.md lacks the line `{END}`");
    };
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        let [name, allowed, unknown, ..] = cells.as_slice() else {
            bail!(
                "ARCHITECTURE.md: a row of the dependency table has fewer than three cells: {line}"
            );
        };
        let name = words(name).into_iter().next().unwrap_or_default();
        rows.insert(
            name,
            Row {
                allowed: words(allowed),
                unknown: words(unknown),
            },
        );
    }
    Ok(rows)
}

/// The words in back-ticks of a cell.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_allowed_and_unknown_crates() {
        let text = format!(
            "{BEGIN}\n| crate | may use | may not know |\n|---|---|---|\n| `a` | `b`, `c` | `d` |\n{END}"
        );
        let rows = parse(&text).expect("a table");
        assert!(rows["a"].allowed.contains("c"));
        assert!(rows["a"].unknown.contains("d"));
        assert_eq!(rows.len(), 1);
    }

    #[test]
    fn a_missing_table_is_an_error() {
        assert!(parse("nothing here").is_err());
    }
}
