//! Orders paid together.

use http::StatusCode;
use serde_json::{Value, json};

use crate::merchant::{Fields, Merchant, Reply, URL, fields, get, xml};

fn list(merchant: &Merchant, totals: &[i64]) -> Value {
    let orders: Vec<Value> = totals
        .iter()
        .enumerate()
        .map(|(index, total)| {
            json!({
                "appid": merchant.identity().appid(), "mch_id": merchant.identity().mchid(),
                "body": "商品", "attach": "x", "out_trade_no": format!("part-{index}"),
                "fee_type": "CNY", "total_fee": total,
            })
        })
        .collect();
    json!({ "order_num": orders.len(), "order_list": orders })
}

/// Fields without `appid` and `mch_id`, which are called otherwise here.
fn signed(merchant: &Merchant, own: &[(&str, &str)]) -> Fields {
    let mut all = own.to_vec();
    let (appid, mchid) = (merchant.identity().appid(), merchant.identity().mchid());
    all.extend([("combine_appid", appid), ("combine_mch_id", mchid)]);
    let mut fields = merchant.signed(&all);
    fields.retain(|(name, _)| name != "appid" && name != "mch_id");
    merchant.resign(fields)
}

fn call(merchant: &mut Merchant, path: &str, own: &[(&str, &str)]) -> Reply {
    let signed = signed(merchant, own);
    let reply = merchant.post(path, xml(&signed));
    merchant.verify(&reply.fields);
    assert_eq!(reply.get("combine_mch_id"), merchant.identity().mchid());
    reply
}

fn place(merchant: &mut Merchant, list: &Value) -> Reply {
    call(
        merchant,
        "/pay/combinedorder",
        &[
            ("combine_out_trade_no", "whole"),
            ("spbill_create_ip", "203.0.113.7"),
            ("notify_url", URL),
            ("trade_type", "NATIVE"),
            ("sub_order_list", &list.to_string()),
        ],
    )
}

fn query(merchant: &mut Merchant) -> Reply {
    call(
        merchant,
        "/pay/querycombinedorder",
        &[("combine_out_trade_no", "whole")],
    )
}

#[test]
fn orders_are_paid_together_and_told_together() {
    let mut merchant = Merchant::new();
    let parts = list(&merchant, &[100, 200]);
    let placed = place(&mut merchant, &parts).ok();
    assert!(placed.get("code_url").contains("out_trade_no=whole"));
    assert_eq!(query(&mut merchant).ok().get("trade_state"), "NOTPAY");
    let other = list(&merchant, &[100, 201]);
    place(&mut merchant, &other).err("OUT_TRADE_NO_USED");
    merchant.pay("whole");
    let paid = query(&mut merchant).ok();
    assert_eq!(paid.get("trade_state"), "SUCCESS");
    let told: Value = serde_json::from_str(paid.get("sub_order_list")).unwrap();
    assert_eq!(told["order_list"][1]["total_fee"], 200);
    place(&mut merchant, &parts).err("ORDERPAID");

    // On a schedule of its own.
    for wait in [0, 15, 15, 30, 180, 1_800, 1_800, 1_800, 1_800, 3_600] {
        merchant.wait(wait);
        let now = merchant.now;
        let mut due = merchant.core().due(now);
        assert_eq!(due.len(), 1, "after {wait}");
        let delivery = due.remove(0);
        let notice = fields(delivery.request.body());
        merchant.verify(&notice);
        assert_eq!(get(&notice, "combine_out_trade_no"), "whole");
        assert_eq!(get(&notice, "sub_order_list"), paid.get("sub_order_list"));
        merchant.answer(delivery.id, StatusCode::OK, "");
    }
    merchant.wait(86_400);
    assert!(merchant.due().is_empty());

    let refund = [
        ("out_trade_no", "part-1"),
        ("out_refund_no", "r"),
        ("total_fee", "200"),
        ("refund_fee", "50"),
    ];
    merchant.call("/secapi/pay/refund", &refund).ok();
    merchant
        .call("/pay/orderquery", &[("out_trade_no", "part-1")])
        .err("INVALID_REQUEST");
}

#[test]
fn they_are_closed_together() {
    let mut merchant = Merchant::new();
    let parts = list(&merchant, &[100, 200]);
    place(&mut merchant, &parts).ok();
    let mut some = parts.clone();
    some["order_list"].as_array_mut().unwrap().pop();
    some["order_num"] = json!(1);
    let close = |merchant: &mut Merchant, list: &Value| {
        let list = list.to_string();
        call(
            merchant,
            "/pay/closecombinedorder",
            &[("combine_out_trade_no", "whole"), ("sub_order_list", &list)],
        )
    };
    close(&mut merchant, &some).err("PARAM_ERROR");
    close(&mut merchant, &parts).ok();
    assert_eq!(query(&mut merchant).ok().get("trade_state"), "CLOSED");
}

#[test]
fn the_list_must_be_what_it_says() {
    let mut merchant = Merchant::new();
    let mut parts = list(&merchant, &[100, 200]);
    parts["order_num"] = json!(3);
    place(&mut merchant, &parts).err("PARAM_ERROR");
    let parts = list(&merchant, &[100, 0]);
    place(&mut merchant, &parts).err("PARAM_ERROR");
    let mut parts = list(&merchant, &[100, 200]);
    parts["order_list"][0]["mch_id"] = json!("1900000109");
    place(&mut merchant, &parts).err("NOAUTH");
}
