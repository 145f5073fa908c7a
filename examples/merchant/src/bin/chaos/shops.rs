//! The shop's processes: started, killed, started again.

use std::fs::File;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use example_support::Http;
use merchant::settings::Settings;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Arguments, Database};
use crate::balancer;
use crate::report::Findings;

/// The argument that makes this program a shop.
pub(crate) const SHOP: &str = "shop";
/// Below the ports that connections begin at: while a shop is dead, nobody else takes its port.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// How long a shop may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// All of them, behind one address.
pub(crate) struct Shops {
    /// Where customers and WeChat Pay find the shop.
    pub(crate) url: String,
    all: Vec<Shop>,
    balancer: JoinHandle<()>,
    kills: AtomicU64,
    stops: AtomicU64,
    crashes: AtomicU64,
    findings: Findings,
}

struct Shop {
    address: SocketAddr,
    environment: Vec<(&'static str, String)>,
    log: PathBuf,
    child: Mutex<Option<Child>>,
}

impl Shops {
    /// Starts them; [`wait_until_up`](Self::wait_until_up) says when they serve.
    pub(crate) async fn start(
        arguments: &Arguments,
        folder: &Path,
        database_url: &str,
        home: &Path,
        findings: Findings,
    ) -> Result<Self> {
        let shops = usize::from(arguments.shops());
        let addresses: Vec<SocketAddr> = free_ports().take(shops).collect();
        ensure!(addresses.len() == shops, "no free ports");
        let (balancer, serving) = balancer::start(addresses.clone()).await?;
        let url = format!("http://{balancer}");
        let shop = |(index, address): (usize, SocketAddr)| Shop {
            address,
            environment: vec![
                ("MERCHANT_API", arguments.api.name().to_owned()),
                ("MERCHANT_LISTEN", address.to_string()),
                ("MERCHANT_URL", url.clone()),
                ("MERCHANT_DATA", folder.display().to_string()),
                ("MERCHANT_PASSWORD", "correct horse battery".to_owned()),
                ("DATABASE_URL", database_url.to_owned()),
                ("WXPAY_HOME", home.display().to_string()),
                ("WXPAY_BASE_URL", String::new()),
            ],
            log: folder.join(format!("shop-{index}.log")),
            child: Mutex::default(),
        };
        let shops = Self {
            all: addresses.into_iter().enumerate().map(shop).collect(),
            url,
            balancer: serving,
            kills: AtomicU64::default(),
            stops: AtomicU64::default(),
            crashes: AtomicU64::default(),
            findings,
        };
        for shop in &shops.all {
            shop.start()?;
        }
        Ok(shops)
    }

    /// SIGKILLs, SIGTERMs, and crashes of the database so far.
    pub(crate) fn kills(&self) -> (u64, u64, u64) {
        (
            self.kills.load(Ordering::Relaxed),
            self.stops.load(Ordering::Relaxed),
            self.crashes.load(Ordering::Relaxed),
        )
    }

    /// Until all of them serve.
    pub(crate) async fn wait_until_up(&self, http: &Http) -> Result<()> {
        for shop in &self.all {
            let url = format!("http://{}/health", shop.address);
            let up = async {
                while !http.get(&url).await.is_ok_and(|it| it.status() == 200) {
                    shop.is_alive()?;
                    tokio::time::sleep(LOOK).await;
                }
                anyhow::Ok(())
            };
            let up = tokio::time::timeout(PATIENCE, up).await;
            up.context("it took too long")
                .flatten()
                .with_context(|| format!("a shop does not serve; see {}", shop.log.display()))?;
        }
        Ok(())
    }

    /// Kills one of them now and then, and starts it again; sometimes it is the database's turn.
    pub(crate) async fn kill_at_random(&self, seed: u64, http: &Http, database: &Database) {
        let mut rng = StdRng::seed_from_u64(seed ^ 0xD1E);
        loop {
            // Sometimes while it is starting, mostly while it is at work.
            let pause = if rng.random_bool(0.15) {
                rng.random_range(20..400)
            } else {
                rng.random_range(400..2_400)
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            self.all_up();
            if rng.random_bool(0.15) && self.crash(http, database).await {
                continue;
            }
            let shop = &self.all[rng.random_range(0..self.all.len())];
            if rng.random_bool(0.15) {
                self.stops.fetch_add(1, Ordering::Relaxed);
                self.stop(shop).await;
            } else {
                self.kills.fetch_add(1, Ordering::Relaxed);
                shop.kill();
            }
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..300))).await;
            self.all_up();
        }
    }

    /// Breaks the database down, if that can be done. A shop does not start without one, so all
    /// have to be up.
    async fn crash(&self, http: &Http, database: &Database) -> bool {
        let crashed = async {
            self.wait_until_up(http).await?;
            database.crash().await
        };
        let crashed = crashed.await.unwrap_or_else(|error| {
            self.findings.differs(format!("{error:#}"));
            false
        });
        self.crashes.fetch_add(crashed.into(), Ordering::Relaxed);
        crashed
    }

    /// Starts those that do not run. None ends by itself, so that is a difference.
    pub(crate) fn all_up(&self) {
        for shop in &self.all {
            let ended = match &mut *shop.lock() {
                Some(child) => match child.try_wait() {
                    Ok(None) => continue,
                    Ok(Some(status)) => Some(status),
                    Err(_) => None,
                },
                None => None,
            };
            if let Some(status) = ended {
                let log = shop.log.display();
                self.findings
                    .differs(format!("a shop ended by itself ({status}); see {log}"));
            }
            if let Err(error) = shop.start() {
                self.findings.differs(format!("{error:#}"));
            }
        }
    }

    /// Ends one of them as its system would: SIGTERM, and time to finish.
    async fn stop(&self, shop: &Shop) {
        // Taken out, so that nobody believes it ended by itself.
        let Some(mut child) = shop.lock().take() else {
            return;
        };
        let told = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", child.id())])
            .status();
        let ended = async {
            while let Ok(None) = child.try_wait() {
                tokio::time::sleep(LOOK).await;
            }
            child.try_wait().ok().flatten()
        };
        let problem = match tokio::time::timeout(PATIENCE, ended).await {
            // Without a code it was so young that the signal itself ended it.
            Ok(Some(status)) if matches!(status.code(), None | Some(0)) => return,
            Ok(status) => format!("a shop stopped on SIGTERM with {status:?} ({told:?})"),
            Err(_) => "a shop does not stop on SIGTERM".to_owned(),
        };
        let _ = child.kill();
        let _ = child.wait();
        let log = shop.log.display();
        self.findings.differs(format!("{problem}; see {log}"));
    }

    /// No process panics, whatever happens to it.
    pub(crate) fn look_for_panics(&self) {
        for shop in &self.all {
            let log = std::fs::read_to_string(&shop.log).unwrap_or_default();
            for line in log.lines().filter(|line| line.contains("panicked")) {
                self.findings.differs(format!("a shop panicked: {line}"));
            }
        }
    }

    /// Ends all of them for good.
    pub(crate) async fn end(&self) {
        for shop in &self.all {
            self.stop(shop).await;
        }
        self.balancer.abort();
    }
}

impl Shop {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let program = std::env::current_exe().context("this program's file")?;
        let child = Command::new(program)
            .arg(SHOP)
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            // Its end says that we are gone.
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("a shop could not be started")?;
        *self.lock() = Some(child);
        Ok(())
    }

    fn is_alive(&self) -> Result<()> {
        if let Some(child) = &mut *self.lock() {
            let ended = child.try_wait()?;
            ensure!(ended.is_none(), "it has ended");
        }
        Ok(())
    }

    /// SIGKILL: nothing is finished, nothing is said.
    fn kill(&self) {
        if let Some(mut child) = self.lock().take() {
            // It may have ended by itself a moment ago.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ports nobody listens on.
fn free_ports() -> impl Iterator<Item = SocketAddr> {
    // Several runs on one machine look in different places first.
    let skip = std::process::id() % 97 * 100;
    let ports = PORTS.cycle().skip(skip as usize).take(PORTS.len());
    let addresses = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addresses.filter(|address| TcpListener::bind(address).is_ok())
}

/// What this program is as a shop: [`merchant::run`] until it is killed, or whoever started it is.
pub(crate) fn be_a_shop() -> ExitCode {
    std::thread::spawn(|| {
        // Nothing is ever written there.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .init();
    let run = || -> Result<()> {
        let settings = Settings::from_env()?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(merchant::run(settings))
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop: {error:#}");
            ExitCode::FAILURE
        }
    }
}
