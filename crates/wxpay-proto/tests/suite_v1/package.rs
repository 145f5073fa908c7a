//! Packages that are not made, and packages that are not believed.

use wxpay_proto::Fen;
use wxpay_proto::v1::{
    Charset, CharsetError, Package, PackageError, PackageOrder, PrepareError, VerificationError,
};

use crate::support::{PARTNER, merchant, partner_key, text};

fn order() -> PackageOrder {
    PackageOrder::new(
        "水",
        "20140701000001",
        Fen::new(300),
        "http://a.example/n",
        "10.0.0.8",
    )
}

fn refused(order: &PackageOrder) -> String {
    let error = merchant().package(order).unwrap_err();
    match &error {
        PrepareError::Invalid(field) => field.to_string(),
        PrepareError::Charset(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[test]
fn limits_are_bytes_of_the_charset() {
    let longest = "水".repeat(64);
    let gbk = order().attach(longest.clone()).charset(Charset::Gbk);
    assert!(merchant().package(&gbk).is_ok());
    let utf8 = order().attach(longest);
    assert_eq!(refused(&utf8), "attach: 192, at most 128 allowed");
    let gbk = order().attach("水".repeat(65)).charset(Charset::Gbk);
    assert_eq!(refused(&gbk), "attach: 130, at most 128 allowed");
}

#[test]
fn what_gbk_cannot_hold_is_an_error_that_names_the_field() {
    let order = order().attach("café ☃").charset(Charset::Gbk);
    let error = merchant().package(&order).unwrap_err();
    let PrepareError::Charset(CharsetError::Unmappable { field, position }) = error else {
        panic!("{error:?}");
    };
    assert_eq!((field, position), ("attach", 6));
}

#[test]
fn the_parts_must_add_up() {
    assert!(
        merchant()
            .package(&order().fees(Fen::new(290), Fen::new(10)))
            .is_ok()
    );
    for (product, transport) in [(290, 11), (300, 1), (0, 0), (i64::MAX, 1)] {
        let order = order().fees(Fen::new(product), Fen::new(transport));
        assert_eq!(merchant().package(&order), Err(PrepareError::Total));
    }
    let mut only = order();
    only.product_fee = Some(Fen::new(299));
    assert_eq!(merchant().package(&only), Err(PrepareError::Total));
}

#[test]
fn each_field_has_its_limit() {
    let with = |change: fn(&mut PackageOrder)| {
        let mut order = order();
        change(&mut order);
        refused(&order)
    };
    assert!(with(|order| order.body = String::new()).starts_with("body: "));
    assert!(with(|order| order.total_fee = Fen::ZERO).starts_with("total_fee: "));
    assert!(with(|order| order.total_fee = Fen::new(-1)).starts_with("total_fee: "));
    assert!(with(|order| order.out_trade_no = "a-1".to_owned()).starts_with("out_trade_no: "));
    assert!(with(|order| order.out_trade_no = "1".repeat(33)).starts_with("out_trade_no: "));
    assert!(
        with(|order| order.notify_url = "http://a.example/?b=c".to_owned())
            .starts_with("notify_url: ")
    );
    assert!(with(|order| order.notify_url = "/n".to_owned()).starts_with("notify_url: "));
    for ip in [
        "",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.8.1",
        "10.0.0.a",
        "::1",
        "10.0.0.",
    ] {
        let mut order = order();
        order.spbill_create_ip = ip.to_owned();
        assert!(refused(&order).starts_with("spbill_create_ip: "), "{ip}");
    }
}

#[test]
fn what_is_no_package_is_refused() {
    let parse = |text: &str| Package::parse(text).unwrap_err();
    assert_eq!(parse("body=矿泉水&sign=1"), PackageError::NotEncoded);
    assert_eq!(parse("body=a b"), PackageError::NotEncoded);
    assert_eq!(parse("body=<x>"), PackageError::NotEncoded);
    assert_eq!(parse("a=1&a=2"), PackageError::Duplicate);
    assert_eq!(parse("a.b=1"), PackageError::Syntax);
    assert_eq!(parse("=1"), PackageError::Syntax);
    assert_eq!(parse(&"a".repeat(8193)), PackageError::TooLarge);
    let many: Vec<String> = (0..65).map(|number| format!("a{number}=1")).collect();
    assert_eq!(parse(&many.join("&")), PackageError::Syntax);
}

#[test]
fn every_step_of_verifying_has_its_error() {
    let good = text("package/utf-8/package.txt");
    let verify = |text: &str, partner: &str| {
        Package::parse(text)
            .unwrap()
            .verify(partner, &partner_key())
            .unwrap_err()
    };
    let failed = PackageError::Verification;
    let field = "sign";
    let (unsigned, sign) = good.rsplit_once("&sign=").unwrap();
    assert_eq!(
        verify(unsigned, PARTNER),
        failed(VerificationError::Missing { field })
    );
    // 64 digits would be an HMAC-SHA256, which v1 does not know.
    for sign in [&sign[1..], &format!("{sign}{sign}"), "x"] {
        let text = format!("{unsigned}&sign={sign}");
        assert_eq!(
            verify(&text, PARTNER),
            failed(VerificationError::Malformed { field })
        );
    }
    let lower = format!("{unsigned}&sign={}", sign.to_ascii_lowercase());
    assert_eq!(
        verify(&lower, PARTNER),
        failed(VerificationError::Mismatch { field })
    );
    let field = "partner";
    assert_eq!(
        verify(&good, "1900000110"),
        failed(VerificationError::OtherMerchant { field })
    );
    // Encoded once too often, as some web frameworks do.
    let twice = good.replace('%', "%25");
    let field = "sign";
    assert_eq!(
        verify(&twice, PARTNER),
        failed(VerificationError::Mismatch { field })
    );
}
