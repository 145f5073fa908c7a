//! Limits of fields: what is refused, and in which words.

use proptest::prelude::*;
use wxpay_json::check::{Alphabet, InvalidKind, Unit};
use wxpay_json::{Fen, InvalidField, Sensitive, check};

fn message(result: Result<(), InvalidField>) -> String {
    result.expect_err("the check must refuse").to_string()
}

#[test]
fn lengths_are_characters() {
    let description = "图".repeat(128);
    let error = check::text("description", &description, 1, 127).unwrap_err();
    assert_eq!(
        error.to_string(),
        "description: 128 characters, at most 127 allowed"
    );
    assert!(matches!(
        error.kind(),
        InvalidKind::TooLong {
            length: 128,
            max: 127,
            unit: Unit::Characters,
            ..
        }
    ));
    assert_eq!(
        check::text("description", &"图".repeat(127), 1, 127),
        Ok(())
    );
    assert_eq!(
        message(check::text("attach", "", 1, 128)),
        "attach: empty, leave the field out or fill it"
    );
    assert_eq!(
        message(check::text("out_trade_no", "1", 6, 32)),
        "out_trade_no: 1 character, at least 6 needed"
    );
    assert_eq!(
        message(check::text("out_trade_no", &"1".repeat(33), 6, 32)),
        "out_trade_no: 33 characters, at most 32 allowed"
    );
    assert_eq!(
        message(check::bytes("attach", "图图", 1, 5)),
        "attach: 6 bytes, at most 5 allowed"
    );
    assert_eq!(check::bytes("attach", "图图", 1, 6), Ok(()));
}

#[test]
fn characters_that_are_not_taken() {
    assert_eq!(
        message(check::text("description", "奶茶🧋", 1, 127)),
        "description: U+1F9CB at position 3, characters of four UTF-8 bytes (such as emoji) are not allowed"
    );
    assert_eq!(
        message(check::text("description", "a\u{1}", 1, 127)),
        "description: U+0001 at position 2, control characters are not allowed"
    );
    assert_eq!(check::text("description", "a\tb\r\nc", 1, 127), Ok(()));
    assert_eq!(check::text("description", "\u{ffff}", 1, 127), Ok(()));
    assert!(check::text("description", "\u{10000}", 1, 127).is_err());
    assert!(check::bytes("description", "🧋", 1, 127).is_err());
}

#[test]
fn alphabets() {
    assert_eq!(
        check::alphabet("out_trade_no", "aZ0_-|*", Alphabet::TradeNo),
        Ok(())
    );
    assert_eq!(
        message(check::alphabet("out_trade_no", "a@b", Alphabet::TradeNo)),
        "out_trade_no: '@' at position 2, only 0-9 A-Z a-z _ - | * allowed"
    );
    assert_eq!(
        check::alphabet("out_refund_no", "a@b", Alphabet::RefundNo),
        Ok(())
    );
    assert_eq!(
        message(check::alphabet("out_refund_no", "单", Alphabet::RefundNo)),
        "out_refund_no: U+5355 at position 1, only 0-9 A-Z a-z _ - | * @ allowed"
    );
    assert!(check::alphabet("n", "12a", Alphabet::Digits).is_err());
    assert!(check::alphabet("n", "１", Alphabet::Digits).is_err());
    assert!(check::alphabet("n", "a_", Alphabet::Alphanumeric).is_err());
    assert_eq!(check::alphabet("n", "a_-", Alphabet::Identifier), Ok(()));
    assert!(check::alphabet("n", "fg", Alphabet::Hex).is_err());
    assert!(check::alphabet("n", "a\n", Alphabet::PrintableAscii).is_err());
}

#[test]
fn optional_fields_that_are_not_there() {
    let none: Option<String> = None;
    assert_eq!(check::text("attach", &none, 1, 128), Ok(()));
    assert!(check::text("attach", &Some(String::new()), 1, 128).is_err());
    assert_eq!(check::range("amount", None::<Fen>, 1, 100), Ok(()));
    assert_eq!(check::url("notify_url", &none, 255), Ok(()));
    assert_eq!(
        check::nested("amount", &None::<Fen>, |_: &Fen| unreachable!()),
        Ok(())
    );
}

#[test]
fn numbers_and_lists() {
    assert_eq!(
        message(check::range("total", Fen::new(0), 1, 100)),
        "total: 0, at least 1 allowed"
    );
    assert_eq!(
        message(check::range("total", 101i64, 1, 100)),
        "total: 101, at most 100 allowed"
    );
    assert_eq!(check::range("total", Some(Fen::new(100)), 1, 100), Ok(()));
    assert!(check::range("total", u64::MAX, 1, 100).is_err());
    assert_eq!(
        message(check::count("sub_orders", 1, 2, 10)),
        "sub_orders: 1 entry, at least 2 needed"
    );
    assert_eq!(
        message(check::count("sub_orders", 0, 1, 10)),
        "sub_orders: 0 entries, at least 1 needed"
    );
    assert_eq!(
        message(check::count("sub_orders", 11, 2, 10)),
        "sub_orders: 11 entries, at most 10 allowed"
    );
    assert_eq!(message(check::present("openid", false)), "openid: missing");
}

#[test]
fn paths_grow_outwards() {
    let names = ["ok".to_owned(), String::new()];
    let error = check::nested("detail", &names, |names| {
        check::each("goods", names, 1, 9, |name| check::text("name", name, 1, 9))
    });
    assert_eq!(error.unwrap_err().field(), "detail.goods[1].name");
    let error = check::each("limit_pay", &names, 1, 9, |name| {
        check::text("", name, 1, 9)
    });
    assert_eq!(error.unwrap_err().field(), "limit_pay[1]");
    let error = check::each("limit_pay", &names, 3, 9, |_| Ok(()));
    assert_eq!(error.unwrap_err().field(), "limit_pay");
    assert_eq!(
        check::nested("amount", &Fen::new(1), |fen| check::range(
            "total", fen, 1, 2
        )),
        Ok(())
    );
}

#[test]
fn sensitive_text_is_not_repeated() {
    let name = Some(Sensitive::from("张🧋"));
    assert_eq!(
        message(check::text("name", &name, 1, 9)),
        "name: a character at position 2, characters of four UTF-8 bytes (such as emoji) are not allowed"
    );
    let error = check::alphabet("id_no", &Sensitive::from("12x4"), Alphabet::Digits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "id_no: a character at position 3, only 0-9 allowed"
    );
    assert!(!format!("{error:?}").contains('x'), "{error:?}");
}

#[test]
fn addresses() {
    for url in [
        "https://example.com/notify",
        "http://127.0.0.1:8080/wechat",
        "HTTPS://example.com",
        "https://[::1]:8443/a",
        "https://[::1]/a",
    ] {
        assert_eq!(check::url("notify_url", url, 255), Ok(()), "{url}");
    }
    for (url, problem) in [
        ("", "empty"),
        ("example.com/notify", "absolute"),
        ("/notify", "absolute"),
        ("ftp://example.com", "absolute"),
        ("https:/example.com", "absolute"),
        ("https://", "host"),
        ("https:///notify", "host"),
        ("https://:8080/", "host"),
        ("https://example.com/?a=b", "query"),
        ("https://example.com/#a", "fragment"),
        ("https://user:pw@example.com/", "user"),
        ("https://example.com:99999/", "port"),
        ("https://example.com:/", "port"),
        ("https://example.com/a b", "ASCII"),
        ("https://例子.cn/", "ASCII"),
        ("https://example.com/\n", "ASCII"),
    ] {
        let message = message(check::url("notify_url", url, 255));
        assert!(
            message.starts_with("notify_url: ") && message.contains(problem),
            "{url}: {message}"
        );
    }
    let long = format!("https://example.com/{}", "a".repeat(255));
    assert!(message(check::url("notify_url", &long, 255)).contains("at most 255"));
}

proptest! {
    #[test]
    fn text_agrees_with_its_rule(value in "\\PC{0,12}", min in 0usize..4, max in 4usize..10) {
        let length = value.chars().count();
        let fits = (min..=max).contains(&length)
            && value.chars().all(|c| c.len_utf8() < 4 && !c.is_control());
        prop_assert_eq!(check::text("f", &value, min, max).is_ok(), fits);
        let fits = (min..=max).contains(&value.len()) && value.chars().all(|c| c.len_utf8() < 4);
        prop_assert_eq!(check::bytes("f", &value, min, max).is_ok(), fits);
    }

    #[test]
    fn addresses_never_panic(value in "\\PC{0,40}", near in "(https?://)?[a-z0-9.:/@?#\\[\\]]{0,30}") {
        let _ = check::url("f", &value, 255);
        let _ = check::url("f", &near, 255);
    }
}

#[test]
fn endings_of_file_names() {
    const ENDINGS: &[&str] = &["jpg", "png"];
    let ending = |name: &str| check::ending("filename", name, ENDINGS);
    ending("a.jpg").unwrap();
    ending("a.b.PNG").unwrap();
    check::ending("filename", &None::<String>, ENDINGS).unwrap();
    for name in ["a.gif", "jpg", "a.jpg ", "a.", ""] {
        let error = ending(name).unwrap_err();
        let expected = "filename: does not end with one of .jpg, .png";
        assert_eq!(error.to_string(), expected, "{name}");
    }
}
