//! v3, with notifications of the sandbox.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::json;
use wxpay_api::pay::{self, NativePrepay, Transaction};
use wxpay_api::refund::{CreateRefund, RefundNotification, RefundRequestAmount};
use wxpay_client::axum::{Reply, Verified, VerifiedNotification};
use wxpay_client::proto::{Fen, reply};
use wxpay_client::{
    ApiV3Key, Certificate, Client, Credential, Merchant, PlatformKeyring, PrivateKey,
};

use crate::shop::{Shop, attempts, faults, serve};
use crate::world::World;

fn client(world: &World) -> Client {
    let read = |name| String::from_utf8(world.read(name)).unwrap();
    let key = PrivateKey::from_pem(&read("apiclient_key.pem")).unwrap();
    let certificate = Certificate::from_pem(&read("apiclient_cert.pem")).unwrap();
    let file = world.merchant();
    let merchant = Merchant::new(
        Credential::from_certificate(file.mchid.clone(), &certificate, key).unwrap(),
        ApiV3Key::new(file.apiv3_key.expose()).unwrap(),
        PlatformKeyring::certificates(),
    );
    Client::builder(merchant)
        .endpoint(world.endpoint())
        .transport(world.transport())
        .clock(world.clock())
        .build()
        .unwrap()
}

async fn paid(
    State(shop): State<Shop<Client>>,
    Verified {
        notification,
        content,
        ..
    }: Verified<Transaction>,
) -> Reply {
    let (id, amount) = (notification.id(), content.amount);
    let total = amount.map(|amount| amount.total);
    let line = format!("{id} {} {total:?}", content.out_trade_no);
    shop.inbox.send(line).unwrap();
    Reply(reply::success())
}

async fn refunded(
    State(shop): State<Shop<Client>>,
    Verified { content, .. }: Verified<RefundNotification>,
) -> Reply {
    shop.inbox.send(content.out_refund_no).unwrap();
    Reply(reply::success())
}

async fn any(
    State(shop): State<Shop<Client>>,
    VerifiedNotification(notification): VerifiedNotification,
) -> Reply {
    let event = notification.event_type().to_owned();
    shop.inbox.send(event).unwrap();
    Reply(reply::success())
}

fn routes(shop: Shop<Client>) -> Router {
    Router::new()
        .route("/paid", post(paid))
        .route("/refunded", post(refunded))
        .route("/any", post(any))
        .with_state(shop)
}

async fn order(client: &Client, world: &World, number: &str, notify: &str) {
    let (appid, mchid) = (&world.merchant().appid, &world.merchant().mchid);
    let amount = pay::Amount::new(Fen::new(1999));
    let order = NativePrepay::new(appid, mchid, "深圳腾大-QQ公仔", number, notify, amount);
    client.execute(&order).await.unwrap();
}

#[tokio::test]
async fn a_payment_and_its_refund_reach_their_handlers() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let base = format!("http://{}", serve(routes(shop)).await);

    // Twice: the handler is given both, and tells them by their number.
    faults(&world, json!({ "duplicate": { "rate": 1, "times": 1 } })).await;
    order(&client, &world, "ORDER-1", &format!("{base}/paid")).await;
    world.pay("ORDER-1").await;
    let first = arrivals.recv().await.unwrap();
    assert!(first.contains(" ORDER-1 "), "{first}");
    assert!(first.contains("1999"), "{first}");
    assert_eq!(arrivals.recv().await.unwrap(), first);

    let amount = RefundRequestAmount::new(Fen::new(999), Fen::new(1999), "CNY");
    let refund = CreateRefund::new("REFUND-1", amount).out_trade_no("ORDER-1");
    let refund = refund.notify_url(format!("{base}/refunded"));
    client.execute(&refund).await.unwrap();
    world.pass(60).await;
    assert_eq!(arrivals.recv().await.unwrap(), "REFUND-1");

    order(&client, &world, "ORDER-2", &format!("{base}/any")).await;
    world.pay("ORDER-2").await;
    assert_eq!(arrivals.recv().await.unwrap(), "TRANSACTION.SUCCESS");
    for attempt in attempts(&world, 4).await {
        assert_eq!(attempt["status"], 204, "{attempt:#}");
        assert_eq!(attempt["problems"], json!([]), "{attempt:#}");
    }
    world.close().await;
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_and_the_genuine_one_follows() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let base = format!("http://{}", serve(routes(shop)).await);
    let kinds = [
        "wrong_signature",
        "stale_timestamp",
        "unknown_serial",
        "probe",
    ];
    for (index, kind) in kinds.into_iter().enumerate() {
        faults(&world, json!({ kind: { "rate": 1, "times": 1 } })).await;
        let number = format!("ORDER-{index}");
        order(&client, &world, &number, &format!("{base}/paid")).await;
        world.pay(&number).await;
        let seen = attempts(&world, 2 * index + 1).await;
        let refused = &seen[2 * index];
        assert_eq!(refused["fault"], kind, "{refused:#}");
        assert_eq!(refused["status"], 401, "{refused:#}");
        world.pass(60).await;
        let arrived = arrivals.recv().await.unwrap();
        assert!(arrived.contains(&number), "{arrived}");
        let genuine = &attempts(&world, 2 * index + 2).await[2 * index + 1];
        assert_eq!(genuine["status"], 204, "{genuine:#}");
    }
    assert!(arrivals.try_recv().is_err(), "a forged one was taken");
    world.close().await;
}

#[tokio::test]
async fn a_payment_sent_where_refunds_belong_is_sent_again() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let base = format!("http://{}", serve(routes(shop)).await);
    order(&client, &world, "ORDER-1", &format!("{base}/refunded")).await;
    world.pay("ORDER-1").await;
    let seen = attempts(&world, 1).await;
    assert_eq!(seen[0]["status"], 500, "{:#}", seen[0]);
    world.pass(60).await;
    assert_eq!(attempts(&world, 2).await[1]["id"], seen[0]["id"]);
    assert!(arrivals.try_recv().is_err());
    world.close().await;
}
