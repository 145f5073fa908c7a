//! Flat documents: nothing panics, and what is read and can be written is read back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_xml::{Document, Limits, write};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::new().fields(100).field_bytes(1000);
    let _ = Document::parse_within(data, limits.lists(true));
    // A comment in front keeps the reader from its shortcut, and changes nothing else where there is one.
    let slow = [b"<!---->", data].concat();
    if data.starts_with(b"<") && !data.starts_with(b"<?") && !data.starts_with(b"<\0") {
        let (fast, slow) = (
            Document::parse_within(data, limits),
            Document::parse_within(&slow, limits),
        );
        match (fast, slow) {
            (Ok(fast), Ok(slow)) => assert_eq!(fast, slow),
            (fast, slow) => assert_eq!(
                fast.err().map(|error| error.kind()),
                slow.err().map(|error| error.kind())
            ),
        }
    }
    let document = match Document::parse_within(data, limits) {
        Ok(document) => document,
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error}");
            return;
        }
    };
    let _ = document.indexed("a_").count() + document.indexed_pairs("a_").count();
    // Names with `-` or `.` and a few control characters are read and not written.
    if let Ok(text) = write(document.root(), &document) {
        assert_eq!(Document::parse(text.as_bytes()).as_ref(), Ok(&document));
    }
});
