//! What the service knows: its prices, its orders, their refunds. A real one keeps this in a database.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wxpay_api::{ExpectedOrder, ExpectedRefund};
use wxpay_client::proto::Fen;

/// Something that is sold.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) price: Fen,
}

/// The prices, whole fen. The app says what it buys and never what that costs.
pub(crate) const PRICES: &[Item] = &[
    Item {
        id: "oolong",
        name: "乌龙茶 100 g",
        price: Fen::new(1999),
    },
    Item {
        id: "cup",
        name: "茶杯",
        price: Fen::new(3550),
    },
];

#[derive(Debug)]
pub(crate) struct Order {
    /// What a notice has to agree with.
    pub(crate) expected: ExpectedOrder,
    /// WeChat Pay's number, once it is paid.
    pub(crate) transaction_id: Option<String>,
    /// How many times the goods were sent: never more than once.
    pub(crate) sent: u32,
    pub(crate) refund: Option<Refund>,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    /// What a notice has to agree with.
    pub(crate) expected: ExpectedRefund,
    /// How it stands.
    pub(crate) status: String,
}

impl Order {
    /// The order is paid: sends the goods, the first time it hears of it.
    pub(crate) fn paid(&mut self, transaction_id: &str) {
        if self.transaction_id.is_none() {
            self.transaction_id = Some(transaction_id.to_owned());
            self.sent += 1;
        }
    }
}

/// The orders by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<HashMap<String, Order>>);

impl Book {
    pub(crate) fn orders(&self) -> MutexGuard<'_, HashMap<String, Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn expect(&self, expected: ExpectedOrder) {
        let order = Order {
            expected: expected.clone(),
            transaction_id: None,
            sent: 0,
            refund: None,
        };
        self.orders().insert(expected.out_trade_no, order);
    }
}
