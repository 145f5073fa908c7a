//! JSON as a tree: what bodies are written from and read into.
//!
//! Serde's derives make a visitor for every type, which for the more than three thousand types of
//! `wxpay-api` is most of the time it takes to compile them. Here there is one visitor, that of
//! [`Node`], and a type says only which fields it has: [`ToObject`] and [`FromObject`], with
//! [`serde_by_node!`](crate::serde_by_node) for serde's two traits. The text of a document is
//! borrowed, not copied.
//!
//! Reading is as tolerant as WeChat Pay's answers need: `null` is a field that is not there, and
//! so is an empty text unless text is asked for; whole numbers may stand in quotation marks; times
//! may have the forms of v2; unknown fields are passed over. A field that is there twice is refused,
//! and so is an object of more than a thousand fields.

mod free;
mod read;
mod serde;
mod values;

use std::borrow::Cow;
use std::fmt;

pub use self::read::{FromNode, FromObject};
pub(crate) use self::serde::PLACE;
pub use self::serde::{deserialize, serialize};
#[doc(hidden)]
pub use self::values::word;

/// A value.
///
/// `Debug` says what kind of value it is, never the value.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(serde_json::Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Object<'a>),
}

impl Node<'_> {
    /// What it is, for errors.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "true or false",
            Self::Integer(_) => "an integer",
            Self::Number(_) => "a floating-point number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.kind())
    }
}

/// An object: names and values, in their order.
#[derive(Clone, Default, PartialEq)]
pub struct Object<'a> {
    fields: Vec<Field<'a>>,
}

#[derive(Clone, PartialEq)]
struct Field<'a> {
    mark: Mark,
    /// Whether another one of the name came later.
    twice: bool,
    name: Cow<'a, str>,
    node: Node<'a>,
}

impl<'a> Field<'a> {
    fn new(name: impl Into<Cow<'a, str>>, node: Node<'a>) -> Self {
        let name = name.into();
        let mark = Mark::of(&name);
        Self {
            mark,
            twice: false,
            name,
            node,
        }
    }

    fn is(&self, mark: Mark, name: &str) -> bool {
        self.mark == mark && self.name == name
    }
}

/// What tells most names apart at a glance. Every field that a type has is looked for among those that
/// came; this makes the looking cheap, in whatever order they came.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Mark([u8; 4]);

impl Mark {
    fn of(name: &str) -> Self {
        let name = name.as_bytes();
        let at = |index: usize| name.get(index).copied().unwrap_or_default();
        let length = name.len();
        // Of a length, only what does not fit is lost.
        Self([
            length as u8,
            at(0),
            at(length / 2),
            at(length.wrapping_sub(1)),
        ])
    }

    /// One bit of 64: names with other bits are other names.
    fn bit(self) -> u64 {
        let mixed = u32::from_ne_bytes(self.0).wrapping_mul(0x9e37_79b1);
        1 << (mixed >> 26)
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.fields.iter().map(|field| &field.name))
            .finish()
    }
}

/// What stands in JSON as one value.
pub trait ToNode {
    /// The value.
    fn to_node(&self) -> Node<'_>;
}

/// What stands in JSON as an object.
pub trait ToObject {
    /// The object.
    fn to_object(&self) -> Object<'_>;
}

impl<T: ToObject> ToNode for T {
    fn to_node(&self) -> Node<'_> {
        Node::Object(self.to_object())
    }
}

impl<'a> Object<'a> {
    /// Nothing in it, and room for so many fields.
    #[must_use]
    pub fn with_capacity(fields: usize) -> Self {
        Self {
            fields: Vec::with_capacity(fields),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: &'a impl ToNode) -> Self {
        self.fields.push(Field::new(name, value.to_node()));
        self
    }

    /// Adds a field if it has a value.
    #[must_use]
    pub fn optional(self, name: &'static str, value: &'a Option<impl ToNode>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    /// Adds a list, even an empty one.
    #[must_use]
    pub fn list(mut self, name: &'static str, values: &'a [impl ToNode]) -> Self {
        let list = values.iter().map(ToNode::to_node).collect();
        self.fields.push(Field::new(name, Node::List(list)));
        self
    }

    /// Adds a list if anything is in it.
    #[must_use]
    pub fn optional_list(self, name: &'static str, values: &'a [impl ToNode]) -> Self {
        if values.is_empty() {
            self
        } else {
            self.list(name, values)
        }
    }
}
