use super::*;

/// A path without the names of its parameters.
fn shape(path: &str) -> Vec<&str> {
    let segments = path.split('/');
    segments
        .map(|segment| {
            if segment.starts_with('{') {
                "{}"
            } else {
                segment
            }
        })
        .collect()
}

#[test]
fn the_built_in_catalogue_is_readable_and_routes_to_itself() {
    let catalogue = Catalogue::built_in();
    assert!(!catalogue.entries.is_empty());
    // One operation a line, between the lines of the brackets.
    let lines = include_str!("../../catalogue.json").lines().count();
    assert_eq!(catalogue.entries.len(), lines - 2);
    for entry in &catalogue.entries {
        let operation = entry.operation();
        assert_eq!(
            (value(entry.text, "method"), entry.path),
            (Some(operation.method.as_str()), operation.path.as_str())
        );
        let path = operation.path.replace(['{', '}'], "");
        match catalogue.route(&operation.method, &path) {
            Route::Found(found, parameters) => {
                // Two may differ in nothing but what a parameter is called.
                assert_eq!(shape(&found.path), shape(&operation.path), "{path}");
                if found.path != operation.path {
                    continue;
                }
                assert_eq!(found.name, operation.name, "{path}");
                for field in &operation.path_params {
                    assert_eq!(parameters[&field.name], field.name, "{path}");
                }
            }
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn the_built_in_catalogue_uses_only_rules_the_sandbox_knows() {
    fn walk(field: &Field, at: &str) {
        let at = format!("{at}/{}", field.name);
        assert_ne!(field.kind, Kind::Any, "{at}");
        if let Some(alphabet) = &field.alphabet {
            assert!(
                super::super::check::allowed(alphabet).is_some(),
                "{at}: {alphabet}"
            );
        }
        if let Some(format) = &field.format {
            let known = match field.kind {
                Kind::Datetime => matches!(format.as_str(), "compact" | "spaced"),
                Kind::Date => format == "compact",
                _ => matches!(format.as_str(), "ip" | "notify_url"),
            };
            assert!(known, "{at}: {format}");
        }
        for field in field.fields.iter().chain(field.items.as_deref()) {
            walk(field, &at);
        }
    }
    for operation in Catalogue::built_in().operations() {
        let bodies = [&operation.body, &operation.meta, &operation.response];
        let parameters = operation.query.iter().chain(&operation.path_params);
        let parts = operation.headers.iter().chain(&operation.form);
        for field in parameters.chain(parts).chain(bodies.into_iter().flatten()) {
            walk(field, &operation.name);
        }
        if let Some(upload) = &operation.upload {
            let is_known = super::super::upload::digest(&upload.digest, b"").is_some();
            assert!(
                is_known || upload.digest == "none",
                "{}: {}",
                operation.name,
                upload.digest
            );
        }
    }
}

const ROUTES: &str = r#"[
{"name":"a.one","method":"GET","path":"/v3/a/{id}"},
{"name":"a.list","method":"GET","path":"/v3/a/list"},
{"name":"a.new","method":"POST","path":"/v3/a/list"},
{"name":"a.change","method":"PATCH","path":"/v3/a/{id}"},
{"name":"a.close","method":"POST","path":"/v3/a/{id}/close"},
{"name":"a.slash","method":"POST","path":"/v3/a/"},
{"name":"a.deep","method":"GET","path":"/v3/a/list/{no}/x"},
{"name":"a.wide","method":"GET","path":"/v3/a/{id}/y/x"}
]"#;

fn route(method: &str, path: &str) -> String {
    let catalogue = Catalogue::new(ROUTES);
    match catalogue.route(method, path) {
        Route::Found(operation, parameters) => {
            let mut text = operation.name.clone();
            for (name, value) in parameters {
                text.push_str(&format!(" {name}={value}"));
            }
            text
        }
        Route::OtherMethod(methods) => methods.join("|"),
        Route::Unknown => "?".to_owned(),
    }
}

#[test]
fn what_is_written_comes_before_what_may_stand_there() {
    for (method, path, found) in [
        ("GET", "/v3/a/list", "a.list"),
        ("GET", "/v3/a/1", "a.one id=1"),
        ("POST", "/v3/a/list", "a.new"),
        // The literal path is not called with this, the other one is.
        ("PATCH", "/v3/a/list", "a.change id=list"),
        ("POST", "/v3/a/list/close", "a.close id=list"),
        ("GET", "/v3/a/list/7/x", "a.deep no=7"),
        ("GET", "/v3/a/list/y/x", "a.deep no=y"),
        ("GET", "/v3/a/other/y/x", "a.wide id=other"),
        ("DELETE", "/v3/a/list", "GET|PATCH|POST"),
        ("POST", "/v3/a/", "a.slash"),
        ("GET", "/v3/a/", "POST"),
        ("POST", "/v3/a", "?"),
        ("GET", "/v3/a/1/", "?"),
        ("GET", "/v3/a/1/2", "?"),
        ("GET", "v3/a/1", "?"),
        ("GET", "/", "?"),
        ("GET", "", "?"),
    ] {
        assert_eq!(route(method, path), found, "{method} {path}");
    }
}

#[test]
fn placeholders_are_decoded_and_never_empty() {
    assert_eq!(route("POST", "/v3/a/a%7Cb%2Ac/close"), "a.close id=a|b*c");
    assert_eq!(route("POST", "/v3/a//close"), "?");
    assert_eq!(route("GET", "/v3/a/%FF"), "?");
}

#[test]
fn what_is_left_out_is_what_goes_without_saying() {
    let catalogue = Catalogue::new(
        r#"
{"name":"a.a","method":"POST","path":"/a","response":{"type":"object"}}
{"name":"a.b","method":"POST","path":"/b","response":null}
{"name":"a.c","method":"POST","path":"/c","response":null,"status":202}
{"name":"a.d","method":"GET","path":"/d","reply":"unsigned"}
{"name":"a.e","method":"GET","path":"/e","reply":"digest","host":"hk"}"#,
    );
    let said: Vec<_> = catalogue
        .operations()
        .map(|it| (it.status().as_u16(), it.answers_file()))
        .collect();
    let wanted = [
        (200, false),
        (204, false),
        (202, false),
        (200, true),
        (200, true),
    ];
    assert_eq!(said, wanted);
}
