//! Explaining a `SIGN_ERROR`: where the server's message differs from ours.

use wxpay_json::SignInformation;

const LINES: [&str; 4] = ["method", "URL", "timestamp", "nonce"];

/// One sentence on the first difference, or on there being none.
pub(super) fn explain(message: &[u8], seen: &SignInformation) -> Option<String> {
    let ours: Vec<&[u8]> = message.splitn(5, |byte| *byte == b'\n').collect();
    let [method, url, timestamp, nonce, rest] = ours.as_slice() else {
        return None;
    };
    let theirs: Vec<&str> = match &seen.truncated_sign_message {
        Some(text) => text.splitn(5, '\n').collect(),
        None => Vec::new(),
    };
    let first = [seen.method.as_deref(), seen.url.as_deref()];
    for (index, ours) in [method, url, timestamp, nonce].into_iter().enumerate() {
        let stated = first.get(index).copied().flatten();
        let Some(theirs) = stated.or_else(|| theirs.get(index).copied()) else {
            continue;
        };
        if theirs.as_bytes() != *ours {
            return Some(different(index, ours, theirs));
        }
    }
    // The body is cut after a few bytes, and a line feed is put behind it.
    if let Some(theirs) = theirs.get(4) {
        let start = theirs.strip_suffix('\n').unwrap_or(theirs);
        // A character that was cut in half arrives as a replacement character.
        let start = start.trim_end_matches('\u{fffd}').as_bytes();
        if !rest.starts_with(start) {
            return Some(
                "WeChat Pay saw another body than the one that was signed: something on the way rewrote it, \
                 or another body was sent than was signed"
                    .to_owned(),
            );
        }
    }
    if let Some(length) = seen.sign_message_length {
        let ours = message.len();
        if length != ours as u64 {
            return Some(format!(
                "WeChat Pay's message has {length} bytes, ours {ours}: the bodies differ in length (line ends, \
                 white space, charset, or a last line feed that is missing)"
            ));
        }
    }
    let anything = !theirs.is_empty() || seen.sign_message_length.is_some();
    anything.then(|| {
        "WeChat Pay saw the very message that was signed, so the key is wrong: see that the private key belongs to \
         the certificate of serial_no, and both to mchid"
            .to_owned()
    })
}

fn different(index: usize, ours: &[u8], theirs: &str) -> String {
    let name = LINES[index];
    let ours = String::from_utf8_lossy(ours);
    let mut text = format!("WeChat Pay saw the {name} `{theirs}`, signed was `{ours}`");
    if name == "URL" {
        text.push_str(hint(&ours, theirs));
    }
    text
}

fn hint(ours: &str, theirs: &str) -> &'static str {
    let path = |url: &str| url.split('?').next().map(str::to_owned);
    if path(ours) == path(theirs) && ours.contains('?') != theirs.contains('?') {
        ": one has a query, the other has not; the query is part of what is signed"
    } else if decoded(ours) == decoded(theirs) {
        ": they differ in percent-encoding only; send the very text that was signed"
    } else {
        ""
    }
}

fn decoded(url: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(url).collect()
}
