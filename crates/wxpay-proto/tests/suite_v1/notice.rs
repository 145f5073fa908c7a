//! Notices that are not believed.

use wxpay_proto::Fen;
use wxpay_proto::sign::SignType;
use wxpay_proto::v1::{
    Charset, CharsetError, ExpectedOrder, NoticeError, TradeState, VerificationError, reply,
};

use crate::support::{APPID, PARTNER, bytes, merchant, merchant_of, notice, partner_key, text};

const BODY: [&str; 5] = ["AppId", "IsSubscribe", "NonceStr", "OpenId", "TimeStamp"];

fn body() -> Vec<u8> {
    bytes("payment-notice/body.xml")
}

/// The query of the vectors with some values changed, signed again.
fn query(changes: &[(&str, &str)]) -> String {
    let original = text("payment-notice/query-in-utf-8.txt");
    let decoded = |value: &str| {
        let bytes = percent_encoding::percent_decode_str(value);
        bytes.decode_utf8().unwrap().into_owned()
    };
    let mut pairs: Vec<(String, String)> = original
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .filter(|(name, _)| *name != "sign")
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect();
    for (name, value) in changes {
        match pairs.iter_mut().find(|(other, _)| other == name) {
            Some(pair) => (*value).clone_into(&mut pair.1),
            None => pairs.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    let sign = partner_key().sign(
        SignType::Md5,
        pairs.iter().map(|(name, value)| (name, value)),
    );
    pairs.push(("sign".to_owned(), sign));
    let written = pairs.iter().map(|(name, value)| {
        let value =
            percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        format!("{name}={value}")
    });
    written.collect::<Vec<_>>().join("&")
}

fn opened(query: &str, body: &[u8]) -> NoticeError {
    merchant().open_payment_notice(query, body).unwrap_err()
}

#[test]
fn both_halves_must_hold() {
    let unproven = |field| NoticeError::Verification(VerificationError::Mismatch { field });
    let good = query(&[]);
    assert!(merchant().open_payment_notice(&good, &body()).is_ok());
    let dearer = good.replace("total_fee=1&", "total_fee=100&");
    assert_eq!(opened(&dearer, &body()), unproven("sign"));
    let other_payer = String::from_utf8(body())
        .unwrap()
        .replace("111222", "111223");
    assert_eq!(
        opened(&good, other_payer.as_bytes()),
        unproven("AppSignature")
    );
    // Signed with another merchant's paySignKey.
    let other = merchant_of(APPID, 2).open_payment_notice(&good, &body());
    assert_eq!(other, Err(unproven("AppSignature")));
}

#[test]
fn unsigned_and_wrongly_signed_halves_are_told_apart() {
    let good = query(&[]);
    let (unsigned, sign) = good.rsplit_once("&sign=").unwrap();
    let failed = NoticeError::Verification;
    let missing = failed(VerificationError::Missing { field: "sign" });
    assert_eq!(opened(unsigned, &body()), missing);
    assert_eq!(opened(&format!("{unsigned}&sign="), &body()), missing);
    let malformed = failed(VerificationError::Malformed { field: "sign" });
    assert_eq!(
        opened(&format!("{unsigned}&sign={sign}{sign}"), &body()),
        malformed
    );
    let kind = failed(VerificationError::Malformed { field: "sign_type" });
    assert_eq!(opened(&query(&[("sign_type", "RSA")]), &body()), kind);

    let text = String::from_utf8(body()).unwrap();
    let from = text.find("<AppSignature>").unwrap();
    let to = text.find("<SignMethod>").unwrap();
    let unsigned = format!("{}{}", &text[..from], &text[to..]);
    let missing = failed(VerificationError::Missing {
        field: "AppSignature",
    });
    assert_eq!(opened(&good, unsigned.as_bytes()), missing);
    let short = format!(
        "{}<AppSignature>abc</AppSignature>{}",
        &text[..from],
        &text[to..]
    );
    let malformed = failed(VerificationError::Malformed {
        field: "AppSignature",
    });
    assert_eq!(opened(&good, short.as_bytes()), malformed);
    let method = text.replace("[sha1]", "[md5]");
    let malformed = failed(VerificationError::Malformed {
        field: "SignMethod",
    });
    assert_eq!(opened(&good, method.as_bytes()), malformed);
}

#[test]
fn another_merchants_notice_is_refused() {
    let failed = |field| NoticeError::Verification(VerificationError::OtherMerchant { field });
    assert_eq!(
        opened(&query(&[("partner", "1900000110")]), &body()),
        failed("partner")
    );
    let fields = [
        ("OpenId", "111222"),
        ("AppId", "wxd930ea5d5a258f4f"),
        ("IsSubscribe", "1"),
        ("TimeStamp", "1369743511"),
        ("NonceStr", "jALldRTHAFd5Tgs5"),
    ];
    let body = notice(&fields, &BODY);
    assert_eq!(opened(&query(&[]), body.as_bytes()), failed("AppId"));
}

#[test]
fn only_state_0_is_paid() {
    for state in ["1", "2", "00", "0 ", "-1"] {
        let notice = merchant()
            .open_payment_notice(&query(&[("trade_state", state)]), &body())
            .unwrap();
        assert!(!notice.is_paid(), "{state}");
        assert_ne!(notice.trade_state, TradeState::Paid);
        let expected = ExpectedOrder::new(&merchant(), "16642817866003386000", Fen::new(1));
        assert_eq!(notice.check(&expected).unwrap_err().field(), "trade_state");
    }
    let missing = opened(&query(&[("trade_state", "")]), &body());
    assert!(matches!(missing, NoticeError::Decode(error) if error.path() == "trade_state"));
}

#[test]
fn a_notice_is_compared_with_the_order() {
    let merchant = merchant();
    let query = query(&[("total_fee", "80"), ("discount", "20")]);
    let notice = merchant.open_payment_notice(&query, &body()).unwrap();
    let expected = |number: &str, fen| ExpectedOrder::new(&merchant, number, Fen::new(fen));
    assert_eq!(notice.check(&expected("16642817866003386000", 100)), Ok(()));
    let error = notice
        .check(&expected("16642817866003386000", 101))
        .unwrap_err();
    assert_eq!(error.to_string(), "total_fee: expected 101, received 100");
    let error = notice.check(&expected("1", 100)).unwrap_err();
    assert_eq!(error.field(), "out_trade_no");
    let mut other = expected("16642817866003386000", 100);
    other.partner = "1900000110".to_owned();
    assert_eq!(notice.check(&other).unwrap_err().field(), "partner");
    let mut other = expected("16642817866003386000", 100);
    other.appid = "wxd930ea5d5a258f4f".to_owned();
    assert_eq!(notice.check(&other).unwrap_err().field(), "appid");
}

#[test]
fn money_is_whole_fen() {
    for fee in ["1.0", "-1", "+1", "1e2", "0x1", "99999999999999999999"] {
        let error = opened(&query(&[("total_fee", fee)]), &body());
        assert!(
            matches!(&error, NoticeError::Decode(error) if error.path() == "total_fee"),
            "{fee}"
        );
    }
}

#[test]
fn the_query_is_in_the_charset_that_it_declares() {
    let gbk = text("payment-notice/query.txt");
    // The same bytes, said to be UTF-8 and signed so.
    let (unsigned, _) = gbk.rsplit_once("&sign=").unwrap();
    let lied = unsigned.replace("=GBK", "=UTF-8");
    let pairs = lied.split('&').map(|pair| pair.split_once('=').unwrap());
    let signed = pairs.map(|(name, value)| {
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(value).collect();
        (name, bytes)
    });
    let sign = partner_key().sign(SignType::Md5, signed);
    let error = opened(&format!("{lied}&sign={sign}"), &body());
    let (field, charset) = ("attach", Charset::Utf8);
    assert_eq!(
        error,
        NoticeError::Charset(CharsetError::NotText { field, charset })
    );
    let error = opened(&query(&[("input_charset", "UTF-16")]), &body());
    let field = "input_charset";
    assert_eq!(error, NoticeError::Charset(CharsetError::Unknown { field }));
}

#[test]
fn a_charset_that_is_not_declared_is_gbk() {
    let gbk = text("payment-notice/query.txt");
    let (unsigned, _) = gbk.rsplit_once("&sign=").unwrap();
    let silent = unsigned.replace("input_charset=GBK&", "");
    let pairs = silent.split('&').map(|pair| pair.split_once('=').unwrap());
    let signed = pairs.map(|(name, value)| {
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(value).collect();
        (name, bytes)
    });
    let sign = partner_key().sign(SignType::Md5, signed);
    let notice = merchant().open_payment_notice(&format!("?{silent}&sign={sign}"), &body());
    let notice = notice.unwrap();
    assert_eq!(notice.attach.as_deref(), Some("附加数据"));
    assert_eq!(notice.partner, PARTNER);
}

#[test]
fn what_is_no_notice_is_refused() {
    let good = query(&[]);
    for body in [
        &b""[..],
        b"<html><body>502</body></html>",
        b"{}",
        b"<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><xml><OpenId>&b;</OpenId></xml>",
        b"<xml><OpenId><![CDATA[1</OpenId></xml>",
        b"<xml></xml><xml></xml>",
        b"<xml><OpenId>\xb8\xbd</OpenId></xml>",
    ] {
        assert!(
            matches!(opened(&good, body), NoticeError::Xml(_)),
            "{body:?}"
        );
        assert!(matches!(
            merchant().open_native_callback(body),
            Err(NoticeError::Xml(_))
        ));
        assert!(matches!(
            merchant().open_rights_notice(body),
            Err(NoticeError::Xml(_))
        ));
        assert!(matches!(
            merchant().open_alarm_notice(body),
            Err(NoticeError::Xml(_))
        ));
    }
    let len = 64 * 1024 + 1;
    let large = vec![b' '; len];
    assert_eq!(opened(&good, &large), NoticeError::TooLarge { len });
    assert_eq!(
        opened(&"a".repeat(len), &body()),
        NoticeError::TooLarge { len }
    );
    for query in ["total_fee=1&total_fee=1", "a b=1", "=1"] {
        assert_eq!(opened(query, &body()), NoticeError::Query, "{query}");
    }
    let missing = NoticeError::Verification(VerificationError::Missing { field: "sign" });
    assert_eq!(opened("", &body()), missing);
}

#[test]
fn pictures_stand_only_where_rights_notices_have_them() {
    let body = bytes("rights-notice/request.xml");
    assert!(merchant().open_rights_notice(&body).is_ok());
    assert!(matches!(
        merchant().open_alarm_notice(&body),
        Err(NoticeError::Xml(_))
    ));
}

#[test]
fn a_refusal_says_something_and_is_no_success() {
    let (at, nonce) = (crate::support::NOW, crate::support::nonce("n"));
    let long = "长".repeat(129);
    for (code, message) in [(0, "ok"), (1, ""), (1, "a\u{7}"), (1, &*long)] {
        assert!(
            merchant()
                .native_refusal(code, message, at, &nonce)
                .is_err()
        );
    }
}

#[test]
fn notices_are_answered_with_one_word() {
    assert_eq!(&reply::success().body()[..], b"success");
    assert_eq!(&reply::fail().body()[..], b"fail");
    assert_eq!(&opened("", b"").reply().body()[..], b"fail");
}
