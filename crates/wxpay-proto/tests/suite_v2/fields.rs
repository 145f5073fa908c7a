//! Values read from fields.

use wxpay_proto::v2::{DateForm, Fields, Parameters, TimeForm, YesNo};
use wxpay_proto::{Date, DateTime, DecodeError, Fen, Sensitive};

fn parameters() -> Parameters {
    Parameters::from_iter([
        ("amount", "12"),
        ("bad", "1.0"),
        ("compact", "20140903131540"),
        ("day", "20140903"),
        ("dashed", "2014-09-03"),
        ("empty", ""),
        ("flag", "true"),
        ("json", "{\"a\":{\"b\":[1,2]}}"),
        ("name", "张三"),
        ("negative", "-5"),
        ("plus", "+5"),
        ("spaced", "2014-09-03 13:15:40"),
        ("yes", "Y"),
    ])
}

#[test]
fn every_kind_of_value() {
    let parameters = parameters();
    let fields = parameters.fields();
    let time = DateTime::from_compact("20140903131540").unwrap();
    let date = Date::new(2014, 9, 3).unwrap();
    assert_eq!(fields.fen("amount"), Ok(Fen::new(12)));
    assert_eq!(fields.fen_opt("negative"), Ok(Some(Fen::new(-5))));
    assert_eq!(fields.integer("amount"), Ok(12));
    assert_eq!(fields.integer_opt("none"), Ok(None));
    assert_eq!(fields.integer_opt("empty"), Ok(None));
    assert_eq!(fields.boolean("flag"), Ok(true));
    assert_eq!(fields.boolean_opt("none"), Ok(None));
    assert_eq!(fields.time("compact", TimeForm::Compact), Ok(time));
    assert_eq!(fields.time_opt("spaced", TimeForm::Spaced), Ok(Some(time)));
    assert_eq!(fields.date("day", DateForm::Compact), Ok(date));
    assert_eq!(fields.date_opt("dashed", DateForm::Dashed), Ok(Some(date)));
    assert_eq!(fields.sensitive("name"), Ok(Sensitive::new("张三")));
    assert_eq!(fields.sensitive_opt("none"), None);
    assert_eq!(fields.word::<YesNo>("yes"), Ok(YesNo::Yes));
    assert!(fields.word_opt::<YesNo>("yes").unwrap().is_yes());
    assert_eq!(fields.text_opt("empty"), None);
    let json: serde_json::Value = fields.json("json").unwrap();
    assert_eq!(json["a"]["b"][1], 2);
}

#[test]
fn errors_name_the_field_and_never_the_value() {
    let parameters = parameters();
    let fields = parameters.fields();
    let texts = [
        fields.text("none").unwrap_err(),
        fields.text("empty").unwrap_err(),
        fields.integer("bad").unwrap_err(),
        fields.integer("plus").unwrap_err(),
        fields.fen_opt("bad").unwrap_err(),
        fields.boolean("name").unwrap_err(),
        fields.time("spaced", TimeForm::Compact).unwrap_err(),
        fields.time("compact", TimeForm::Spaced).unwrap_err(),
        fields.date("dashed", DateForm::Compact).unwrap_err(),
        fields.date("day", DateForm::Dashed).unwrap_err(),
        fields.json::<Vec<i64>>("json").unwrap_err(),
        fields.json::<i64>("name").unwrap_err(),
    ]
    .map(|error| error.to_string());
    assert_eq!(
        texts,
        [
            "none: the field is missing",
            "empty: the field is missing",
            "bad: expected an integer",
            "plus: expected an integer",
            "bad: expected money in whole fen",
            "name: expected true or false",
            "spaced: expected a time like 20091225091010",
            "compact: expected a time like 2009-12-25 09:10:10",
            "dashed: expected a date like 20091225",
            "day: expected a date like 2009-12-25",
            "json: found an object, expected a sequence",
            "name: not valid JSON at line 1 column 1: expected value",
        ]
    );
}

#[test]
fn json_that_does_not_fit_is_named_by_its_whole_path() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "read, not used")]
    struct Outer {
        a: Inner,
    }
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "read, not used")]
    struct Inner {
        b: Vec<String>,
    }
    let parameters = parameters();
    let error = parameters.fields().json::<Outer>("json").unwrap_err();
    assert_eq!(error.path(), "json.a.b[0]");
}

#[test]
fn names_are_found_in_any_order() {
    let names: Vec<String> = (0..40).map(|number| format!("field_{number:02}")).collect();
    let parameters: Parameters = names.iter().map(|name| (name, name)).collect();
    let fields = parameters.fields();
    for (one, other) in [(3, 1), (7, 0), (1, 5), (39, 39), (11, 3)] {
        for step in 0..40 {
            let name = &names[(step * one + other) % 40];
            assert_eq!(fields.get(name), Some(name.as_str()));
            assert_eq!(fields.get(&format!("{name}x")), None);
            assert_eq!(fields.get(&name[..7]), None);
        }
    }
    assert_eq!(fields.get(""), None);
    assert_eq!(fields.get("a"), None);
    assert_eq!(fields.get("z"), None);
}

type Entry = (Option<String>, Vec<String>);

fn families(parameters: &Parameters) -> Vec<Entry> {
    let read = |fields: &Fields<'_>| -> Result<Entry, DecodeError> {
        let inner = fields.family(&["x"], |fields| fields.text("x"))?;
        Ok((fields.text_opt("x"), inner))
    };
    parameters.fields().family(&["x"], read).unwrap()
}

#[test]
fn numbers_that_are_none_are_of_no_family() {
    let parameters = Parameters::from_iter([
        ("x", "total"),
        ("x0", "no number"),
        ("xy_0", "another"),
        ("x_", "no number"),
        ("x_00", "leading zero"),
        ("x_01", "leading zero"),
        ("x_-1", "no number"),
        ("x_+1", "no number"),
        ("x_4294967296", "too large"),
        ("x_1x", "no number"),
        ("x_a", "no number"),
        ("x_4294967295", "last"),
        ("x_1", "one"),
        ("x_10", "ten"),
        ("x_10_0", "ten, nought"),
        ("x_1_0", "one, nought"),
        ("x_1_0_0", "three deep"),
        ("x_1_11", "one, eleven"),
        ("x_1_2", "one, two"),
    ]);
    let entry = |own: &str, inner: &[&str]| {
        let inner = inner.iter().map(|text| (*text).to_owned()).collect();
        (Some(own.to_owned()), inner)
    };
    assert_eq!(
        families(&parameters),
        [
            entry("one", &["one, nought", "one, two", "one, eleven"]),
            entry("ten", &["ten, nought"]),
            entry("last", &[]),
        ]
    );
}

#[test]
fn the_first_of_a_name_counts() {
    let parameters = Parameters::from_iter([("b", "1"), ("a", "2"), ("b", "3")]);
    let read: Vec<_> = parameters.iter().collect();
    assert_eq!(read, [("a", "2"), ("b", "1")]);
    assert!(Parameters::default().is_empty());
}
