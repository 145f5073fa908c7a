//! What is done with each operation.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wxpay_json::DateTime;
use wxpay_proto::sign::{ApiV2Key, Decryptor as _, PrivateKey, SignType, WorkwxSecret};
use wxpay_proto::v2::{
    AcceptError, Host, Merchant, Operation, PrepareError, ReplyForm, Request, Signing,
};
use wxpay_proto::{Idempotency, Nonce};

use crate::answer::{Answer, Words, element};
use crate::facts::Facts;
use crate::places::{broken, path, places};
use crate::sample::{Extent, Field};

const MERCHANT: &str = "1900007291";
const KEY: &str = "0123456789abcdef0123456789abcdef";
const NONCE: &str = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";

pub(crate) struct Run<'a> {
    facts: &'a [Facts],
    merchant: Merchant,
    key: PrivateKey,
    pub(crate) names: Vec<&'static str>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(facts: &'a [Facts]) -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../wxpay-sign/tests/vectors/keys/TEST-ONLY-private-key.pem"
        );
        let key = PrivateKey::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap();
        let merchant = Merchant::new(MERCHANT, ApiV2Key::new(KEY).unwrap())
            .unwrap()
            .with_sign_type(SignType::HmacSha256)
            .with_encryption_key(key.public_key())
            .with_workwx_secret(WorkwxSecret::new(KEY).unwrap());
        Self {
            facts,
            merchant,
            key,
            names: Vec::new(),
        }
    }
}

impl<'a> Run<'a> {
    /// An operation with an answer in XML.
    pub(crate) fn operation<O>(&mut self, name: &'static str)
    where
        O: Operation + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
        O::Response: Debug,
    {
        let facts = self.request::<O>(name);
        self.answers::<O>(facts);
    }

    /// An operation that answers with a file.
    pub(crate) fn file<O>(&mut self, name: &'static str)
    where
        O: Operation<Response = Bytes> + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let facts = self.request::<O>(name);
        let operation: O = sample(facts, Extent::Least);
        let file = "\u{feff}交易时间,公众账号ID\n`2018-06-08 10:34:56,`wx1\n";
        let response = http::Response::new(Bytes::from_static(file.as_bytes()));
        let answer = self.merchant.accept(&operation, &response).unwrap();
        assert_eq!(answer.value(), file.as_bytes(), "{name}");
        let refused = "<xml><return_code><![CDATA[FAIL]]></return_code>\
                       <return_msg><![CDATA[No Bill Exist]]></return_msg></xml>";
        let response = http::Response::new(Bytes::from_static(refused.as_bytes()));
        let error = self.merchant.accept(&operation, &response).unwrap_err();
        assert_says(name, &error, "No Bill Exist");
    }

    /// An address that a browser opens.
    pub(crate) fn page<O>(&mut self, name: &'static str)
    where
        O: Request + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
    {
        self.request::<O>(name);
    }

    fn request<O>(&mut self, name: &'static str) -> &'a Facts
    where
        O: Request + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let facts = self.facts.iter().find(|facts| facts.name == name);
        let facts = facts.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
        self.names.push(name);
        info(facts, &sample::<O>(facts, Extent::Full));
        for extent in [Extent::Full, Extent::Least] {
            self.sent::<O>(facts, extent);
        }
        secrets::<O>(facts);
        required::<O>(facts);
        limits::<O>(facts);
        facts
    }

    /// What goes over the wire: exactly the fields of the sample, and what the protocol adds.
    fn sent<O>(&self, facts: &Facts, extent: Extent)
    where
        O: Request + Clone + Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let name = &facts.name;
        let value = facts.all().sample(extent);
        let operation: O = sample(facts, extent);
        assert_eq!(
            serde_json::to_value(&operation).unwrap(),
            value,
            "{name}: stored and read again"
        );
        operation
            .check()
            .unwrap_or_else(|error| panic!("{name}: {error}"));

        let mut sent = self.fields(&operation);
        let sign = sent.remove("sign").unwrap();
        let sign_type = match &*sign {
            sign if sign.len() == 32 => SignType::Md5,
            _ => SignType::HmacSha256,
        };
        let allowed = match facts.sign.as_deref() {
            Some("md5") => sign_type == SignType::Md5,
            Some(_) => sign_type == SignType::HmacSha256,
            // The merchant's choice, where it can be said.
            None => (sign_type == SignType::HmacSha256) == facts.sign_type,
        };
        assert!(allowed, "{name}: {sign_type:?}");
        let mut signed = sent.clone();
        for field in facts.fields.iter().filter(|field| field.url_encoded) {
            if let Some(text) = signed.get_mut(&field.name) {
                *text = percent_decoded(text);
            }
        }
        let key = ApiV2Key::new(KEY).unwrap();
        assert_eq!(sign, key.sign(sign_type, &signed), "{name}");

        assert_eq!(
            sent.remove(&facts.merchant).as_deref(),
            Some(MERCHANT),
            "{name}"
        );
        let nonce = facts.nonce.then_some(NONCE);
        assert_eq!(sent.remove("nonce_str").as_deref(), nonce, "{name}");
        let said = facts.sign_type.then_some(sign_type.as_str());
        assert_eq!(sent.remove("sign_type").as_deref(), said, "{name}");
        let second = sent.remove("workwx_sign");
        assert_eq!(second.is_some(), !facts.workwx_sign.is_empty(), "{name}");

        for field in &facts.fields {
            let sent = sent.remove(&field.name);
            let Some(value) = value.get(&field.name) else {
                assert_eq!(sent, None, "{name}: {}", field.name);
                continue;
            };
            let sent = sent.unwrap_or_else(|| panic!("{name}: {} is not sent", field.name));
            self.same(name, field, value, &sent);
        }
        assert!(sent.is_empty(), "{name}: {sent:?} is sent besides");
    }

    fn same(&self, name: &str, field: &Field, value: &Value, sent: &str) {
        let place = format!("{name}: {}", field.name);
        if field.json {
            let sent: Value = serde_json::from_str(sent).unwrap();
            return assert_eq!(&sent, value, "{place}");
        }
        let time = || {
            DateTime::parse(value.as_str().unwrap())
                .unwrap()
                .to_string()
        };
        let expected = match (field.kind.as_str(), field.format.as_deref()) {
            ("fen" | "integer", _) => value.as_i64().unwrap().to_string(),
            ("boolean", _) => value.as_bool().unwrap().to_string(),
            ("datetime", Some("compact")) => {
                time()[..19].chars().filter(char::is_ascii_digit).collect()
            }
            ("datetime", _) => time()[..19].replace('T', " "),
            ("date", Some("compact")) => value.as_str().unwrap().replace('-', ""),
            _ => value.as_str().unwrap().to_owned(),
        };
        let sent = if field.sensitive {
            assert_ne!(sent, expected, "{place} is encrypted");
            self.key.decrypt(sent).unwrap()
        } else if field.url_encoded {
            percent_decoded(sent)
        } else {
            sent.to_owned()
        };
        assert_eq!(sent, expected, "{place}");
    }

    /// The fields as they stand in the body, or in the query of an address.
    fn fields(&self, request: &dyn Request) -> BTreeMap<String, String> {
        let nonce = Nonce::new(NONCE).unwrap();
        if request.info().query {
            let url = self.merchant.page_url(request, &nonce).unwrap();
            let (_, query) = url.split_once('?').unwrap();
            let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
            return pairs
                .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
                .collect();
        }
        let encoded = self.merchant.encode(request, &nonce).unwrap();
        let document = wxpay_xml::Document::parse(encoded.body()).unwrap();
        document
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Answers with everything and with as little as can be, and answers that are wrong.
    fn answers<O>(&self, facts: &Facts)
    where
        O: Operation + DeserializeOwned,
        O::Response: Debug,
    {
        let name = &facts.name;
        let operation: O = sample(facts, Extent::Least);
        let full = Answer::of(&facts.response, Extent::Full, Words::Unknown);
        let accepted = |answer: &Answer| match self.accept(facts, &operation, answer, &[]) {
            Ok(value) => format!("{value:?}"),
            Err(error) => panic!("{name}: {error}: {error:?}"),
        };
        let shown = accepted(&full);
        for text in &full.shown {
            assert!(shown.contains(text), "{name}: {text} is not in {shown}");
        }
        for text in &full.hidden {
            assert!(
                !shown.contains(&format!("{text:?}")),
                "{name}: {text} is in {shown}"
            );
        }
        let known = Answer::of(&facts.response, Extent::Full, Words::Known);
        let shown = accepted(&known);
        assert!(!shown.contains("Unknown("), "{name}: {shown}");
        let least = Answer::of(&facts.response, Extent::Least, Words::Known);
        accepted(&least);
        for required in &full.required {
            let wrong = [(required.as_str(), "")];
            let error = self.accept(facts, &operation, &full, &wrong).unwrap_err();
            assert_says(name, &error, required);
        }
        for number in &full.numbers {
            let wrong = [(number.as_str(), "1.0")];
            let error = self.accept(facts, &operation, &full, &wrong).unwrap_err();
            assert_says(name, &error, number);
        }
    }

    /// The answer with some of its elements replaced, as WeChat Pay sends it.
    fn accept<O: Operation>(
        &self,
        facts: &Facts,
        operation: &O,
        answer: &Answer,
        replaced: &[(&str, &str)],
    ) -> Result<O::Response, AcceptError> {
        let mut xml = answer.xml.clone();
        let mut elements: BTreeMap<&str, &str> = answer
            .elements
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        for (name, text) in replaced {
            let before = elements.insert(name, text).unwrap();
            assert!(xml.contains(&element(name, before)));
            xml = xml.replace(&element(name, before), &element(name, text));
        }
        elements.retain(|_, text| !text.is_empty());
        let envelope = [
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            (facts.merchant.as_str(), MERCHANT),
        ];
        for (name, text) in envelope {
            // Some answers repeat the merchant's number among their own fields.
            if elements.insert(name, text).is_none() {
                xml.push_str(&element(name, text));
            }
        }
        if facts.reply == "signed" {
            let key = ApiV2Key::new(KEY).unwrap();
            let sign = key.sign(operation.info().sign_type(SignType::HmacSha256), &elements);
            xml.push_str(&element("sign", &sign));
        }
        let body = Bytes::from(format!("<xml>{xml}</xml>"));
        let answer = self
            .merchant
            .accept(operation, &http::Response::new(body))?;
        Ok(answer.into_value())
    }
}

fn sample<O: DeserializeOwned>(facts: &Facts, extent: Extent) -> O {
    serde_json::from_value(facts.all().sample(extent))
        .unwrap_or_else(|error| panic!("{}: {error}", facts.name))
}

/// The error, or one it comes from, says `expected`.
fn assert_says(name: &str, error: &AcceptError, expected: &str) {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    assert!(text.contains(expected), "{name}: {expected}: {text}");
}

fn info(facts: &Facts, request: &dyn Request) {
    let (name, info) = (&facts.name, request.info());
    assert_eq!(info.name, name);
    assert_eq!(info.path, facts.path, "{name}");
    assert_eq!(info.query, facts.method == "GET", "{name}");
    assert_eq!(info.merchant_field, facts.merchant, "{name}");
    assert_eq!(info.sign_type_field, facts.sign_type, "{name}");
    assert_eq!(info.nonce_field, facts.nonce, "{name}");
    assert_eq!(info.certificate, facts.certificate, "{name}");
    assert_eq!(info.workwx_sign, facts.workwx_sign, "{name}");
    let host = match &*facts.host {
        "fraud" => Host::Fraud,
        "payapp" => Host::PayApp,
        "payapp_mch" => Host::PayAppMch,
        _ => Host::Api,
    };
    assert_eq!(info.host, host, "{name}");
    let signing = match facts.sign.as_deref() {
        Some("md5") => Signing::Md5,
        Some(_) => Signing::HmacSha256,
        None => Signing::Any,
    };
    assert_eq!(info.signing, signing, "{name}");
    let reply = match &*facts.reply {
        "file" => ReplyForm::File,
        "unsigned" => ReplyForm::Unsigned,
        _ => ReplyForm::Signed,
    };
    assert_eq!(info.reply, reply, "{name}");
    let idempotency = match &*facts.idempotency {
        "safe" => Idempotency::Safe,
        "none" => Idempotency::No,
        _ => Idempotency::MerchantNumber,
    };
    assert_eq!(info.idempotency, idempotency, "{name}");
}

/// Text about people is not shown, and not sent plain where it has to be encrypted.
fn secrets<O: Request + Debug + DeserializeOwned>(facts: &Facts) {
    let name = &facts.name;
    let object = facts.all();
    let full = object.sample(Extent::Full);
    let operation: O = sample(facts, Extent::Full);
    let shown = format!("{operation:?}");
    for (pointer, field) in places(&object, &full) {
        if field.redacted || field.sensitive {
            let text = full.pointer(&pointer).unwrap().to_string();
            assert!(!shown.contains(&text), "{name}: {pointer} is in {shown}");
        }
    }
    let mut encrypted = facts.fields.iter().filter(|field| field.sensitive);
    if encrypted.next().is_some() {
        let merchant = Merchant::new(MERCHANT, ApiV2Key::new(KEY).unwrap()).unwrap();
        let error = merchant.encode(&operation, &Nonce::new(NONCE).unwrap());
        let Err(PrepareError::Body(error)) = error else {
            panic!("{name}: sent without a key: {error:?}");
        };
        let named = |field: &Field| field.sensitive && error.to_string().contains(&field.name);
        assert!(facts.fields.iter().any(named), "{name}: {error}");
    }
}

/// Nothing that is required may be missing.
fn required<O: DeserializeOwned>(facts: &Facts) {
    let object = facts.all();
    let full = object.sample(Extent::Full);
    for (pointer, field) in places(&object, &full) {
        let mut sample = full.clone();
        let (parent, _) = pointer.rsplit_once('/').unwrap();
        let parent = sample.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(&field.name);
        let taken = serde_json::from_value::<O>(sample).is_ok();
        assert_eq!(taken, !field.required, "{}: without {pointer}", facts.name);
    }
}

/// Every limit is looked at, and the error names the field.
fn limits<O: Request + DeserializeOwned>(facts: &Facts) {
    let object = facts.all();
    let full = object.sample(Extent::Full);
    for (pointer, field) in places(&object, &full) {
        for broken in broken(&field, full.pointer(&pointer).unwrap()) {
            let mut sample = full.clone();
            *sample.pointer_mut(&pointer).unwrap() = broken.clone();
            let operation: O = serde_json::from_value(sample)
                .unwrap_or_else(|error| panic!("{}: {pointer} = {broken}: {error}", facts.name));
            let Err(error) = operation.check() else {
                panic!("{}: {pointer} = {broken} was taken", facts.name);
            };
            assert_eq!(error.field(), path(&pointer), "{}: {error}", facts.name);
        }
    }
    for group in &object.any_of {
        let mut sample = full.clone();
        for name in group {
            sample.as_object_mut().unwrap().remove(name);
        }
        let operation: O = serde_json::from_value(sample).unwrap();
        let error = operation.check().unwrap_err();
        assert_eq!(error.field(), group.join(" or "), "{}", facts.name);
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).unwrap()
}
