//! The values that are not objects.

use std::borrow::Cow;

use super::read::unexpected;
use super::{FromNode, Node, ToNode};
use crate::{Date, DateTime, DecodeError, Fen, Sensitive};

impl ToNode for String {
    fn to_node(&self) -> Node<'_> {
        Node::Text(Cow::Borrowed(self))
    }
}

impl FromNode for String {
    const EMPTY_IS_ABSENT: bool = false;

    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        match node {
            Node::Text(text) => Ok(text.into_owned()),
            other => Err(unexpected(&other, "a string")),
        }
    }
}

impl ToNode for Sensitive {
    fn to_node(&self) -> Node<'_> {
        Node::Text(Cow::Borrowed(self.expose()))
    }
}

impl FromNode for Sensitive {
    const EMPTY_IS_ABSENT: bool = false;

    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        String::from_node(node).map(Self::new)
    }
}

impl ToNode for bool {
    fn to_node(&self) -> Node<'_> {
        Node::Boolean(*self)
    }
}

impl FromNode for bool {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        match node {
            Node::Boolean(value) => Ok(value),
            Node::Text(text) if text == "true" => Ok(true),
            Node::Text(text) if text == "false" => Ok(false),
            other => Err(unexpected(&other, "a boolean")),
        }
    }
}

impl ToNode for i64 {
    fn to_node(&self) -> Node<'_> {
        Node::Integer(*self)
    }
}

impl FromNode for i64 {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        integer(&node).ok_or_else(|| unexpected(&node, "an integer"))
    }
}

/// A whole number, in quotation marks or not.
fn integer(node: &Node<'_>) -> Option<i64> {
    match node {
        Node::Integer(value) => Some(*value),
        Node::Text(text) => text.parse().ok(),
        _ => None,
    }
}

impl ToNode for Fen {
    fn to_node(&self) -> Node<'_> {
        Node::Integer(self.as_fen())
    }
}

impl FromNode for Fen {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        let expected = "money in whole fen (an integer, not a floating-point number)";
        integer(&node)
            .map(Self::from_fen)
            .ok_or_else(|| unexpected(&node, expected))
    }
}

impl ToNode for DateTime {
    fn to_node(&self) -> Node<'_> {
        Node::Text(Cow::Owned(self.to_string()))
    }
}

impl FromNode for DateTime {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        // Pages promise RFC 3339; some interfaces answer in the forms of v2 all the same.
        if let Node::Text(text) = &node
            && let Ok(time) = Self::from_compact(text).or_else(|_| Self::from_spaced(text))
        {
            return Ok(time);
        }
        parsed(&node, "an RFC 3339 time like 2018-06-08T10:34:56+08:00")
    }
}

impl ToNode for Date {
    fn to_node(&self) -> Node<'_> {
        Node::Text(Cow::Owned(self.to_string()))
    }
}

impl FromNode for Date {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        parsed(&node, "a date like 2026-02-28")
    }
}

fn parsed<T: std::str::FromStr>(node: &Node<'_>, expected: &str) -> Result<T, DecodeError> {
    let Node::Text(text) = node else {
        return Err(unexpected(node, expected));
    };
    text.parse()
        .map_err(|_| DecodeError::at("", format!("expected {expected}")))
}

/// Reads a word of an open enumeration.
#[doc(hidden)]
pub fn word<T: for<'a> From<&'a str>>(node: &Node<'_>) -> Result<T, DecodeError> {
    match node {
        Node::Text(word) => Ok(T::from(word)),
        other => Err(unexpected(other, "a word (text)")),
    }
}
