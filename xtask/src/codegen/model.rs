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

/// Which system an operation belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Generation {
    /// XML.
    V2,
    /// JSON.
    V3,
}

/// A family: one module, one feature.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) generation: Generation,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) doc: String,
    /// Whether types written by hand stand beside the generated ones.
    pub(super) by_hand: bool,
    /// Whether its money may be of any currency.
    pub(super) foreign: bool,
    /// The groups of features it is in: `default`, `merchant`.
    pub(super) groups: Vec<Group>,
    /// Other features that its feature enables.
    pub(super) enables: Vec<String>,
    pub(super) operations: Vec<Operation>,
    pub(super) shapes: Vec<Shape>,
    pub(super) enums: Vec<Enumeration>,
    /// Where a name stands in `shapes` or `enums`.
    pub(super) index: BTreeMap<String, Named>,
}

/// A feature that stands for several families of v3.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Group {
    /// Everyday payment.
    Default,
    /// Whatever a merchant of its own needs.
    Merchant,
    /// Whatever a service provider, platform or channel needs.
    Partner,
    Marketing,
}

impl Group {
    pub(super) const ALL: [Self; 4] = [
        Self::Default,
        Self::Merchant,
        Self::Partner,
        Self::Marketing,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Merchant => "merchant",
            Self::Partner => "partner",
            Self::Marketing => "marketing",
        }
    }
}

/// What a type's name stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Named {
    Shape(usize),
    Enum(usize),
}

impl Family {
    pub(super) fn is_v2(&self) -> bool {
        self.generation == Generation::V2
    }

    /// The feature it is behind: `pay`, `v2_pay`.
    pub(super) fn feature(&self) -> String {
        match self.generation {
            Generation::V2 => format!("v2_{}", self.name),
            Generation::V3 => self.name.clone(),
        }
    }

    /// Its file within the catalogue, and its module below `generated`: `pay`, `v2/pay`.
    pub(super) fn path(&self) -> String {
        match self.generation {
            Generation::V2 => format!("v2/{}", self.name),
            Generation::V3 => self.name.clone(),
        }
    }

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
    pub(super) reply: Reply,
    pub(super) by_hand: bool,
    pub(super) any_of: Vec<Vec<String>>,
    pub(super) params: Vec<Field>,
    pub(super) headers: Vec<Field>,
    pub(super) query: Vec<Field>,
    pub(super) body: Option<Vec<Field>>,
    pub(super) upload: Option<Upload>,
    pub(super) response: Option<String>,
    /// The status of success, where it is not the usual one.
    pub(super) status: Option<u16>,
    /// Whether it is sent to Hong Kong (v3).
    pub(super) hong_kong: bool,
    pub(super) xml: Xml,
}

/// A file that is sent, with its signed description.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    /// The file itself: its name on the wire is that of its part.
    pub(super) content: Field,
    /// The file's name.
    pub(super) filename: Field,
    /// Whether the description holds it.
    pub(super) describes_name: bool,
    /// The digest in the description, and what it is called there.
    pub(super) digest: Option<(Digest, String)>,
    /// The field that names the algorithm, and the word in it.
    pub(super) algorithm: Option<(String, String)>,
    /// What names of files may end with.
    pub(super) types: Vec<String>,
    /// What else the description holds.
    pub(super) meta: Vec<Field>,
    /// Further parts, not signed.
    pub(super) form: Vec<Field>,
}

impl Upload {
    /// The fields of the Rust type.
    fn fields(&self) -> impl Iterator<Item = &Field> + Clone {
        std::iter::once(&self.filename)
            .chain(&self.meta)
            .chain(&self.form)
            .chain(std::iter::once(&self.content))
    }
}

/// How a file is hashed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Digest {
    Sha256,
    Sm3,
}

impl Digest {
    pub(super) const ALL: [Self; 2] = [Self::Sha256, Self::Sm3];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sm3 => "sm3",
        }
    }

    /// As people write it.
    pub(super) const fn prose(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sm3 => "SM3",
        }
    }
}

/// What comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reply {
    Signed,
    Unsigned,
    /// v3: a file, signed by its SHA-1.
    Digest,
    /// v2: text or a compressed file.
    File,
}

impl Reply {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Unsigned => "unsigned",
            Self::Digest => "digest",
            Self::File => "file",
        }
    }
}

/// What only operations of v2 have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Xml {
    /// Whether the merchant's certificate is shown when connecting.
    pub(super) certificate: bool,
    /// The one way of signing it takes.
    pub(super) sign: Option<Sign>,
    /// Whether `sign_type` is sent.
    pub(super) sign_type: bool,
    /// Whether `nonce_str` is sent.
    pub(super) nonce: bool,
    /// What the merchant's number is called.
    pub(super) merchant: String,
    pub(super) host: Host,
    /// Whether it is an address that the payer's browser opens.
    pub(super) page_url: bool,
    /// The fields that 企业微信's own signature goes over.
    pub(super) workwx_sign: Vec<String>,
}

impl Default for Xml {
    fn default() -> Self {
        Self {
            certificate: false,
            sign: None,
            sign_type: true,
            nonce: true,
            merchant: Self::MERCHANT.to_owned(),
            host: Host::Api,
            page_url: false,
            workwx_sign: Vec::new(),
        }
    }
}

impl Xml {
    /// What the merchant's number is called almost everywhere.
    pub(super) const MERCHANT: &str = "mch_id";
}

/// A way of signing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    Md5,
    HmacSha256,
}

impl Sign {
    pub(super) const ALL: [Self; 2] = [Self::Md5, Self::HmacSha256];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::HmacSha256 => "hmac-sha256",
        }
    }

    /// As WeChat Pay writes it.
    pub(super) const fn prose(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    pub(super) const fn rust(self) -> &'static str {
        match self {
            Self::Md5 => "Md5",
            Self::HmacSha256 => "HmacSha256",
        }
    }
}

/// Where an operation is sent to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Host {
    Api,
    Fraud,
    PayApp,
    PayAppMch,
}

impl Host {
    pub(super) const ALL: [Self; 4] = [Self::Api, Self::Fraud, Self::PayApp, Self::PayAppMch];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Fraud => "fraud",
            Self::PayApp => "payapp",
            Self::PayAppMch => "payapp_mch",
        }
    }

    pub(super) const fn rust(self) -> &'static str {
        match self {
            Self::Api => "Api",
            Self::Fraud => "Fraud",
            Self::PayApp => "PayApp",
            Self::PayAppMch => "PayAppMch",
        }
    }
}

impl Operation {
    /// The fields of the Rust type, in its order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> + Clone {
        self.params
            .iter()
            .chain(&self.headers)
            .chain(&self.query)
            .chain(self.body.iter().flatten())
            .chain(self.upload.iter().flat_map(Upload::fields))
    }

    /// The parts of an upload beside the file and its description.
    pub(super) fn upload_form(&self) -> &[Field] {
        self.upload.as_ref().map_or(&[], |upload| &upload.form)
    }

    /// Whether the answer is a file.
    pub(super) const fn answers_file(&self) -> bool {
        self.response.is_none() && !matches!(self.reply, Reply::Signed)
    }

    /// The status of success.
    pub(super) const fn status(&self) -> u16 {
        match self.status {
            Some(status) => status,
            None if self.response.is_some() || self.answers_file() => 200,
            None => 204,
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
    /// Whether it is written and read as JSON; the other shapes of v2 are elements of the XML.
    pub(super) json: bool,
    /// The operation that has it for itself.
    pub(super) owner: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) rust: String,
    pub(super) kind: Kind,
    pub(super) list: bool,
    /// How its value stands in the XML (v2).
    pub(super) place: Place,
    pub(super) url_encoded: bool,
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

/// How the value of a field of v2 stands in the XML.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum Place {
    /// As the text of one element; in JSON, as any other.
    #[default]
    Plain,
    /// As JSON in the text of one element.
    Json,
    /// As a numbered family of elements.
    Indexed,
    /// As nested elements of this name.
    Records(String),
    /// As nested elements of the field's own name, with nothing around them.
    Repeated,
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
    /// A decimal number (v3).
    Number,
    /// JSON of any form (v3).
    Json,
    /// What is in a file (v3).
    File,
    /// `Y` or `N` (v2).
    YesNo,
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
    /// Of a time or a date: digits only.
    Compact,
    /// Of a time: `yyyy-MM-dd HH:mm:ss`.
    Spaced,
}

impl Format {
    pub(super) const ALL: [Self; 4] = [Self::NotifyUrl, Self::Ip, Self::Compact, Self::Spaced];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NotifyUrl => "notify_url",
            Self::Ip => "ip",
            Self::Compact => "compact",
            Self::Spaced => "spaced",
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
    pub(super) label: Option<String>,
    pub(super) doc: String,
}
