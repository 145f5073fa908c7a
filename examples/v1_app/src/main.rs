//! App payment of 2014 (APP支付, API v1): one access token for everybody who needs it, the order (`genprepay`), the second
//! signature (调起支付参数) the app opens the payment with, the notice in two halves, and the order query.
//!
//! ```text
//! cargo run -p v1_app
//! ```
//!
//! `shop.rs` is what the server behind the app would have. This file plays the app and the payer; WeChat is a sandbox in
//! this process, reached over HTTPS.

mod shop;

use std::fs;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use example_support::{Controls, Http, Listener, Story};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wxpay_api::v1::OrderQuery;
use wxpay_client::Transport;
use wxpay_client::proto::{AppParameters, Endpoint, Fen};
use wxpay_client::v1::{
    ApiV2Key, AppSecret, Client, Merchant, PaySignKey, TokenCache, TokenPolicy,
};
use wxpay_sandbox::{Server, ServerConfig};

use crate::shop::{NOTIFY, Shop};

/// So many buyers order at once.
const BUYERS: usize = 8;

#[tokio::main]
async fn main() -> ExitCode {
    Story::new("v1_app").tell(play).await
}

async fn play(story: &mut Story) -> Result<()> {
    story.step("sandbox and service")?;
    let tls = ServerConfig::default().tls_listen((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Server::start(tls).await?;
    let (notices, mut noticed) = mpsc::unbounded_channel();
    let shop = Arc::new(Shop::new(client(&sandbox)?, notices));
    let behind = Arc::clone(&shop);
    let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), move |request| {
        let shop = Arc::clone(&behind);
        async move { shop.answer(&request) }
    });
    let listener = listener.await?;
    let notify_url = format!("http://{}{NOTIFY}", listener.address());
    let controls = Controls::at(sandbox.base_url());
    story.line(format!(
        "WeChat is a sandbox at {}, notices go to {notify_url}",
        sandbox.tls_base_url().unwrap_or_default()
    ))?;

    story
        .step("eight buyers at once: one access token (access_token), eight orders (genprepay)")?;
    // Yuan as text becomes fen exactly; times 100 as a float, 19.99 yuan would be 1998 fen.
    let price = Fen::from_yuan("19.99")?;
    let mut buyers = JoinSet::new();
    for _ in 0..BUYERS {
        let (shop, notify_url) = (Arc::clone(&shop), notify_url.clone());
        buyers.spawn(async move { shop.order("乌龙茶 100 克", price, &notify_url).await });
    }
    let orders = buyers.join_all().await;
    let orders = orders.into_iter().collect::<Result<Vec<_>>>()?;
    let fetched = tokens_fetched(&controls).await?;
    ensure!(
        fetched == 1,
        "{fetched} access tokens were fetched; each ends the one before"
    );
    story.line(format!("{} orders, 1 access token", orders.len()))?;

    story.step("second signature (调起支付参数), as the app gets it")?;
    let order = orders.first().context("nobody has ordered")?;
    story.line(json!(order.pay))?;
    let mut other = order.pay.clone();
    other.prepay_id.clone_from(&orders[1].pay.prepay_id);
    let refused = open_payment(&controls, &other).await.err();
    let refused = refused.context("another order was opened with the same signature")?;
    ensure!(
        refused.to_string().contains("sign does not match"),
        "{refused}"
    );
    story.line("changed to another order: WeChat does not open it")?;

    story.step("the payer pays in the app, and the notice comes (支付成功通知)")?;
    let opened = open_payment(&controls, &order.pay).await?;
    ensure!(
        opened["err_code"] == 0 && opened["out_trade_no"] == *order.number,
        "{opened}"
    );
    let notice = noticed.recv().await.context("the listener has stopped")?;
    let paid = notice.taken.context("the notice was not taken")?;
    ensure!(
        paid.out_trade_no == order.number && paid.total_fee == price,
        "{paid:?}"
    );
    story
        .line("query by MD5, body by SHA-1, order and 1999 fen as in the book: answered success")?;
    let url = format!(
        "{notify_url}?{}",
        notice.query.replace(&order.number, &orders[1].number)
    );
    let forged = Http::new().post(&url, "text/xml", notice.body).await?;
    ensure!(
        forged.into_body() == "fail",
        "a notice changed to another order was taken"
    );
    // The same numbers without any signature: what a program that only looks at `trade_state=0` believes.
    let url = format!(
        "{notify_url}?trade_state=0&total_fee=1999&partner={}&out_trade_no={}",
        paid.partner, orders[1].number
    );
    let forged = Http::new().post(&url, "text/xml", Bytes::new()).await?;
    ensure!(forged.into_body() == "fail", "an unsigned notice was taken");
    ensure!(
        shop.paid() == [order.number.clone()],
        "paid: {:?}",
        shop.paid()
    );
    story
        .line("changed to another order, or not signed at all: answered fail, nothing believed")?;

    story.step("order query (订单查询), after WeChat has ended the token")?;
    let _: Value = controls
        .call(Method::DELETE, "/_sandbox/v1/token", None)
        .await?;
    let query = OrderQuery::new(&order.number);
    let found = shop.client().execute(&query).await?.into_value();
    found.check(&order.expected)?;
    let fetched = tokens_fetched(&controls).await?;
    ensure!(fetched == 2, "{fetched} access tokens were fetched");
    let query = OrderQuery::new(&orders[1].number);
    let unpaid = shop.client().execute(&query).await?.into_value();
    ensure!(!unpaid.is_paid(), "an order nobody has paid is {unpaid:?}");
    story.line("a new token was fetched by itself: the order is paid, the others are not")?;

    drop(listener);
    sandbox.shutdown().await;
    story.end("eight orders, two tokens, one payment; nothing untrue was believed.")
}

/// The client of a merchant of 2014: three secrets.
fn client(sandbox: &Server) -> Result<Client> {
    let file = sandbox.merchant();
    let merchant = Merchant::new(
        &file.appid,
        &file.partner_id,
        ApiV2Key::new(file.partner_key.expose())?,
        PaySignKey::new(file.pay_sign_key.expose())?,
    )?
    .with_endpoint(Endpoint::parse(
        sandbox.tls_base_url().context("the sandbox has no HTTPS")?,
    )?);
    // The sandbox's authority is trusted in so many words. Verification is never switched off: the app secret and the
    // token travel in the address, and nothing but TLS proves the answers.
    let transport = Transport::builder()
        .add_root_certificate_pem(&fs::read_to_string(sandbox.home().join("ca.pem"))?)?
        .build()?;
    // Without this a refused token is replaced once a minute at most, as a program should that runs longer than this.
    let tokens = TokenCache::new(TokenPolicy::default().min_interval(0));
    Ok(Client::builder(merchant)
        .transport(transport)
        .app_secret(AppSecret::new(file.app_secret.expose())?)
        .token_cache(tokens)
        .build()?)
}

/// The app hands the parameters to WeChat's SDK under the names it has for them, and the payer pays.
async fn open_payment(controls: &Controls, pay: &AppParameters) -> Result<Value> {
    let request = json!({
        "appid": pay.app_id,
        "partnerid": pay.partner_id,
        "prepayid": pay.prepay_id,
        "package": pay.package_value,
        "noncestr": pay.nonce_str,
        "timestamp": pay.time_stamp,
        "sign": pay.sign,
    });
    let call = json!({ "request": request, "pay": true });
    controls
        .call(Method::POST, "/_sandbox/v1/app", Some(call))
        .await
}

/// How many tokens WeChat has given out.
async fn tokens_fetched(controls: &Controls) -> Result<usize> {
    let journal: Value = controls
        .call(Method::GET, "/_sandbox/journal", None)
        .await?;
    let journal = journal.as_array().context("the journal is no list")?;
    let token = |entry: &&Value| entry["path"] == "/cgi-bin/token";
    Ok(journal.iter().filter(token).count())
}
