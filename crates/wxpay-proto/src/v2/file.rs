//! Files, and errors in their place.

/// What an answer is that should be a file.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FileStart {
    /// The file: text, or gzip.
    File,
    /// XML or HTML: an error in its place.
    Error,
}

/// Tells from the first bytes of a 200 answer whether it is the file (a bill, a fund flow, comments) or an error in its
/// place, which is XML whatever was asked for. `None` where these bytes do not tell yet: there are none, or only a byte
/// order mark and white space.
///
/// ```
/// use wxpay_proto::v2::{FileStart, file_start};
///
/// assert_eq!(file_start(b"\x1f\x8b\x08"), Some(FileStart::File));
/// assert_eq!(file_start("\u{feff}交易时间".as_bytes()), Some(FileStart::File));
/// assert_eq!(file_start(b"\n<xml><return_code>"), Some(FileStart::Error));
/// assert_eq!(file_start(b"\xef\xbb"), None);
/// ```
#[must_use]
pub fn file_start(first: &[u8]) -> Option<FileStart> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let rest = match first.strip_prefix(MARK) {
        Some(rest) => rest,
        None if MARK.starts_with(first) => return None,
        None => first,
    };
    match rest.trim_ascii_start() {
        [] => None,
        [b'<', ..] => Some(FileStart::Error),
        _ => Some(FileStart::File),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_as_soon_as_it_can_be_and_never_wrongly() {
        let mark = "\u{feff}".as_bytes();
        for open in [&b""[..], b" \r\n", &mark[..1], &mark[..2], mark] {
            assert_eq!(file_start(open), None, "{open:?}");
        }
        for (rest, expected) in [
            (&b"<xml>"[..], FileStart::Error),
            (b"\n <html>", FileStart::Error),
            ("交易时间".as_bytes(), FileStart::File),
            (b"\x1f\x8b", FileStart::File),
            (b"1", FileStart::File),
        ] {
            assert_eq!(file_start(rest), Some(expected));
            assert_eq!(file_start(&[mark, rest].concat()), Some(expected));
        }
    }
}
