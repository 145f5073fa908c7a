//! Answers that came in place of a bill.

use wxpay_bill::{Bill, Error, ErrorKind, FundFlows, Records, TradeBill, Trades};

use crate::support::{Chunks, every_way, gzip};

const XML: &str = "<xml>\n<return_code><![CDATA[FAIL]]></return_code>\n<return_msg><![CDATA[No Bill Exist]]></return_msg>\n<error_code><![CDATA[20002]]></error_code>\n</xml>\n";

/// The error of a trade bill that is none, the same however it comes.
fn error(bytes: &[u8]) -> Error {
    let end = every_way::<Trades>(bytes).end().clone();
    for at_a_time in [1, 10, usize::MAX] {
        let mut bill = TradeBill::from_reader(Chunks::new(bytes, at_a_time));
        let error = bill.next_row().unwrap_err();
        assert_eq!(error.to_string(), end.text);
        assert!(matches!(
            bill.next_row().unwrap_err().kind(),
            ErrorKind::Ended
        ));
    }
    TradeBill::from_slice(bytes).next_row().unwrap_err()
}

#[test]
fn answers_of_both_generations() {
    for (answer, code, is_no_bill, text) in [
        (XML, "20002", true, "20002 No Bill Exist"),
        (
            "<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>",
            "No Bill Exist",
            true,
            "No Bill Exist No Bill Exist",
        ),
        (
            "<xml><return_code>SUCCESS</return_code><err_code>NO_BILL_EXIST</err_code><err_code_des>账单不存在</err_code_des></xml>",
            "NO_BILL_EXIST",
            true,
            "NO_BILL_EXIST 账单不存在",
        ),
        (
            "{\n  \"code\": \"NO_STATEMENT_EXIST\",\n  \"message\": \"账单文件不存在\"\n}\n",
            "NO_STATEMENT_EXIST",
            true,
            "NO_STATEMENT_EXIST 账单文件不存在",
        ),
        (
            "\u{feff}\r\n  {\"code\":\"STATEMENT_CREATING\",\"message\":\"账单生成中\"}",
            "STATEMENT_CREATING",
            false,
            "STATEMENT_CREATING 账单生成中",
        ),
    ] {
        for bytes in [answer.as_bytes(), &gzip(answer.as_bytes())] {
            let error = error(bytes);
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert_eq!(error.code(), Some(code));
            assert_eq!(error.is_no_bill(), is_no_bill);
            assert_eq!(error.line(), Some(1));
            assert!(!error.is_row());
            assert_eq!(
                error.to_string(),
                format!("line 1: not a bill but an answer that says why there is none: {text}")
            );
        }
    }
}

#[test]
fn pages_of_something_in_between() {
    let page = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body>…</body></html>\n";
    let long = format!(
        "<html>\n{}",
        "<p>nothing to be found here</p>\n".repeat(2000)
    );
    let gbk = b"<html>\n<meta charset=gbk>\n<p>\xb7\xfe\xce\xf1\xc6\xf7</p></html>\n";
    for page in [
        page.as_bytes(),
        long.as_bytes(),
        gbk,
        b"<",
        b"{",
        b"{}",
        b"<xml>\n</xml>",
    ] {
        for bytes in [page, &gzip(page)] {
            let error = error(bytes);
            assert_eq!(error.kind(), ErrorKind::Layout);
            assert_eq!(error.code(), None);
            assert_eq!(
                error.to_string(),
                "line 1: not a bill: it begins like a web page or a document"
            );
        }
    }
    // An answer whose end cannot be read says why all the same.
    let error = error(&[XML.as_bytes(), b"\xff\n"].concat());
    assert_eq!(error.code(), Some("20002"));
}

#[test]
fn every_kind_of_bill_says_it() {
    assert_eq!(
        every_way::<FundFlows>(XML.as_bytes()).end().kind,
        ErrorKind::Refused
    );
    assert_eq!(
        every_way::<Records>(XML.as_bytes()).end().kind,
        ErrorKind::Refused
    );
}

#[test]
fn answers_are_not_believed_at_length() {
    // No more of an answer is looked at than it takes, and what it says is cut short.
    let padding = format!("<pad>{}</pad>\n", "x".repeat(1000));
    let far = format!("<xml>\n{}{XML}", padding.repeat(20));
    assert_eq!(error(far.as_bytes()).kind(), ErrorKind::Layout);
    let near = format!("<xml>\n{}{XML}", padding.repeat(10));
    assert_eq!(error(near.as_bytes()).kind(), ErrorKind::Refused);
    let long = format!(
        "{{\"code\":\"X\",\"message\":\"{}\"}}",
        "长\u{7}".repeat(1000)
    );
    assert!(error(long.as_bytes()).to_string().len() < 500);
    let one_line = format!("<xml>{}", "啊".repeat(300_000));
    let mut bill = Bill::<_, Trades>::from_slice(one_line.as_bytes());
    assert_eq!(bill.next_row().unwrap_err().kind(), ErrorKind::Layout);
    let late = format!("{}\n{XML}", crate::files::text(crate::files::TRADE_ALL));
    assert_eq!(error_at_end(&late), ErrorKind::Layout);
}

fn error_at_end(text: &str) -> ErrorKind {
    every_way::<Trades>(text.as_bytes()).end().kind
}

#[test]
fn an_answer_of_tenpay_in_gbk() {
    let declared = "<?xml version=\"1.0\" encoding=\"GBK\" ?>\n";
    let answer = "<root><retcode>88221009</retcode><retmsg><![CDATA[订单不存在]]></retmsg></root>";
    let bytes = encoding_rs::GBK.encode(answer).0;
    assert!(std::str::from_utf8(&bytes).is_err());
    for bytes in [
        [declared.as_bytes(), &bytes].concat(),
        gzip(&[declared.as_bytes(), &bytes].concat()),
    ] {
        let error = error(&bytes);
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.code(), Some("88221009"));
        assert!(error.to_string().contains("88221009 订单不存在"), "{error}");
        assert!(!error.is_no_bill());
    }
}
