//! Every rule of every operation, broken once.

use serde_json::Value;

use super::*;
use crate::core::catalogue::Catalogue;

#[path = "../../../tests/facts/broken.rs"]
mod broken;
#[path = "../../../tests/facts/sample.rs"]
mod sample;

use self::sample::{Size, good, list, name};

const FACTS: &str = include_str!("../../catalogue.json");

fn field_of(failure: &Failure) -> (&str, &str) {
    let detail = failure.detail.as_ref().unwrap();
    let text = |name: &str| detail[name].as_str().unwrap();
    (text("location"), text("field"))
}

#[test]
fn what_is_made_from_the_facts_passes() {
    let catalogue = Catalogue::built_in();
    for (facts, operation) in sample::operations(FACTS).zip(catalogue.operations()) {
        for (schema, body_facts) in [(&operation.body, "body"), (&operation.meta, "meta")] {
            let Some(schema) = schema else { continue };
            for size in [Size::Whole, Size::Least] {
                let found = body(schema, &good(&facts[body_facts], size));
                assert!(found.is_empty(), "{}: {found:?}", operation.name);
            }
        }
        let values = |key: &str| -> Vec<(String, String)> {
            let fields = list(&facts, key).iter();
            fields
                .map(|field| {
                    let item = if field["type"] == "array" {
                        &field["items"]
                    } else {
                        field
                    };
                    (name(field).to_owned(), sample::text(item))
                })
                .collect()
        };
        let texts = |key: &str| values(key).into_iter().collect::<BTreeMap<_, _>>();
        let found = [
            query(
                &operation.query,
                &operation.any_of,
                &values("query").into_iter().collect(),
            ),
            path(&operation.path_params, &texts("path_params")),
            headers(&operation.headers, &texts("headers")),
            form(&operation.form, &texts("form")),
        ];
        assert!(
            found.iter().all(Vec::is_empty),
            "{}: {found:?}",
            operation.name
        );
    }
}

#[test]
fn every_rule_that_is_broken_names_the_field() {
    let catalogue = Catalogue::built_in();
    let mut rules = 0;
    for (facts, operation) in sample::operations(FACTS).zip(catalogue.operations()) {
        for (schema, key) in [(&operation.body, "body"), (&operation.meta, "meta")] {
            let Some(schema) = schema else { continue };
            broken::broken(&facts[key], &mut |broken| {
                rules += 1;
                let found = body(schema, &broken.body);
                let named: Vec<_> = found.iter().map(field_of).collect();
                assert_eq!(
                    named,
                    [("body", broken.pointer.as_str())],
                    "{}: {} {}",
                    operation.name,
                    broken.rule,
                    broken.body
                );
            });
        }
    }
    assert!(rules > 1_000, "{rules}");
}

#[test]
fn every_parameter_that_is_broken_is_named() {
    for (facts, operation) in sample::operations(FACTS).zip(Catalogue::built_in().operations()) {
        for (key, location) in [
            ("query", "query"),
            ("path_params", "uri"),
            ("headers", "header"),
            ("form", "body"),
        ] {
            for field in list(&facts, key) {
                let others = list(&facts, key)
                    .iter()
                    .filter(|it| name(it) != name(field));
                let others: BTreeMap<String, String> = others
                    .map(|it| {
                        let item = if it["type"] == "array" {
                            &it["items"]
                        } else {
                            it
                        };
                        (name(it).to_owned(), sample::text(item))
                    })
                    .collect();
                let look = |given: &BTreeMap<String, String>| match key {
                    "query" => query(&operation.query, &[], &given.clone().into_iter().collect()),
                    "path_params" => path(&operation.path_params, given),
                    "headers" => headers(&operation.headers, given),
                    _ => form(&operation.form, given),
                };
                let item = if field["type"] == "array" {
                    &field["items"]
                } else {
                    field
                };
                let mut broken: Vec<(Option<String>, &str)> = broken::bad_texts(item)
                    .into_iter()
                    .map(|(text, rule)| (Some(text), rule))
                    .collect();
                if field["required"] == true {
                    broken.push((None, "missing"));
                }
                for (text, rule) in broken {
                    let mut given = others.clone();
                    given.extend(text.map(|text| (name(field).to_owned(), text)));
                    let found = look(&given);
                    assert_eq!(found.len(), 1, "{}: {} {rule}", operation.name, name(field));
                    let (at, pointer) = field_of(&found[0]);
                    assert_eq!(at, location);
                    let pointer = pointer.trim_start_matches('/').trim_end_matches("/0");
                    assert_eq!(pointer, name(field), "{}: {rule}", operation.name);
                }
            }
        }
    }
}

fn field(facts: &str) -> Field {
    serde_json::from_str(facts).unwrap()
}

/// What is wrong with a parameter that came with these texts.
fn wrong(facts: &str, texts: &[&str]) -> Option<String> {
    let field = field(facts);
    let given = texts
        .iter()
        .map(|text| (field.name.clone(), (*text).to_owned()))
        .collect();
    let found = query(&[field], &[], &given);
    found.first().map(|failure| failure.message.clone())
}

#[test]
fn lists_in_a_query_are_one_parameter_several_times() {
    let words =
        r#"{"name":"state","type":"array","max":2,"items":{"type":"string","enum":["A","B"]}}"#;
    assert_eq!(wrong(words, &[]), None);
    assert_eq!(wrong(words, &["A", "B"]), None);
    assert!(
        wrong(words, &["A", "C"])
            .unwrap()
            .contains("/query/state/1”映射到枚举字段")
    );
    assert!(
        wrong(words, &["A", "B", "A"])
            .unwrap()
            .contains("元素个数 3，大于最大值 2")
    );
    let numbers =
        r#"{"name":"id","type":"array","required":true,"items":{"type":"integer","min":1}}"#;
    assert_eq!(wrong(numbers, &["7", "8"]), None);
    assert!(wrong(numbers, &["7", "x"]).unwrap().contains("/query/id/1"));
    assert!(wrong(numbers, &["0"]).unwrap().contains("值低于最小值 1"));
    assert!(wrong(numbers, &[]).unwrap().contains("必填"));
    // What is no list stands once.
    assert!(
        wrong(r#"{"name":"id","type":"string"}"#, &["7", "7"])
            .unwrap()
            .contains("不能重复传入")
    );
}

#[test]
fn of_a_group_of_parameters_one_is_there() {
    let fields = [
        field(r#"{"name":"query_id","type":"string"}"#),
        field(r#"{"name":"out_order_no","type":"string"}"#),
    ];
    let groups = [vec!["query_id".to_owned(), "out_order_no".to_owned()]];
    let found = query(&fields, &groups, &Query::default());
    assert!(
        found[0]
            .message
            .contains("query_id、out_order_no至少传入一项"),
        "{found:?}"
    );
    let given = [("out_order_no".to_owned(), "1".to_owned())]
        .into_iter()
        .collect();
    assert!(query(&fields, &groups, &given).is_empty());
}

#[test]
fn parameters_are_read_as_what_they_are() {
    for (facts, right, wrongs) in [
        (
            r#"{"name":"a","type":"integer"}"#,
            "-7",
            &["7.0", "", "seven"][..],
        ),
        (r#"{"name":"a","type":"fen","min":1}"#, "1", &["0", "1元"]),
        (r#"{"name":"a","type":"number"}"#, "0.5", &["half"]),
        (
            r#"{"name":"a","type":"boolean"}"#,
            "false",
            &["0", "False", ""],
        ),
        (
            r#"{"name":"a","type":"datetime"}"#,
            "2024-01-01T00:00:00+08:00",
            &["20240101000000"],
        ),
        (
            r#"{"name":"a","type":"datetime","format":"compact"}"#,
            "20240101000000",
            &[
                "2024-01-01T00:00:00+08:00",
                "20240132000000",
                "2024010100000",
            ],
        ),
        (
            r#"{"name":"a","type":"datetime","format":"spaced"}"#,
            "2024-01-01 00:00:00",
            &["2024-01-01T00:00:00", "2024-01-01", ""],
        ),
        (
            r#"{"name":"a","type":"date"}"#,
            "2024-02-29",
            &["20240229", "2023-02-29"],
        ),
        (
            r#"{"name":"a","type":"date","format":"compact"}"#,
            "20240229",
            &["2024-02-29", "20230229", "202402290"],
        ),
    ] {
        assert_eq!(wrong(facts, &[right]), None, "{facts}");
        for text in wrongs {
            assert!(wrong(facts, &[text]).is_some(), "{facts}: {text}");
        }
    }
}

#[test]
fn a_free_form_is_anything_but_nothing() {
    let schema =
        field(r#"{"type":"object","fields":[{"name":"a","type":"json","required":true}]}"#);
    for (value, fits) in [
        (r#"{"a":{"b":[1,null]}}"#, true),
        (r#"{"a":[]}"#, true),
        (r#"{"a":"{}"}"#, true),
        (r#"{"a":null}"#, false),
        (r#"{}"#, false),
    ] {
        let value: Value = serde_json::from_str(value).unwrap();
        assert_eq!(body(&schema, &value).is_empty(), fits, "{value}");
    }
}
