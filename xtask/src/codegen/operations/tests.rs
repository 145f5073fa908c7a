//! Counts what stands on the committed page against the committed files, without the generator's help.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::tables::{self, Tables};
use super::*;
use crate::run::root;

fn catalogue() -> PathBuf {
    root().join("crates/wxpay-api/catalogue")
}

fn committed_tables() -> Tables {
    tables::read(&catalogue().join("tables")).expect("the tables are in order")
}

fn page() -> String {
    std::fs::read_to_string(root().join("OPERATIONS.md")).expect("OPERATIONS.md is there")
}

/// The types on the page and what each asks for: the rows of all products.
fn rows(page: &str) -> Vec<(String, String)> {
    let (products, _) = page
        .split_once("<a id=\"v1\">")
        .expect("the products come before v1");
    let cells = products.lines().filter_map(|line| line.split(" | ").nth(1));
    let rows = cells.filter_map(|cell| cell.split_once("<br>"));
    rows.map(|(path, request)| {
        let request = request.trim_end_matches(" |");
        (
            path.trim_matches('`').to_owned(),
            request.trim_matches('`').to_owned(),
        )
    })
    .collect()
}

/// The operations of the catalogue as they stand in its files, v2's with `v2::` before them.
fn operations() -> Vec<(String, String)> {
    let mut operations = Vec::new();
    for (folder, prefix, method) in [("", "", None), ("v2", "v2::", Some("POST"))] {
        for entry in std::fs::read_dir(catalogue().join(folder)).expect("the catalogue") {
            let path = entry.expect("a file").path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a family");
            let family: toml::Table = text.parse().expect("TOML");
            let name = path.file_stem().expect("a name").to_string_lossy();
            let entries = family["operation"].as_array().expect("operations");
            for operation in entries {
                let word = |key: &str| operation.get(key).and_then(|value| value.as_str());
                let method = word("method").or(method).expect("a method");
                operations.push((
                    format!("{prefix}{name}::{}", word("name").expect("a name")),
                    format!("{method} {}", word("path").expect("a path")),
                ));
            }
        }
    }
    operations
}

#[test]
fn every_operation_stands_on_the_page_once() {
    let on_page = rows(&page());
    let mut counted: BTreeMap<&(String, String), usize> = BTreeMap::new();
    for row in &on_page {
        *counted.entry(row).or_default() += 1;
    }
    let operations = operations();
    for operation in &operations {
        assert_eq!(
            counted.get(operation),
            Some(&1),
            "{operation:?} in OPERATIONS.md; run `cargo xtask codegen`"
        );
    }
    assert_eq!(on_page.len(), operations.len());
}

#[test]
fn every_documented_interface_is_an_operation() {
    let tables = committed_tables();
    let of = |generation: &str| {
        let documented = tables.documented.iter();
        documented
            .filter(|interface| interface.generation == generation)
            .count()
    };
    assert_eq!((of("v3"), of("v2")), (1018, 136));
    let operations = operations();
    // What is told apart by a query is one interface on paper.
    let here: BTreeSet<&str> = operations
        .iter()
        .filter_map(|(_, request)| request.split('?').next())
        .collect();
    let mut missing = Vec::new();
    let mut documented = BTreeSet::new();
    for interface in &tables.documented {
        let request = interface.request();
        if request != RECEIVED && !here.contains(&*request) {
            missing.push(format!("{request} ({})", interface.name));
        }
        assert!(documented.insert(request), "{interface:?} is there twice");
    }
    assert!(
        missing.is_empty(),
        "{} of the documented interfaces have no operation:\n{}",
        missing.len(),
        missing.join("\n")
    );
    let unknown: Vec<&&str> = here
        .iter()
        .filter(|request| !documented.contains(**request))
        .collect();
    assert!(
        unknown.is_empty(),
        "not in tables/documented.tsv: {unknown:?}"
    );
    let v2 = operations
        .iter()
        .filter(|(path, _)| path.starts_with("v2::"));
    let v2 = v2.count();
    // One of the 1,018 is what merchants receive.
    assert_eq!((operations.len() - v2, v2), (1017, 137));
}

#[test]
fn every_function_of_the_python_sdk_leads_somewhere() {
    let sdk = committed_tables().python;
    let page = page();
    let (_, part) = page.split_once("<a id=\"python\">").expect("the last part");
    for function in &sdk.function {
        let row = format!("\n| `{}` | ", function.parts().1);
        assert_eq!(part.matches(&row).count(), 1, "{}", function.name);
    }
    assert_eq!(sdk.function.len(), 174);
    assert!(!part.contains("Untyped"), "a function leads to no type");
    let wrong = sdk
        .function
        .iter()
        .filter(|function| function.sends.is_some());
    let wrong: Vec<&str> = wrong.map(|function| function.parts().1).collect();
    assert_eq!(
        wrong,
        [
            "apply4subject_cancel",
            "fapiao_check_submch",
            "fapiao_query_files",
            "marketing_paygift_activity_list"
        ]
    );
    assert_eq!(part.matches("⚠ sends").count(), 4);
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let page = page();
    let links = page.split("](").skip(1);
    let links = links.filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("https://")) {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        assert!(root().join(file).exists(), "{link}");
        let here = format!("<a id=\"{anchor}\"></a>");
        assert!(!file.is_empty() || page.contains(&here), "{link}");
    }
}

#[test]
fn the_list_of_v1_is_that_of_its_source() {
    let folder = root().join("crates/wxpay-api/src/v1");
    let mut source = String::new();
    for entry in std::fs::read_dir(folder).expect("the operations of v1") {
        source += &std::fs::read_to_string(entry.expect("a file").path()).expect("a source");
    }
    // This one is of wxpay-proto, which needs it for the others.
    let mut types: BTreeSet<&str> = BTreeSet::from(["FetchAccessToken"]);
    for rest in source.split("\nimpl Operation for ").skip(1) {
        types.insert(rest.split(' ').next().expect("a type"));
    }
    let v1 = committed_tables().v1;
    let listed: BTreeSet<&str> = v1.iter().map(|operation| &*operation.name).collect();
    assert_eq!(listed, types);
    for operation in v1.iter().filter(|listed| listed.name != "FetchAccessToken") {
        let (label, method, path) = (&operation.label, &operation.method, &operation.path);
        let said = format!("({label}): `{method} {path}`");
        assert!(source.contains(&said), "no type says {said}");
    }
}

#[test]
fn numbers_have_commas() {
    let numbers = [7, 137, 1154, 1_000_000];
    assert_eq!(numbers.map(number), ["7", "137", "1,154", "1,000,000"]);
}
