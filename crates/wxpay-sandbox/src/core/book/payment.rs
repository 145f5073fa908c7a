//! What a payer does: pays, or fails to.

use serde::Deserialize;
use serde_json::Value;
use wxpay_sign::Timestamp;

use super::model::{Code, Generation, Order, Payer, Payment, TradeState};
use super::notice::{COMBINED, Event, Form};
use super::{Book, prepay, transaction, v1, v2};
use crate::core::call::{Failure, numeric};
use crate::core::random::Ids;

/// What the payer does, as the controls are told.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Deed {
    outcome: Outcome,
    /// Who pays. Left out: whom the order names, or the sandbox's payer.
    openid: Option<String>,
    /// What the payer's link carried. Left out: the payer needs no link.
    code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    #[default]
    Success,
    Error,
}

impl Book {
    /// The payer's deed on an order or a combine order (a part of one stands for the whole):
    /// `{"outcome": "success" | "error", "openid": …, "code": …}`, all of it optional. Answers with
    /// the order as it is then.
    ///
    /// A payment that fails leaves the order as it was, as it does at WeChat Pay: the payer may try
    /// again. Only an order paid by code has failed for good.
    pub(crate) fn pay(
        &mut self,
        number: &str,
        deed: &Value,
        now: Timestamp,
        ids: &mut Ids,
    ) -> Result<Value, Failure> {
        self.advance(now);
        let deed = match deed {
            Value::Null => Deed::default(),
            Value::Object(_) => Deed::deserialize(deed).map_err(|error| {
                Failure::param_error("", format!("what the payer does: {error}"))
            })?,
            _ => {
                return Err(Failure::param_error(
                    "",
                    "what the payer does is a JSON object",
                ));
            }
        };
        if deed
            .openid
            .as_ref()
            .is_some_and(|openid| !is_openid(openid))
        {
            return Err(Failure::param_error(
                "/openid",
                "openid: 1 to 128 letters, digits, - and _",
            ));
        }
        let combine = match self.store.combine(number) {
            Some(_) => Some(number.to_owned()),
            None => {
                let order = self
                    .store
                    .order(number)
                    .ok_or_else(Failure::order_not_exist)?;
                order.combine.clone()
            }
        };
        let now = now.as_unix();
        match combine {
            Some(combine) => self.pay_combine(&combine, &deed, now, ids)?,
            None => self.pay_order(number, &deed, now)?,
        }
        self.order(number).ok_or_else(Failure::order_not_exist)
    }

    fn pay_order(&mut self, number: &str, deed: &Deed, now: i64) -> Result<(), Failure> {
        let order = self
            .store
            .order(number)
            .ok_or_else(Failure::order_not_exist)?;
        payable(
            order.state,
            order.expires,
            &order.codes,
            &order.payer,
            deed,
            now,
        )?;
        let order = order.clone();
        match deed.outcome {
            Outcome::Success => {
                let payer = self.payer_of(&order.payer, deed.openid.as_deref());
                self.settle(order, payer, now);
            }
            Outcome::Error if order.state == TradeState::Userpaying => {
                self.fail(order, now);
            }
            Outcome::Error => {}
        }
        Ok(())
    }

    fn pay_combine(
        &mut self,
        number: &str,
        deed: &Deed,
        now: i64,
        ids: &mut Ids,
    ) -> Result<(), Failure> {
        let combine = self
            .store
            .combine(number)
            .ok_or_else(Failure::order_not_exist)?;
        let mut combine = combine.clone();
        let orders: Vec<Order> = self.store.orders_of(&combine).cloned().collect();
        for order in &orders {
            payable(
                order.state,
                combine.expires,
                &combine.codes,
                &combine.payer,
                deed,
                now,
            )?;
        }
        if matches!(deed.outcome, Outcome::Error) {
            return Ok(());
        }
        let payer = self.payer_of(&combine.payer, deed.openid.as_deref());
        for order in orders {
            self.settle(order, payer.clone(), now);
        }
        combine.transaction_id = Some(loop {
            let id = ids.transaction_id(Timestamp::from_unix(now));
            if self.store.combine_by_transaction(&id).is_none()
                && self.store.order_by_transaction(&id).is_none()
            {
                break id;
            }
        });
        if let Some(url) = combine.notify_url.clone() {
            let orders = self.store.orders_of(&combine);
            let (plaintext, form) = match combine.generation {
                // v1 combines nothing.
                Generation::V3 | Generation::V1(_) => {
                    (transaction::combine_view(&combine, orders), Form::V3)
                }
                Generation::V2(signing) => {
                    (v2::combine_notice(&combine, orders), Form::V2(signing))
                }
            };
            let mut event = success(number, plaintext, form, url, now);
            if form != Form::V3 {
                event.original_type = COMBINED;
            }
            self.announce(event);
        }
        self.store.put_combine(combine);
        Ok(())
    }

    /// Who pays: whom the order names, else who comes, else the sandbox's payer.
    pub(super) fn payer_of(&self, named: &Payer, comes: Option<&str>) -> Payer {
        if named.is_named() {
            return named.clone();
        }
        let openid = comes.unwrap_or(&self.parties.openid);
        Payer {
            openid: Some(openid.to_owned()),
            sub_openid: None,
        }
    }

    /// The money came. Whether it might is decided by now.
    pub(super) fn settle(&mut self, mut order: Order, payer: Payer, at: i64) {
        let transaction_id = loop {
            let id = self.ids.transaction_id(Timestamp::from_unix(at));
            if self.store.order_by_transaction(&id).is_none() {
                break id;
            }
        };
        order.state = TradeState::Success;
        order.typing_until = None;
        order.payment = Some(Payment {
            transaction_id,
            at,
            bank_type: "OTHERS".to_owned(),
            payer,
        });
        self.v1_paid(&mut order, at);
        if order.combine.is_none()
            && let Some(url) = order.notify_url.clone()
        {
            let (plaintext, form) = match order.generation {
                Generation::V3 => (transaction::view(&order), Form::V3),
                Generation::V2(signing) => (v2::payment_notice(&order), Form::V2(signing)),
                Generation::V1(_) => (v1::payment_notice(&order), Form::V1(v1::Kind::Payment)),
            };
            self.announce(success(&order.out_trade_no, plaintext, form, url, at));
        }
        self.store.put_order(order);
    }

    /// Puts an event into the queue of notifications.
    pub(super) fn announce(&mut self, event: Event) {
        let id = self.ids.uuid();
        self.store.announce(id, event);
    }
}

fn success(number: &str, plaintext: Value, form: Form, url: String, at: i64) -> Event {
    Event {
        about: Some(number.to_owned()),
        event_type: "TRANSACTION.SUCCESS",
        original_type: "transaction",
        summary: "支付成功",
        plaintext,
        form,
        url,
        at,
    }
}

fn payable(
    state: TradeState,
    expires: i64,
    codes: &[Code],
    named: &Payer,
    deed: &Deed,
    now: i64,
) -> Result<(), Failure> {
    prepay::may_continue(state, expires, now)?;
    if let Some(code) = &deed.code {
        let good = |known: &Code| {
            (known.token == *code || known.prepay_id == *code) && now <= known.good_until
        };
        if !codes.iter().any(good) {
            return Err(Failure::invalid_request(
                numeric::ORDER_CLOSED,
                "支付链接已失效",
            ));
        }
    }
    let names = [&named.openid, &named.sub_openid];
    if named.is_named() && deed.openid.is_some() && !names.contains(&&deed.openid) {
        return Err(Failure::invalid_request(
            numeric::OTHER,
            "支付用户与下单时指定的用户不一致",
        ));
    }
    Ok(())
}

fn is_openid(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
