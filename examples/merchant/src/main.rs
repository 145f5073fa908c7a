//! The shop: `cargo run -p merchant`. See the README beside it.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use merchant::settings::Settings;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .init();
    let result = match Settings::from_env() {
        Ok(settings) => merchant::run(settings).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, the causes behind the error: what failed, and why.
            let _ = writeln!(io::stderr(), "merchant: {error:#}");
            ExitCode::FAILURE
        }
    }
}
