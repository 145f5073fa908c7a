//! Ordering, and the page of an order.

use example_support::Controls;
use http::{Method, StatusCode};
use merchant::flow::OrderEvent;
use merchant::settings::Api;
use merchant::store::PATIENCE;
use serde_json::json;

use crate::world::{World, assert_leads_to, form, payment, urlencoded};

#[tokio::test]
async fn a_form_is_one_order() {
    let world = World::open().await;
    let page = world.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("¥128.00"));
    // The form of the page, as a browser sends it.
    let (_, rest) = page.text().split_once("name=\"form\" value=\"").unwrap();
    let form = rest[..32].to_owned();
    assert!(!world.get("/").await.text().contains(&form));
    let orders = tokio::join!(
        world.order("cup", "2", &form),
        world.order("cup", "2", &form),
    );
    assert_leads_to(&orders.0, &form);
    assert_leads_to(&orders.1, &form);
    assert_leads_to(&world.order("cup", "2", &form).await, &form);
    assert_eq!(world.shop.store.orders(10).await.unwrap().len(), 1);

    let state = world.state(&form).await;
    let order = world.order_of(&form).await;
    assert_eq!(
        state,
        json!({
            "state": "PAYING",
            "out_trade_no": order.placed.out_trade_no,
            "total": 7_998,
            "paid": 0,
            "refunded": 0,
            "code_url": order.code_url.unwrap(),
            "refunds": [],
        })
    );
    for (goods, quantity) in [("cup", "3"), ("cake", "2")] {
        let answer = world.order(goods, quantity, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{goods} {quantity}");
        assert!(answer.text().contains("已经用过"));
    }
    assert_eq!(world.state(&form).await, state);
}

#[tokio::test]
async fn what_a_browser_may_not_say() {
    let world = World::open().await;
    let form = form(1);
    let long = "x".repeat(20_000);
    let good = [("goods", "cup"), ("quantity", "2"), ("form", form.as_str())];
    // A field with another value, or one more field.
    for (field, value, status) in [
        ("goods", "", 400),
        ("goods", "Cup", 400),
        ("goods", "cup'--", 400),
        ("goods", &long, 413),
        ("quantity", "", 400),
        ("quantity", "0", 400),
        ("quantity", "-1", 400),
        ("quantity", "100", 400),
        ("quantity", "1e9", 400),
        ("quantity", "1.5", 400),
        ("quantity", "abc", 400),
        ("quantity", "99999999999999999999", 400),
        ("form", "", 400),
        ("form", "0000000000000000000000000000000G", 400),
        ("form", "../../../../../../../../etc/pass", 400),
        ("price", "1", 400),
        ("total", "1", 400),
    ] {
        let mut fields = good.to_vec();
        match fields.iter_mut().find(|(name, _)| *name == field) {
            Some(known) => known.1 = value,
            None => fields.push((field, value)),
        }
        let answer = world.post("/orders", &fields).await;
        let shown = &value[..value.len().min(40)];
        assert_eq!(answer.status, status, "{field}={shown}");
        assert!(answer.text().contains("联系客服"), "{field}={shown}");
    }
    let twice = [&good[..], &[("quantity", "1")]].concat();
    assert_eq!(world.post("/orders", &twice).await.status, 400);
    assert_eq!(world.post("/orders", &good[..2]).await.status, 400);
    let json = r#"{"goods":"cup","quantity":2}"#;
    let headers = [("content-type", "application/json")];
    let answer = world.send(Method::POST, "/orders", &headers, json).await;
    assert_eq!(answer.status, 400);
    let answer = world
        .send(Method::POST, "/orders?price=1", &[], urlencoded(&good[..1]))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(world.shop.store.orders(10).await.unwrap(), []);
    // And the form is still good.
    assert_leads_to(&world.post("/orders", &good).await, &form);
}

#[tokio::test]
async fn pages_nobody_knows() {
    let world = World::open().await;
    let form = form(2);
    assert_leads_to(&world.order("cake", "1", &form).await, &form);
    for token in [
        "x".to_owned(),
        crate::world::form(3),
        form.to_uppercase().replace('0', "A"),
        format!("{form}%00"),
        "%ff".to_owned(),
        format!("..%2forders%2f{form}"),
    ] {
        for rest in ["", "/state", "/events", "/qr.svg", "/qr.png"] {
            let answer = world.get(&format!("/orders/{token}{rest}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{token}{rest}");
            assert!(answer.text().contains("没有这个页面"), "{token}{rest}");
        }
        let fields = [("amount", "1"), ("reason", ""), ("form", &form)];
        let answer = world
            .post(&format!("/orders/{token}/refund"), &fields)
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{token}");
    }
    assert_eq!(world.get("/nowhere").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_code_as_a_picture() {
    let world = World::open().await;
    let form = form(4);
    assert_leads_to(&world.order("cup", "1", &form).await, &form);
    let page = format!("/orders/{form}");
    let text = world.get(&page).await;
    assert!(text.text().contains("微信扫码支付"));
    let cashier = format!("{}/_sandbox/cashier", world.sandbox.base_url());
    assert!(text.text().contains(&cashier));
    assert!(
        text.text().contains("<noscript>"),
        "no way to wait without scripts"
    );

    let svg = world.get(&format!("{page}/qr.svg")).await;
    assert_eq!(svg.header("content-type"), "image/svg+xml");
    assert!(svg.text().contains("<svg"));
    let png = world.get(&format!("{page}/qr.png")).await;
    assert_eq!(png.header("content-type"), "image/png");
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png.body))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let size = usize::try_from(info.width).unwrap();
    assert_eq!(
        (info.width, info.color_type),
        (info.height, png::ColorType::Grayscale)
    );
    // A code has 21 modules and four more for each version; 8 pixels each, 4 light ones around.
    let modules = size / 8 - 8;
    assert_eq!((size % 8, (modules - 21) % 4), (0, 0), "{size}");
    let dark = |x: usize, y: usize| pixels[(y * 8 + 4) * size + x * 8 + 4] == 0;
    for x in 0..size / 8 {
        assert!(!dark(x, 3), "the quiet zone is not quiet");
    }
    // The corner that shows where the code begins.
    assert!((4..11).all(|at| dark(at, 4) && dark(4, at)) && !dark(11, 4) && !dark(5, 5));

    // Nothing to scan any more.
    world.apply(&form, &payment(&form, 3_999)).await;
    for picture in ["qr.svg", "qr.png"] {
        let gone = world.get(&format!("{page}/{picture}")).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_code_of_2014_is_scanned_before_it_is_paid() {
    let world = World::with(Api::V1, PATIENCE).await;
    let form = form(8);
    assert_leads_to(&world.order("cup", "1", &form).await, &form);
    let page = world.get(&format!("/orders/{form}")).await;
    assert!(page.text().contains("在沙箱里扫码付款"), "{}", page.text());
    assert!(!page.text().contains("/_sandbox/cashier"));
    let number = world.order_of(&form).await.placed.out_trade_no;
    let controls = Controls::at(world.sandbox.base_url());
    controls.pay(&number).await.unwrap_err();
    // Scanned again it is the same order.
    for _ in 0..2 {
        let answer = world.post(&format!("/orders/{form}/scan"), &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let cashier = format!("{}/_sandbox/cashier?", world.sandbox.base_url());
        let location = answer.header("location");
        assert!(location.starts_with(&cashier), "{location}");
        assert!(location.contains(&number), "{location}");
    }
    controls.pay(&number).await.unwrap();
    let answer = world.post("/orders/x/scan", &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_open_page_hears_what_is_new() {
    let world = World::open().await;
    let (paid, closed, held) = (form(5), form(6), form(7));
    for (form, event, words) in [
        (&paid, payment(&paid, 3_999), "已支付"),
        (&closed, OrderEvent::Closed, "订单已关闭"),
        (&held, payment(&held, 3_998), "付款金额与订单不符"),
    ] {
        assert_leads_to(&world.order("cup", "1", form).await, form);
        let mut events = world.events(form).await;
        let said = events.until(Some("微信扫码支付")).await;
        assert!(said.contains("content-type: text/event-stream"), "{said}");
        assert!(said.contains("event: state"), "{said}");
        // Nobody rings: another process did it.
        world.apply(form, &event).await;
        let said = events.until(Some(words)).await;
        assert_eq!(said.matches("event: state").count(), 2, "{said}");
        assert!(
            world
                .get(&format!("/orders/{form}"))
                .await
                .text()
                .contains(words)
        );
    }
    // The server can stop while pages are open.
    let mut events = world.events(&paid).await;
    events.until(Some("已支付")).await;
    world.stop.send_replace(true);
    events.until(None).await;
}
