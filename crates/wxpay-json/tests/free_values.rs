//! Values of other forms: times in digits, decimal numbers, JSON of any form.

use wxpay_json::node::{FromObject, Object, ToObject};
use wxpay_json::{Date, DateTime, DecodeError, Number, Value, decode, encode, serde_by_node};

#[derive(Clone, Debug, Eq, PartialEq)]
struct Service {
    start: DateTime,
    end: Option<DateTime>,
    day: Option<Date>,
    rate: Number,
    extra: Option<Value>,
    extras: Vec<Value>,
}

impl ToObject for Service {
    fn to_object(&self) -> Object<'_> {
        Object::with_capacity(6)
            .written("start", self.start.compact())
            .optional_written("end", self.end.map(DateTime::spaced))
            .optional_written("day", self.day.map(Date::compact))
            .field("rate", &self.rate)
            .optional("extra", &self.extra)
            .optional_list("extras", &self.extras)
    }
}

impl FromObject for Service {
    fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            start: object.required_as("start", DateTime::from_compact)?,
            end: object.maybe_as("end", DateTime::from_spaced)?,
            day: object.maybe_as("day", Date::from_compact)?,
            rate: object.required("rate")?,
            extra: object.maybe("extra")?,
            extras: object.maybe_list("extras")?,
        })
    }
}

serde_by_node!(Service);

const FULL: &str = r#"{"start":"20260101123456","end":"2026-01-02 00:00:00","day":"20260103","rate":0.6,"extra":{"a":[1,-2.5,null,true,"x"],"b":{}},"extras":[1,"two",18446744073709551615]}"#;

fn read(json: &str) -> Result<Service, String> {
    decode(json.as_bytes()).map_err(|error| error.to_string())
}

#[test]
fn there_and_back_to_the_byte() {
    let service = read(FULL).unwrap();
    assert_eq!(service.start.to_string(), "2026-01-01T12:34:56+08:00");
    assert_eq!(service.day.unwrap().to_string(), "2026-01-03");
    assert_eq!(service.rate, Number::from_f64(0.6).unwrap());
    assert_eq!(service.extra.as_ref().unwrap()["a"][1], -2.5);
    assert_eq!(encode(&service).unwrap(), FULL);
}

#[test]
fn what_is_not_there() {
    let least = read(r#"{"start":"20260101123456","rate":1,"end":"","day":null}"#).unwrap();
    assert_eq!((least.end, least.day, &least.extra), (None, None, &None));
    assert_eq!(
        encode(&least).unwrap(),
        r#"{"start":"20260101123456","rate":1}"#
    );
    for json in [
        r#"{"rate":1}"#,
        r#"{"start":"","rate":1}"#,
        r#"{"start":null,"rate":1}"#,
    ] {
        assert_eq!(
            read(json),
            Err("start: the field is missing".to_owned()),
            "{json}"
        );
    }
}

#[test]
fn numbers_in_quotation_marks() {
    for (json, number) in [("\"0.60\"", 0.6), ("1", 1.0), ("\"1\"", 1.0)] {
        let service = read(&FULL.replace("0.6", json)).unwrap();
        assert_eq!(service.rate.as_f64(), Some(number), "{json}");
    }
    for json in ["\"six\"", "true", "\"\"", "[1]"] {
        let error = read(&FULL.replace("0.6", json)).unwrap_err();
        assert!(error.starts_with("rate: found "), "{error}");
    }
}

#[test]
fn times_of_another_form_are_named_and_not_repeated() {
    for bad in ["2026-01-01T12:34:56+08:00", "20261301123456", "secret"] {
        let error = read(&FULL.replace("20260101123456", bad)).unwrap_err();
        assert!(
            error.starts_with("start: ") && !error.contains(bad),
            "{error}"
        );
    }
    let error = read(&FULL.replace("\"20260101123456\"", "20260101123456")).unwrap_err();
    assert_eq!(error, "start: found an integer, expected a string");
}
