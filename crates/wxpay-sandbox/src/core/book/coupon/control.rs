//! What users do with coupons of WeChat Pay.

use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::{Coupon, Kind, Used};
use crate::core::book::{Book, Unheard};

/// What a coupon is used for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Usage {
    /// An order that was paid. Left out: one the sandbox does not know.
    out_trade_no: Option<String>,
}

impl Book {
    /// The stocks there are.
    pub(crate) fn stocks_seen(&self, now: Timestamp) -> Value {
        json!(self.stocks(now.as_unix()))
    }

    /// A coupon, by its id or its code.
    pub(crate) fn coupon_seen(&self, id: &str, now: Timestamp) -> Result<Value, Unheard> {
        let coupon = self
            .store
            .piece_named::<Coupon>(id)
            .ok_or(Unheard::Unknown)?;
        let view = self.coupon_view(coupon, now.as_unix());
        view.ok_or(Unheard::Unknown)
    }

    /// The user pays with a coupon of WeChat Pay.
    pub(crate) fn use_coupon(
        &mut self,
        id: &str,
        usage: Usage,
        now: Timestamp,
    ) -> Result<Value, Unheard> {
        let at = now.as_unix();
        let coupon = self
            .store
            .piece_named::<Coupon>(id)
            .ok_or(Unheard::Unknown)?;
        let usable = coupon.state(at) == "SENDED" && at >= coupon.starts;
        if coupon.kind != Kind::Favor || !usable {
            return Err(Unheard::TooLate);
        }
        let mut coupon = coupon.clone();
        let transaction_id = match &usage.out_trade_no {
            Some(number) => {
                let order = self.store.order(number).ok_or(Unheard::Unknown)?;
                if order.total.as_fen() < coupon.minimum {
                    return Err(Unheard::TooLate);
                }
                let payment = order.payment.as_ref().ok_or(Unheard::TooLate)?;
                payment.transaction_id.clone()
            }
            None => self.ids.transaction_id(now),
        };
        coupon.used = Some(Used {
            at,
            request: String::new(),
            transaction_id: Some(transaction_id),
        });
        coupon.order = usage.out_trade_no;
        self.store.put_piece(coupon.clone());
        let view = self.coupon_view(&coupon, at).unwrap_or_default();
        self.tell_of_coupon(&coupon, "COUPON.USE", "代金券核销通知", view.clone(), at);
        Ok(view)
    }
}
