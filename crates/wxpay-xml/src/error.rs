//! Why a document was refused, and where.

use std::fmt;

/// Why a document was refused. Says what is wrong and at which byte, and never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: usize,
    name: Option<Box<str>>,
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, offset: usize) -> Self {
        Self {
            kind,
            offset,
            name: None,
        }
    }

    #[cold]
    pub(crate) fn named(kind: ErrorKind, offset: usize, name: &str) -> Self {
        Self {
            kind,
            offset,
            name: Some(name.into()),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where, in bytes from the beginning of the input, a byte order mark counted.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The element that it is about, or the encoding for [`ErrorKind::Encoding`], where one can be named: at most
    /// 128 bytes of ASCII letters, digits, `_`, `-` and `.`.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())?;
        if let Some(name) = &self.name {
            write!(f, ": `{name}`")?;
        }
        write!(f, ", at byte {}", self.offset)
    }
}

impl std::error::Error for Error {}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nothing, or nothing but white space and comments. WeChat Pay's gateways sometimes answer 200 with no body.
    Empty,
    /// An HTML page, as gateways and proxies send it.
    Html,
    /// Something else that is not XML: JSON, plain text, the text of a bill.
    NotXml,
    /// Longer than [`Limits::bytes`](crate::Limits::bytes).
    TooLarge,
    /// More fields than [`Limits::fields`](crate::Limits::fields).
    TooManyFields,
    /// A field longer than [`Limits::field_bytes`](crate::Limits::field_bytes).
    FieldTooLarge,
    /// An encoding other than UTF-8, declared or recognised by its byte order mark. [`Error::name`] says which.
    Encoding,
    /// Bytes that are not UTF-8, though nothing else is declared.
    NotUtf8,
    /// An XML declaration that is not at the very beginning, or is of another version than 1.0.
    Declaration,
    /// A document type definition; with it come entity bombs and external entities, so it is never looked into.
    Doctype,
    /// A processing instruction.
    ProcessingInstruction,
    /// A reference to an entity other than `amp`, `lt`, `gt`, `quot` and `apos`, or one without its semicolon.
    Entity,
    /// A character, as it is or by its number, that XML 1.0 does not allow.
    Character,
    /// An element name that is not made of ASCII letters, digits, `_`, `-` and `.`, or is longer than 128 bytes.
    Name,
    /// An attribute. No signature covers it.
    Attribute,
    /// A second element of the same name. A signature is over one value for each name. Where
    /// [`Limits::lists`](crate::Limits::lists) are read, elements that hold elements may come twice.
    Duplicate,
    /// An element within a field.
    Nested,
    /// Text beside the fields, directly within the root or a record; or a field beside the records of a list.
    Mixed,
    /// A comment within a field, where it would hide what the value is, or one that holds `--`.
    Comment,
    /// A second root element.
    SecondRoot,
    /// Something else than white space and comments after the root.
    Trailing,
    /// The end of the input within an element, a tag or a comment.
    Unclosed,
    /// The end of the input within a CDATA section.
    UnclosedCdata,
    /// An end tag that is not that of the element it stands in.
    EndTag,
    /// Markup that is none, or `]]>` outside CDATA.
    Syntax,
}

impl ErrorKind {
    fn text(self) -> &'static str {
        match self {
            Self::Empty => "the document is empty",
            Self::Html => "an html page instead of xml",
            Self::NotXml => "this is not xml: no root element",
            Self::TooLarge => "the document is too large",
            Self::TooManyFields => "the document has too many fields",
            Self::FieldTooLarge => "a field is too large",
            Self::Encoding => "the encoding is not utf-8",
            Self::NotUtf8 => "the bytes are not utf-8",
            Self::Declaration => "the xml declaration is misplaced or not of version 1.0",
            Self::Doctype => "a document type definition is not allowed",
            Self::ProcessingInstruction => "a processing instruction is not allowed",
            Self::Entity => "an entity is not one of the five that xml knows",
            Self::Character => "a character is not allowed in xml",
            Self::Name => "an element name is not made of ascii letters, digits, `_`, `-` and `.`",
            Self::Attribute => "an attribute is not allowed",
            Self::Duplicate => "an element occurs twice",
            Self::Nested => "an element within a field",
            Self::Mixed => "text beside the fields",
            Self::Comment => "a comment within a field, or with `--` in it",
            Self::SecondRoot => "a second root element",
            Self::Trailing => "text after the root element",
            Self::Unclosed => "the document ends too early",
            Self::UnclosedCdata => "the document ends within cdata",
            Self::EndTag => "an end tag does not match",
            Self::Syntax => "broken markup",
        }
    }
}
