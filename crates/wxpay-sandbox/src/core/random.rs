//! Numbers and names the sandbox gives out, from one seeded generator: the same seed, the same names.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use wxpay_json::DateTime;
use wxpay_sign::Timestamp;

/// The source of every random thing in the core.
#[derive(Debug)]
pub(crate) struct Ids {
    rng: StdRng,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// `count` decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        self.text(count, b"0123456789")
    }

    /// `count` lower-case hex digits.
    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.text(count, b"0123456789abcdef")
    }

    /// `count` letters and digits.
    pub(crate) fn alphanumeric(&mut self, count: usize) -> String {
        self.text(
            count,
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        )
    }

    /// A nonce as WeChat Pay writes them: 32 letters and digits.
    pub(crate) fn nonce(&mut self) -> String {
        self.alphanumeric(32)
    }

    /// 微信支付订单号: 28 digits, `4200`, six digits, the day, ten digits.
    pub(crate) fn transaction_id(&mut self, now: Timestamp) -> String {
        format!(
            "4200{}{}{}",
            self.digits(6),
            &stamp(now)[..8],
            self.digits(10)
        )
    }

    /// 微信支付退款号: 29 digits.
    pub(crate) fn refund_id(&mut self, now: Timestamp) -> String {
        format!(
            "5030{}{}{}",
            self.digits(6),
            &stamp(now)[..8],
            self.digits(11)
        )
    }

    /// 预支付交易会话标识: `wx`, the second in Beijing, 20 hex digits.
    pub(crate) fn prepay_id(&mut self, now: Timestamp) -> String {
        format!("wx{}{}", stamp(now), self.hex(20))
    }

    /// A name in the form of a UUID, as notifications carry.
    pub(crate) fn uuid(&mut self) -> String {
        let text = self.hex(32);
        format!(
            "{}-{}-5{}-8{}-{}",
            &text[..8],
            &text[8..12],
            &text[13..16],
            &text[17..20],
            &text[20..]
        )
    }

    /// A `Request-ID` without its number.
    pub(crate) fn request_id(&mut self) -> String {
        format!("08{}", self.text(28, b"0123456789ABCDEF"))
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.rng.random()
    }

    /// A seed for another generator.
    pub(crate) fn seed(&mut self) -> u64 {
        self.rng.random()
    }

    fn text(&mut self, count: usize, alphabet: &[u8]) -> String {
        (0..count)
            .map(|_| char::from(alphabet[self.rng.random_range(0..alphabet.len())]))
            .collect()
    }
}

/// `yyyyMMddHHmmss` in Beijing.
fn stamp(now: Timestamp) -> String {
    let mut digits: String = DateTime::beijing(now.as_unix())
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect();
    // A clock set before the year 0 or after 9999 still yields fourteen digits.
    while digits.len() < 14 {
        digits.push('0');
    }
    digits
}
