//! v2, with notifications of the sandbox.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::{Request, StatusCode};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use wxpay_api::v2::pay::{PaymentNotice, TradeType, UnifiedOrder};
use wxpay_api::v2::refund::CreateRefund;
use wxpay_client::Endpoint;
use wxpay_client::axum::Reply;
use wxpay_client::axum::v2::{
    VerifiedNativeCallback, VerifiedNotification, VerifiedRefundNotification,
};
use wxpay_client::proto::Fen;
use wxpay_client::proto::sign::Nonce;
use wxpay_client::proto::v2::reply;
use wxpay_client::v2::{ApiV2Key, Client, Merchant};

use crate::by_hand::{Pieces, call, text};
use crate::shop::{Shop, attempts, faults, judge, kept, scan, serve};
use crate::world::World;

async fn paid(
    State(shop): State<Shop<Client>>,
    VerifiedNotification {
        notification, body, ..
    }: VerifiedNotification,
) -> Reply {
    let payment: PaymentNotice = notification.decode().unwrap();
    shop.keep(&payment.out_trade_no, &body);
    Reply(reply::success())
}

async fn refunded(
    State(shop): State<Shop<Client>>,
    VerifiedRefundNotification {
        notification, body, ..
    }: VerifiedRefundNotification,
) -> Reply {
    shop.keep(notification.get("out_refund_no").unwrap(), &body);
    Reply(reply::success())
}

async fn scanned(
    State(shop): State<Shop<Client>>,
    VerifiedNativeCallback { callback, body, .. }: VerifiedNativeCallback,
) -> Reply {
    shop.keep(callback.product_id(), &body);
    let order = order(callback.appid(), "ORDER-2", "http://127.0.0.1:1");
    let placed = shop.client.execute(&order).await.unwrap().into_value();
    let merchant = shop.client.merchant();
    Reply(
        merchant
            .native_reply(&callback, &placed.prepay_id, &nonce())
            .unwrap(),
    )
}

fn routes(shop: Shop<Client>) -> Router {
    Router::new()
        .route("/paid", post(paid))
        .route("/refunded", post(refunded))
        .route("/scanned", post(scanned))
        .with_state(shop)
}

fn order(appid: &str, number: &str, notify: &str) -> UnifiedOrder {
    UnifiedOrder::new(
        appid,
        "深圳腾大-QQ公仔",
        number,
        Fen::new(1999),
        "203.0.113.7",
        notify,
        TradeType::Native,
    )
    .product_id("12235413214070356458058")
}

fn nonce() -> Nonce {
    Nonce::new("5K8264ILTKCH16CQ2502SI8ZNMTM67VS").unwrap()
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
    let order = order(appid, "ORDER-1", &format!("{base}/paid"));

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
    let (number, body) = kept(&mut arrivals).await;
    assert_eq!(number, "ORDER-1");
    // What was handed over is enough to open it again.
    let merchant = client.merchant();
    let again = merchant.open_notification(body.as_bytes()).unwrap();
    assert_eq!(again.get("out_trade_no"), Some("ORDER-1"));
    attempts(&world, 2).await;

    faults(&world, json!({ "duplicate": { "rate": 1, "times": 1 } })).await;
    let refund = CreateRefund::new(appid, "REFUND-1", Fen::new(1999), Fen::new(999));
    let refund = refund.out_trade_no("ORDER-1");
    let refund = refund.notify_url(format!("{base}/refunded"));
    client.execute(&refund).await.unwrap();
    world.pass(60).await;
    for _ in 0..2 {
        let (number, body) = kept(&mut arrivals).await;
        assert_eq!(number, "REFUND-1");
        assert!(!body.contains("REFUND-1"), "it was encrypted: {body}");
        let again = merchant.open_refund_notification(body.as_bytes()).unwrap();
        assert_eq!(again.get("out_refund_no"), Some("REFUND-1"));
    }
    judge(&attempts(&world, 4).await);
    world.close().await;
}

#[tokio::test]
async fn a_question_after_a_scan_is_answered_with_an_order() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let callback = format!("http://{}/scanned", serve(routes(shop.clone())).await);
    let (merchant, now) = (client.merchant(), world.clock().now());
    let code = merchant.native_url(&world.merchant().appid, "PRODUCT-1", now, &nonce());
    let scanned = scan(&world, &code, &callback).await;
    assert_eq!(scanned["state"], "ready", "{scanned}");
    assert_eq!(scanned["out_trade_no"], "ORDER-2");
    let (product, body) = kept(&mut arrivals).await;
    assert_eq!(product, "PRODUCT-1");
    let again = merchant.open_native_callback(body.as_bytes()).unwrap();
    assert_eq!(again.product_id(), "PRODUCT-1");

    // The same question about something else, which nobody has signed.
    let forged = body.replace("PRODUCT-1", "PRODUCT-2");
    assert_ne!(forged, body);
    let forged = Request::post("/scanned").body(Body::from(forged)).unwrap();
    refused(call(routes(shop), forged).await).await;
    assert!(arrivals.try_recv().is_err());
    world.close().await;
}

const FORGED: &str = "<xml><return_code>SUCCESS</return_code><appid>wxd678efh567hg6787</appid>\
    <mch_id>1900000109</mch_id><product_id>1</product_id><req_info>MDEyMzQ1Njc4OWFiY2RlZg==</req_info>\
    <sign>C380BEC2BFD727A4B6845133519F3AD6</sign></xml>";
const PATHS: [&str; 3] = ["/paid", "/refunded", "/scanned"];

/// A shop that no sandbox knows.
fn alone() -> (Shop<Client>, UnboundedReceiver<String>) {
    let merchant = Merchant::new("1900000109", ApiV2Key::new("k".repeat(32)).unwrap()).unwrap();
    Shop::new(Client::new(merchant).unwrap())
}

async fn refused(answer: Response) {
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    let answer = text(answer).await;
    assert!(
        answer.contains("FAIL") && !answer.contains("SUCCESS<"),
        "{answer}"
    );
}

#[tokio::test]
async fn whatever_is_refused_is_refused_in_xml() {
    let (shop, mut arrivals) = alone();
    let large = " ".repeat((1 << 20) + 1);
    for path in PATHS {
        for body in [
            Body::from(FORGED),
            Body::from(r#"{"id":"EV-1"}"#),
            Body::empty(),
            Body::from(large.clone()),
            Body::new(Pieces::cut_off(FORGED)),
        ] {
            let request = Request::post(path).body(body).unwrap();
            refused(call(routes(shop.clone()), request).await).await;
        }
    }
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_given_up_before_wechat_pay_gives_up() {
    let (shop, mut arrivals) = alone();
    for path in PATHS {
        let body = Body::new(Pieces::without_end(FORGED));
        let request = Request::post(path).body(body).unwrap();
        let start = Instant::now();
        refused(call(routes(shop.clone()), request).await).await;
        let took = start.elapsed().as_secs();
        assert_eq!(took, 4, "{path}");
    }
    assert!(arrivals.try_recv().is_err());
}
