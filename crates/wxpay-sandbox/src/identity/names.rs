//! The numbers and names WeChat Pay hands out, in the shapes it hands them out in.

use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use wxpay_sign::Timestamp;

use super::Secret;

const DIGITS: &[u8] = b"0123456789";
const LOWER_HEX: &[u8] = b"0123456789abcdef";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64_URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// How far Beijing is ahead of UTC, in seconds.
const BEIJING: i64 = 8 * 3600;

/// A generator seeded by the operating system: what it yields are secrets.
pub(super) fn system_rng() -> StdRng {
    rand::make_rng()
}

fn pick(rng: &mut impl Rng, alphabet: &[u8], count: usize) -> String {
    (0..count)
        .map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]))
        .collect()
}

/// An app id: `wx` and 16 hexadecimal digits.
pub(super) fn appid(rng: &mut impl Rng) -> String {
    format!("wx{}", pick(rng, LOWER_HEX, 16))
}

/// A merchant number: ten digits, 16… as those given out today.
pub(super) fn mchid(rng: &mut impl Rng) -> String {
    format!("16{}", pick(rng, DIGITS, 8))
}

/// A Tenpay merchant number of v1: ten digits, 19….
pub(super) fn partner_id(rng: &mut impl Rng) -> String {
    format!("19{}", pick(rng, DIGITS, 8))
}

/// A payer's id under one app: `o` and 27 characters of the URL-safe Base64 alphabet.
pub(super) fn openid(rng: &mut impl Rng) -> String {
    format!("o{}", pick(rng, BASE64_URL, 27))
}

/// The 32 letters and digits of an API v3 or v2 key.
pub(super) fn api_key(rng: &mut impl Rng) -> Secret {
    Secret::new(pick(rng, LETTERS_AND_DIGITS, 32))
}

/// The 32 hexadecimal digits of an app secret or a partner key.
pub(super) fn hex_secret(rng: &mut impl Rng) -> Secret {
    Secret::new(pick(rng, LOWER_HEX, 32))
}

/// The 128 letters and digits of a `paySignKey`.
pub(super) fn pay_sign_key(rng: &mut impl Rng) -> Secret {
    Secret::new(pick(rng, LETTERS_AND_DIGITS, 128))
}

/// `PUB_KEY_ID_01`, the merchant number, the day in Beijing and 14 digits.
pub(super) fn public_key_id(rng: &mut impl Rng, mchid: &str, now: Timestamp) -> String {
    let (year, month, day) = civil_date((now.as_unix() + BEIJING).div_euclid(86_400));
    format!(
        "PUB_KEY_ID_01{mchid}{year:04}{month:02}{day:02}{}",
        pick(rng, DIGITS, 14)
    )
}

/// Twenty bytes that stay twenty bytes as a DER integer and forty digits as text.
pub(super) fn serial_bytes(rng: &mut impl Rng) -> [u8; 20] {
    let mut bytes = [0; 20];
    rng.fill_bytes(&mut bytes);
    bytes[0] = bytes[0] % 0x6f + 0x10;
    bytes
}

/// The Gregorian date so many days after 1970-01-01
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn civil_date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_days() {
        assert_eq!(civil_date(0), (1970, 1, 1));
        assert_eq!(civil_date(-1), (1969, 12, 31));
        assert_eq!(civil_date(11_016), (2000, 2, 29));
        assert_eq!(civil_date(20_514), (2026, 3, 2));
    }

    #[test]
    fn the_day_of_a_public_key_id_is_the_one_in_beijing() {
        let mut rng = system_rng();
        // 2026-03-01 16:00:00 UTC is 2026-03-02 00:00:00 in Beijing.
        let id = public_key_id(&mut rng, "1900000001", Timestamp::from_unix(1_772_380_800));
        assert_eq!(&id[..31], "PUB_KEY_ID_01190000000120260302");
        assert_eq!(id.len(), 45);
    }

    #[test]
    fn names_have_their_usual_shapes() {
        let mut rng = system_rng();
        for _ in 0..200 {
            assert_eq!(appid(&mut rng).len(), 18);
            assert_eq!(mchid(&mut rng).len(), 10);
            assert_eq!(partner_id(&mut rng).len(), 10);
            assert_eq!(openid(&mut rng).len(), 28);
            assert_eq!(api_key(&mut rng).expose().len(), 32);
            assert_eq!(pay_sign_key(&mut rng).expose().len(), 128);
            let first = serial_bytes(&mut rng)[0];
            assert!((0x10..0x7f).contains(&first), "{first:#x}");
        }
    }
}
