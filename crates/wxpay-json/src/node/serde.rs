//! The one visitor, and the way from serde's traits to it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Field, FromNode, Node, Object, ToNode};

/// Writes `value` by its node, for an implementation of serde's `Serialize`.
///
/// # Errors
///
/// What the serializer says.
pub fn serialize<S: Serializer>(value: &impl ToNode, serializer: S) -> Result<S::Ok, S::Error> {
    value.to_node().serialize(serializer)
}

/// Reads a value by its node, for an implementation of serde's `Deserialize`.
///
/// # Errors
///
/// What the deserializer says, and what is missing or of another kind.
pub fn deserialize<'de, D: Deserializer<'de>, T: FromNode>(deserializer: D) -> Result<T, D::Error> {
    let node = Node::deserialize(deserializer)?;
    T::from_node(node).map_err(|error| {
        D::Error::custom(format_args!(
            "{PLACE}{}`: {}",
            error.path(),
            error.message()
        ))
    })
}

/// Begins the message of an error that knows its place, which ends with a back quote.
pub(crate) const PLACE: &str = "at `";

/// Serde's `Serialize` and `Deserialize` for types that are written to and read from objects.
#[macro_export]
macro_rules! serde_by_node {
    ($($name:ty),* $(,)?) => {
        $(
            impl $crate::__private::serde::Serialize for $name {
                fn serialize<S: $crate::__private::serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> Result<S::Ok, S::Error> {
                    $crate::node::serialize(self, serializer)
                }
            }

            impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
                fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Self, D::Error> {
                    $crate::node::deserialize(deserializer)
                }
            }
        )*
    };
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => {
                let mut written = serializer.serialize_seq(Some(list.len()))?;
                for node in list {
                    written.serialize_element(node)?;
                }
                written.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_map(Some(self.fields.len()))?;
        for field in &self.fields {
            written.serialize_entry(&field.name, &field.node)?;
        }
        written.end()
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

/// Room for the fields of most objects, so that they are seldom moved to make more. JSON does not say
/// beforehand how many there are.
const USUAL_FIELDS: usize = 8;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => Node::Integer(value),
            Err(_) => Node::Number(value.into()),
        })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        match serde_json::Number::from_f64(value) {
            Some(number) => Ok(Node::Number(number)),
            None => Err(E::custom("a number that is not finite")),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields: Vec<Field<'de>> = Vec::with_capacity(USUAL_FIELDS);
        let mut seen = 0;
        while let Some(Name(name)) = map.next_key()? {
            if fields.len() == MAX_FIELDS {
                return Err(A::Error::custom(format_args!(
                    "{PLACE}`: an object of more than {MAX_FIELDS} fields"
                )));
            }
            let field = Field::new(name, map.next_value()?);
            let bit = field.mark.bit();
            // Once is the rule, and mostly the bit says so already.
            if seen & bit != 0
                && let Some(first) = fields
                    .iter_mut()
                    .find(|first| first.is(field.mark, &field.name))
            {
                first.twice = true;
            }
            seen |= bit;
            fields.push(field);
        }
        Ok(Node::Object(Object { fields }))
    }
}

/// The most fields of one object. Looking for doubles takes the square of it, and the largest object that
/// WeChat Pay documents has 48.
const MAX_FIELDS: usize = 1000;

/// The name of a field, borrowed where nothing in it is escaped.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}
