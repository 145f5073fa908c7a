//! The shop: a merchant's files, its client, its listener, and the place it tells its story.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use example_support::{Controls, ShiftedClock, read};
use wxpay_client::proto::{Endpoint, Fen};
use wxpay_client::{Client, Transport};
use wxpay_sandbox::MerchantFile;

use crate::listener::{self, Listener};
use crate::settings::Settings;
use crate::show::Show;

/// Everything the steps work with.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) client: Client,
    pub(crate) appid: String,
    pub(crate) mchid: String,
    pub(crate) clock: Arc<ShiftedClock>,
    /// The sandbox's controls; `None` before the real WeChat Pay.
    pub(crate) controls: Option<Controls>,
    pub(crate) listener: Listener,
    pub(crate) notify_url: String,
    pub(crate) show: Show,
    /// The merchant had a life before this story: its bill may have other trades.
    pub(crate) stranger: bool,
    /// The step under way.
    pub(crate) at: Option<(usize, &'static str)>,
}

/// An order as the shop has it in its books.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) total: Fen,
}

impl Shop {
    /// Opens the shop with the files in `home`.
    pub(crate) async fn open(home: &Path, settings: &Settings, show: Show) -> Result<Self> {
        let file = MerchantFile::read(home)?;
        let base_url = match &settings.base_url {
            Some(url) => url.clone(),
            None if !file.base_url.is_empty() => file.base_url.clone(),
            None => bail!(
                "merchant.json in {} has no base_url: set WXPAY_BASE_URL to a sandbox, or to \
                 https://api.mch.weixin.qq.com to pay with real money",
                home.display()
            ),
        };
        let endpoint = Endpoint::parse(&base_url).with_context(|| base_url.clone())?;

        let merchant = example_support::merchant(home, &file)?;
        let mut transport = Transport::builder();
        if home.join("ca.pem").exists() {
            transport = transport
                .add_root_certificate_pem(&read(home, "ca.pem")?)
                .context("ca.pem")?;
        }
        let clock = Arc::new(ShiftedClock::default());
        let client = Client::builder(merchant)
            .endpoint(endpoint)
            .transport(transport.build()?)
            .clock(Arc::clone(&clock) as Arc<_>)
            .build()?;

        let controls = Controls::behind(&base_url, &file).await?;
        if let Some(controls) = &controls {
            clock.set_offset(controls.clock().await?.offset_seconds);
        }

        let listener = Listener::start(client.clone(), settings.listen).await?;
        let notify_url = match (&settings.notify_url, &controls) {
            (Some(url), _) => url.clone(),
            (None, Some(_)) => format!("http://{}{}", listener.address(), listener::PATH),
            (None, None) => bail!(
                "set WXPAY_NOTIFY_URL to an address WeChat Pay can reach that leads to {} on \
                 WXPAY_LISTEN (now {})",
                listener::PATH,
                listener.address()
            ),
        };
        let (appid, mchid) = (file.appid, file.mchid);
        let mut shop = Self {
            client,
            appid,
            mchid,
            clock,
            controls,
            listener,
            notify_url,
            show,
            stranger: settings.home.is_some(),
            at: None,
        };
        shop.introduce(&base_url)?;
        Ok(shop)
    }

    /// Says who is who before the story begins.
    pub(crate) fn introduce(&mut self, base_url: &str) -> Result<()> {
        match &self.controls {
            Some(_) => self
                .show
                .line(format!("WeChat Pay (微信支付): a sandbox at {base_url}"))?,
            None => {
                self.show
                    .line(format!("WeChat Pay (微信支付): {base_url}"))?;
                self.show
                    .line("This is the real one: real money, 0.02 yuan, half of it refunded.")?;
            }
        }
        self.show.line(format!(
            "Merchant (商户号) {}, app (appid) {}",
            self.mchid, self.appid
        ))
    }

    /// Begins a step, and remembers it for an error that may come.
    pub(crate) fn step(&mut self, number: usize, name: &'static str, chinese: &str) -> Result<()> {
        self.at = Some((number, name));
        self.show.step(number, name, chinese)
    }

    /// An order number nobody has used: time to the second, process, and a letter of ours.
    pub(crate) fn number(&self, letter: char) -> String {
        let now = self.clock.beijing();
        let date = now.date().to_string().replace('-', "");
        let (hour, minute, second) = (now.hour(), now.minute(), now.second());
        let process = std::process::id();
        format!("QS{date}{hour:02}{minute:02}{second:02}{letter}{process}")
    }
}
