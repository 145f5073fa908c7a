//! v1, with notices of the sandbox.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::{Method, Request, StatusCode};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;
use wxpay_api::v1::GenPrepay;
use wxpay_client::axum::Reply;
use wxpay_client::axum::v1::{
    VerifiedAlarmNotice, VerifiedNativeCallback, VerifiedPaymentNotice, VerifiedRightsNotice,
};
use wxpay_client::proto::Fen;
use wxpay_client::proto::sign::Nonce;
use wxpay_client::proto::v1::{PackageOrder, reply};
use wxpay_client::v1::{ApiV2Key, AppSecret, Client, Merchant, PaySignKey};

use crate::by_hand::{Pieces, call, text};
use crate::shop::{Shop, attempts, faults, judge, kept, scan, serve};
use crate::world::World;

async fn paid(
    State(shop): State<Shop<Client>>,
    VerifiedPaymentNotice {
        notice,
        query,
        body,
        ..
    }: VerifiedPaymentNotice,
) -> Reply {
    shop.keep(
        &notice.out_trade_no,
        &[query.as_bytes(), b"\n", &body].concat(),
    );
    Reply(reply::success())
}

async fn complained(
    State(shop): State<Shop<Client>>,
    VerifiedRightsNotice { notice, body, .. }: VerifiedRightsNotice,
) -> Reply {
    shop.keep(&notice.reason.unwrap(), &body);
    Reply(reply::success())
}

async fn alarmed(
    State(shop): State<Shop<Client>>,
    VerifiedAlarmNotice { notice, body, .. }: VerifiedAlarmNotice,
) -> Reply {
    shop.keep(&notice.error_type, &body);
    Reply(reply::success())
}

async fn scanned(
    State(shop): State<Shop<Client>>,
    VerifiedNativeCallback { callback, body, .. }: VerifiedNativeCallback,
) -> Reply {
    shop.keep(&callback.product_id, &body);
    let merchant = shop.client.merchant();
    let package = merchant.package(&order("ORDER2", "http://127.0.0.1:1"));
    Reply(merchant.native_reply(&package.unwrap(), callback.timestamp, &nonce()))
}

fn routes(shop: Shop<Client>) -> Router {
    let routes = Router::new()
        .route("/paid", post(paid))
        .route("/complained", post(complained))
        .route("/alarmed", post(alarmed))
        .route("/scanned", post(scanned));
    // Below a path of its own: what was signed of the address is its query.
    Router::new().nest("/v1", routes).with_state(shop)
}

fn order(number: &str, notify: &str) -> PackageOrder {
    PackageOrder::new("深圳腾大", number, Fen::new(300), notify, "203.0.113.7")
}

fn nonce() -> Nonce {
    Nonce::new("adssdasssd13d").unwrap()
}

fn client(world: &World) -> Client {
    let file = world.merchant();
    let merchant = Merchant::new(
        &file.appid,
        &file.partner_id,
        ApiV2Key::new(file.partner_key.expose()).unwrap(),
        PaySignKey::new(file.pay_sign_key.expose()).unwrap(),
    );
    Client::builder(merchant.unwrap())
        .endpoint(world.endpoint())
        .transport(world.transport())
        .clock(world.clock())
        .app_secret(AppSecret::new(file.app_secret.expose()).unwrap())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_payment_a_complaint_and_an_alarm_reach_their_handlers() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let base = format!("http://{}/v1", serve(routes(shop)).await);
    let merchant = client.merchant();
    let order = order("ORDER1", &format!("{base}/paid"));
    let order = GenPrepay::new(merchant.package(&order).unwrap());

    let settings = json!({ "alarm_url": format!("{base}/alarmed"), "deliver_within_seconds": 600 });
    world.control(Method::PUT, "v1/settings", &settings).await;
    faults(
        &world,
        json!({ "wrong_signature": { "rate": 1, "times": 1 } }),
    )
    .await;
    client.execute(&order).await.unwrap();
    world.pay("ORDER1").await;
    attempts(&world, 1).await;
    assert!(arrivals.try_recv().is_err(), "a forged one was taken");
    world.pass(120).await;
    let (number, raw) = kept(&mut arrivals).await;
    assert_eq!(number, "ORDER1");
    // What was handed over is enough to open it again.
    let (query, body) = raw.split_once('\n').unwrap();
    let again = merchant.open_payment_notice(query, body.as_bytes());
    assert_eq!(again.unwrap().out_trade_no, "ORDER1");

    let complaint = json!({
        "type": "request",
        "out_trade_no": "ORDER1",
        "url": format!("{base}/complained"),
        "reason": "没有收到货",
        "solution": "退款",
    });
    world.control(Method::POST, "v1/rights", &complaint).await;
    let (reason, body) = kept(&mut arrivals).await;
    assert_eq!(reason, "没有收到货");
    let again = merchant.open_rights_notice(body.as_bytes()).unwrap();
    assert_eq!(again.reason, Some(reason));

    // It was not reported as delivered.
    world.pass(600).await;
    let (kind, body) = kept(&mut arrivals).await;
    assert_eq!(kind, "1001");
    let again = merchant.open_alarm_notice(body.as_bytes()).unwrap();
    assert_eq!(again.error_type, "1001");
    judge(&attempts(&world, 4).await);
    world.close().await;
}

#[tokio::test]
async fn a_question_after_a_scan_is_answered_with_a_package() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let callback = format!("http://{}/v1/scanned", serve(routes(shop.clone())).await);
    let (merchant, now) = (client.merchant(), world.clock().now());
    let code = merchant.native_url("PRODUCT1", now, &nonce()).unwrap();
    let scanned = scan(&world, &code, &callback).await;
    assert_eq!(scanned["state"], "ready", "{scanned}");
    assert_eq!(scanned["out_trade_no"], "ORDER2");
    let (product, body) = kept(&mut arrivals).await;
    assert_eq!(product, "PRODUCT1");
    let again = merchant.open_native_callback(body.as_bytes()).unwrap();
    assert_eq!(again.product_id, "PRODUCT1");

    // The same question about something else, which nobody has signed.
    let forged = body.replace("PRODUCT1", "PRODUCT2");
    assert_ne!(forged, body);
    let forged = Request::post("/v1/scanned").body(Body::from(forged));
    refused(call(routes(shop), forged.unwrap()).await).await;
    assert!(arrivals.try_recv().is_err());
    world.close().await;
}

const FORGED: &str = "<xml><AppId>wxf8b4f85f3a794e77</AppId><AppSignature>\
    e9cd6e5e3ae2bb3a8d2a1d3ef0b9e2d0b3ee32a7</AppSignature></xml>";
const TARGETS: [&str; 5] = [
    "/v1/paid",
    "/v1/paid?out_trade_no=1&sign=0",
    "/v1/complained",
    "/v1/alarmed",
    "/v1/scanned",
];

/// A shop that no sandbox knows.
fn alone() -> (Shop<Client>, UnboundedReceiver<String>) {
    let keys = (
        ApiV2Key::new("k".repeat(32)).unwrap(),
        PaySignKey::new("p".repeat(128)).unwrap(),
    );
    let merchant = Merchant::new("wxf8b4f85f3a794e77", "1900000109", keys.0, keys.1).unwrap();
    Shop::new(Client::new(merchant).unwrap())
}

async fn refused(answer: Response) {
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(text(answer).await, "fail");
}

#[tokio::test]
async fn whatever_is_refused_is_refused_in_one_word() {
    let (shop, mut arrivals) = alone();
    let large = " ".repeat((64 << 10) + 1);
    for target in TARGETS {
        for body in [
            Body::from(FORGED),
            Body::empty(),
            Body::from(large.clone()),
            Body::new(Pieces::cut_off(FORGED)),
        ] {
            let request = Request::post(target).body(body).unwrap();
            refused(call(routes(shop.clone()), request).await).await;
        }
    }
    assert!(arrivals.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_given_up_before_wechat_gives_up() {
    let (shop, mut arrivals) = alone();
    for target in TARGETS {
        let body = Body::new(Pieces::without_end(FORGED));
        let request = Request::post(target).body(body).unwrap();
        let start = Instant::now();
        refused(call(routes(shop.clone()), request).await).await;
        let took = start.elapsed().as_secs();
        assert_eq!(took, 4, "{target}");
    }
    assert!(arrivals.try_recv().is_err());
}
