//! What the protocol adds to the cryptography it cannot do without, with each backend that is compiled in.
//!
//! `cargo bench -p wxpay-proto --features aws-lc-rs`
//!
//! The ratios at the end are of the medians of many short rounds in which both sides take turns, so that
//! whatever else the machine does falls on both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use serde::Deserialize;
use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{HeaderMap, HeaderName, HeaderValue};
use wxpay_proto::json::{Fen, NotificationEnvelope};
use wxpay_proto::sign::{Backend, response_message};
use wxpay_proto::{
    ApiV3Key, Body, Credential, Merchant, Nonce, PlatformKeyring, PlatformPublicKey, PrivateKey,
    PublicKey, PublicKeyId, SerialNumber, Signature, Signer as _, Target, Timestamp, Untyped,
};

const PRIVATE_KEY: &str = include_str!("../tests/vectors/keys/TEST-ONLY-private-key.pem");
const API_V3_KEY: &str = include_str!("../tests/vectors/keys/TEST-ONLY-api-v3-key.txt");
const ORDER: &[u8] = include_bytes!("../tests/vectors/prepare/post-json-with-chinese/body.txt");
const HEADERS: &str = include_str!("../tests/vectors/notification/payment/headers.txt");
const NOTIFICATION: &[u8] = include_bytes!("../tests/vectors/notification/payment/body.txt");
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000072912024010100000000000000";
const NOW: Timestamp = Timestamp::from_unix(1_704_076_497);

/// What a program wants to know of a payment.
#[derive(Deserialize)]
#[expect(dead_code, reason = "read, not used")]
struct Payment {
    mchid: String,
    appid: String,
    out_trade_no: String,
    transaction_id: String,
    trade_state: String,
    success_time: Option<String>,
    amount: Amount,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, not used")]
struct Amount {
    total: Fen,
    payer_total: Fen,
    currency: String,
}

struct Bench {
    key: PrivateKey,
    public: PublicKey,
    api_v3_key: ApiV3Key,
    merchant: Merchant,
    headers: HeaderMap,
    order: Untyped,
    nonce: Nonce,
    message: Vec<u8>,
}

impl Bench {
    fn new(backend: Backend) -> Self {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).expect("test key");
        let public = key.public_key();
        let id = PublicKeyId::parse(PUBLIC_KEY_ID).expect("an id");
        let keys = PlatformKeyring::public_key(PlatformPublicKey::new(id, public.clone()));
        let serial = SerialNumber::parse("0A1B2C3D4E5F60718293A4B5C6D7E8F901234567");
        let credential = Credential::new("1900007291", serial.expect("a serial"), key.clone());
        let api_v3_key = ApiV3Key::new_with(backend, API_V3_KEY).expect("test key");
        let merchant = Merchant::new(credential.expect("a credential"), api_v3_key.clone(), keys);
        let headers = HEADERS.lines().map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            let name = HeaderName::try_from(name).expect("a name");
            (name, HeaderValue::try_from(value).expect("a value"))
        });
        let target = Target::new("/v3/pay/transactions/native");
        let order = Untyped::post_body(target, Body::Json(Bytes::from_static(ORDER)));
        let nonce = Nonce::from_bytes([7; 16]);
        let unsigned = merchant.unsigned(&order, NOW, nonce.clone());
        let message = unsigned.expect("an order").message().to_vec();
        Self {
            key,
            public,
            api_v3_key,
            headers: headers.collect(),
            merchant,
            order,
            nonce,
            message,
        }
    }

    fn prepare(&self) {
        let nonce = self.nonce.clone();
        let request = self.merchant.prepare(black_box(&self.order), NOW, nonce);
        black_box(request.expect("a request"));
    }

    fn bare_signature(&self) {
        black_box(
            self.key
                .sign(black_box(&self.message))
                .expect("a signature"),
        );
    }

    fn open(&self) {
        let body = black_box(NOTIFICATION);
        let notification = self.merchant.open_notification(&self.headers, body, NOW);
        let payment: Payment = notification.expect("genuine").json().expect("a payment");
        black_box(payment);
    }

    /// The least that must be done: signature, AES-GCM, Base64 (twice), JSON (twice).
    fn bare_primitives(&self) {
        let text = |name: &str| self.headers[name].to_str().expect("ASCII");
        let body = black_box(NOTIFICATION);
        let signature = Signature::from_base64(text("wechatpay-signature")).expect("Base64");
        let message = response_message(text("wechatpay-timestamp"), text("wechatpay-nonce"), body);
        self.public.verify(&message, &signature).expect("genuine");
        let envelope: NotificationEnvelope = serde_json::from_slice(body).expect("JSON");
        let resource = envelope.resource;
        let aad = resource.associated_data.unwrap_or_default();
        let (nonce, aad) = (resource.nonce.as_bytes(), aad.as_bytes());
        let plain = self.api_v3_key.open(nonce, aad, &resource.ciphertext);
        let payment: Payment =
            serde_json::from_slice(&plain.expect("sealed by us")).expect("a payment");
        black_box(payment);
    }
}

fn groups(criterion: &mut Criterion) {
    for &backend in Backend::all() {
        let bench = Bench::new(backend);
        let mut group = criterion.benchmark_group("native prepay");
        let name = |what| BenchmarkId::new(what, format!("{backend:?}"));
        group.bench_function(name("prepare"), |b| b.iter(|| bench.prepare()));
        group.bench_function(name("bare signature"), |b| {
            b.iter(|| bench.bare_signature());
        });
        group.finish();
        let mut group = criterion.benchmark_group("notification");
        group.bench_function(name("open and decode"), |b| b.iter(|| bench.open()));
        group.bench_function(name("primitives"), |b| b.iter(|| bench.bare_primitives()));
        group.finish();
    }
}

/// The median times of one call of each, taken in turns.
fn in_turns(one: impl Fn(), other: impl Fn()) -> (Duration, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn time(calls: u32, call: &impl Fn()) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed() / calls
    }
    let calls = (2_000_000 / time(50, &one).as_nanos().max(1)).clamp(1, 1000) as u32;
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..801 {
        ones.push(time(calls, &one));
        others.push(time(calls, &other));
    }
    ones.sort();
    others.sort();
    (ones[ones.len() / 2], others[others.len() / 2])
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    groups(&mut criterion);
    criterion.final_summary();
    // `cargo test` runs this file too, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for &backend in Backend::all() {
        let bench = Bench::new(backend);
        for (what, (whole, bare), goal) in [
            (
                "native prepay / bare signature",
                in_turns(|| bench.prepare(), || bench.bare_signature()),
                1.02,
            ),
            (
                "notification / primitives",
                in_turns(|| bench.open(), || bench.bare_primitives()),
                1.05,
            ),
        ] {
            let ratio = whole.as_secs_f64() / bare.as_secs_f64();
            eprintln!("{backend:?}: {what}: {whole:?} / {bare:?} = {ratio:.3} (goal {goal})");
        }
    }
}
