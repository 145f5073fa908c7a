//! A merchant with a sandbox core of its own.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use wxpay_sandbox::{Core, Identity};
use wxpay_sign::{
    Algorithm, ApiV2Key, Nonce, SignType, Signer as _, Timestamp, authorization, request_message,
};

pub(crate) const HOST: &str = "http://127.0.0.1:9470";
/// 2024-01-01 10:00:00 in Beijing.
pub(crate) const START: i64 = 1_704_074_400;
pub(crate) const HOUR: i64 = 3_600;
/// The day that begins before [`START`].
pub(crate) const DAY: &str = "2024-01-01";

const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";

pub(crate) struct Shop {
    pub(crate) core: Core,
    /// Seconds since the Unix epoch.
    pub(crate) now: i64,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let start = Timestamp::from_unix(START);
        let identity = Identity::generate(start).unwrap();
        Self {
            core: Core::new(identity, start, 5),
            now: START,
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        self.core.identity()
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += seconds;
    }

    pub(crate) fn send(&mut self, request: Request<Bytes>) -> Response<Bytes> {
        let answer = self.core.handle(request, Timestamp::from_unix(self.now));
        assert_eq!(answer.cut, None);
        answer.response
    }

    /// A request of v3, signed. Texts that are encrypted in it are so for WeChat Pay's public key.
    pub(crate) fn v3(&mut self, method: Method, target: &str, body: &Value) -> Response<Bytes> {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        let (nonce, now) = (Nonce::new(NONCE).unwrap(), Timestamp::from_unix(self.now));
        let identity = self.identity();
        let message = request_message(method.as_str(), target, now, &nonce, &body);
        let signature = identity.merchant_private_key().sign(&message).unwrap();
        let serial = identity.merchant_certificate().serial_number();
        let signed = authorization(
            Algorithm::RsaSha256,
            identity.mchid(),
            &nonce,
            now,
            serial,
            &signature,
        );
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "127.0.0.1:9470")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("user-agent", "wxpay-test/1")
            .header("wechatpay-serial", identity.public_key_id().as_str())
            .header("authorization", signed)
            .body(body)
            .unwrap();
        self.send(request)
    }

    /// A request of v3 that has to succeed.
    pub(crate) fn post(&mut self, target: &str, body: &Value) -> Value {
        let answer = self.v3(Method::POST, target, body);
        let said = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(answer.status().is_success(), "{target}: {said}");
        serde_json::from_str(&said).unwrap_or_default()
    }

    /// What stands behind a link.
    pub(crate) fn get(&mut self, target: &str) -> Bytes {
        let answer = self.v3(Method::GET, target, &Value::Null);
        assert_eq!(answer.status(), 200, "{target}: {:?}", answer.body());
        answer.into_body()
    }

    /// The link to a bill, or to its parts.
    pub(crate) fn link(&mut self, target: &str) -> Value {
        serde_json::from_slice(&self.get(target)).unwrap()
    }

    /// The file of a bill.
    pub(crate) fn file(&mut self, link: &Value) -> Bytes {
        let url = link["download_url"].as_str().unwrap();
        self.get(url.strip_prefix(HOST).unwrap())
    }

    /// A bill, with the hash that was announced.
    pub(crate) fn bill(&mut self, target: &str) -> (Bytes, String) {
        let link = self.link(target);
        assert_eq!(link["hash_type"], "SHA1");
        let hash = link["hash_value"].as_str().unwrap().to_owned();
        (self.file(&link), hash)
    }

    /// A request of v2, signed.
    pub(crate) fn v2(&mut self, path: &str, own: &[(&str, &str)]) -> Response<Bytes> {
        let identity = self.identity();
        // Bills of trades are signed with MD5, those of funds with HMAC, everything else with either.
        let sign_type = if path.ends_with("fundflow") {
            SignType::HmacSha256
        } else {
            SignType::Md5
        };
        let mut fields = own.to_vec();
        fields.push(("appid", identity.appid()));
        fields.push(("mch_id", identity.mchid()));
        fields.push(("nonce_str", NONCE));
        if sign_type != SignType::Md5 {
            fields.push(("sign_type", sign_type.as_str()));
        }
        let key = ApiV2Key::new(identity.api_key().expose()).unwrap();
        let sign = key.sign(sign_type, fields.iter().copied());
        fields.push(("sign", &sign));
        let body = wxpay_xml::write("xml", &fields).unwrap();
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{HOST}{path}"))
            .header("content-type", "text/xml")
            .body(body.into())
            .unwrap();
        let response = self.send(request);
        assert_eq!(response.status(), 200, "{path}");
        response
    }

    /// A request of v2 that has to succeed.
    pub(crate) fn v2_done(
        &mut self,
        path: &str,
        own: &[(&str, &str)],
    ) -> impl Fn(&str) -> String + use<> {
        let answer = self.v2(path, own).into_body();
        let document = wxpay_xml::Document::parse(&answer).unwrap();
        let fields: Vec<(String, String)> = document
            .iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        let get = move |name: &str| {
            let found = fields.iter().find(|(known, _)| known == name);
            found.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        assert_eq!(get("result_code"), "SUCCESS", "{answer:?}");
        get
    }

    /// The bill of Tenpay, as it comes.
    pub(crate) fn tenpay(&mut self, day: &str, kind: &str) -> Bytes {
        let identity = self.identity();
        let key = ApiV2Key::new(identity.partner_key().expose()).unwrap();
        let fields = [
            ("spid", identity.partner_id()),
            ("trans_time", day),
            ("stamp", "1404259200000"),
            ("cft_signtype", "0"),
            ("mchtype", kind),
        ];
        let pairs = fields.map(|(name, text)| format!("{name}={text}"));
        let sign = key.sign_in_order(fields);
        let query = pairs.join("&");
        let request = Request::builder()
            .uri(format!(
                "{HOST}/cgi-bin/mchdown_real_new.cgi?{query}&sign={sign}"
            ))
            .body(Bytes::new())
            .unwrap();
        self.send(request).into_body()
    }

    /// One of the sandbox's own controls.
    pub(crate) fn control(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_sandbox/{path}"))
            .body(body.to_string().into())
            .unwrap();
        let response = self.send(request);
        let said = String::from_utf8_lossy(response.body()).into_owned();
        assert_eq!(response.status(), 200, "{path}: {said}");
        serde_json::from_str(&said).unwrap()
    }

    /// The next bill is spoiled in this way, and those after it are not.
    pub(crate) fn spoil(&mut self, fault: &str) {
        let faults = json!({ "answers": { fault: { "rate": 1, "times": 1 } } });
        self.control(Method::PUT, "faults", &faults);
    }
}
