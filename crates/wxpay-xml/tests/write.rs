//! What is written, what is not, and that another parser agrees.

use std::io::Write as _;
use std::process::{Command, Stdio};

use wxpay_xml::{Field, Form, WriteErrorKind, write};

#[track_caller]
fn written(field: Field<'_>, expected: &str) {
    let text = write("xml", [field]).expect("writable");
    assert_eq!(text, format!("<xml><a>{expected}</a></xml>"));
}

#[test]
fn numbers_are_bare_and_texts_in_cdata() {
    written(Field::new("a", "100"), "100");
    written(Field::new("a", "007"), "007");
    written(Field::new("a", ""), "");
    written(Field::new("a", "-1"), "<![CDATA[-1]]>");
    written(Field::new("a", "支付 & <b>"), "<![CDATA[支付 & <b>]]>");
}

#[test]
fn the_form_can_be_chosen() {
    written(Field::new("a", "100").cdata(), "<![CDATA[100]]>");
    written(Field::new("a", "").cdata(), "<![CDATA[]]>");
    written(Field::new("a", "SUCCESS").escaped(), "SUCCESS");
    written(
        Field::new("a", "a & <b>\r").escaped(),
        "a &amp; &lt;b&gt;&#13;",
    );
    written(Field::new("a", "]]>").escaped(), "]]&gt;");
    written(Field::new("a", "a\r\nb").escaped(), "a&#13;\nb");
    assert_eq!(Field::new("a", "").escaped().form(), Form::Escaped);
}

#[test]
fn what_cdata_cannot_hold_is_split() {
    written(Field::new("a", "]]>"), "<![CDATA[]]]]><![CDATA[>]]>");
    written(
        Field::new("a", "a]]>b]]"),
        "<![CDATA[a]]]]><![CDATA[>b]]]]>",
    );
    written(
        Field::new("a", "a\r\nb"),
        "<![CDATA[a]]>&#13;<![CDATA[\nb]]>",
    );
    written(Field::new("a", "\r"), "&#13;");
}

#[test]
fn order_is_kept_and_nothing_is_added() {
    let fields = [("b", "1"), ("a", "x")];
    let expected = "<root><b>1</b><a><![CDATA[x]]></a></root>";
    assert_eq!(write("root", fields).unwrap(), expected);
    assert_eq!(write("root", &fields).unwrap(), expected);
    assert_eq!(write("root", fields.iter().copied()).unwrap(), expected);
    assert_eq!(write("xml", [("a", ""); 0]).unwrap(), "<xml></xml>");
}

#[test]
fn the_text_is_one_allocation() {
    let text = write("xml", [("appid", "wx2421b1c4370ec43b"), ("body", "咖啡")]).unwrap();
    assert_eq!(text.capacity(), text.len());
}

#[test]
fn names_are_checked_without_repeating_them() {
    let long = "a".repeat(129);
    for name in ["", "1a", "a b", "a-b", "a>", "名", &long] {
        let error = write("xml", [("ok", "1"), (name, "SECRET")]).unwrap_err();
        assert_eq!((error.kind(), error.field()), (WriteErrorKind::Name, None));
        assert_eq!(
            error.to_string(),
            "field 2 of the list: use a name of at most 128 ascii letters, digits and `_` that begins with no digit"
        );
        let error = write(name, [("a", "1")]).unwrap_err();
        assert_eq!(error.kind(), WriteErrorKind::Name);
        assert!(error.to_string().starts_with("root element: "));
    }
}

#[test]
fn a_name_is_written_once() {
    let error = write("xml", [("a", "1"), ("b", "2"), ("a", "SECRET")]).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (WriteErrorKind::Duplicate, Some("a"))
    );
    assert_eq!(
        error.to_string(),
        "field `a`: this name comes twice, give each once"
    );
    let names: Vec<String> = (0..200).map(|number| format!("n{number}")).collect();
    let mut fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    assert!(write("xml", &fields).is_ok());
    fields.push(("n7", "1"));
    assert_eq!(write("xml", &fields).unwrap_err().field(), Some("n7"));
}

#[test]
fn characters_that_are_no_text_are_refused_by_field() {
    for character in [
        '\0', '\u{1}', '\u{1F}', '\u{7F}', '\u{80}', '\u{9F}', '\u{FFFE}', '\u{FFFF}',
    ] {
        let text = format!("SECRET{character}");
        for field in [
            Field::new("attach", &text),
            Field::new("attach", &text).escaped(),
        ] {
            let error = write("xml", [field]).unwrap_err();
            assert_eq!(
                (error.kind(), error.field()),
                (WriteErrorKind::Character, Some("attach"))
            );
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
    }
    for text in ["\t\n", "\u{A0}©", "（全角）", "😀", "\u{FFFD}\u{FEFF}"] {
        assert!(write("xml", [("a", text)]).is_ok());
    }
}

#[test]
fn debug_prints_no_text() {
    let field = Field::new("key", "SECRET").cdata();
    assert_eq!(format!("{field:?}"), "Field(key: 6 bytes, Cdata)");
}

#[test]
fn xmllint_accepts_what_is_written() {
    let json = r#"{"goods_detail":[{"goods_name":"咖啡 & ]]> <b>"}]}"#;
    let fields = [
        Field::new("appid", "wx2421b1c4370ec43b"),
        Field::new("detail", json),
        Field::new("attach", "]]>\r\n]]]]>>&lt;"),
        Field::new("bare", "]]> & < > \r \" '").escaped(),
        Field::new("emoji", "😀\u{A0}\t"),
        Field::new("total_fee", "100"),
        Field::new("empty", ""),
        Field::new("empty_cdata", "").cdata(),
    ];
    let text = write("xml", fields).unwrap();
    let child = Command::new("xmllint")
        .args(["--noout", "-"])
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: xmllint is not installed");
        return;
    };
    let mut input = child.stdin.take().expect("piped");
    input.write_all(text.as_bytes()).expect("xmllint reads");
    drop(input);
    assert!(child.wait().expect("xmllint ends").success(), "{text}");
}
