//! Every vector is read as another parser reads it, and survives being written and read again.

use std::fs;
use std::path::Path;

use wxpay_xml::{Document, write};

const CASES: [&str; 12] = [
    "bill-error",
    "business-error",
    "json-value",
    "order-reply",
    "order-request",
    "payment-notice",
    "protocol-error",
    "refund-notice-complete",
    "refund-notice-complete-plain",
    "refund-notice-plain",
    "refund-query",
    "special-characters",
];

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn case(name: &str) -> (Vec<u8>, String) {
    let directory = directory().join(name);
    (
        fs::read(directory.join("document.xml")).expect("a document"),
        fs::read_to_string(directory.join("fields.txt")).expect("its fields"),
    )
}

fn listing(document: &Document<'_>) -> String {
    let fields = document
        .iter()
        .map(|(name, text)| format!("{name}={text}\n"));
    format!("{}\n{}", document.root(), fields.collect::<String>())
}

#[test]
fn no_case_is_missing() {
    let entries = fs::read_dir(directory()).expect("vectors");
    let mut found: Vec<String> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, CASES);
}

#[test]
fn every_document_is_read_as_another_parser_reads_it() {
    for name in CASES {
        let (input, expected) = case(name);
        let document = Document::parse(&input).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(listing(&document), expected, "{name}");
    }
}

#[test]
fn every_document_survives_writing() {
    for name in CASES {
        let (input, expected) = case(name);
        let document = Document::parse(&input).expect("read above");
        let text = write(document.root(), &document).expect("writable");
        let again = Document::parse(text.as_bytes()).expect("readable");
        assert_eq!(listing(&again), expected, "{name}");
    }
}

#[test]
fn what_answers_say_in_cdata_is_written_as_it_came() {
    let (input, _) = case("protocol-error");
    let document = Document::parse(&input).expect("read above");
    let text = write(document.root(), &document).expect("writable");
    assert_eq!(text.as_bytes(), input);
}

#[test]
fn families_come_in_the_order_of_their_numbers() {
    let (input, _) = case("refund-query");
    let document = Document::parse(&input).expect("read above");
    let fees: Vec<_> = document.indexed("refund_fee_").collect();
    assert_eq!(fees, [(0, "200"), (1, "100")]);
    assert_eq!(
        document.indexed("coupon_refund_fee_").collect::<Vec<_>>(),
        [(0, "30")]
    );
    let coupons: Vec<_> = document.indexed_pairs("coupon_refund_fee_").collect();
    assert_eq!(coupons, [((0, 0), "10"), ((0, 1), "20")]);
    assert_eq!(document.indexed("coupon_id_").len(), 0);
}

#[test]
fn what_is_signed_comes_out_of_a_notice_in_byte_order() {
    let (input, _) = case("payment-notice");
    let document = Document::parse(&input).expect("read above");
    let mut fields: Vec<(&str, &str)> = document.iter().collect();
    fields.retain(|(name, text)| *name != "sign" && !text.is_empty());
    fields.sort_unstable();
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, text)| format!("{name}={text}"))
        .collect();
    assert_eq!(
        pairs.join("&"),
        "appid=wx2421b1c4370ec43b&attach=支付测试&bank_type=CFT&coupon_count=1&coupon_fee=0&coupon_fee_0=0\
         &coupon_id_0=10000&coupon_type_0=CASH&fee_type=CNY&is_subscribe=Y&mch_id=10000100\
         &nonce_str=5d2b6c2a8db53831f7eda20af46e531c&openid=oUpF8uMEb4qRXf22hE3X68TekukE\
         &out_trade_no=1409811653&result_code=SUCCESS&return_code=SUCCESS&time_end=20140903131540&total_fee=1\
         &trade_type=JSAPI&transaction_id=1004400740201409030005092168"
    );
    assert_eq!(
        document.get("sign"),
        Some("44ED1D2BDCFA6BBDACB10BB53D3ADAFA")
    );
}

#[test]
fn a_refund_notice_holds_another_document() {
    let (input, _) = case("refund-notice-complete");
    let outer = Document::parse(&input).expect("read above");
    // 763 bytes, padded to 768.
    assert_eq!(outer.get("req_info").map(str::len), Some(1024));
    let (plain, _) = case("refund-notice-complete-plain");
    assert_eq!(plain.len(), 763);
    let inner = Document::parse(&plain).expect("read above");
    assert_eq!((outer.root(), inner.root()), ("xml", "root"));
    assert_eq!(inner.get("refund_recv_accout"), Some("支付用户零钱"));
}
