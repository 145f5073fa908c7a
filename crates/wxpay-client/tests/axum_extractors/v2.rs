//! v2, with notifications of the sandbox.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use http::{Request, StatusCode};
use serde_json::json;
use wxpay_api::v2::pay::{PaymentNotice, TradeType, UnifiedOrder};
use wxpay_api::v2::refund::CreateRefund;
use wxpay_client::Endpoint;
use wxpay_client::axum::Reply;
use wxpay_client::axum::v2::{VerifiedNotification, VerifiedRefundNotification};
use wxpay_client::proto::Fen;
use wxpay_client::proto::v2::reply;
use wxpay_client::v2::{ApiV2Key, Client, Merchant};

use crate::by_hand::{Pieces, call, text};
use crate::shop::{Shop, attempts, faults, judge, serve};
use crate::world::World;

async fn paid(
    State(shop): State<Shop<Client>>,
    VerifiedNotification(notification): VerifiedNotification,
) -> Reply {
    let payment: PaymentNotice = notification.decode().unwrap();
    shop.inbox.send(payment.out_trade_no).unwrap();
    Reply(reply::success())
}

async fn refunded(
    State(shop): State<Shop<Client>>,
    VerifiedRefundNotification(refund): VerifiedRefundNotification,
) -> Reply {
    let number = refund.get("out_refund_no").unwrap().to_owned();
    shop.inbox.send(number).unwrap();
    Reply(reply::success())
}

fn routes(shop: Shop<Client>) -> Router {
    Router::new()
        .route("/paid", post(paid))
        .route("/refunded", post(refunded))
        .with_state(shop)
}

fn client(world: &World) -> Client {
    let file = world.merchant();
    let key = ApiV2Key::new(file.api_key.expose()).unwrap();
    // The plain port asks for no client certificate.
    Client::builder(Merchant::new(file.mchid.clone(), key).unwrap())
        .endpoint(Endpoint::parse(world.server.base_url()).unwrap())
        .transport(world.transport())
        .clock(world.clock())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_payment_and_its_refund_reach_their_handlers() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let base = format!("http://{}", serve(routes(shop)).await);
    let appid = world.merchant().appid.as_str();
    let (fee, notify) = (Fen::new(1999), format!("{base}/paid"));
    let order = UnifiedOrder::new(
        appid,
        "深圳腾大-QQ公仔",
        "ORDER-1",
        fee,
        "203.0.113.7",
        notify,
        TradeType::Native,
    )
    .product_id("12235413214070356458058");

    // A forged one, then the genuine one.
    faults(
        &world,
        json!({ "wrong_signature": { "rate": 1, "times": 1 } }),
    )
    .await;
    client.execute(&order).await.unwrap();
    world.pay("ORDER-1").await;
    attempts(&world, 1).await;
    assert!(arrivals.try_recv().is_err(), "a forged one was taken");
    world.pass(60).await;
    assert_eq!(arrivals.recv().await.unwrap(), "ORDER-1");
    attempts(&world, 2).await;

    faults(&world, json!({ "duplicate": { "rate": 1, "times": 1 } })).await;
    let refund = CreateRefund::new(appid, "REFUND-1", fee, Fen::new(999));
    let refund = refund.out_trade_no("ORDER-1");
    let refund = refund.notify_url(format!("{base}/refunded"));
    client.execute(&refund).await.unwrap();
    world.pass(60).await;
    for _ in 0..2 {
        assert_eq!(arrivals.recv().await.unwrap(), "REFUND-1");
    }
    judge(&attempts(&world, 4).await);
    world.close().await;
}

#[tokio::test]
async fn whatever_is_refused_is_refused_in_xml() {
    let merchant = Merchant::new("1900000109", ApiV2Key::new("k".repeat(32)).unwrap()).unwrap();
    let (shop, mut arrivals) = Shop::new(Client::new(merchant).unwrap());
    let forged = "<xml><return_code>SUCCESS</return_code><sign>C380BEC2BFD727A4B6845133519F3AD6</sign></xml>";
    let large = " ".repeat((1 << 20) + 1);
    for path in ["/paid", "/refunded"] {
        for body in [
            Body::from(forged),
            Body::from(r#"{"id":"EV-1"}"#),
            Body::empty(),
            Body::from(large.clone()),
            Body::new(Pieces::cut_off(forged)),
        ] {
            let request = Request::post(path).body(body).unwrap();
            let answer = call(routes(shop.clone()), request).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
            let answer = text(answer).await;
            assert!(
                answer.contains("FAIL") && !answer.contains("SUCCESS<"),
                "{answer}"
            );
        }
    }
    assert!(arrivals.try_recv().is_err());
}
