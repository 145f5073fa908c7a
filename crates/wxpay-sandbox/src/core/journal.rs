//! Every request received, the newest last, within bounds.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use wxpay_json::DateTime;
use wxpay_sign::Timestamp;

/// So many requests are kept.
const MOST_ENTRIES: usize = 1_000;
/// So many bytes of requests are kept in all.
const MOST_BYTES: usize = 32 << 20;
/// So many bytes of one body are kept.
const MOST_BODY_BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    bytes: usize,
    received: u64,
}

#[derive(Debug)]
struct Entry {
    value: Value,
    bytes: usize,
}

/// One request and what became of it.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) at: Timestamp,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) operation: Option<&'a str>,
    pub(crate) accepted: bool,
    /// What was wrong, or, with an accepted request, what deserves a second look.
    pub(crate) problems: &'a [String],
    /// What is no problem and yet worth knowing.
    pub(crate) remarks: &'a [String],
    /// The faults that were applied to the answer.
    pub(crate) faults: &'a [&'static str],
    /// The answer's status; none where the connection was cut.
    pub(crate) status: Option<u16>,
    pub(crate) request_id: &'a str,
}

impl Journal {
    pub(crate) fn push(&mut self, record: &Record<'_>) {
        self.received += 1;
        let kept = &record.body[..record.body.len().min(MOST_BODY_BYTES)];
        let (body, encoding) = match std::str::from_utf8(kept) {
            Ok(text) => (text.to_owned(), "text"),
            // A text cut within a character is still a text.
            Err(error) if error.error_len().is_none() && kept.len() < record.body.len() => (
                String::from_utf8_lossy(&kept[..error.valid_up_to()]).into_owned(),
                "text",
            ),
            Err(_) => (STANDARD.encode(kept), "base64"),
        };
        let head: usize = record
            .headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let bytes = body.len() + record.path.len() + record.query.len() + head;
        let value = json!({
            "number": self.received,
            "time": DateTime::beijing(record.at.as_unix()).to_string(),
            "method": record.method,
            "path": record.path,
            "query": record.query,
            "headers": headers(record.headers),
            "body": body,
            "body_encoding": encoding,
            "body_bytes": record.body.len(),
            "operation": record.operation,
            "verdict": if record.accepted { "accepted" } else { "refused" },
            "problems": record.problems,
            "remarks": record.remarks,
            "faults": record.faults,
            "status": record.status,
            "request_id": record.request_id,
        });
        self.entries.push_back(Entry { value, bytes });
        self.bytes += bytes;
        while self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= entry.bytes;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn to_json(&self) -> Value {
        self.entries
            .iter()
            .map(|entry| entry.value.clone())
            .collect()
    }
}

/// Header names with their values; a header that stands more than once has a list.
fn headers(headers: &HeaderMap) -> Value {
    let mut map = Map::new();
    for name in headers.keys() {
        let mut values: Vec<Value> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into())
            .collect();
        let value = if values.len() == 1 {
            values.remove(0)
        } else {
            Value::Array(values)
        };
        map.insert(name.as_str().to_owned(), value);
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Record<'a> {
        Record {
            at: Timestamp::from_unix(0),
            method: "POST",
            path: "/v3/x",
            query: "",
            headers,
            body,
            operation: None,
            accepted: false,
            problems: &[],
            remarks: &[],
            faults: &[],
            status: Some(400),
            request_id: "08",
        }
    }

    #[test]
    fn it_keeps_the_newest_within_bounds() {
        let headers = HeaderMap::new();
        let mut journal = Journal::default();
        for _ in 0..MOST_ENTRIES + 3 {
            journal.push(&record(&headers, b"{}"));
        }
        let entries = journal.to_json();
        assert_eq!(entries.as_array().map(Vec::len), Some(MOST_ENTRIES));
        assert_eq!(entries[0]["number"], 4);
        let large = vec![b'a'; MOST_BODY_BYTES * 2];
        for _ in 0..200 {
            journal.push(&record(&headers, &large));
        }
        assert!(journal.bytes <= MOST_BYTES, "{}", journal.bytes);
        assert!(journal.len() < 200);
        journal.clear();
        assert_eq!((journal.len(), journal.bytes), (0, 0));
    }

    #[test]
    fn bodies_are_text_or_base64_and_repeated_headers_lists() {
        let mut headers = HeaderMap::new();
        headers.append("accept", "a".parse().unwrap());
        headers.append("accept", "b".parse().unwrap());
        headers.append("host", "c".parse().unwrap());
        let mut journal = Journal::default();
        journal.push(&record(&headers, b"\xff\x00"));
        let mut long = vec![b'a'; MOST_BODY_BYTES - 1];
        long.extend("订".bytes());
        journal.push(&record(&headers, &long));
        let entries = journal.to_json();
        assert_eq!(
            (&entries[0]["body"], &entries[0]["body_encoding"]),
            (&json!("/wA="), &json!("base64"))
        );
        assert_eq!(
            entries[0]["headers"],
            json!({ "accept": ["a", "b"], "host": "c" })
        );
        assert_eq!(entries[1]["body_encoding"], "text");
        assert_eq!(entries[1]["body_bytes"], long.len());
    }
}
