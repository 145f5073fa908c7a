//! Other sites, people without the password, and what an answer lets a browser do.

use http::{Method, StatusCode};
use merchant::store::{BillTotals, Difference};

use crate::world::{Answer, PASSWORD, World, assert_leads_to, form, urlencoded};

impl World {
    /// As the operator.
    pub(crate) async fn operator(&self, path: &str) -> Answer {
        let credentials = basic("operator", PASSWORD);
        let headers = [("authorization", credentials.as_str())];
        self.send(Method::GET, path, &headers, "").await
    }
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let text = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

#[tokio::test]
async fn another_site_does_nothing() {
    let world = World::open().await;
    let order = form(1);
    world.paid(&order).await;
    let other = form(2);
    let wish = urlencoded(&[("goods", "cup"), ("quantity", "1"), ("form", &other)]);
    let back = urlencoded(&[("amount", "1"), ("reason", "x"), ("form", &other)]);
    let found = difference(&world).await;
    let (refund, settle) = (
        format!("/orders/{order}/refund"),
        format!("/operator/differences/{found}/settle"),
    );
    let operator = basic("operator", PASSWORD);
    let port = world.url.rsplit(':').next().unwrap();
    let neighbour = format!("http://localhost:{port}");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://other.example"),
        ("origin", neighbour.as_str()),
        ("origin", "null"),
    ] {
        for (path, body) in [
            ("/orders", wish.as_str()),
            (&refund, back.as_str()),
            (&settle, ""),
        ] {
            let headers = [(name, value), ("authorization", operator.as_str())];
            let answer = world.send(Method::POST, path, &headers, body).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{name}: {value} {path}"
            );
        }
    }
    let store = &world.shop.store;
    assert_eq!(store.orders(10).await.unwrap().len(), 1);
    assert_eq!(store.refunds(10).await.unwrap(), []);
    assert_eq!(store.differences(1).await.unwrap()[0].settled_at, None);
    // To look is no harm, and the shop's own pages are no other site.
    let headers = [("sec-fetch-site", "cross-site")];
    let page = world.send(Method::GET, "/", &headers, "").await;
    assert_eq!(page.status, StatusCode::OK);
    let own = [("sec-fetch-site", "same-origin"), ("origin", &world.url)];
    let answer = world.send(Method::POST, "/orders", &own, wish).await;
    assert_leads_to(&answer, &other);
}

/// A difference of yesterday's, and its number.
async fn difference(world: &World) -> i64 {
    let now = world.shop.now();
    let yesterday = wxpay_bill::DateTime::beijing(now - 86_400).date();
    let difference = Difference {
        kind: "AMOUNT".to_owned(),
        number: "T<b>1".to_owned(),
        detail: "in the books 1, in the bill 2".to_owned(),
    };
    let store = &world.shop.store;
    let (day, totals) = (yesterday.to_string(), BillTotals::default());
    let finished = store.finish_bill(&day, &totals, &[difference], now).await;
    finished.unwrap();
    store.differences(1).await.unwrap()[0].id
}

#[tokio::test]
async fn the_operator() {
    let world = World::open().await;
    for credentials in [
        String::new(),
        "Basic".to_owned(),
        "Basic %%%".to_owned(),
        basic("operator", ""),
        basic("operator", &PASSWORD[..PASSWORD.len() - 1]),
        basic("operator", &PASSWORD.to_uppercase()),
        basic("admin", PASSWORD),
        basic("operator", PASSWORD).replace("Basic", "Bearer"),
    ] {
        let headers = [("authorization", credentials.as_str())];
        for (method, path) in [
            (Method::GET, "/operator"),
            (Method::POST, "/operator/differences/1/settle"),
            (Method::POST, "/operator/tomorrow"),
        ] {
            let answer = world.send(method, path, &headers, "").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{credentials:?}");
            assert!(answer.header("www-authenticate").starts_with("Basic "));
        }
    }
    let page = world.operator("/operator").await;
    assert!(page.text().contains("还没有对账"), "{}", page.text());
    let paid = world.paid(&form(1)).await;
    let id = difference(&world).await;
    let page = world.operator("/operator").await;
    for said in [
        "有 1 处差异",
        "金额不符",
        "T&lt;b&gt;1",
        "¥79.98",
        &paid.placed.out_trade_no,
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    assert!(
        !page.text().contains(&form(1)),
        "whose page it is, is the customer's"
    );

    let credentials = basic("operator", PASSWORD);
    let headers = [("authorization", credentials.as_str())];
    for path in ["x", "1/2", "99999999999999999999"] {
        let path = format!("/operator/differences/{path}/settle");
        let answer = world.send(Method::POST, &path, &headers, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for _ in 0..2 {
        let path = format!("/operator/differences/{id}/settle");
        let answer = world.send(Method::POST, &path, &headers, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), "/operator");
    }
    let found = world.shop.store.differences(1).await.unwrap();
    assert!(found[0].settled_at.is_some());
    let page = world.operator("/operator").await;
    assert!(page.text().contains("没有要处理的差异"), "{}", page.text());
}

#[tokio::test]
async fn what_pages_let_a_browser_do() {
    let world = World::open().await;
    for path in [
        "/",
        "/nowhere",
        "/operator",
        "/shop.css",
        "/shop.js",
        "/icon.svg",
    ] {
        let answer = world.get(path).await;
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(
            policy.contains(world.sandbox.base_url()),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let kept = path.contains("shop.") || path.contains("icon");
        assert_eq!(
            answer.header("cache-control") == "no-store",
            !kept,
            "{path}"
        );
        // The policy holds for what is written in the page itself, too.
        for inline in ["<style", "<script>", " style=", " onclick="] {
            assert!(!answer.text().contains(inline), "{path}: {inline}");
        }
    }
    for (method, path) in [
        (Method::POST, "/"),
        (Method::GET, "/orders"),
        (Method::PUT, "/orders"),
        (Method::DELETE, "/orders/00000000000000000000000000000001"),
    ] {
        let answer = world.send(method.clone(), path, &[], "").await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert!(answer.text().contains("不支持"), "{method} {path}");
    }
}
