//! Orders as the v3 interfaces and notifications show them.

use serde_json::{Map, Value, json};

use super::model::{Combine, Order, Payment};
use super::text::beijing;

/// A direct or a partner order: the answer of queries and the plaintext of notifications.
pub(super) fn view(order: &Order) -> Value {
    let mut view = Map::new();
    let owner = &order.owner;
    if order.is_partner() {
        put(&mut view, "sp_appid", owner.appid.as_deref());
        put(&mut view, "sp_mchid", Some(&owner.mchid));
        put(&mut view, "sub_appid", owner.sub_appid.as_deref());
        put(&mut view, "sub_mchid", owner.sub_mchid.as_deref());
    } else {
        put(&mut view, "appid", owner.appid.as_deref());
        put(&mut view, "mchid", Some(&owner.mchid));
    }
    put(&mut view, "out_trade_no", Some(&order.out_trade_no));
    put(&mut view, "trade_state", Some(order.state.as_str()));
    put(
        &mut view,
        "trade_state_desc",
        Some(order.state.description()),
    );
    put(&mut view, "attach", order.attach.as_deref());
    view.insert("promotion_detail".to_owned(), json!([]));
    view.insert(
        "scene_info".to_owned(),
        json!({ "device_id": order.device_id.as_deref().unwrap_or_default() }),
    );
    view.insert(
        "amount".to_owned(),
        json!({ "total": order.total, "payer_currency": "CNY" }),
    );
    if let Some(payment) = &order.payment {
        paid(&mut view, order, payment);
        view.insert(
            "amount".to_owned(),
            json!({
                "total": order.total,
                "payer_total": order.total,
                "currency": "CNY",
                "payer_currency": "CNY",
            }),
        );
        view.insert("payer".to_owned(), payer(order, payment));
    }
    Value::Object(view)
}

fn payer(order: &Order, payment: &Payment) -> Value {
    let mut payer = Map::new();
    if order.is_partner() {
        put(&mut payer, "sp_openid", payment.payer.openid.as_deref());
        put(
            &mut payer,
            "sub_openid",
            payment.payer.sub_openid.as_deref(),
        );
    } else {
        put(&mut payer, "openid", payment.payer.openid.as_deref());
    }
    Value::Object(payer)
}

/// What every paid order has.
fn paid(view: &mut Map<String, Value>, order: &Order, payment: &Payment) {
    put(view, "transaction_id", Some(&payment.transaction_id));
    put(view, "trade_type", Some(order.trade_type.as_str()));
    put(view, "bank_type", Some(&payment.bank_type));
    put(
        view,
        "attach",
        Some(order.attach.as_deref().unwrap_or_default()),
    );
    put(view, "success_time", Some(&beijing(payment.at)));
}

/// A combine order with its sub-orders.
pub(super) fn combine_view<'o>(
    combine: &Combine,
    orders: impl Iterator<Item = &'o Order>,
) -> Value {
    let mut payment = None;
    let orders: Vec<Value> = orders
        .map(|order| {
            payment = payment.or(order.payment.as_ref());
            sub_view(order)
        })
        .collect();
    let mut view = Map::new();
    put(&mut view, "combine_appid", Some(&combine.appid));
    put(&mut view, "combine_mchid", Some(&combine.mchid));
    put(
        &mut view,
        "combine_out_trade_no",
        Some(&combine.combine_out_trade_no),
    );
    put(
        &mut view,
        "combine_transaction_id",
        combine.transaction_id.as_deref(),
    );
    view.insert(
        "scene_info".to_owned(),
        json!({ "device_id": combine.device_id.as_deref().unwrap_or_default() }),
    );
    view.insert("sub_orders".to_owned(), orders.into());
    let payer = payment.map_or(&combine.payer, |payment| &payment.payer);
    let mut info = Map::new();
    put(&mut info, "openid", payer.openid.as_deref());
    if !info.is_empty() {
        view.insert("combine_payer_info".to_owned(), info.into());
    }
    Value::Object(view)
}

fn sub_view(order: &Order) -> Value {
    let mut view = Map::new();
    put(&mut view, "mchid", Some(&order.owner.mchid));
    put(&mut view, "out_trade_no", Some(&order.out_trade_no));
    put(
        &mut view,
        "sub_mchid",
        Some(order.owner.sub_mchid.as_deref().unwrap_or_default()),
    );
    put(&mut view, "sub_appid", order.owner.sub_appid.as_deref());
    put(&mut view, "trade_type", Some(order.trade_type.as_str()));
    put(&mut view, "trade_state", Some(order.state.as_str()));
    put(&mut view, "attach", order.attach.as_deref());
    let mut amount = Map::new();
    amount.insert("total_amount".to_owned(), json!(order.total));
    put(&mut amount, "currency", Some("CNY"));
    if let Some(payment) = &order.payment {
        paid(&mut view, order, payment);
        put(&mut view, "sub_openid", payment.payer.sub_openid.as_deref());
        amount.insert("payer_amount".to_owned(), json!(order.total));
        put(&mut amount, "payer_currency", Some("CNY"));
    }
    view.insert("amount".to_owned(), amount.into());
    view.insert("promotion_detail".to_owned(), json!([]));
    Value::Object(view)
}

pub(super) fn put(map: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}
