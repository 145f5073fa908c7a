//! What a day comes to: added up from the rows of its bill, however many.

use wxpay_bill::reconcile::{Sum, Tally};
use wxpay_bill::{Date, Fen, Trade, TradeState};

/// So many trade types are told apart. There are about ten; a file that has more is no reason to run out of memory.
const MOST_TYPES: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Picture {
    /// The first and the last day of which it has rows.
    pub(crate) days: Option<(Date, Date)>,
    pub(crate) hours: [Hour; 24],
    /// By trade type (交易类型).
    pub(crate) types: Vec<(String, Moved)>,
    pub(crate) all: Moved,
    /// The largest payment.
    pub(crate) largest: Option<Largest>,
}

/// What moved in an hour of the day, in Beijing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hour {
    pub(crate) paid: Tally,
    pub(crate) back: Tally,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    /// What was paid: 应结订单金额, which is what the merchant is owed.
    pub(crate) paid: Tally,
    /// What went back: refunds (退款) and reversals (撤销).
    pub(crate) back: Tally,
    /// 手续费, in thousandths of a fen, less what came back with refunds.
    pub(crate) fee: i128,
}

#[derive(Debug)]
pub(crate) struct Largest {
    pub(crate) number: String,
    pub(crate) description: String,
    pub(crate) amount: Fen,
}

impl Moved {
    /// What is left for the merchant, in thousandths of a fen.
    pub(crate) fn net(&self) -> i128 {
        (self.paid.sum.as_fen() - self.back.sum.as_fen()) * 1_000 - self.fee
    }

    fn add(&mut self, amount: Fen, is_payment: bool, fee: i64) {
        let side = if is_payment {
            &mut self.paid
        } else {
            &mut self.back
        };
        *side += amount;
        self.fee += i128::from(fee);
    }
}

impl Picture {
    pub(crate) fn add(&mut self, trade: &Trade<'_>) {
        let refund = trade.refund();
        let is_payment = refund.is_none() && trade.trade_state() == TradeState::Success;
        let (amount, time) = match refund {
            None => (
                trade.settlement_total().or_else(|| trade.total()),
                trade.trade_time(),
            ),
            Some(refund) => (
                refund.amount.or(refund.requested_amount),
                refund.create_time.unwrap_or_else(|| trade.trade_time()),
            ),
        };
        let amount = amount.unwrap_or_default();
        let fee = trade.fee().unwrap_or_default().as_millifen();
        self.all.add(amount, is_payment, fee);
        let hour = &mut self.hours[usize::from(time.hour()) % 24];
        if is_payment {
            hour.paid += amount;
        } else {
            hour.back += amount;
        }
        self.type_of(trade.trade_type())
            .add(amount, is_payment, fee);

        let date = time.date();
        let (first, last) = self.days.unwrap_or((date, date));
        self.days = Some((first.min(date), last.max(date)));
        if is_payment && self.largest.as_ref().is_none_or(|it| it.amount < amount) {
            self.largest = Some(Largest {
                number: trade.out_trade_no().to_owned(),
                description: trade.description().to_owned(),
                amount,
            });
        }
    }

    fn type_of(&mut self, name: &str) -> &mut Moved {
        let known = self.types.iter().position(|(known, _)| known == name);
        let place = known.unwrap_or_else(|| {
            if self.types.len() < MOST_TYPES {
                self.types.push((name.to_owned(), Moved::default()));
            } else if let Some((last, _)) = self.types.last_mut() {
                "其他".clone_into(last);
            }
            self.types.len() - 1
        });
        &mut self.types[place].1
    }
}

/// Yuan, of thousandths of a fen: two decimals, or the five that fees have where two are not exact.
pub(crate) fn yuan(millifen: i128) -> String {
    let sign = if millifen < 0 { "-" } else { "" };
    let parts = millifen.unsigned_abs();
    let (whole, decimals) = (grouped(parts / 100_000), parts % 100_000);
    if decimals % 1_000 == 0 {
        format!("{sign}{whole}.{:02}", decimals / 1_000)
    } else {
        format!("{sign}{whole}.{decimals:05}")
    }
}

/// Yuan to the nearest fen.
pub(crate) fn rounded_yuan(millifen: i128) -> String {
    let half = if millifen < 0 { -500 } else { 500 };
    yuan((millifen + half) / 1_000 * 1_000)
}

/// Yuan with a comma after every three digits.
pub(crate) fn yuan_of(sum: Sum) -> String {
    yuan(sum.as_fen() * 1_000)
}

pub(crate) fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_exact() {
        for (millifen, text) in [
            (0, "0.00"),
            (1_000, "0.01"),
            (-21_900, "-0.21900"),
            (123_456_700_000, "1,234,567.00"),
            (1, "0.00001"),
            (999_999_000, "9,999.99"),
        ] {
            assert_eq!(yuan(millifen), text);
        }
        for (millifen, text) in [(499, "0.00"), (500, "0.01"), (-21_900, "-0.22")] {
            assert_eq!(rounded_yuan(millifen), text);
        }
    }
}
