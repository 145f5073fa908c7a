//! Orders placed, looked up and closed:
//! <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_1>.

use serde_json::Value;

use super::super::model::{Code, Order, Payer, TradeState, TradeType};
use super::super::{Book, full, prepay};
use super::{Ask, Refusal};
use crate::core::random::Ids;
use crate::core::v2::wire::{self, Pairs};

impl Book {
    pub(super) fn unified_order(&mut self, ask: &Ask<'_>, ids: &mut Ids) -> Result<Pairs, Refusal> {
        let now = ask.now();
        let trade_type = trade_type(ask)?;
        let payer = payer(ask)?;
        match trade_type {
            TradeType::Jsapi if !payer.is_named() => {
                return Err(Refusal::new("LACK_PARAMS", "JSAPI支付必须传openid"));
            }
            TradeType::Native => {
                ask.required("product_id")?;
            }
            TradeType::H5 => {
                ask.required("scene_info")?;
            }
            _ => {}
        }
        let number = ask.required("out_trade_no")?;
        let fingerprint = ask.fingerprint(&["time_start", "time_expire"]);
        let mut order = match self.store.order(number) {
            Some(order) => {
                prepay::placed_again(order, &fingerprint, now)?;
                order.clone()
            }
            None => {
                if !self.store.has_room_for_orders(1) {
                    return Err(full("订单").into());
                }
                self.new_order(ask, trade_type, payer, fingerprint)?
            }
        };
        let code = prepay::issue(&mut order.codes, trade_type, order.expires, now, ids);
        self.store.put_order(order);
        Ok(handed_out(ask, trade_type, number, code))
    }

    /// An order that is not in the book yet.
    pub(super) fn new_order(
        &self,
        ask: &Ask<'_>,
        trade_type: TradeType,
        payer: Payer,
        fingerprint: String,
    ) -> Result<Order, Refusal> {
        let wanted = ask.fields.get("time_expire").and_then(wire::parse_compact);
        let order = Order::new(
            ask.required("out_trade_no")?.to_owned(),
            self.v2_owner(ask),
            trade_type,
            ask.required("body")?.to_owned(),
            ask.fen("total_fee")?,
            fingerprint,
            prepay::span_until(wanted, ask.now()),
        );
        Ok(Order {
            attach: ask.owned("attach"),
            device_id: ask.owned("device_info"),
            notify_url: ask.owned("notify_url"),
            payer,
            generation: ask.generation(),
            profit_sharing: ask.fields.get("profit_sharing") == Some("Y"),
            ..order
        })
    }

    pub(super) fn v2_order_query(&self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let order = self.v2_order(ask)?;
        if order.combine.is_some() {
            return Err(Refusal::new("INVALID_REQUEST", "合单订单请使用合单接口"));
        }
        let mut reply = Pairs::default();
        reply.set("out_trade_no", &*order.out_trade_no);
        reply.set("trade_state", order.state.as_str());
        reply.set("trade_state_desc", order.state.description());
        reply.set("total_fee", order.total.as_fen().to_string());
        reply.set_some("device_info", order.device_id.as_deref());
        reply.set_some("attach", order.attach.as_deref());
        reply.append(paid(order));
        Ok(reply)
    }

    pub(super) fn v2_close(&mut self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let order = self.v2_order(ask)?;
        if order.combine.is_some() {
            return Err(Refusal::new("INVALID_REQUEST", "合单订单请使用合单接口"));
        }
        if order.trade_type == TradeType::Code {
            let message = "付款码支付的订单请使用撤销接口";
            return Err(Refusal::new("TRADE_STATE_ERROR", message));
        }
        if order.state == TradeState::Closed {
            return Err(Refusal::new("ORDERCLOSED", "订单已关闭，无需重复调用"));
        }
        let order = order.clone();
        self.close(order, ask.now())?;
        Ok(Pairs::default().with("result_msg", "OK"))
    }
}

/// What a client of the payer starts with.
pub(super) fn handed_out(ask: &Ask<'_>, trade_type: TradeType, number: &str, code: Code) -> Pairs {
    let link = prepay::link(ask.base_url, number, &code);
    let mut reply = Pairs::default();
    reply.set_some("device_info", ask.fields.get("device_info"));
    reply.set("trade_type", trade_type.as_str());
    reply.set("prepay_id", code.prepay_id);
    match trade_type {
        TradeType::Native => reply.set("code_url", link),
        TradeType::H5 => reply.set("mweb_url", link),
        _ => {}
    }
    reply
}

pub(super) fn trade_type(ask: &Ask<'_>) -> Result<TradeType, Refusal> {
    Ok(match ask.required("trade_type")? {
        "JSAPI" => TradeType::Jsapi,
        "NATIVE" => TradeType::Native,
        "APP" => TradeType::App,
        "MWEB" => TradeType::H5,
        _ => return Err(Refusal::param_error("trade_type参数格式错误")),
    })
}

fn payer(ask: &Ask<'_>) -> Result<Payer, Refusal> {
    let payer = Payer {
        openid: ask.owned("openid"),
        sub_openid: ask.owned("sub_openid"),
    };
    if payer.sub_openid.is_some() && ask.fields.get("sub_appid").is_none() {
        return Err(Refusal::lack("sub_appid"));
    }
    Ok(payer)
}

/// What an order has once it was paid; nothing before.
pub(super) fn paid(order: &Order) -> Pairs {
    let mut fields = Pairs::default();
    let Some(payment) = &order.payment else {
        return fields;
    };
    let total = order.total.as_fen().to_string();
    fields.set_some("openid", payment.payer.openid.as_deref());
    fields.set("is_subscribe", "N");
    if let Some(sub_openid) = &payment.payer.sub_openid {
        fields.set("sub_openid", &**sub_openid);
        fields.set("sub_is_subscribe", "N");
    }
    fields.set("trade_type", order.trade_type.as_str());
    fields.set("bank_type", &*payment.bank_type);
    fields.set("fee_type", "CNY");
    fields.set("total_fee", &*total);
    fields.set("cash_fee", total);
    fields.set("cash_fee_type", "CNY");
    fields.set("transaction_id", &*payment.transaction_id);
    fields.set("out_trade_no", &*order.out_trade_no);
    fields.set_some("attach", order.attach.as_deref());
    fields.set("time_end", wire::compact(payment.at));
    fields
}

/// The fields of the notice of a payment but `nonce_str` and `sign`.
pub(in crate::core::book) fn payment_notice(order: &Order) -> Value {
    let owner = &order.owner;
    let mut fields = Pairs::default()
        .with("return_code", "SUCCESS")
        .with("result_code", "SUCCESS");
    fields.set_some("appid", owner.appid.as_deref());
    fields.set("mch_id", &*owner.mchid);
    fields.set_some("sub_appid", owner.sub_appid.as_deref());
    fields.set_some("sub_mch_id", owner.sub_mchid.as_deref());
    fields.set_some("device_info", order.device_id.as_deref());
    fields.append(paid(order));
    fields.to_json()
}
