//! What a document gives, and what is refused: which kind, at which byte, about which name.

use std::borrow::Cow;

use wxpay_xml::{Document, Error, ErrorKind, Limits};

#[track_caller]
fn refused(input: impl AsRef<[u8]>) -> Error {
    let error = Document::parse(input.as_ref()).expect_err("should be refused");
    let text = error.to_string();
    assert!(!text.contains("SECRET"), "a value in an error: {text}");
    assert!(!text.starts_with(char::is_uppercase), "{text}");
    assert!(
        text.ends_with(&format!("at byte {}", error.offset())),
        "{text}"
    );
    error
}

#[track_caller]
fn check(input: impl AsRef<[u8]>, kind: ErrorKind, offset: usize, name: Option<&str>) {
    let error = refused(input);
    assert_eq!(
        (error.kind(), error.offset(), error.name()),
        (kind, offset, name)
    );
}

#[test]
fn fields_are_found_by_name_and_counted() {
    let document = Document::parse(b"<xml><b>1</b><a/><c>x</c></xml>").unwrap();
    assert_eq!(
        (document.get("b"), document.get("a"), document.get("d")),
        (Some("1"), Some(""), None)
    );
    assert_eq!((document.len(), document.is_empty()), (3, false));
    let names: Vec<&str> = document.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "a", "c"]);
    let (last, _) = document.iter().next_back().unwrap();
    assert_eq!(last, "c");
    assert!(Document::parse(b"<xml/>").unwrap().is_empty());
    assert!(Document::parse(b"<xml></xml>\n").unwrap().is_empty());
}

#[test]
fn debug_prints_names_and_lengths_and_no_value() {
    let document = Document::parse(b"<xml><key>SECRET</key><empty/></xml>").unwrap();
    assert_eq!(
        format!("{document:?}"),
        "Document(xml) {\"key\": 6 bytes, \"empty\": 0 bytes}"
    );
    assert_eq!(format!("{:?}", document.iter()), "Iter(2 fields)");
}

#[test]
fn texts_are_borrowed_where_they_are_in_one_piece() {
    let input = b"<xml><a><![CDATA[one]]></a><b>two</b></xml>";
    let document = Document::parse(input).unwrap();
    for (_, text) in &document {
        assert!(input.as_ptr_range().contains(&text.as_ptr()));
    }
    // An owned copy of the same is equal: what counts is what it says.
    let other = Document::parse(b"<xml><a>&#111;ne</a><b>t<![CDATA[wo]]></b></xml>").unwrap();
    assert_eq!(document, other);
    let _: Cow<'_, str> = document.get("a").unwrap().into();
}

#[test]
fn texts_stay_as_they_came() {
    let document = Document::parse(b"<xml><a> 007\r\n</a><b>1.50</b></xml>").unwrap();
    assert_eq!(
        (document.get("a"), document.get("b")),
        (Some(" 007\r\n"), Some("1.50"))
    );
}

#[test]
fn numbers_of_families_have_one_way_of_being_written() {
    let input =
        b"<xml><c_0>a</c_0><c_00>b</c_00><c_01>c</c_01><c_4294967296>d</c_4294967296><c_>e</c_>\
                  <c_1x>f</c_1x><c_3>g</c_3><c_1_2_3>h</c_1_2_3></xml>";
    let document = Document::parse(input).unwrap();
    assert_eq!(
        document.indexed("c_").collect::<Vec<_>>(),
        [(0, "a"), (3, "g")]
    );
    assert_eq!(document.indexed_pairs("c_").len(), 0);
}

#[test]
fn a_byte_order_mark_and_a_declaration_are_tolerated_and_counted() {
    let input =
        "\u{FEFF}<?xml version='1.0' encoding = 'utf-8' standalone='yes'?>\n<xml><a>1</a></xml>";
    assert_eq!(
        Document::parse(input.as_bytes()).unwrap().get("a"),
        Some("1")
    );
    check(
        "\u{FEFF}<xml><a>1</a><a>2</a></xml>",
        ErrorKind::Duplicate,
        16,
        Some("a"),
    );
}

#[test]
fn other_answers_than_xml_are_told_apart() {
    check("", ErrorKind::Empty, 0, None);
    check(" \r\n", ErrorKind::Empty, 3, None);
    check("<!-- -->", ErrorKind::Empty, 8, None);
    check("<!DOCTYPE html><html></html>", ErrorKind::Html, 0, None);
    check(
        "\n<!doctype HTML PUBLIC \"-//W3C//DTD\">",
        ErrorKind::Html,
        1,
        None,
    );
    check("<HTML lang=\"en\"><head>", ErrorKind::Html, 0, None);
    check("{\"code\":\"SECRET\"}", ErrorKind::NotXml, 0, None);
    check("交易时间,公众账号ID", ErrorKind::NotXml, 0, None);
    check("\u{FEFF}\u{FEFF}<xml/>", ErrorKind::NotXml, 3, None);
    check("&amp;<xml/>", ErrorKind::NotXml, 0, None);
}

#[test]
fn shapes_that_are_not_flat_are_refused() {
    check(
        "<xml><a>SECRET<b>1</b></a></xml>",
        ErrorKind::Nested,
        14,
        Some("b"),
    );
    check("<xml><a><b/></a></xml>", ErrorKind::Nested, 8, Some("b"));
    check("<xml>SECRET<a>1</a></xml>", ErrorKind::Mixed, 5, None);
    check(
        "<xml><a>1</a><![CDATA[SECRET]]></xml>",
        ErrorKind::Mixed,
        13,
        None,
    );
    check("<xml><a>1</a>&lt;</xml>", ErrorKind::Mixed, 13, None);
    check(
        "<xml><a>1</a><a/></xml>",
        ErrorKind::Duplicate,
        13,
        Some("a"),
    );
    check("<xml a='SECRET'/>", ErrorKind::Attribute, 0, Some("xml"));
    check(
        "<xml><a b=\"SECRET\">1</a></xml>",
        ErrorKind::Attribute,
        5,
        Some("a"),
    );
    check("<xml/><xml/>", ErrorKind::SecondRoot, 6, None);
    check("<xml></xml><a>1</a>", ErrorKind::SecondRoot, 11, None);
    check("<xml/>SECRET", ErrorKind::Trailing, 6, None);
    check("<xml/><![CDATA[SECRET]]>", ErrorKind::Trailing, 6, None);
    check(
        "<xml><a>SE<!-- -->CRET</a></xml>",
        ErrorKind::Comment,
        10,
        Some("a"),
    );
    check("<xml></xml></xml>", ErrorKind::EndTag, 11, None);
    check("<xml><a>1</b></xml>", ErrorKind::EndTag, 9, Some("a"));
    check("<xml><a>1</xml>", ErrorKind::EndTag, 9, Some("a"));
}

#[test]
fn what_ends_too_early_is_refused() {
    check("<xml>", ErrorKind::Unclosed, 5, Some("xml"));
    check("<xml><a>SECRET", ErrorKind::Unclosed, 14, Some("a"));
    check("<xml><a>SECRET</a", ErrorKind::Unclosed, 14, None);
    check("<xml><a", ErrorKind::Unclosed, 5, None);
    check(
        "<xml><a><![CDATA[SECRET</a></xml>",
        ErrorKind::UnclosedCdata,
        8,
        None,
    );
    check("<xml><!-- ", ErrorKind::Unclosed, 5, None);
    check("<", ErrorKind::Unclosed, 0, None);
    check("<?xml version='1.0'", ErrorKind::Unclosed, 0, None);
}

#[test]
fn references_are_the_five_and_characters() {
    let document = Document::parse(b"<xml><a>&#x9;&#13;&#x10FFFF;&#00065;</a></xml>").unwrap();
    assert_eq!(document.get("a"), Some("\t\r\u{10FFFF}A"));
    for (reference, kind) in [
        ("&nbsp;", ErrorKind::Entity),
        ("&secret;", ErrorKind::Entity),
        ("&;", ErrorKind::Entity),
        ("&#;", ErrorKind::Entity),
        ("&#x;", ErrorKind::Entity),
        ("&#+65;", ErrorKind::Entity),
        ("&#X41;", ErrorKind::Entity),
        ("&amp", ErrorKind::Entity),
        ("a & b", ErrorKind::Entity),
        ("&#0;", ErrorKind::Character),
        ("&#x1F;", ErrorKind::Character),
        ("&#xD800;", ErrorKind::Character),
        ("&#xFFFE;", ErrorKind::Character),
        ("&#x110000;", ErrorKind::Character),
        ("&#99999999999999999999;", ErrorKind::Character),
    ] {
        let error = refused(format!("<xml><a>{reference}</a></xml>"));
        assert_eq!(error.kind(), kind, "{reference}");
    }
}

#[test]
fn characters_and_names_that_are_none_are_refused() {
    check(b"<xml><a>1\0</a></xml>", ErrorKind::Character, 9, None);
    check("<xml><a>\u{FFFF}</a></xml>", ErrorKind::Character, 8, None);
    check("<xml>\u{1}</xml>", ErrorKind::Character, 5, None);
    assert!(Document::parse("<xml><a>（全角）\u{FEFF}\u{FFFD}</a></xml>".as_bytes()).is_ok());
    for name in ["1a", "", "-a", "名", "a:b", "a=b", "a&b", &"a".repeat(129)] {
        check(
            format!("<xml><{name}>1</{name}></xml>"),
            ErrorKind::Name,
            5,
            None,
        );
    }
    let longest = "a".repeat(128);
    let input = format!("<xml><{longest}>1</{longest}><a.b-c_1>2</a.b-c_1></xml>");
    assert_eq!(Document::parse(input.as_bytes()).unwrap().len(), 2);
    check("<xml><a>]]></a></xml>", ErrorKind::Syntax, 8, Some("a"));
    check("<xml><!FOO></xml>", ErrorKind::Syntax, 5, None);
}

#[test]
fn limits_are_limits() {
    let input = b"<xml><a>123</a><b>&#49;2<![CDATA[3]]></b></xml>";
    let exact = Limits::new().bytes(input.len()).fields(2).field_bytes(3);
    assert!(Document::parse_within(input, exact).is_ok());
    for (limits, kind, offset, name) in [
        (
            exact.bytes(input.len() - 1),
            ErrorKind::TooLarge,
            input.len() - 1,
            None,
        ),
        (exact.fields(1), ErrorKind::TooManyFields, 15, None),
        (exact.field_bytes(2), ErrorKind::FieldTooLarge, 8, Some("a")),
    ] {
        let error = Document::parse_within(input, limits).unwrap_err();
        assert_eq!(
            (error.kind(), error.offset(), error.name()),
            (kind, offset, name)
        );
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let error = refused("<xml><total_fee>1</total_fee><total_fee>SECRET</total_fee></xml>");
    assert_eq!(
        error.to_string(),
        "an element occurs twice: `total_fee`, at byte 29"
    );
    assert_eq!(refused("").to_string(), "the document is empty, at byte 0");
}

#[test]
fn a_decoded_text_may_name_another_encoding() {
    let text =
        "<?xml version=\"1.0\" encoding=\"GB2312\" ?>\n<root><retmsg>退款成功</retmsg></root>";
    let document = Document::parse_text(text, Limits::new()).unwrap();
    assert_eq!(document.get("retmsg"), Some("退款成功"));
    assert_eq!(
        Document::parse(text.as_bytes()).unwrap_err().kind(),
        ErrorKind::Encoding
    );
    let error = Document::parse_text(text, Limits::new().bytes(10)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let error = Document::parse_text("\u{FEFF}<!DOCTYPE x><x/>", Limits::new()).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Doctype, 3));
}
