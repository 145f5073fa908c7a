//! v1 against the sandbox, over HTTPS: the platform with its token, Tenpay with its certificate and GBK.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "sandbox/world.rs"]
mod world;

use std::time::Duration;

use http::Method;
use serde_json::json;
use wxpay_api::v1::{
    BillKind, GenPrepay, OrderQuery, OrderRef, RefundRef, TenpayBillDownload, TenpayOrderQuery,
    TenpayRefund, TenpayRefundQuery,
};
use wxpay_client::proto::Fen;
use wxpay_client::proto::v1::{Charset, OperatorPassword, PackageOrder};
use wxpay_client::v1::{ApiV2Key, AppSecret, Client, ClientBuilder, Merchant, PaySignKey};
use wxpay_client::{Delivery, ErrorKind, RetryPolicy};

use world::{NOTIFY, World};

fn merchant(world: &World) -> Merchant {
    let file = world.merchant();
    Merchant::new(
        &file.appid,
        &file.partner_id,
        ApiV2Key::new(file.partner_key.expose()).unwrap(),
        PaySignKey::new(file.pay_sign_key.expose()).unwrap(),
    )
    .unwrap()
}

fn builder(world: &World, merchant: Merchant) -> ClientBuilder {
    let secret = AppSecret::new(world.merchant().app_secret.expose()).unwrap();
    Client::builder(merchant)
        .endpoint(world.endpoint())
        .transport(world.transport())
        .clock(world.clock())
        .app_secret(secret)
        .retry(RetryPolicy::default().first_delay(Duration::from_millis(2)))
}

fn prepay(client: &Client, number: &str) -> GenPrepay {
    let order = PackageOrder::new("深圳腾大", number, Fen::new(300), NOTIFY, "203.0.113.7");
    GenPrepay::new(client.merchant().package(&order).unwrap())
}

fn refund(number: &str, refund: &str) -> TenpayRefund {
    let order = OrderRef::OutTradeNo(number.to_owned());
    let password = OperatorPassword::new("111111").unwrap();
    TenpayRefund::new(order, refund, Fen::new(300), Fen::new(100), password)
}

#[tokio::test]
async fn an_order_of_an_app_from_its_token_to_its_bill() {
    for charset in [Charset::Gbk, Charset::Utf8] {
        let world = World::open().await;
        let client = builder(&world, merchant(&world).with_charset(charset))
            .identity(world.identity())
            .build()
            .unwrap();
        let prepaid = client.execute(&prepay(&client, "ORDER1")).await.unwrap();
        assert!(!prepaid.value().prepay_id.is_empty());
        world.pay("ORDER1").await;
        let query = OrderQuery::new("ORDER1");
        let order = client.execute(&query).await.unwrap().into_value();
        assert_eq!(order.trade_state.as_deref(), Some("0"));
        assert_eq!(order.total_fee, Some(Fen::new(300)));
        let trade = TenpayOrderQuery::new(OrderRef::OutTradeNo("ORDER1".to_owned()));
        let trade = client.execute(&trade).await.unwrap();
        assert_eq!(trade.value().transaction_id, order.transaction_id.unwrap());

        let none = TenpayRefundQuery::new(RefundRef::OutRefundNo("REFUND1".to_owned()));
        let error = client.execute(&none).await.unwrap_err();
        assert!(error.v1_api().unwrap().is_not_found(), "{error}");
        assert_eq!(error.delivery(), Delivery::Refused);

        // The answer to the refund is lost, and the same number asks for no second one.
        let lost = json!({ "answers": { "drop_after": { "rate": 1, "times": 1 } } });
        world.control(Method::PUT, "faults", &lost).await;
        let done = client.execute(&refund("ORDER1", "REFUND1")).await.unwrap();
        assert!(done.reply().is_verified());
        let all =
            TenpayRefundQuery::new(RefundRef::Order(OrderRef::OutTradeNo("ORDER1".to_owned())));
        let all = client.execute(&all).await.unwrap().into_value();
        assert_eq!(all.refunds.len(), 1);
        assert_eq!(all.refunds[0].out_refund_no, "REFUND1");

        world.days_pass(2).await;
        let bill = TenpayBillDownload::new(world.days_ago(2), BillKind::All);
        let bill = client.execute(&bill).await.unwrap();
        assert!(
            bill.reply().file().contains("ORDER1"),
            "{}",
            bill.reply().file()
        );
        world.close().await;
    }
}

#[tokio::test]
async fn a_token_that_another_server_has_replaced_is_fetched_again() {
    let world = World::open().await;
    let ours = builder(&world, merchant(&world)).build().unwrap();
    let other = builder(&world, merchant(&world)).build().unwrap();
    let first = ours.access_token().await.unwrap();
    world.pass(60).await;
    let second = other.access_token().await.unwrap();
    assert_ne!(first.expose(), second.expose());
    // Not at once: the platform takes the old one for a while.
    world.pass(600).await;
    ours.execute(&prepay(&ours, "ORDER1")).await.unwrap();
    assert_ne!(ours.access_token().await.unwrap().expose(), first.expose());
    world.close().await;
}

#[tokio::test]
async fn without_the_certificate_a_refund_is_not_sent() {
    let world = World::open().await;
    let client = builder(&world, merchant(&world)).build().unwrap();
    client.execute(&prepay(&client, "ORDER1")).await.unwrap();
    world.pay("ORDER1").await;
    let error = client
        .execute(&refund("ORDER1", "REFUND1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate);
    assert_eq!(error.delivery(), Delivery::NotSent);
    let seen = world.journal().await;
    assert!(
        seen.iter()
            .all(|entry| entry["path"] != "/refundapi/gateway/refund.xml")
    );
    world.close().await;
}
