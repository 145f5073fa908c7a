//! The shop: a merchant's files, its client, its listener, and the place it tells its story.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use example_support::{Controls, ShiftedClock};
use wxpay_client::proto::{
    ApiV3Key, Certificate, Credential, Endpoint, Fen, PlatformKeyring, PlatformPublicKey,
    PrivateKey,
};
use wxpay_client::{Client, Merchant, Transport};
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

        // The merchant: number, certificate, private key; the API v3 key; the platform's keys.
        let certificate = Certificate::from_pem(&read(home, "apiclient_cert.pem")?)
            .context("apiclient_cert.pem")?;
        let key =
            PrivateKey::from_pem(&read(home, "apiclient_key.pem")?).context("apiclient_key.pem")?;
        ensure!(
            certificate
                .serial_number()
                .as_str()
                .eq_ignore_ascii_case(&file.serial_no),
            "serial_no in merchant.json is not that of apiclient_cert.pem ({})",
            certificate.serial_number()
        );
        let credential = Credential::from_certificate(&file.mchid, &certificate, key)?;
        let api_v3_key =
            ApiV3Key::new(file.apiv3_key.expose()).context("apiv3_key in merchant.json")?;
        let mut keyring = PlatformKeyring::certificates();
        if home.join("pub_key.pem").exists() {
            let pem = read(home, "pub_key.pem")?;
            let key = PlatformPublicKey::from_pem(&file.public_key_id, &pem)
                .context("pub_key.pem and public_key_id in merchant.json")?;
            keyring = keyring.with_public_key(key);
        }
        let merchant = Merchant::new(credential, api_v3_key, keyring);

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

        // A sandbox shows itself over plain HTTP; the real WeChat Pay is not even asked.
        let sandbox = if base_url.starts_with("http://") {
            Some(&base_url)
        } else {
            Some(&file.base_url).filter(|_| file.tls_base_url.as_ref() == Some(&base_url))
        };
        let controls = match sandbox {
            Some(url) => Controls::find(url).await?,
            None => None,
        };
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

fn read(home: &Path, name: &str) -> Result<String> {
    let path: PathBuf = home.join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}
