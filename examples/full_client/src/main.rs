//! The whole client: `wxpay-client` moves the bytes, `wxpay-api` has the operations.
//!
//! Run it against a sandbox; without one it says how to start it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use wxpay_api::pay::{Amount, NativePrepay, QueryOrderByOutTradeNo, TradeState};
use wxpay_api::refund::{CreateRefund, RefundRequestAmount};
use wxpay_client::proto::{
    ApiV3Key, Certificate, Credential, Endpoint, Fen, PlatformKeyring, PrivateKey,
};
use wxpay_client::{Client, Clock as _, Delivery, Merchant, SystemClock};

const NO_SANDBOX: &str = "\
This example needs a WeChat Pay to talk to. Start a sandbox in another terminal:

    cargo run -p wxpay-sandbox -- --listen 127.0.0.1:9470 --home /tmp/wxpay-home

and then run

    WXPAY_HOME=/tmp/wxpay-home WXPAY_BASE_URL=http://127.0.0.1:9470 cargo run -p full_client
";

#[tokio::main]
async fn main() -> ExitCode {
    let (Some(home), Ok(base_url)) = (env::var_os("WXPAY_HOME"), env::var("WXPAY_BASE_URL")) else {
        let _ = std::io::stderr().write_all(NO_SANDBOX.as_bytes());
        return ExitCode::from(2);
    };
    match sell(&PathBuf::from(home), &base_url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "full_client: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn sell(home: &Path, base_url: &str) -> Result<()> {
    let mut out = std::io::stdout();
    let (client, appid) = client(home, base_url)?;
    let mchid = client.merchant().mchid();

    // Order. The number is ours: sending the same order again, after whatever, is harmless.
    let number = format!("FULL{}", SystemClock::new().now());
    let (notify_url, price) = (
        "https://example.com/wechatpay/notify",
        Fen::from_yuan("9.90")?,
    );
    let prepay = NativePrepay::new(
        appid,
        mchid,
        "一杯茶",
        &number,
        notify_url,
        Amount::new(price),
    );
    let code_url = client.execute(&prepay).await?.into_value().code_url;
    writeln!(out, "order {number}: {code_url}")?;

    // Query.
    let query = QueryOrderByOutTradeNo::new(&number, mchid);
    let order = client.execute(&query).await?.into_value();
    ensure!(
        order.trade_state == TradeState::NotPay,
        "a new order is {}",
        order.trade_state
    );
    writeln!(out, "order {number}: {}", order.trade_state)?;

    // Refund. Nobody has paid, so this is refused; what matters is what is known when it fails.
    let amount = RefundRequestAmount::new(price, price, "CNY");
    let refund = CreateRefund::new(format!("{number}R"), amount).out_trade_no(&number);
    match client.execute(&refund).await {
        Ok(refund) => writeln!(out, "refund: {}", refund.value().status)?,
        Err(error) => match error.delivery() {
            Delivery::Refused => {
                let code = error.api().map_or("?", |api| api.code());
                writeln!(
                    out,
                    "refund refused ({code}): nothing was refunded, and we know why"
                )?;
            }
            Delivery::NotSent => {
                writeln!(
                    out,
                    "refund not sent: nothing happened, try again at leisure"
                )?;
            }
            // The one that loses money: never a new number, never an assumption.
            _ => writeln!(
                out,
                "refund unknown: query it, or repeat it with the same number"
            )?,
        },
    }
    Ok(())
}

/// A client from the files a merchant has. Needs no network yet.
fn client(home: &Path, base_url: &str) -> Result<(Client, String)> {
    let read = |name: &str| {
        let path = home.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let file: serde_json::Value =
        serde_json::from_str(&read("merchant.json")?).context("merchant.json")?;
    let entry = |name: &str| {
        file[name]
            .as_str()
            .with_context(|| format!("merchant.json has no {name}"))
    };
    let certificate = Certificate::from_pem(&read("apiclient_cert.pem")?)?;
    let key = PrivateKey::from_pem(&read("apiclient_key.pem")?)?;
    let credential = Credential::from_certificate(entry("mchid")?, &certificate, key)?;
    let api_v3_key = ApiV3Key::new(entry("apiv3_key")?)?;
    let merchant = Merchant::new(credential, api_v3_key, PlatformKeyring::certificates());
    let client = Client::builder(merchant)
        .endpoint(Endpoint::parse(base_url)?)
        .build()?;
    Ok((client, entry("appid")?.to_owned()))
}
