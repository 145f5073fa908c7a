//! What every request of v2 passes before the book sees it, in WeChat Pay's order: method, body,
//! XML, the merchant, the signature, the fields.

mod signature;

use http::{Method, header};
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use wxpay_xml::{Document, ErrorKind};

use super::check;
use super::facts::{Operation, Realm, Route};
use super::wire::Pairs;
use crate::core::book::Signing;
use crate::core::book::v2::Refusal;
use crate::core::client::Stranger;
use crate::core::gate::Incoming;
use crate::core::multipart;
use crate::identity::Identity;

/// The one interface that takes a file.
const UPLOAD: &str = "/secapi/mch/uploadmedia";
/// The largest file, in bytes.
const MOST_UPLOAD: usize = 2 << 20;
/// The length of a `nonce_str`, in bytes, at most.
const MOST_NONCE: usize = 32;

/// A request that may go on to the book.
#[derive(Debug)]
pub(super) struct Passed {
    /// The fields that are not empty, encrypted ones in the clear.
    pub(super) fields: Pairs,
    pub(super) signing: Signing,
    pub(super) remarks: Vec<String>,
}

/// A request that may not.
#[derive(Debug)]
pub(super) enum Refused {
    /// The gateway does not let it in: no client certificate.
    NoCertificate(String),
    /// `return_code` FAIL: nothing of it is believed.
    Protocol { message: String, problem: String },
    /// `result_code` FAIL: the caller is known, what it says is wrong.
    Business(Box<Mistaken>),
}

/// A request of somebody known that says something wrong.
#[derive(Debug)]
pub(super) struct Mistaken {
    pub(super) passed: Passed,
    /// The first finding.
    pub(super) refusal: Refusal,
    /// All of them, for the journal.
    pub(super) problems: Vec<String>,
}

impl Refused {
    fn protocol(message: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Protocol {
            message: message.into(),
            problem: problem.into(),
        }
    }
}

/// A request before those who judge it.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) incoming: &'a Incoming,
    pub(super) identity: &'a Identity,
    pub(super) operation: &'a Operation,
    pub(super) realm: Realm,
}

impl<'a> Visit<'a> {
    pub(super) fn new(route: Route<'a>, incoming: &'a Incoming, identity: &'a Identity) -> Self {
        Self {
            incoming,
            identity,
            operation: route.operation,
            realm: route.realm,
        }
    }

    /// Judges the request.
    pub(super) fn judge(&self) -> Result<Passed, Refused> {
        let mut remarks = Vec::new();
        self.check_certificate(&mut remarks)?;
        let fields = self.read()?;
        self.check_merchant(&fields)?;
        let signing = self.authenticate(&fields)?;
        let mut passed = Passed {
            fields,
            signing,
            remarks,
        };
        let findings = self.findings(&mut passed);
        let problems = findings
            .iter()
            .map(|refusal| refusal.message.clone())
            .collect();
        match findings.into_iter().next() {
            None => Ok(passed),
            Some(refusal) => Err(Refused::Business(Box::new(Mistaken {
                passed,
                refusal,
                problems,
            }))),
        }
    }

    fn check_certificate(&self, remarks: &mut Vec<String>) -> Result<(), Refused> {
        if !self.operation.certificate || self.realm != Realm::Real {
            return Ok(());
        }
        let checked = self.incoming.check_certificate(self.identity, remarks);
        checked.map_err(|stranger| match stranger {
            Stranger::Unknown => Refused::NoCertificate(stranger.problem().to_owned()),
            Stranger::Other => Refused::protocol("证书验证失败", stranger.problem()),
        })
    }

    /// The parameters, wherever the interface has them.
    fn read(&self) -> Result<Pairs, Refused> {
        if self.operation.method == "GET" {
            return self.read_query();
        }
        if self.incoming.method != Method::POST {
            let problem = format!("called with {}, not POST", self.incoming.method);
            return Err(Refused::protocol("请使用post方法", problem));
        }
        let body = &self.incoming.body;
        if body.is_empty() {
            return Err(Refused::protocol("post数据为空", "there is no body"));
        }
        if self.operation.path == UPLOAD {
            return self.read_upload();
        }
        let document = Document::parse(body).map_err(|error| {
            let message = match error.kind() {
                ErrorKind::Encoding | ErrorKind::NotUtf8 => "编码格式错误，请使用UTF-8",
                ErrorKind::Empty => "post数据为空",
                _ => "XML格式错误",
            };
            Refused::protocol(message, format!("the body: {error}"))
        })?;
        if document.root() != "xml" {
            let problem = "the root element is not `xml`";
            return Err(Refused::protocol("XML格式错误", problem));
        }
        let mut pairs = Pairs::of(&document);
        for field in self
            .operation
            .fields
            .iter()
            .filter(|field| field.url_encoded)
        {
            let Some(text) = pairs.get(&field.name) else {
                continue;
            };
            let decoded = percent_decode_str(text).decode_utf8().map_err(|_| {
                Refused::protocol(
                    "编码格式错误，请使用UTF-8",
                    format!("{} is not UTF-8 once percent-decoded", field.name),
                )
            })?;
            let decoded = decoded.into_owned();
            pairs.set(&field.name, decoded);
        }
        Ok(pairs)
    }

    /// The fields beside a file. The signature covers the file through its hash.
    fn read_upload(&self) -> Result<Pairs, Refused> {
        let wrong = |problem: String| Refused::protocol("媒体文件格式错误", problem);
        let content_type = self.incoming.headers.get(header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let form = multipart::take_apart(content_type, &self.incoming.body)
            .map_err(|problem| wrong(problem.to_owned()))?;
        let mut pairs = Pairs::default();
        for (name, content) in form.texts {
            let text = std::str::from_utf8(&content)
                .map_err(|_| wrong(format!("part {name}: not UTF-8")))?;
            if pairs.get(&name).is_some() {
                return Err(wrong(format!("part {name}: it stands twice")));
            }
            pairs.set(&name, text);
        }
        let file = form.file.filter(|file| file.name == "media");
        let file = file.ok_or_else(|| wrong("there is no file named media".to_owned()))?;
        if file.content.is_empty() || file.content.len() > MOST_UPLOAD {
            return Err(wrong(format!(
                "media: between 1 and {MOST_UPLOAD} bytes are taken"
            )));
        }
        let hash = Md5::digest(&file.content);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        if pairs.get("media_hash") != Some(&*hash) {
            return Err(wrong(
                "media_hash: not the lower-case MD5 of the file".to_owned(),
            ));
        }
        Ok(pairs)
    }

    fn read_query(&self) -> Result<Pairs, Refused> {
        if self.incoming.method != Method::GET {
            let problem = format!("called with {}, not GET", self.incoming.method);
            return Err(Refused::protocol("请使用get方法", problem));
        }
        let query = self
            .incoming
            .query()
            .map_err(|problem| Refused::protocol("参数格式错误", problem))?;
        let mut pairs = Pairs::default();
        for name in query.names() {
            let [value] = query.all(name) else {
                let problem = "a parameter of the query stands twice";
                return Err(Refused::protocol("参数格式错误", problem));
            };
            pairs.set(name, value.clone());
        }
        Ok(pairs)
    }

    fn check_merchant(&self, fields: &Pairs) -> Result<(), Refused> {
        let name = &self.operation.merchant;
        match fields.get(name) {
            Some(given) if given == self.identity.mchid() => {}
            Some(given) if given.bytes().all(|byte| byte.is_ascii_digit()) && given.len() <= 32 => {
                return Err(Refused::protocol(
                    "商户号mch_id或sub_mch_id不存在",
                    format!("{name} is not the merchant's number"),
                ));
            }
            _ => {
                return Err(Refused::protocol(
                    format!("{name}参数格式错误"),
                    format!("{name} is missing, or no number"),
                ));
            }
        }
        if fields
            .get("sub_mch_id")
            .is_some_and(|given| given != self.identity.sub_mchid())
        {
            return Err(Refused::protocol(
                "商户号mch_id或sub_mch_id不存在",
                "sub_mch_id is not the sub-merchant's number",
            ));
        }
        Ok(())
    }

    /// Everything wrong with what the request says.
    fn findings(&self, passed: &mut Passed) -> Vec<Refusal> {
        let mut findings = Vec::new();
        let operation = self.operation;
        match passed.fields.get("nonce_str") {
            None if operation.nonce => findings.push(Refusal::lack("nonce_str")),
            Some(nonce) if nonce.len() > MOST_NONCE => {
                findings.push(Refusal::param_error("nonce_str参数长度有误，最多32个字符"));
            }
            _ => {}
        }
        findings.extend(self.check_apps(&passed.fields));
        findings.extend(self.check_workwx_sign(&passed.fields));
        let key = self.identity.public_key_signer();
        findings.extend(check::fields(operation, &mut passed.fields, key));
        findings
    }

    /// Whether the apps named are those of merchant and sub-merchant.
    fn check_apps(&self, fields: &Pairs) -> Option<Refusal> {
        // In 企业微信 `wxappid` is the company's own number, of which the sandbox knows nothing.
        let workwx = self.operation.is_workwx();
        let (appid, sub_appid) = (self.identity.appid(), self.identity.sub_appid());
        for name in ["appid", "mch_appid", "wxappid", "msgappid", "combine_appid"] {
            match fields.get(name) {
                None => {}
                Some(given) if given == appid => {}
                Some(given) if name == "msgappid" && given == sub_appid => {}
                Some(_) if workwx && name != "mch_appid" => {}
                Some(given) if given == sub_appid => {
                    return Some(Refusal::new(
                        "APPID_MCHID_NOT_MATCH",
                        format!("{name}和商户号不匹配"),
                    ));
                }
                Some(_) => {
                    return Some(Refusal::new("APPID_NOT_EXIST", format!("{name}不存在")));
                }
            }
        }
        match fields.get("sub_appid") {
            Some(given) if given != sub_appid => Some(Refusal::new(
                "APPID_MCHID_NOT_MATCH",
                "sub_appid和sub_mch_id不匹配",
            )),
            _ => None,
        }
    }
}
