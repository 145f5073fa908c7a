//! A client and its sandbox, and how samples become requests that make sense there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use wxpay_api::{combine, partner_pay, pay};
use wxpay_client::proto::{Date, DateTime, Operation, Response};
use wxpay_client::{
    ApiV3Key, Certificate, Client, Clock, Credential, Endpoint, Merchant, PlatformKeyring,
    PrivateKey, SystemClock, Timestamp, Transport,
};
use wxpay_sandbox::{MerchantFile, Server, ServerConfig};

use crate::facts::{self, Facts};
use crate::list;
use crate::sample::{Extent, Field};
use crate::typed::Entry;

/// Nobody listens there, and nothing leaves this machine.
pub(crate) const NOTIFY: &str = "http://127.0.0.1:1/notify";
const DAY: i64 = 86_400;

/// An operation that places an order.
pub(crate) trait Place {
    const COMBINE: bool;
}

macro_rules! place {
    ($combine:literal: $($family:ident::{$($name:ident),+}),+) => {
        $($(impl Place for $family::$name {
            const COMBINE: bool = $combine;
        })+)+
    };
}

place! { false:
    pay::{JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, JsapiPrepayWithContract, AppPrepayWithContract},
    partner_pay::{JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, JsapiPrepayWithContract,
        AppPrepayWithContract, MiniProgramPrepay, ScannedPosPrepay}
}
place! { true: combine::{JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, MiniProgramPrepay} }

/// This machine's clock, moved together with the sandbox's.
#[derive(Debug, Default)]
struct Moved(AtomicI64);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        SystemClock::new()
            .now()
            .saturating_add(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Till {
    pub(crate) client: Client,
    /// The operations whose answers came back into their types.
    pub(crate) exercised: BTreeSet<String>,
    /// The operations the sandbox's journal has shown.
    pub(crate) received: BTreeSet<String>,
    server: Server,
    facts: Vec<Facts>,
    entries: Vec<Entry>,
    clock: Arc<Moved>,
    numbers: u32,
}

impl Till {
    pub(crate) async fn open() -> Self {
        let server = Server::start(ServerConfig::default()).await.unwrap();
        let read = |name: &str| std::fs::read_to_string(server.home().join(name)).unwrap();
        let key = PrivateKey::from_pem(&read("apiclient_key.pem")).unwrap();
        let certificate = Certificate::from_pem(&read("apiclient_cert.pem")).unwrap();
        let file = server.merchant();
        let merchant = Merchant::new(
            Credential::from_certificate(file.mchid.clone(), &certificate, key).unwrap(),
            ApiV3Key::new(file.apiv3_key.expose()).unwrap(),
            PlatformKeyring::certificates(),
        );
        let clock = Arc::new(Moved::default());
        let client = Client::builder(merchant)
            .endpoint(Endpoint::parse(server.base_url()).unwrap())
            .transport(Transport::builder().proxy_from_env(false).build().unwrap())
            .clock(clock.clone())
            .build()
            .unwrap();
        Self {
            client,
            exercised: BTreeSet::new(),
            received: BTreeSet::new(),
            server,
            facts: facts::read(),
            entries: list::all(),
            clock,
            numbers: 0,
        }
    }

    pub(crate) async fn close(self) {
        self.server.shutdown().await;
    }

    pub(crate) fn facts(&self) -> &[Facts] {
        &self.facts
    }

    /// A number no order has.
    pub(crate) fn number(&mut self) -> String {
        self.numbers += 1;
        format!("a|b*c-{:04}", self.numbers)
    }

    pub(crate) fn days_ago(&self, days: i64) -> Date {
        let then = self.clock.now().as_unix() - days * DAY;
        Date::of(DateTime::beijing(then))
    }

    /// Sandbox and merchant see the days pass.
    pub(crate) async fn days_pass(&mut self, days: i64) {
        self.seconds_pass(days * DAY).await;
    }

    pub(crate) async fn seconds_pass(&mut self, seconds: i64) {
        let moved = json!({ "advance_seconds": seconds });
        self.control(Method::PUT, "clock", &moved).await;
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The payer pays.
    pub(crate) async fn pay(&mut self, number: &str) {
        let path = format!("orders/{number}/pay");
        self.control(Method::POST, &path, &json!({})).await;
    }

    /// A call of the sandbox's own controls.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let pool = Pool::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let path = path.replace('|', "%7C");
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/_sandbox/{path}", self.server.base_url()))
            .body(Full::from(body.to_string()))
            .unwrap();
        let response = pool.request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{path}: {body:?}");
        serde_json::from_slice(&body).unwrap()
    }

    /// Sees that the sandbox has taken everything since it was asked last. Its journal holds a
    /// thousand requests, fewer than all of them.
    pub(crate) async fn read_journal(&mut self) {
        let journal = self.control(Method::GET, "journal", &Value::Null).await;
        for entry in journal.as_array().unwrap() {
            assert_eq!(entry["verdict"], "accepted", "{entry:#}");
            assert_eq!(entry["problems"], json!([]), "{entry:#}");
            let operation = entry["operation"].as_str().unwrap();
            self.received.insert(operation.to_owned());
        }
        self.control(Method::DELETE, "journal", &Value::Null).await;
    }

    /// Sends an operation; its answer has to come back.
    pub(crate) async fn send<O: Operation>(&mut self, operation: &O) -> Response<O::Response> {
        let name = operation.info().name;
        let response = self.client.execute(operation).await;
        let response = response.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        self.exercised.insert(name.to_owned());
        response
    }

    /// Makes the operation from its facts, with these values at these places (null leaves one out),
    /// sends it, and gives back what its type has read.
    pub(crate) async fn call<O>(&mut self, extent: Extent, values: &[(&str, Value)]) -> Value {
        let type_name = std::any::type_name::<O>();
        let mut entries = self.entries.iter();
        let entry = entries.find(|entry| entry.type_name == type_name);
        let entry = entry.unwrap_or_else(|| panic!("not in the list: {type_name}"));
        self.named(entry.name, extent, values).await
    }

    /// The same for an operation by its name, such as `profit_sharing.create_order`.
    pub(crate) async fn named(
        &mut self,
        name: &str,
        extent: Extent,
        values: &[(&str, Value)],
    ) -> Value {
        let facts = self.facts.iter().find(|facts| facts.name == name);
        let facts = facts.unwrap_or_else(|| panic!("not in the catalogue: {name}"));
        let entry = self.entries.iter().find(|entry| entry.name == name);
        let entry = entry.unwrap_or_else(|| panic!("not in the list: {name}"));
        let (sample, sensitive) = self.sensible(facts, extent);
        let is_json = facts.reply == "signed";
        let operation = (entry.read)(filled(sample, values)).unwrap();
        let response = self.send(&operation).await;
        if is_json && !response.raw().is_empty() {
            let raw: Value = serde_json::from_slice(response.raw()).unwrap();
            assert_kept(name, &raw, response.value(), &sensitive);
        }
        response.value().clone()
    }

    /// Where those operations are found, whatever their paths call the parameters.
    pub(crate) fn places(&self, which: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let named = self.facts.iter().filter(|facts| which(&facts.name));
        let places = named.map(|facts| {
            let segments = facts.path.split('/');
            let path = segments.map(|it| if it.starts_with('{') { "{}" } else { it });
            format!("{} {}", facts.method, path.collect::<Vec<_>>().join("/"))
        });
        places.collect()
    }

    /// The names of the operations that have not been sent yet.
    pub(crate) fn left(&self) -> Vec<String> {
        let names = self.entries.iter().map(|entry| entry.name.to_owned());
        names
            .filter(|name| !self.exercised.contains(name))
            .collect()
    }

    /// The sample of the operation, with the sandbox's names in it, and what its answers encrypt.
    fn sensible(&self, facts: &Facts, extent: Extent) -> (Value, Vec<String>) {
        let mut sample = facts.all().sample(extent);
        sensible(&mut sample, self.server.merchant(), self.clock.now());
        let mut sensitive = Vec::new();
        for field in facts.response.iter().flat_map(|response| &response.fields) {
            encrypted(field, &mut sensitive);
        }
        (sample, sensitive)
    }
}

/// The names of what answers encrypt, anywhere in `field`.
fn encrypted(field: &Field, names: &mut Vec<String>) {
    let item = field.items.as_ref().is_some_and(|item| item.sensitive);
    if field.sensitive || item {
        names.push(field.name.clone());
    }
    let items = field.items.iter().flat_map(|item| &item.fields);
    for inner in field.fields.iter().chain(items) {
        encrypted(inner, names);
    }
}

/// `sample` with these values at these places.
fn filled(mut sample: Value, values: &[(&str, Value)]) -> Value {
    for (pointer, value) in values {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = sample.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        match value {
            Value::Null => drop(parent.remove(name)),
            value => drop(parent.insert(name.to_owned(), value.clone())),
        }
    }
    if let Some(number) = sample["combine_out_trade_no"].as_str().map(str::to_owned)
        && let Some(Value::Array(parts)) = sample.get_mut("sub_orders")
    {
        for (index, part) in parts.iter_mut().enumerate() {
            part["out_trade_no"] = json!(format!("{number}-{index}"));
        }
    }
    sample
}

/// Puts those who really are there where a sample has just anybody.
fn sensible(sample: &mut Value, merchant: &MerchantFile, now: Timestamp) {
    match sample {
        Value::Object(fields) => {
            for (name, value) in fields {
                let text = match name.as_str() {
                    "appid" | "sp_appid" | "combine_appid" => &merchant.appid,
                    "mchid" | "sp_mchid" | "combine_mchid" => &merchant.mchid,
                    "sub_appid" => &merchant.sub_appid,
                    "sub_mchid" => &merchant.sub_mchid,
                    "openid" | "sp_openid" | "sub_openid" => &merchant.openid,
                    "time_start" => &DateTime::beijing(now.as_unix()).to_string(),
                    "time_expire" => &DateTime::beijing(now.as_unix() + 3_600).to_string(),
                    name if name.ends_with("notify_url") => NOTIFY,
                    _ => {
                        sensible(value, merchant, now);
                        continue;
                    }
                };
                *value = json!(text);
            }
        }
        Value::Array(items) => {
            for item in items {
                sensible(item, merchant, now);
            }
        }
        _ => {}
    }
}

/// The type has kept everything the answer says. What was encrypted, it has decrypted.
fn assert_kept(at: &str, raw: &Value, value: &Value, sensitive: &[String]) {
    match raw {
        Value::Object(fields) => {
            for (name, raw) in fields {
                if !sensitive.contains(name) {
                    assert_kept(&format!("{at}/{name}"), raw, &value[name], sensitive);
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, raw) in items.iter().enumerate() {
                assert_kept(&format!("{at}/{index}"), raw, &value[index], sensitive);
            }
        }
        // Nothing, said in another way.
        Value::Array(_) | Value::Null => {}
        raw => assert_eq!(raw, value, "{at}"),
    }
}
