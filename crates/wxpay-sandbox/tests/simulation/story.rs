//! What happens: orders, payments, refunds, closings, and the great events in between.

use http::{Method, StatusCode};
use rand::RngExt;
use serde_json::{Value, json};
use wxpay_api::pay::{
    Amount, CloseOrder, JsapiPayer, JsapiPrepay, NativePrepay, QueryOrderByOutTradeNo,
};
use wxpay_api::refund::{CreateRefund, QueryRefund, RefundRequestAmount, RefundStatus};
use wxpay_proto::Fen;

use crate::calls::Failed;
use crate::shop::{Order, Refund, State};
use crate::world::World;

const STEPS: i64 = 60;
const DAY: i64 = 86_400;
const NOTIFY: &str = "https://shop.example/notify";

impl World {
    /// Some weeks in which everything goes wrong that can.
    pub(crate) fn live(&mut self) {
        self.mischief = 0.2;
        self.new_faults();
        for step in 0..STEPS {
            match step {
                15 => {
                    // Signs at once, so that the merchant meets a serial number it does not know.
                    let (status, said) = self.control(Method::POST, "keys/rotate", &json!({}));
                    assert_eq!(status, 200, "{said}");
                }
                25 => {
                    self.restart_core(self.seed.is_multiple_of(2));
                    self.new_faults();
                }
                // The old certificate ends within these days.
                35 => {
                    let days = 9 + self.below(3);
                    self.run_for(days * DAY);
                }
                45 => {
                    self.restart_merchant();
                    self.run_for(2 * DAY);
                }
                50 => {
                    let rotation = json!({ "sign_after_seconds": 3_600, "overlap_seconds": DAY });
                    self.control(Method::POST, "keys/rotate", &rotation);
                    self.run_for(DAY + 3_600);
                }
                _ if step % 10 == 0 => self.new_faults(),
                _ => {}
            }
            self.step();
        }
    }

    fn step(&mut self) {
        match self.below(8) {
            0..=2 => self.new_order(),
            3 | 4 => {
                self.payer_pays();
                if self.chance(0.3) {
                    self.payer_pays();
                }
            }
            5 => self.new_refund(),
            6 => {
                if let Some(order) = self.any(|order| order.state == State::Placed) {
                    self.close(&order.number);
                }
            }
            _ => {
                if let Some(order) = self.any(|_| true) {
                    self.follow(&order.number);
                }
            }
        }
        let pause = self.below(120);
        self.run_for(pause);
    }

    fn any(&mut self, wanted: impl Fn(&Order) -> bool) -> Option<Order> {
        let fitting: Vec<Order> = self
            .shop
            .orders
            .values()
            .filter(|order| wanted(order))
            .cloned()
            .collect();
        let index = self.rng.random_range(0..fitting.len().max(1));
        fitting.get(index).cloned()
    }

    fn new_order(&mut self) {
        let order = Order {
            number: format!("S{}-{:04}", self.seed, self.shop.orders.len()),
            total: Fen::new(1 + self.below(99_999)),
            jsapi: self.chance(0.5),
            state: State::Asked,
            refunds: std::collections::BTreeMap::new(),
        };
        let number = order.number.clone();
        // Into the book first: what is not in the book cannot be asked for again.
        self.shop.orders.insert(number.clone(), order);
        self.counts.orders += 1;
        self.place(&number);
    }

    /// Places an order, or places it again: the same number, the same content.
    fn place(&mut self, number: &str) {
        let order = self.shop.orders[number].clone();
        let (appid, mchid) = (self.shop.appid.clone(), self.shop.mchid.clone());
        let amount = Amount::new(order.total);
        let placed = if order.jsapi {
            let payer = JsapiPayer::new(&self.shop.openid);
            let operation = JsapiPrepay::new(
                appid,
                mchid,
                "深圳腾大-QQ公仔",
                number,
                NOTIFY,
                amount,
                payer,
            );
            self.call(&operation)
                .map(|answer| ("prepay_id", answer.prepay_id))
        } else {
            let operation =
                NativePrepay::new(appid, mchid, "深圳腾大-QQ公仔", number, NOTIFY, amount);
            self.call(&operation)
                .map(|answer| ("code", answer.code_url))
        };
        match placed {
            Ok((what, handed_out)) => {
                let seen = self.seen(number);
                let code = seen["codes"].as_array().unwrap().last().unwrap();
                let code = code[what].as_str().unwrap();
                assert!(handed_out.ends_with(code), "{handed_out}: {seen}");
                let order = self.shop.orders.get_mut(number).unwrap();
                if order.state == State::Asked {
                    order.state = State::Placed;
                }
            }
            Err(Failed::Refused(error)) => {
                assert!(
                    matches!(error.code(), "ORDERPAID" | "ORDER_CLOSED"),
                    "{error:?}"
                );
                self.query(number);
            }
            Err(Failed::Unsure) => {}
        }
    }

    fn payer_pays(&mut self) {
        let Some(order) = self.any(|order| order.state == State::Placed) else {
            return;
        };
        let outcome = if self.chance(0.1) { "error" } else { "success" };
        let path = format!("orders/{}/pay", order.number);
        let (status, said) = self.control(Method::POST, &path, &json!({ "outcome": outcome }));
        // The merchant may not know yet that it is paid or closed.
        assert!(
            matches!(status, StatusCode::OK | StatusCode::CONFLICT),
            "{said}"
        );
    }

    fn close(&mut self, number: &str) {
        match self.call(&CloseOrder::new(number, self.shop.mchid.clone())) {
            Ok(()) | Err(Failed::Unsure) => {}
            Err(Failed::Refused(error)) => {
                assert!(
                    matches!(error.code(), "ORDERPAID" | "ORDER_PAID" | "ORDER_CLOSED"),
                    "{error:?}"
                );
            }
        }
        self.query(number);
    }

    fn query(&mut self, number: &str) {
        let operation = QueryOrderByOutTradeNo::new(number, self.shop.mchid.clone());
        match self.call(&operation) {
            Ok(transaction) => {
                assert_eq!(transaction.out_trade_no, number);
                self.shop.learned(&transaction);
            }
            Err(Failed::Refused(error)) => {
                assert_eq!(error.code(), "ORDER_NOT_EXIST", "{error:?}");
                assert_eq!(self.shop.orders[number].state, State::Asked);
            }
            Err(Failed::Unsure) => {}
        }
    }

    fn new_refund(&mut self) {
        let Some(order) = self.any(|order| order.is_paid() && order.left() > 0) else {
            return;
        };
        let amount = if self.chance(0.3) {
            order.left()
        } else {
            1 + self.below(order.left())
        };
        let refund = Refund {
            amount: Fen::new(amount),
            status: None,
            at: None,
            accepted: None,
        };
        let number = format!("R-{}-{}", order.number, order.refunds.len());
        let refunds = &mut self.shop.orders.get_mut(&order.number).unwrap().refunds;
        refunds.insert(number.clone(), refund);
        self.refund(&order.number, &number);
    }

    /// Asks for a refund, or asks again: the same number, the same content.
    fn refund(&mut self, order: &str, number: &str) {
        let booked = self.shop.orders[order].clone();
        let amount = RefundRequestAmount::new(booked.refunds[number].amount, booked.total, "CNY");
        let operation = CreateRefund::new(number, amount)
            .out_trade_no(order)
            .notify_url(NOTIFY);
        match self.call(&operation) {
            Ok(refund) => self.take_refund(order, number, refund),
            Err(Failed::Refused(error)) => panic!("{number}: {error:?}"),
            Err(Failed::Unsure) => {}
        }
    }

    fn take_refund(&mut self, order: &str, number: &str, refund: wxpay_api::refund::Refund) {
        assert_eq!(refund.out_refund_no, number);
        let amount = refund.amount.refund;
        let orders = &mut self.shop.orders;
        let booked = orders.get_mut(order).unwrap().refunds.get_mut(number);
        booked.unwrap().accepted = refund.create_time;
        self.shop
            .refunded(order, number, amount, refund.status, refund.success_time);
    }

    /// Asks for whatever is not known for sure about an order and its refunds.
    fn follow(&mut self, number: &str) {
        match self.shop.orders[number].state {
            State::Asked => self.place(number),
            _ => self.query(number),
        }
        for (refund, booked) in self.shop.orders[number].refunds.clone() {
            match booked.status {
                None => self.refund(number, &refund),
                Some(status) if status == RefundStatus::Processing || booked.accepted.is_none() => {
                    match self.call(&QueryRefund::new(&refund)) {
                        Ok(answer) => self.take_refund(number, &refund, answer),
                        Err(Failed::Refused(error)) => panic!("{refund}: {error:?}"),
                        Err(Failed::Unsure) => {}
                    }
                }
                _ => {}
            }
        }
    }

    /// Everything that can go wrong, more or less often.
    fn new_faults(&mut self) {
        let mut faults = json!({ "answers": {}, "notifications": {} });
        for (of, names) in [
            (
                "answers",
                &[
                    "drop_before",
                    "drop_after",
                    "status_429",
                    "status_500",
                    "status_502",
                    "wrong_signature",
                    "stale_timestamp",
                    "unknown_serial",
                    "missing_signature_headers",
                    "signature_probe",
                    "truncate_body",
                ][..],
            ),
            (
                "notifications",
                &[
                    "duplicate",
                    "reorder",
                    "delay",
                    "lose",
                    "probe",
                    "wrong_signature",
                    "stale_timestamp",
                    "unknown_serial",
                ][..],
            ),
        ] {
            for name in names {
                let seed = self.rng.random::<u32>();
                let rate = f64::from(u32::try_from(self.below(12)).unwrap()) / 100.0;
                faults[of][*name] = json!({ "rate": rate, "seed": seed });
            }
        }
        faults["answers"]["status_429"]["retry_after"] = json!(self.below(4));
        for name in ["status_500", "status_502"] {
            faults["answers"][name]["processed"] = json!(self.chance(0.5));
        }
        faults["notifications"]["delay"]["milliseconds"] = json!(self.below(300_000));
        faults["notifications"]["duplicate"]["rate"] = json!(0.4);
        self.set("faults", &faults);
        let outcome = ["SUCCESS", "SUCCESS", "SUCCESS", "ABNORMAL", "CLOSED"];
        let outcome = outcome[usize::try_from(self.below(5)).unwrap()];
        let delay = self.below(3_600);
        self.set(
            "refunds",
            &json!({ "outcome": outcome, "delay_seconds": delay }),
        );
    }

    /// The line is good again, and the merchant finds out what became of everything.
    pub(crate) fn settle(&mut self) {
        self.assert_nothing_spoiled_was_taken();
        self.mischief = 0.0;
        self.control(Method::DELETE, "faults", &Value::Null);
        // Notifications that were still to come, and refunds still under way.
        self.run_for(2 * DAY);
        for number in self.shop.orders.keys().cloned().collect::<Vec<_>>() {
            self.follow(&number);
            if self.shop.orders[&number].state == State::Placed {
                self.close(&number);
            }
        }
        self.run_for(2 * DAY);
        for number in self.shop.orders.keys().cloned().collect::<Vec<_>>() {
            self.follow(&number);
        }
    }
}
