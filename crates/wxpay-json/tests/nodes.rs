//! Objects written and read by nodes, beside what serde's derives do.

use serde::{Deserialize, Serialize};
use wxpay_json::node::{FromObject, Node, Object, ToObject};
use wxpay_json::{Date, DateTime, DecodeError, Fen, Sensitive, decode, encode, serde_by_node};

wxpay_json::open_enum! {
    /// A state.
    pub enum State {
        /// Done.
        Done = "DONE",
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Order {
    id: String,
    state: State,
    amount: Option<Amount>,
    when: Option<DateTime>,
    day: Option<Date>,
    name: Option<Sensitive>,
    marked: Option<bool>,
    count: Option<i64>,
    must: Vec<Amount>,
    tags: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Amount {
    total: Fen,
}

impl ToObject for Order {
    fn to_object(&self) -> Object<'_> {
        Object::with_capacity(10)
            .field("id", &self.id)
            .field("state", &self.state)
            .optional("amount", &self.amount)
            .optional("when", &self.when)
            .optional("day", &self.day)
            .optional("name", &self.name)
            .optional("marked", &self.marked)
            .optional("count", &self.count)
            .list("must", &self.must)
            .optional_list("tags", &self.tags)
    }
}

impl FromObject for Order {
    fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: object.required("id")?,
            state: object.required("state")?,
            amount: object.maybe("amount")?,
            when: object.maybe("when")?,
            day: object.maybe("day")?,
            name: object.maybe("name")?,
            marked: object.maybe("marked")?,
            count: object.maybe("count")?,
            must: object.required_list("must")?,
            tags: object.maybe_list("tags")?,
        })
    }
}

impl ToObject for Amount {
    fn to_object(&self) -> Object<'_> {
        Object::with_capacity(1).field("total", &self.total)
    }
}

impl FromObject for Amount {
    fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            total: object.required("total")?,
        })
    }
}

serde_by_node!(Order, Amount);

fn read(text: &str) -> Result<Order, DecodeError> {
    decode(text.as_bytes())
}

#[test]
fn a_full_object_goes_there_and_back() {
    let text = r#"{"id":"1","state":"NEW","amount":{"total":5},"when":"2018-06-08T10:34:56+08:00","day":"2026-02-28","name":"张\"三","marked":true,"count":-3,"must":[{"total":1},{"total":2}],"tags":["a"]}"#;
    let order = read(text).unwrap();
    assert_eq!(order.state.as_str(), "NEW");
    assert_eq!(order.name.as_ref().unwrap().expose(), "张\"三");
    assert_eq!(encode(&order).unwrap(), text);
    // The other formats serde knows see the same: here a tree and back.
    let tree = serde_json::to_value(&order).unwrap();
    assert_eq!(serde_json::from_value::<Order>(tree).unwrap(), order);
}

#[test]
fn what_is_not_there_is_not_written() {
    let order = read(r#"{"id":"1","state":"DONE","must":[]}"#).unwrap();
    assert_eq!(
        encode(&order).unwrap(),
        r#"{"id":"1","state":"DONE","must":[]}"#
    );
}

#[test]
fn null_and_empty_texts_are_absent() {
    let order = read(
        r#"{"id":"","state":"DONE","amount":null,"when":"","day":"","name":"","marked":"","count":"","must":[],"tags":""}"#,
    )
    .unwrap();
    assert_eq!(order.id, "");
    assert_eq!(order.name, Some(Sensitive::new("")));
    assert_eq!((order.when, order.day, order.count), (None, None, None));
    assert!(order.amount.is_none() && order.marked.is_none() && order.tags.is_empty());
}

#[test]
fn numbers_may_stand_in_quotation_marks() {
    let order = read(r#"{"id":"1","state":"DONE","must":[{"total":"12"}],"count":"-7"}"#).unwrap();
    assert_eq!(order.must[0].total, Fen::from_fen(12));
    assert_eq!(order.count, Some(-7));
    for wrong in [
        "1.0",
        "\"1.0\"",
        "\"1e2\"",
        "9223372036854775808",
        "\" 1\"",
        "true",
    ] {
        let text = format!(r#"{{"id":"1","state":"DONE","must":[{{"total":{wrong}}}]}}"#);
        let error = read(&text).unwrap_err();
        assert_eq!(error.path(), "must[0].total", "{wrong}");
    }
}

#[test]
fn times_may_have_the_forms_of_v2() {
    for time in [
        "2018-06-08T10:34:56+08:00",
        "20180608103456",
        "2018-06-08 10:34:56",
    ] {
        let text = format!(r#"{{"id":"1","state":"DONE","must":[],"when":"{time}"}}"#);
        let when = read(&text).unwrap().when.map(DateTime::as_unix);
        assert_eq!(when, Some(1_528_425_296), "{time}");
    }
}

#[test]
fn errors_name_the_place_and_no_value() {
    for (text, expected) in [
        (r#"{"state":"DONE","must":[]}"#, "id: the field is missing"),
        (
            r#"{"id":null,"state":"DONE","must":[]}"#,
            "id: the field is missing",
        ),
        (
            r#"{"id":"1","id":"2","state":"DONE","must":[]}"#,
            "id: the field is there twice",
        ),
        (
            r#"{"id":"1","id":null,"state":"DONE","must":[]}"#,
            "id: the field is there twice",
        ),
        (
            r#"{"id":7,"state":"DONE","must":[]}"#,
            "id: found an integer, expected a string",
        ),
        (
            r#"{"id":"1","state":"DONE","amount":{},"must":[]}"#,
            "amount.total: the field is missing",
        ),
        (
            r#"{"id":"1","state":"DONE","amount":"secret","must":[]}"#,
            "amount: found text, expected an object",
        ),
        (
            r#"{"id":"1","state":"DONE","must":[{"total":1},{"total":"secret"}]}"#,
            "must[1].total: found text, expected money in whole fen (an integer, not a floating-point number)",
        ),
        (
            r#"{"id":"1","state":"DONE","must":[],"when":"secret"}"#,
            "when: expected an RFC 3339 time like 2018-06-08T10:34:56+08:00",
        ),
        (r#"{"id":"1","state":"DONE"}"#, "must: the field is missing"),
        (r#"[]"#, "found a list, expected an object"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
    let cut = read(r#"{"id":"1","#).unwrap_err().to_string();
    assert!(cut.contains("not valid JSON at line 1"), "{cut}");
}

#[test]
fn a_place_within_a_type_of_serde_is_whole() {
    #[derive(Debug, Deserialize, Serialize)]
    struct Around {
        orders: Vec<Amount>,
    }
    let error = decode::<Around>(br#"{"orders":[{"total":1},{}]}"#).unwrap_err();
    assert_eq!(error.to_string(), "orders[1].total: the field is missing");
}

#[test]
fn nesting_is_bounded() {
    let deep = "[".repeat(200) + &"]".repeat(200);
    decode::<Amount>(deep.as_bytes()).unwrap_err();
}

#[test]
fn the_fields_of_an_object_are_bounded() {
    let object = |count: usize| {
        let fields: Vec<String> = (0..count).map(|at| format!("\"f{at}\":0")).collect();
        format!("{{\"total\":1,{}}}", fields.join(","))
    };
    decode::<Amount>(object(999).as_bytes()).unwrap();
    let error = decode::<Amount>(object(1000).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "an object of more than 1000 fields");
}

#[test]
fn debug_shows_no_values() {
    let node: Node<'_> = serde_json::from_str(r#"{"name":"secret"}"#).unwrap();
    assert_eq!(format!("{node:?}"), "Node(an object)");
    let Node::Object(object) = node else { panic!() };
    assert_eq!(format!("{object:?}"), r#"["name"]"#);
}

/// A type with more fields than marks can tell apart.
struct Wide(Vec<i64>);

/// Names of one length, with the same first, middle and last letter.
fn alike(number: usize) -> String {
    format!("n{number:03}x{number:03}x")
}

const WIDE: usize = 300;

impl FromObject for Wide {
    fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError> {
        // Against the order in which they come.
        let numbers = (0..WIDE).rev();
        let values: Result<_, _> = numbers.map(|at| object.required(&alike(at))).collect();
        values.map(Self)
    }
}

impl ToObject for Wide {
    fn to_object(&self) -> Object<'_> {
        Object::with_capacity(0).list("values", &self.0)
    }
}

serde_by_node!(Wide);

#[test]
fn names_that_look_alike_are_told_apart() {
    let fields = |more: &[usize]| {
        let all = (0..WIDE).chain(more.iter().copied()).enumerate();
        let fields: Vec<_> = all
            .map(|(at, number)| format!(r#""{}":{at}"#, alike(number)))
            .collect();
        format!("{{{}}}", fields.join(","))
    };
    let Wide(values) = decode(fields(&[]).as_bytes()).unwrap();
    assert_eq!(values, (0..WIDE as i64).rev().collect::<Vec<_>>());
    for again in [0, 1, WIDE - 1] {
        let Err(error) = decode::<Wide>(fields(&[again]).as_bytes()) else {
            panic!("{again} is there twice");
        };
        let expected = format!("{}: the field is there twice", alike(again));
        assert_eq!(error.to_string(), expected);
    }
    // What nobody asks for may be there as often as it likes.
    decode::<Wide>(fields(&[WIDE, WIDE, WIDE]).as_bytes()).unwrap();
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for body in [&b"{\"id\":\"\xff\"}"[..], b"\xff", b"{\"\xff\":1}"] {
        let Err(error) = decode::<Wide>(body) else {
            panic!("{body:?}");
        };
        assert!(error.to_string().contains("not valid JSON"), "{error}");
    }
}
