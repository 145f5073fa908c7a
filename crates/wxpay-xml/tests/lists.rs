//! Lists and records: what `Limits::lists` permits, and what it does not.

use wxpay_xml::{Document, Error, ErrorKind, Limits, Record};

const LISTS: Limits = Limits::new().lists(true);

fn read(inside: &str) -> Result<Document<'_>, Error> {
    Document::parse_within(inside.as_bytes(), LISTS)
}

fn pairs<'d>(record: &'d Record<'_>) -> Vec<(&'d str, &'d str)> {
    record.iter().collect()
}

#[test]
fn nested_lists_are_read_where_they_are_asked_for() {
    let input = b"<xml><result_code>SUCCESS</result_code>\n<hblist>\n<hbinfo><openid><![CDATA[o1]]></openid>\
        <amount>100</amount></hbinfo>\n<hbinfo><openid>o2</openid></hbinfo><other/></hblist>\
        <total_num>2</total_num></xml>";
    assert_eq!(
        Document::parse(input).unwrap_err().kind(),
        ErrorKind::Nested
    );
    let document = Document::parse_within(input, LISTS).unwrap();
    assert_eq!(
        document.iter().collect::<Vec<_>>(),
        [("result_code", "SUCCESS"), ("total_num", "2")]
    );
    assert_eq!(document.get("hblist"), None);
    let records: Vec<Vec<_>> = document
        .records("hblist", "hbinfo")
        .map(|record| record.iter().collect())
        .collect();
    assert_eq!(
        records,
        [
            vec![("openid", "o1"), ("amount", "100")],
            vec![("openid", "o2")]
        ]
    );
    assert!(
        document
            .records("hblist", "other")
            .all(|record| record.is_empty())
    );
    assert_eq!(document.records("hbinfo", "hbinfo").count(), 0);
    let record = document.records("hblist", "hbinfo").next().unwrap();
    assert_eq!(
        format!("{record:?}"),
        "Record {\"openid\": 2 bytes, \"amount\": 3 bytes}"
    );
    // Nine elements below the root: fields, the list, records, their fields.
    assert!(Document::parse_within(input, LISTS.fields(9)).is_ok());
    let error = Document::parse_within(input, LISTS.fields(8)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyFields);
    // An empty list is an empty field.
    let document = read("<xml><hblist></hblist></xml>").unwrap();
    assert_eq!(document.get("hblist"), Some(""));
}

#[test]
fn records_directly_below_the_root_may_repeat() {
    let input = "<root><return_code>SUCCESS</return_code>\n<mchinfo><mch_id>1</mch_id>\
        <merchant_name><![CDATA[咖啡]]></merchant_name></mchinfo><!-- -->\n<total>2</total>\
        <mchinfo>\n<mch_id>2</mch_id><merchant_name/></mchinfo></root>";
    let document = read(input).unwrap();
    assert_eq!(
        document.iter().collect::<Vec<_>>(),
        [("return_code", "SUCCESS"), ("total", "2")]
    );
    assert_eq!(document.get("mchinfo"), None);
    let records: Vec<_> = document.repeated("mchinfo").map(pairs).collect();
    assert_eq!(
        records,
        [
            vec![("mch_id", "1"), ("merchant_name", "咖啡")],
            vec![("mch_id", "2"), ("merchant_name", "")]
        ]
    );
    assert_eq!(document.repeated("return_code").count(), 0);
    // What holds texts is no list of records.
    assert_eq!(document.records("mchinfo", "mch_id").count(), 0);
    // Eight elements below the root.
    assert!(Document::parse_within(input.as_bytes(), LISTS.fields(8)).is_ok());
    let error = Document::parse_within(input.as_bytes(), LISTS.fields(7)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyFields);
    let error = Document::parse(input.as_bytes()).unwrap_err();
    assert_eq!(
        (error.kind(), error.name()),
        (ErrorKind::Nested, Some("mch_id"))
    );
}

#[test]
fn numbered_records_come_in_the_order_of_their_numbers() {
    let document = read(
        "<xml><setteinfo_10><a>10</a></setteinfo_10><setteinfo_2><a>2</a></setteinfo_2>\
         <setteinfo_0><a>first</a></setteinfo_0><setteinfo_0><a>second</a></setteinfo_0>\
         <setteinfo_01><a>no number</a></setteinfo_01><setteinfo_1>a field</setteinfo_1>\
         <setteinfo_><a>no number</a></setteinfo_><setteinfo_3><i><a>a list</a></i></setteinfo_3></xml>",
    )
    .unwrap();
    let found: Vec<_> = document
        .numbered_records("setteinfo_")
        .map(|(number, record)| (number, record.get("a")))
        .collect();
    assert_eq!(
        found,
        [
            (0, Some("first")),
            (0, Some("second")),
            (2, Some("2")),
            (10, Some("10"))
        ]
    );
    assert_eq!(
        document.indexed("setteinfo_").collect::<Vec<_>>(),
        [(1, "a field")]
    );
}

#[test]
fn what_holds_nothing_but_empty_elements_is_a_record_and_a_list() {
    let document = read("<xml><l><i/><k></k></l></xml>").unwrap();
    let records: Vec<_> = document.repeated("l").map(pairs).collect();
    assert_eq!(records, [vec![("i", ""), ("k", "")]]);
    assert_eq!(
        document.records("l", "i").map(Record::len).sum::<usize>(),
        0
    );
    assert_eq!(document.records("l", "k").count(), 1);
    // Two of a name are no record.
    let document = read("<xml><l><i/><i/></l></xml>").unwrap();
    assert_eq!(document.repeated("l").count(), 0);
    assert_eq!(document.records("l", "i").count(), 2);
    // Whatever comes first, what holds something decides.
    let document = read("<xml><l><i/><i><a>1</a></i><i> </i></l></xml>").unwrap();
    let records: Vec<_> = document.records("l", "i").map(pairs).collect();
    assert_eq!(records, [vec![], vec![("a", "1")], vec![]]);
    assert_eq!(document.repeated("l").count(), 0);
    let document = read("<xml><l><i/><a>1</a></l></xml>").unwrap();
    let records: Vec<_> = document.repeated("l").map(pairs).collect();
    assert_eq!(records, [vec![("i", ""), ("a", "1")]]);
    assert_eq!(document.records("l", "i").count(), 0);
}

#[test]
fn nothing_of_a_list_that_comes_twice_is_hidden() {
    let document = read("<xml><l><i><a>1</a></i></l><b>x</b><l><i><a>2</a></i></l></xml>").unwrap();
    let found: Vec<_> = document
        .records("l", "i")
        .map(|record| record.get("a"))
        .collect();
    assert_eq!(found, [Some("1"), Some("2")]);
}

#[test]
fn nothing_has_another_shape() {
    use ErrorKind::*;
    for (inside, kind, name) in [
        // Deeper.
        ("<l><i><a><b/></a></i></l>", Nested, Some("b")),
        ("<l><i><a><b>1</b></a></i></l>", Nested, Some("b")),
        ("<l><l><l><l><l></l></l></l></l></l>", Nested, Some("l")),
        // Texts beside elements.
        ("<l>1<i/></l>", Nested, Some("i")),
        ("<l><![CDATA[]]><i/></l>", Nested, Some("i")),
        ("<l><![CDATA[ ]]><i/></l>", Nested, Some("i")),
        ("<l>&#32;<i/></l>", Nested, Some("i")),
        ("<l><i/>1</l>", Mixed, None),
        ("<l><i/><![CDATA[ ]]></l>", Mixed, None),
        ("<l><i><a>1</a>1</i></l>", Mixed, None),
        // A list and a record in one.
        ("<l><i><a>1</a></i><b>1</b></l>", Mixed, Some("b")),
        ("<l><b>1</b><i><a>1</a></i></l>", Nested, Some("a")),
        // Fields twice, wherever they stand.
        ("<a>1</a><a>1</a>", Duplicate, Some("a")),
        ("<a/><a/>", Duplicate, Some("a")),
        ("<l><a>1</a><a>2</a></l>", Duplicate, Some("a")),
        ("<l><a/><a>2</a></l>", Duplicate, Some("a")),
        ("<l><a/><a/><b>2</b></l>", Duplicate, Some("a")),
        ("<l><i><a>1</a><a>2</a></i></l>", Duplicate, Some("a")),
        ("<l><i><a/><a/></i></l>", Duplicate, Some("a")),
        // A field with the name of a record or a list.
        ("<l>1</l><l><i/></l>", Duplicate, Some("l")),
        ("<l/><l><i>1</i></l>", Duplicate, Some("l")),
        ("<l><i/></l><l>1</l>", Duplicate, Some("l")),
        ("<l><i>1</i></l><l/>", Duplicate, Some("l")),
        (
            "<l><i>1</i></l><l><i>1</i></l><l> </l>",
            Duplicate,
            Some("l"),
        ),
        // What is refused elsewhere.
        ("<l><i x='1'/></l>", Attribute, Some("i")),
        ("<l x='1'><i/></l>", Attribute, Some("l")),
        ("<l><i>1<!-- --></i></l>", Comment, Some("i")),
        ("<l><i>", EndTag, Some("i")),
        ("<l><i>1</i>", EndTag, Some("l")),
        ("<l><i/></k>", EndTag, Some("l")),
        ("<l><i/><!DOCTYPE x></l>", Doctype, None),
        ("<l><i>&x;</i></l>", Entity, Some("i")),
        ("<l><1/></l>", Name, None),
    ] {
        let input = format!("<xml>{inside}</xml>");
        let error = read(&input).expect_err(&input);
        assert_eq!(
            (error.kind(), error.name()),
            (kind, name),
            "{inside}: {error}"
        );
    }
    for cut in [
        "<xml><l",
        "<xml><l>",
        "<xml><l><i/>",
        "<xml><l><i>1</i><i",
        "<xml><l><i><a>1",
    ] {
        assert_eq!(read(cut).unwrap_err().kind(), Unclosed, "{cut}");
    }
    // The root itself is no list.
    assert_eq!(read("<html><l><i/></l></html>").unwrap_err().kind(), Html);
    assert_eq!(
        read("<xml><l><i/></l></xml><xml/>").unwrap_err().kind(),
        SecondRoot
    );
}

#[test]
fn lists_are_bounded_like_the_rest() {
    let wide = LISTS.bytes(64 << 20);
    // As deep as one likes: it ends at the fourth level.
    let input = "<a>".repeat(1_000_000);
    let error = Document::parse_within(input.as_bytes(), wide).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Nested, 12));
    // As many as one likes, whatever they are called.
    for record in ["<m><a>1</a></m>", "<m><a/></m>", "<m><i><a>1</a></i></m>"] {
        let input = format!("<xml>{}</xml>", record.repeat(100_000));
        let error = Document::parse_within(input.as_bytes(), wide).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooManyFields, "{record}");
        // Which takes less than quadratic time: this ends.
        let all = wide.fields(usize::MAX);
        let document = Document::parse_within(input.as_bytes(), all).unwrap();
        assert_eq!(
            document.repeated("m").count() + document.records("m", "i").count(),
            100_000
        );
    }
    let inside: String = (0..1100).map(|n| format!("<a{n}>1</a{n}>")).collect();
    for input in [
        format!("<xml><m>{inside}</m></xml>"),
        format!("<xml><l><i>{inside}</i></l></xml>"),
        format!("<xml><l>{}</l></xml>", "<i/>".repeat(1100)),
    ] {
        assert_eq!(read(&input).unwrap_err().kind(), ErrorKind::TooManyFields);
    }
    let long = "1".repeat(256 * 1024 + 1);
    for input in [
        format!("<xml><m><a>{long}</a></m></xml>"),
        format!("<xml><l><i><a><![CDATA[{long}]]></a></i></l></xml>"),
        format!("<xml><m>{}<a/></m></xml>", " ".repeat(256 * 1024 + 1)),
    ] {
        assert_eq!(read(&input).unwrap_err().kind(), ErrorKind::FieldTooLarge);
    }
}

#[test]
fn flat_documents_are_read_the_same() {
    let notice = include_bytes!("vectors/payment-notice/document.xml");
    let document = Document::parse_within(notice, LISTS).unwrap();
    assert_eq!(Document::parse(notice), Ok(document));
}
