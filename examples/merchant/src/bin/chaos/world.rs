//! The sandbox, its clock, and what it does wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use example_support::{Controls, ShiftedClock};
use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wxpay_bill::{Date, DateTime};
use wxpay_client::Clock as _;
use wxpay_sandbox::{Server, ServerConfig};

use crate::arguments::Arguments;
use crate::report::Findings;

/// One moment of the run.
const MOMENT: Duration = Duration::from_millis(100);

/// How often each fault struck, by its name.
pub(crate) type Struck = BTreeMap<String, u64>;

/// WeChat Pay, and the time in it.
pub(crate) struct World {
    server: Server,
    controls: Controls,
    clock: Arc<ShiftedClock>,
    seed: u64,
}

impl World {
    /// Starts a sandbox whose clock shows half past ten tomorrow: a day's bill has one day, and the
    /// one of the day before is asked for at ten.
    pub(crate) async fn start(folder: &Path, seed: u64) -> Result<Self> {
        let config = ServerConfig::default()
            .home(folder.join("sandbox"))
            .tls_listen((Ipv4Addr::LOCALHOST, 0))
            .seed(seed);
        let server = Server::start(config).await?;
        let world = Self {
            controls: Controls::at(server.base_url()),
            clock: Arc::default(),
            server,
            seed,
        };
        world.move_to_next_day("10:30:00").await?;
        // With the switch for the public key (微信支付公钥) still off, platform certificates sign,
        // so that their rotation is felt.
        let keys = json!({ "public_key_answers": false, "public_key_notifications": 30 });
        world.put("/_sandbox/keys", keys).await?;
        Ok(world)
    }

    /// The folder with the merchant's files.
    pub(crate) fn home(&self) -> &Path {
        self.server.home()
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// The clock, which follows the sandbox's.
    pub(crate) fn clock(&self) -> Arc<ShiftedClock> {
        Arc::clone(&self.clock)
    }

    /// The time in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_unix()
    }

    /// The time of day in Beijing.
    pub(crate) fn time(&self) -> String {
        let now = self.clock.beijing();
        format!("{:02}:{:02}", now.hour(), now.minute())
    }

    /// The day in Beijing.
    pub(crate) fn day(&self) -> Date {
        Date::of(self.clock.beijing())
    }

    /// Asks the sandbox.
    pub(crate) async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        self.controls.call(Method::GET, target, None).await
    }

    /// Tells the sandbox.
    pub(crate) async fn post(&self, target: &str, body: Value) -> Result<Value> {
        self.controls.call(Method::POST, target, Some(body)).await
    }

    /// A phone scans a code that holds goods; what came of it.
    pub(crate) async fn scan(&self, code: &str, callback_url: &str) -> Result<Value> {
        self.controls.scan(code, callback_url, false).await
    }

    pub(crate) async fn put(&self, target: &str, body: Value) -> Result<Value> {
        self.controls.call(Method::PUT, target, Some(body)).await
    }

    /// Moves the clock on. Less than a minute at a time: signatures are good for five.
    pub(crate) async fn pass(&self, seconds: i64) -> Result<()> {
        let step = json!({ "advance_seconds": seconds });
        let clock = self.put("/_sandbox/clock", step).await?;
        let offset = clock["offset_seconds"].as_i64();
        self.clock.set_offset(offset.context("a clock")?);
        tokio::time::sleep(MOMENT).await;
        Ok(())
    }

    /// Jumps to a time of the next day.
    pub(crate) async fn move_to_next_day(&self, time: &str) -> Result<()> {
        let day = self.day().next().context("the calendar has ended")?;
        let time: DateTime = format!("{day}T{time}+08:00").parse()?;
        let clock = self.controls.move_clock(time).await?;
        self.clock.set_offset(clock.offset_seconds);
        Ok(())
    }

    /// Some 70 seconds to one of this machine's, so that an order's quarter of an hour is soon over.
    /// The evening is a long one, so that a slow machine gets through before midnight as well.
    pub(crate) async fn let_time_pass(&self) {
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x7157);
        loop {
            let seconds = match self.clock.beijing().hour() {
                ..21 => rng.random_range(2..=12),
                _ => 1,
            };
            if let Err(error) = self.pass(seconds).await {
                eprintln!("chaos: the clock stands still: {error:#}");
            }
        }
    }

    /// Waits until that time.
    pub(crate) async fn wait_until(&self, at: i64) {
        while self.now() < at {
            tokio::time::sleep(MOMENT / 4).await;
        }
    }

    /// From now on about one answer in three and every second notice is not as it should be.
    pub(crate) async fn begin_faults(&self) -> Result<()> {
        let fault = |rate: f64| json!({ "rate": rate, "seed": self.seed });
        let with = |rate: f64, name: &str, value: Value| {
            let mut fault = fault(rate);
            fault[name] = value;
            fault
        };
        let faults = json!({
            "answers": {
                "latency": with(0.05, "milliseconds", json!(500)),
                "drop_before": fault(0.02),
                "drop_after": fault(0.06),
                "status_429": with(0.01, "retry_after", json!(1)),
                "status_500": with(0.04, "processed", json!(true)),
                "status_502": fault(0.02),
                "html_page": with(0.01, "processed", json!(true)),
                "empty_body": with(0.01, "processed", json!(true)),
                "wrong_signature": fault(0.02),
                "missing_signature_headers": fault(0.01),
                "stale_timestamp": fault(0.01),
                "unknown_serial": fault(0.01),
                "signature_probe": fault(0.01),
                "truncate_body": with(0.02, "bytes", json!(20)),
            },
            "notifications": {
                "duplicate": fault(0.3),
                "reorder": with(0.15, "milliseconds", json!(1_500)),
                "delay": with(0.2, "milliseconds", json!(1_000)),
                "lose": fault(0.25),
                "probe": fault(0.08),
                "wrong_signature": fault(0.1),
                "stale_timestamp": fault(0.05),
                "unknown_serial": fault(0.05),
                "notice_md5": fault(0.2),
            },
        });
        self.put("/_sandbox/faults", faults).await.map(drop)
    }

    /// From now on everything goes right; says how often what went wrong.
    pub(crate) async fn end_faults(&self) -> Result<Struck> {
        let set: Value = self.get("/_sandbox/faults").await?;
        self.put("/_sandbox/faults", json!({})).await?;
        self.put("/_sandbox/refunds", json!({})).await?;
        let mut struck = Struck::new();
        for (side, name) in [("answers", "answer"), ("notifications", "notice")] {
            let counted = set["struck"][side].as_object().into_iter().flatten();
            for (fault, count) in counted {
                let count = count.as_u64().unwrap_or(0);
                if count > 0 {
                    struck.insert(format!("{name} {fault}"), count);
                }
            }
        }
        Ok(struck)
    }

    /// Notices that the shop took though they were spoiled on purpose. The sandbox remembers its
    /// last 200 attempts: to be asked every second.
    async fn believed(&self) -> Result<BTreeSet<String>> {
        let attempts: Vec<Value> = self.get("/_sandbox/notifications").await?;
        let problems = attempts.iter().flat_map(|attempt| {
            let problems = attempt["problems"].as_array().into_iter().flatten();
            problems.map(|problem| format!("notice {}: {problem}", attempt["id"]))
        });
        Ok(problems.filter(|it| it.contains("spoiled")).collect())
    }

    /// What becomes of refunds changes every second, and halfway the platform certificate.
    pub(crate) async fn weather(
        &self,
        through: &AtomicUsize,
        arguments: &Arguments,
        findings: &Findings,
    ) {
        let mut known = BTreeSet::new();
        let mut rng = StdRng::seed_from_u64(self.seed ^ 0x3EA7);
        let halfway = arguments.payments as usize / 2;
        let mut rotated = false;
        loop {
            let delay: u32 = rng.random_range(0..120);
            let refunds = match rng.random_range(0..10) {
                0 => json!({ "not_enough": true }),
                1 => json!({ "outcome": "CLOSED", "delay_seconds": delay }),
                _ => json!({ "delay_seconds": delay }),
            };
            let mut changed = self.put("/_sandbox/refunds", refunds).await;
            if !rotated && through.load(Ordering::Relaxed) >= halfway {
                rotated = true;
                changed = changed.and(self.post("/_sandbox/keys/rotate", json!({})).await);
                eprintln!("chaos: a new platform certificate");
            }
            match self.believed().await {
                Ok(believed) => {
                    for notice in believed {
                        if known.insert(notice.clone()) {
                            findings.differs(notice);
                        }
                    }
                }
                Err(error) => changed = changed.and(Err(error)),
            }
            if let Err(error) = changed {
                eprintln!("chaos: the weather does not change: {error:#}");
            }
            tokio::time::sleep(10 * MOMENT).await;
        }
    }
}
