//! The catalogue as the writers of Rust and of facts want it: parts put in, names looked up,
//! contradictions refused. Every value here has been checked.

use std::collections::BTreeMap;

/// The methods an operation may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub(super) const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What makes repeating a call safe.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Idempotency {
    /// It changes nothing.
    Safe,
    /// The merchant number in this field.
    MerchantNumber(String),
    /// Nothing.
    No,
}

/// A family: one module, one feature.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) doc: String,
    pub(super) operations: Vec<Operation>,
    pub(super) shapes: Vec<Shape>,
    pub(super) enums: Vec<Enumeration>,
    /// Where a name stands in `shapes` or `enums`.
    pub(super) index: BTreeMap<String, Named>,
}

/// What a type's name stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    Shape(usize),
    Enum(usize),
}

impl Family {
    pub(super) fn shape(&self, name: &str) -> Option<&Shape> {
        match self.index.get(name) {
            Some(&Named::Shape(at)) => self.shapes.get(at),
            _ => None,
        }
    }

    pub(super) fn enumeration(&self, name: &str) -> Option<&Enumeration> {
        match self.index.get(name) {
            Some(&Named::Enum(at)) => self.enums.get(at),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) doc: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) page: Option<String>,
    pub(super) idempotency: Idempotency,
    pub(super) signed: bool,
    pub(super) by_hand: bool,
    pub(super) any_of: Vec<Vec<String>>,
    pub(super) params: Vec<Field>,
    pub(super) query: Vec<Field>,
    pub(super) body: Option<Vec<Field>>,
    pub(super) meta: Option<Vec<Field>>,
    pub(super) response: Option<String>,
}

impl Operation {
    /// The fields of the Rust type, in its order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> + Clone {
        self.params
            .iter()
            .chain(&self.query)
            .chain(self.body.iter().flatten())
    }

    /// The status of success.
    pub(super) const fn status(&self) -> u16 {
        if self.response.is_some() || !self.signed {
            200
        } else {
            204
        }
    }
}

#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) doc: String,
    pub(super) notification: Vec<String>,
    pub(super) any_of: Vec<Vec<String>>,
    pub(super) fields: Vec<Field>,
    /// Whether requests hold it.
    pub(super) in_request: bool,
    /// Whether answers or notifications hold it.
    pub(super) in_response: bool,
    /// The operation that has it for itself.
    pub(super) owner: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) rust: String,
    pub(super) kind: Kind,
    pub(super) list: bool,
    pub(super) required: bool,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    pub(super) bytes: bool,
    pub(super) alphabet: Option<Alphabet>,
    pub(super) format: Option<Format>,
    pub(super) sensitive: Option<Sensitive>,
    pub(super) default: Option<String>,
    pub(super) label: String,
    pub(super) doc: String,
}

impl Field {
    pub(super) fn is_encrypted(&self) -> bool {
        self.sensitive == Some(Sensitive::Encrypted)
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    String,
    Integer,
    Boolean,
    Fen,
    DateTime,
    Date,
    Currency,
    Shape(String),
    Enum(String),
}

/// How text about people is treated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sensitive {
    /// Encrypted on the wire, and kept out of `Debug`.
    Encrypted,
    /// Plain on the wire, kept out of `Debug`.
    Redacted,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    NotifyUrl,
    Ip,
}

impl Format {
    pub(super) const ALL: [Self; 2] = [Self::NotifyUrl, Self::Ip];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NotifyUrl => "notify_url",
            Self::Ip => "ip",
        }
    }
}

/// The character sets of `wxpay_json::check::Alphabet`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Alphabet {
    Digits,
    Alphanumeric,
    Identifier,
    TradeNo,
    RefundNo,
    Hex,
}

impl Alphabet {
    pub(super) const ALL: [Self; 6] = [
        Self::Digits,
        Self::Alphanumeric,
        Self::Identifier,
        Self::TradeNo,
        Self::RefundNo,
        Self::Hex,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Alphanumeric => "alphanumeric",
            Self::Identifier => "identifier",
            Self::TradeNo => "trade_no",
            Self::RefundNo => "refund_no",
            Self::Hex => "hex",
        }
    }

    pub(super) const fn rust(self) -> &'static str {
        match self {
            Self::Digits => "Digits",
            Self::Alphanumeric => "Alphanumeric",
            Self::Identifier => "Identifier",
            Self::TradeNo => "TradeNo",
            Self::RefundNo => "RefundNo",
            Self::Hex => "Hex",
        }
    }

    /// As the documentation says it.
    pub(super) const fn prose(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Alphanumeric => "of `0-9 A-Z a-z`",
            Self::Identifier => "of `0-9 A-Z a-z _ -`",
            Self::TradeNo => "of `0-9 A-Z a-z _ - | *`",
            Self::RefundNo => "of `0-9 A-Z a-z _ - | * @`",
            Self::Hex => "hexadecimal digits",
        }
    }
}

#[derive(Debug)]
pub(super) struct Enumeration {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) doc: String,
    pub(super) words: Vec<Word>,
}

#[derive(Debug)]
pub(super) struct Word {
    pub(super) word: String,
    pub(super) rust: String,
    pub(super) label: String,
    pub(super) doc: String,
}
