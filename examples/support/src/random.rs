//! Texts nobody can guess.

use anyhow::{Context as _, Result};
use wxpay_json::DateTime;
use wxpay_sign::{Nonce, Timestamp};

/// A nonce of 128 random bits.
///
/// Never of the time or a seeded generator: whoever knows the nonce knows half of what is signed.
///
/// # Errors
///
/// Where the system has no random numbers.
pub fn nonce() -> Result<Nonce> {
    Ok(Nonce::from_bytes(bytes()?))
}

/// An order number: `prefix`, the day in Beijing, and 64 random bits.
///
/// Not the MD5 of the time, which two orders in the same tick share and anybody can count through.
///
/// # Errors
///
/// Where the system has no random numbers.
pub fn number(prefix: &str, now: Timestamp) -> Result<String> {
    let day = DateTime::beijing(now.as_unix()).date().to_string();
    let random = u64::from_be_bytes(bytes()?);
    Ok(format!("{prefix}{}{random:016X}", day.replace('-', "")))
}

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("no random numbers to be had")?;
    Ok(bytes)
}
