//! The features of `wxpay-api`: one a family, and groups of them. They stand in its `Cargo.toml` and,
//! for people, in its `README.md`, both times between two markers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::model::{Digest, Family, Group, Upload};

const BEGIN: &str = "families: written by `cargo xtask codegen`";
const END: &str = "end of families";

/// A line of `Cargo.toml` longer than this becomes one line an entry.
const WIDTH: usize = 100;

/// The two files with the features of `families` in them.
pub(super) fn files(krate: &Path, families: &[Family]) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    for (name, before, after, text) in [
        ("Cargo.toml", "# ", "", manifest(families)),
        ("README.md", "<!-- ", " -->", table(families)),
    ] {
        let path = krate.join(name);
        let old = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let [begin, end] = [BEGIN, END].map(|marker| format!("{before}{marker}{after}\n"));
        let new = between(&old, &begin, &end, &text).with_context(|| path.display().to_string())?;
        files.insert(path, new);
    }
    Ok(files)
}

/// `text` with `inner` in place of what stands between the markers.
fn between(text: &str, begin: &str, end: &str, inner: &str) -> Result<String> {
    let Some((head, rest)) = text.split_once(begin) else {
        bail!("lacks the line `{}`", begin.trim_end());
    };
    let Some((_, tail)) = rest.split_once(end) else {
        bail!("lacks the line `{}`", end.trim_end());
    };
    Ok(format!("{head}{begin}{inner}{end}{tail}"))
}

fn manifest(families: &[Family]) -> String {
    let v3 = || families.iter().filter(|family| !family.is_v2());
    let v2 = || families.iter().filter(|family| family.is_v2());
    let mut text = String::new();
    for group in Group::ALL {
        let of_group = v3().filter(|family| family.groups.contains(&group));
        feature(&mut text, group.as_str(), of_group.map(Family::feature));
    }
    feature(&mut text, "full", v3().map(Family::feature));
    feature(&mut text, "v2", v2().map(Family::feature));
    for family in families {
        // What all families of v2 have in common.
        let common = family.is_v2().then(|| "_v2".to_owned());
        let uploads = || {
            family
                .operations
                .iter()
                .filter_map(|one| one.upload.as_ref())
        };
        let upload = uploads().next().map(|_| "_upload".to_owned());
        let by_sm3 = |upload: &Upload| matches!(upload.digest, Some((Digest::Sm3, _)));
        let sm3 = uploads().any(by_sm3).then(|| "_sm3".to_owned());
        let common = common.into_iter().chain(upload).chain(sm3);
        let enables = family.enables.iter().cloned();
        feature(&mut text, &family.feature(), common.chain(enables));
    }
    text
}

fn feature(text: &mut String, name: &str, enables: impl Iterator<Item = String>) {
    let enables: Vec<String> = enables.map(|feature| format!("\"{feature}\"")).collect();
    let line = format!("{name} = [{}]", enables.join(", "));
    if line.chars().count() <= WIDTH {
        let _ = writeln!(text, "{line}");
    } else {
        let _ = writeln!(text, "{name} = [\n    {},\n]", enables.join(",\n    "));
    }
}

fn table(families: &[Family]) -> String {
    let mut text = String::from("| feature | product | operations | groups |\n|---|---|---|---|\n");
    for family in families {
        let groups: Vec<&str> = match family.is_v2() {
            true => vec!["v2"],
            false => family.groups.iter().map(|group| group.as_str()).collect(),
        };
        let (feature, title) = (family.feature(), &family.title);
        let (count, groups) = (family.operations.len(), groups.join(", "));
        let _ = writeln!(text, "| `{feature}` | {title} | {count} | {groups} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_outside_of_the_markers_stays() {
        let text = "[features]\n# begin\nold = []\n# end\nv1 = []\n";
        let new = between(text, "# begin\n", "# end\n", "new = []\n").expect("two markers");
        assert_eq!(new, "[features]\n# begin\nnew = []\n# end\nv1 = []\n");
        assert!(between(text, "# start\n", "# end\n", "").is_err());
        assert!(between(text, "# end\n", "# begin\n", "").is_err());
    }

    #[test]
    fn long_lists_stand_one_entry_a_line() {
        let mut text = String::new();
        feature(&mut text, "pay", std::iter::empty());
        feature(&mut text, "all", (0..30).map(|number| format!("v{number}")));
        let parsed: toml::Table = text.parse().expect("a table");
        assert!(text.starts_with("pay = []\nall = [\n    \"v0\",\n"));
        assert_eq!(parsed["all"].as_array().map(Vec::len), Some(30));
    }
}
