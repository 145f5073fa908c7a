//! Fen and yuan.

use proptest::prelude::*;
use wxpay_json::{Fen, decode};

#[test]
fn yuan_text_is_exact() {
    for (text, fen) in [
        ("19.99", 1999),
        ("19.9", 1990),
        ("19", 1900),
        ("0.00", 0),
        ("-0.01", -1),
        ("-0", 0),
        ("007.10", 710),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
    ] {
        assert_eq!(Fen::from_yuan(text), Ok(Fen::new(fen)), "{text}");
    }
    for text in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "1.999",
        "1.000",
        "1e2",
        "+1",
        " 1",
        "1 ",
        "0x1",
        "1,000",
        "1.2.3",
        "--1",
        "1.-1",
        "1.+1",
        "１",
        "NaN",
        "inf",
        "¥1",
        "92233720368547758.08",
        "-92233720368547758.09",
        "99999999999999999999999999",
    ] {
        assert!(Fen::from_yuan(text).is_err(), "{text:?}");
    }
}

#[test]
fn yuan_is_written_with_two_decimals() {
    for (fen, text) in [
        (0, "0.00"),
        (1, "0.01"),
        (-1, "-0.01"),
        (1999, "19.99"),
        (-100, "-1.00"),
        (i64::MIN, "-92233720368547758.08"),
    ] {
        assert_eq!(Fen::new(fen).yuan().to_string(), text);
    }
    assert_eq!(
        format!("{:>8}|{:<6}|", Fen::new(1999).yuan(), Fen::new(-1).yuan()),
        "   19.99|-0.01 |"
    );
}

#[test]
fn json_is_an_integer() {
    assert_eq!(serde_json::to_string(&Fen::new(-7)).unwrap(), "-7");
    for (json, fen) in [
        ("0", 0),
        ("1999", 1999),
        ("-1", -1),
        ("\"1999\"", 1999),
        ("\"-1\"", -1),
        ("9223372036854775807", i64::MAX),
    ] {
        assert_eq!(
            decode::<Fen>(json.as_bytes()).unwrap(),
            Fen::new(fen),
            "{json}"
        );
    }
    for json in [
        "1.0",
        "19.99",
        "1e2",
        "\"1.0\"",
        "\"19.99\"",
        "\"\"",
        "\"-\"",
        "\"+1\"",
        "\" 1\"",
        "\"1 \"",
        "null",
        "true",
        "[1]",
        "{}",
        "9223372036854775808",
        "\"9223372036854775808\"",
        "1e400",
    ] {
        assert!(decode::<Fen>(json.as_bytes()).is_err(), "{json}");
    }
}

#[test]
fn a_float_is_called_one() {
    let error = decode::<Fen>(b"19.99").unwrap_err();
    assert_eq!(
        error.to_string(),
        "found a floating-point number, expected money in whole fen (an integer, not a floating-point number)"
    );
}

#[test]
fn sums_are_checked() {
    assert_eq!(Fen::new(1).checked_add(Fen::new(2)), Some(Fen::new(3)));
    assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), None);
    assert_eq!(Fen::new(1).checked_sub(Fen::new(2)), Some(Fen::new(-1)));
    assert_eq!(Fen::new(i64::MIN).checked_sub(Fen::new(1)), None);
}

proptest! {
    #[test]
    fn yuan_round_trip(fen: i64) {
        let text = Fen::new(fen).yuan().to_string();
        prop_assert_eq!(Fen::from_yuan(&text), Ok(Fen::new(fen)));
    }

    #[test]
    fn json_round_trip(fen: i64) {
        let json = serde_json::to_vec(&Fen::new(fen)).unwrap();
        prop_assert_eq!(decode::<Fen>(&json).unwrap(), Fen::new(fen));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,30}", near in "[-+0-9.e]{0,30}") {
        for text in [text, near] {
            if let Ok(fen) = Fen::from_yuan(&text) {
                // What was taken says the same when written, but for zeros that mean nothing.
                let digits = |text: &str| text.trim_start_matches('-').trim_start_matches('0').to_owned();
                let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
                prop_assert_eq!(digits(&format!("{whole}.{decimals:0<2}")), digits(&fen.yuan().to_string()));
            }
        }
    }
}
