//! What every request passes before the book sees it: the order is WeChat Pay's, from the path over
//! the headers and the signature to the body.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use wxpay_sign::{PlatformKeyId, PrivateKey, Timestamp};

use super::answer;
use super::auth::{self, Merchant, Rejection, Signed};
use super::call::{Failure, Query, Upload, numeric};
use super::catalogue::{Catalogue, Operation, ReplySignature, Route};
use super::certificates::Keys;
use super::client::ClientCertificate;
use super::{check, cipher, multipart, upload};
use crate::identity::Identity;

/// The largest JSON body, in bytes. The largest order WeChat Pay takes has some ten thousand.
const MOST_JSON_BYTES: usize = 1 << 20;
/// The largest upload whose facts say nothing of its size, in bytes.
const MOST_UPLOAD_BYTES: usize = 16 << 20;
/// More parameters than any operation has, its lists included.
const MOST_PARAMETERS: usize = 256;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When it came, by the sandbox's clock.
    pub(crate) now: Timestamp,
    /// Who the client is by TLS.
    pub(crate) certificate: Option<ClientCertificate>,
}

impl Incoming {
    /// The key named in `Wechatpay-Serial`, where it is a name a key can have.
    pub(crate) fn named_key(&self) -> Option<PlatformKeyId> {
        let value = self.headers.get(answer::SERIAL)?.to_str().ok()?;
        PlatformKeyId::parse(value).ok()
    }

    /// Whether it came over TLS, so that the client could show a certificate.
    pub(crate) fn is_secure(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Scheme and authority under which the sandbox was reached.
    pub(crate) fn base_url(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        let host = self
            .headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .and_then(|host| host.parse::<Authority>().ok());
        match self.uri.authority().or(host.as_ref()) {
            Some(authority) => format!("{scheme}://{authority}"),
            None => format!("{scheme}://localhost"),
        }
    }
}

/// A request before those who judge it.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) incoming: &'a Incoming,
    pub(crate) identity: &'a Identity,
    pub(crate) keys: &'a Keys,
}

/// A request that may go on to the book.
#[derive(Debug)]
pub(crate) struct Passed<'c> {
    pub(crate) operation: &'c Operation,
    pub(crate) path_params: BTreeMap<String, String>,
    pub(crate) query: Query,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
    pub(crate) upload: Option<Upload>,
}

/// A request that may not.
#[derive(Debug)]
pub(crate) struct Refused<'c> {
    pub(crate) failure: Failure,
    /// Everything found wrong, for the journal.
    pub(crate) problems: Vec<String>,
    /// Whether the answer carries a signature: not before the caller is known.
    pub(crate) signed: bool,
    pub(crate) operation: Option<&'c Operation>,
}

impl<'c> Refused<'c> {
    fn unsigned(failure: Failure, problem: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            failure,
            problems: vec![problem.into()],
            signed: false,
            operation: None,
        })
    }

    fn of(operation: &'c Operation, failure: Failure, problem: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            failure,
            problems: vec![problem.into()],
            signed: true,
            operation: Some(operation),
        })
    }

    fn rejection(operation: &'c Operation, rejection: Rejection) -> Box<Self> {
        Box::new(Self {
            failure: rejection.failure,
            problems: vec![rejection.problem],
            signed: false,
            operation: Some(operation),
        })
    }

    /// The answer names the first finding, the journal all.
    fn findings(operation: &'c Operation, findings: Vec<Failure>) -> Option<Box<Self>> {
        let problems = findings
            .iter()
            .map(|failure| failure.message.clone())
            .collect();
        let failure = findings.into_iter().next()?;
        Some(Box::new(Self {
            failure,
            problems,
            signed: true,
            operation: Some(operation),
        }))
    }
}

impl Visit<'_> {
    /// Judges the request.
    pub(crate) fn judge<'c>(
        &self,
        catalogue: &'c Catalogue,
    ) -> Result<Passed<'c>, Box<Refused<'c>>> {
        let (operation, path_params) = self.route(catalogue)?;
        self.check_headers(operation)?;
        let upload = self.upload(operation)?;
        self.authenticate(operation, upload.as_ref().map(|parts| &parts.meta))?;

        let headers = self.named_headers(operation);
        let mut query = match self.query() {
            Ok(query) => query,
            Err(problem) => {
                let failure = Failure::param_error_in("query", "", Value::Null, "查询参数格式错误");
                return Err(Refused::of(operation, failure, problem));
            }
        };
        if cipher::present_in_query(&operation.query, &query) {
            let key = self.key_of_sensitive(operation)?;
            cipher::open_query(&operation.query, &mut query, key)
                .map_err(|failure| unopened(operation, failure))?;
        }
        let mut findings = check::path(&operation.path_params, &path_params);
        findings.extend(check::query(&operation.query, &operation.any_of, &query));
        findings.extend(check::headers(&operation.headers, &headers));
        if let Some(refused) = Refused::findings(operation, findings) {
            return Err(refused);
        }
        let (body, upload) = match upload {
            Some(parts) => {
                let upload = self.described(operation, parts)?;
                (upload.meta.clone(), Some(upload))
            }
            None => (self.body(operation)?, None),
        };
        Ok(Passed {
            operation,
            path_params,
            query,
            headers,
            body,
            upload,
        })
    }

    fn route<'c>(
        &self,
        catalogue: &'c Catalogue,
    ) -> Result<(&'c Operation, BTreeMap<String, String>), Box<Refused<'c>>> {
        let missing = || {
            Failure::new(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                numeric::OTHER,
                "请求的资源不存在",
            )
        };
        match catalogue.route(self.incoming.method.as_str(), self.incoming.uri.path()) {
            Route::Found(operation, params) => Ok((operation, params)),
            Route::OtherMethod(methods) => Err(Refused::unsigned(
                missing(),
                format!(
                    "this path is called with {}, not {}",
                    methods.join(" or "),
                    self.incoming.method
                ),
            )),
            Route::Unknown => Err(Refused::unsigned(
                missing(),
                "no operation of the catalogue has this path",
            )),
        }
    }

    fn check_headers<'c>(&self, operation: &'c Operation) -> Result<(), Box<Refused<'c>>> {
        let present = |name| {
            self.incoming
                .headers
                .get(name)
                .is_some_and(|value| !value.is_empty())
        };
        let refuse = |message: &str, problem: String| {
            let failure = Failure::invalid_request(numeric::ILLEGAL_PARAMETER, message);
            Err(Refused::of(operation, failure, problem))
        };
        let missing: Vec<&str> = [header::ACCEPT, header::USER_AGENT]
            .iter()
            .filter(|name| !present(*name))
            .map(|name| {
                if *name == header::ACCEPT {
                    "Accept"
                } else {
                    "User-Agent"
                }
            })
            .collect();
        if !missing.is_empty() {
            return refuse(
                "Http头缺少Accept或User-Agent",
                format!("missing or empty: {}", missing.join(", ")),
            );
        }
        let accepts_json = self
            .incoming
            .headers
            .get_all(header::ACCEPT)
            .iter()
            .any(|value| {
                let value = value.to_str().unwrap_or_default();
                value.split(',').any(|range| {
                    let range = range.split(';').next().unwrap_or_default().trim();
                    ["application/json", "application/*", "*/*"]
                        .iter()
                        .any(|known| range.eq_ignore_ascii_case(known))
                })
            });
        // Files are sent whatever the client says it takes.
        if !accepts_json && operation.reply == ReplySignature::Signed {
            return refuse(
                "Http头Accept必须为application/json",
                "Accept names neither application/json nor */*".to_owned(),
            );
        }
        Ok(())
    }

    /// Takes an upload apart, as far as its signature needs it.
    fn upload<'c>(
        &self,
        operation: &'c Operation,
    ) -> Result<Option<multipart::Parts>, Box<Refused<'c>>> {
        if !operation.is_upload() {
            return Ok(None);
        }
        let form = operation.upload_form();
        // A file may be as large as the facts say, and has its description around it.
        let most = form.max.unwrap_or_default().saturating_add(MOST_JSON_BYTES);
        self.check_size(operation, most.max(MOST_UPLOAD_BYTES))?;
        let (content_type, body) = (self.content_type(), &self.incoming.body);
        multipart::parse(content_type, body, &form.meta, &form.file)
            .map(Some)
            .map_err(|problem| {
                let failure = Failure::param_error("", "请求体不是合法的multipart/form-data");
                Refused::of(operation, failure, problem)
            })
    }

    /// Holds a file against its description, and the description against the catalogue.
    fn described<'c>(
        &self,
        operation: &'c Operation,
        parts: multipart::Parts,
    ) -> Result<Upload, Box<Refused<'c>>> {
        let mut meta = self.json(operation, &parts.meta)?;
        if let Some(schema) = &operation.meta {
            if cipher::present(schema, &meta) {
                let key = self.key_of_sensitive(operation)?;
                cipher::open(schema, &mut meta, key)
                    .map_err(|failure| unopened(operation, failure))?;
            }
            self.hold_against(operation, schema, &upload::without_implied(schema, &meta))?;
        }
        let findings = check::form(&operation.form, &parts.form);
        if let Some(refused) = Refused::findings(operation, findings) {
            return Err(refused);
        }
        let upload = Upload {
            meta,
            file_name: parts.file_name,
            content: parts.content,
            form: parts.form,
        };
        match upload::check(operation.upload_form(), operation.meta.as_ref(), &upload) {
            Some(failure) => {
                let problem = failure.message.clone();
                Err(Refused::of(operation, failure, problem))
            }
            None => Ok(upload),
        }
    }

    /// The headers the catalogue has for the operation. One that is no text counts as missing.
    fn named_headers(&self, operation: &Operation) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::new();
        for field in &operation.headers {
            let value = self.incoming.headers.get(field.name.as_str());
            if let Some(text) = value.and_then(|value| value.to_str().ok()) {
                headers.insert(field.name.clone(), text.to_owned());
            }
        }
        headers
    }

    fn authenticate<'c>(
        &self,
        operation: &'c Operation,
        meta: Option<&Bytes>,
    ) -> Result<(), Box<Refused<'c>>> {
        let certificate = self.identity.merchant_certificate();
        let merchant = Merchant {
            mchid: self.identity.mchid(),
            serial_no: certificate.serial_number(),
            public_key: certificate.public_key(),
            not_after: certificate.not_after(),
        };
        let target = self
            .incoming
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let signed = Signed {
            method: self.incoming.method.as_str(),
            target,
            body: meta.unwrap_or(&self.incoming.body),
        };
        auth::authenticate(
            &self.incoming.headers,
            &signed,
            &merchant,
            self.incoming.now,
        )
        .map_err(|rejection| Refused::rejection(operation, rejection))
    }

    fn body<'c>(&self, operation: &'c Operation) -> Result<Value, Box<Refused<'c>>> {
        self.check_size(operation, MOST_JSON_BYTES)?;
        let Some(schema) = &operation.body else {
            // `{}` does no harm where nothing is expected.
            return if self.incoming.body.is_empty() || self.incoming.body.trim_ascii() == b"{}" {
                Ok(Value::Null)
            } else {
                let mut failure = Failure::param_error("", "此接口没有请求体");
                failure.numeric = numeric::EXTRA_PARAMETER;
                Err(Refused::of(
                    operation,
                    failure,
                    "this operation has no body",
                ))
            };
        };
        let essence = self
            .content_type()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let failure = Failure::param_error_in(
                "header",
                "Content-Type",
                essence.into(),
                "Http头Content-Type必须为application/json",
            );
            return Err(Refused::of(
                operation,
                failure,
                "Content-Type is not application/json",
            ));
        }
        let mut body = self.json(operation, &self.incoming.body)?;
        if cipher::present(schema, &body) {
            let key = self.key_of_sensitive(operation)?;
            cipher::open(schema, &mut body, key).map_err(|failure| unopened(operation, failure))?;
        }
        self.hold_against(operation, schema, &body)?;
        Ok(body)
    }

    /// The key the request names for what is sensitive in it.
    fn key_of_sensitive<'c>(
        &self,
        operation: &'c Operation,
    ) -> Result<&PrivateKey, Box<Refused<'c>>> {
        let refuse = |value: Value, message: &str, problem: &str| {
            let failure = Failure::param_error_in("header", "Wechatpay-Serial", value, message);
            Err(Refused::of(operation, failure, problem))
        };
        let Some(header) = self.incoming.headers.get(answer::SERIAL) else {
            return refuse(
                Value::Null,
                "请求中含有敏感信息字段，Http头缺少Wechatpay-Serial",
                "the request has sensitive fields and no Wechatpay-Serial says which key encrypted them",
            );
        };
        let shown = check::clip(&String::from_utf8_lossy(header.as_bytes()), 64);
        let key = self
            .incoming
            .named_key()
            .and_then(|id| self.keys.opener(self.identity, &id, self.incoming.now));
        match key {
            Some(key) => Ok(key),
            None => refuse(
                shown.into(),
                "平台证书序列号Wechatpay-Serial错误",
                "Wechatpay-Serial names neither the public key nor a platform certificate in force",
            ),
        }
    }

    fn json<'c>(&self, operation: &'c Operation, text: &[u8]) -> Result<Value, Box<Refused<'c>>> {
        let value: Value = serde_json::from_slice(text).map_err(|error| {
            let failure = Failure::param_error("", "请求体不是合法的JSON");
            Refused::of(operation, failure, format!("the body is not JSON: {error}"))
        })?;
        if let Some(pointer) = check::four_byte_character(&value) {
            let failure =
                Failure::param_error(&pointer, "含有不支持的字符，仅支持1至3字节的UTF-8字符");
            let problem = format!("{pointer}: a character of four UTF-8 bytes, such as an emoji");
            return Err(Refused::of(operation, failure, problem));
        }
        Ok(value)
    }

    fn hold_against<'c>(
        &self,
        operation: &'c Operation,
        schema: &super::catalogue::Field,
        body: &Value,
    ) -> Result<(), Box<Refused<'c>>> {
        match Refused::findings(operation, check::body(schema, body)) {
            Some(refused) => Err(refused),
            None => Ok(()),
        }
    }

    fn check_size<'c>(
        &self,
        operation: &'c Operation,
        most: usize,
    ) -> Result<(), Box<Refused<'c>>> {
        if self.incoming.body.len() <= most {
            return Ok(());
        }
        let failure = Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PARAM_ERROR",
            numeric::OUT_OF_RANGE,
            "请求体过大",
        );
        let problem = format!(
            "the body has {} bytes, at most {most} are taken",
            self.incoming.body.len()
        );
        Err(Refused::of(operation, failure, problem))
    }

    fn content_type(&self) -> &str {
        self.incoming
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    fn query(&self) -> Result<Query, String> {
        self.incoming.query()
    }
}

/// A sensitive field that the key named does not open.
fn unopened(operation: &Operation, failure: Failure) -> Box<Refused<'_>> {
    let problem = format!("{}: does not decrypt with the key named", failure.message);
    Refused::of(operation, failure, problem)
}

impl Incoming {
    /// The parameters of the query, percent-decoded.
    pub(crate) fn query(&self) -> Result<Query, String> {
        let mut query = Query::default();
        let mut count = 0;
        let decode = |text: &str| {
            percent_decode_str(&text.replace('+', " "))
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| "the query is not UTF-8".to_owned())
        };
        let text = self.uri.query().unwrap_or_default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            count += 1;
            if count > MOST_PARAMETERS {
                return Err("the query has too many parameters".to_owned());
            }
            query.push(name, decode(value)?);
        }
        Ok(query)
    }
}
