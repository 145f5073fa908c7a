//! How often memory is asked for. The counter is a global allocator, so this is a program of its own.

use std::hint::black_box;

use allocation_counter::measure;
use wxpay_xml::{Document, Limits, write};

const NOTICE: &[u8] = include_bytes!("vectors/payment-notice/document.xml");

fn reading(input: &[u8]) -> u64 {
    measure(|| drop(Document::parse(input).expect("readable"))).count_total
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(black_box(vec![0_u8; 100]))).count_total, 1);
}

#[test]
fn a_flat_notice_takes_one_allocation() {
    assert_eq!(reading(NOTICE), 1);
    // Off the shortcut quick-xml keeps the names that are open, and that is no more the longer the notice is.
    let slow = [b"<?xml version=\"1.0\"?>", NOTICE].concat();
    assert!(reading(&slow) <= 5);
    let lists = Limits::new().lists(true);
    let read = || drop(Document::parse_within(NOTICE, lists).expect("readable"));
    assert_eq!(measure(read).count_total, 1);
}

#[test]
fn only_a_text_in_pieces_is_copied() {
    let one = b"<xml><a>1</a><b><![CDATA[2]]></b><c/><d></d></xml>";
    let pieces = b"<xml><a>1</a><b><![CDATA[2]]></b><c/><d>&lt;</d></xml>";
    assert_eq!(reading(pieces), reading(one) + 1);
}

#[test]
fn memory_is_a_small_multiple_of_the_input() {
    for input in [
        NOTICE.to_vec(),
        b"<xml>".repeat(1000),
        vec![b'<'; 1 << 20],
        vec![b' '; 1 << 20],
    ] {
        let read = || drop(Document::parse_within(&input, Limits::new().lists(true)));
        let most = measure(read).bytes_max;
        assert!(most <= 2 * input.len() as u64 + 4096, "{most} bytes");
    }
    // Many fields, or many records of one field: the worst that the limits let in.
    for record in [
        "<a/>",
        "<a><b/></a>",
        "<a><b>1</b></a>",
        "<a><b><c/></b></a>",
    ] {
        let input = format!("<xml>{}</xml>", record.repeat(512));
        let read = || {
            drop(Document::parse_within(
                input.as_bytes(),
                Limits::new().lists(true),
            ))
        };
        let most = measure(read).bytes_max;
        assert!(most <= 512 * 1024, "{record}: {most} bytes");
    }
}

#[test]
fn fields_are_looked_up_and_families_gone_through_without_copies() {
    let document = Document::parse(NOTICE).expect("readable");
    let look = || {
        assert_eq!(document.get("total_fee"), Some("1"));
        assert_eq!(document.iter().count(), document.len());
        assert_eq!(document.repeated("mchinfo").count(), 0);
    };
    assert_eq!(measure(look).count_total, 0);
}

#[test]
fn an_order_is_written_in_one_allocation() {
    let order = [
        ("appid", "wx2421b1c4370ec43b"),
        ("body", "coffee & cake"),
        ("total_fee", "100"),
    ];
    let order = || drop(write("xml", order).expect("writable"));
    assert_eq!(measure(order).count_total, 1);
}
