//! What happens in the shop on the day: three hundred sales, the same every time.

use wxpay_bill::Fen;

/// The number of sales.
const SALES: usize = 300;

/// Something that is sold.
#[derive(Debug)]
pub(crate) struct Item {
    /// As the payer's bill shows it. One of them would break a page that prints it as it is.
    pub(crate) name: &'static str,
    /// What one costs.
    pub(crate) price: Fen,
}

const ITEMS: [Item; 8] = [
    item("一壶乌龙茶", 3_650),
    item("一壶龙井", 4_800),
    item("桂花糕", 1_800),
    item("珍珠奶茶", 1_650),
    item("冰美式", 1_990),
    item("乌龙茶, 礼盒", 12_800),
    item("茶具 <六件> & \"托盘\"", 26_800),
    item("陈皮普洱", 5_950),
];

const fn item(name: &'static str, fen: i64) -> Item {
    Item {
        name,
        price: Fen::new(fen),
    }
}

/// How many of a thousand guests come in each hour.
const GUESTS: [u32; 24] = [
    2, 0, 0, 0, 0, 0, 6, 22, 48, 52, 58, 92, 124, 78, 54, 60, 66, 70, 88, 74, 48, 32, 18, 8,
];

/// How something is paid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// In a mini program (JSAPI).
    MiniProgram,
    /// By scanning a code (NATIVE).
    QrCode,
    /// In the shop's app (APP).
    App,
    /// On a page in a phone's browser (MWEB).
    Page,
    /// By showing a code at the counter (MICROPAY).
    Counter,
}

/// What becomes of a sale.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    Paid,
    /// Nobody pays, and the shop closes the order.
    Closed,
    /// The cashier takes it back (撤销).
    Reversed,
}

#[derive(Debug)]
pub(crate) struct Sale {
    /// In seconds since midnight.
    pub(crate) at: i64,
    /// How many seconds later it is paid.
    pub(crate) paid_after: i64,
    pub(crate) item: &'static Item,
    pub(crate) quantity: i64,
    pub(crate) way: Way,
    pub(crate) end: End,
}

impl Sale {
    pub(crate) fn total(&self) -> Fen {
        Fen::new(self.item.price.as_fen() * self.quantity)
    }
}

/// Something to do, in the order of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// In seconds since midnight.
    pub(crate) at: i64,
    /// Which sale.
    pub(crate) sale: usize,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum What {
    Order,
    Pay,
    Close,
    Reverse,
    Refund(Fen),
}

/// The sales of the day, and what there is to do about them.
pub(crate) fn day() -> (Vec<Sale>, Vec<Event>) {
    let mut dice = Dice(20_261_121);
    let mut sales: Vec<Sale> = (0..SALES).map(|number| sale(number, &mut dice)).collect();
    sales.sort_by_key(|sale| sale.at);
    // The last guest orders before midnight and pays after it: the bill counts that on the next day.
    sales.push(Sale {
        at: 86_390,
        paid_after: 40,
        item: &ITEMS[0],
        quantity: 1,
        way: Way::MiniProgram,
        end: End::Paid,
    });
    let mut events = Vec::new();
    for (number, sale) in sales.iter().enumerate() {
        let mut add = |after: i64, what| {
            let at = sale.at + after;
            events.push(Event {
                at,
                sale: number,
                what,
            });
        };
        // A code at the counter is order and payment in one.
        if sale.way != Way::Counter {
            add(0, What::Order);
        }
        match sale.end {
            End::Closed => add(900, What::Close),
            End::Paid | End::Reversed => add(sale.paid_after, What::Pay),
        }
        if sale.end == End::Reversed {
            add(sale.paid_after + 30, What::Reverse);
        }
        if sale.end == End::Paid && sale.at < 79_000 {
            let total = sale.total().as_fen();
            match number % 25 {
                // In full.
                3 => add(2_400, What::Refund(Fen::new(total))),
                // Some of it.
                8 | 19 => add(1_500, What::Refund(Fen::new(total / 3))),
                // Some of it, and some more.
                14 => {
                    add(1_200, What::Refund(Fen::new(total / 4)));
                    add(4_800, What::Refund(Fen::new(total / 2)));
                }
                _ => {}
            }
        }
    }
    events.sort_by_key(|event| (event.at, event.sale, event.what));
    (sales, events)
}

fn sale(number: usize, dice: &mut Dice) -> Sale {
    let way = match dice.below(100) {
        0..45 => Way::MiniProgram,
        45..67 => Way::QrCode,
        67..79 => Way::App,
        79..86 => Way::Page,
        _ => Way::Counter,
    };
    let end = match (way, number % 12) {
        (Way::Counter, 0..2) => End::Reversed,
        (Way::Counter, _) => End::Paid,
        (_, 5) => End::Closed,
        _ => End::Paid,
    };
    // Dear things are bought less often.
    let item = dice.below(8).min(dice.below(9));
    Sale {
        at: hour(dice) * 3_600 + dice.below(3_600),
        paid_after: 8 + dice.below(50),
        item: &ITEMS[item as usize % ITEMS.len()],
        quantity: 1 + dice.below(3).min(dice.below(3)),
        way,
        end,
    }
}

fn hour(dice: &mut Dice) -> i64 {
    let all: u32 = GUESTS.iter().sum();
    let mut guest = dice.below(i64::from(all));
    for (hour, guests) in (0..).zip(GUESTS) {
        guest -= i64::from(guests);
        if guest < 0 {
            return hour;
        }
    }
    12
}

/// Numbers that look random and are always the same: a plan, not a secret.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_has_everything_and_stays_within_itself() {
        let (sales, events) = day();
        assert_eq!(sales.len(), SALES + 1);
        assert!(events.is_sorted_by_key(|event| event.at));
        let last = events.last().unwrap();
        assert!(86_400 < last.at && last.at < 86_500, "{last:?}");
        let before = &events[..events.len() - 1];
        assert!(before.iter().all(|event| event.at < 86_400));
        for way in [
            Way::MiniProgram,
            Way::QrCode,
            Way::App,
            Way::Page,
            Way::Counter,
        ] {
            assert!(sales.iter().any(|sale| sale.way == way), "{way:?}");
        }
        for end in [End::Paid, End::Closed, End::Reversed] {
            assert!(sales.iter().any(|sale| sale.end == end), "{end:?}");
        }
        let refunds = events
            .iter()
            .filter(|it| matches!(it.what, What::Refund(_)));
        assert!(refunds.count() > 20);
    }
}
