//! Values of other forms: times in digits, decimal numbers, JSON of any form.

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::{Map, Number, Value};

use super::read::unexpected;
use super::{Field, FromNode, Node, Object, ToNode};
use crate::DecodeError;

impl<'a> Object<'a> {
    /// Adds a text that is written in a form of its own, such as [`DateTime::compact`](crate::DateTime::compact).
    #[must_use]
    pub fn written(mut self, name: &'static str, text: impl AsRef<str>) -> Self {
        let text = Cow::Owned(text.as_ref().to_owned());
        self.fields.push(Field::new(name, Node::Text(text)));
        self
    }

    /// Adds such a text if there is one.
    #[must_use]
    pub fn optional_written(self, name: &'static str, text: Option<impl AsRef<str>>) -> Self {
        match text {
            Some(text) => self.written(name, text),
            None => self,
        }
    }

    /// Takes a text that has to be there and is in a form of its own, which `read` knows.
    ///
    /// # Errors
    ///
    /// It is missing, `null`, there twice, or not of that form.
    pub fn required_as<T, E: Display>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, DecodeError> {
        match self.maybe_as(name, read)? {
            Some(value) => Ok(value),
            None => Err(DecodeError::at(name, "the field is missing")),
        }
    }

    /// Takes such a text that may be missing, `null` or empty.
    ///
    /// # Errors
    ///
    /// It is there twice, or not of that form.
    pub fn maybe_as<T, E: Display>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, DecodeError> {
        match self.maybe::<String>(name)? {
            Some(text) if !text.is_empty() => match read(&text) {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(DecodeError::at(name, error.to_string())),
            },
            _ => Ok(None),
        }
    }

    /// Adds a field whose name is not known beforehand.
    fn named(&mut self, name: &'a str, node: Node<'a>) {
        self.fields.push(Field::new(name, node));
    }
}

impl ToNode for Number {
    fn to_node(&self) -> Node<'_> {
        match self.as_i64() {
            Some(integer) => Node::Integer(integer),
            None => Node::Number(self.clone()),
        }
    }
}

impl FromNode for Number {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        match &node {
            Node::Integer(integer) => Ok(Self::from(*integer)),
            Node::Number(number) => Ok(number.clone()),
            // As with whole numbers, in quotation marks or not.
            Node::Text(text) => text.parse().map_err(|_| unexpected(&node, "a number")),
            other => Err(unexpected(other, "a number")),
        }
    }
}

impl ToNode for Value {
    fn to_node(&self) -> Node<'_> {
        match self {
            Self::Null => Node::Null,
            Self::Bool(value) => Node::Boolean(*value),
            Self::Number(number) => number.to_node(),
            Self::String(text) => Node::Text(Cow::Borrowed(text)),
            Self::Array(list) => Node::List(list.iter().map(ToNode::to_node).collect()),
            Self::Object(map) => {
                let mut object = Object::with_capacity(map.len());
                for (name, value) in map {
                    object.named(name, value.to_node());
                }
                Node::Object(object)
            }
        }
    }
}

impl FromNode for Value {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        Ok(match node {
            Node::Null => Self::Null,
            Node::Boolean(value) => Self::Bool(value),
            Node::Integer(integer) => Self::Number(integer.into()),
            Node::Number(number) => Self::Number(number),
            Node::Text(text) => Self::String(text.into_owned()),
            Node::List(list) => {
                let values: Result<Vec<Self>, _> = list.into_iter().map(Self::from_node).collect();
                Self::Array(values?)
            }
            Node::Object(object) => {
                let mut map = Map::new();
                for Field { name, node, .. } in object.fields {
                    map.insert(name.into_owned(), Self::from_node(node)?);
                }
                Self::Object(map)
            }
        })
    }
}
