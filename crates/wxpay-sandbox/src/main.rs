//! `wxpay-sandbox`: a WeChat Pay on this machine. See the README of the crate.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use wxpay_sandbox::{Server, ServerConfig};

/// A WeChat Pay (微信支付) on this machine: point a client's base URL here.
///
/// Prints one line, "ready http://HOST:PORT", when it answers. The log goes to standard error;
/// RUST_LOG sets how much of it (default: info). Stops on Ctrl-C and SIGTERM.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address for HTTP; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9470")]
    listen: SocketAddr,

    /// Folder for credentials and orders; made at the first start, taken up again later.
    #[arg(long, value_name = "DIR", default_value = ".wxpay-sandbox")]
    home: PathBuf,

    /// Address for HTTPS as well, with client certificates; trust DIR/ca.pem.
    #[arg(long, value_name = "ADDR")]
    tls_listen: Option<SocketAddr>,

    /// Seed of the numbers the sandbox makes up.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> ExitCode {
    // Before anything is said to be ready: a signal that comes right after is not lost.
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return fail(&error),
    };
    let mut config = ServerConfig::new(arguments.listen)
        .home(arguments.home)
        .seed(arguments.seed);
    if let Some(address) = arguments.tls_listen {
        config = config.tls_listen(address);
    }
    let server = tokio::select! {
        server = Server::start(config) => server,
        () = signals.next() => return ExitCode::SUCCESS,
    };
    let server = match server {
        Ok(server) => server,
        Err(error) => return fail(&error),
    };
    if !arguments.listen.ip().is_loopback() {
        tracing::warn!(address = %arguments.listen, "others can reach this: the controls ask for no password");
    }
    tracing::info!(
        home = %server.home().display(),
        mchid = server.merchant().mchid,
        https = server.tls_base_url(),
        "the sandbox is ready"
    );
    // Nobody reading it is no reason to stop.
    let _ =
        writeln!(io::stdout(), "ready {}", server.base_url()).and_then(|()| io::stdout().flush());
    signals.next().await;
    tracing::info!("stopping");
    tokio::select! {
        () = server.shutdown() => ExitCode::SUCCESS,
        // Asked twice: at once.
        () = signals.next() => ExitCode::FAILURE,
    }
}

/// One line about what went wrong.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut line = format!("error: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error.to_string());
        source = error.source();
    }
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::FAILURE
}

/// What asks a program to stop.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What asks a program to stop.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
