//! Coupons of WeChat Pay (代金券) and of merchants (商家券), from their stock to their use.

use http::Method;
use serde_json::{Value, json};

use crate::EXTENTS;
use crate::sample::Extent::{self, Full, Least};
use crate::till::Till;

pub(crate) async fn all(till: &mut Till) {
    for extent in EXTENTS {
        favor(till, extent).await;
        business(till, extent).await;
    }
}

/// From when until when coupons are good: from today on, for sixty days.
fn span(till: &Till) -> [Value; 2] {
    [0, -60].map(|days| json!(format!("{}T00:00:00+08:00", till.days_ago(days))))
}

/// Sets where the merchant is told, and gives back the merchant's number.
async fn address(till: &mut Till, family: &str, extent: Extent) -> Value {
    let name = format!("{family}.set_callback");
    let set = till.named(&name, extent, &[]).await;
    let name = format!("{family}.query_callback");
    let found = till.named(&name, extent, &[]).await;
    assert_eq!(found["notify_url"], set["notify_url"]);
    found["mchid"].clone()
}

async fn favor(till: &mut Till, extent: Extent) {
    let mchid = address(till, "favor", extent).await;
    let creator = ("/stock_creator_mchid", mchid.clone());
    let [begin, end] = span(till);
    let new = [
        ("/out_request_no", json!(till.number())),
        ("/belong_merchant", mchid.clone()),
        ("/available_begin_time", begin.clone()),
        ("/available_end_time", end.clone()),
        ("/stock_use_rule/max_coupons", json!(10)),
        ("/stock_use_rule/max_amount", json!(5_000)),
        ("/stock_use_rule/max_coupons_per_user", json!(10)),
    ];
    let made = till.named("favor.create_stock", extent, &new).await;
    let again = till.named("favor.create_stock", extent, &new).await;
    assert_eq!(made, again, "a repeated request makes no second stock");
    let stock = [("/stock_id", made["stock_id"].clone()), creator.clone()];
    for (name, time, status) in [
        ("favor.query_stock", "create_time", "unactivated"),
        ("favor.start_stock", "start_time", "running"),
        ("favor.pause_stock", "pause_time", "paused"),
        ("favor.restart_stock", "restart_time", "running"),
    ] {
        let said = till.named(name, extent, &stock).await;
        assert_ne!(said[time], Value::Null, "{said}");
        let seen = till.named("favor.query_stock", extent, &stock).await;
        assert_eq!(seen["status"], status, "{name}");
        assert_eq!(seen["stock_use_rule"]["max_amount"], 5_000);
    }

    let mut send = stock.to_vec();
    send.push(("/out_request_no", json!(till.number())));
    if extent == Full {
        send.push(("/coupon_value", json!(700)));
        send.push(("/coupon_minimum", json!(1_000)));
    }
    let sent = till.named("favor.send_coupon", extent, &send).await;
    let again = till.named("favor.send_coupon", extent, &send).await;
    assert_eq!(sent, again, "a repeated request sends no second coupon");
    let coupon = [("/coupon_id", sent["coupon_id"].clone())];
    let seen = till.named("favor.query_user_coupon", extent, &coupon).await;
    assert_eq!(seen["status"], "SENDED");
    assert_eq!(seen["stock_id"], made["stock_id"]);
    let worth = match extent {
        Full => json!({ "coupon_amount": 700, "transaction_minimum": 1_000 }),
        // Its part of the budget.
        Least => json!({ "coupon_amount": 500, "transaction_minimum": 0 }),
    };
    assert_eq!(seen["normal_coupon_information"], worth);

    let mut page = vec![
        ("/limit", json!(10)),
        ("/offset", json!(0)),
        ("/stock_creator_mchid", mchid.clone()),
    ];
    if extent == Full {
        page.push(("/status", json!("running")));
        page.push(("/create_start_time", begin));
        page.push(("/create_end_time", end));
    }
    let stocks = till.named("favor.list_stocks", extent, &page).await;
    let mut stocks = stocks["data"].as_array().unwrap().iter();
    let listed = stocks.find(|it| it["stock_id"] == made["stock_id"]);
    assert_eq!(listed.unwrap()["distributed_coupons"], 1);

    let path = format!("coupons/{}/use", coupon[0].1.as_str().unwrap());
    till.control(Method::POST, &path, &json!({})).await;
    let used = till.named("favor.query_user_coupon", extent, &coupon).await;
    assert_eq!(used["status"], "USED");
    assert_ne!(used["consume_information"]["transaction_id"], Value::Null);
    let mut page = vec![
        ("/stock_id", made["stock_id"].clone()),
        ("/creator_mchid", mchid),
    ];
    if extent == Full {
        page.push(("/status", json!("USED")));
        page.push(("/limit", json!(10)));
        page.push(("/offset", json!(0)));
    }
    let listed = till.named("favor.list_user_coupons", extent, &page).await;
    assert_eq!(listed["data"], json!([used]));
    assert_eq!(listed["total_count"], 1);
}

async fn business(till: &mut Till, extent: Extent) {
    let mchid = address(till, "busifavor", extent).await;
    let [begin, end] = span(till);
    let mode = match extent {
        Full => "MERCHANT_API",
        Least => "WECHATPAY_MODE",
    };
    let new = [
        ("/out_request_no", json!(till.number())),
        ("/belong_merchant", mchid.clone()),
        ("/coupon_code_mode", json!(mode)),
        (
            "/coupon_use_rule/coupon_available_time",
            json!({ "available_begin_time": begin, "available_end_time": end }),
        ),
        ("/stock_type", json!("NORMAL")),
        (
            "/coupon_use_rule/fixed_normal_coupon",
            json!({ "discount_amount": 100, "transaction_minimum": 1_000 }),
        ),
        ("/coupon_use_rule/discount_coupon", Value::Null),
        ("/coupon_use_rule/exchange_coupon", Value::Null),
        ("/stock_send_rule/max_amount", json!(1_000)),
        ("/stock_send_rule/max_coupons", json!(10)),
        ("/stock_send_rule/max_coupons_per_user", json!(10)),
    ];
    let made = till.named("busifavor.create_stock", extent, &new).await;
    let again = till.named("busifavor.create_stock", extent, &new).await;
    assert_eq!(made, again, "a repeated request makes no second stock");
    let stock = ("/stock_id", made["stock_id"].clone());
    let only = [stock.clone()];
    let changes = [
        stock.clone(),
        ("/out_request_no", json!(till.number())),
        ("/stock_name", json!("8月1日活动券")),
    ];
    till.named("busifavor.update_stock", extent, &changes).await;
    let mut budget = vec![
        stock.clone(),
        ("/target_max_coupons", json!(20)),
        ("/current_max_coupons", json!(10)),
        ("/modify_budget_request_no", json!(till.number())),
    ];
    if extent == Full {
        budget.push(("/target_max_coupons_by_day", Value::Null));
        budget.push(("/current_max_coupons_by_day", Value::Null));
    }
    let name = "busifavor.update_budget";
    let now = till.named(name, extent, &budget).await;
    assert_eq!(now["max_coupons"], 20);
    let seen = till.named("busifavor.query_stock", extent, &only).await;
    assert_eq!(seen["stock_state"], "RUNNING");
    assert_eq!(seen["stock_name"], "8月1日活动券");
    assert_eq!(seen["stock_send_rule"]["max_coupons"], 20);
    assert_eq!(seen["belong_merchant"], mchid);

    let coupon = sent(till, extent, &stock.1).await;
    associated(till, extent, &coupon).await;
    used(till, extent, &coupon).await;
    let mut back = coupon.to_vec();
    back.push(("/return_request_no", json!(till.number())));
    let name = "busifavor.return_coupon";
    let returned = till.named(name, extent, &back).await;
    assert_ne!(returned["wechatpay_return_time"], Value::Null);
    assert_eq!(state(till, extent, &coupon).await, "SENDED");
    let mut end = coupon.to_vec();
    end.push(("/deactivate_request_no", json!(till.number())));
    let name = "busifavor.deactivate_coupon";
    let ended = till.named(name, extent, &end).await;
    assert_ne!(ended["wechatpay_deactivate_time"], Value::Null);
    assert_eq!(state(till, extent, &coupon).await, "DEACTIVATED");

    let other = sent(till, extent, &stock.1).await;
    used(till, extent, &other).await;
    let seen = till.named("busifavor.query_stock", extent, &only).await;
    let count = &seen["send_count_information"];
    assert_eq!(count["total_send_num"], 2);
    assert_eq!(count["total_send_amount"], 200);
    let mut page = vec![stock.clone()];
    if extent == Full {
        page.push(("/coupon_state", json!("USED")));
        page.push(("/limit", json!(10)));
        page.push(("/offset", json!(0)));
    }
    let name = "busifavor.list_user_coupons";
    let listed = till.named(name, extent, &page).await;
    let wanted = if extent == Full { 1 } else { 2 };
    assert_eq!(listed["total_count"], wanted);
    assert_eq!(listed["data"][wanted - 1]["stock_id"], stock.1);
}

type Place = (&'static str, Value);

/// Sends a coupon of this stock, and gives back what names it.
async fn sent(till: &mut Till, extent: Extent, stock: &Value) -> [Place; 2] {
    let mut send = vec![
        ("/stock_id", stock.clone()),
        ("/out_request_no", json!(till.number())),
    ];
    // The merchant's own code.
    let code = till.number().replace(['|', '*'], "");
    if extent == Full {
        send.push(("/coupon_code", json!(code)));
    }
    let sent = till.named("busifavor.send_coupon", extent, &send).await;
    assert_eq!(sent["out_request_no"], send[1].1);
    assert_eq!(sent["stock_id"], *stock);
    if extent == Full {
        assert_eq!(sent["coupon_code"], code);
    }
    let coupon = [
        send[0].clone(),
        ("/coupon_code", sent["coupon_code"].clone()),
    ];
    assert_eq!(state(till, extent, &coupon).await, "SENDED");
    coupon
}

/// Where a coupon stands.
async fn state(till: &mut Till, extent: Extent, coupon: &[Place; 2]) -> Value {
    let [stock, code] = coupon;
    let code = [code.clone()];
    let name = "busifavor.query_user_coupon";
    let found = till.named(name, extent, &code).await;
    assert_eq!(found["coupon_code"], code[0].1);
    assert_eq!(found["stock_id"], stock.1);
    found["coupon_state"].clone()
}

async fn used(till: &mut Till, extent: Extent, coupon: &[Place; 2]) {
    let mut usage = coupon.to_vec();
    usage.push(("/use_request_no", json!(till.number())));
    let name = "busifavor.use_coupon";
    let used = till.named(name, extent, &usage).await;
    assert_eq!(used["stock_id"], coupon[0].1);
    assert_eq!(till.named(name, extent, &usage).await, used);
    assert_eq!(state(till, extent, coupon).await, "USED");
}

/// A coupon that is not used yet belongs to an order, and then no longer.
async fn associated(till: &mut Till, extent: Extent, coupon: &[Place; 2]) {
    let order = json!(till.number());
    for (name, time) in [
        ("busifavor.associate_coupon", "wechatpay_associate_time"),
        (
            "busifavor.disassociate_coupon",
            "wechatpay_disassociate_time",
        ),
    ] {
        let mut relation = coupon.to_vec();
        relation.push(("/out_trade_no", order.clone()));
        relation.push(("/out_request_no", json!(till.number())));
        let said = till.named(name, extent, &relation).await;
        assert_ne!(said[time], Value::Null);
    }
}
