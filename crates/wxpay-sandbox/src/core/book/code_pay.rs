//! Payment by the code on the payer's phone (付款码支付), and its reversal (撤销).
//!
//! A payment code has 18 digits and begins with 10 to 15. Its last digit says what the payer does:
//!
//! | last digit | what happens |
//! |---|---|
//! | 0 to 6 | the payment succeeds at once |
//! | 7 | the payer types a password (202, `USERPAYING`) and has paid ten seconds later |
//! | 8 | the payer is asked for a password (202, `USERPAYING`) and does what the control says |
//! | 9 | the payer's money does not suffice (403 `NOT_ENOUGH`), the order has failed for good |

use http::StatusCode;
use serde_json::{Map, Value};
use wxpay_sign::Timestamp;

use super::model::{Order, Reversal, TradeState, TradeType};
use super::order::in_mode;
use super::transaction::put;
use super::{Book, Context, full, prepay, required, text, transaction};
use crate::core::call::{Failure, Reply, numeric};

/// How long the payer who pays in the end types, in seconds.
const TYPING: i64 = 10;

impl Book {
    pub(super) fn code_pay(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let owner = self.owner(call)?;
        let number = required(call, "/out_trade_no")?;
        let auth_code = required(call, "/payer/auth_code")?;
        let fingerprint = text::fingerprint(call.operation, &call.body, &[]);
        if let Some(order) = self.store.order(number) {
            if order.trade_type != TradeType::Code {
                return Err(Failure::out_trade_no_used());
            }
            if order.fingerprint != fingerprint {
                return Err(prepay::reentry());
            }
            return match order.state {
                TradeState::Payerror => Err(failed()),
                state => prepay::may_continue(state, i64::MAX, now).map(|()| answer(order)),
            };
        }
        let last = payment_code(auth_code)?;
        if !self.store.has_room_for_orders(1) {
            return Err(full("订单"));
        }
        let order = prepay::new_order(number, owner, TradeType::Code, fingerprint, context)?;
        let mut order = Order {
            state: TradeState::Userpaying,
            ..order
        };
        match last {
            b'9' => {
                order.state = TradeState::Payerror;
                order.ended = Some(now);
                self.store.put_order(order);
                return Err(failed());
            }
            b'8' => self.store.put_order(order),
            b'7' => {
                order.typing_until = Some(now.saturating_add(TYPING));
                self.store.put_order(order);
            }
            _ => {
                let payer = self.payer_of(&order.payer, None);
                self.settle(order, payer, now);
            }
        }
        self.store
            .order(number)
            .map(answer)
            .ok_or_else(Failure::system_error)
    }

    /// Takes an order back: the payer gets the money if it came, and cannot pay if it did not.
    pub(super) fn reverse_order(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let owner = self.owner(call)?;
        let order = self.store.order(call.path("out_trade_no"));
        let order = order.ok_or_else(Failure::order_not_exist)?;
        in_mode(
            order,
            order_is_partner(call.operation),
            owner.sub_mchid.as_deref(),
        )?;
        if order.trade_type != TradeType::Code {
            return Err(Failure::invalid_request(
                numeric::OTHER,
                "仅付款码支付的订单支持撤销",
            ));
        }
        let mut order = order.clone();
        match order.state {
            TradeState::Revoked => {}
            TradeState::Refund => {
                return Err(trade_error("订单已发生退款，不能撤销"));
            }
            TradeState::Success if self.is_shared(&order) => {
                return Err(trade_error("订单已分账，不能撤销"));
            }
            TradeState::Success => {
                let refund_id = self.new_refund_id(now, context.ids);
                order.reversal = Some(Reversal { refund_id, at: now });
                order.state = TradeState::Revoked;
                self.store.put_order(order.clone());
            }
            TradeState::Notpay
            | TradeState::Userpaying
            | TradeState::Payerror
            | TradeState::Closed => {
                order.state = TradeState::Revoked;
                order.typing_until = None;
                order.ended = Some(now);
                self.store.put_order(order.clone());
            }
        }
        let mut reply = Map::new();
        let names = if order.is_partner() {
            ["sp_appid", "sp_mchid"]
        } else {
            ["appid", "mchid"]
        };
        put(&mut reply, names[0], order.owner.appid.as_deref());
        put(&mut reply, names[1], Some(&order.owner.mchid));
        put(&mut reply, "sub_appid", order.owner.sub_appid.as_deref());
        put(&mut reply, "sub_mchid", order.owner.sub_mchid.as_deref());
        put(&mut reply, "out_trade_no", Some(&order.out_trade_no));
        Ok(Reply::ok(Value::Object(reply)))
    }

    pub(super) fn new_refund_id(&self, now: i64, ids: &mut crate::core::random::Ids) -> String {
        loop {
            let id = ids.refund_id(Timestamp::from_unix(now));
            if self.store.refund_by_id(&id).is_none() {
                return id;
            }
        }
    }
}

fn order_is_partner(operation: &str) -> bool {
    operation.starts_with("partner_pay.")
}

/// The last digit of a payment code.
fn payment_code(text: &str) -> Result<u8, Failure> {
    let bytes = text.as_bytes();
    let known = bytes.len() == 18
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes[0] == b'1'
        && (b'0'..=b'5').contains(&bytes[1]);
    match bytes.last() {
        Some(last) if known => Ok(*last),
        _ => Err(Failure::param_error(
            "/payer/auth_code",
            "付款码无效，应为以10至15开头的18位数字",
        )),
    }
}

fn answer(order: &Order) -> Reply {
    let status = if order.state == TradeState::Userpaying {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    Reply::Json(status, transaction::view(order))
}

fn failed() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "NOT_ENOUGH",
        numeric::OTHER,
        "用户账户余额不足",
    )
}

fn trade_error(message: &str) -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "TRADE_ERROR",
        numeric::OTHER,
        message,
    )
}
