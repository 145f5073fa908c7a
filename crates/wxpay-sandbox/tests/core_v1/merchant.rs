//! A merchant of 2014 with a sandbox core of its own: signs as the rules of v1 say and checks every
//! answer and notice.

use std::fmt::Write as _;

use bytes::Bytes;
use encoding_rs::{Encoding, GBK, UTF_8};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use wxpay_sandbox::{Change, Core, Delivery, Identity};
use wxpay_sign::{ApiV2Key, PaySignKey, SignType, Timestamp};
use wxpay_xml::Document;

/// 2024-01-01 10:34:56 in Beijing.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);
pub(crate) const URL: &str = "http://127.0.0.1:9471/notify";
pub(crate) const HOUR: i64 = 3_600;

/// Names and texts, in any order.
pub(crate) type Fields = Vec<(String, String)>;

pub(crate) struct Merchant {
    core: Option<Core>,
    pub(crate) now: Timestamp,
    pub(crate) charset: &'static Encoding,
    pub(crate) partner_key: ApiV2Key,
    pub(crate) pay_sign_key: PaySignKey,
    pub(crate) token: String,
    changes: Vec<Change>,
}

pub(crate) fn get<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, text)| text.as_str())
}

pub(crate) fn owned(fields: &[(&str, &str)]) -> Fields {
    let pairs = fields.iter();
    pairs
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// Sets a field, or adds it.
pub(crate) fn with(mut fields: Fields, name: &str, text: &str) -> Fields {
    fields.retain(|(known, _)| known != name);
    fields.push((name.to_owned(), text.to_owned()));
    fields
}

/// Percent-encoded bytes.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}

pub(crate) fn bytes(charset: &'static Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, unmappable) = charset.encode(text);
    assert!(!unmappable, "{text}");
    bytes.into_owned()
}

/// `name=value&…` with the values in the charset.
pub(crate) fn query(charset: &'static Encoding, fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, text)| format!("{name}={}", escape(&bytes(charset, text))))
        .collect();
    pairs.join("&")
}

pub(crate) fn unescape(text: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(text).collect()
}

impl Merchant {
    pub(crate) fn new() -> Self {
        let identity = Identity::generate(NOW.saturating_sub(24 * HOUR)).unwrap();
        let partner_key = ApiV2Key::new(identity.partner_key().expose()).unwrap();
        let pay_sign_key = PaySignKey::new(identity.pay_sign_key().expose()).unwrap();
        let mut merchant = Self {
            core: Some(Core::new(identity, NOW, 1)),
            now: NOW,
            charset: GBK,
            partner_key,
            pay_sign_key,
            token: String::new(),
            changes: Vec::new(),
        };
        merchant.fetch_token();
        merchant
    }

    pub(crate) fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    pub(crate) fn identity(&self) -> &Identity {
        self.core.as_ref().unwrap().identity()
    }

    pub(crate) fn appid(&self) -> String {
        self.identity().appid().to_owned()
    }

    pub(crate) fn partner(&self) -> String {
        self.identity().partner_id().to_owned()
    }

    /// Ends the sandbox and starts it again from what it kept.
    pub(crate) fn restart(&mut self) {
        let mut core = self.core.take().unwrap();
        self.changes.extend(core.take_changes());
        let text = serde_json::to_string(&self.changes).unwrap();
        let changes: Vec<Change> = serde_json::from_str(&text).unwrap();
        self.core = Some(Core::restore(core.into_identity(), changes));
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(seconds);
    }

    pub(crate) fn charset_name(&self) -> &'static str {
        if self.charset == UTF_8 {
            "UTF-8"
        } else {
            "GBK"
        }
    }

    pub(crate) fn md5(&self, fields: &[(String, String)]) -> String {
        let pairs = fields
            .iter()
            .map(|(name, text)| (name, bytes(self.charset, text)));
        self.partner_key.sign(SignType::Md5, pairs)
    }

    pub(crate) fn sha1(&self, fields: &[(&str, &str)]) -> String {
        self.pay_sign_key.sign(fields.iter().copied())
    }

    /// An order, not signed yet.
    pub(crate) fn order(&self, number: &str) -> Fields {
        owned(&[
            ("bank_type", "WX"),
            ("body", "矿泉水 A+B"),
            ("attach", "门店=1&台号=2"),
            ("partner", &self.partner()),
            ("out_trade_no", number),
            ("total_fee", "300"),
            ("transport_fee", "100"),
            ("product_fee", "200"),
            ("fee_type", "1"),
            ("notify_url", URL),
            ("spbill_create_ip", "203.0.113.7"),
            ("input_charset", self.charset_name()),
        ])
    }

    /// Sorts, signs and encodes.
    pub(crate) fn package(&self, mut order: Fields) -> String {
        order.sort();
        let sign = self.md5(&order);
        format!("{}&sign={sign}", query(self.charset, &order))
    }

    pub(crate) fn request(
        &self,
        method: Method,
        target: &str,
        body: impl Into<Bytes>,
    ) -> Request<Bytes> {
        Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:9470{target}"))
            .body(body.into())
            .unwrap()
    }

    pub(crate) fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        let now = self.now;
        let answer = self.core().handle(request, now);
        assert_eq!(answer.cut, None);
        answer.response
    }

    /// A call whose answer must be JSON with 200.
    pub(crate) fn json(&mut self, method: Method, target: &str, body: &str) -> Value {
        let request = self.request(method, target, body.to_owned());
        let response = self.send(request);
        assert_eq!(response.status(), 200);
        serde_json::from_slice(response.body()).unwrap()
    }

    pub(crate) fn token_target(&self) -> String {
        let appid = self.appid();
        let secret = self.identity().app_secret().expose();
        format!("/cgi-bin/token?grant_type=client_credential&appid={appid}&secret={secret}")
    }

    pub(crate) fn fetch_token(&mut self) {
        let target = self.token_target();
        let said = self.json(Method::GET, &target, "");
        assert_eq!(said["expires_in"], 7200, "{said}");
        self.token = said["access_token"].as_str().unwrap().to_owned();
    }

    /// A call with the token.
    pub(crate) fn platform(&mut self, path: &str, body: &Value) -> Value {
        let target = format!("{path}?access_token={}", self.token);
        self.json(Method::POST, &target, &body.to_string())
    }

    /// A body of `genprepay`, signed.
    pub(crate) fn prepay_body(&self, package: &str) -> Value {
        let appid = self.appid();
        let timestamp = self.now.to_string();
        let sign = self.sha1(&[
            ("appid", &appid),
            ("noncestr", "e7d161ac8d8a76529d39d9f5b4249ccb"),
            ("package", package),
            ("timestamp", &timestamp),
            ("traceid", "u1"),
        ]);
        json!({
            "appid": appid,
            "traceid": "u1",
            "noncestr": "e7d161ac8d8a76529d39d9f5b4249ccb",
            "package": package,
            "timestamp": self.now.as_unix(),
            "app_signature": sign,
            "sign_method": "sha1",
        })
    }

    /// Places an order of an app; its prepayid.
    pub(crate) fn prepay(&mut self, order: Fields) -> String {
        let package = self.package(order);
        let body = self.prepay_body(&package);
        let said = self.platform("/pay/genprepay", &body);
        assert_eq!(said["errcode"], 0, "{said}");
        assert_eq!(said["errmsg"], "Success");
        said["prepayid"].as_str().unwrap().to_owned()
    }

    /// Places an order and pays it.
    pub(crate) fn paid(&mut self, number: &str) {
        let order = self.order(number);
        self.prepay(order);
        self.pay(number);
    }

    /// Parameters of Tenpay's, signed.
    pub(crate) fn asked(&self, own: &[(&str, &str)]) -> Fields {
        let mut fields = owned(own);
        for (name, text) in [
            ("partner", self.partner().as_str()),
            ("input_charset", self.charset_name()),
            ("sign_type", "MD5"),
            ("sign_key_index", "1"),
        ] {
            if get(&fields, name).is_empty() {
                fields.push((name.to_owned(), text.to_owned()));
            }
        }
        let sign = self.md5(&fields);
        fields.push(("sign".to_owned(), sign));
        fields
    }

    /// Asks Tenpay; the answer must be in GBK, say so and, if a caller is known, be signed.
    pub(crate) fn tenpay(&mut self, path: &str, own: &[(&str, &str)]) -> Fields {
        let fields = self.asked(own);
        let fields = self.tenpay_signed(path, &fields);
        self.verify(&fields);
        fields
    }

    pub(crate) fn tenpay_signed(&mut self, path: &str, fields: &[(String, String)]) -> Fields {
        let target = format!("{path}?{}", query(self.charset, fields));
        let request = self.request(Method::GET, &target, "");
        self.tenpay_answer(request)
    }

    pub(crate) fn tenpay_answer(&mut self, request: Request<Bytes>) -> Fields {
        let response = self.send(request);
        assert_eq!(response.status(), 200);
        let body = response.body();
        let head = b"<?xml version=\"1.0\" encoding=\"GBK\" ?>";
        assert!(body.starts_with(head), "{}", String::from_utf8_lossy(body));
        let (text, replaced) = GBK.decode_without_bom_handling(&body[head.len()..]);
        assert!(!replaced);
        let document = Document::parse(text.trim_start().as_bytes()).unwrap();
        assert_eq!(document.root(), "root");
        document
            .iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    }

    /// Asserts that an answer of Tenpay's is signed, over the bytes in GBK.
    pub(crate) fn verify(&self, fields: &[(String, String)]) {
        let pairs = fields.iter().map(|(name, text)| (name, bytes(GBK, text)));
        let sign = self.partner_key.sign(SignType::Md5, pairs);
        assert_eq!(get(fields, "sign"), sign, "{fields:?}");
        assert_eq!(get(fields, "partner"), self.partner());
    }

    /// Calls a control; the answer must be JSON.
    pub(crate) fn control(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body))
            .unwrap();
        let response = self.send(request);
        (
            response.status(),
            serde_json::from_slice(response.body()).unwrap(),
        )
    }

    /// A control that must be carried out.
    pub(crate) fn command(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let (status, said) = self.control(method, path, body);
        assert_eq!(status, 200, "{said}");
        said
    }

    /// A control that must be refused; the message.
    pub(crate) fn refused(&mut self, method: Method, path: &str, body: &Value) -> String {
        let (status, said) = self.control(method, path, body);
        assert!(status.is_client_error(), "{said}");
        said["message"].as_str().unwrap().to_owned()
    }

    pub(crate) fn set_faults(&mut self, faults: &Value) {
        self.command(Method::PUT, "/_sandbox/faults", faults);
    }

    /// What the payer's phone does.
    pub(crate) fn pay(&mut self, number: &str) {
        let path = format!("/_sandbox/orders/{number}/pay");
        self.command(Method::POST, &path, &json!({}));
    }

    pub(crate) fn seen(&mut self, number: &str) -> Value {
        self.command(
            Method::GET,
            &format!("/_sandbox/orders/{number}"),
            &Value::Null,
        )
    }

    /// The newest entry of the journal.
    pub(crate) fn last_entry(&mut self) -> Value {
        let journal = self.command(Method::GET, "/_sandbox/journal", &Value::Null);
        journal.as_array().unwrap().last().unwrap().clone()
    }

    /// What the journal says was wrong with the last request.
    pub(crate) fn problem(&mut self) -> String {
        let entry = self.last_entry();
        assert_eq!(entry["verdict"], "refused", "{entry}");
        entry["problems"][0].as_str().unwrap().to_owned()
    }

    /// Everything due now.
    pub(crate) fn due(&mut self) -> Vec<Delivery> {
        let now = self.now;
        self.core().due(now)
    }

    /// Tells the sandbox what the merchant said.
    pub(crate) fn answer(&mut self, id: u64, status: StatusCode, body: &str) {
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = status;
        let now = self.now;
        self.core().delivered(id, Ok(&response), now);
    }

    /// Opens a payment notice: the query, verified in the charset it declares, and the body, verified.
    pub(crate) fn open(&self, request: &Request<Bytes>) -> Result<(Fields, Fields), String> {
        assert_eq!(request.method(), Method::POST);
        let query = request.uri().query().unwrap();
        let raw: Vec<(String, Vec<u8>)> = query
            .split('&')
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap();
                (name.to_owned(), unescape(value))
            })
            .collect();
        let sign = raw.iter().find(|(name, _)| name == "sign").unwrap();
        let sign = String::from_utf8(sign.1.clone()).unwrap();
        let pairs = raw.iter().map(|(name, value)| (name, value));
        if self.partner_key.sign(SignType::Md5, pairs) != sign {
            return Err("the query".to_owned());
        }
        let charset = raw
            .iter()
            .find(|(name, _)| name == "input_charset")
            .unwrap();
        let charset = Encoding::for_label(&charset.1).unwrap();
        let query = raw.into_iter().map(|(name, value)| {
            let text = charset.decode_without_bom_handling_and_without_replacement(&value);
            (name, text.unwrap().into_owned())
        });
        let names = ["AppId", "IsSubscribe", "NonceStr", "OpenId", "TimeStamp"];
        let body = self.open_body(request.body(), &names)?;
        Ok((query.collect(), body))
    }

    /// Opens a message of which these fields are signed.
    pub(crate) fn open_body(&self, body: &[u8], signed: &[&str]) -> Result<Fields, String> {
        let limits = wxpay_xml::Limits::new().lists(true);
        let document = Document::parse_within(body, limits).unwrap();
        let text = |name: &str| document.get(name).unwrap_or_default();
        assert_eq!(text("AppId"), self.identity().appid());
        assert_eq!(text("SignMethod"), "sha1");
        let pairs: Vec<(&str, &str)> = signed.iter().map(|name| (*name, text(name))).collect();
        if self.sha1(&pairs) != text("AppSignature") {
            return Err("the body".to_owned());
        }
        Ok(document
            .iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect())
    }
}
