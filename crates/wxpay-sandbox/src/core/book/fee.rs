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

/// The fee that comes back when `refund` is taken from what is `left` of a payment: the difference
/// the refund makes to the fee, so that a payment refunded in any number of parts gets back its
/// whole fee, to the fen.
pub(super) fn returned(left: Fen, refund: Fen) -> Fen {
    let after = left.checked_sub(refund).unwrap_or(Fen::ZERO);
    of(left).checked_sub(of(after)).unwrap_or(Fen::ZERO)
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
        let mut left = Fen::new(1_999);
        let mut back = 0;
        for part in [1, 83, 84, 500, 331, 1_000] {
            back += returned(left, Fen::new(part)).as_fen();
            left = left.checked_sub(Fen::new(part)).unwrap();
        }
        assert_eq!(left, Fen::ZERO);
        assert_eq!(back, of(Fen::new(1_999)).as_fen());
    }
}
