//! Books that are locked, a WeChat Pay that is not there, and what the log has of it.

use std::time::Duration;

use example_support::Controls;
use http::{Method, StatusCode};
use merchant::settings::Api;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::log::Log;
use crate::world::{World, assert_leads_to, form, urlencoded};

#[tokio::test(flavor = "multi_thread")]
async fn locked_books_lose_nothing() {
    let world = World::with(Api::V3, Duration::from_millis(500)).await;
    let (paid, later, refund) = (form(1), form(2), form(3));
    world.paid(&paid).await;
    let back = format!("/orders/{paid}/refund");
    let mut other = AnyConnection::connect(&world.database).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let wish = [
        ("goods", "cup"),
        ("quantity", "2"),
        ("form", later.as_str()),
    ];
    let again = [("amount", "1.50"), ("reason", "\"<b>"), ("form", &refund)];
    for (path, fields) in [("/orders", &wish), (back.as_str(), &again)] {
        let answer = world.post(path, fields).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "5");
        let text = answer.text();
        assert!(text.contains("您的订单不会丢失"), "{text}");
        assert!(!text.contains("database"), "{text}");
        // The same form, to be sent again with one press.
        let escaped = text.matches("value=\"&quot;&lt;b&gt;\"").count();
        assert_eq!(escaped, usize::from(path == back), "{text}");
        assert!(text.contains(&format!("name=\"form\" value=\"{}\"", fields[2].1)));
    }
    // To look at the order is possible all the while.
    let page = world.get(&format!("/orders/{paid}")).await;
    assert!(page.text().contains("已支付"));
    assert_eq!(world.get("/health").await.status, StatusCode::OK);
    other.execute("COMMIT").await.unwrap();
    assert_eq!(world.shop.store.orders(10).await.unwrap().len(), 1);
    assert_leads_to(&world.post("/orders", &wish).await, &later);
    assert_leads_to(&world.post(&back, &again).await, &paid);
    assert_eq!(world.state(&paid).await["refunded"], 150);
}

#[tokio::test]
async fn books_that_are_gone() {
    let world = World::open().await;
    let order = form(1);
    world.paid(&order).await;
    world.shop.store.close().await;
    assert_eq!(world.get("/").await.status, StatusCode::OK);
    for path in [
        "/health",
        &format!("/orders/{order}"),
        &format!("/orders/{order}/state"),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
}

#[tokio::test]
async fn an_order_is_placed_while_wechat_pay_is_away() {
    let world = World::open().await;
    let controls = Controls::at(world.sandbox.base_url());
    let order = form(1);
    for (faults, state, words) in [
        (
            json!({ "answers": { "status_500": { "rate": 1 } } }),
            "PLACED",
            "正在向微信支付下单",
        ),
        (json!({}), "PAYING", "微信扫码支付"),
    ] {
        let put = controls.call::<Value>(Method::PUT, "/_sandbox/faults", Some(faults));
        put.await.unwrap();
        // Sent again it asks for the code again.
        assert_leads_to(&world.order("cup", "1", &order).await, &order);
        assert_eq!(world.state(&order).await["state"], state);
        let page = world.get(&format!("/orders/{order}")).await;
        assert!(page.text().contains(words), "{}", page.text());
    }
}

#[tokio::test]
async fn the_log_has_no_addresses_of_orders() {
    let world = World::open().await;
    let order = "c0ffee00112233445566778899aabbcc";
    let refund = "decade00112233445566778899aabbcc";
    world.paid(order).await;
    let fields = [("amount", "1"), ("reason", "x"), ("form", refund)];
    let path = format!("/orders/{order}/refund");
    assert_leads_to(&world.post(&path, &fields).await, order);
    world.get(&format!("/orders/{order}/state")).await;
    let body = urlencoded(&fields);
    let site = [("sec-fetch-site", "cross-site")];
    world.send(Method::POST, &path, &site, body).await;
    let missing = world.get(&format!("{path}/nowhere")).await;
    let log = Log::text();
    for said in [
        "/orders/{token}/refund",
        "status=303",
        "status=403",
        "status=404",
    ] {
        assert!(log.contains(said), "{said} is not in the log: {log}");
    }
    // What the customer quotes leads to the line.
    let (_, rest) = missing.text().split_once("编号 <code>").unwrap();
    assert!(log.contains(&rest[..8]), "{log}");
    for secret in [order, refund] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
