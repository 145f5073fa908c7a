//! From an answer to a believed one.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wxpay_json::{DateTime, DecodeError, Fen};
use wxpay_xml::{Document, Limits};

use super::accept_error::{AcceptError, ApiError, Unreadable};
use super::charset::{Charset, CharsetError};
use super::error::VerificationError;
use super::merchant::Merchant;
use super::operation::{self, ReplyForm};
use super::parameters;

/// An answer that is believed, about to be read: verified where it is signed, and no error.
///
/// `Debug` shows no value.
#[derive(Clone)]
pub struct Reply {
    raw: Bytes,
    content: Arc<Content>,
}

enum Content {
    Json,
    Fields(Vec<(Box<str>, Box<str>)>),
    Text(Box<str>),
}

impl Reply {
    /// The bytes as they came.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether it is proven by a signature to be WeChat Pay's. JSON and files are not: the TLS connection is
    /// all there is.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        matches!(*self.content, Content::Fields(_))
    }

    /// Reads a JSON answer.
    ///
    /// # Errors
    ///
    /// Where it is of another form, with the path of the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        wxpay_json::decode(&self.raw)
    }

    /// The text of a file.
    #[must_use]
    pub fn file(&self) -> &str {
        match &*self.content {
            Content::Text(text) => text,
            _ => "",
        }
    }

    /// A field of a signed answer. An empty one is as good as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields()
            .find(|(other, text)| *other == name && !text.is_empty())
            .map(|(_, text)| text)
    }

    /// All fields of a signed answer, in its order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = match &*self.content {
            Content::Fields(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().map(|(name, text)| (&**name, &**text))
    }

    /// A field that is always there.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn text(&self, name: &str) -> Result<&str, DecodeError> {
        self.get(name)
            .ok_or_else(|| DecodeError::at(name, "the field is missing"))
    }

    /// An amount that is always there.
    ///
    /// # Errors
    ///
    /// Where it is not, or no whole number of fen.
    pub fn fen(&self, name: &str) -> Result<Fen, DecodeError> {
        operation::fen(name, self.text(name)?)
    }

    /// An amount that may be there.
    ///
    /// # Errors
    ///
    /// Where it is no whole number of fen.
    pub fn fen_opt(&self, name: &str) -> Result<Option<Fen>, DecodeError> {
        let text = self.get(name);
        text.map(|text| operation::fen(name, text)).transpose()
    }

    /// A time that may be there, `yyyyMMddHHmmss` in Beijing.
    ///
    /// # Errors
    ///
    /// Where it is no such time.
    pub fn time_opt(&self, name: &str) -> Result<Option<DateTime>, DecodeError> {
        let text = self.get(name);
        text.map(|text| operation::time(name, text)).transpose()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("verified", &self.is_verified())
            .field("raw_len", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// An answer that was read.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    reply: Reply,
}

impl<T> Response<T> {
    pub(crate) const fn new(value: T, reply: Reply) -> Self {
        Self { value, reply }
    }

    /// What was answered.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// What was answered, by value.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }

    /// The answer as it came, for what the type does not know.
    #[must_use]
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Decides whether an answer is believed.
pub(crate) fn verify(
    form: ReplyForm,
    merchant: &Merchant,
    response: &http::Response<Bytes>,
) -> Result<Reply, AcceptError> {
    let content = match form {
        ReplyForm::Json => json(response)?,
        ReplyForm::SignedXml => signed(merchant, response)?,
        ReplyForm::Text => text(response)?,
    };
    Ok(Reply {
        raw: response.body().clone(),
        content: Arc::new(content),
    })
}

#[derive(Deserialize)]
struct Errcode {
    #[serde(default)]
    errcode: Option<i64>,
    #[serde(default)]
    errmsg: Option<String>,
}

fn json(response: &http::Response<Bytes>) -> Result<Content, AcceptError> {
    let (status, body) = (response.status(), response.body());
    let read: Option<Errcode> = wxpay_json::decode(body).ok();
    match read {
        Some(Errcode {
            errcode: Some(code),
            errmsg,
        }) if code != 0 => Err(AcceptError::Api(Box::new(ApiError::platform(
            status, code, errmsg,
        )))),
        Some(_) if status.is_success() => Ok(Content::Json),
        _ => Err(unreadable(status, body, Unreadable::json(body))),
    }
}

fn unreadable(status: StatusCode, body: &Bytes, what: Unreadable) -> AcceptError {
    AcceptError::unreadable(status, body.len(), what)
}

fn signed(merchant: &Merchant, response: &http::Response<Bytes>) -> Result<Content, AcceptError> {
    let (status, body) = (response.status(), response.body());
    if !status.is_success() {
        return Err(unreadable(status, body, Unreadable::Status));
    }
    let fault = |source: CharsetError| unreadable(status, body, Unreadable::Charset(source));
    let (text, charset) = decode(body, merchant.charset()).map_err(fault)?;
    let document = Document::parse_text(&text, Limits::new())
        .map_err(|source| unreadable(status, body, Unreadable::Xml(source)))?;
    let get = |name: &str| document.get(name).filter(|text| !text.is_empty());
    let retcode = get("retcode");
    let refused = |verified| {
        let (code, message) = (retcode.unwrap_or_default(), get("retmsg"));
        AcceptError::Api(Box::new(ApiError::tenpay(status, code, message, verified)))
    };
    let Some(sign) = get("sign") else {
        // Errors may come without a signature. A success that does is nobody's.
        return Err(match retcode {
            Some(code) if code != "0" => refused(false),
            _ => AcceptError::Verification(VerificationError::Missing { field: "sign" }),
        });
    };
    if get("sign_type").is_some_and(|kind| !kind.eq_ignore_ascii_case("MD5")) {
        return Err(AcceptError::Verification(VerificationError::Malformed {
            field: "sign_type",
        }));
    }
    let hashed = match get("input_charset") {
        None => charset,
        Some(name) => Charset::parse(name).ok_or_else(|| {
            fault(CharsetError::Unknown {
                field: "input_charset",
            })
        })?,
    };
    let mut params = Vec::with_capacity(document.len());
    for (name, text) in &document {
        // The name cannot stand in the error, and the text must not.
        let bytes = hashed.encode("a field", text).map_err(fault)?;
        params.push((name, bytes));
    }
    parameters::verify(merchant.partner_key(), params, sign.as_bytes())
        .map_err(AcceptError::Verification)?;
    if get("partner").is_some_and(|partner| partner != merchant.partner_id()) {
        let field = "partner";
        return Err(AcceptError::Verification(
            VerificationError::OtherMerchant { field },
        ));
    }
    match retcode {
        Some("0") => {}
        Some(_) => return Err(refused(true)),
        None => {
            let source = DecodeError::at("retcode", "the field is missing");
            return Err(AcceptError::decode(source, body.clone()));
        }
    }
    let fields = document.iter();
    Ok(Content::Fields(
        fields
            .map(|(name, text)| (name.into(), text.into()))
            .collect(),
    ))
}

/// The text of an answer and its charset: as declared, else as asked for, else GBK.
fn decode(
    body: &[u8],
    asked: Charset,
) -> Result<(std::borrow::Cow<'_, str>, Charset), CharsetError> {
    let charset = match declaration(body) {
        Some(name) => Charset::parse(name).ok_or(CharsetError::Unknown { field: "encoding" })?,
        None if asked == Charset::Utf8 && std::str::from_utf8(body).is_ok() => Charset::Utf8,
        None => Charset::Gbk,
    };
    Ok((charset.decode("the answer", body)?, charset))
}

/// The encoding that an XML declaration at the very beginning names.
fn declaration(body: &[u8]) -> Option<&str> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let head = body.get(..body.len().min(128)).unwrap_or_default();
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let head = std::str::from_utf8(&head[..end]).ok()?;
    let (_, rest) = head.strip_prefix("<?xml")?.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest
        .chars()
        .next()
        .filter(|one| matches!(one, '"' | '\''))?;
    rest[1..].split(quote).next()
}

fn text(response: &http::Response<Bytes>) -> Result<Content, AcceptError> {
    let (status, body) = (response.status(), response.body());
    if !status.is_success() {
        return Err(unreadable(status, body, Unreadable::Status));
    }
    if body.is_empty() {
        return Err(unreadable(status, body, Unreadable::Empty));
    }
    let (text, _) = decode(body, Charset::Gbk)
        .map_err(|source| unreadable(status, body, Unreadable::Charset(source)))?;
    // A file begins with the name of a column. What begins with a tag is an error in place of one.
    if text.trim_start().starts_with('<') {
        let read = Document::parse_text(text.trim_start(), Limits::new());
        return Err(match &read {
            Ok(document) => match document.get("retcode") {
                Some(code) => AcceptError::Api(Box::new(ApiError::tenpay(
                    status,
                    code,
                    document.get("retmsg"),
                    false,
                ))),
                None => unreadable(status, body, Unreadable::NotAFile),
            },
            Err(source) => unreadable(status, body, Unreadable::Xml(source.clone())),
        });
    }
    Ok(Content::Text(text.into()))
}
