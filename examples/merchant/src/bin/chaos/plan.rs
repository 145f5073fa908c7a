//! What a customer is going to do; follows from the seed and the customer's number alone.

use merchant::Fen;
use merchant::goods::{GOODS, Goods, MAX_QUANTITY};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// One customer, one order.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) goods: &'static Goods,
    pub(crate) quantity: i64,
    /// Of the order's form, and so the address of its page.
    pub(crate) form: String,
    /// Whether the form is sent twice at the same moment (a double click).
    pub(crate) double_click: bool,
    /// Whether the form is sent again later, once as it was and once with something else in it.
    pub(crate) form_again: bool,
    pub(crate) payer: Payer,
    /// Asked for once it is paid: none, one or two.
    pub(crate) refunds: Vec<Wish>,
    /// Whether they are asked for at the same moment.
    pub(crate) together: bool,
}

/// When it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    /// As soon as there is a code.
    AtOnce,
    /// At the first try something is wrong with the card.
    AtSecondTry,
    /// So many seconds before it cannot be paid any more, or after.
    AtTheEnd(i64),
    /// Never.
    Never,
}

/// Some money back.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) amount: Fen,
    pub(crate) form: String,
    /// Whether it is asked for again later, once as it was and once over another amount.
    pub(crate) again: bool,
}

impl Plan {
    /// What the customer of that number does.
    pub(crate) fn of(seed: u64, index: u32) -> Self {
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9) ^ u64::from(index));
        let goods = &GOODS[rng.random_range(0..GOODS.len())];
        let quantity = match rng.random_range(0..10) {
            0 => rng.random_range(1..=MAX_QUANTITY),
            _ => rng.random_range(1..=3),
        };
        let total = goods.total(quantity).unwrap_or(goods.price);
        Self {
            goods,
            quantity,
            form: form(&mut rng),
            double_click: rng.random_bool(0.2),
            form_again: rng.random_bool(0.1),
            payer: match rng.random_range(0..20) {
                0..15 => Payer::AtOnce,
                15 => Payer::AtSecondTry,
                16..18 => Payer::AtTheEnd(rng.random_range(-3..=15)),
                _ => Payer::Never,
            },
            refunds: refunds(&mut rng, total.as_fen()),
            together: rng.random_bool(0.5),
        }
    }

    /// What the order costs.
    pub(crate) fn total(&self) -> Fen {
        self.goods.total(self.quantity).unwrap_or_default()
    }
}

/// Three in ten want money back; some of them more than they paid.
fn refunds(rng: &mut StdRng, total: i64) -> Vec<Wish> {
    let wish = |amount: i64, rng: &mut StdRng| Wish {
        amount: Fen::new(amount),
        form: form(rng),
        again: rng.random_bool(0.3),
    };
    if !rng.random_bool(0.3) {
        return Vec::new();
    }
    let first = rng.random_range(1..=total);
    match rng.random_range(0..10) {
        // All of it.
        0..3 => vec![wish(total, rng)],
        3..5 => vec![wish(first, rng)],
        // Two parts that fit, if there is anything to part.
        5..7 if first < total => {
            let second = rng.random_range(1..=total - first);
            vec![wish(first, rng), wish(second, rng)]
        }
        // Two parts that do not fit: one of them has to be refused.
        5..9 => {
            let second = rng.random_range(total - first + 1..=total);
            vec![wish(first, rng), wish(second, rng)]
        }
        // More than was paid.
        _ => vec![wish(total + first, rng)],
    }
}

/// The id of a form, as the shop makes them.
fn form(rng: &mut StdRng) -> String {
    format!("{:032x}", rng.random::<u128>())
}
