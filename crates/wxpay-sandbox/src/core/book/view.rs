//! Orders as the sandbox shows them to those who look: everything it knows, in one object.

use serde_json::{Map, Value, json};

use super::Book;
use super::model::{Code, Combine, Generation, Order, Refund};
use super::text::beijing;
use super::transaction::put;

impl Book {
    /// An order or a combine order, by the merchant's number.
    ///
    /// `amount` is in fen: `total`, `refunded` (refunds that succeeded) and `refunding` (refunds
    /// that may still).
    pub(crate) fn order(&self, number: &str) -> Option<Value> {
        match self.store.combine(number) {
            Some(combine) => Some(self.combine_seen(combine)),
            None => self.store.order(number).map(|order| self.order_seen(order)),
        }
    }

    fn order_seen(&self, order: &Order) -> Value {
        let mut view = Map::new();
        put(&mut view, "out_trade_no", Some(&order.out_trade_no));
        put(&mut view, "combine_out_trade_no", order.combine.as_deref());
        put(&mut view, "appid", order.owner.appid.as_deref());
        put(&mut view, "mchid", Some(&order.owner.mchid));
        put(&mut view, "sub_appid", order.owner.sub_appid.as_deref());
        put(&mut view, "sub_mchid", order.owner.sub_mchid.as_deref());
        put(&mut view, "description", Some(&order.description));
        put(&mut view, "attach", order.attach.as_deref());
        put(&mut view, "trade_type", Some(order.trade_type.as_str()));
        put(&mut view, "trade_state", Some(order.state.as_str()));
        put(
            &mut view,
            "trade_state_desc",
            Some(order.state.description()),
        );
        put(&mut view, "create_time", Some(&beijing(order.created)));
        put(&mut view, "time_expire", Some(&beijing(order.expires)));
        put(&mut view, "close_time", order.ended.map(beijing).as_deref());
        put(
            &mut view,
            "reverse_time",
            order.reversal.as_ref().map(|it| beijing(it.at)).as_deref(),
        );
        put(&mut view, "notify_url", order.notify_url.as_deref());
        if let Some(payment) = &order.payment {
            put(&mut view, "transaction_id", Some(&payment.transaction_id));
            put(&mut view, "bank_type", Some(&payment.bank_type));
            put(&mut view, "success_time", Some(&beijing(payment.at)));
        }
        let payer = order
            .payment
            .as_ref()
            .map_or(&order.payer, |payment| &payment.payer);
        let mut who = Map::new();
        put(&mut who, "openid", payer.openid.as_deref());
        put(&mut who, "sub_openid", payer.sub_openid.as_deref());
        view.insert("payer".to_owned(), who.into());
        let left = order.left_after(self.store.refunds_of(order));
        let back = order.left_after(
            self.store
                .refunds_of(order)
                .filter(|it| it.succeeded.is_some()),
        );
        let refunded = order.total.as_fen() - back.as_fen();
        view.insert(
            "amount".to_owned(),
            json!({
                "total": order.total,
                "refunded": refunded,
                "refunding": back.as_fen() - left.as_fen(),
                "currency": "CNY",
            }),
        );
        if let Generation::V1(terms) = &order.generation {
            view.insert(
                "v1".to_owned(),
                terms.view(self.store.v1.product(&order.out_trade_no)),
            );
        }
        if order.profit_sharing {
            view.insert("profit_sharing".to_owned(), json!(true));
        }
        view.insert("codes".to_owned(), codes(&order.codes));
        view.insert(
            "refunds".to_owned(),
            self.store.refunds_of(order).map(refund_seen).collect(),
        );
        view.insert(
            "notifications".to_owned(),
            self.notices_seen(&order.out_trade_no),
        );
        Value::Object(view)
    }

    fn combine_seen(&self, combine: &Combine) -> Value {
        let orders: Vec<&Order> = self.store.orders_of(combine).collect();
        let total = orders
            .iter()
            .try_fold(0_i64, |sum, order| sum.checked_add(order.total.as_fen()));
        let mut view = Map::new();
        let number = &combine.combine_out_trade_no;
        put(&mut view, "out_trade_no", Some(number));
        put(&mut view, "combine_out_trade_no", Some(number));
        put(&mut view, "appid", Some(&combine.appid));
        put(&mut view, "mchid", Some(&combine.mchid));
        put(&mut view, "trade_type", Some(combine.trade_type.as_str()));
        put(&mut view, "time_expire", Some(&beijing(combine.expires)));
        put(&mut view, "notify_url", combine.notify_url.as_deref());
        put(
            &mut view,
            "transaction_id",
            combine.transaction_id.as_deref(),
        );
        // The parts are paid and closed together; only refunds tell them apart.
        if let Some(first) = orders.first() {
            put(&mut view, "description", Some(&first.description));
            put(&mut view, "trade_state", Some(first.state.as_str()));
            put(
                &mut view,
                "trade_state_desc",
                Some(first.state.description()),
            );
            put(&mut view, "create_time", Some(&beijing(first.created)));
            if let Some(payment) = &first.payment {
                put(&mut view, "success_time", Some(&beijing(payment.at)));
            }
        }
        view.insert(
            "amount".to_owned(),
            json!({ "total": total, "currency": "CNY" }),
        );
        view.insert("codes".to_owned(), codes(&combine.codes));
        view.insert(
            "sub_orders".to_owned(),
            orders
                .into_iter()
                .map(|order| self.order_seen(order))
                .collect(),
        );
        view.insert("notifications".to_owned(), self.notices_seen(number));
        Value::Object(view)
    }

    pub(super) fn notices_seen(&self, number: &str) -> Value {
        self.store
            .notices_about(number)
            .map(|notice| notice.view())
            .collect()
    }
}

fn codes(codes: &[Code]) -> Value {
    codes
        .iter()
        .map(|code| {
            json!({
                "prepay_id": code.prepay_id,
                "code": code.token,
                "good_until": beijing(code.good_until),
            })
        })
        .collect()
}

fn refund_seen(refund: &Refund) -> Value {
    let mut view = Map::new();
    put(&mut view, "out_refund_no", Some(&refund.out_refund_no));
    put(&mut view, "refund_id", Some(&refund.refund_id));
    put(&mut view, "status", Some(refund.status.as_str()));
    put(&mut view, "reason", refund.reason.as_deref());
    put(&mut view, "create_time", Some(&beijing(refund.created)));
    put(
        &mut view,
        "success_time",
        refund.succeeded.map(beijing).as_deref(),
    );
    put(&mut view, "notify_url", refund.notify_url.as_deref());
    view.insert(
        "amount".to_owned(),
        json!({ "refund": refund.amount, "currency": "CNY" }),
    );
    Value::Object(view)
}
