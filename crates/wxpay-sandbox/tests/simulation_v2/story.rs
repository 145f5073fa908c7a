//! What the merchant does, and what it takes for true.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};
use wxpay_api::v2::pay::{
    CloseOrder, CodePayment, CodePaymentEnd, MicroPay, OrderQuery, PaymentNotice, TradeState,
    TradeType, UnifiedOrder,
};
use wxpay_api::v2::refund::{CreateRefund, RefundNotice, RefundQuery, RefundStatus};
use wxpay_api::v2::transfer::{CheckName, QueryTransfer, Transfer, TransferStatus};
use wxpay_proto::Fen;
use wxpay_proto::v2::{ErrorCode, reply};

use crate::line::Line;

const PAID_URL: &str = "http://127.0.0.1:9471/paid";
const REFUNDED_URL: &str = "http://127.0.0.1:9471/refunded";
const STEPS: u64 = 120;

/// An order as the merchant knows it.
#[derive(Debug, Default)]
struct Order {
    total: i64,
    transaction_id: Option<String>,
    closed: bool,
    /// Amounts by number, and whether the money is known to be back.
    refunds: BTreeMap<String, (i64, bool)>,
}

pub(crate) struct World {
    pub(crate) line: Line,
    orders: BTreeMap<String, Order>,
    /// How payments by code ended.
    codes: BTreeMap<String, &'static str>,
    /// Payments to users that succeeded, and those that did not.
    transfers: BTreeMap<String, bool>,
    last: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            line: Line::new(seed),
            orders: BTreeMap::new(),
            codes: BTreeMap::new(),
            transfers: BTreeMap::new(),
            last: 0,
        }
    }

    pub(crate) fn live(&mut self) {
        for _ in 0..STEPS {
            match self.line.below(100) {
                0..25 => self.place(),
                25..45 => self.pay(),
                45..60 => self.query(),
                60..70 => self.refund(),
                70..75 => self.close(),
                75..87 => self.charge(),
                87..95 => self.transfer(),
                95..98 => self.line.restart(),
                _ => self.line.now = self.line.now.saturating_add(600),
            }
            self.line.now = self.line.now.saturating_add(1);
            self.listen();
        }
    }

    fn number(&mut self, kind: &str) -> String {
        self.last += 1;
        format!("{kind}{:06}", self.last)
    }

    fn amount(&mut self) -> i64 {
        i64::try_from(1 + self.line.below(100_000)).unwrap()
    }

    /// Some order of those that fit.
    fn some(&mut self, fits: impl Fn(&Order) -> bool) -> Option<String> {
        let numbers: Vec<String> = self
            .orders
            .iter()
            .filter(|(_, order)| fits(order))
            .map(|(number, _)| number.clone())
            .collect();
        let count = u64::try_from(numbers.len()).unwrap();
        let index = (count > 0).then(|| self.line.below(count))?;
        numbers.get(usize::try_from(index).unwrap()).cloned()
    }

    fn place(&mut self) {
        let number = self.number("order");
        let total = self.amount();
        let order = UnifiedOrder::new(
            &*self.line.appid,
            "伞 & <鞋>",
            &*number,
            Fen::new(total),
            "203.0.113.7",
            PAID_URL,
            TradeType::Native,
        )
        .product_id("1");
        let placed = self.line.call(&order).unwrap();
        assert!(placed.code_url.is_some());
        self.orders.insert(
            number,
            Order {
                total,
                ..Order::default()
            },
        );
    }

    fn pay(&mut self) {
        if let Some(number) = self.some(|order| order.transaction_id.is_none() && !order.closed) {
            let path = format!("orders/{number}/pay");
            self.line.control(Method::POST, &path, &json!({}));
        }
    }

    fn query(&mut self) {
        if let Some(number) = self.some(|_| true) {
            self.query_order(&number);
        }
    }

    fn query_order(&mut self, number: &str) {
        let query = OrderQuery::new(&*self.line.appid).out_trade_no(number);
        let found = self.line.call(&query).unwrap();
        match found.trade_state {
            TradeState::Success | TradeState::Refund => {
                self.paid(
                    number,
                    found.total_fee.unwrap(),
                    &found.transaction_id.unwrap(),
                );
            }
            TradeState::NotPay => {
                let order = &self.orders[number];
                assert!(order.transaction_id.is_none() && !order.closed);
            }
            TradeState::Closed => assert!(self.orders[number].closed),
            state => panic!("{number}: {state:?}"),
        }
    }

    /// The merchant learns that an order is paid; every time the same.
    fn paid(&mut self, number: &str, total: Fen, transaction_id: &str) {
        let order = self.orders.get_mut(number).unwrap();
        assert_eq!(order.total, total.as_fen());
        assert!(!order.closed, "{number} was paid after it was closed");
        match &order.transaction_id {
            Some(known) => assert_eq!(known, transaction_id),
            None => {
                order.transaction_id = Some(transaction_id.to_owned());
                self.line.counts.orders_paid += 1;
            }
        }
    }

    fn close(&mut self) {
        let Some(number) = self.some(|order| order.transaction_id.is_none() && !order.closed)
        else {
            return;
        };
        let close = CloseOrder::new(&*self.line.appid, &*number);
        match self.line.call(&close) {
            // The second of two says that there was a first.
            Ok(_) | Err(ErrorCode::OrderClosed) => {
                self.orders.get_mut(&number).unwrap().closed = true;
                self.line.counts.orders_closed += 1;
            }
            Err(ErrorCode::OrderPaid) => self.query_order(&number),
            Err(code) => panic!("{number}: {code:?}"),
        }
    }

    fn refund(&mut self) {
        let left = |order: &Order| {
            order.total
                - order
                    .refunds
                    .values()
                    .map(|(amount, _)| amount)
                    .sum::<i64>()
        };
        let Some(number) = self.some(|order| order.transaction_id.is_some() && left(order) > 0)
        else {
            return;
        };
        let out_refund_no = self.number("refund");
        let (total, left) = (self.orders[&number].total, left(&self.orders[&number]));
        let amount = i64::try_from(1 + self.line.below(u64::try_from(left).unwrap())).unwrap();
        let refund = CreateRefund::new(
            &*self.line.appid,
            &*out_refund_no,
            Fen::new(total),
            Fen::new(amount),
        )
        .out_trade_no(&*number)
        .notify_url(REFUNDED_URL);
        let refunded = self.line.call(&refund).unwrap();
        assert_eq!(refunded.refund_fee.as_fen(), amount);
        let order = self.orders.get_mut(&number).unwrap();
        order.refunds.insert(out_refund_no, (amount, false));
        self.line.counts.refunds += 1;
    }

    /// A payment by code, driven to its end, now and then in two lives.
    fn charge(&mut self) {
        const ENDS: [&str; 13] = [
            "00", "07", "08", "09", "90", "91", "92", "93", "94", "95", "96", "98", "05",
        ];
        let number = self.number("code");
        let end = ENDS[usize::try_from(self.line.below(13)).unwrap()];
        let total = self.amount();
        let order = MicroPay::new(
            &*self.line.appid,
            "伞",
            &*number,
            Fen::new(total),
            "203.0.113.7",
            format!("1300610988280094{end}"),
        );
        let mut ended = self.line.drive(CodePayment::new(order.clone()), 0.1);
        while ended.is_none() {
            // It was not closed: taken up again later.
            self.line.counts.codes_resumed += 1;
            self.line.now = self.line.now.saturating_add(61);
            ended = self.line.drive(CodePayment::resume(order.clone()), 0.1);
        }
        let known = match ended.unwrap() {
            CodePaymentEnd::Paid(paid) => {
                assert_eq!(paid.total_fee, Some(Fen::new(total)));
                self.line.counts.codes_paid += 1;
                "paid"
            }
            CodePaymentEnd::NotPaid(_) => {
                self.line.counts.codes_not_paid += 1;
                "not paid"
            }
            CodePaymentEnd::Reversed(_) => {
                self.line.counts.codes_reversed += 1;
                "reversed"
            }
            end => panic!("{end:?}"),
        };
        self.codes.insert(number, known);
    }

    /// A payment to a user, of which the query tells what became.
    fn transfer(&mut self) {
        let scripts = [
            json!({}),
            json!({ "answer": "SYSTEMERROR", "outcome": "SUCCESS", "delay_seconds": 30, "times": 1 }),
            json!({ "answer": "SYSTEMERROR", "outcome": "FAILED", "times": 1 }),
            json!({ "answer": "SYSTEMERROR", "outcome": "LOST", "times": 1 }),
            json!({ "answer": "PROCESSING", "outcome": "SUCCESS", "delay_seconds": 60, "times": 1 }),
        ];
        let script = usize::try_from(self.line.below(5)).unwrap();
        self.line.control(Method::PUT, "payouts", &scripts[script]);
        let number = self.number("transfer");
        let amount = self.amount();
        let transfer = Transfer::new(
            &*self.line.appid,
            &*number,
            "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            CheckName::NoCheck,
            Fen::new(amount),
            "x",
            "203.0.113.7",
        );
        let query = QueryTransfer::new(&*number, &*self.line.appid);
        let succeeded = loop {
            // Whatever is said to the payment itself, only the query is believed.
            let _ = self.line.call_once(&transfer);
            self.line.now = self.line.now.saturating_add(20);
            match self.line.call_once(&query) {
                Ok(found) if found.status == TransferStatus::Success => {
                    assert_eq!(found.payment_amount, Some(Fen::new(amount)));
                    break true;
                }
                Ok(found) if found.status == TransferStatus::Failed => break false,
                // On its way, unknown, or no answer: the same number with the same content.
                _ => {}
            }
        };
        self.line.counts.transfers += 1;
        self.line.counts.transfers_failed += u64::from(!succeeded);
        self.transfers.insert(number, succeeded);
        self.line.control(Method::PUT, "payouts", &json!({}));
    }

    /// Everything that is sent to the merchant now.
    fn listen(&mut self) {
        for delivery in self.line.due() {
            let starts = self.line.starts;
            let answer = self.notified(delivery.request.uri().path(), delivery.request.body());
            // Now and then the answer is lost, and it comes again.
            let lost = self.line.chance(0.1);
            let now = self.line.now;
            if starts == self.line.starts {
                let told = if lost { Err(()) } else { Ok(&answer) };
                self.line.core().delivered(delivery.id, told, now);
            }
        }
    }

    fn notified(&mut self, path: &str, body: &Bytes) -> Response<Bytes> {
        let merchant = self.line.merchant.clone();
        if path == "/paid" {
            let Ok(notification) = merchant.open_notification(body) else {
                self.line.counts.notices_refused += 1;
                return reply::failure("签名失败");
            };
            let notice: PaymentNotice = notification.decode().unwrap();
            self.paid(
                &notice.out_trade_no,
                notice.total_fee,
                &notice.transaction_id,
            );
        } else {
            let Ok(notification) = merchant.open_refund_notification(body) else {
                self.line.counts.notices_refused += 1;
                return reply::failure("解密失败");
            };
            let notice: RefundNotice = notification.decode().unwrap();
            let order = self.orders.get_mut(&notice.out_trade_no.unwrap()).unwrap();
            let refund = order.refunds.get_mut(&notice.out_refund_no).unwrap();
            assert_eq!(refund.0, notice.refund_fee.as_fen());
            assert_eq!(notice.refund_status, RefundStatus::Success);
            refund.1 = true;
        }
        self.line.counts.notices_taken += 1;
        reply::success()
    }

    /// The line is quiet again, and everything comes to its end.
    pub(crate) fn settle(&mut self) {
        self.line.misbehave(false);
        for _ in 0..200 {
            self.line.now = self.line.now.saturating_add(600);
            self.listen();
        }
        let numbers: Vec<String> = self.orders.keys().cloned().collect();
        for number in numbers {
            self.query_order(&number);
        }
    }

    /// Both know the same.
    pub(crate) fn audit(&mut self) {
        let seen = |line: &mut Line, number: &str| {
            line.control(Method::GET, &format!("orders/{number}"), &Value::Null)
        };
        for (number, order) in &self.orders {
            let seen = seen(&mut self.line, number);
            assert_eq!(seen["amount"]["total"], order.total);
            let state = match order {
                Order { closed: true, .. } => "CLOSED",
                Order {
                    transaction_id: None,
                    ..
                } => "NOTPAY",
                Order { refunds, .. } if refunds.is_empty() => "SUCCESS",
                _ => "REFUND",
            };
            assert_eq!(seen["trade_state"], state, "{number}: {seen}");
            assert_eq!(
                seen["transaction_id"].as_str(),
                order.transaction_id.as_deref()
            );
            let refunded: i64 = order.refunds.values().map(|(amount, _)| amount).sum();
            assert_eq!(seen["amount"]["refunded"], refunded, "{number}");
            let told = order.refunds.values().all(|(_, told)| *told);
            assert!(told, "{number}: a refund nobody told of");
            if !order.refunds.is_empty() {
                let query = RefundQuery::new(&*self.line.appid).out_trade_no(&**number);
                let found = self.line.call(&query).unwrap();
                let sum: i64 = found.refunds.iter().map(|it| it.refund_fee.as_fen()).sum();
                assert_eq!(sum, refunded, "{number}");
            }
        }
        for (number, ended) in &self.codes {
            let seen = seen(&mut self.line, number);
            let state = seen["trade_state"].as_str();
            let fits = match *ended {
                "paid" => state == Some("SUCCESS"),
                "reversed" => state == Some("REVOKED"),
                // No order at all, or one that cannot be paid any more.
                _ => !matches!(state, Some("SUCCESS" | "NOTPAY" | "USERPAYING")),
            };
            assert!(fits, "{number} ended {ended}, the sandbox says {seen}");
        }
        for (number, succeeded) in &self.transfers {
            let path = format!("payouts/{number}");
            let seen = self.line.control(Method::GET, &path, &Value::Null);
            let state = if *succeeded { "SUCCESS" } else { "FAILED" };
            assert_eq!(seen[0]["state"], state, "{number}: {seen}");
        }
    }
}
