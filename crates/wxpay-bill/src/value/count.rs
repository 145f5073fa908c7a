//! Counts, which some bills write as `45.0`.

/// Reads a number of rows: digits, which a point and zeros may follow.
pub(crate) fn count(text: &str) -> Option<u64> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        Some(_) => return None,
        None => text,
    };
    let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    if digits { whole.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn with_and_without_a_point() {
        for (text, number) in [
            ("45", Some(45)),
            ("45.0", Some(45)),
            ("0.00", Some(0)),
            ("45.5", None),
            ("45.", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(count(text), number, "{text}");
        }
    }
}
