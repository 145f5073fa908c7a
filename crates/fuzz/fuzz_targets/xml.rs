//! Flat documents: nothing panics, and what is read and can be written is read back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_xml::{Document, Limits, write};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::new().fields(100).field_bytes(1000);
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
