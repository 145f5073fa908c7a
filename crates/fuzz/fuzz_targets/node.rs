//! JSON of any form: read as a tree it says what serde_json's own tree says, and a type is read from it or
//! refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wxpay_json::node::{FromObject, Node, Object, ToObject};
use wxpay_json::{Date, DateTime, DecodeError, Fen, decode, encode, serde_by_node};

#[derive(Debug, PartialEq)]
struct Order {
    a: Option<String>,
    b: Option<Fen>,
    c: Option<i64>,
    d: Option<bool>,
    e: Option<DateTime>,
    f: Option<Date>,
    g: Vec<Order>,
}

impl ToObject for Order {
    fn to_object(&self) -> Object<'_> {
        Object::with_capacity(7)
            .optional("a", &self.a)
            .optional("b", &self.b)
            .optional("c", &self.c)
            .optional("d", &self.d)
            .optional("e", &self.e)
            .optional("f", &self.f)
            .optional_list("g", &self.g)
    }
}

impl FromObject for Order {
    fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            a: object.maybe("a")?,
            b: object.maybe("b")?,
            c: object.maybe("c")?,
            d: object.maybe("d")?,
            e: object.maybe("e")?,
            f: object.maybe("f")?,
            g: object.maybe_list("g")?,
        })
    }
}

serde_by_node!(Order);

fuzz_target!(|data: &[u8]| {
    let tree = serde_json::from_slice::<Value>(data);
    match (serde_json::from_slice::<Node<'_>>(data), tree) {
        (Ok(node), Ok(tree)) => assert_eq!(serde_json::to_value(&node).unwrap(), tree),
        (Err(_), Err(_)) => {}
        (node, tree) => panic!("{} but {}", node.is_ok(), tree.is_ok()),
    }
    match decode::<Order>(data) {
        Ok(order) => {
            let again = decode::<Order>(&encode(&order).unwrap());
            assert_eq!(again.unwrap(), order);
        }
        Err(error) => drop(error.to_string()),
    }
});
