//! For all texts what is written is read back, by any road; for all bytes nothing panics.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use wxpay_xml::{Document, Field, Limits, write};

/// Texts rich in what is special, none of it unwritable.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,12}",
        1 => "[0-9]{1,12}",
        2 => "[\\]>\\[<&;\r\n\t\"'!-]{1,8}",
        1 => Just("]]>".to_owned()),
        1 => Just("<![CDATA[".to_owned()),
        1 => Just("&amp;&#13;".to_owned()),
        2 => any::<char>()
            .prop_filter("written", |c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
            .prop_map(String::from),
        1 => Just("支付测试😀".to_owned()),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn fields() -> impl Strategy<Value = Vec<(String, String, u8)>> {
    btree_map("[A-Za-z_][A-Za-z0-9_]{0,11}", (text(), 0..3_u8), 0..100).prop_map(|fields| {
        let fields = fields.into_iter();
        fields
            .map(|(name, (text, form))| (name, text, form))
            .collect()
    })
}

fn form<'a>((name, text, form): &'a (String, String, u8)) -> Field<'a> {
    let field = Field::new(name, text);
    match form {
        0 => field,
        1 => field.cdata(),
        _ => field.escaped(),
    }
}

/// Bytes that look like a document for a while.
fn markup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        "<xml>|</xml>|<a>|</a>|<b/>|<a b='c'>|<!--|-->|--|<!\\[CDATA\\[|\\]\\]>|<!DOCTYPE|<!|<\\?xml|<\\?|\\?>|>|<|&|;|&amp;|&#"
            .prop_map(String::into_bytes),
        Just(b"<?xml version='1.0' encoding='utf-8'?>".to_vec()),
        Just(b"\xEF\xBB\xBF".to_vec()),
        vec(any::<u8>(), 0..4),
        "[a-z0-9 ]{0,4}".prop_map(String::into_bytes),
    ];
    vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

fn nothing_panics(bytes: &[u8]) -> Result<(), TestCaseError> {
    match Document::parse_within(bytes, Limits::new().fields(3).field_bytes(8)) {
        Ok(document) => {
            prop_assert!(document.len() <= 3);
            prop_assert!(document.iter().all(|(_, text)| text.len() <= 8));
            let _ = format!("{document:?}");
        }
        Err(error) => {
            prop_assert!(error.offset() <= bytes.len(), "{error}");
            prop_assert!(error.name().is_none_or(|name| name.len() <= 128));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(fields in fields()) {
        let list: Vec<Field<'_>> = fields.iter().map(form).collect();
        let text = write("xml", &list).expect("writable");
        let document = Document::parse(text.as_bytes()).expect("readable");
        let read: Vec<(&str, &str)> = document.iter().collect();
        let given: Vec<(&str, &str)> =
            fields.iter().map(|(name, text, _)| (name.as_str(), text.as_str())).collect();
        prop_assert_eq!(&read, &given);
        for (name, text) in given {
            prop_assert_eq!(document.get(name), Some(text));
        }
        // A document written twice is the same, byte for byte.
        prop_assert_eq!(write("xml", &list).expect("writable"), text);
    }

    #[test]
    fn parsers_that_tidy_line_ends_read_the_same(fields in fields()) {
        let list: Vec<Field<'_>> = fields.iter().map(form).collect();
        let text = write("xml", &list).expect("writable");
        // What XML 1.0 tells a parser to do before anything else.
        let tidied = text.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(tidied, text);
    }

    #[test]
    fn a_document_cut_off_is_refused(fields in fields(), at in any::<prop::sample::Index>()) {
        let list: Vec<Field<'_>> = fields.iter().map(form).collect();
        let text = write("xml", &list).expect("writable");
        let at = at.index(text.len());
        prop_assert!(Document::parse(&text.as_bytes()[..at]).is_err());
    }

    #[test]
    fn families_are_sorted_and_complete(numbers in prop::collection::hash_set(any::<u32>(), 0..40)) {
        let names: Vec<String> = numbers.iter().map(|number| format!("coupon_id_{number}")).collect();
        let list: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        let text = write("xml", &list).expect("writable");
        let document = Document::parse(text.as_bytes()).expect("readable");
        let found: Vec<u32> = document.indexed("coupon_id_").map(|(number, _)| number).collect();
        let mut expected: Vec<u32> = numbers.into_iter().collect();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
        nothing_panics(&bytes)?;
    }

    #[test]
    fn no_markup_panics(bytes in markup()) {
        nothing_panics(&bytes)?;
    }

    #[test]
    fn no_field_panics(bytes in markup()) {
        nothing_panics(&[b"<xml><f>", &bytes[..], b"</f></xml>"].concat())?;
    }
}
