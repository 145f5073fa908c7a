//! From an answer to a verified value.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use wxpay_json::DecodeError;
use wxpay_xml::{Document, Limits};

use super::error::{
    AcceptError, ApiError, DecodeFailure, NotXml, NotXmlKind, ProtocolError, VerificationError,
};
use super::fields::Fields;
use super::file::{FileStart, file_start};
use super::form::Form;
use super::merchant::Keys;
use super::operation::{Operation, OperationInfo, Reply, ReplyForm, Request};
use super::parameters::Parameters;
use crate::response::UnexpectedAnswer;

/// An answer that was judged and is believed, not read yet: what code has that sends requests without knowing their
/// types.
///
/// It can be had only from [`Merchant::verify`](super::Merchant::verify).
#[derive(Clone)]
pub struct Verified {
    name: &'static str,
    parameters: Parameters,
    raw: Bytes,
    signed: bool,
}

impl Verified {
    /// Reads it as the answer of the operation that was sent.
    ///
    /// # Errors
    ///
    /// Where it is not what the operation answers with.
    pub fn read<O: Operation + ?Sized>(&self, operation: &O) -> Result<O::Response, DecodeError> {
        operation.read(&self.reply())
    }

    /// The [name](OperationInfo::name) of the operation that was sent.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        self.name
    }

    /// A view to read values from; nothing is in it where the answer is a file.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        self.parameters.fields()
    }

    /// The text of a field; `None` where it is not there or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// Whether the answer was signed: some interfaces do not sign.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signed
    }

    /// The bytes of the answer.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    fn reply(&self) -> Reply<'_> {
        Reply::new(self.parameters.fields(), &self.raw)
    }

    pub(crate) fn into_response<O: Operation + ?Sized>(
        self,
        operation: &O,
    ) -> Result<Response<O::Response>, AcceptError> {
        match operation.read(&self.reply()) {
            Ok(value) => Ok(Response {
                value,
                parameters: self.parameters,
                raw: self.raw,
                signed: self.signed,
            }),
            Err(source) => {
                let failure = DecodeFailure::new(source, self.raw);
                Err(AcceptError::Decode(Box::new(failure)))
            }
        }
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("operation", &self.name)
            .field("parameters", &self.parameters)
            .field("signed", &self.signed)
            .finish_non_exhaustive()
    }
}

/// An answer that is believed, and its value.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    parameters: Parameters,
    raw: Bytes,
    signed: bool,
}

impl<T> Response<T> {
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

    /// The text of any field, known to the type or not: `result_msg`, `err_code_des`, what was added since.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// All fields.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Whether the answer was signed: some interfaces do not sign.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.signed
    }

    /// The bytes of the answer.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("signed", &self.signed)
            .finish_non_exhaustive()
    }
}

/// Judges an answer: HTTP status, form, `return_code`, signature, whose it is, `result_code`.
pub(crate) fn verify(
    keys: &Keys,
    request: &dyn Request,
    response: &http::Response<Bytes>,
) -> Result<Verified, AcceptError> {
    let info = request.info();
    let raw = response.body();
    if response.status() != StatusCode::OK {
        let answer = UnexpectedAnswer::of(response);
        return Err(AcceptError::Status(Box::new(answer)));
    }
    let whole = |parameters, signed| Verified {
        name: info.name,
        parameters,
        raw: raw.clone(),
        signed,
    };
    match info.reply {
        ReplyForm::Json => {
            return match json_start(raw) {
                Ok(()) => Ok(whole(Parameters::default(), false)),
                Err(kind) => Err(not_xml(NotXml::of(kind, raw.len()))),
            };
        }
        ReplyForm::File if file_start(raw) == Some(FileStart::File) => {
            return Ok(whole(Parameters::default(), false));
        }
        _ => {}
    }
    let parameters = parameters(&info, raw)?;
    let signed = authenticate(keys, &info, &parameters)?;
    if !same_app(request, &parameters) {
        let found = parameters.get("appid").unwrap_or_default().into();
        return Err(AcceptError::Verification(VerificationError::OtherApp {
            found,
        }));
    }
    if let Some(error) = ApiError::find(&parameters, signed) {
        return Err(AcceptError::Api(Box::new(error)));
    }
    if info.reply == ReplyForm::File {
        return Err(not_xml(NotXml::of(NotXmlKind::NoFile, raw.len())));
    }
    Ok(whole(parameters, signed))
}

/// The fields, if the request was taken at all.
fn parameters(info: &OperationInfo, raw: &Bytes) -> Result<Parameters, AcceptError> {
    // A signature covers no list, so there is none where there is a signature.
    let lists = info.reply == ReplyForm::Unsigned;
    let document = Document::parse_within(raw, Limits::new().lists(lists))
        .map_err(|source| not_xml(NotXml::parse(source, raw.len())))?;
    let mut parameters = Parameters::of(&document);
    if lists {
        parameters.keep_lists(raw);
    }
    // Some of those that are not signed have another root.
    let known = document.root() == "xml" || (lists && document.root() == "root");
    match parameters.get("return_code") {
        Some("SUCCESS") if known => Ok(parameters),
        Some(_) if known => {
            let error = ProtocolError::new(parameters);
            Err(AcceptError::Protocol(Box::new(error)))
        }
        _ => Err(not_xml(NotXml::of(NotXmlKind::NoReturnCode, raw.len()))),
    }
}

/// Whether it is signed, and whose it is.
fn authenticate(
    keys: &Keys,
    info: &OperationInfo,
    parameters: &Parameters,
) -> Result<bool, AcceptError> {
    let signed = match (info.reply, parameters.get("sign")) {
        (ReplyForm::Signed, sign) => {
            keys.verify(parameters, sign)
                .map_err(AcceptError::Verification)?;
            true
        }
        // Nothing depends on it: whoever could forge it could leave it out.
        (_, sign) => sign.is_some() && keys.verify(parameters, sign).is_ok(),
    };
    for field in [info.merchant_field, "mch_id"] {
        keys.owns(parameters, field)
            .map_err(AcceptError::Verification)?;
    }
    Ok(signed)
}

/// Whether request and answer name the same app, where both name one.
fn same_app(request: &dyn Request, parameters: &Parameters) -> bool {
    let Some(answered) = parameters.get("appid") else {
        return true;
    };
    let mut form = Form::only("appid");
    // It was written before, or the request would not have been sent.
    let _ = request.write(&mut form);
    form.get("appid").is_none_or(|asked| asked == answered)
}

fn json_start(raw: &[u8]) -> Result<(), NotXmlKind> {
    match raw.trim_ascii_start() {
        [b'{', ..] => Ok(()),
        [] => Err(NotXmlKind::Empty),
        [b'<', ..] => Err(NotXmlKind::Html),
        _ => Err(NotXmlKind::Other),
    }
}

fn not_xml(error: NotXml) -> AcceptError {
    AcceptError::NotXml(Box::new(error))
}
