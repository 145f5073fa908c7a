//! The merchant's fee (手续费).

use wxpay_json::Fen;

/// 0.60 %, in ten-thousandths: the usual rate.
const RATE: i128 = 60;

/// The rate as bills write it.
pub(super) const RATE_TEXT: &str = "0.60%";

/// The fee of a payment: 0.60 %, to the nearest fen, a half rounded up.
pub(super) fn of(amount: Fen) -> Fen {
    let fee = (i128::from(amount.as_fen()) * RATE + 5_000).div_euclid(10_000);
    // Smaller than the amount, so it fits.
    Fen::new(i64::try_from(fee).unwrap_or(0))
}

/// The fee that comes back with one more refund of a payment of `total`, when `given` came back with
/// others before and `left` will be left: the difference to the fee of what is left, so that a payment
/// refunded in any number of parts gets back its whole fee, to the fen, whatever became of other parts.
pub(super) fn returned(total: Fen, given: Fen, left: Fen) -> Fen {
    let due = of(total)
        .checked_sub(given)
        .and_then(|kept| kept.checked_sub(of(left)));
    // Rounding may have given a fen too many before.
    due.unwrap_or(Fen::ZERO).max(Fen::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_rounded_to_the_fen() {
        for (amount, fee) in [
            (0, 0),
            (83, 0),
            (84, 1),
            (100, 1),
            (249, 1),
            (250, 2),
            (10_000, 60),
        ] {
            assert_eq!(of(Fen::new(amount)), Fen::new(fee), "{amount}");
        }
        assert_eq!(of(Fen::new(i64::MAX)).as_fen(), 55_340_232_221_128_655);
    }

    #[test]
    fn parts_get_the_whole_fee_back() {
        let total = Fen::new(1_999);
        let (mut left, mut back) = (1_999, 0);
        for part in [1, 83, 84, 500, 331, 1_000] {
            left -= part;
            back += returned(total, Fen::new(back), Fen::new(left)).as_fen();
        }
        assert_eq!(left, 0);
        assert_eq!(back, of(total).as_fen());
    }

    #[test]
    fn a_part_that_is_taken_back_changes_nothing_in_the_end() {
        let total = Fen::new(167);
        let back = |given, left| returned(total, Fen::new(given), Fen::new(left)).as_fen();
        // 83, then 1, of which the first is closed.
        assert_eq!((back(0, 84), back(0, 83)), (0, 1));
        // One more fen: the fee of what is left, 165, is the whole fee, and it came back already.
        assert_eq!(back(1, 165), 0);
        assert_eq!(back(1, 0), 0);
    }
}
