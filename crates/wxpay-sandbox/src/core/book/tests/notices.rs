use serde_json::json;
use wxpay_sign::Timestamp;

use super::super::notice::SCHEDULE;
use super::counter::*;

const NUMBER: &str = "1217752501201407033233368018";

fn paid() -> Counter {
    let mut counter = Counter::new();
    counter.native(NUMBER, 100).unwrap();
    counter.pay(NUMBER).unwrap();
    counter
}

#[test]
fn a_payment_is_told_at_once_and_given_out_once() {
    let mut counter = paid();
    assert_eq!(counter.book.next_due(), Some(Timestamp::from_unix(START)));
    let told = counter.due();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].url, "http://127.0.0.1:1/notify");
    assert_eq!(told[0].event, counter.query(NUMBER).unwrap());
    assert_eq!(told[0].created, Timestamp::from_unix(START));
    assert!(counter.due().is_empty(), "it is under way");
    assert_eq!(counter.book.next_due(), None);
    counter.delivered(&told[0].id, true);
    assert_eq!(counter.book.next_due(), None);
    let notices = &counter.view(NUMBER)["notifications"];
    assert_eq!(notices[0]["state"], "delivered");
    assert_eq!(
        notices[0]["attempts"],
        json!([{ "time": "2024-01-01T10:34:56+08:00", "delivered": true }])
    );
}

#[test]
fn one_that_nobody_takes_follows_the_schedule_to_its_end() {
    let mut counter = paid();
    let id = counter.due()[0].id.clone();
    counter.delivered(&id, false);
    for delay in SCHEDULE {
        let next = counter.now + delay;
        assert_eq!(counter.book.next_due(), Some(Timestamp::from_unix(next)));
        counter.now = next - 1;
        assert!(counter.due().is_empty(), "{delay}");
        counter.now = next;
        assert_eq!(counter.due()[0].id, id, "the same notification");
        counter.delivered(&id, false);
    }
    assert_eq!(counter.book.next_due(), None);
    counter.wait(30 * DAY);
    assert!(counter.due().is_empty());
    assert_eq!(
        counter.view(NUMBER)["notifications"][0]["attempts"]
            .as_array()
            .unwrap()
            .len(),
        16
    );
    assert_eq!(
        counter.view(NUMBER)["notifications"][0]["state"],
        "given_up"
    );
}

#[test]
fn a_clock_far_ahead_makes_one_attempt_not_many() {
    let mut counter = paid();
    let id = counter.due()[0].id.clone();
    counter.delivered(&id, false);
    counter.wait(DAY);
    assert_eq!(counter.due().len(), 1);
    counter.delivered(&id, false);
    assert_eq!(
        counter.book.next_due(),
        Some(Timestamp::from_unix(counter.now + 15))
    );
}

#[test]
fn what_was_under_way_at_the_end_is_sent_after_a_restart() {
    let mut counter = paid();
    counter.refund(NUMBER, "r1", 10, 100).unwrap();
    let under_way = counter.due();
    assert_eq!(under_way.len(), 1);
    let mut later = Counter::replay(counter.book.take_changes(), counter.now + 5);
    let told = later.due();
    let types: Vec<&str> = told.iter().map(|it| it.event_type.as_str()).collect();
    assert_eq!(types, ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]);
    assert_eq!(told[0].id, under_way[0].id);
}

#[test]
fn without_an_address_nothing_is_told() {
    let mut counter = paid();
    counter.due();
    let mut body = refund(NUMBER, "r1", 10, 100);
    body.as_object_mut().unwrap().remove("notify_url");
    counter.post("refund.create_refund", body).unwrap();
    counter.wait(5);
    assert!(counter.due().is_empty());
}

#[test]
fn a_result_for_nothing_changes_nothing() {
    let mut counter = paid();
    counter.book.take_changes();
    counter.delivered("no such notification", true);
    assert!(counter.book.take_changes().is_empty());
    assert_eq!(counter.due().len(), 1);
}
