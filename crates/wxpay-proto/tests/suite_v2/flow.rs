//! A small flow, driven by a loop on a clock of its own.

use std::time::Duration;

use wxpay_proto::bytes::Bytes;
use wxpay_proto::v2::{ErrorCode, Failure, Flow, SignType, Step, Verified};
use wxpay_proto::{InvalidField, http};

use crate::support::{Order, OrderQuery, document, good, merchant, nonce, ok, signed};

#[derive(Debug, PartialEq)]
enum End {
    Paid,
    Refused(String),
    Unclear,
}

/// Orders, then asks every five seconds until it is paid, half a minute at most.
struct Pay {
    order: Order,
    query: OrderQuery,
    next: Next,
    at: Duration,
}

#[derive(Clone, Copy)]
enum Next {
    Order,
    Query,
    Over(Option<&'static str>, bool),
}

impl Pay {
    fn new(body: &str) -> Self {
        Self {
            order: Order::new(body),
            query: OrderQuery("20240101103456001"),
            next: Next::Order,
            at: Duration::ZERO,
        }
    }

    fn resumed() -> Self {
        Self {
            next: Next::Query,
            ..Self::new("茶")
        }
    }
}

impl Flow for Pay {
    type Output = End;

    fn check(&self) -> Result<(), InvalidField> {
        wxpay_proto::v2::Request::check(&self.order)
    }

    fn next(&mut self, now: Duration) -> Step<'_, End> {
        match self.next {
            Next::Over(None, true) => return Step::Done(End::Paid),
            Next::Over(None, false) => return Step::Done(End::Unclear),
            Next::Over(Some(code), _) => return Step::Done(End::Refused(code.to_owned())),
            _ if now < self.at => return Step::Wait(self.at - now),
            _ => {}
        }
        match self.next {
            Next::Order => Step::Send(&self.order),
            _ => Step::Send(&self.query),
        }
    }

    fn answered(&mut self, now: Duration, result: Result<Verified, Failure>) {
        let query_at = now + Duration::from_secs(5);
        match (self.next, result) {
            (Next::Query, Ok(answer)) => match answer.read(&self.query) {
                Ok((state, _)) if state == "SUCCESS" => self.next = Next::Over(None, true),
                _ => self.at = query_at,
            },
            (_, Err(Failure::Refused(error))) if error.code() == &ErrorCode::OrderClosed => {
                self.next = Next::Over(Some("ORDERCLOSED"), false);
            }
            (Next::Order, Err(Failure::NotSent)) => self.next = Next::Over(Some("not sent"), false),
            _ => (self.next, self.at) = (Next::Query, query_at),
        }
        if now >= Duration::from_secs(30) && matches!(self.next, Next::Query) {
            self.next = Next::Over(None, false);
        }
    }
}

/// What comes back for each request, and after how long; how it ended and when.
fn drive(
    mut flow: Pay,
    answers: Vec<(Result<http::Response<Bytes>, bool>, u64)>,
) -> (End, u64, Vec<&'static str>) {
    flow.check().unwrap();
    assert!(!flow.certificate());
    let merchant = merchant();
    let (mut now, mut sent) = (Duration::ZERO, Vec::new());
    let mut answers = answers.into_iter();
    loop {
        let (result, took) = match flow.next(now) {
            Step::Done(end) => return (end, now.as_secs(), sent),
            Step::Wait(pause) => {
                assert!(!pause.is_zero(), "a loop without end");
                now += pause;
                continue;
            }
            Step::Send(request) => {
                let http = merchant.prepare(request, &nonce()).unwrap();
                assert!(!http.body().is_empty());
                sent.push(request.info().name);
                let (answer, took) = answers.next().expect("an answer");
                let result = match answer {
                    Ok(response) => merchant.verify(request, &response).map_err(Failure::from),
                    Err(true) => Err(Failure::NotSent),
                    Err(false) => Err(Failure::Unknown),
                };
                (result, took)
            }
            step => panic!("{step:?}"),
        };
        now += Duration::from_secs(took);
        flow.answered(now, result);
    }
}

fn state(state: &'static str) -> Result<http::Response<Bytes>, bool> {
    Ok(ok(signed(&good(&[("trade_state", state)]), SignType::Md5)))
}

fn refusal(code: &'static str) -> Result<http::Response<Bytes>, bool> {
    let fields = good(&[("result_code", "FAIL"), ("err_code", code)]);
    Ok(ok(signed(&fields, SignType::Md5)))
}

#[test]
fn it_ends_when_the_order_is_paid() {
    let answers = vec![
        (Err(false), 10),
        (state("USERPAYING"), 1),
        (Ok(ok("<html>")), 1),
        (state("SUCCESS"), 1),
    ];
    let (end, at, sent) = drive(Pay::new("茶"), answers);
    assert_eq!(end, End::Paid);
    assert_eq!(at, 10 + 5 + 1 + 5 + 1 + 5 + 1);
    assert_eq!(
        sent,
        [
            "v2.pay.unified_order",
            "v2.pay.order_query",
            "v2.pay.order_query",
            "v2.pay.order_query"
        ]
    );
}

#[test]
fn it_ends_when_it_is_refused_or_was_never_sent() {
    let (end, at, _) = drive(Pay::new("茶"), vec![(refusal("ORDERCLOSED"), 1)]);
    assert_eq!((end, at), (End::Refused("ORDERCLOSED".to_owned()), 1));
    let (end, ..) = drive(Pay::new("茶"), vec![(Err(true), 0)]);
    assert_eq!(end, End::Refused("not sent".to_owned()));
}

#[test]
fn an_answer_that_nobody_signed_decides_nothing() {
    let forged = document(&good(&[("trade_state", "SUCCESS")]));
    let answers = vec![
        (refusal("SYSTEMERROR"), 0),
        (Ok(ok(forged)), 0),
        (state("SUCCESS"), 0),
    ];
    let (end, at, _) = drive(Pay::new("茶"), answers);
    assert_eq!((end, at), (End::Paid, 10));
}

#[test]
fn it_is_taken_up_again_with_a_question() {
    let (end, at, sent) = drive(Pay::resumed(), vec![(state("SUCCESS"), 1)]);
    assert_eq!((end, at), (End::Paid, 1));
    assert_eq!(sent, ["v2.pay.order_query"]);
    let answers = vec![(state("NOTPAY"), 31)];
    assert_eq!(drive(Pay::resumed(), answers).0, End::Unclear);
}

#[test]
fn what_cannot_be_sent_is_found_before_it_begins() {
    assert_eq!(Pay::new("").check().unwrap_err().field(), "body");
}

#[test]
fn steps_show_what_they_are_about_and_no_more() {
    let mut flow = Pay::new("张三的茶");
    let step = flow.next(Duration::ZERO);
    assert_eq!(format!("{step:?}"), "Send(\"v2.pay.unified_order\")");
    let wait: Step<'_, ()> = Step::Wait(Duration::from_secs(5));
    assert_eq!(format!("{wait:?}"), "Wait(5s)");
}
