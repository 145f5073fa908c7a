//! What reading and writing cost, beside the least that they can.
//!
//! `cargo bench -p wxpay-xml`
//!
//! The baseline of reading is quick-xml's events over the same bytes, looked at by nobody; that of writing is one
//! copy of the same text. The ratios at the end are of the medians of many short rounds in which both sides take
//! turns, so that whatever else the machine does falls on both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use quick_xml::Reader;
use quick_xml::events::Event;
use wxpay_xml::{Document, write};

/// A payment notice of 21 fields, all in CDATA.
const NOTICE: &[u8] = include_bytes!("../tests/vectors/payment-notice/document.xml");

/// An order of 15 fields.
const ORDER: [(&str, &str); 15] = [
    ("appid", "wx2421b1c4370ec43b"),
    ("attach", "支付测试"),
    ("body", "coffee & cake"),
    ("device_info", "WEB"),
    ("fee_type", "CNY"),
    ("mch_id", "10000100"),
    ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
    ("notify_url", "https://shop.example/pay/notify"),
    ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
    ("out_trade_no", "20240101103456001"),
    ("spbill_create_ip", "203.0.113.7"),
    ("time_expire", "20240101113456"),
    ("total_fee", "100"),
    ("trade_type", "JSAPI"),
    ("sign", "9A0A8659F005D6984697E2CA0A9CF3B7"),
];

fn read() {
    black_box(Document::parse(black_box(NOTICE)).expect("a notice"));
}

fn bare_events() {
    let text = std::str::from_utf8(black_box(NOTICE)).expect("UTF-8");
    let mut reader = Reader::from_str(text);
    loop {
        match black_box(reader.read_event().expect("XML")) {
            Event::Eof => break,
            _ => continue,
        }
    }
}

fn write_order() {
    black_box(write("xml", black_box(&ORDER)).expect("writable"));
}

fn bare_copy(text: &str) {
    black_box(black_box(text).to_owned());
}

/// The median times of one call of each, taken in turns.
fn in_turns(one: impl Fn(), other: impl Fn()) -> (Duration, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn time(calls: u32, call: &impl Fn()) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed() / calls
    }
    let calls = (2_000_000 / time(50, &one).as_nanos().max(1)).clamp(1, 1000) as u32;
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..801 {
        ones.push(time(calls, &one));
        others.push(time(calls, &other));
    }
    ones.sort();
    others.sort();
    (ones[ones.len() / 2], others[others.len() / 2])
}

fn main() {
    let text = write("xml", &ORDER).expect("writable");
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("read a notice of 21 fields");
    group.bench_function("document", |b| b.iter(read));
    group.bench_function("bare events", |b| b.iter(bare_events));
    group.finish();
    let mut group = criterion.benchmark_group("write an order of 15 fields");
    group.bench_function("write", |b| b.iter(write_order));
    group.bench_function("bare copy", |b| b.iter(|| bare_copy(&text)));
    group.finish();
    criterion.final_summary();
    // `cargo test` runs this file too, and wants no measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    for (what, (whole, bare)) in [
        ("read / bare events", in_turns(read, bare_events)),
        (
            "write / bare copy",
            in_turns(write_order, || bare_copy(&text)),
        ),
    ] {
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        eprintln!("{what}: {whole:?} / {bare:?} = {ratio:.3}");
    }
}
