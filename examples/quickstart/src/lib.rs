//! One payment from beginning to end, told in ten steps; the program is in `main.rs`.

mod listener;
mod settings;
mod shop;
mod show;
mod steps;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use example_support::told_to_stop;
use tokio::sync::watch;
use wxpay_sandbox::{Server, ServerConfig};

/// Keeps the code in the workspace's README compiling.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

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
    // Listened for from the start, so that nothing is left behind whenever it comes.
    let (interrupt, mut interrupted) = watch::channel(false);
    let ctrl_c = tokio::spawn(async move {
        if told_to_stop().await.is_ok() {
            interrupt.send_replace(true);
        }
        interrupt.closed().await;
    });
    let sandbox = match settings.home {
        Some(_) => None,
        None => Some(
            Server::start(ServerConfig::default())
                .await
                .context("cannot start a sandbox")?,
        ),
    };
    let result = tell(&settings, sandbox.as_ref(), show, &mut interrupted).await;
    if let Some(sandbox) = sandbox {
        sandbox.shutdown().await;
    }
    ctrl_c.abort();
    result
}

async fn tell(
    settings: &Settings,
    sandbox: Option<&Server>,
    mut show: Show,
    interrupted: &mut watch::Receiver<bool>,
) -> Result<()> {
    show.title("wxpay quickstart: one payment from beginning to end")?;
    let home = match (&settings.home, sandbox) {
        (Some(home), _) => home,
        (None, Some(sandbox)) => sandbox.home(),
        (None, None) => bail!("there is no WeChat Pay to talk to"),
    };
    let mut shop = tokio::select! {
        shop = Shop::open(home, settings, show) => shop?,
        _ = interrupted.wait_for(|interrupted| *interrupted) => bail!("interrupted"),
    };
    let clock = match &shop.controls {
        Some(controls) => Some(controls.clock().await?),
        None => None,
    };
    let limit = if shop.controls.is_some() {
        LIMIT
    } else {
        LIMIT_WITH_PEOPLE
    };
    let result = tokio::select! {
        result = steps::all(&mut shop) => result,
        () = tokio::time::sleep(limit) => Err(anyhow!("not done after {} s in all", limit.as_secs())),
        _ = interrupted.wait_for(|interrupted| *interrupted) => Err(anyhow!("interrupted")),
    };
    if let (Some(controls), Some(clock)) = (&shop.controls, clock) {
        let restored = controls.set_offset(clock.offset_seconds).await;
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
