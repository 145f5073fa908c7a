//! Whatever order, repetition and loss of events: the books end as WeChat Pay does.

use merchant::Fen;
use merchant::flow::{
    OrderAction, OrderEvent, OrderFacts, OrderState, Payment, RefundAction, RefundEvent,
    RefundFacts, RefundState, RefundStatus, Step,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const END: i64 = 900;

/// An order as WeChat Pay has it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Truth {
    Nothing,
    Open,
    Paid(i64),
    Closed,
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happening {
    Prepay,
    Pay,
    Query,
    Close,
    /// One of the messages so far arrives: late, twice, out of order.
    Arrives(Index),
    Passes(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Prepay),
        Just(Happening::Pay),
        Just(Happening::Query),
        Just(Happening::Close),
        any::<Index>().prop_map(Happening::Arrives),
        (0..500_i64).prop_map(Happening::Passes),
    ]
}

/// The world: the truth, the books, and what was said but not heard yet, or never.
struct World {
    now: i64,
    truth: Truth,
    books: OrderFacts,
    said: Vec<OrderEvent>,
    times_paid: usize,
}

impl World {
    fn new() -> Self {
        Self {
            now: 0,
            truth: Truth::Nothing,
            books: OrderFacts {
                state: OrderState::Placed,
                total: Fen::new(100),
                transaction_id: None,
                expires_at: END,
            },
            said: Vec::new(),
            times_paid: 0,
        }
    }

    fn query(&self) -> OrderEvent {
        match self.truth {
            Truth::Nothing => OrderEvent::Unknown { asked_at: self.now },
            Truth::Open => OrderEvent::Unpaid,
            Truth::Closed => OrderEvent::Closed,
            Truth::Paid(at) => OrderEvent::Paid(Payment {
                transaction_id: "42".to_owned(),
                total: Fen::new(100),
                at,
            }),
        }
    }

    /// `None`: closing is refused, as the order is paid.
    fn close(&mut self) -> Option<OrderEvent> {
        match self.truth {
            Truth::Nothing => Some(OrderEvent::Unknown { asked_at: self.now }),
            Truth::Open | Truth::Closed => {
                self.truth = Truth::Closed;
                Some(OrderEvent::Closed)
            }
            Truth::Paid(_) => None,
        }
    }

    fn happens(&mut self, happening: &Happening) {
        match happening {
            Happening::Prepay if self.now < END => {
                if self.truth == Truth::Nothing {
                    self.truth = Truth::Open;
                }
                if self.truth == Truth::Open {
                    self.said.push(OrderEvent::Prepaid);
                }
            }
            Happening::Pay if self.truth == Truth::Open && self.now < END => {
                self.truth = Truth::Paid(self.now);
                self.said.push(self.query());
            }
            Happening::Query => self.said.push(self.query()),
            // The shop closes when time is up.
            Happening::Close if self.now >= END => {
                let answer = self.close();
                self.said.extend(answer);
            }
            Happening::Arrives(which) if !self.said.is_empty() => {
                let event = which.get(&self.said).clone();
                self.heard(&event);
            }
            Happening::Passes(seconds) => self.now += seconds,
            Happening::Prepay | Happening::Pay | Happening::Close | Happening::Arrives(_) => {}
        }
    }

    fn heard(&mut self, event: &OrderEvent) {
        match self.books.step(event) {
            Step::To(state) => {
                assert_ne!(state, self.books.state, "{event:?}");
                self.books.state = state;
                if let OrderEvent::Paid(payment) = event {
                    self.times_paid += 1;
                    self.books.transaction_id = Some(payment.transaction_id.clone());
                }
            }
            Step::Stay => {}
            Step::Conflict(_, conflict) => panic!("{event:?}: {conflict:?}"),
        }
    }

    /// The jobs of the shop, until there is nothing to do; every `lost`th answer gets lost.
    fn settle(&mut self, lost: i64) {
        for attempts in 0.. {
            let Some(due) = self.books.due(attempts, self.now) else {
                return;
            };
            assert!(attempts < 100, "it never ends: {:?}", self.books);
            assert!(due >= self.now && (due <= END.max(self.now) || self.now >= END));
            self.now = due;
            let answer = match self.books.action(self.now) {
                Some(OrderAction::Prepay) => {
                    self.happens(&Happening::Prepay);
                    self.said.last().cloned()
                }
                Some(OrderAction::Query) => Some(self.query()),
                Some(OrderAction::Close) => self.close().or_else(|| Some(self.query())),
                None => return,
            };
            if let Some(answer) = answer.filter(|_| attempts % lost != 0) {
                self.heard(&answer);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn an_order_ends_as_wechat_pay_says(
        happenings in vec(happening(), 0..40),
        lost in 2..9_i64,
    ) {
        let mut world = World::new();
        for happening in &happenings {
            world.happens(happening);
        }
        world.settle(lost);
        let expected = match world.truth {
            Truth::Paid(_) => OrderState::Paid,
            Truth::Nothing | Truth::Closed => OrderState::Closed,
            // Not left open: then somebody could still pay.
            Truth::Open => unreachable!("left open: {:?}", world.books),
        };
        prop_assert_eq!(world.books.state, expected);
        // Everything that was ever said comes once more.
        for event in world.said.clone() {
            world.heard(&event);
        }
        prop_assert_eq!(world.books.state, expected);
        prop_assert_eq!(world.times_paid, usize::from(expected == OrderState::Paid));
    }

    #[test]
    fn another_amount_never_counts_as_paid(
        before in 0..5_usize,
        total in (1..1_000_i64).prop_filter("another one", |total| *total != 100),
        now in 0..2_000_i64,
    ) {
        let state = OrderState::ALL[before];
        let transaction_id = (state == OrderState::Paid).then(|| "42".to_owned());
        let books = OrderFacts { state, total: Fen::new(100), transaction_id, expires_at: END };
        let payment = Payment { transaction_id: "43".to_owned(), total: Fen::new(total), at: now };
        let step = books.step(&OrderEvent::Paid(payment));
        let kept = if state == OrderState::Paid { OrderState::Paid } else { OrderState::Held };
        let is_conflict = matches!(&step, Step::Conflict(next, _) if *next == kept);
        prop_assert!(is_conflict, "{:?}", step);
    }
}

/// One thing that happens about a refund.
#[derive(Clone, Debug)]
enum About {
    /// A customer asks for this much back.
    Ask(i64),
    /// The request of one of them reaches WeChat Pay, again perhaps.
    Send(Index),
    /// WeChat Pay comes to an end with one: the payer has the money, or not.
    Ends(Index, RefundState),
    /// One of the messages so far arrives.
    Arrives(Index),
}

fn about() -> impl Strategy<Value = About> {
    let ends = prop_oneof![
        Just(RefundState::Success),
        Just(RefundState::Closed),
        Just(RefundState::Abnormal),
    ];
    prop_oneof![
        (1..80_i64).prop_map(About::Ask),
        any::<Index>().prop_map(About::Send),
        (any::<Index>(), ends).prop_map(|(which, state)| About::Ends(which, state)),
        any::<Index>().prop_map(About::Arrives),
    ]
}

/// WeChat Pay's refund, if it has it, and ours.
struct Pair {
    truth: Option<RefundState>,
    books: RefundFacts,
}

impl Pair {
    fn new(amount: i64) -> Self {
        Self {
            truth: None,
            books: RefundFacts {
                state: RefundState::Reserved,
                amount: Fen::new(amount),
                refund_id: None,
            },
        }
    }

    fn query(&self, number: usize) -> RefundEvent {
        match self.truth {
            None => RefundEvent::Unknown,
            Some(state) => RefundEvent::Status(RefundStatus {
                state,
                refund_id: format!("50{number}"),
                amount: Some(self.books.amount),
                accepted_at: None,
                finished_at: None,
            }),
        }
    }

    fn heard(&mut self, event: &RefundEvent) {
        match self.books.step(event) {
            Step::To(state) => {
                self.books.state = state;
                if let RefundEvent::Status(status) = event {
                    self.books.refund_id = Some(status.refund_id.clone());
                }
            }
            Step::Stay => {}
            Step::Conflict(_, conflict) => panic!("{event:?}: {conflict:?}"),
        }
    }
}

/// What refunds hold of 100 fen, as the store counts it.
fn held(refunds: &[Pair]) -> i64 {
    let holds =
        |pair: &&Pair| !matches!(pair.books.state, RefundState::Closed | RefundState::Refused);
    refunds
        .iter()
        .filter(holds)
        .map(|pair| pair.books.amount.as_fen())
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn refunds_end_as_wechat_pay_says_and_never_exceed_the_payment(
        happenings in vec(about(), 0..60),
    ) {
        let mut refunds: Vec<Pair> = Vec::new();
        let mut said: Vec<(usize, RefundEvent)> = Vec::new();
        for happening in happenings {
            match happening {
                About::Ask(amount) => {
                    if held(&refunds) + amount <= 100 {
                        refunds.push(Pair::new(amount));
                    }
                }
                About::Send(which) if !refunds.is_empty() => {
                    let number = which.index(refunds.len());
                    let pair = &mut refunds[number];
                    // The books say whether to send; the same number again is the same refund.
                    if pair.books.action() == Some(RefundAction::Send) {
                        pair.truth.get_or_insert(RefundState::Processing);
                        said.push((number, pair.query(number)));
                    }
                }
                About::Ends(which, state) if !refunds.is_empty() => {
                    let number = which.index(refunds.len());
                    let pair = &mut refunds[number];
                    if pair.truth.is_some_and(|truth| !truth.is_final()) {
                        pair.truth = Some(state);
                        said.push((number, pair.query(number)));
                    }
                }
                About::Arrives(which) if !said.is_empty() => {
                    let (number, event) = which.get(&said).clone();
                    refunds[number].heard(&event);
                }
                About::Send(_) | About::Ends(..) | About::Arrives(_) => {}
            }
            let given: i64 = refunds
                .iter()
                .filter(|pair| pair.truth.is_some_and(|truth| truth != RefundState::Closed))
                .map(|pair| pair.books.amount.as_fen())
                .sum();
            prop_assert!(given <= 100, "WeChat Pay gives {} of 100 fen back", given);
        }
        // The jobs: every answer may come, WeChat Pay ends what it has.
        for (number, pair) in refunds.iter_mut().enumerate() {
            for round in 0.. {
                prop_assert!(round < 10, "it never ends: {:?}", pair.books);
                match pair.books.action() {
                    None => break,
                    Some(RefundAction::Send) => {
                        pair.truth.get_or_insert(RefundState::Processing);
                    }
                    Some(RefundAction::Query) if round >= 3 => {
                        if pair.truth.is_some_and(|truth| !truth.is_final()) {
                            pair.truth = Some(RefundState::Success);
                        }
                    }
                    Some(RefundAction::Query) => {}
                }
                prop_assert!(pair.books.due(round, 7).is_some_and(|due| due > 7));
                let answer = pair.query(number);
                pair.heard(&answer);
            }
        }
        for (number, event) in &said {
            refunds[*number].heard(event);
        }
        for pair in &refunds {
            prop_assert_eq!(Some(pair.books.state), pair.truth);
        }
        prop_assert!(held(&refunds) <= 100);
    }
}

#[test]
fn a_refund_wechat_pay_never_took() {
    let mut pair = Pair::new(10);
    assert_eq!(
        pair.books.step(&RefundEvent::Refused),
        Step::To(RefundState::Refused)
    );
    pair.books.state = RefundState::Refused;
    assert_eq!((pair.books.action(), pair.books.due(0, 0)), (None, None));
    // It was taken after all: the amount may be given out again already, so a person decides.
    pair.truth = Some(RefundState::Success);
    let step = pair.books.step(&pair.query(0));
    assert!(
        matches!(step, Step::Conflict(RefundState::Refused, _)),
        "{step:?}"
    );
    // What WeChat Pay has is not refused by an older answer.
    pair.books.state = RefundState::Processing;
    assert_eq!(pair.books.step(&RefundEvent::Refused), Step::Stay);
}

#[test]
fn queries_come_less_and_less_often_until_the_end() {
    let mut books = World::new().books;
    let mut now = 0;
    let mut times = Vec::new();
    for attempts in 0.. {
        now = books.due(attempts, now).unwrap();
        times.push(now);
        if now >= END {
            break;
        }
    }
    assert_eq!(times, [5, 15, 45, 105, 285, 585, 900]);
    assert_eq!(books.action(899), Some(OrderAction::Prepay));
    assert_eq!(books.action(900), Some(OrderAction::Close));
    books.state = OrderState::Paying;
    assert_eq!(books.action(899), Some(OrderAction::Query));
    assert_eq!(books.due(50, 900), Some(960));
}
