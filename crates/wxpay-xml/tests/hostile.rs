//! Documents made to do harm. Each is refused by name, at once and without being believed.

use wxpay_xml::{Document, ErrorKind, Limits};

#[track_caller]
fn refused(input: impl AsRef<[u8]>, kind: ErrorKind, name: Option<&str>) {
    let error = Document::parse(input.as_ref()).expect_err("should be refused");
    assert_eq!((error.kind(), error.name()), (kind, name), "{error}");
}

#[test]
fn billion_laughs() {
    let mut input = String::from("<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">");
    for level in 1..10 {
        let parts = format!("&lol{};", level - 1).repeat(10);
        input += &format!("<!ENTITY lol{level} \"{parts}\">");
    }
    input += "]><xml><attach>&lol9;</attach></xml>";
    refused(&input, ErrorKind::Doctype, None);
    // And without the definitions the entity is nobody's.
    refused(
        "<xml><attach>&lol9;</attach></xml>",
        ErrorKind::Entity,
        Some("attach"),
    );
}

#[test]
fn external_entities() {
    for definition in [
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE x SYSTEM \"http://203.0.113.7/x.dtd\">",
        "<!DOCTYPE x [<!ENTITY % p PUBLIC \"a\" \"http://203.0.113.7/x.dtd\"> %p;]>",
        "<!DOCTYPE x [",
        "<!DOCTYPE",
        "<!DOCTYPE>",
    ] {
        refused(
            format!("{definition}<xml><a>&e;</a></xml>"),
            ErrorKind::Doctype,
            None,
        );
        refused(
            format!("<xml>{definition}<a>&e;</a></xml>"),
            ErrorKind::Doctype,
            None,
        );
        refused(
            format!("<xml><a>{definition}</a></xml>"),
            ErrorKind::Doctype,
            None,
        );
        refused(format!("<xml/>{definition}"), ErrorKind::Doctype, None);
    }
    refused(
        "<xml><xi:include href=\"file:///etc/passwd\"/></xml>",
        ErrorKind::Name,
        None,
    );
}

#[test]
fn ten_megabytes_in_a_field() {
    let input = format!(
        "<xml><attach><![CDATA[{}]]></attach></xml>",
        "a".repeat(10 << 20)
    );
    refused(&input, ErrorKind::TooLarge, None);
    // A larger document may be allowed, and its fields are bounded still.
    let limits = Limits::new().bytes(16 << 20);
    let error = Document::parse_within(input.as_bytes(), limits).unwrap_err();
    assert_eq!(
        (error.kind(), error.name()),
        (ErrorKind::FieldTooLarge, Some("attach"))
    );
    let pieces = "a&#97;".repeat(1 << 20);
    let input = format!("<xml><attach>{pieces}</attach></xml>");
    let error = Document::parse_within(input.as_bytes(), limits).unwrap_err();
    assert_eq!(
        (error.kind(), error.name()),
        (ErrorKind::FieldTooLarge, Some("attach"))
    );
}

#[test]
fn a_million_fields() {
    let mut input = String::from("<xml>");
    for number in 0..40_000 {
        input += &format!("<a{number}>1</a{number}>");
    }
    input += "</xml>";
    refused(&input, ErrorKind::TooManyFields, None);
    // Names are told apart in less than quadratic time: this ends.
    let limits = Limits::new().fields(usize::MAX);
    let document = Document::parse_within(input.as_bytes(), limits).unwrap();
    assert_eq!(document.len(), 40_000);
}

#[test]
fn unterminated_cdata() {
    refused(
        "<xml><a><![CDATA[1]]</a></xml>",
        ErrorKind::UnclosedCdata,
        None,
    );
    refused("<xml><![CDATA[", ErrorKind::UnclosedCdata, None);
    refused("<xml><a><![CDAT", ErrorKind::UnclosedCdata, None);
}

#[test]
fn wrong_encodings() {
    let declared =
        |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?><xml><a>1</a></xml>");
    refused(declared("GBK"), ErrorKind::Encoding, Some("GBK"));
    refused(declared("gb2312"), ErrorKind::Encoding, Some("gb2312"));
    refused(declared("UTF-7"), ErrorKind::Encoding, Some("UTF-7"));
    refused(
        declared("ISO-8859-1"),
        ErrorKind::Encoding,
        Some("ISO-8859-1"),
    );
    refused(declared("<script>"), ErrorKind::Encoding, None);
    refused(declared(&"a".repeat(1000)), ErrorKind::Encoding, None);
    assert!(Document::parse(declared("Utf-8").as_bytes()).is_ok());
    // Chinese for "pay" in GBK, declared and not. Its first two bytes happen to be UTF-8 for something else.
    refused(
        b"<?xml version='1.0' encoding='GBK'?><xml><a>\xD6\xA7\xB8\xB6</a></xml>",
        ErrorKind::Encoding,
        Some("GBK"),
    );
    let error = Document::parse(b"<xml><a>\xD6\xA7\xB8\xB6</a></xml>").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::NotUtf8, 10));
    // Overlong forms, surrogates, a sequence cut off.
    for bytes in [
        &b"\xC0\xBC"[..],
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\xE6\x94",
    ] {
        let input = [b"<xml><a>", bytes, b"</a></xml>"].concat();
        refused(input, ErrorKind::NotUtf8, None);
    }
    let text = "<xml><a>1</a></xml>";
    let little = |mark: &[u8]| {
        [
            mark,
            &text.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>(),
        ]
        .concat()
    };
    let big = |mark: &[u8]| {
        [
            mark,
            &text.bytes().flat_map(|byte| [0, byte]).collect::<Vec<_>>(),
        ]
        .concat()
    };
    refused(little(b"\xFF\xFE"), ErrorKind::Encoding, Some("UTF-16"));
    refused(little(b""), ErrorKind::Encoding, Some("UTF-16"));
    refused(big(b"\xFE\xFF"), ErrorKind::Encoding, Some("UTF-16"));
    refused(big(b""), ErrorKind::Encoding, Some("UTF-16"));
    refused(b"\xFF\xFE\0\0<\0\0\0", ErrorKind::Encoding, Some("UTF-32"));
}

#[test]
fn what_is_no_document_at_all() {
    for empty in [
        "",
        " \r\n\t",
        "\u{FEFF}",
        "<!-- nothing -->",
        "<?xml version='1.0'?>",
    ] {
        refused(empty, ErrorKind::Empty, None);
    }
    for html in [
        "<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        "<html>\r\n<head><title>502 Bad Gateway</title></head></html>",
        "<HTML lang=\"zh\"><p>",
        "\n<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
    ] {
        refused(html, ErrorKind::Html, None);
    }
    for other in [
        "{\"code\":\"PARAM_ERROR\",\"message\":\"<xml>\"}",
        "[]",
        "null",
        "SUCCESS",
        "return_code=SUCCESS&return_msg=OK",
        "`交易时间,`公众账号ID",
        "<![CDATA[<xml></xml>]]>",
    ] {
        refused(other, ErrorKind::NotXml, None);
    }
}

#[test]
fn bytes_that_no_xml_may_hold() {
    for input in [
        &b"<xml><a>1\0</a></xml>"[..],
        b"<xml><a><![CDATA[\0]]></a></xml>",
        b"<xml><a\0>1</a\0></xml>",
        b"<xml></xml>\0",
        b"\0\0",
        b"<xml><a>\x08</a></xml>",
    ] {
        refused(input, ErrorKind::Character, None);
    }
    refused("<xml><a>&#0;</a></xml>", ErrorKind::Character, Some("a"));
    refused("<xml><a>&#x0;</a></xml>", ErrorKind::Character, Some("a"));
}

#[test]
fn the_end_of_cdata_where_none_began() {
    for text in [
        "]]>",
        "1]]>",
        "]]]>",
        "1]]>2",
        "<![CDATA[1]]>]]>",
        "&amp;]]>",
    ] {
        refused(
            format!("<xml><a>{text}</a></xml>"),
            ErrorKind::Syntax,
            Some("a"),
        );
    }
    refused("<xml>]]></xml>", ErrorKind::Mixed, None);
    refused("<xml/>]]>", ErrorKind::Trailing, None);
    // Two brackets and the sign are fine apart, and in CDATA that goes on.
    assert!(Document::parse(b"<xml><a>]]&gt;</a><b>]] ></b></xml>").is_ok());
    assert!(Document::parse(b"<xml><a><![CDATA[]]]]><![CDATA[>]]></a></xml>").is_ok());
}

#[test]
fn declarations_and_instructions() {
    refused(
        "<?php system('id') ?><xml/>",
        ErrorKind::ProcessingInstruction,
        None,
    );
    refused("<xml><?a b?></xml>", ErrorKind::ProcessingInstruction, None);
    refused(
        "<xml><a><?a b?></a></xml>",
        ErrorKind::ProcessingInstruction,
        None,
    );
    refused("<xml/><?a?>", ErrorKind::ProcessingInstruction, None);
    refused(" <?xml version='1.0'?><xml/>", ErrorKind::Declaration, None);
    refused(
        "<?xml version='1.0'?><?xml version='1.0'?><xml/>",
        ErrorKind::Declaration,
        None,
    );
    refused("<?xml version='1.1'?><xml/>", ErrorKind::Declaration, None);
    refused("<?xml?><xml/>", ErrorKind::Declaration, None);
    refused(
        "<xml><a><?xml version='1.0'?></a></xml>",
        ErrorKind::Declaration,
        None,
    );
}

#[test]
fn two_roots() {
    let one = "<xml><return_code>SUCCESS</return_code></xml>";
    refused(format!("{one}{one}"), ErrorKind::SecondRoot, None);
    refused(format!("{one}\n<!-- -->{one}"), ErrorKind::SecondRoot, None);
}

#[test]
fn deep_nesting() {
    let input = "<xml>".repeat(100_000);
    refused(&input, ErrorKind::Nested, Some("xml"));
    let limits = Limits::new().bytes(usize::MAX);
    let input = "<a>".repeat(5_000_000);
    let error = Document::parse_within(input.as_bytes(), limits).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Nested, 6));
}

#[test]
fn a_value_hidden_by_markup() {
    // Parsers disagree about what these say, so nobody may be asked.
    refused(
        "<xml><total_fee>1<!-- -->00</total_fee></xml>",
        ErrorKind::Comment,
        Some("total_fee"),
    );
    refused(
        "<xml><total_fee>1</total_fee><total_fee>100</total_fee></xml>",
        ErrorKind::Duplicate,
        Some("total_fee"),
    );
    refused(
        "<xml><total_fee v=\"1\">100</total_fee></xml>",
        ErrorKind::Attribute,
        Some("total_fee"),
    );
    refused(
        "<xml><total_fee>100</total_fee v=\"1\"></xml>",
        ErrorKind::EndTag,
        Some("total_fee"),
    );
    refused(
        "<xml><total_fee&key=1>100</total_fee&key=1></xml>",
        ErrorKind::Name,
        None,
    );
    refused("<xml><!-- a -- b --></xml>", ErrorKind::Comment, None);
    refused("<xml><!-- a ---></xml>", ErrorKind::Comment, None);
    refused("<xml><!--></xml>", ErrorKind::Unclosed, None);
}
