//! One payment from beginning to end: `cargo run -p quickstart`.

use std::io::Write as _;
use std::process::ExitCode;

use quickstart::{Settings, Show, run};

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Settings::from_env() {
        Ok(settings) => run(settings, Show::stdout()).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, the causes behind the error: what failed, and why.
            let _ = writeln!(std::io::stderr(), "\nquickstart: {error:#}");
            ExitCode::FAILURE
        }
    }
}
