//! Who and what there is: the core, the merchant, the clock, and what goes on by itself.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use wxpay_proto::{
    Credential, Merchant, Nonce, NotificationError, PlatformKeyring, RefreshReason, Timestamp,
    VerificationError, reply,
};
use wxpay_sandbox::{Change, Core, Identity};

use crate::line::Flight;
use crate::shop::Shop;

pub(crate) const START: Timestamp = Timestamp::from_unix(1_767_578_400);

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) now: Timestamp,
    pub(crate) rng: StdRng,
    pub(crate) merchant: Merchant,
    pub(crate) shop: Shop,
    pub(crate) flights: Vec<Flight>,
    /// How often somebody between the two changes what passes.
    pub(crate) mischief: f64,
    pub(crate) counts: Counts,
    /// How often the core has been started; flights of an earlier one cannot be reported to it.
    pub(crate) starts: u64,
    core: Option<Core>,
    /// Every change since the beginning, as a log on disk would have them.
    log: Vec<String>,
    launched: u64,
}

/// What happened, over all seeds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) orders: u64,
    pub(crate) paid: u64,
    pub(crate) refunded: u64,
    pub(crate) closed: u64,
    pub(crate) repeated: u64,
    pub(crate) unsure: u64,
    pub(crate) disbelieved: u64,
    pub(crate) notified: u64,
    pub(crate) notified_again: u64,
    pub(crate) notifications_refused: u64,
    pub(crate) keys_fetched: u64,
    pub(crate) bill_rows: u64,
}

impl Counts {
    fn each(&mut self) -> [(&'static str, &mut u64); 12] {
        [
            ("orders", &mut self.orders),
            ("paid", &mut self.paid),
            ("refunded", &mut self.refunded),
            ("closed", &mut self.closed),
            ("repeated", &mut self.repeated),
            ("unsure", &mut self.unsure),
            ("disbelieved", &mut self.disbelieved),
            ("notified", &mut self.notified),
            ("notified again", &mut self.notified_again),
            ("notifications refused", &mut self.notifications_refused),
            ("keys fetched", &mut self.keys_fetched),
            ("bill rows", &mut self.bill_rows),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let mut other = *other;
        for ((_, count), (_, more)) in self.each().into_iter().zip(other.each()) {
            *count += *more;
        }
    }

    pub(crate) fn assert_eventful(mut self) {
        for (what, count) in self.each() {
            assert!(*count >= 20, "{what}: only {count}");
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        // A day old, so that no clock is before its certificates.
        let identity = Identity::generate(START.saturating_sub(86_400)).unwrap();
        let merchant = merchant(&identity);
        let shop = Shop::new(&identity);
        let core = Core::new(identity, START, seed);
        let log = core.snapshot().iter().map(line).collect();
        Self {
            seed,
            now: START,
            rng: StdRng::seed_from_u64(seed),
            merchant,
            shop,
            flights: Vec::new(),
            mischief: 0.0,
            counts: Counts::default(),
            starts: 0,
            core: Some(core),
            log,
            launched: 0,
        }
    }

    pub(crate) fn core(&mut self) -> &mut Core {
        self.core.as_mut().unwrap()
    }

    /// Whether something happens this time.
    pub(crate) fn chance(&mut self, rate: f64) -> bool {
        self.rng.random_bool(rate)
    }

    pub(crate) fn below(&mut self, end: i64) -> i64 {
        self.rng.random_range(0..end)
    }

    pub(crate) fn nonce(&mut self) -> Nonce {
        Nonce::from_bytes(self.rng.random())
    }

    /// A call of the sandbox's controls.
    pub(crate) fn control(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_sandbox/{path}"))
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let now = self.now;
        let response = self.core().handle(request, now).response;
        self.keep();
        (
            response.status(),
            serde_json::from_slice(response.body()).unwrap(),
        )
    }

    pub(crate) fn set(&mut self, path: &str, body: &Value) {
        let (status, said) = self.control(Method::PUT, path, body);
        assert_eq!(status, 200, "{path}: {said}");
    }

    /// The order as the sandbox sees it; null if it has none.
    pub(crate) fn seen(&mut self, number: &str) -> Value {
        match self.control(Method::GET, &format!("orders/{number}"), &Value::Null) {
            (StatusCode::OK, order) => order,
            (status, _) => {
                assert_eq!(status, 404);
                Value::Null
            }
        }
    }

    /// Writes down what changed, as a server does before an answer leaves.
    pub(crate) fn keep(&mut self) {
        let changes = self.core().take_changes();
        self.log.extend(changes.iter().map(line));
    }

    /// The core ends and another takes up what it left: its snapshot, or the log of its changes.
    pub(crate) fn restart_core(&mut self, from_log: bool) {
        self.assert_nothing_spoiled_was_taken();
        let core = self.core.take().unwrap();
        let lines = if from_log {
            self.log.clone()
        } else {
            core.snapshot().iter().map(line).collect()
        };
        let changes = lines
            .iter()
            .map(|line| serde_json::from_str::<Change>(line).unwrap());
        self.core = Some(Core::restore(core.into_identity(), changes));
        self.starts += 1;
    }

    /// The merchant starts anew, with nothing but its book and the certificates it had kept.
    pub(crate) fn restart_merchant(&mut self) {
        let kept = self.merchant.export_certificates();
        let merchant = merchant(self.core().identity());
        if let Some(kept) = kept {
            merchant.import_certificates(&kept, self.now).unwrap();
        }
        self.merchant = merchant;
    }

    pub(crate) fn run_for(&mut self, seconds: i64) {
        self.run_until(self.now.saturating_add(seconds));
    }

    /// Lets time pass, with everything that happens meanwhile.
    pub(crate) fn run_until(&mut self, end: Timestamp) {
        for round in 0.. {
            assert!(round < 100_000, "time does not pass");
            let landing = self.flights.iter().map(Flight::lands).min();
            let due = self.core().next_due().map(|at| (at, 0));
            let Some(((at, _), landing)) = [(due, false), (landing, true)]
                .into_iter()
                .filter_map(|(at, landing)| Some((at?, landing)))
                .min()
            else {
                break;
            };
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            if landing {
                let first = self.flights.iter().map(Flight::lands).min();
                let index = self
                    .flights
                    .iter()
                    .position(|flight| Some(flight.lands()) == first);
                let flight = self.flights.swap_remove(index.unwrap());
                self.land(flight);
            } else {
                let now = self.now;
                for delivery in self.core().due(now) {
                    self.launched += 1;
                    let flight = Flight::new(delivery, now, self.launched, self.starts);
                    self.flights.push(flight);
                }
                self.keep();
            }
        }
        self.now = self.now.max(end);
    }

    /// The merchant's door: what it answers a notification.
    pub(crate) fn notified(&mut self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        let mut opened = self.merchant.open_notification(headers, body, self.now);
        if let Err(NotificationError::Verification(VerificationError::UnknownKey(id))) = &opened {
            self.fetch_keys(RefreshReason::UnknownKey(id.clone()));
            opened = self.merchant.open_notification(headers, body, self.now);
        }
        match opened {
            Ok(notification) => {
                self.assert_it_is_so(&notification);
                self.counts.notified += 1;
                if !self.shop.notified(&notification) {
                    self.counts.notified_again += 1;
                }
                reply::success().status()
            }
            Err(error) => {
                self.counts.notifications_refused += 1;
                error.reply().status()
            }
        }
    }

    /// What a notification says is what the core has to tell.
    fn assert_it_is_so(&mut self, notification: &wxpay_proto::Notification) {
        let content: Value = notification.json().unwrap();
        let order = self.seen(content["out_trade_no"].as_str().unwrap());
        let of_core = order["notifications"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["id"] == notification.id())
            .unwrap_or_else(|| panic!("never sent: {content}"));
        assert_eq!(of_core["content"], content);
        assert_eq!(of_core["event_type"], notification.event_type());
    }

    /// The sandbox watches, too, whether what it spoiled on purpose is taken.
    pub(crate) fn assert_nothing_spoiled_was_taken(&mut self) {
        let (_, attempts) = self.control(Method::GET, "notifications", &Value::Null);
        for attempt in attempts.as_array().unwrap() {
            assert_eq!(attempt["problems"], json!([]), "{attempt}");
        }
    }
}

fn line(change: &Change) -> String {
    serde_json::to_string(change).unwrap()
}

fn merchant(identity: &Identity) -> Merchant {
    let credential = Credential::from_certificate(
        identity.mchid(),
        identity.merchant_certificate(),
        identity.merchant_private_key().clone(),
    );
    Merchant::new(
        credential.unwrap(),
        identity.apiv3_key().clone(),
        PlatformKeyring::certificates(),
    )
}
