//! `yyyyMMddHHmmss`, in Beijing.

use wxpay_json::{DateTime, DecodeError};

/// The time as v1 writes it.
pub(crate) fn compact(time: DateTime) -> String {
    let time = time.to_beijing();
    let date = time.date();
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Reads what [`compact`] writes.
pub(crate) fn parse(field: &str, text: &str) -> Result<DateTime, DecodeError> {
    let wrong = || DecodeError::at(field, "expected a time like 20140701120000");
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let rfc = format!(
        "{}-{}-{}T{}:{}:{}+08:00",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    DateTime::parse(&rfc).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written() {
        let time = parse("time_end", "20140701120000").unwrap();
        assert_eq!(time.as_unix(), 1_404_187_200);
        assert_eq!(compact(time), "20140701120000");
        let utc = DateTime::from_unix(1_404_187_200, 0).unwrap();
        assert_eq!(compact(utc), "20140701120000");
        for wrong in [
            "",
            "2014070112000",
            "20141301120000",
            "2014-07-01 12:0",
            "+0140701120000",
        ] {
            assert!(parse("time_end", wrong).is_err(), "{wrong}");
        }
    }
}
