//! A payment by code from the charge to its end.

mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use wxpay_json::{DecodeError, InvalidField};
use wxpay_proto::v2::{ErrorCode, Failure, Flow, Request as _, Step, Verified};

use self::state::{Heard, Next, State};
use crate::v2::pay::{
    MicroPay, MicroPayResponse, OrderQuery, OrderQueryResponse, Reverse, TradeState,
};

/// A payment by code (付款码支付) from the charge to its end: paid, not paid or reversed, and never in between.
///
/// The charge is sent once. Where its answer leaves the outcome open (`USERPAYING`, `SYSTEMERROR`, an error that is
/// not known, no answer) the order is queried until the payer has typed the password or the time for it is over, and
/// then taken back, again and again until WeChat Pay has done it. An order that is paid is taken back only where a
/// reversal was asked for before it was known to be paid.
///
/// It decides and sends nothing; `wxpay-client` drives it, or whoever does what [`Flow`] says. Reversals need the
/// merchant's certificate (商户API证书), so the driver has it before the charge is sent. There is no limit to the
/// attempts: as long as WeChat Pay cannot be reached, nobody knows how it ended. A program that gives up, or was
/// stopped, goes on with [`resume`](Self::resume) later.
///
/// ```
/// use std::time::Duration;
/// use wxpay_api::v2::pay::{CodePayment, MicroPay};
/// use wxpay_proto::Fen;
/// use wxpay_proto::v2::{Failure, Flow as _, Step};
///
/// let order = MicroPay::new("wx1", "伞", "S00001", Fen::new(100), "203.0.113.7", "134650000000000000");
/// let mut payment = CodePayment::new(order);
/// let Step::Send(charge) = payment.next(Duration::ZERO) else { unreachable!() };
/// assert_eq!(charge.info().path, "/pay/micropay");
/// // The answer was lost: five seconds later the order is queried.
/// payment.answered(Duration::from_secs(10), Err(Failure::Unknown));
/// let Step::Wait(pause) = payment.next(Duration::from_secs(11)) else { unreachable!() };
/// assert_eq!(pause, Duration::from_secs(4));
/// ```
#[derive(Clone, Debug)]
pub struct CodePayment {
    order: MicroPay,
    query: OrderQuery,
    reverse: Reverse,
    state: State,
    begun: bool,
    /// What was sent last and is not answered.
    sent: Option<Next>,
}

impl CodePayment {
    /// Begins with the charge.
    #[must_use]
    pub fn new(order: MicroPay) -> Self {
        let timings = CodePaymentTimings::default();
        let state = State::new(&order.out_trade_no, order.total_fee, timings);
        Self::of(order, state)
    }

    /// Takes up a payment of which it is not known how it ended: begins by querying the order and never charges.
    ///
    /// Not sooner than a minute after the payment broke off, or a reversal that is still under way looks as if it had
    /// not been asked for.
    #[must_use]
    pub fn resume(order: MicroPay) -> Self {
        let timings = CodePaymentTimings::default();
        let state = State::resumed(&order.out_trade_no, order.total_fee, timings);
        Self::of(order, state)
    }

    fn of(order: MicroPay, state: State) -> Self {
        let mut query =
            OrderQuery::new(order.appid.as_str()).out_trade_no(order.out_trade_no.as_str());
        query.sub_appid.clone_from(&order.sub_appid);
        query.sub_mch_id.clone_from(&order.sub_mch_id);
        query.version.clone_from(&order.version);
        let mut reverse =
            Reverse::new(order.appid.as_str()).out_trade_no(order.out_trade_no.as_str());
        reverse.sub_appid.clone_from(&order.sub_appid);
        reverse.sub_mch_id.clone_from(&order.sub_mch_id);
        Self {
            order,
            query,
            reverse,
            state,
            begun: false,
            sent: None,
        }
    }

    /// Sets other pauses.
    #[must_use]
    pub fn timings(mut self, timings: CodePaymentTimings) -> Self {
        self.state.set_timings(timings);
        self
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> &MicroPay {
        &self.order
    }
}

impl Flow for CodePayment {
    type Output = CodePaymentEnd;

    fn check(&self) -> Result<(), InvalidField> {
        self.order.check()?;
        self.query.check()?;
        self.reverse.check()
    }

    fn certificate(&self) -> bool {
        self.reverse.info().certificate
    }

    fn next(&mut self, now: Duration) -> Step<'_, Self::Output> {
        // Whoever asks again without an answer has none.
        if self.sent.is_some() {
            self.answered(now, Err(Failure::Unknown));
        }
        if let Some(end) = self.state.end() {
            return Step::Done(end.clone());
        }
        if !self.begun {
            self.begun = true;
            self.state.begin(now);
        }
        let (next, at) = self.state.next();
        if let Some(pause) = at.checked_sub(now).filter(|pause| !pause.is_zero()) {
            return Step::Wait(pause);
        }
        self.sent = Some(next);
        Step::Send(match next {
            Next::Charge => &self.order,
            Next::Query => &self.query,
            Next::Reverse => &self.reverse,
        })
    }

    fn answered(&mut self, now: Duration, result: Result<Verified, Failure>) {
        match self.sent.take() {
            None => {}
            Some(Next::Charge) => {
                let heard = heard(result, |answer| answer.read(&self.order));
                self.state.charged(now, heard);
            }
            Some(Next::Query) => {
                let heard = heard(result, |answer| answer.read(&self.query));
                self.state.queried(now, heard);
            }
            Some(Next::Reverse) => {
                let heard = heard(result, |answer| answer.read(&self.reverse));
                self.state.reversed(now, heard);
            }
        }
    }
}

fn heard<T>(
    result: Result<Verified, Failure>,
    read: impl FnOnce(&Verified) -> Result<T, DecodeError>,
) -> Heard<T> {
    match result {
        Ok(answer) => read(&answer).map_or(Heard::Nothing, Heard::Answer),
        Err(Failure::Refused(error)) => Heard::Refused {
            code: error.code().clone(),
            message: error.message().into(),
        },
        Err(Failure::Rejected(error)) => Heard::Rejected {
            message: error.message().into(),
        },
        Err(Failure::NotSent) => Heard::NotSent,
        Err(_) => Heard::Nothing,
    }
}

/// When a payment by code asks again and when it gives up. The defaults are what WeChat Pay asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CodePaymentTimings {
    /// The pause before the first query after an unclear answer: 5 seconds.
    pub first_query: Duration,
    /// The pause between queries, while the payer types a password: 5 seconds, at most 10.
    pub query_interval: Duration,
    /// How long the payer has for the password: 45 seconds, at least 30.
    pub query_for: Duration,
    /// How long after the charge it is taken back at the earliest: 15 seconds.
    pub reverse_not_before: Duration,
    /// The pause before a reversal is asked for again: 5 seconds.
    pub reverse_interval: Duration,
}

impl Default for CodePaymentTimings {
    fn default() -> Self {
        Self {
            first_query: Duration::from_secs(5),
            query_interval: Duration::from_secs(5),
            query_for: Duration::from_secs(45),
            reverse_not_before: Duration::from_secs(15),
            reverse_interval: Duration::from_secs(5),
        }
    }
}

/// How a payment by code ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CodePaymentEnd {
    /// The payer has paid the amount of the order: deliver.
    Paid(Box<OrderQueryResponse>),
    /// The payer has not paid, and cannot any more.
    NotPaid(CodePaymentFailure),
    /// It was taken back: whatever the payer paid is refunded.
    Reversed(CodePaymentFailure),
}

/// Why a payment by code came to nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CodePaymentFailure {
    /// Nothing was sent: the order is not of the form WeChat Pay takes, or there was no connection.
    NotSent,
    /// WeChat Pay refused the charge.
    Refused {
        /// Why.
        code: ErrorCode,
        /// The same in words for people (`err_code_des`), Chinese.
        message: String,
    },
    /// WeChat Pay takes no request of this merchant; mostly the key is not the right one.
    Rejected {
        /// Why, in words for people (`return_msg`), Chinese.
        message: String,
    },
    /// The order's state says so.
    State(TradeState),
    /// The charge never arrived: WeChat Pay knows no such order.
    NoSuchOrder,
    /// The order number belongs to an order with another amount.
    AnotherOrder,
    /// The payer took too long, or WeChat Pay did to say what became of it.
    TimedOut,
}

impl CodePaymentTimings {
    /// Sets the pause before the first query after an unclear answer.
    #[must_use]
    pub const fn first_query(mut self, pause: Duration) -> Self {
        self.first_query = pause;
        self
    }

    /// Sets the pause between queries.
    #[must_use]
    pub const fn query_interval(mut self, pause: Duration) -> Self {
        self.query_interval = pause;
        self
    }

    /// Sets how long the payer has for the password.
    #[must_use]
    pub const fn query_for(mut self, time: Duration) -> Self {
        self.query_for = time;
        self
    }

    /// Sets how long after the charge it is taken back at the earliest.
    #[must_use]
    pub const fn reverse_not_before(mut self, time: Duration) -> Self {
        self.reverse_not_before = time;
        self
    }

    /// Sets the pause before a reversal is asked for again.
    #[must_use]
    pub const fn reverse_interval(mut self, pause: Duration) -> Self {
        self.reverse_interval = pause;
        self
    }
}

impl fmt::Display for CodePaymentFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent => f.write_str("the charge was not sent"),
            Self::Refused { code, message } => write!(f, "{code}: {message}"),
            Self::Rejected { message } => write!(f, "rejected: {message}"),
            Self::State(state) => write!(f, "trade_state {state}"),
            Self::NoSuchOrder => f.write_str("the charge did not arrive"),
            Self::AnotherOrder => f.write_str("out_trade_no belongs to another order"),
            Self::TimedOut => f.write_str("not paid in time"),
        }
    }
}

impl From<MicroPayResponse> for OrderQueryResponse {
    /// A payment that succeeded, as a query would have it.
    fn from(paid: MicroPayResponse) -> Self {
        Self {
            mch_id: paid.mch_id,
            appid: paid.appid,
            sub_appid: paid.sub_appid,
            sub_mch_id: paid.sub_mch_id,
            device_info: paid.device_info,
            openid: paid.openid,
            is_subscribe: paid.is_subscribe,
            sub_openid: paid.sub_openid,
            sub_is_subscribe: paid.sub_is_subscribe,
            trade_type: Some(paid.trade_type),
            trade_state: TradeState::Success,
            trade_state_desc: None,
            total_fee: Some(paid.total_fee),
            bank_type: paid.bank_type,
            settlement_total_fee: paid.settlement_total_fee,
            fee_type: paid.fee_type,
            cash_fee: paid.cash_fee,
            cash_fee_type: paid.cash_fee_type,
            coupon_fee: paid.coupon_fee,
            coupon_count: paid.coupon_count,
            coupons: paid.coupons,
            promotion_detail: paid.promotion_detail,
            transaction_id: Some(paid.transaction_id),
            out_trade_no: Some(paid.out_trade_no),
            attach: paid.attach,
            time_end: Some(paid.time_end),
            consume_fee: None,
        }
    }
}
