//! Orders paid together (合单支付):
//! <https://pay.weixin.qq.com/wiki/doc/api/combine.php?chapter=12_1&index=1>.

use serde_json::{Map, Value, json};

use super::super::combine::Draft;
use super::super::model::{Combine, Order, Payer, TradeType};
use super::super::{Book, prepay};
use super::order::handed_out;
use super::{Ask, Refusal};
use crate::core::random::Ids;
use crate::core::v2::wire::{self, Pairs};

impl Book {
    pub(super) fn combined_order(
        &mut self,
        ask: &Ask<'_>,
        ids: &mut Ids,
    ) -> Result<Pairs, Refusal> {
        let trade_type = super::order::trade_type(ask)?;
        let payer = Payer {
            openid: ask.owned("combine_openid"),
            sub_openid: None,
        };
        if trade_type == TradeType::Jsapi && !payer.is_named() {
            return Err(Refusal::new("LACK_PARAMS", "JSAPI支付必须传combine_openid"));
        }
        let wanted = ask.fields.get("time_expire").and_then(wire::parse_compact);
        let number = ask.required("combine_out_trade_no")?;
        let draft = Draft {
            number: number.to_owned(),
            mchid: self.parties.mchid.clone(),
            trade_type,
            device_id: ask.owned("device_info"),
            notify_url: ask.owned("notify_url"),
            payer,
            fingerprint: ask.fingerprint(&["time_start", "time_expire"]),
            span: prepay::span_until(wanted, ask.now()),
            parts: &parts(ask)?,
            generation: ask.generation(),
        };
        let code = self.place_combine(draft, ids)?;
        let mut reply = Pairs::default();
        reply.set_some("combine_appid", ask.fields.get("combine_appid"));
        reply.append(handed_out(ask, trade_type, number, code));
        Ok(reply)
    }

    pub(super) fn combined_query(&self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let combine = self.store.combine(ask.required("combine_out_trade_no")?);
        let combine = combine.ok_or_else(Refusal::no_order)?;
        let orders: Vec<&Order> = self.store.orders_of(combine).collect();
        let mut reply = fields(combine, &orders);
        // The parts are paid and closed together.
        if let Some(first) = orders.first() {
            reply.set("trade_state", first.state.as_str());
            reply.set("trade_state_desc", first.state.description());
        }
        Ok(reply)
    }

    pub(super) fn combined_close(&mut self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let number = ask.required("combine_out_trade_no")?;
        let appid = ask.required("combine_appid")?;
        self.close_parts(number, appid, &parts(ask)?, ask.now())?;
        Ok(Pairs::default().with("combine_appid", appid))
    }
}

/// The parts, in the words of v3.
fn parts(ask: &Ask<'_>) -> Result<Vec<Value>, Refusal> {
    let wrong = |what: &str| Refusal::param_error(format!("sub_order_list{what}"));
    let list: Value = serde_json::from_str(ask.required("sub_order_list")?)
        .map_err(|_| wrong("不是合法的JSON"))?;
    let orders = list["order_list"].as_array();
    let orders = orders.ok_or_else(|| wrong("缺少order_list"))?;
    if list["order_num"].as_u64() != u64::try_from(orders.len()).ok() {
        return Err(wrong("的order_num与order_list的元素个数不一致"));
    }
    Ok(orders.iter().map(part).collect())
}

fn part(order: &Value) -> Value {
    let mut part = Map::new();
    for (to, from) in [
        ("mchid", "mch_id"),
        ("sub_mchid", "sub_mch_id"),
        ("sub_appid", "sub_appid"),
        ("description", "body"),
        ("attach", "attach"),
        ("out_trade_no", "out_trade_no"),
    ] {
        if let Some(value) = order.get(from) {
            part.insert(to.to_owned(), value.clone());
        }
    }
    if let Some(total) = order.get("total_fee") {
        part.insert("amount".to_owned(), json!({ "total_amount": total }));
    }
    Value::Object(part)
}

/// What queries and notices say.
fn fields(combine: &Combine, orders: &[&Order]) -> Pairs {
    let mut fields = Pairs::default();
    fields.set("combine_appid", &*combine.appid);
    fields.set("combine_out_trade_no", &*combine.combine_out_trade_no);
    let payer = orders
        .iter()
        .find_map(|order| order.payment.as_ref())
        .map_or(&combine.payer, |payment| &payment.payer);
    fields.set_some("combine_openid", payer.openid.as_deref());
    fields.set_some("device_info", combine.device_id.as_deref());
    let list: Vec<Value> = orders.iter().map(|order| seen(order)).collect();
    let list = json!({ "order_num": list.len(), "order_list": list });
    fields.set("sub_order_list", list.to_string());
    fields
}

fn seen(order: &Order) -> Value {
    let mut seen = json!({
        "appid": order.owner.appid,
        "mch_id": order.owner.mchid,
        "out_trade_no": order.out_trade_no,
        "trade_type": order.trade_type.as_str(),
        "trade_state": order.state.as_str(),
        "total_fee": order.total,
        "attach": order.attach.as_deref().unwrap_or_default(),
        "description": order.description,
    });
    if let Some(payment) = &order.payment {
        seen["transaction_id"] = json!(payment.transaction_id);
        seen["cash_fee"] = json!(order.total);
        seen["time_end"] = json!(wire::compact(payment.at));
        if let Some(openid) = &payment.payer.openid {
            seen["openid"] = json!(openid);
        }
    }
    seen
}

/// The fields of the notice of a payment but `nonce_str` and `sign`.
pub(in crate::core::book) fn notice<'o>(
    combine: &Combine,
    orders: impl Iterator<Item = &'o Order>,
) -> Value {
    let orders: Vec<&Order> = orders.collect();
    let mut notice = Pairs::default()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS")
        .with("combine_mch_id", &*combine.mchid)
        .with("trade_type", combine.trade_type.as_str())
        .with("bank_type", "OTHERS");
    notice.append(fields(combine, &orders));
    notice.to_json()
}
