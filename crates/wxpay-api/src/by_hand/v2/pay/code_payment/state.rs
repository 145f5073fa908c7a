//! The decisions of a payment by code: answers and times in, the next step out.

use std::time::Duration;

use super::{CodePaymentEnd, CodePaymentFailure, CodePaymentTimings};
use crate::v2::pay::{MicroPayResponse, OrderQueryResponse, ReverseResponse, TradeState};
use wxpay_json::Fen;
use wxpay_proto::v2::{ErrorCode, YesNo};

/// What a request came to.
#[derive(Clone, Debug)]
pub(super) enum Heard<T> {
    /// It did what it says, and the answer is WeChat Pay's.
    Answer(T),
    /// A verified answer refuses it.
    Refused { code: ErrorCode, message: Box<str> },
    /// WeChat Pay does not take the request; such answers are not signed.
    Rejected { message: Box<str> },
    /// No byte of it left.
    NotSent,
    /// Anything else: nobody knows whether it was done.
    Nothing,
}

/// What to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    Charge,
    Query,
    Reverse,
}

/// Where a payment stands. All times are counted from one moment, whichever it is.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The order as it was sent, to compare answers with.
    number: String,
    total: Fen,
    timings: CodePaymentTimings,
    /// What is done next, and when.
    next: (Next, Duration),
    end: Option<CodePaymentEnd>,
    /// When the charge was sent, and when its answer was there.
    charged: Duration,
    answered: Duration,
    /// Whether the payer is typing a password, as far as is known.
    paying: bool,
    /// Whether the order is this payment's own: another's is not taken back.
    own: bool,
    /// Whether the charge and everything after it was rejected: nothing of this merchant's is taken.
    rejected: bool,
    /// Why the order is taken back.
    reason: Option<CodePaymentFailure>,
    reversal: Reversal,
    /// How often one after another there was no such order.
    absent: u32,
}

/// What is known of the attempts to take the order back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reversal {
    /// There was none.
    None,
    /// None of them was accepted.
    Refused,
    /// One of them may have been accepted.
    Unclear,
}

/// How often a query has to say that there is no such order, long after it was sent, before that is believed.
const ABSENT: u32 = 3;

impl State {
    pub(super) fn new(number: &str, total: Fen, timings: CodePaymentTimings) -> Self {
        Self {
            number: number.to_owned(),
            total,
            timings,
            next: (Next::Charge, Duration::ZERO),
            end: None,
            charged: Duration::ZERO,
            answered: Duration::ZERO,
            paying: false,
            own: true,
            rejected: false,
            reason: None,
            reversal: Reversal::None,
            absent: 0,
        }
    }

    /// For an order that was sent before, `now` and long enough ago.
    pub(super) fn resumed(number: &str, total: Fen, timings: CodePaymentTimings) -> Self {
        Self {
            next: (Next::Query, Duration::ZERO),
            ..Self::new(number, total, timings)
        }
    }

    pub(super) fn set_timings(&mut self, timings: CodePaymentTimings) {
        self.timings = timings;
    }

    pub(super) fn end(&self) -> Option<&CodePaymentEnd> {
        self.end.as_ref()
    }

    /// What is done next, and when.
    pub(super) const fn next(&self) -> (Next, Duration) {
        self.next
    }

    /// The charge is being sent, or is taken up again.
    pub(super) fn begin(&mut self, now: Duration) {
        self.charged = now;
        self.answered = now;
    }

    pub(super) fn charged(&mut self, now: Duration, heard: Heard<MicroPayResponse>) {
        self.answered = now;
        match heard {
            Heard::Answer(answer) => {
                let paid = OrderQueryResponse::from(answer);
                if self.is_ours(&paid) {
                    return self.finish(CodePaymentEnd::Paid(Box::new(paid)));
                }
                self.query_after(now, self.timings.first_query);
            }
            Heard::Refused { code, message } => {
                let failure = CodePaymentFailure::Refused {
                    code: code.clone(),
                    message: message.into(),
                };
                match code.as_str() {
                    "USERPAYING" => {
                        self.paying = true;
                        self.query_after(now, self.timings.query_interval);
                    }
                    // Somebody paid it, maybe by an earlier attempt of the same sale.
                    "ORDERPAID" => {
                        self.own = false;
                        self.reason = Some(failure);
                        self.query_after(now, Duration::ZERO);
                    }
                    "TRADE_ERROR" => {
                        self.reason = Some(failure);
                        self.reverse(now);
                    }
                    code if is_refusal(code) => self.finish(CodePaymentEnd::NotPaid(failure)),
                    _ => {
                        self.reason = Some(failure);
                        self.query_after(now, self.timings.first_query);
                    }
                }
            }
            Heard::Rejected { message } => {
                self.rejected = true;
                self.reason = Some(CodePaymentFailure::Rejected {
                    message: message.into(),
                });
                self.query_after(now, self.timings.first_query);
            }
            Heard::NotSent => self.finish(CodePaymentEnd::NotPaid(CodePaymentFailure::NotSent)),
            Heard::Nothing => self.query_after(now, self.timings.first_query),
        }
    }

    pub(super) fn queried(&mut self, now: Duration, heard: Heard<OrderQueryResponse>) {
        let mut absent = false;
        match heard {
            Heard::Answer(order) => {
                self.rejected = false;
                let ours = order.out_trade_no.as_deref() == Some(self.number.as_str());
                if let Some(end) = ours.then(|| self.seen(order)).flatten() {
                    return self.finish(end);
                }
            }
            Heard::Refused { code, message: _ } => {
                self.rejected = false;
                absent = is_absent(code.as_str());
            }
            Heard::Nothing => self.rejected = false,
            Heard::Rejected { .. } | Heard::NotSent => {}
        }
        self.absent = if absent { self.absent + 1 } else { 0 };
        let long_ago = now >= self.charged + self.timings.query_for;
        if self.absent >= ABSENT && long_ago {
            return self.finish(CodePaymentEnd::NotPaid(CodePaymentFailure::NoSuchOrder));
        }
        self.go_on(now);
    }

    /// What an order's state says about the payment, if it says anything for good.
    fn seen(&mut self, order: OrderQueryResponse) -> Option<CodePaymentEnd> {
        self.paying = false;
        match order.trade_state {
            TradeState::Success => {
                if order.total_fee? != self.total {
                    // Paid, but another sale: that is nothing to take back.
                    return Some(CodePaymentEnd::NotPaid(CodePaymentFailure::AnotherOrder));
                }
                // A reversal that may have been accepted will be carried out.
                let stays = self.reversal != Reversal::Unclear;
                stays.then(|| CodePaymentEnd::Paid(Box::new(order)))
            }
            TradeState::Revoked | TradeState::Refund => {
                Some(CodePaymentEnd::Reversed(self.reason(order.trade_state)))
            }
            TradeState::Closed => Some(CodePaymentEnd::NotPaid(self.reason(order.trade_state))),
            TradeState::PayError => {
                self.reason = Some(CodePaymentFailure::State(TradeState::PayError));
                // Failed, and closed as well once a reversal got through.
                match self.reversal {
                    Reversal::None => None,
                    _ => Some(CodePaymentEnd::NotPaid(self.reason(order.trade_state))),
                }
            }
            TradeState::UserPaying => {
                self.paying = true;
                None
            }
            _ => None,
        }
    }

    pub(super) fn reversed(&mut self, now: Duration, heard: Heard<ReverseResponse>) {
        let unclear = match heard {
            Heard::Answer(answer) => {
                self.rejected = false;
                if answer.recall == YesNo::No {
                    let reason = self.reason.take().unwrap_or(CodePaymentFailure::TimedOut);
                    return self.finish(CodePaymentEnd::Reversed(reason));
                }
                self.reversal = Reversal::Unclear;
                self.next = (Next::Reverse, now + self.timings.reverse_interval);
                return;
            }
            Heard::Refused { code, message: _ } => {
                self.rejected = false;
                if code.as_str() == "ORDERREVERSED" {
                    let reason = self.reason.take().unwrap_or(CodePaymentFailure::TimedOut);
                    return self.finish(CodePaymentEnd::Reversed(reason));
                }
                !is_refusal_of_reversal(code.as_str())
            }
            // Nothing of this merchant's is taken: neither was the charge.
            Heard::Rejected { message } if self.rejected => {
                let message = message.into();
                let failure = CodePaymentFailure::Rejected { message };
                return self.finish(CodePaymentEnd::NotPaid(failure));
            }
            Heard::Rejected { .. } | Heard::NotSent => false,
            Heard::Nothing => true,
        };
        if unclear || self.reversal == Reversal::Unclear {
            self.reversal = Reversal::Unclear;
        } else {
            self.reversal = Reversal::Refused;
        }
        // The query says whether it was.
        self.next = (Next::Query, now + self.timings.reverse_interval);
    }

    /// After a query that left the matter open.
    fn go_on(&mut self, now: Duration) {
        let timings = &self.timings;
        if self.reversal != Reversal::None {
            self.next = (
                Next::Reverse,
                self.not_before(now + timings.reverse_interval),
            );
            return;
        }
        let failed = matches!(self.reason, Some(CodePaymentFailure::State(_)));
        let until = if self.paying {
            self.answered + timings.query_for
        } else {
            self.charged + timings.reverse_not_before
        };
        if !self.own || (now < until && !failed) {
            let at = now + timings.query_interval;
            // One last look at the end, and then back.
            let at = if self.own { at.min(until.max(now)) } else { at };
            self.next = (Next::Query, at);
        } else {
            self.reverse(now);
        }
    }

    fn reverse(&mut self, now: Duration) {
        self.next = (Next::Reverse, self.not_before(now));
    }

    fn not_before(&self, at: Duration) -> Duration {
        at.max(self.charged + self.timings.reverse_not_before)
    }

    fn query_after(&mut self, now: Duration, pause: Duration) {
        self.next = (Next::Query, now + pause);
    }

    fn is_ours(&self, order: &OrderQueryResponse) -> bool {
        order.out_trade_no.as_deref() == Some(self.number.as_str())
            && order.total_fee == Some(self.total)
    }

    fn reason(&mut self, state: TradeState) -> CodePaymentFailure {
        self.reason
            .take()
            .unwrap_or(CodePaymentFailure::State(state))
    }

    fn finish(&mut self, end: CodePaymentEnd) {
        self.end = Some(end);
    }
}

/// Refusals of a charge that leave nothing behind: the payer has not paid by it, and will not.
fn is_refusal(code: &str) -> bool {
    matches!(
        code,
        "AUTHCODEEXPIRE"
            | "AUTH_CODE_ERROR"
            | "AUTH_CODE_INVALID"
            | "NOTENOUGH"
            | "NOTSUPORTCARD"
            | "BUYER_MISMATCH"
            | "RULELIMIT"
            | "ORDERCLOSED"
            | "ORDERREVERSED"
            | "OUT_TRADE_NO_USED"
            | "INVALID_REQUEST"
            | "NOAUTH"
            | "NO_AUTH"
            | "APPID_NOT_EXIST"
            | "MCHID_NOT_EXIST"
            | "APPID_MCHID_NOT_MATCH"
            | "LACK_PARAMS"
            | "PARAM_ERROR"
            | "SIGNERROR"
            | "SIGN_ERROR"
            | "XML_FORMAT_ERROR"
            | "XML_ERROR"
            | "REQUIRE_POST_METHOD"
            | "HTTP_METHOD_ERROR"
            | "POST_DATA_EMPTY"
            | "NOT_UTF8"
            | "PARAM_IS_NOT_UTF8"
            | "FREQUENCY_LIMITED"
            | "FREQ_LIMIT"
    )
}

/// Refusals of a reversal that was not accepted for certain.
fn is_refusal_of_reversal(code: &str) -> bool {
    matches!(
        code,
        "REVERSE_EXPIRE"
            | "ORDERNOTEXIST"
            | "INVALID_TRANSACTIONID"
            | "NOAUTH"
            | "NO_AUTH"
            | "CERT_ERROR"
            | "CA_ERROR"
            | "APPID_NOT_EXIST"
            | "MCHID_NOT_EXIST"
            | "APPID_MCHID_NOT_MATCH"
            | "LACK_PARAMS"
            | "PARAM_ERROR"
            | "SIGNERROR"
            | "SIGN_ERROR"
            | "XML_FORMAT_ERROR"
            | "XML_ERROR"
            | "REQUIRE_POST_METHOD"
            | "HTTP_METHOD_ERROR"
            | "POST_DATA_EMPTY"
            | "NOT_UTF8"
            | "PARAM_IS_NOT_UTF8"
            | "FREQUENCY_LIMITED"
            | "FREQ_LIMIT"
    )
}

/// Whether a query says that there is no such order.
fn is_absent(code: &str) -> bool {
    matches!(code, "ORDERNOTEXIST" | "ORDER_NOT_EXIST")
}
