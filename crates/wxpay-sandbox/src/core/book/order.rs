//! Orders looked up and closed, and what happens to them by themselves.

use serde_json::json;

use super::model::{Order, TradeState, TradeType};
use super::{Book, required, transaction};
use crate::core::call::{Call, Failure, Reply, numeric};

impl Book {
    pub(super) fn query_order_by_id(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let order = self.store.order_by_transaction(call.path("transaction_id"));
        self.queried(order, call)
    }

    pub(super) fn query_order(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        self.queried(self.store.order(call.path("out_trade_no")), call)
    }

    fn queried(&self, order: Option<&Order>, call: &Call<'_>) -> Result<Reply, Failure> {
        let partner = call.operation.starts_with("partner_pay.");
        let name = if partner { "sp_mchid" } else { "mchid" };
        if call.query(name) != Some(call.mchid) {
            return Err(Failure::param_error_in(
                "query",
                name,
                call.query(name).into(),
                "商户号与请求签名的商户号不一致",
            ));
        }
        let order = order.ok_or_else(Failure::order_not_exist)?;
        let sub_mchid = if partner {
            call.query("sub_mchid")
        } else {
            None
        };
        in_mode(order, partner, sub_mchid)?;
        Ok(Reply::ok(transaction::view(order)))
    }

    pub(super) fn close_order(&mut self, call: &Call<'_>) -> Result<Reply, Failure> {
        let partner = call.operation.starts_with("partner_pay.");
        let name = if partner { "/sp_mchid" } else { "/mchid" };
        if required(call, name)? != call.mchid {
            return Err(Failure::param_error(name, "商户号与请求签名的商户号不一致"));
        }
        let number = call.path("out_trade_no");
        let order = self
            .store
            .order(number)
            .ok_or_else(Failure::order_not_exist)?;
        in_mode(
            order,
            partner,
            if partner {
                call.text("/sub_mchid")
            } else {
                None
            },
        )?;
        if order.trade_type == TradeType::Code {
            let message = "付款码支付的订单请使用撤销接口";
            return Err(Failure::invalid_request(numeric::USE_REVERSE, message));
        }
        let order = order.clone();
        self.close(order, call.now.as_unix())?;
        Ok(Reply::NoContent)
    }

    /// Closes an order; one that is closed stays so.
    pub(super) fn close(&mut self, mut order: Order, now: i64) -> Result<(), Failure> {
        match order.state {
            TradeState::Closed => Ok(()),
            TradeState::Notpay | TradeState::Userpaying => {
                order.state = TradeState::Closed;
                order.typing_until = None;
                order.ended = Some(now);
                self.store.put_order(order);
                Ok(())
            }
            TradeState::Success | TradeState::Refund => Err(Failure::order_paid()),
            TradeState::Revoked | TradeState::Payerror => Err(Failure::order_closed()),
        }
    }

    /// What was due for an order at a time: the payer has typed the password, or nobody paid.
    pub(super) fn order_wakes(&mut self, number: &str, at: i64) {
        let Some(order) = self.store.order(number) else {
            return;
        };
        let order = order.clone();
        if self.v1_overdue(&order, at) {
            return;
        }
        let typed = order.typing_until.is_some_and(|until| until <= at) && order.state.is_open();
        if typed && order.typing_in_vain {
            self.fail(order, at);
        } else if typed {
            let payer = self.payer_of(&order.payer, None);
            self.settle(order, payer, at);
        } else if order.closes <= at {
            // It is open, so it can be closed.
            let _ = self.close(order, at);
        }
    }

    /// The payment has failed for good.
    pub(super) fn fail(&mut self, mut order: Order, at: i64) {
        order.state = TradeState::Payerror;
        order.typing_until = None;
        order.ended = Some(at);
        self.store.put_order(order);
    }

    /// Whether the payer gets instalments offered. The sandbox's payers never do.
    pub(super) fn fenfu_exposure(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let partner = call.operation.starts_with("partner_pay.");
        let (appid, mchid) = if partner {
            ("/sp_appid", "/sp_mchid")
        } else {
            ("/appid", "/mchid")
        };
        // A merchant of its own may leave its number out: the signature says who asks.
        if call.text(mchid).is_some_and(|given| given != call.mchid) {
            return Err(Failure::param_error(
                mchid,
                "商户号与请求签名的商户号不一致",
            ));
        }
        if required(call, appid)? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        if let Some(sub_mchid) = call.text("/sub_mchid") {
            self.sub_merchant(sub_mchid)?;
        }
        self.sub_app(call.text("/sub_appid"))?;
        Ok(Reply::ok(json!({ "fqf_exposure": false })))
    }
}

/// Whether an order may be named in calls of this mode and, in partner mode, for this sub-merchant.
pub(super) fn in_mode(
    order: &Order,
    partner: bool,
    sub_mchid: Option<&str>,
) -> Result<(), Failure> {
    if order.combine.is_some() {
        return Err(Failure::invalid_request(
            numeric::OTHER,
            "合单订单请使用合单接口",
        ));
    }
    if order.is_partner() != partner {
        let message = "商户号与订单不匹配";
        return Err(Failure::invalid_request(
            numeric::MERCHANT_ORDER_MISMATCH,
            message,
        ));
    }
    of_sub_merchant(order, sub_mchid)
}

/// Whether an order is that sub-merchant's, or nobody's if none is named.
pub(super) fn of_sub_merchant(order: &Order, sub_mchid: Option<&str>) -> Result<(), Failure> {
    match (order.owner.sub_mchid.as_deref(), sub_mchid) {
        (of, given) if of == given => Ok(()),
        (Some(_), None) => Err(Failure::invalid_request(
            numeric::SUB_MERCHANT_MISSING,
            "缺少子商户号",
        )),
        _ => {
            let message = "子商户号与订单不匹配";
            Err(Failure::invalid_request(
                numeric::SUB_MERCHANT_ORDER_MISMATCH,
                message,
            ))
        }
    }
}
