//! Mistakes as they happen in books, planted to be found.

use anyhow::{Context as _, Result};
use wxpay_bill::reconcile::{Cause, Difference, EntryKind};
use wxpay_bill::{Date, Fen};

use crate::books::{Books, Done, Order};

/// A mistake, and what it must be found as.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// What the shop did wrong.
    pub(crate) story: &'static str,
    pub(crate) cause: Cause,
    pub(crate) kind: EntryKind,
    pub(crate) number: String,
    /// The day on which the other side likely has it.
    pub(crate) likely: Option<Date>,
}

impl Mistake {
    /// Whether a difference is this mistake.
    pub(crate) fn is(&self, difference: &Difference) -> bool {
        self.cause == difference.cause
            && self.kind == difference.kind
            && self.number == difference.number
            && self.likely == difference.likely
            // Only one of them is about an amount, and nothing else differs there.
            && difference.fields.amount == (self.cause == Cause::Differs)
            && !difference.fields.id
            && !difference.fields.state
    }
}

/// Makes six mistakes in the books of a day.
pub(crate) fn plant(books: &mut Books, day: Date) -> Result<Vec<Mistake>> {
    use Cause::{Differs, Duplicate, MissingInBill, MissingInBooks};
    use EntryKind::{Payment, Refund};

    let mut mistakes = Vec::new();
    let mut planted = |story, cause, kind, number, likely| {
        mistakes.push(Mistake {
            story,
            cause,
            kind,
            number,
            likely,
        });
    };
    let from = |number: u32| format!("T{}{number:04}", day.compact());
    let is_paid = |order: &Order| order.paid.is_some() && order.reversed.is_none();

    let lost = find(books, &from(41), is_paid)?;
    books.orders.remove(&lost);
    let story = "an order was lost with a disk";
    planted(story, MissingInBooks, Payment, lost, None);

    let dear = find(books, &from(97), is_paid)?;
    let order = order(books, &dear)?;
    order.total = swap_digits(order.total);
    let story = "two digits of an amount were swapped";
    planted(story, Differs, Payment, dear, None);

    let unpaid = find(books, &from(130), |order| order.paid.is_none())?;
    let order = self::order(books, &unpaid)?;
    let at = order.placed;
    order.paid = Some(Done { id: None, at });
    let story = "a screenshot was taken for a payment";
    planted(story, MissingInBill, Payment, unpaid, None);

    let unheard = find(books, &from(160), is_paid)?;
    self::order(books, &unheard)?.paid = None;
    let story = "the notice of a payment never came";
    planted(story, MissingInBooks, Payment, unheard, None);

    let refund = books.refunds.iter().find(|refund| refund.arrived);
    let refund = refund.context("nothing was refunded")?.clone();
    let number = refund.number.clone();
    books.refunds.push(refund);
    let story = "a refund was written down twice";
    planted(story, Duplicate, Refund, number, None);

    let next = day.next().context("the calendar has ended")?;
    let late = find(books, "", |order| {
        let paid = order.paid.as_ref();
        paid.is_some_and(|paid| paid.at.to_beijing().date() == next)
    })?;
    let order = self::order(books, &late)?;
    let at = order.placed;
    if let Some(paid) = &mut order.paid {
        paid.at = at;
    }
    let story = "a payment after midnight was counted on the day of its order";
    planted(story, MissingInBill, Payment, late, Some(next));
    Ok(mistakes)
}

/// The first order from a number on that is as wanted.
fn find(books: &Books, from: &str, wanted: impl Fn(&Order) -> bool) -> Result<String> {
    let mut orders = books.orders.iter();
    let order = orders.find(|(number, order)| number.as_str() >= from && wanted(order));
    let (number, _) = order.context("no order to make a mistake with")?;
    Ok(number.clone())
}

fn order<'a>(books: &'a mut Books, number: &str) -> Result<&'a mut Order> {
    let order = books.orders.get_mut(number);
    order.with_context(|| format!("order {number} is not in the books"))
}

/// 36.50 becomes 63.50.
fn swap_digits(amount: Fen) -> Fen {
    let mut digits = amount.as_fen().to_string().into_bytes();
    if let Some(place) = digits.windows(2).position(|pair| pair[0] != pair[1]) {
        digits.swap(place, place + 1);
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
    Fen::new(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_digits_are_another_amount() {
        for (right, wrong) in [(3_650, 6_350), (1_100, 1_010), (4_480, 4_840)] {
            assert_eq!(swap_digits(Fen::new(right)), Fen::new(wrong));
        }
    }
}
