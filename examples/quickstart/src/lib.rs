//! One payment from beginning to end, told in ten steps; the program is in `main.rs`.

mod bill;
mod clock;
mod controls;
mod listener;
mod settings;
mod shop;
mod show;
mod steps;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use wxpay_sandbox::{Server, ServerConfig};

pub use settings::Settings;
pub use show::Show;

use shop::Shop;

/// No story with a sandbox takes longer than this; with a payer of flesh and blood it may.
const LIMIT: Duration = Duration::from_secs(60);
const LIMIT_WITH_PEOPLE: Duration = Duration::from_secs(15 * 60);

/// Tells the story, and leaves nothing behind: a sandbox of our own is stopped and its folder
/// removed, the clock of another one is set back.
///
/// # Errors
///
/// When something does not hold; the error names the step. Also on Ctrl-C.
pub async fn run(settings: Settings, show: Show) -> Result<()> {
    let sandbox = match settings.home {
        Some(_) => None,
        None => Some(Server::start(ServerConfig::default()).await.context("cannot start a sandbox")?),
    };
    let result = tell(&settings, sandbox.as_ref(), show).await;
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    result
}

async fn tell(settings: &Settings, sandbox: Option<&Server>, mut show: Show) -> Result<()> {
    show.title("wxpay quickstart: one payment from beginning to end")?;
    let home = match (&settings.home, sandbox) {
        (Some(home), _) => home,
        (None, Some(sandbox)) => sandbox.home(),
        (None, None) => return Err(anyhow!("there is no WeChat Pay to talk to")),
    };
    let mut shop = Shop::open(home, settings, show).await?;
    let clock = match &shop.controls {
        Some(controls) => Some(controls.clock().await?),
        None => None,
    };
    let limit = if shop.controls.is_some() { LIMIT } else { LIMIT_WITH_PEOPLE };
    let result = tokio::select! {
        result = steps::all(&mut shop) => result,
        () = tokio::time::sleep(limit) => Err(anyhow!("not done after {} s in all", limit.as_secs())),
        _ = tokio::signal::ctrl_c() => Err(anyhow!("interrupted")),
    };
    if let (Some(controls), Some(clock)) = (&shop.controls, clock) {
        let restored = controls.restore_clock(clock).await;
        // What went wrong first is what matters.
        if result.is_ok() {
            restored.context("the sandbox's clock could not be set back")?;
        }
    }
    match shop.at {
        Some((number, name)) => result.with_context(|| format!("step {number} ({name}) failed")),
        None => result,
    }
}
