//! Asking for money back.

use http::StatusCode;
use merchant::flow::{RefundEvent, RefundState, RefundStatus};
use merchant::store::Applied;

use crate::world::{Answer, World, assert_leads_to, form};

async fn ask(world: &World, order: &str, amount: &str, reason: &str, form: &str) -> Answer {
    let fields = [("amount", amount), ("reason", reason), ("form", form)];
    world
        .post(&format!("/orders/{order}/refund"), &fields)
        .await
}

#[tokio::test]
async fn no_more_than_was_paid() {
    let world = World::open().await;
    let order = form(1);
    world.paid(&order).await;
    let first = form(2);
    assert_leads_to(&ask(&world, &order, " 12.5 ", "", &first).await, &order);
    assert_leads_to(&ask(&world, &order, "12.50", "", &first).await, &order);
    assert_eq!(world.state(&order).await["refunded"], 1_250);
    let other = ask(&world, &order, "12.51", "", &first).await;
    assert_eq!(other.status, StatusCode::CONFLICT);

    let much = ask(&world, &order, "67.49", "", &form(3)).await;
    assert_eq!(much.status, StatusCode::CONFLICT);
    for said in ["最多还能退 ¥67.48", &format!("href=\"/orders/{order}\"")] {
        assert!(much.text().contains(said), "{}", much.text());
    }
    // Two at once, each of them possible.
    let (three, four) = (form(3), form(4));
    let answers = tokio::join!(
        ask(&world, &order, "67.48", "", &three),
        ask(&world, &order, "67.48", "", &four),
    );
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    let state = world.state(&order).await;
    assert_eq!(state["refunded"], 7_998);
    assert_eq!(state["refunds"].as_array().unwrap().len(), 2);
    let none = ask(&world, &order, "0.01", "", &form(5)).await;
    assert!(none.text().contains("已经全部退款"), "{}", none.text());
    let page = world.get(&format!("/orders/{order}")).await;
    assert!(!page.text().contains("name=\"amount\""));
}

#[tokio::test]
async fn nonsense_and_nothing_to_give_back() {
    let world = World::open().await;
    let order = form(1);
    assert_leads_to(&world.order("cup", "2", &order).await, &order);
    let early = ask(&world, &order, "1", "", &form(2)).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.text().contains("没有付款"));
    world
        .apply(&order, &crate::world::payment(&order, 7_998))
        .await;
    let long = "长".repeat(81);
    for (amount, reason) in [
        ("", "x"),
        ("-1", "x"),
        ("0", "x"),
        ("0.00", "x"),
        ("-0", "x"),
        ("1.005", "x"),
        ("1e3", "x"),
        ("1,000", "x"),
        ("¥1", "x"),
        ("１", "x"),
        ("NaN", "x"),
        ("+1", "x"),
        ("99999999999999999999", "x"),
        ("1", &long),
        ("1", "a\nb"),
        ("1", "a\u{0}b"),
        ("1", "a\u{9b}b"),
    ] {
        let answer = ask(&world, &order, amount, reason, &form(3)).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{amount:?} {reason:?}"
        );
    }
    let mut fields = vec![("amount", "1"), ("reason", "x"), ("form", "x")];
    let path = format!("/orders/{order}/refund");
    assert_eq!(world.post(&path, &fields).await.status, 400);
    let good = form(3);
    fields[2].1 = &good;
    fields.push(("transaction_id", "1"));
    assert_eq!(world.post(&path, &fields).await.status, 400);
    assert_eq!(world.shop.store.refunds(10).await.unwrap(), []);
    let most = &long[..80 * "长".len()];
    assert_leads_to(&ask(&world, &order, "1", most, &good).await, &order);
}

#[tokio::test]
async fn the_page_follows_a_refund_and_shows_what_was_written_as_text() {
    let world = World::open().await;
    let order = form(1);
    world.paid(&order).await;
    let mut events = world.events(&order).await;
    events.until(Some("申请退款")).await;
    let reason = "<script>alert(1)</script>\"&'";
    assert_leads_to(&ask(&world, &order, "20", reason, &form(2)).await, &order);
    events.until(Some("申请已受理")).await;
    let refund = world.shop.store.refunds(1).await.unwrap().remove(0);
    assert_eq!(refund.asked.reason, reason);
    let number = refund.asked.out_refund_no;
    for (state, words) in [
        (RefundState::Processing, "处理中"),
        (RefundState::Abnormal, "退款异常，客服会联系您"),
        (RefundState::Success, "已退款"),
    ] {
        let status = RefundEvent::Status(RefundStatus {
            state,
            refund_id: "5030".to_owned(),
            amount: None,
            accepted_at: None,
            finished_at: None,
        });
        let store = &world.shop.store;
        let applied = store.apply_to_refund(&number, &status, None, world.shop.now());
        assert_eq!(applied.await.unwrap(), Applied::Changed(state));
        events.until(Some(words)).await;
    }
    let operator = world.operator("/operator").await;
    let page = world.get(&format!("/orders/{order}")).await;
    for text in [&events.until(Some("")).await, page.text(), operator.text()] {
        assert!(!text.contains("<script>alert"), "{text}");
        assert!(
            text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;"),
            "{text}"
        );
    }
}
