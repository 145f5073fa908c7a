//! A merchant with a sandbox core of its own: signs as the rules of v2 say and checks every answer.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;
use wxpay_sandbox::{Change, Core, Delivery, Identity};
use wxpay_sign::{ApiV2Key, SignType, Timestamp};
use wxpay_xml::Document;

/// 2024-01-01 10:34:56 in Beijing.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);
pub(crate) const URL: &str = "http://127.0.0.1:9471/notify";
pub(crate) const DAY: i64 = 24 * 3_600;

/// Names and texts, in any order.
pub(crate) type Fields = Vec<(String, String)>;

pub(crate) struct Merchant {
    core: Option<Core>,
    pub(crate) now: Timestamp,
    pub(crate) sign_type: SignType,
    /// Said and signed with every request, unless it is MD5 that goes without saying.
    pub(crate) key: ApiV2Key,
    changes: Vec<Change>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) fields: Fields,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn get(&self, name: &str) -> &str {
        get(&self.fields, name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    /// Asserts that it is a success.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.get("return_code"), "SUCCESS", "{}", self.body);
        assert_eq!(self.get("result_code"), "SUCCESS", "{}", self.body);
        self
    }

    /// Asserts that it is this business error.
    pub(crate) fn err(self, code: &str) -> Self {
        assert_eq!(self.get("return_code"), "SUCCESS", "{}", self.body);
        assert_eq!(self.get("result_code"), "FAIL", "{}", self.body);
        assert_eq!(self.get("err_code"), code, "{}", self.body);
        assert!(self.has("err_code_des"), "{}", self.body);
        self
    }

    /// Asserts that it is a protocol error, of which nothing but two fields may be there.
    pub(crate) fn protocol_error(self, message: &str) -> Self {
        assert_eq!(self.get("return_code"), "FAIL", "{}", self.body);
        assert!(self.get("return_msg").contains(message), "{}", self.body);
        assert_eq!(self.fields.len(), 2, "{}", self.body);
        self
    }
}

pub(crate) fn get<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, text)| text.as_str())
}

pub(crate) fn fields(body: &[u8]) -> Fields {
    let document = Document::parse(body).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(body));
    });
    document
        .iter()
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

pub(crate) fn xml(fields: &[(String, String)]) -> String {
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    wxpay_xml::write("xml", &pairs).unwrap()
}

pub(crate) fn owned(fields: &[(&str, &str)]) -> Fields {
    fields
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

impl Merchant {
    pub(crate) fn new() -> Self {
        // A day old, so that clocks may be turned back a little.
        let identity = Identity::generate(NOW.saturating_sub(DAY)).unwrap();
        let key = ApiV2Key::new(identity.api_key().expose()).unwrap();
        Self {
            core: Some(Core::new(identity, NOW, 1)),
            now: NOW,
            sign_type: SignType::HmacSha256,
            key,
            changes: Vec::new(),
        }
    }

    pub(crate) fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    pub(crate) fn identity(&self) -> &Identity {
        self.core.as_ref().unwrap().identity()
    }

    /// Ends the sandbox and starts it again from what it kept.
    pub(crate) fn restart(&mut self) {
        let mut core = self.core.take().unwrap();
        self.changes.extend(core.take_changes());
        let changes = self.changes.clone();
        self.core = Some(Core::restore(core.into_identity(), changes));
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(seconds);
    }

    /// Fields with everything that belongs to every request, signed.
    pub(crate) fn signed(&self, own: &[(&str, &str)]) -> Fields {
        let mut fields = owned(own);
        let mut add = |name: &str, text: &str| {
            if !fields.iter().any(|(known, _)| known == name) {
                fields.push((name.to_owned(), text.to_owned()));
            }
        };
        add("appid", self.identity().appid());
        add("mch_id", self.identity().mchid());
        add("nonce_str", "593BEC0C930BF1AFEB40B4A08C8FB242");
        if self.sign_type != SignType::Md5 {
            add("sign_type", self.sign_type.as_str());
        }
        self.resign(fields)
    }

    /// The fields with a signature over what they are now.
    pub(crate) fn resign(&self, mut fields: Fields) -> Fields {
        fields.retain(|(name, _)| name != "sign");
        let sign = self.key.sign(
            self.sign_type,
            fields.iter().map(|(name, text)| (name, text)),
        );
        fields.push(("sign".to_owned(), sign));
        fields
    }

    pub(crate) fn request(&self, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        Request::builder()
            .method(Method::POST)
            .uri(format!("http://127.0.0.1:9470{path}"))
            .header("content-type", "text/xml")
            .body(body.into())
            .unwrap()
    }

    pub(crate) fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        let now = self.now;
        let answer = self.core().handle(request, now);
        assert_eq!(answer.cut, None);
        answer.response
    }

    /// Sends a body as it is; the answer must be XML with 200.
    pub(crate) fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Reply {
        let request = self.request(path, body);
        let response = self.send(request);
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert_eq!(response.status(), 200, "{body}");
        Reply {
            fields: fields(body.as_bytes()),
            body,
        }
    }

    /// A call of an interface that signs: a signature must be there unless `return_code` says FAIL,
    /// and must fit.
    pub(crate) fn call(&mut self, path: &str, own: &[(&str, &str)]) -> Reply {
        let signed = self.signed(own);
        let reply = self.post(path, xml(&signed));
        if reply.get("return_code") == "SUCCESS" {
            self.verify(&reply.fields);
            assert_eq!(reply.get("mch_id"), self.identity().mchid());
            assert_eq!(reply.get("nonce_str").len(), 32);
        } else {
            assert!(!reply.has("sign"));
        }
        reply
    }

    /// A call of an interface that does not sign.
    pub(crate) fn call_unsigned(&mut self, path: &str, own: &[(&str, &str)]) -> Reply {
        let signed = self.signed(own);
        let reply = self.post(path, xml(&signed));
        assert!(!reply.has("sign"), "{}", reply.body);
        reply
    }

    /// Asserts that these fields are signed with the merchant's type.
    pub(crate) fn verify(&self, fields: &[(String, String)]) {
        let pairs = fields.iter().map(|(name, text)| (name, text));
        let sign = self.key.sign(self.sign_type, pairs);
        assert_eq!(get(fields, "sign"), sign, "{fields:?}");
    }

    /// Calls a control; the answer must be JSON.
    pub(crate) fn control(
        &mut self,
        method: Method,
        path: &str,
        body: &str,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body.to_owned()))
            .unwrap();
        let response = self.send(request);
        (
            response.status(),
            serde_json::from_slice(response.body()).unwrap(),
        )
    }

    pub(crate) fn set_faults(&mut self, faults: &Value) {
        let (status, said) = self.control(Method::PUT, "/_sandbox/faults", &faults.to_string());
        assert_eq!(status, 200, "{said}");
    }

    /// What the payer's phone does.
    pub(crate) fn pay(&mut self, number: &str) {
        let path = format!("/_sandbox/orders/{number}/pay");
        let (status, said) = self.control(Method::POST, &path, "{}");
        assert_eq!(status, 200, "{said}");
    }

    pub(crate) fn seen(&mut self, number: &str) -> Value {
        self.control(Method::GET, &format!("/_sandbox/orders/{number}"), "")
            .1
    }

    /// The newest entry of the journal.
    pub(crate) fn last_entry(&mut self) -> Value {
        let (_, journal) = self.control(Method::GET, "/_sandbox/journal", "");
        journal.as_array().unwrap().last().unwrap().clone()
    }

    /// Everything due within the next hundred seconds, the clock moved to it.
    pub(crate) fn due(&mut self) -> Vec<Delivery> {
        for _ in 0..100 {
            let now = self.now;
            let due = self.core().due(now);
            if !due.is_empty() {
                return due;
            }
            self.wait(1);
        }
        Vec::new()
    }

    /// Tells the sandbox what the merchant said to a notice.
    pub(crate) fn answer(&mut self, id: u64, status: StatusCode, body: &str) {
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = status;
        let now = self.now;
        self.core().delivered(id, Ok(&response), now);
    }

    /// Takes a notice.
    pub(crate) fn take(&mut self, id: u64) {
        self.answer(
            id,
            StatusCode::OK,
            "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>",
        );
    }

    /// Places an order that is paid by QR code.
    pub(crate) fn order(&mut self, number: &str) -> Reply {
        let order = native(number);
        self.call("/pay/unifiedorder", &order).ok()
    }
}

/// An order that is paid by QR code.
pub(crate) fn native(number: &str) -> Vec<(&str, &str)> {
    vec![
        ("body", "腾讯充值中心-QQ会员充值"),
        ("out_trade_no", number),
        ("total_fee", "888"),
        ("spbill_create_ip", "203.0.113.7"),
        ("notify_url", URL),
        ("trade_type", "NATIVE"),
        ("product_id", "12235413214070356458058"),
        ("attach", "a & b <c>"),
    ]
}
