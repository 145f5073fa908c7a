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
    ensure!(
        keyring.preferred(shop.clock.now()).is_some(),
        "no key of WeChat Pay is valid now"
    );
    let mut fetched = 0;
    for id in keyring.key_ids() {
        let key = keyring
            .key(&id)
            .context("a key that is listed is not there")?;
        match key.not_after() {
            Some(end) => {
                fetched += 1;
                let end = DateTime::beijing(end.as_unix()).date();
                shop.show
                    .holds(format!("{id}, a certificate good until {end}"))?;
            }
            None => shop
                .show
                .holds(format!("{id}, the public key (微信支付公钥) in our files"))?,
        }
    }
    if fetched > 0 {
        shop.show.line("Certificates come sealed with our API v3 key (APIv3密钥), in an answer that is signed.")?;
    } else {
        shop.show
            .line("This merchant has no certificates to fetch; the public key does it all.")?;
    }
    shop.show
        .line("From here on, what is not signed is not read.")?;
    Ok(())
}
