//! Small things about text that the whole book shares.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use wxpay_json::DateTime;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A time as WeChat Pay writes it: `2018-06-08T10:34:56+08:00`.
pub(super) fn beijing(at: i64) -> String {
    DateTime::beijing(at).to_string()
}

/// Text as one value of a query.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// One text for equal requests, and only for those: the SHA-256 of the operation and the body,
/// whatever the order of its keys. The fields named in `without` do not count.
pub(super) fn fingerprint(operation: &str, body: &Value, without: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(operation);
    match body {
        Value::Object(map) => {
            let map: Map<_, _> = map
                .iter()
                .filter(|(name, _)| !without.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            digest(&Value::Object(map), &mut hash);
        }
        other => digest(other, &mut hash),
    }
    hex(&hash.finalize())
}

/// Feeds a value with its lengths, so that nothing can be taken for something else.
fn digest(value: &Value, hash: &mut Sha256) {
    match value {
        Value::Object(map) => {
            let mut names: Vec<_> = map.keys().collect();
            names.sort();
            hash.update(format!("{{{}:", names.len()));
            for name in names {
                digest(&Value::from(name.as_str()), hash);
                digest(&map[name], hash);
            }
        }
        Value::Array(items) => {
            hash.update(format!("[{}:", items.len()));
            items.iter().for_each(|item| digest(item, hash));
        }
        Value::String(text) => hash.update(format!("\"{}:{text}", text.len())),
        // Numbers and words of JSON hold none of the marks above.
        other => hash.update(format!("{other};")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fingerprints_tell_values_apart_and_not_their_order() {
        let of = |value: Value| fingerprint("pay.native_prepay", &value, &["time_expire"]);
        let one = of(json!({ "a": 1, "b": { "c": "x", "d": [true] } }));
        let reordered: Value =
            serde_json::from_str(r#"{"b":{"d":[true],"c":"x"},"time_expire":"z","a":1}"#).unwrap();
        assert_eq!(one, of(reordered));
        for other in [
            json!({ "a": "1", "b": { "c": "x", "d": [true] } }),
            json!({ "a": 1, "b": { "c": "x", "d": [true, true] } }),
            json!({ "a": 1, "b": { "c": "x", "d": true } }),
            json!({ "a": 1, "b": { "c": "x", "d": [true], "time_expire": 1 } }),
            json!({ "a": 1 }),
        ] {
            assert_ne!(one, of(other.clone()), "{other}");
        }
        assert_ne!(
            one,
            fingerprint(
                "pay.h5_prepay",
                &json!({ "a": 1, "b": { "c": "x", "d": [true] } }),
                &[]
            )
        );
    }

    #[test]
    fn hex_is_lower_case() {
        assert_eq!(hex(&[0, 0x0f, 0xa0, 0xff]), "000fa0ff");
    }
}
