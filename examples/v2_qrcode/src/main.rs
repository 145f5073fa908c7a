//! QR-code payment, mode 2 (扫码支付模式二), over API v2: a checkout page with the QR code of an order, which turns to
//! "paid" by itself once WeChat Pay's notice has come and was found to be true.
//!
//! ```text
//! cargo run -p v2_qrcode              # the program plays the payer's browser, and checks everything
//! cargo run -p v2_qrcode -- --serve   # the page stays up for a person, until Ctrl-C
//! ```
//!
//! `shop.rs` is what a web shop would have: the order, the page, the state the page asks for, the notice. `page.rs` fills
//! in `checkout.html`. WeChat Pay is a sandbox in this process.

mod page;
mod shop;

use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use example_support::{Controls, Http, Listener, Story};
use http::StatusCode;
use wxpay_api::v2::pay::OrderQuery;
use wxpay_client::proto::{Endpoint, Fen};
use wxpay_client::v2::{ApiV2Key, Client, Merchant};
use wxpay_sandbox::{Server, ServerConfig};

use crate::shop::Shop;

/// What is sold: a name that would break a page that prints it as it is.
const NAME: &str = "Oolong <100 g> & a \"gift\" box";

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, None) => Story::new("v2_qrcode").tell(play).await,
        (Some("--serve"), None) => Story::new("v2_qrcode").until_stopped().tell(serve).await,
        _ => {
            Story::new("v2_qrcode")
                .tell(async |_| bail!("the only argument is --serve"))
                .await
        }
    }
}

/// A sandbox, and a shop on it with one order.
struct Stage {
    sandbox: Server,
    shop: Arc<Shop>,
    listener: Listener,
}

impl Stage {
    async fn set(story: &mut Story) -> Result<Self> {
        story.step("sandbox and shop")?;
        let sandbox = Server::start(ServerConfig::default()).await?;
        let file = sandbox.merchant();
        let merchant = Merchant::new(&file.mchid, ApiV2Key::new(file.api_key.expose())?)?
            .with_endpoint(Endpoint::parse(sandbox.base_url())?);
        let shop = Arc::new(Shop::new(Client::new(merchant)?, file.appid.clone()));
        let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), {
            let shop = Arc::clone(&shop);
            move |request| {
                let shop = Arc::clone(&shop);
                async move { shop.answer(request).await }
            }
        });
        let listener = listener.await?;
        story.line(format!("WeChat Pay is a sandbox at {}", sandbox.base_url()))?;

        story.step("unified order (统一下单), NATIVE")?;
        // Yuan as text becomes fen exactly; times 100 as a float, 19.99 yuan would be 1998 fen.
        let price = Fen::from_yuan("19.99")?;
        let notify_url = format!("http://{}{}", listener.address(), shop::NOTIFY_PATH);
        let order = shop.order(NAME, price, &notify_url).await?;
        story.line(format!(
            "order {} over {} yuan: {}",
            order.number,
            price.yuan(),
            order.code_url
        ))?;
        Ok(Self {
            sandbox,
            shop,
            listener,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.address())
    }
}

/// Keeps the page up for a person.
async fn serve(story: &mut Story) -> Result<()> {
    let stage = Stage::set(story).await?;
    story.step("checkout page (收银台)")?;
    story.line(format!("open {} and pay; Ctrl-C ends it", stage.url("/")))?;
    stage.shop.paid().await;
    story.line("paid: the page shows it. Ctrl-C ends it")?;
    std::future::pending().await
}

/// Plays the payer's browser and the payer, and checks what they see.
async fn play(story: &mut Story) -> Result<()> {
    let stage = Stage::set(story).await?;
    let (shop, browser) = (&stage.shop, Http::new());
    let order = shop.current().context("there is no order")?;
    let controls = Controls::at(stage.sandbox.base_url());

    story.step("checkout page (收银台), as the payer's browser sees it")?;
    let page = read(&browser, &stage.url("/")).await?;
    ensure!(
        page.contains("data-state=\"waiting\""),
        "the page is not waiting"
    );
    ensure!(page.contains("19.99"), "the price is not on the page");
    ensure!(page.contains(&order.number), "the order is not on the page");
    ensure!(
        page.contains("Oolong &lt;100 g&gt; &amp; a &quot;gift&quot; box") && !page.contains(NAME),
        "the name of the goods is not escaped"
    );
    let picture = read(&browser, &stage.url("/code.svg")).await?;
    ensure!(picture.contains("<svg"), "the QR code is not a picture");
    story.line(format!(
        "{} bytes of HTML, a QR code of {} bytes of SVG",
        page.len(),
        picture.len()
    ))?;
    ensure!(state(&browser, &stage.url("/state")).await? == "waiting");
    story.line("the page asks for its state: waiting")?;

    story.step("a forged notice")?;
    let forged = format!(
        "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code><out_trade_no>{}</out_trade_no>\
         <total_fee>1999</total_fee><sign>{}</sign></xml>",
        order.number,
        "0".repeat(64)
    );
    let answer = browser
        .post(&stage.url(shop::NOTIFY_PATH), "text/xml", forged)
        .await?;
    ensure!(
        answer.body().windows(4).any(|word| word == b"FAIL"),
        "a forged notice was taken"
    );
    ensure!(state(&browser, &stage.url("/state")).await? == "waiting");
    story.line("refused, and the page still waits")?;

    story.step("payment, and the notice of it (支付结果通知)")?;
    controls.pay(&order.number).await?;
    // Answered when something changes, so nobody sleeps and nobody asks in vain.
    let mut seen = "waiting".to_owned();
    while seen == "waiting" {
        seen = state(&browser, &stage.url("/state?known=waiting")).await?;
    }
    ensure!(seen == "paid", "the page's state is {seen}");
    let page = read(&browser, &stage.url("/")).await?;
    ensure!(page.contains("data-state=\"paid\""), "the page is not paid");
    story.line("signature and amount are right: the page's state is paid")?;

    story.step("order query (查询订单)")?;
    let query = OrderQuery::new(&order.expected.appid).out_trade_no(&order.number);
    let answer = shop.client().execute(&query).await?.into_value();
    answer.check(&order.expected)?;
    story.line(format!(
        "{}, transaction {}",
        answer.trade_state,
        answer.transaction_id.as_deref().unwrap_or_default()
    ))?;

    drop(stage.listener);
    stage.sandbox.shutdown().await;
    story.end("paid, and the page knew it without being told twice.")
}

async fn read(browser: &Http, url: &str) -> Result<String> {
    let answer = browser.get(url).await?;
    ensure!(
        answer.status() == StatusCode::OK,
        "{url}: {}",
        answer.status()
    );
    let text = String::from_utf8(answer.into_body().into());
    text.with_context(|| format!("{url} is not text"))
}

async fn state(browser: &Http, url: &str) -> Result<String> {
    let answer: serde_json::Value = serde_json::from_str(&read(browser, url).await?)?;
    let state = answer["state"].as_str();
    Ok(state.context("the state has no state")?.to_owned())
}
