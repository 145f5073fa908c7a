//! The whole shop: its port, its books, its WeChat Pay, its pages and its worker.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use example_support::{Controls, ShiftedClock, told_to_stop};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wxpay_client::Clock;
use wxpay_sandbox::{MerchantFile, Server, ServerConfig};

use crate::gateway::{Account, Gateway};
use crate::settings::{Password, Settings};
use crate::shop::{Bell, FormId, Shop};
use crate::store::Store;
use crate::web::{self, Web};
use crate::worker;

/// How often to look at the sandbox's clock.
const LOOK_AT_CLOCK: Duration = Duration::from_millis(200);
/// How long what is under way may take at the end.
const GRACE: Duration = Duration::from_secs(20);

/// Runs the shop until Ctrl-C or SIGTERM. Prints where everything is, and last a line
/// `ready http://HOST:PORT` when it serves.
///
/// # Errors
///
/// What keeps it from starting: a port or a file in use, a file that is missing, a database that
/// cannot be reached. The error says what to do.
pub async fn run(settings: Settings) -> Result<()> {
    // Listened for from the start: a signal that comes early is not lost.
    let told = tokio::spawn(told_to_stop());
    // The port first: who finds it taken has not made anything yet.
    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; MERCHANT_LISTEN takes another address",
            settings.listen
        )
    })?;
    let url = match &settings.url {
        Some(url) => url.clone(),
        None => own_url(listener.local_addr()?),
    };
    let store = open_store(&settings).await?;
    let counterpart = Counterpart::find(&settings, url.clone()).await?;
    let password = match (&settings.password, &counterpart.sandbox) {
        (Some(password), _) => password.clone(),
        // Printed below: with a sandbox there is nothing to steal.
        (None, Some(_)) => Password::new(FormId::new()?.as_str()[..16].to_owned())?,
        (None, None) => {
            bail!("set MERCHANT_PASSWORD: the operator's page needs a password of your own")
        }
    };
    let clock: Arc<dyn Clock> = Arc::clone(&counterpart.clock) as _;
    let shop = Shop {
        store: store.clone(),
        gateway: Gateway::open(&counterpart.account, Arc::clone(&clock))?,
        clock,
        bell: Bell::default(),
    };
    counterpart.say(&settings, &url, &password)?;

    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    if let Some(sandbox) = &counterpart.sandbox {
        let (clock, bell) = (Arc::clone(&counterpart.clock), shop.bell.clone());
        tasks.spawn(follow(Controls::at(sandbox), clock, bell, stopping.clone()));
    }
    tasks.spawn(worker::run(shop.clone(), stopping.clone()));
    let web = Web {
        shop,
        url,
        password,
        sandbox: counterpart.sandbox.clone(),
        stop: stopping.clone(),
    };
    tasks.spawn(async move {
        let mut stopping = stopping;
        let stop = async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let server = axum::serve(listener, web::router(web)).with_graceful_shutdown(stop);
        if let Err(error) = server.await {
            tracing::error!(%error, "the server broke off");
        }
    });
    // None of them ends by itself.
    let broken = tokio::select! {
        _ = told => false,
        _ = tasks.join_next() => true,
    };
    tracing::info!("stopping");
    stop.send_replace(true);
    let ended = tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} });
    if ended.await.is_err() {
        tracing::warn!("not everything came to an end; nothing is lost by that");
    }
    store.close().await;
    counterpart.stop().await;
    ensure!(!broken, "a part of the shop broke off; the log says which");
    Ok(())
}

/// Where a browser on this machine reaches the address.
fn own_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

async fn open_store(settings: &Settings) -> Result<Store> {
    if settings.home.is_none() || settings.database_url.starts_with("sqlite:") {
        std::fs::create_dir_all(&settings.data)
            .with_context(|| format!("cannot make the folder {}", settings.data.display()))?;
    }
    Ok(Store::open(&settings.database_url).await?)
}

/// The WeChat Pay the shop is paid through.
struct Counterpart {
    account: Account,
    clock: Arc<ShiftedClock>,
    /// Where the sandbox is, if it is one.
    sandbox: Option<String>,
    /// The sandbox, if it was started here.
    own: Option<Server>,
}

impl Counterpart {
    async fn find(settings: &Settings, shop_url: String) -> Result<Self> {
        let (home, own) = match &settings.home {
            Some(home) => (home.clone(), None),
            None => {
                let home = settings.data.join("sandbox");
                // With HTTPS, so that v1 and v2 can show their certificate.
                let config = ServerConfig::default()
                    .home(&home)
                    .tls_listen((Ipv4Addr::LOCALHOST, 0));
                let server = Server::start(config).await.with_context(|| {
                    let home = home.display();
                    format!(
                        "no sandbox in {home}; is one running there? WXPAY_HOME={home} shares it"
                    )
                })?;
                (home, Some(server))
            }
        };
        let file = MerchantFile::read(&home)?;
        let base_url = settings.base_url.as_deref().unwrap_or(&file.base_url);
        let controls = Controls::behind(base_url, &file).await?;
        let clock = Arc::new(ShiftedClock::default());
        if let Some(controls) = &controls {
            clock.set_offset(controls.clock().await?.offset_seconds);
        } else {
            ensure!(
                settings.url.is_some(),
                "set MERCHANT_URL to the address WeChat Pay and browsers reach the shop at"
            );
        }
        let sandbox = controls.map(|controls| controls.base_url().to_owned());
        let account = Account {
            api: settings.api,
            home,
            base_url: settings.base_url.clone(),
            shop_url,
        };
        Ok(Self {
            account,
            clock,
            sandbox,
            own,
        })
    }

    fn say(&self, settings: &Settings, url: &str, password: &Password) -> Result<()> {
        let api = settings.api.name();
        let mut out = std::io::stdout().lock();
        let mut say = || -> std::io::Result<()> {
            match &self.sandbox {
                Some(sandbox) => writeln!(out, "WeChat Pay  {api}, a sandbox at {sandbox}")?,
                None => writeln!(out, "WeChat Pay  {api}, the real one: real money")?,
            }
            match settings.database_url.strip_prefix("sqlite:") {
                Some(file) => writeln!(out, "database    SQLite, {file}")?,
                // The address may hold a password.
                None => writeln!(out, "database    PostgreSQL")?,
            }
            let known = if settings.password.is_some() {
                "yours"
            } else {
                password.expose()
            };
            writeln!(
                out,
                "operator    {url}/operator, user operator, password {known}"
            )?;
            writeln!(out, "ready {url}")?;
            out.flush()
        };
        say().context("the output is closed")
    }

    async fn stop(self) {
        if let Some(own) = self.own {
            own.shutdown().await;
        }
    }
}

/// Keeps our clock with the sandbox's, which people and tests move.
async fn follow(
    controls: Controls,
    clock: Arc<ShiftedClock>,
    bell: Bell,
    mut stop: watch::Receiver<bool>,
) {
    let mut known = None;
    while !*stop.borrow() {
        // A sandbox that is gone for a moment keeps its time.
        if let Ok(now) = controls.clock().await
            && known.replace(now.offset_seconds) != Some(now.offset_seconds)
        {
            clock.set_offset(now.offset_seconds);
            bell.ring();
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AT_CLOCK) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}
