//! The merchant's files: numbers, secrets, keys, and where WeChat Pay is.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use wxpay_client::proto::Endpoint;
use wxpay_client::{Identity, Timeouts, Transport};
use wxpay_sandbox::MerchantFile;

use super::Account;

/// A worker has a job for a minute, and some jobs ask twice; and a customer waits for the code.
pub(super) fn timeouts() -> Timeouts {
    Timeouts::default()
        .with_connect(Duration::from_secs(3))
        .with_response(Duration::from_secs(8))
        .with_call(Duration::from_secs(15))
}

/// What `WXPAY_HOME` holds.
#[derive(Debug)]
pub(super) struct Files {
    home: PathBuf,
    /// `merchant.json`.
    pub(super) merchant: MerchantFile,
    base_url: Option<String>,
}

impl Files {
    pub(super) fn read(account: &Account) -> Result<Self> {
        Ok(Self {
            home: account.home.clone(),
            merchant: MerchantFile::read(&account.home)?,
            base_url: account.base_url.clone(),
        })
    }

    /// Where WeChat Pay is.
    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        let url = match &self.base_url {
            Some(url) => url,
            None if !self.merchant.base_url.is_empty() => &self.merchant.base_url,
            None => bail!(
                "merchant.json in {} has no base_url: set WXPAY_BASE_URL to a sandbox, or to \
                 https://api.mch.weixin.qq.com to be paid with real money",
                self.home.display()
            ),
        };
        Endpoint::parse(url).with_context(|| url.clone())
    }

    /// Where interfaces are that ask for the client certificate: a sandbox sees it over HTTPS only.
    pub(super) fn endpoint_for_certificate(&self) -> Result<Endpoint> {
        match (&self.base_url, &self.merchant.tls_base_url) {
            (None, Some(url)) => Endpoint::parse(url).with_context(|| url.clone()),
            _ => self.endpoint(),
        }
    }

    /// The merchant of v3.
    pub(super) fn merchant_v3(&self) -> Result<wxpay_client::Merchant> {
        example_support::merchant(&self.home, &self.merchant)
    }

    /// The client certificate (商户API证书).
    pub(super) fn identity(&self) -> Result<Identity> {
        let certificate = self.text("apiclient_cert.pem")?;
        let identity = Identity::from_pem(&certificate, &self.text("apiclient_key.pem")?);
        identity.context("apiclient_cert.pem and apiclient_key.pem")
    }

    /// What Tenpay's operator (操作员) types to refund, in `operator_password.txt`. In a sandbox it
    /// is known.
    pub(super) fn operator_password(&self) -> Result<String> {
        const FILE: &str = "operator_password.txt";
        let sandbox = self.endpoint_for_certificate()? != Endpoint::main();
        if sandbox && !self.has(FILE) {
            return Ok("111111".to_owned());
        }
        Ok(self.text(FILE)?.trim_end().to_owned())
    }

    /// Trusts public authorities, and the one in `ca.pem` if it is there.
    pub(super) fn transport(&self) -> Result<Transport> {
        let mut transport = Transport::builder();
        if self.has("ca.pem") {
            transport = transport
                .add_root_certificate_pem(&self.text("ca.pem")?)
                .context("ca.pem")?;
        }
        Ok(transport.build()?)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.home.join(name).exists()
    }

    pub(super) fn text(&self, name: &str) -> Result<String> {
        example_support::read(&self.home, name)
    }
}
