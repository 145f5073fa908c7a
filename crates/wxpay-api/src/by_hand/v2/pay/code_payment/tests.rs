//! Every sequence of answers up to some length, against a WeChat Pay that knows what really happened.

use std::time::Duration;

use wxpay_json::{DateTime, Fen};
use wxpay_proto::v2::YesNo;

use super::state::{Heard, Next, State};
use super::{CodePaymentEnd, CodePaymentFailure, CodePaymentTimings};
use crate::v2::pay::{
    MicroPayResponse, OrderQueryResponse, ReverseResponse, TradeState, TradeType,
};

const NUMBER: &str = "S00001";
const TOTAL: Fen = Fen::new(100);

fn order(trade_state: TradeState) -> OrderQueryResponse {
    OrderQueryResponse {
        mch_id: None,
        appid: None,
        sub_appid: None,
        sub_mch_id: None,
        device_info: None,
        openid: None,
        is_subscribe: None,
        sub_openid: None,
        sub_is_subscribe: None,
        trade_type: None,
        trade_state,
        trade_state_desc: None,
        total_fee: Some(TOTAL),
        bank_type: None,
        settlement_total_fee: None,
        fee_type: None,
        cash_fee: None,
        cash_fee_type: None,
        coupon_fee: None,
        coupon_count: None,
        coupons: Vec::new(),
        promotion_detail: None,
        transaction_id: None,
        out_trade_no: Some(NUMBER.to_owned()),
        attach: None,
        time_end: None,
        consume_fee: None,
    }
}

fn paid() -> MicroPayResponse {
    MicroPayResponse {
        mch_id: None,
        appid: None,
        sub_appid: None,
        sub_mch_id: None,
        device_info: None,
        openid: None,
        is_subscribe: None,
        sub_openid: None,
        sub_is_subscribe: None,
        trade_type: TradeType::MicroPay,
        total_fee: TOTAL,
        bank_type: None,
        settlement_total_fee: None,
        fee_type: None,
        cash_fee: None,
        cash_fee_type: None,
        coupon_fee: None,
        coupon_count: None,
        coupons: Vec::new(),
        promotion_detail: None,
        transaction_id: "42".to_owned(),
        out_trade_no: NUMBER.to_owned(),
        attach: None,
        time_end: DateTime::beijing(1_528_425_296),
    }
}

fn reversal(recall: YesNo) -> Heard<ReverseResponse> {
    Heard::Answer(ReverseResponse {
        appid: None,
        sub_appid: None,
        sub_mch_id: None,
        recall,
    })
}

fn refused<T>(code: &str) -> Heard<T> {
    Heard::Refused {
        code: code.into(),
        message: "".into(),
    }
}

/// What really became of the order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Truth {
    /// It never arrived.
    Absent,
    /// It is still on its way, and will be paid so many moments later.
    OnItsWay(u8),
    /// The payer types a password.
    Paying,
    Paid,
    Failed,
    /// A reversal was accepted and is carried out so many moments later.
    Reversing(u8),
    Reversed,
}

/// How many ways each request has to go wrong, and right: the choice 0 is always a plain one.
const CHARGES: usize = 13;
const QUERIES: usize = 7;
const REVERSALS: usize = 9;

struct World {
    truth: Truth,
    charges: u32,
}

impl World {
    /// What takes time, takes its time.
    fn pass(&mut self) {
        self.truth = match self.truth {
            Truth::OnItsWay(0) => Truth::Paid,
            Truth::OnItsWay(more) => Truth::OnItsWay(more - 1),
            Truth::Reversing(0) => Truth::Reversed,
            Truth::Reversing(more) => Truth::Reversing(more - 1),
            truth => truth,
        };
    }

    fn charge(&mut self, choice: usize) -> Heard<MicroPayResponse> {
        self.charges += 1;
        let (truth, heard) = match choice {
            0 => (Truth::Paid, Heard::Answer(paid())),
            1 => (Truth::Paid, Heard::Nothing),
            2 => (Truth::Absent, Heard::Nothing),
            3 => (Truth::OnItsWay(1), Heard::Nothing),
            4 => (Truth::Paying, refused("USERPAYING")),
            5 => (Truth::Paying, Heard::Nothing),
            6 => (Truth::Paid, refused("SYSTEMERROR")),
            7 => (Truth::Absent, refused("SYSTEMERROR")),
            8 => (Truth::Failed, refused("TRADE_ERROR")),
            9 => (Truth::Absent, refused("AUTHCODEEXPIRE")),
            10 => (Truth::Absent, Heard::NotSent),
            11 => (
                Truth::Absent,
                Heard::Rejected {
                    message: "签名错误".into(),
                },
            ),
            _ => (Truth::Paid, refused("CODE_OF_2031")),
        };
        self.truth = truth;
        heard
    }

    fn query(&mut self, choice: usize) -> Heard<OrderQueryResponse> {
        match choice {
            1 => return Heard::Nothing,
            2 => return refused("SYSTEMERROR"),
            // An answer about another order, recorded before.
            3 => {
                let mut other = order(TradeState::Success);
                other.out_trade_no = Some("S00002".to_owned());
                return Heard::Answer(other);
            }
            4 => {
                return Heard::Rejected {
                    message: "签名错误".into(),
                };
            }
            5 if self.truth == Truth::Paying => self.truth = Truth::Paid,
            6 if self.truth == Truth::Paying => self.truth = Truth::Failed,
            _ => {}
        }
        self.pass();
        match self.truth {
            Truth::Absent | Truth::OnItsWay(_) => refused("ORDERNOTEXIST"),
            Truth::Paying => Heard::Answer(order(TradeState::UserPaying)),
            Truth::Paid | Truth::Reversing(_) => Heard::Answer(order(TradeState::Success)),
            Truth::Failed => Heard::Answer(order(TradeState::PayError)),
            Truth::Reversed => Heard::Answer(order(TradeState::Revoked)),
        }
    }

    fn reverse(&mut self, choice: usize) -> Heard<ReverseResponse> {
        match choice {
            // Nothing was done.
            1 => return reversal(YesNo::Yes),
            2 => return Heard::Nothing,
            3 => return Heard::NotSent,
            4 if self.truth != Truth::Reversed => return refused("REVERSE_EXPIRE"),
            5 => {
                return Heard::Rejected {
                    message: "系统繁忙".into(),
                };
            }
            _ => {}
        }
        if matches!(self.truth, Truth::Absent | Truth::OnItsWay(_)) {
            return refused("ORDERNOTEXIST");
        }
        match choice {
            6 => {
                self.truth = Truth::Reversing(1);
                refused("SYSTEMERROR")
            }
            7 => {
                self.truth = Truth::Reversed;
                Heard::Nothing
            }
            8 => {
                self.truth = Truth::Reversing(1);
                Heard::Nothing
            }
            _ => {
                self.truth = Truth::Reversed;
                reversal(YesNo::No)
            }
        }
    }
}

/// Runs one script; after its end everything goes plainly. Returns how many choices were made.
fn run(script: &[usize], limits: &mut Vec<usize>) {
    let timings = CodePaymentTimings::default();
    let mut state = State::new(NUMBER, TOTAL, timings);
    let mut world = World {
        truth: Truth::Absent,
        charges: 0,
    };
    let (mut now, mut charged, mut asked_again) = (Duration::ZERO, None, false);
    let mut steps = 0;
    while state.end().is_none() {
        let (step, at) = state.next();
        assert!(steps < 100, "{script:?}: no end");
        assert!(!asked_again || step == Next::Reverse, "{script:?}");
        now = now.max(at);
        let choice = script.get(steps).copied().unwrap_or_default();
        if steps == limits.len() {
            limits.push(match step {
                Next::Charge => CHARGES,
                Next::Query => QUERIES,
                Next::Reverse => REVERSALS,
            });
        }
        steps += 1;
        // An answer takes a moment, a missing one long.
        let took = |missing| Duration::from_secs(if missing { 30 } else { 1 });
        asked_again = false;
        match step {
            Next::Charge => {
                charged = Some(now);
                state.begin(now);
                let heard = world.charge(choice);
                now += took(matches!(heard, Heard::Nothing));
                state.charged(now, heard);
            }
            Next::Query => {
                let heard = world.query(choice);
                now += took(matches!(heard, Heard::Nothing));
                state.queried(now, heard);
            }
            Next::Reverse => {
                let since = now - charged.unwrap();
                assert!(since >= timings.reverse_not_before, "{script:?}: {since:?}");
                world.pass();
                let heard = world.reverse(choice);
                asked_again =
                    matches!(&heard, Heard::Answer(answer) if answer.recall == YesNo::Yes);
                now += took(matches!(heard, Heard::Nothing));
                state.reversed(now, heard);
            }
        }
    }
    assert!(!asked_again, "{script:?}: it was to be asked for again");
    assert_eq!(world.charges, 1, "{script:?}");
    let end = state.end().cloned().unwrap();
    match &end {
        CodePaymentEnd::Paid(order) => {
            assert_eq!(world.truth, Truth::Paid, "{script:?}");
            assert_eq!(order.total_fee, Some(TOTAL), "{script:?}");
        }
        CodePaymentEnd::NotPaid(_) => {
            let unpaid = matches!(world.truth, Truth::Absent | Truth::Failed | Truth::Reversed);
            assert!(unpaid, "{script:?}: {end:?}, but {:?}", world.truth);
        }
        CodePaymentEnd::Reversed(_) => {
            assert_eq!(world.truth, Truth::Reversed, "{script:?}: {end:?}");
        }
    }
}

#[test]
fn every_script_of_six_ends_in_the_truth() {
    let mut script: Vec<usize> = Vec::new();
    let mut runs = 0;
    loop {
        let mut limits = Vec::new();
        run(&script, &mut limits);
        runs += 1;
        // The next script: the last choice that has another one is raised, what is after it begins anew.
        limits.truncate(6);
        script.resize(limits.len(), 0);
        while let Some(last) = script.pop() {
            if last + 1 < limits[script.len()] {
                script.push(last + 1);
                break;
            }
        }
        if script.is_empty() {
            break;
        }
    }
    assert!(runs > 10_000, "{runs} scripts");
}

/// The steps of a payment, each with the second it is taken in; answers take no time.
fn steps(
    charge: Heard<MicroPayResponse>,
    mut query: impl FnMut() -> Heard<OrderQueryResponse>,
) -> (Vec<(Next, u64)>, CodePaymentEnd) {
    let mut state = State::new(NUMBER, TOTAL, CodePaymentTimings::default());
    let mut charge = Some(charge);
    let mut steps = Vec::new();
    while state.end().is_none() {
        let (step, at) = state.next();
        steps.push((step, at.as_secs()));
        assert!(steps.len() < 100, "no end");
        match step {
            Next::Charge => {
                state.begin(at);
                state.charged(at, charge.take().unwrap());
            }
            Next::Query => state.queried(at, query()),
            Next::Reverse => state.reversed(at, reversal(YesNo::No)),
        }
    }
    (steps, state.end().cloned().unwrap())
}

#[test]
fn a_password_is_waited_for() {
    let (steps, end) = steps(refused("USERPAYING"), || {
        Heard::Answer(order(TradeState::UserPaying))
    });
    let mut expected = vec![(Next::Charge, 0)];
    expected.extend((1..=9).map(|at| (Next::Query, at * 5)));
    expected.push((Next::Reverse, 45));
    assert_eq!(steps, expected);
    assert_eq!(end, CodePaymentEnd::Reversed(CodePaymentFailure::TimedOut));
}

#[test]
fn what_is_unclear_is_taken_back_sooner() {
    let (steps, end) = steps(Heard::Nothing, || Heard::Answer(order(TradeState::NotPay)));
    let expected = [
        (Next::Charge, 0),
        (Next::Query, 5),
        (Next::Query, 10),
        (Next::Query, 15),
        (Next::Reverse, 15),
    ];
    assert_eq!(steps, expected);
    assert_eq!(end, CodePaymentEnd::Reversed(CodePaymentFailure::TimedOut));
}

#[test]
fn a_charge_that_failed_is_taken_back() {
    let (steps, end) = steps(refused("TRADE_ERROR"), || Heard::Nothing);
    assert_eq!(steps, [(Next::Charge, 0), (Next::Reverse, 15)]);
    let CodePaymentEnd::Reversed(failure) = end else {
        panic!("{end:?}")
    };
    assert_eq!(failure.to_string(), "TRADE_ERROR: ");
}

#[test]
fn an_order_that_was_paid_before_is_not_taken_back() {
    let mut queries = 0;
    let (steps, end) = steps(refused("ORDERPAID"), || {
        queries += 1;
        if queries < 20 {
            return Heard::Nothing;
        }
        let mut other = order(TradeState::Success);
        other.total_fee = Some(Fen::new(1));
        Heard::Answer(other)
    });
    assert!(steps.iter().all(|(step, _)| *step != Next::Reverse));
    assert_eq!(
        end,
        CodePaymentEnd::NotPaid(CodePaymentFailure::AnotherOrder)
    );
}

#[test]
fn a_wrong_key_is_found_out() {
    let rejected = "签名错误";
    let mut state = State::new(NUMBER, TOTAL, CodePaymentTimings::default());
    let mut steps = Vec::new();
    while state.end().is_none() {
        let (step, at) = state.next();
        steps.push(step);
        assert!(steps.len() < 100, "no end");
        let message = rejected.into();
        match step {
            Next::Charge => state.charged(at, Heard::Rejected { message }),
            Next::Query => state.queried(at, Heard::Rejected { message }),
            Next::Reverse => state.reversed(at, Heard::Rejected { message }),
        }
    }
    let expected = CodePaymentFailure::Rejected {
        message: rejected.to_owned(),
    };
    assert_eq!(state.end(), Some(&CodePaymentEnd::NotPaid(expected)));
    assert_eq!(
        steps,
        [
            Next::Charge,
            Next::Query,
            Next::Query,
            Next::Query,
            Next::Reverse
        ]
    );
}
