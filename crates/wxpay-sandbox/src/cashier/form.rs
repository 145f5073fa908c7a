//! Forms and queries: `application/x-www-form-urlencoded`
//! (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The fields of a form, in order.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. What is not UTF-8 becomes U+FFFD.
    pub(super) fn parse(text: &[u8]) -> Self {
        let fields = text
            .split(|byte| *byte == b'&')
            .filter(|field| !field.is_empty())
            .map(|field| {
                let split = field.iter().position(|byte| *byte == b'=');
                let (name, value) = match split {
                    Some(at) => (&field[..at], &field[at + 1..]),
                    None => (field, &[][..]),
                };
                (decode(name), decode(value))
            });
        Self(fields.collect())
    }

    /// The first value of that name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }
}

fn decode(text: &[u8]) -> String {
    let spaces: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaces).decode_utf8_lossy().into_owned()
}

/// Writes a query.
pub(super) fn encode(fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encode_segment(name), encode_segment(value)))
        .collect();
    fields.join("&")
}

/// Text as one segment of a path or one value of a query.
pub(super) fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_once() {
        let form = Form::parse("a=1+2%2B3&b&c=%E8%8C%B6&c=2&=x&&d=a=b&e=%zz%ff".as_bytes());
        assert_eq!(form.value("a"), Some("1 2+3"));
        assert_eq!(form.value("b"), Some(""));
        assert_eq!(form.value("c"), Some("茶"));
        assert_eq!(form.value("d"), Some("a=b"));
        assert_eq!(form.value("e"), Some("%zz\u{fffd}"));
        assert_eq!(form.value("f"), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let fields = [("a b", "1&2=3+4 茶"), ("c", "")];
        let form = Form::parse(encode(&fields).as_bytes());
        for (name, value) in fields {
            assert_eq!(form.value(name), Some(value));
        }
    }
}
