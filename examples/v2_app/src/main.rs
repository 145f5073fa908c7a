//! App payment (APP支付) over API v2, as the service behind an app does it:
//!
//! - `POST /orders`: order (统一下单) and the second signature (调起支付参数) the app opens the payment with
//! - `POST /wechatpay/notify`: payment notice (支付结果通知)
//! - `GET /orders/N`: order query (查询订单)
//! - `POST /orders/N/refund`: refund (申请退款) over mutual TLS, with `apiclient_cert.p12`
//! - `POST /wechatpay/refund-notify`: refund notice (退款结果通知)
//!
//! ```text
//! cargo run -p v2_app
//! ```
//!
//! The service is in `service.rs` and `notices.rs`, its orders and prices in `book.rs`. This file and `people.rs` play the
//! app, the payer, and somebody who sends notices that are not true; WeChat Pay is a sandbox in this process, reached over HTTPS.

mod book;
mod notices;
mod people;
mod service;

use std::fs;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use example_support::{Controls, Listener, Story};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use wxpay_api::v2::refund::CreateRefund;
use wxpay_client::proto::{Endpoint, Fen};
use wxpay_client::v2::{ApiV2Key, Client, Identity, Merchant};
use wxpay_client::{Delivery, Transport};
use wxpay_sandbox::{Server, ServerConfig};

use crate::people::{Caller, check_second_signature, is_taken, of_another_amount};
use crate::service::{NOTIFY, REFUND_NOTIFY, Service};

#[tokio::main]
async fn main() -> ExitCode {
    Story::new("v2_app").tell(play).await
}

/// A notice as it came, and whether the service took it.
struct Arrival {
    path: String,
    body: Bytes,
    taken: bool,
}

async fn play(story: &mut Story) -> Result<()> {
    story.step("sandbox and service")?;
    let tls = ServerConfig::default().tls_listen((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Server::start(tls).await?;
    let file = sandbox.merchant();
    let key = ApiV2Key::new(file.api_key.expose())?;
    let service = Arc::new(Service::new(client(&sandbox, true)?, file.appid.clone()));
    let (arrivals, mut notices) = mpsc::unbounded_channel();
    let listener = listen(Arc::clone(&service), arrivals).await?;
    let controls = Controls::at(sandbox.base_url());
    let caller = Caller::new(format!("http://{}", listener.address()));
    story.line(format!(
        "WeChat Pay is a sandbox at {}, the service is at {}",
        sandbox.tls_base_url().unwrap_or_default(),
        caller.origin()
    ))?;

    story.step("the app orders two packets of tea (统一下单)")?;
    let wish = json!({ "item": "oolong", "quantity": 2, "total_fee": 1 });
    let (status, _) = caller.ask(Method::POST, "/orders", Some(wish)).await?;
    ensure!(
        status == StatusCode::BAD_REQUEST,
        "a price of the app's was answered with {status}"
    );
    story.line("with a price of its own: refused")?;
    let wish = json!({ "item": "oolong", "quantity": 2 });
    let (status, order) = caller.ask(Method::POST, "/orders", Some(wish)).await?;
    ensure!(
        status == StatusCode::CREATED && order["fen"] == 3998,
        "{status}: {order}"
    );
    let number = order["order"].as_str().context("no order number")?;
    let path = format!("/orders/{number}");
    story.line(format!(
        "order {number} over 3998 fen, from the service's own prices"
    ))?;
    story.line(format!("for the app: {}", order["pay"]))?;
    let prepay_id = check_second_signature(&key, &order["pay"])?;

    story.step("the payer pays what the app has opened, and the notice comes (支付结果通知)")?;
    let pay = format!("/_sandbox{path}/pay");
    let _: Value = controls
        .call(Method::POST, &pay, Some(json!({ "code": prepay_id })))
        .await?;
    let notice = next(&mut notices, NOTIFY).await?;
    ensure!(notice.taken, "the notice was not taken");
    let (_, seen) = caller.ask(Method::GET, &path, None).await?;
    ensure!(seen["state"] == "SUCCESS" && seen["sent"] == 1, "{seen}");
    story.line("verified, compared, goods sent; the order query agrees")?;

    story.step("notices that are not news or not true")?;
    let genuine = notice.body;
    ensure!(
        caller.notify(NOTIFY, genuine.clone()).await?,
        "a repeated notice was not answered with success"
    );
    let (_, seen) = caller.ask(Method::GET, &path, None).await?;
    ensure!(seen["sent"] == 1, "the goods were sent again: {seen}");
    story.line("the same again: answered, nothing sent twice")?;
    let wish = json!({ "item": "cup", "quantity": 1 });
    let (_, second) = caller.ask(Method::POST, "/orders", Some(wish)).await?;
    let second = second["order"].as_str().context("no order number")?;
    let changed = String::from_utf8_lossy(&genuine).replace(number, second);
    ensure!(
        !caller.notify(NOTIFY, changed).await?,
        "a forged notice was taken"
    );
    story.line("changed to another order, with the signature as it was: refused")?;
    let little = of_another_amount(service.client(), &key, &genuine, second)?;
    ensure!(
        !caller.notify(NOTIFY, little).await?,
        "one fen was taken for a cup"
    );
    let (_, seen) = caller
        .ask(Method::GET, &format!("/orders/{second}"), None)
        .await?;
    ensure!(
        seen["paid"] == false && seen["sent"] == 0 && seen["state"] == "NOTPAY",
        "{seen}"
    );
    story.line("rightly signed, over 1 fen in place of 3550: refused, and the cup stays here")?;

    story.step("refund of 500 fen over mutual TLS (申请退款)")?;
    let attempt = CreateRefund::new(
        &file.appid,
        format!("{number}R"),
        Fen::new(3998),
        Fen::new(500),
    )
    .out_trade_no(number);
    let error = client(&sandbox, false)?.execute(&attempt).await.err();
    let error = error.context("a refund without a certificate was accepted")?;
    ensure!(error.delivery() == Delivery::NotSent, "{error}");
    story.line(format!(
        "without the certificate nothing is even sent: {error}"
    ))?;
    let refund = format!("{path}/refund");
    let (status, answer) = caller
        .ask(Method::POST, &refund, Some(json!({ "fen": 3999 })))
        .await?;
    ensure!(
        status == StatusCode::UNPROCESSABLE_ENTITY,
        "{status}: {answer}"
    );
    let (status, first) = caller
        .ask(Method::POST, &refund, Some(json!({ "fen": 500 })))
        .await?;
    ensure!(
        status == StatusCode::OK && first["fen"] == 500,
        "{status}: {first}"
    );
    let (_, again) = caller
        .ask(Method::POST, &refund, Some(json!({ "fen": 500 })))
        .await?;
    ensure!(first == again, "asked twice: {first}, then {again}");
    story.line(format!("{first}, asked twice and refunded once"))?;

    story.step("refund notice (退款结果通知)")?;
    let notice = next(&mut notices, REFUND_NOTIFY).await?;
    ensure!(notice.taken, "the refund notice was not taken");
    ensure!(
        !caller.notify(REFUND_NOTIFY, genuine).await?,
        "a payment was taken for a refund"
    );
    let (_, seen) = caller.ask(Method::GET, &path, None).await?;
    ensure!(
        seen["state"] == "REFUND" && seen["refund"]["status"] == "SUCCESS",
        "{seen}"
    );
    let order: Value = controls
        .call(Method::GET, &format!("/_sandbox{path}"), None)
        .await?;
    ensure!(order["amount"]["refunded"] == 500, "{}", order["amount"]);
    story.line(format!("decrypted and matched: {}", seen["refund"]))?;

    drop(listener);
    sandbox.shutdown().await;
    story.end("ordered, paid, partly refunded; nothing untrue was believed.")
}

/// The client of a merchant whose files are in the sandbox's folder, named as WeChat Pay's certificate tool names them.
fn client(sandbox: &Server, with_certificate: bool) -> Result<Client> {
    let (home, file) = (sandbox.home(), sandbox.merchant());
    let base_url = sandbox.tls_base_url().context("the sandbox has no HTTPS")?;
    let merchant = Merchant::new(&file.mchid, ApiV2Key::new(file.api_key.expose())?)?
        .with_endpoint(Endpoint::parse(base_url)?);
    // The sandbox's authority is trusted in so many words. Verification is never switched off, or anybody on the way
    // could answer in WeChat Pay's place.
    let transport = Transport::builder()
        .add_root_certificate_pem(&fs::read_to_string(home.join("ca.pem"))?)?
        .build()?;
    let mut builder = Client::builder(merchant).transport(transport);
    if with_certificate {
        let archive = fs::read(home.join("apiclient_cert.p12"))?;
        builder = builder.identity(Identity::from_pkcs12(&archive, &file.mchid)?);
    }
    Ok(builder.build()?)
}

/// Puts the service on a socket, and hands on the notices that come.
async fn listen(
    service: Arc<Service>,
    arrivals: mpsc::UnboundedSender<Arrival>,
) -> Result<Listener> {
    let behind = Arc::clone(&service);
    let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), move |request| {
        let (service, arrivals) = (Arc::clone(&behind), arrivals.clone());
        async move {
            let answer = service.answer(&request).await;
            let path = request.uri().path().to_owned();
            if path.starts_with("/wechatpay/") {
                let (body, taken) = (request.into_body(), is_taken(answer.body()));
                // Nobody listens any more when the story is over.
                let _ = arrivals.send(Arrival { path, body, taken });
            }
            answer
        }
    });
    let listener = listener.await?;
    service.reachable_at(format!("http://{}", listener.address()));
    Ok(listener)
}

/// The next notice to this address.
async fn next(notices: &mut mpsc::UnboundedReceiver<Arrival>, path: &str) -> Result<Arrival> {
    loop {
        let notice = notices.recv().await.context("the listener has stopped")?;
        if notice.path == path {
            return Ok(notice);
        }
    }
}
