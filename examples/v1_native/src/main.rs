//! Native payment of 2014 (原生支付, API v1): a QR code that holds a product and no order, the package WeChat asks for
//! when it is scanned, the notice in two halves, and a refund at Tenpay (财付通) in GBK.
//!
//! ```text
//! cargo run -p v1_native
//! ```
//!
//! `shop.rs` is what a shop would have. This file plays the payer, and somebody who sends notices that are not true;
//! WeChat and Tenpay are a sandbox in this process, reached over HTTPS.

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
use wxpay_api::v1::{
    DeliverNotify, OrderQuery, OrderRef, RefundRef, RefundState, TenpayRefund, TenpayRefundQuery,
};
use wxpay_client::proto::v1::{Charset, ExpectedOrder, OperatorPassword, Package};
use wxpay_client::proto::{Endpoint, Fen};
use wxpay_client::v1::{ApiV2Key, AppSecret, Client, Identity, Merchant, PaySignKey};
use wxpay_client::{Clock as _, SystemClock, Transport};
use wxpay_sandbox::{Server, ServerConfig};

use crate::shop::{Event, NOTIFY, Notice, PACKAGE, PRODUCTS, Shop};

/// The password of the operator (操作员密码) at the sandbox's Tenpay.
const OPERATOR_PASSWORD: &str = "111111";

#[tokio::main]
async fn main() -> ExitCode {
    Story::new("v1_native").tell(play).await
}

async fn play(story: &mut Story) -> Result<()> {
    story.step("sandbox and shop")?;
    let tls = ServerConfig::default().tls_listen((Ipv4Addr::LOCALHOST, 0));
    let sandbox = Server::start(tls).await?;
    let (events, mut happened) = mpsc::unbounded_channel();
    let shop = Arc::new(Shop::new(client(&sandbox)?, events));
    let behind = Arc::clone(&shop);
    let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), move |request| {
        let shop = Arc::clone(&behind);
        async move { shop.answer(&request) }
    });
    let listener = listener.await?;
    let origin = format!("http://{}", listener.address());
    shop.reachable_at(origin.clone());
    let (controls, forger) = (Controls::at(sandbox.base_url()), Http::new());
    let (client, merchant) = (shop.client(), shop.client().merchant());
    story.line(format!(
        "WeChat is a sandbox at {}, the shop is at {origin}",
        sandbox.tls_base_url().unwrap_or_default()
    ))?;

    story.step("QR code of a product (原生支付URL)")?;
    let (tea, cup) = (&PRODUCTS[0], &PRODUCTS[1]);
    let code = |id| {
        merchant
            .native_url(id, SystemClock::new().now(), &example_support::nonce()?)
            .context("the code")
    };
    let url = code(tea.id)?;
    story.line(&url)?;

    story.step("somebody scans it, WeChat asks for the package (获取订单Package的回调)")?;
    let sold_out = scan(&controls, &code(cup.id)?, &origin).await?;
    ensure!(
        sold_out["state"] == "failed" && sold_out["problem"].to_string().contains("卖完了"),
        "a product that is sold out: {sold_out}"
    );
    story.line("a product that is sold out: refused, in words for the payer")?;
    let question = "<xml><OpenId>o1</OpenId><AppId>wx1</AppId><IsSubscribe>0</IsSubscribe><ProductId>tea-100</ProductId>\
        <TimeStamp>1400000000</TimeStamp><NonceStr>1</NonceStr><AppSignature>0</AppSignature></xml>";
    let answer = forger
        .post(&format!("{origin}{PACKAGE}"), "text/xml", question)
        .await?;
    ensure!(answer.status() == 400, "an unsigned question was answered");
    story.line("a question nobody has signed: not answered")?;
    let scanned = scan(&controls, &url, &origin).await?;
    ensure!(scanned["state"] == "paid", "the scan: {scanned}");
    let (number, package) = asked(&mut happened).await?;
    story.line(format!("package, in GBK: {}", package.as_str()))?;
    // 茶 is B2 E8 in GBK, and three bytes in UTF-8.
    ensure!(
        package.as_str().contains("%B2%E8"),
        "the package is not in GBK"
    );

    story.step("payment notice (支付成功通知)")?;
    let genuine = noticed(&mut happened).await?;
    let notice = genuine.taken.context("the notice was not taken")?;
    ensure!(
        notice.out_trade_no == number,
        "a notice about {}",
        notice.out_trade_no
    );
    story.line(format!(
        "query by MD5, body by SHA-1, {} fen as in the book: goods sent, answered success",
        notice.total_fee.as_fen()
    ))?;

    story.step("notices that are not news or not true")?;
    let notify = async |query: &str, body: Bytes| {
        let answer = forger
            .post(&format!("{origin}{NOTIFY}?{query}"), "text/xml", body)
            .await?;
        anyhow::Ok(answer.into_body() == "success")
    };
    let (query, body) = (genuine.query.as_str(), genuine.body);
    ensure!(
        notify(query, body.clone()).await?,
        "a repeated notice was not taken"
    );
    ensure!(
        shop.sent(&notice.transaction_id) == 1,
        "the goods were sent twice"
    );
    story.line("the same again: answered success, nothing sent twice")?;
    let dearer = query.replace("total_fee=1999", "total_fee=1");
    ensure!(
        dearer != query && !notify(&dearer, body.clone()).await?,
        "a changed query was taken"
    );
    let stranger = String::from_utf8_lossy(&body).replace(&notice.openid, "o-somebody-else");
    ensure!(
        !notify(query, stranger.into()).await?,
        "a changed body was taken"
    );
    ensure!(
        !notify(query, Bytes::new()).await?,
        "half a notice was taken"
    );
    story.line("another amount in the query, another payer in the body, no body: refused")?;
    // As if a page had signed a price that its visitor had sent: genuine, and still not what the tea costs.
    let cheap = example_support::number("NA", SystemClock::new().now())?;
    shop.expect(&cheap, tea.price);
    let package = shop.package(tea.name, &cheap, Fen::new(1))?;
    let page = merchant.jsapi_parameters(
        &package,
        SystemClock::new().now(),
        &example_support::nonce()?,
    );
    let call = json!({ "request": page, "pay": true });
    let _: Value = controls
        .call(Method::POST, "/_sandbox/v1/jsapi", Some(call))
        .await?;
    while let Some(event) = happened.recv().await {
        let Event::Notice(notice) = event else {
            continue;
        };
        if notice.query.contains(&cheap) {
            let refused = notice
                .taken
                .err()
                .context("one fen was taken for the tea")?;
            story.line(format!("genuine, over 1 fen: refused ({refused})"))?;
            break;
        }
    }

    story.step("order query (订单查询) and delivery (发货通知)")?;
    let expected = ExpectedOrder::new(merchant, &number, tea.price);
    let order = client
        .execute(&OrderQuery::new(&number))
        .await?
        .into_value();
    order.check(&expected)?;
    let now = SystemClock::new().now();
    let delivered = DeliverNotify::delivered(&notice.openid, &notice.transaction_id, &number, now);
    client.execute(&delivered).await?;
    story.line(format!("{number} is paid, and its delivery is reported"))?;

    story.step("refund at Tenpay (财付通退款), with the client certificate")?;
    let refund_no = format!("{number}R");
    let refund = TenpayRefund::new(
        OrderRef::TransactionId(notice.transaction_id.clone()),
        &refund_no,
        tea.price,
        Fen::new(500),
        OperatorPassword::new(OPERATOR_PASSWORD)?,
    );
    let answer = client.execute(&refund).await?;
    let in_gbk = |raw: &[u8]| raw.starts_with(b"<?xml version=\"1.0\" encoding=\"GBK\"");
    ensure!(in_gbk(answer.reply().raw()), "the answer is not in GBK");
    ensure!(
        answer.reply().get("retmsg") == Some("成功"),
        "the answer was not read as GBK"
    );
    let refunded = answer.into_value();
    ensure!(
        refunded.refund_fee == Fen::new(500),
        "refunded {}",
        refunded.refund_fee.as_fen()
    );
    // Sent again with the same number, it is the same refund.
    let again = client.execute(&refund).await?.into_value();
    ensure!(again.refund_id == refunded.refund_id, "refunded twice");
    story.line(format!(
        "{refund_no}, 500 of {} fen, sent twice and refunded once: {}",
        tea.price.as_fen(),
        refunded.refund_status
    ))?;
    // A few minutes later, on the sandbox's clock.
    controls.set_offset(300).await?;
    let query = TenpayRefundQuery::new(RefundRef::OutRefundNo(refund_no.clone()));
    let answer = client.execute(&query).await?;
    ensure!(in_gbk(answer.reply().raw()), "the answer is not in GBK");
    let found = answer.into_value().refunds;
    ensure!(
        found.len() == 1,
        "{} refunds where there is one",
        found.len()
    );
    let found = &found[0];
    ensure!(
        found.out_refund_no == refund_no
            && found.refund_fee == Fen::new(500)
            && found.status.state() == RefundState::Succeeded,
        "the refund is {found:?}"
    );
    story.line(format!("asked for (财付通退款查询): {}", found.status))?;

    drop(listener);
    sandbox.shutdown().await;
    story.end("scanned, packed, paid, delivered, partly refunded; nothing untrue was believed.")
}

/// The client of a merchant of 2014: three secrets, and the certificate that Tenpay wants to see.
fn client(sandbox: &Server) -> Result<Client> {
    let (home, file) = (sandbox.home(), sandbox.merchant());
    let merchant = Merchant::new(
        &file.appid,
        &file.partner_id,
        ApiV2Key::new(file.partner_key.expose())?,
        PaySignKey::new(file.pay_sign_key.expose())?,
    )?
    .with_charset(Charset::Gbk)
    .with_endpoint(Endpoint::parse(
        sandbox.tls_base_url().context("the sandbox has no HTTPS")?,
    )?);
    // The sandbox's authority is trusted in so many words. Verification is never switched off: the answers of 2014's
    // JSON interfaces are not signed, so TLS is all the proof there is.
    let transport = Transport::builder()
        .add_root_certificate_pem(&fs::read_to_string(home.join("ca.pem"))?)?
        .build()?;
    let archive = fs::read(home.join("apiclient_cert.p12"))?;
    Ok(Client::builder(merchant)
        .transport(transport)
        .app_secret(AppSecret::new(file.app_secret.expose())?)
        .identity(Identity::from_pkcs12(&archive, &file.mchid)?)
        .build()?)
}

/// A phone scans a code and pays; how that ended.
async fn scan(controls: &Controls, url: &str, origin: &str) -> Result<Value> {
    controls
        .scan(url, &format!("{origin}{PACKAGE}"), true)
        .await
}

async fn asked(happened: &mut mpsc::UnboundedReceiver<Event>) -> Result<(String, Package)> {
    loop {
        let event = happened.recv().await.context("the listener has stopped")?;
        if let Event::Asked { order, package } = event {
            return Ok((order, package));
        }
    }
}

async fn noticed(happened: &mut mpsc::UnboundedReceiver<Event>) -> Result<Notice> {
    loop {
        let event = happened.recv().await.context("the listener has stopped")?;
        if let Event::Notice(notice) = event {
            return Ok(*notice);
        }
    }
}
