//! v1, with notices of the sandbox.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;
use http::{Method, Request, StatusCode};
use serde_json::json;
use wxpay_api::v1::GenPrepay;
use wxpay_client::axum::Reply;
use wxpay_client::axum::v1::{VerifiedAlarmNotice, VerifiedPaymentNotice, VerifiedRightsNotice};
use wxpay_client::proto::Fen;
use wxpay_client::proto::v1::{PackageOrder, reply};
use wxpay_client::v1::{ApiV2Key, AppSecret, Client, Merchant, PaySignKey};

use crate::by_hand::{Pieces, call, text};
use crate::shop::{Shop, attempts, faults, judge, serve};
use crate::world::World;

async fn paid(
    State(shop): State<Shop<Client>>,
    VerifiedPaymentNotice(notice): VerifiedPaymentNotice,
) -> Reply {
    shop.inbox.send(notice.out_trade_no).unwrap();
    Reply(reply::success())
}

async fn complained(
    State(shop): State<Shop<Client>>,
    VerifiedRightsNotice(notice): VerifiedRightsNotice,
) -> Reply {
    shop.inbox.send(format!("{notice:?}")).unwrap();
    Reply(reply::success())
}

async fn alarmed(
    State(shop): State<Shop<Client>>,
    VerifiedAlarmNotice(notice): VerifiedAlarmNotice,
) -> Reply {
    shop.inbox.send(format!("{notice:?}")).unwrap();
    Reply(reply::success())
}

fn routes(shop: Shop<Client>) -> Router {
    let routes = Router::new()
        .route("/paid", post(paid))
        .route("/complained", post(complained))
        .route("/alarmed", post(alarmed));
    // Below a path of its own: what was signed of the address is its query.
    Router::new().nest("/v1", routes).with_state(shop)
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
async fn a_payment_and_a_complaint_reach_their_handlers() {
    let world = World::open().await;
    let client = client(&world);
    let (shop, mut arrivals) = Shop::new(client.clone());
    let base = format!("http://{}/v1", serve(routes(shop)).await);
    let notify = format!("{base}/paid");
    let order = PackageOrder::new("深圳腾大", "ORDER1", Fen::new(300), notify, "203.0.113.7");
    let order = GenPrepay::new(client.merchant().package(&order).unwrap());

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
    assert_eq!(arrivals.recv().await.unwrap(), "ORDER1");

    let complaint = json!({
        "type": "request",
        "out_trade_no": "ORDER1",
        "url": format!("{base}/complained"),
        "reason": "没有收到货",
        "solution": "退款",
    });
    world.control(Method::POST, "v1/rights", &complaint).await;
    let arrived = arrivals.recv().await.unwrap();
    assert!(arrived.contains("没有收到货"), "{arrived}");
    judge(&attempts(&world, 3).await);
    world.close().await;
}

#[tokio::test]
async fn whatever_is_refused_is_refused_in_one_word() {
    let keys = (
        ApiV2Key::new("k".repeat(32)).unwrap(),
        PaySignKey::new("p".repeat(128)).unwrap(),
    );
    let merchant = Merchant::new("wxf8b4f85f3a794e77", "1900000109", keys.0, keys.1).unwrap();
    let (shop, mut arrivals) = Shop::new(Client::new(merchant).unwrap());
    let forged = "<xml><AppId>wxf8b4f85f3a794e77</AppId><AppSignature>\
        e9cd6e5e3ae2bb3a8d2a1d3ef0b9e2d0b3ee32a7</AppSignature></xml>";
    let large = " ".repeat((64 << 10) + 1);
    for path in [
        "/v1/paid",
        "/v1/paid?out_trade_no=1&sign=0",
        "/v1/complained",
        "/v1/alarmed",
    ] {
        for body in [
            Body::from(forged),
            Body::empty(),
            Body::from(large.clone()),
            Body::new(Pieces::cut_off(forged)),
        ] {
            let request = Request::post(path).body(body).unwrap();
            let answer = call(routes(shop.clone()), request).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(text(answer).await, "fail");
        }
    }
    assert!(arrivals.try_recv().is_err());
}
