//! WeChat Pay over an HTTP stack of one's own: `wxpay-proto` and `wxpay-api` with the blocking
//! `ureq`, no async anywhere. The protocol does no I/O: it turns operations into
//! `http::Request<Bytes>` and `http::Response<Bytes>` into verified values, and is told the time.
//!
//! Run it against a sandbox; without one it says how to start it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use anyhow::{Context as _, Result, anyhow, ensure};
use wxpay_api::pay::{Amount, NativePrepay, QueryOrderByOutTradeNo, TradeState};
use wxpay_proto::bytes::Bytes;
use wxpay_proto::{
    ApiV3Key, Certificate, Credential, Endpoint, Fen, Merchant, Nonce, Operation, PlatformKeyring,
    PrivateKey, RefreshDecision, RefreshReason, Timestamp, http,
};

const NO_SANDBOX: &str = "\
This example needs a WeChat Pay to talk to. Start a sandbox in another terminal:

    cargo run -p wxpay-sandbox -- --listen 127.0.0.1:9470 --home /tmp/wxpay-home

and then run

    WXPAY_HOME=/tmp/wxpay-home WXPAY_BASE_URL=http://127.0.0.1:9470 cargo run -p own_http_stack
";

/// No answer of these operations is longer, in bytes.
const MAX_ANSWER: u64 = 1 << 20;

fn main() -> ExitCode {
    let (Some(home), Ok(base_url)) = (env::var_os("WXPAY_HOME"), env::var("WXPAY_BASE_URL")) else {
        let _ = std::io::stderr().write_all(NO_SANDBOX.as_bytes());
        return ExitCode::from(2);
    };
    match pay(&PathBuf::from(home), &base_url) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "own_http_stack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn pay(home: &Path, base_url: &str) -> Result<()> {
    let mut out = std::io::stdout();
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
    let (appid, mchid) = (entry("appid")?, entry("mchid")?);
    let certificate = Certificate::from_pem(&read("apiclient_cert.pem")?)?;
    let key = PrivateKey::from_pem(&read("apiclient_key.pem")?)?;
    let credential = Credential::from_certificate(mchid, &certificate, key)?;
    let api_v3_key = ApiV3Key::new(entry("apiv3_key")?)?;
    let merchant = Merchant::new(credential, api_v3_key, PlatformKeyring::certificates())
        .with_endpoint(Endpoint::parse(base_url)?);
    let http = Http::new();

    // Platform certificates (平台证书) first: nothing can be believed without them.
    let decision = merchant
        .platform_keys()
        .refresh(now(), RefreshReason::Missing);
    let RefreshDecision::Start(permit) = decision else {
        return Err(anyhow!("a keyring without keys must want some"));
    };
    let answer = http.send(merchant.certificates_request(now(), nonce()?)?)?;
    merchant.accept_certificates(&answer, permit, now())?;
    for id in merchant.platform_keys().key_ids() {
        writeln!(out, "trusting {id}")?;
    }

    // An order to be paid by scanning a code (Native支付), and a look at it.
    let number = format!("OWN{}", now());
    let notify_url = "https://example.com/wechatpay/notify";
    let amount = Amount::new(Fen::from_yuan("9.90")?);
    let prepay = NativePrepay::new(appid, mchid, "一杯茶", &number, notify_url, amount);
    let code_url = http.call(&merchant, &prepay)?.code_url;
    ensure!(!code_url.is_empty(), "the answer has no code_url");
    writeln!(out, "order {number}: {code_url}")?;

    let order = http.call(&merchant, &QueryOrderByOutTradeNo::new(&number, mchid))?;
    ensure!(order.out_trade_no == number && order.trade_state == TradeState::NotPay);
    writeln!(out, "order {number}: {}", order.trade_state)?;
    Ok(())
}

/// The HTTP stack of one's own.
struct Http(ureq::Agent);

impl Http {
    fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            // Error statuses have bodies worth reading; a redirect has nothing to offer.
            .http_status_as_error(false)
            .max_redirects(0);
        Self(config.build().into())
    }

    /// Prepares an operation, sends it, and accepts the answer if it is WeChat Pay's.
    fn call<O: Operation>(&self, merchant: &Merchant, operation: &O) -> Result<O::Response> {
        let answer = self.send(merchant.prepare(operation, now(), nonce()?)?)?;
        Ok(merchant.accept(operation, &answer, now())?.into_value())
    }

    fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.clone();
        let request = http::Request::from_parts(parts, body.to_vec());
        let answer = self
            .0
            .run(request)
            .with_context(|| format!("cannot reach {target}"))?;
        let (parts, body) = answer.into_parts();
        let mut bytes = Vec::new();
        body.into_reader()
            .take(MAX_ANSWER)
            .read_to_end(&mut bytes)?;
        Ok(http::Response::from_parts(parts, Bytes::from(bytes)))
    }
}

fn nonce() -> Result<Nonce> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(Nonce::from_bytes(bytes))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program reads the clock, the protocol does not"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}
