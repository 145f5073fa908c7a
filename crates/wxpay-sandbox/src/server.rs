//! The sandbox as a server: sockets, TLS, timers and files around the core.

mod answer;
mod connection;
mod error;
mod notify;
mod shared;
mod tls;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::core::Core;
use crate::home::{Home, MerchantFile};
use connection::Door;
use shared::Shared;

pub use error::StartError;

/// How long requests under way are given when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How a [`Server`] is to be set up.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    listen: SocketAddr,
    tls_listen: Option<SocketAddr>,
    home: Option<PathBuf>,
    seed: u64,
}

impl ServerConfig {
    /// Listens for HTTP on the address; port 0 picks a free one. Without
    /// [`home`](ServerConfig::home) the server lives in a temporary folder.
    #[must_use]
    pub fn new(listen: impl Into<SocketAddr>) -> Self {
        Self {
            listen: listen.into(),
            tls_listen: None,
            home: None,
            seed: 0,
        }
    }

    /// Listens for HTTPS as well, with a certificate `ca.pem` vouches for. Client certificates are
    /// asked for and, where given, must be the merchant's.
    #[must_use]
    pub fn tls_listen(mut self, address: impl Into<SocketAddr>) -> Self {
        self.tls_listen = Some(address.into());
        self
    }

    /// Lives in this folder, so that a later start takes merchant and orders up again.
    #[must_use]
    pub fn home(mut self, dir: impl Into<PathBuf>) -> Self {
        self.home = Some(dir.into());
        self
    }

    /// Numbers the sandbox makes up, and what faults do by chance, follow from this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for ServerConfig {
    /// A free port of 127.0.0.1 and a temporary folder: what a test wants.
    fn default() -> Self {
        Self::new((Ipv4Addr::LOCALHOST, 0))
    }
}

/// A running sandbox.
///
/// Dropping it stops it at once; [`Server::shutdown`] lets requests under way finish first.
pub struct Server {
    base_url: String,
    tls_base_url: Option<String>,
    merchant: MerchantFile,
    dir: PathBuf,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
    // Last, so that the folder goes when nothing uses it any more.
    temporary: Option<TempDir>,
}

impl Server {
    /// Starts a sandbox on the current tokio runtime. When this returns, it answers.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the home folder cannot be used.
    pub async fn start(config: ServerConfig) -> Result<Self, StartError> {
        // The ports first: whoever finds them taken has not made a folder yet.
        let (listener, address) = listen(config.listen).await?;
        let tls = match config.tls_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let base_url = format!("http://{}", reachable(address));
        let tls_base_url = tls
            .as_ref()
            .map(|(_, address)| format!("https://{}", reachable(*address)));

        let (dir, temporary) = match config.home {
            Some(dir) => (dir, None),
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("wxpay-sandbox-")
                    .tempdir()
                    .map_err(StartError::TemporaryHome)?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let tls_ip = tls.as_ref().map(|(_, address)| address.ip());
        let urls = (base_url.clone(), tls_base_url.clone());
        let set_up =
            tokio::task::spawn_blocking(move || SetUp::new(&dir, config.seed, tls_ip, urls));
        let set_up = set_up
            .await
            .map_err(|error| StartError::Tls(error.into()))??;

        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(set_up.shared);
        let mut tasks = JoinSet::new();
        let door = Door {
            tls: None,
            scheme: Scheme::HTTP,
            authority: authority(address)?,
        };
        tasks.spawn(connection::accept(
            listener,
            door,
            Arc::clone(&shared),
            stopped.clone(),
        ));
        if let (Some((listener, address)), Some(acceptor)) = (tls, set_up.acceptor) {
            let door = Door {
                tls: Some(acceptor),
                scheme: Scheme::HTTPS,
                authority: authority(address)?,
            };
            tasks.spawn(connection::accept(
                listener,
                door,
                Arc::clone(&shared),
                stopped.clone(),
            ));
        }
        let client = notify::client(set_up.client);
        tasks.spawn(notify::run(Arc::clone(&shared), client, stopped));
        Ok(Self {
            base_url,
            tls_base_url,
            merchant: set_up.merchant,
            dir: set_up.dir,
            stop,
            tasks,
            shared,
            temporary,
        })
    }

    /// Where the sandbox listens, such as `http://127.0.0.1:9470`: what takes the place of
    /// `https://api.mch.weixin.qq.com`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it listens for HTTPS, if it does.
    #[must_use]
    pub fn tls_base_url(&self) -> Option<&str> {
        self.tls_base_url.as_deref()
    }

    /// The folder with the merchant's credentials.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.dir
    }

    /// What stands in `merchant.json`.
    #[must_use]
    pub fn merchant(&self) -> &MerchantFile {
        &self.merchant
    }

    /// Stops: takes no more connections, gives requests under way five seconds, and lets go of the
    /// ports and the folder. Notifications under way are sent again by the next start.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, finish).await.is_err() {
            tracing::warn!(
                seconds = GRACE.as_secs(),
                "stopped with requests still under way"
            );
            self.tasks.shutdown().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Tasks that are cut off go when the runtime gets to it, but the next start may come
        // before that.
        self.shared.release();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("base_url", &self.base_url)
            .field("tls_base_url", &self.tls_base_url)
            .field("home", &self.dir)
            .field("temporary", &self.temporary.is_some())
            .finish_non_exhaustive()
    }
}

/// All that is made before the first connection.
struct SetUp {
    shared: Shared,
    merchant: MerchantFile,
    dir: PathBuf,
    acceptor: Option<TlsAcceptor>,
    client: rustls::ClientConfig,
}

impl SetUp {
    fn new(
        dir: &Path,
        seed: u64,
        tls_ip: Option<IpAddr>,
        (base_url, tls_base_url): (String, Option<String>),
    ) -> Result<Self, StartError> {
        let now = shared::now();
        let (home, identity) = Home::open_or_create(dir, now)?;
        let changes = home.changes()?;
        let acceptor = match tls_ip {
            Some(ip) => {
                let config = tls::server_config(&identity, ip, now).map_err(StartError::Tls)?;
                Some(TlsAcceptor::from(Arc::new(config)))
            }
            None => None,
        };
        let client = tls::client_config(&identity).map_err(StartError::Tls)?;
        let merchant = home.publish(&identity, &base_url, tls_base_url.as_deref())?;
        let core = if changes.is_empty() {
            Core::new(identity, now, seed)
        } else {
            Core::restore(identity, changes)
        };
        let log = home.start_log(&core.snapshot())?;
        let dir = home.dir().to_owned();
        Ok(Self {
            shared: Shared::new(core, home, log),
            merchant,
            dir,
            acceptor,
            client,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let actual = listener.local_addr().map_err(failed)?;
    Ok((listener, actual))
}

/// The address as somebody on this machine writes it: all interfaces include the loopback one.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

fn authority(address: SocketAddr) -> Result<Authority, StartError> {
    reachable(address)
        .to_string()
        .parse()
        .map_err(|error: http::uri::InvalidUri| StartError::Tls(error.into()))
}

/// An error and everything behind it, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
