//! Reading fields.

use super::{Mark, Node, Object};
use crate::DecodeError;

/// What is read from one value.
pub trait FromNode: Sized {
    /// Whether an empty text says that there is no value.
    const EMPTY_IS_ABSENT: bool = true;

    /// Reads it.
    ///
    /// # Errors
    ///
    /// A value of another kind, named without repeating it.
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError>;
}

/// What is read from an object.
pub trait FromObject: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// A field that is missing, there twice or of another kind, named by its path.
    fn from_object(object: &mut Object<'_>) -> Result<Self, DecodeError>;
}

impl<T: FromObject> FromNode for T {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        match node {
            Node::Object(mut object) => T::from_object(&mut object),
            other => Err(unexpected(&other, "an object")),
        }
    }
}

/// `found` stands where `expected` should.
#[cold]
pub(super) fn unexpected(found: &Node<'_>, expected: &str) -> DecodeError {
    DecodeError::at("", format!("found {}, expected {expected}", found.kind()))
}

impl<'a> Object<'a> {
    /// Takes a field that has to be there.
    ///
    /// # Errors
    ///
    /// It is missing, `null`, there twice, or not a `T`.
    pub fn required<T: FromNode>(&mut self, name: &str) -> Result<T, DecodeError> {
        let node = self.present(name)?;
        T::from_node(node).map_err(|error| error.within(name))
    }

    /// Takes a field that may be missing, `null` or (unless it is text) an empty text.
    ///
    /// # Errors
    ///
    /// It is there twice, or not a `T`.
    pub fn maybe<T: FromNode>(&mut self, name: &str) -> Result<Option<T>, DecodeError> {
        match self.take(name)? {
            None => Ok(None),
            Some(Node::Text(text)) if T::EMPTY_IS_ABSENT && text.is_empty() => Ok(None),
            Some(node) => T::from_node(node)
                .map(Some)
                .map_err(|error| error.within(name)),
        }
    }

    /// Takes a list that has to be there.
    ///
    /// # Errors
    ///
    /// It is missing, `null`, there twice, or not a list of `T`.
    pub fn required_list<T: FromNode>(&mut self, name: &str) -> Result<Vec<T>, DecodeError> {
        entries(self.present(name)?).map_err(|error| error.within(name))
    }

    /// Takes a list that may be missing, `null` or an empty text, which is an empty one.
    ///
    /// # Errors
    ///
    /// It is there twice, or not a list of `T`.
    pub fn maybe_list<T: FromNode>(&mut self, name: &str) -> Result<Vec<T>, DecodeError> {
        match self.take(name)? {
            None => Ok(Vec::new()),
            Some(Node::Text(text)) if text.is_empty() => Ok(Vec::new()),
            Some(node) => entries(node).map_err(|error| error.within(name)),
        }
    }

    fn present(&mut self, name: &str) -> Result<Node<'a>, DecodeError> {
        match self.take(name)? {
            Some(node) => Ok(node),
            None => Err(DecodeError::at(name, "the field is missing")),
        }
    }

    /// Takes the field `name` out; `null` is none.
    fn take(&mut self, name: &str) -> Result<Option<Node<'a>>, DecodeError> {
        let mark = Mark::of(name);
        match self.fields.iter_mut().find(|field| field.is(mark, name)) {
            None => Ok(None),
            Some(field) if field.twice => Err(DecodeError::at(name, "the field is there twice")),
            Some(field) => match std::mem::replace(&mut field.node, Node::Null) {
                Node::Null => Ok(None),
                node => Ok(Some(node)),
            },
        }
    }
}

fn entries<T: FromNode>(node: Node<'_>) -> Result<Vec<T>, DecodeError> {
    let Node::List(list) = node else {
        return Err(unexpected(&node, "a list"));
    };
    let mut entries = Vec::with_capacity(list.len());
    for (at, node) in list.into_iter().enumerate() {
        entries.push(T::from_node(node).map_err(|error| error.within(&format!("[{at}]")))?);
    }
    Ok(entries)
}
