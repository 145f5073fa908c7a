//! One whole call over TLS with keep-alive against a fixed signed answer: this client beside bare
//! hyper-util and rustls, which make the same one RSA signature and the same one verification by hand.
//!
//! `cargo bench -p wxpay-client` first measures both in alternation and prints the ratio of their
//! speeds, which should not fall below 0.95; criterion's own figures follow.

#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]
#![allow(
    missing_docs,
    reason = "criterion's macros write undocumented functions"
)]
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../tests/loopback/support/platform.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod platform;
#[path = "../tests/loopback/support/tls.rs"]
#[allow(dead_code, reason = "likewise")]
mod tls;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use wxpay_client::proto::{Endpoint, Idempotency, Target, Untyped, sign};
use wxpay_client::{Client, Clock, SystemClock, Timestamp, Transport};

use self::platform::{MCHID, Platform, merchant_with};
use self::tls::Authority;

const TARGET: &str = "/v3/pay/transactions/native";
const ORDER: &str = r#"{"appid":"wxd678efh567hg6787","mchid":"1900000109","description":"Image形象店-深圳腾大-QQ公仔","out_trade_no":"1217752501201407033233368018","notify_url":"https://www.weixin.qq.com/wxpay/pay.php","amount":{"total":100,"currency":"CNY"}}"#;
const ANSWER: &str = r#"{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}"#;

/// The answer is signed once, so time stands still.
#[derive(Debug)]
struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Serves the fixed answer on a thread of its own.
fn serve(authority: &Authority, answer: Response<Bytes>) -> u16 {
    let acceptor = authority.acceptor(&["http/1.1"]);
    let (ready, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap().port()).unwrap();
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tcp.set_nodelay(true).unwrap();
                let (acceptor, answer) = (acceptor.clone(), answer.clone());
                tokio::spawn(async move {
                    let tls = acceptor.accept(tcp).await.unwrap();
                    let service = service_fn(|request: Request<hyper::body::Incoming>| {
                        let answer = answer.clone().map(Full::new);
                        async move {
                            request.into_body().collect().await.unwrap();
                            Ok::<_, Infallible>(answer)
                        }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    let _ = http.serve_connection(TokioIo::new(tls), service).await;
                });
            }
        });
    });
    port.recv().unwrap()
}

/// What somebody would write who needs this one call and nothing else.
struct Bare {
    pool: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    key: RsaKeyPair,
    platform: ParsedPublicKey,
    random: SystemRandom,
}

impl Bare {
    fn new(authority: &Authority, port: u16) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.root_pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .wrap_connector(tcp);
        let key = |pem: &str| {
            let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
        };
        let platform = key(include_str!("../tests/loopback/keys/platform_a.pem"));
        Self {
            pool: hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector),
            url: format!("https://localhost:{port}{TARGET}"),
            key: key(include_str!("../tests/loopback/keys/merchant.pem")),
            platform: ParsedPublicKey::new(
                &RSA_PKCS1_2048_8192_SHA256,
                platform.public_key().as_ref(),
            )
            .unwrap(),
            random: SystemRandom::new(),
        }
    }

    async fn call(&self) -> Bytes {
        let mut random = [0; 16];
        getrandom::fill(&mut random).unwrap();
        let nonce = format!("{:032X}", u128::from_be_bytes(random));
        let at = SystemClock::new().now();
        let message = format!("POST\n{TARGET}\n{at}\n{nonce}\n{ORDER}\n");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &self.random,
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        let signature = sign::Signature::from_bytes(signature).to_base64();
        let serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
        let request = Request::post(&self.url)
            .header(
                "authorization",
                format!(
                    "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCHID}\",nonce_str=\"{nonce}\",\
                     timestamp=\"{at}\",serial_no=\"{serial}\",signature=\"{signature}\""
                ),
            )
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("user-agent", "bare")
            .body(Full::new(Bytes::from_static(ORDER.as_bytes())))
            .unwrap();
        let response = self.pool.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| parts.headers[name].to_str().unwrap();
        let mut message = Vec::new();
        for part in [header("wechatpay-timestamp"), header("wechatpay-nonce")] {
            message.extend_from_slice(part.as_bytes());
            message.push(b'\n');
        }
        message.extend_from_slice(&body);
        message.push(b'\n');
        let signature = sign::Signature::from_base64(header("wechatpay-signature")).unwrap();
        self.platform
            .verify_sig(&message, signature.as_bytes())
            .unwrap();
        body
    }
}

/// Both callers, and the runtime they run on.
struct Setup {
    runtime: Runtime,
    ours: Client,
    order: Arc<Untyped>,
    bare: Arc<Bare>,
}

impl Setup {
    fn new() -> Self {
        let authority = Authority::new();
        let platform = Platform::a();
        let answer = platform.as_public_key().answer(200, ANSWER);
        let at: i64 = answer.headers()["wechatpay-timestamp"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let port = serve(&authority, answer);
        let transport = Transport::builder()
            .proxy_from_env(false)
            .add_root_certificate_pem(&authority.root_pem)
            .unwrap()
            .build()
            .unwrap();
        let ours = Client::builder(merchant_with(platform.keyring()))
            .endpoint(Endpoint::parse(&format!("https://localhost:{port}")).unwrap())
            .transport(transport)
            .clock(Arc::new(Stopped(Timestamp::from_unix(at))))
            .build()
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(ORDER).unwrap();
        let order = Untyped::post(Target::parse(TARGET).unwrap(), &body)
            .unwrap()
            .idempotency(Idempotency::MerchantNumber);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Self {
            runtime,
            ours,
            order: Arc::new(order),
            bare: Arc::new(Bare::new(&authority, port)),
        }
    }

    /// How long so many calls take of which so many are under way at once.
    fn time(&self, calls: u64, in_flight: u64, ours: bool) -> Duration {
        self.runtime.block_on(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..in_flight)
                .map(|task| {
                    let share = calls / in_flight + u64::from(task < calls % in_flight);
                    let (client, order, bare) =
                        (self.ours.clone(), self.order.clone(), self.bare.clone());
                    tokio::spawn(async move {
                        for _ in 0..share {
                            let body = if ours {
                                client.execute(&*order).await.unwrap().raw().clone()
                            } else {
                                bare.call().await
                            };
                            assert_eq!(body.len(), ANSWER.len());
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            start.elapsed()
        })
    }
}

fn calls(criterion: &mut Criterion) {
    let setup = Setup::new();
    for in_flight in [1, 64] {
        // In alternation, in many short rounds of which the faster ones count: so whatever else
        // the machine does meets both, and as little as possible.
        let calls = if in_flight == 1 { 64 } else { 512 };
        let mut samples: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
        for round in 0..121 {
            for turn in 0..2 {
                let ours = (round + turn) % 2;
                let time = setup.time(calls, in_flight, ours == 1);
                // The first round makes the connections.
                if round > 0 {
                    samples[ours].push(time);
                }
            }
        }
        let [bare, ours] = samples.map(|mut samples| {
            samples.sort();
            samples[samples.len() / 4].as_secs_f64() * 1e6
                / f64::from(u32::try_from(calls).unwrap())
        });
        println!(
            "{in_flight:>2} in flight: bare {bare:.1} µs a call, wxpay-client {ours:.1} µs, ratio {:.3}",
            bare / ours
        );
    }
    let mut group = criterion.benchmark_group("call");
    group.throughput(Throughput::Elements(1));
    for in_flight in [1, 64] {
        for (name, ours) in [("bare", false), ("wxpay-client", true)] {
            group.bench_function(BenchmarkId::new(name, in_flight), |bencher| {
                bencher.iter_custom(|calls| setup.time(calls, in_flight, ours));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
