//! Step 1: whose signatures are believed.

use anyhow::{Context as _, Result, ensure};
use wxpay_client::Clock as _;
use wxpay_client::proto::DateTime;

use crate::shop::Shop;

/// A sandbox's day is not over in the middle of the story: the bill of step 10 is a day's.
pub(super) async fn stay_within_the_day(shop: &mut Shop) -> Result<()> {
    let now = shop.clock.beijing();
    let Some(controls) = &shop.controls else {
        return Ok(());
    };
    if now.hour() == 23 && now.minute() >= 50 {
        let tomorrow = DateTime::beijing(now.as_unix() + 15 * 60);
        shop.clock
            .set_offset(controls.move_clock(tomorrow).await?.offset_seconds);
    }
    Ok(())
}

pub(super) async fn fetch(shop: &mut Shop) -> Result<()> {
    shop.step(1, "Fetch and trust WeChat Pay's keys", "平台证书")?;
    shop.client.refresh_certificates().await?;
    let keyring = shop.client.merchant().platform_keys().clone();
    let ids = keyring.key_ids();
    ensure!(!ids.is_empty(), "no key of WeChat Pay is known");
    for id in &ids {
        let key = keyring
            .key(id)
            .context("a key that is listed is not there")?;
        let until = match key.not_after() {
            Some(end) => format!("until {}", DateTime::beijing(end.as_unix()).date()),
            None => "without end".to_owned(),
        };
        shop.show.holds(format!("{id}, {until}"))?;
    }
    shop.show.line(
        "Certificates (平台证书) came sealed with our API v3 key (APIv3密钥), and signed by one of",
    )?;
    shop.show
        .line("themselves. From here on every answer is verified before anything reads it.")?;
    ensure!(
        keyring.preferred(shop.clock.now()).is_some(),
        "no key of WeChat Pay is valid now"
    );
    Ok(())
}
