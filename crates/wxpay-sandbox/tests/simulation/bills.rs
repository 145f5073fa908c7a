//! The end: both books side by side, and the bills of all days.

use http::Method;
use serde_json::Value;
use sha1::{Digest, Sha1};
use wxpay_api::bill::{DownloadBill, HashType, TradeBill};
use wxpay_api::refund::RefundStatus;
use wxpay_proto::{Date, DateTime, Fen};

use crate::calls::Failed;
use crate::shop::{Order, Refund, State};
use crate::world::{START, World};

/// A row of a bill: what came in or went out.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Row {
    order: String,
    transaction_id: String,
    refund: Option<String>,
    /// 退款状态, empty for a payment.
    state: &'static str,
    asked: i64,
    fen: i64,
}

impl World {
    pub(crate) fn audit(&mut self) {
        self.assert_nothing_spoiled_was_taken();
        for order in self.shop.orders.values().cloned().collect::<Vec<_>>() {
            self.audit_order(&order);
        }
        let today = Date::of(DateTime::beijing(self.now.as_unix()));
        // Bills of a day are ready on the next.
        self.run_for(2 * 86_400);
        let mut day = Date::of(DateTime::beijing(START.as_unix()));
        while day <= today {
            self.audit_day(day);
            day = day.next().unwrap();
        }
    }

    fn audit_order(&mut self, booked: &Order) {
        let seen = self.seen(&booked.number);
        let number = &booked.number;
        assert_eq!(seen["amount"]["total"], booked.total.as_fen(), "{number}");
        match &booked.state {
            State::Paid { transaction_id, at } => {
                self.counts.paid += 1;
                assert_eq!(seen["transaction_id"], transaction_id.as_str(), "{number}");
                assert_eq!(seen["success_time"], at.to_string(), "{number}");
                let state = if booked.refunds.is_empty() {
                    "SUCCESS"
                } else {
                    "REFUND"
                };
                assert_eq!(seen["trade_state"], state, "{number}");
            }
            State::Closed => {
                self.counts.closed += 1;
                assert_eq!(seen["trade_state"], "CLOSED", "{number}");
            }
            open => panic!("{number} is {open:?} in the end"),
        }
        let mut of_core: Vec<(&str, &Value, &Value)> = seen["refunds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let number = it["out_refund_no"].as_str().unwrap();
                (number, &it["status"], &it["amount"]["refund"])
            })
            .collect();
        of_core.sort_by_key(|(number, ..)| *number);
        let refunds = &booked.refunds;
        assert_eq!(of_core.len(), refunds.len(), "{number}: {seen}");
        let mut succeeded = 0;
        for ((refund, status, amount), (booked, it)) in of_core.into_iter().zip(refunds) {
            assert_eq!(refund, booked);
            assert_eq!(amount, it.amount.as_fen(), "{refund}");
            assert_eq!(status, it.status.as_ref().unwrap().as_str(), "{refund}");
            if it.status == Some(RefundStatus::Success) {
                succeeded += it.amount.as_fen();
                self.counts.refunded += 1;
            }
        }
        assert_eq!(seen["amount"]["refunded"], succeeded, "{number}");
    }

    /// What the merchant's book has for a day, in the order of the rows' content.
    fn booked(&self, day: Date) -> Vec<Row> {
        let mut rows = Vec::new();
        for order in self.shop.orders.values() {
            let State::Paid { transaction_id, at } = &order.state else {
                continue;
            };
            let payment = Row {
                order: order.number.clone(),
                transaction_id: transaction_id.clone(),
                refund: None,
                state: "",
                asked: 0,
                fen: order.total.as_fen(),
            };
            for (number, refund) in &order.refunds {
                if Date::of(refund.accepted.unwrap()) == day {
                    let (state, fen) = in_bill(refund);
                    rows.push(Row {
                        refund: Some(number.clone()),
                        state,
                        asked: refund.amount.as_fen(),
                        fen,
                        ..payment.clone()
                    });
                }
            }
            if Date::of(*at) == day {
                rows.push(payment);
            }
        }
        rows.sort();
        rows
    }

    fn audit_day(&mut self, day: Date) {
        let booked = self.booked(day);
        let link = match self.call(&TradeBill::new(day)) {
            Ok(link) => link,
            Err(Failed::Refused(error)) if error.code() == "NO_STATEMENT_EXIST" => {
                assert_eq!(booked, [], "{day} has no bill");
                return;
            }
            Err(error) => panic!("{day}: {error:?}"),
        };
        let file = self.call(&DownloadBill::of(&link).unwrap()).unwrap();
        assert_eq!(link.hash_type, HashType::Sha1);
        let hash: String = Sha1::digest(&file)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(link.hash_value, hash);
        let (mut rows, sums) = read(std::str::from_utf8(&file).unwrap());
        rows.sort();
        self.counts.bill_rows += rows.len() as u64;
        assert_eq!(rows, booked, "{day}");
        let sum = |refunds: bool| -> i64 {
            let rows = booked.iter().filter(|row| row.refund.is_some() == refunds);
            rows.map(|row| row.fen).sum()
        };
        let asked = booked.iter().map(|row| row.asked).sum();
        assert_eq!(sums, [sum(false), sum(true), asked], "{day}");
        // The journal is not what is tested here; it would only grow.
        self.control(Method::DELETE, "journal", &Value::Null);
    }
}

/// A refund's state in its bill, and what it gives back. Refunds take an hour at most here, so that
/// all have ended when the bill is made.
fn in_bill(refund: &Refund) -> (&'static str, i64) {
    let amount = refund.amount.as_fen();
    match &refund.status {
        Some(RefundStatus::Success) => ("SUCCESS", amount),
        Some(RefundStatus::Abnormal) => ("CHANGE", amount),
        Some(RefundStatus::Closed) => ("FAIL", 0),
        other => panic!("a refund is {other:?} in the end"),
    }
}

/// The rows, and the sums of payments, refunds, and refunds that were asked for.
fn read(text: &str) -> (Vec<Row>, [i64; 3]) {
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    let [header, rows @ .., sums_header, sums] = &lines[..] else {
        panic!("no bill: {text}")
    };
    let rows = rows.iter().map(|line| {
        let refund = field(header, line, "商户退款单号");
        let refund = (refund != "0").then(|| refund.to_owned());
        let amount = if refund.is_some() {
            "退款金额"
        } else {
            "订单金额"
        };
        Row {
            order: field(header, line, "商户订单号").to_owned(),
            transaction_id: field(header, line, "微信订单号").to_owned(),
            state: ["", "SUCCESS", "CHANGE", "FAIL"]
                .into_iter()
                .find(|state| *state == field(header, line, "退款状态"))
                .unwrap(),
            asked: fen(field(header, line, "申请退款金额")),
            fen: fen(field(header, line, amount)),
            refund,
        }
    });
    let sum = |name| fen(field(sums_header, sums, name));
    let sums = ["订单总金额", "退款总金额", "申请退款总金额"].map(sum);
    (rows.collect(), sums)
}

fn field<'t>(header: &str, line: &'t str, name: &str) -> &'t str {
    let column = header.split(',').position(|column| column == name);
    let mut fields = line.strip_prefix('`').unwrap().split(",`");
    fields.nth(column.unwrap()).unwrap()
}

fn fen(yuan: &str) -> i64 {
    Fen::from_yuan(yuan).unwrap().as_fen()
}
