//! The messages that are signed, and the header that carries a signature.

use crate::{Algorithm, Nonce, SerialNumber, Signature, Timestamp};

/// The message of a request: method, target, timestamp, nonce and body, each followed by one line feed.
///
/// - `method` in upper case.
/// - `target` is the path and query exactly as they go over the wire, percent-encoded, without scheme
///   and host.
/// - `body` is the bytes that are sent: empty for GET and DELETE, and for an upload the text of the
///   `meta` part. A body that ends with a line feed gets another one.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>.
#[must_use]
pub fn request_message(
    method: &str,
    target: &str,
    at: Timestamp,
    nonce: &Nonce,
    body: &[u8],
) -> Vec<u8> {
    let mut buffer = Decimal::default();
    let at = buffer.render(at);
    lines([
        method.as_bytes(),
        target.as_bytes(),
        at,
        nonce.as_str().as_bytes(),
        body,
    ])
}

/// The message of an answer or a notification: timestamp, nonce and body, each followed by one line feed.
///
/// `timestamp` and `nonce` are the header texts as received, `body` the bytes as received: nothing may
/// be decoded, trimmed or written anew before verification.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4013053249> (public key) and
/// <https://pay.weixin.qq.com/doc/v3/merchant/4013053420> (platform certificates).
#[must_use]
pub fn response_message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines([timestamp.as_bytes(), nonce.as_bytes(), body])
}

/// The message that a JSAPI page or a mini program (小程序) needs signed to open the cashier: appid,
/// timestamp, nonce and `package`, each followed by one line feed.
///
/// `package` is `prepay_id=` and the prepay id, as the client passes it.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012365339> (JSAPI) and
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012365341> (mini programs).
#[must_use]
pub fn jsapi_message(appid: &str, at: Timestamp, nonce: &Nonce, package: &str) -> Vec<u8> {
    invocation(appid, at, nonce, package)
}

/// The message that an app needs signed to open the cashier: appid, timestamp, nonce and the bare prepay
/// id (no `prepay_id=` before it), each followed by one line feed.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012365340>.
#[must_use]
pub fn app_message(appid: &str, at: Timestamp, nonce: &Nonce, prepay_id: &str) -> Vec<u8> {
    invocation(appid, at, nonce, prepay_id)
}

fn invocation(appid: &str, at: Timestamp, nonce: &Nonce, last: &str) -> Vec<u8> {
    let mut buffer = Decimal::default();
    let at = buffer.render(at);
    lines([
        appid.as_bytes(),
        at,
        nonce.as_str().as_bytes(),
        last.as_bytes(),
    ])
}

/// The value of the `Authorization` header.
///
/// `mchid` is the merchant number of the caller (in partner mode the provider's, `sp_mchid`) and `serial`
/// the serial of the *merchant's* API certificate (商户API证书). `mchid` is written as it is: digits, by
/// WeChat Pay's rules.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>.
#[must_use]
pub fn authorization(
    algorithm: Algorithm,
    mchid: &str,
    nonce: &Nonce,
    at: Timestamp,
    serial: &SerialNumber,
    signature: &Signature,
) -> String {
    let mut buffer = Decimal::default();
    let signature = signature.to_base64();
    let pieces = [
        algorithm.auth_scheme(),
        " mchid=\"",
        mchid,
        "\",nonce_str=\"",
        nonce.as_str(),
        "\",timestamp=\"",
        buffer.render_str(at),
        "\",serial_no=\"",
        serial.as_str(),
        "\",signature=\"",
        &signature,
        "\"",
    ];
    pieces.concat()
}

/// One allocation of exactly the size needed.
fn lines<const N: usize>(parts: [&[u8]; N]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len() + 1).sum();
    let mut message = Vec::with_capacity(length);
    for part in parts {
        message.extend_from_slice(part);
        message.push(b'\n');
    }
    message
}

/// Room on the stack for the decimal digits of a timestamp.
#[derive(Default)]
struct Decimal([u8; 20]);

impl Decimal {
    fn render(&mut self, at: Timestamp) -> &[u8] {
        let mut rest = at.as_unix().unsigned_abs();
        let mut start = self.0.len();
        loop {
            start -= 1;
            // A remainder of a division by ten.
            self.0[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if at.as_unix() < 0 {
            start -= 1;
            self.0[start] = b'-';
        }
        &self.0[start..]
    }

    fn render_str(&mut self, at: Timestamp) -> &str {
        // Only ASCII digits and a minus sign were written.
        std::str::from_utf8(self.render(at)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_agrees_with_display() {
        for seconds in [0, 9, 10, 1_554_208_460, -1, -10, i64::MAX, i64::MIN] {
            let at = Timestamp::from_unix(seconds);
            assert_eq!(Decimal::default().render_str(at), at.to_string());
        }
    }

    #[test]
    fn a_message_is_allocated_once() {
        let nonce = Nonce::from_bytes([7; 16]);
        let message = request_message("POST", "/v3/x", Timestamp::from_unix(1), &nonce, b"{}");
        assert_eq!(message.capacity(), message.len());
        let message = response_message("1", "n", b"{}");
        assert_eq!(message.capacity(), message.len());
    }
}
