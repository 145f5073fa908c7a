//! The line between the two, the clock, and the merchant's calls.

use bytes::Bytes;
use http::{Method, Request, Response};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use wxpay_proto::Nonce;
use wxpay_proto::sign::{ApiV2Key, SignType};
use wxpay_proto::v2::{AcceptError, ErrorCode, Failure, Flow, Merchant, Operation, Step};
use wxpay_sandbox::{Change, ClientCertificate, Core, Cut, Delivery, Identity};
use wxpay_sign::Timestamp;

/// 2024-01-01 10:34:56 in Beijing.
const START: Timestamp = Timestamp::from_unix(1_704_076_496);
/// So many times a call is repeated before it is given up.
const MOST_TRIES: usize = 60;

/// What happened, to be sure that something did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) cut: u64,
    pub(crate) no_xml: u64,
    pub(crate) disbelieved: u64,
    pub(crate) undetermined: u64,
    pub(crate) restarts: u64,
    pub(crate) notices_taken: u64,
    pub(crate) notices_refused: u64,
    pub(crate) orders_paid: u64,
    pub(crate) orders_closed: u64,
    pub(crate) refunds: u64,
    pub(crate) codes_paid: u64,
    pub(crate) codes_not_paid: u64,
    pub(crate) codes_reversed: u64,
    pub(crate) codes_resumed: u64,
    pub(crate) transfers: u64,
    pub(crate) transfers_failed: u64,
}

impl Counts {
    fn all(&mut self) -> [(&'static str, &mut u64); 17] {
        [
            ("calls", &mut self.calls),
            ("cut", &mut self.cut),
            ("no_xml", &mut self.no_xml),
            ("disbelieved", &mut self.disbelieved),
            ("undetermined", &mut self.undetermined),
            ("restarts", &mut self.restarts),
            ("notices_taken", &mut self.notices_taken),
            ("notices_refused", &mut self.notices_refused),
            ("orders_paid", &mut self.orders_paid),
            ("orders_closed", &mut self.orders_closed),
            ("refunds", &mut self.refunds),
            ("codes_paid", &mut self.codes_paid),
            ("codes_not_paid", &mut self.codes_not_paid),
            ("codes_reversed", &mut self.codes_reversed),
            ("codes_resumed", &mut self.codes_resumed),
            ("transfers", &mut self.transfers),
            ("transfers_failed", &mut self.transfers_failed),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        for ((_, sum), (_, more)) in self.all().into_iter().zip(other.all()) {
            *sum += *more;
        }
    }

    pub(crate) fn assert_eventful(&mut self) {
        for (name, count) in self.all() {
            assert!(*count > 0, "nothing of this happened: {name}");
        }
    }
}

/// Why a call has no result: WeChat Pay says no, and it is proven that it does.
pub(crate) type Refused = ErrorCode;

pub(crate) struct Line {
    core: Option<Core>,
    changes: Vec<Change>,
    pub(crate) now: Timestamp,
    pub(crate) merchant: Merchant,
    pub(crate) appid: String,
    certificate: ClientCertificate,
    rng: StdRng,
    faults: Value,
    pub(crate) counts: Counts,
    /// Which start of the core it is: what was sent before is nothing to it.
    pub(crate) starts: u64,
}

impl Line {
    pub(crate) fn new(seed: u64) -> Self {
        let identity = Identity::generate(START.saturating_sub(86_400)).unwrap();
        let key = ApiV2Key::new(identity.api_key().expose()).unwrap();
        let sign_type = if seed.is_multiple_of(2) {
            SignType::Md5
        } else {
            SignType::HmacSha256
        };
        let merchant = Merchant::new(identity.mchid(), key)
            .unwrap()
            .with_sign_type(sign_type);
        let pem = identity.merchant_certificate_pem().as_bytes();
        let certificate = CertificateDer::from_pem_slice(pem).unwrap().to_vec();
        let fault = |rate: f64| json!({ "rate": rate, "seed": seed });
        let processed = |rate: f64| json!({ "rate": rate, "seed": seed, "processed": true });
        let mut line = Self {
            appid: identity.appid().to_owned(),
            core: Some(Core::new(identity, START, seed)),
            changes: Vec::new(),
            now: START,
            merchant,
            certificate: ClientCertificate::from_der(certificate),
            rng: StdRng::seed_from_u64(seed),
            faults: json!({
                "answers": {
                    "drop_before": fault(0.04), "drop_after": fault(0.04), "truncate_body": fault(0.04),
                    "wrong_signature": fault(0.04), "missing_signature_headers": fault(0.03),
                    "html_page": processed(0.03), "empty_body": processed(0.03), "status_502": processed(0.03),
                    "status_500": processed(0.03), "status_429": fault(0.03),
                },
                "notifications": {
                    "lose": fault(0.1), "duplicate": fault(0.1), "reorder": fault(0.1),
                    "wrong_signature": fault(0.1), "notice_md5": fault(0.1),
                },
            }),
            counts: Counts::default(),
            starts: 0,
        };
        line.misbehave(true);
        line
    }

    pub(crate) fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    /// Turns the faults on or off.
    pub(crate) fn misbehave(&mut self, on: bool) {
        let faults = if on { self.faults.clone() } else { json!({}) };
        self.control(Method::PUT, "faults", &faults);
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.rng.random_range(0..limit)
    }

    pub(crate) fn chance(&mut self, of: f64) -> bool {
        self.rng.random::<f64>() < of
    }

    fn nonce(&mut self) -> Nonce {
        let text = format!("{:032}", self.rng.random::<u64>());
        Nonce::new(&text).unwrap()
    }

    /// A control, over a line that nobody disturbs.
    pub(crate) fn control(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let body = if method == Method::GET {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = format!("/_sandbox/{path}").parse().unwrap();
        let now = self.now;
        let answer = self.core().handle(request, now);
        serde_json::from_slice(answer.response.body()).unwrap()
    }

    /// Kills the sandbox and starts it again from what it kept.
    pub(crate) fn restart(&mut self) {
        let mut core = self.core.take().unwrap();
        self.changes.extend(core.take_changes());
        self.core = Some(Core::restore(core.into_identity(), self.changes.clone()));
        self.starts += 1;
        self.counts.restarts += 1;
        self.misbehave(true);
    }

    /// Sends a request as it is; nothing where the line was cut before a byte came back.
    fn exchange(
        &mut self,
        mut request: Request<Bytes>,
        certificate: bool,
    ) -> Option<Response<Bytes>> {
        self.counts.calls += 1;
        if certificate {
            request.extensions_mut().insert(self.certificate.clone());
        }
        let now = self.now;
        let answer = self.core().handle(request, now);
        let mut response = answer.response;
        match answer.cut {
            None => {}
            Some(Cut::Truncate(bytes)) => {
                let body = response.body().slice(..bytes);
                *response.body_mut() = body;
                self.counts.cut += 1;
            }
            Some(_) => {
                self.counts.cut += 1;
                return None;
            }
        }
        Some(response)
    }

    /// Whether what was answered last was spoiled, so that nobody may have believed it.
    fn was_spoiled(&mut self) -> bool {
        let journal = self.control(Method::GET, "journal", &Value::Null);
        let faults = journal
            .as_array()
            .and_then(|entries| entries.last())
            .map(|entry| entry["faults"].to_string())
            .unwrap_or_default();
        self.control(Method::DELETE, "journal", &Value::Null);
        [
            "wrong_signature",
            "missing_signature",
            "html_page",
            "empty_body",
            "truncate_body",
            "502",
        ]
        .iter()
        .any(|fault| faults.contains(fault))
    }

    /// Calls until it is known what came of it: the same bytes again and again.
    pub(crate) fn call<O: Operation>(&mut self, operation: &O) -> Result<O::Response, Refused> {
        let nonce = self.nonce();
        let encoded = self.merchant.encode(operation, &nonce).unwrap();
        let certificate = operation.info().certificate;
        for _ in 0..MOST_TRIES {
            let endpoint = self.merchant.endpoint().clone();
            let Some(response) = self.exchange(encoded.to_http(&endpoint), certificate) else {
                self.pause();
                continue;
            };
            let spoiled = self.was_spoiled();
            match self.merchant.accept(operation, &response) {
                Ok(response) => {
                    // What is not signed anyway cannot be spoiled that way.
                    assert!(!spoiled, "believed a spoiled answer");
                    return Ok(response.into_value());
                }
                Err(AcceptError::Api(error)) => {
                    assert!(!spoiled, "believed a spoiled error");
                    let code = error.code().clone();
                    if !matches!(code, ErrorCode::SystemError | ErrorCode::FrequencyLimited) {
                        return Err(code);
                    }
                    self.counts.undetermined += 1;
                }
                Err(AcceptError::Verification(_)) => self.counts.disbelieved += 1,
                Err(AcceptError::NotXml(_) | AcceptError::Status(_)) => self.counts.no_xml += 1,
                Err(error) => panic!("{error:?}"),
            }
            self.pause();
        }
        panic!("no answer after {MOST_TRIES} tries");
    }

    /// One call whose outcome may stay unknown.
    pub(crate) fn call_once<O: Operation>(
        &mut self,
        operation: &O,
    ) -> Result<O::Response, Option<Refused>> {
        let nonce = self.nonce();
        let request = self.merchant.prepare(operation, &nonce).unwrap();
        let response = self.exchange(request, operation.info().certificate);
        let response = response.ok_or(None)?;
        match self.merchant.accept(operation, &response) {
            Ok(response) => Ok(response.into_value()),
            Err(AcceptError::Api(error)) if !error.is_undetermined() => {
                Err(Some(error.code().clone()))
            }
            Err(_) => Err(None),
        }
    }

    /// Drives a flow to its end, or until it breaks off by chance (`None`).
    pub(crate) fn drive<F: Flow>(&mut self, mut flow: F, breaks_off: f64) -> Option<F::Output> {
        flow.check().unwrap();
        let start = self.now;
        let merchant = self.merchant.clone();
        loop {
            let elapsed = u64::try_from(self.now.seconds_since(start)).unwrap();
            let elapsed = std::time::Duration::from_secs(elapsed);
            let result = match flow.next(elapsed) {
                Step::Done(output) => return Some(output),
                Step::Wait(pause) => {
                    let seconds = pause.as_millis().div_ceil(1_000);
                    self.now = self.now.saturating_add(i64::try_from(seconds).unwrap());
                    continue;
                }
                Step::Send(request) => {
                    let nonce = self.nonce();
                    let certificate = request.info().certificate;
                    let http = merchant.prepare(request, &nonce).unwrap();
                    match self.exchange(http, certificate) {
                        Some(response) => {
                            merchant.verify(request, &response).map_err(Failure::from)
                        }
                        None => Err(Failure::Unknown),
                    }
                }
                _ => continue,
            };
            if self.chance(breaks_off) {
                return None;
            }
            flow.answered(elapsed, result);
        }
    }

    fn pause(&mut self) {
        let seconds = 1 + self.below(5);
        self.now = self.now.saturating_add(i64::try_from(seconds).unwrap());
    }

    pub(crate) fn due(&mut self) -> Vec<Delivery> {
        let now = self.now;
        self.core().due(now)
    }
}
