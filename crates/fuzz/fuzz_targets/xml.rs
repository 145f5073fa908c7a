//! Documents: nothing panics, the shortcut and the events agree, flat documents are the same with and without lists,
//! and what is read and can be written is read back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wxpay_xml::{Document, ErrorKind, Limits, write};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::new().fields(100).field_bytes(1000);
    let read = Document::parse_within(data, limits);
    shortcut(data, limits, &read);
    lists(data, limits, &read);
    if let Ok(text) = std::str::from_utf8(data) {
        // The one difference is that a declared encoding is not believed.
        let decoded = Document::parse_text(text, limits);
        match &read {
            Err(error) if error.kind() == ErrorKind::Encoding => {}
            read => assert_eq!(*read, decoded),
        }
    }
    let document = match read {
        Ok(document) => document,
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error}");
            assert!(error.name().is_none_or(|name| name.len() <= 128));
            return;
        }
    };
    assert!(document.len() <= 100);
    assert!(document.iter().all(|(_, text)| text.len() <= 1000));
    let _ = document.indexed("a_").count() + document.indexed_pairs("a_").count();
    // Names with `-` or `.` and a few control characters are read and not written.
    if let Ok(text) = write(document.root(), &document) {
        assert_eq!(Document::parse(text.as_bytes()).as_ref(), Ok(&document));
    }
});

/// A comment in front keeps the reader from its shortcut, and changes nothing else where there may be one.
fn shortcut(data: &[u8], limits: Limits, read: &Result<Document<'_>, wxpay_xml::Error>) {
    if !data.starts_with(b"<") || data.starts_with(b"<?") || data.starts_with(b"<\0") {
        return;
    }
    let slow = [b"<!---->", data].concat();
    match (read, Document::parse_within(&slow, limits)) {
        (Ok(fast), Ok(slow)) => assert_eq!(*fast, slow),
        (Err(fast), Err(slow)) => {
            assert_eq!((fast.kind(), fast.name()), (slow.kind(), slow.name()));
            assert_eq!(fast.offset() + b"<!---->".len(), slow.offset());
        }
        (fast, slow) => panic!("{fast:?} is not {slow:?}"),
    }
}

fn lists(data: &[u8], limits: Limits, flat: &Result<Document<'_>, wxpay_xml::Error>) {
    let read = Document::parse_within(data, limits.lists(true));
    match (flat, &read) {
        (Ok(flat), Ok(read)) => assert_eq!(flat, read),
        (Ok(flat), Err(error)) => panic!("{flat:?} is refused with lists: {error}"),
        // Only what was nested may be right, or wrong for another reason.
        (Err(error), read) if error.kind() != ErrorKind::Nested => {
            assert_eq!(Err(error), read.as_ref());
        }
        _ => {}
    }
    let Ok(document) = read else { return };
    let mut fields = document.len();
    for record in document.records("l", "i").chain(document.repeated("l")) {
        fields += record.len();
        assert!(record.iter().all(|(_, text)| text.len() <= 1000));
    }
    let _ = document.numbered_records("l_").count();
    assert!(fields <= 200);
}
