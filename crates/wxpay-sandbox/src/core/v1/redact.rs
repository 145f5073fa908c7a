//! What of a request of v1 the journal does not show.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// An app secret, an access token, the MD5 of an operator's password: good for more than the request
/// they came with.
const SECRET: [&str; 3] = ["secret", "access_token", "op_user_passwd"];

/// A query without the values of secrets; everything else is left as it came.
pub(crate) fn query(text: &str) -> Cow<'_, str> {
    let named = |piece: &str| {
        let name = piece.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name)
            .decode_utf8_lossy()
            .to_ascii_lowercase();
        SECRET.contains(&name.as_str())
    };
    if !text.split('&').any(named) {
        return Cow::Borrowed(text);
    }
    let pieces: Vec<Cow<'_, str>> = text
        .split('&')
        .map(|piece| match piece.split_once('=') {
            Some((name, value)) if named(piece) && !value.is_empty() => {
                Cow::Owned(format!("{name}=[redacted]"))
            }
            _ => Cow::Borrowed(piece),
        })
        .collect();
    Cow::Owned(pieces.join("&"))
}

/// The same for a body: only Tenpay's forms have such.
pub(crate) fn body<'b>(path: &str, body: &'b [u8]) -> Cow<'b, [u8]> {
    if !path.ends_with(".xml") {
        return Cow::Borrowed(body);
    }
    match std::str::from_utf8(body).map(query) {
        Ok(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        _ => Cow::Borrowed(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        for (text, shown) in [
            ("appid=wx1&secret=abc", "appid=wx1&secret=[redacted]"),
            ("ACCESS_TOKEN=a%20b&x=", "ACCESS_TOKEN=[redacted]&x="),
            ("%73ecret=abc", "%73ecret=[redacted]"),
            ("op_user_passwd=96e7=&a", "op_user_passwd=[redacted]&a"),
            ("secret=&secret", "secret=&secret"),
            ("a=secret&b=1", "a=secret&b=1"),
        ] {
            assert_eq!(query(text), shown);
        }
        let path = "/refundapi/gateway/refund.xml";
        assert_eq!(
            &*body(path, b"a=1&op_user_passwd=1"),
            b"a=1&op_user_passwd=[redacted]"
        );
        assert_eq!(&*body("/v3/x", b"secret=1"), b"secret=1");
    }
}
