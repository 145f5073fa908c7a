//! What is sold. A real shop has a table for it; what matters here is that prices are the shop's, and that a browser
//! sends nothing but an id and a quantity.

use crate::Fen;

/// Something that is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goods {
    /// Its id: letters, digits and `-`.
    pub id: &'static str,
    /// What it is called, on pages and in the payer's WeChat.
    pub name: &'static str,
    /// A line about it.
    pub about: &'static str,
    /// What one of it costs.
    pub price: Fen,
}

/// Everything there is.
pub const GOODS: &[Goods] = &[
    Goods {
        id: "longjing",
        name: "明前龙井 50克",
        about: "清明前采，豆香，杭州梅家坞",
        price: Fen::new(12_800),
    },
    Goods {
        id: "oolong",
        name: "铁观音 100克",
        about: "清香型，安溪秋茶",
        price: Fen::new(6_850),
    },
    Goods {
        id: "cup",
        name: "手作茶杯",
        about: "景德镇，一只，180毫升",
        price: Fen::new(3_999),
    },
    Goods {
        id: "cake",
        name: "桂花糕",
        about: "一块，当天做的",
        price: Fen::new(1),
    },
];

/// The most of one kind in one order.
pub const MAX_QUANTITY: i64 = 99;

/// The goods of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Goods> {
    GOODS.iter().find(|goods| goods.id == id)
}

impl Goods {
    /// What so many of it cost; `None` for less than one or more than [`MAX_QUANTITY`].
    #[must_use]
    pub fn total(&self, quantity: i64) -> Option<Fen> {
        (1..=MAX_QUANTITY)
            .contains(&quantity)
            .then(|| self.price.as_fen().checked_mul(quantity))
            .flatten()
            .map(Fen::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities() {
        let cup = find("cup").unwrap();
        assert_eq!(cup.total(1), Some(Fen::new(3_999)));
        assert_eq!(cup.total(99), Some(Fen::new(395_901)));
        for quantity in [0, -1, 100, i64::MIN, i64::MAX] {
            assert_eq!(cup.total(quantity), None, "{quantity}");
        }
        assert_eq!(find("Cup"), None);
    }
}
