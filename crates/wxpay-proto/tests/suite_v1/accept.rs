//! Requests that are sent and answers that are believed, with operations of the test's own.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{Method, StatusCode};
use wxpay_proto::v1::{
    AcceptError, AccessToken, AppSecret, Charset, CharsetError, FetchAccessToken, Form, Host,
    Merchant, Operation, OperationInfo, PrepareError, Reply, Request, SensitiveTarget, Unreadable,
    VerificationError,
};
use wxpay_proto::{DecodeError, Endpoint, Idempotency, Outcome};

use crate::support::{NOW, PARTNER, answer, merchant, nonce, tenpay, unsigned};

/// Asks Tenpay something.
struct Ask(&'static str, Method);

impl Request for Ask {
    fn info(&self) -> OperationInfo {
        OperationInfo::tenpay(
            "test.ask",
            Host::TenpayGateway,
            "/ask.xml",
            Idempotency::Safe,
        )
        .method(self.1.clone())
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("subject", self.0);
        form.text("nothing", "");
    }
}

impl Operation for Ask {
    type Response = String;

    fn read(&self, reply: &Reply) -> Result<String, DecodeError> {
        reply.text("answer").map(str::to_owned)
    }
}

fn ask() -> Ask {
    Ask("矿泉水", Method::GET)
}

/// Tells the platform something.
struct Tell;

impl Request for Tell {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform("test.tell", "/tell", Idempotency::No)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.appid("appid");
        form.text("what", "a&b");
        form.timestamp_number("timestamp");
    }
}

impl Operation for Tell {
    type Response = ();

    fn read(&self, _: &Reply) -> Result<(), DecodeError> {
        Ok(())
    }
}

const GOOD: [(&str, &str); 5] = [
    ("answer", "好"),
    ("input_charset", "GBK"),
    ("partner", PARTNER),
    ("retcode", "0"),
    ("retmsg", ""),
];

fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut fields = GOOD.to_vec();
    for change in changes {
        match fields.iter_mut().find(|(name, _)| *name == change.0) {
            Some(field) => *field = *change,
            None => fields.push(*change),
        }
    }
    fields
}

fn refused(body: impl Into<Bytes>) -> AcceptError {
    merchant().accept(&ask(), &answer(body)).unwrap_err()
}

fn unreadable(error: &AcceptError) -> &Unreadable {
    match error {
        AcceptError::Unreadable(answer) => answer.what(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_is_signed_and_escaped_in_the_merchants_charset() {
    let request = |merchant: &Merchant, method| {
        let request = Ask("矿泉水 1", method);
        merchant.prepare(&request, None, NOW, &nonce("n")).unwrap()
    };
    let gbk = merchant().with_charset(Charset::Gbk);
    let sent = request(&gbk, Method::GET);
    let uri = sent.uri().to_string();
    let start = "https://gw.tenpay.com/ask.xml?input_charset=GBK&partner=1900000109&sign_key_index=1&\
                 sign_type=MD5&subject=%BF%F3%C8%AA%CB%AE%201&sign=";
    assert!(uri.starts_with(start), "{uri}");
    assert_eq!(uri.len(), start.len() + 32);
    let sent = request(&merchant(), Method::POST);
    assert_eq!(sent.uri(), "https://gw.tenpay.com/ask.xml");
    assert_eq!(
        sent.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    let body = String::from_utf8(sent.body().to_vec()).unwrap();
    assert!(
        body.contains("&subject=%E7%9F%BF%E6%B3%89%E6%B0%B4%201&sign="),
        "{body}"
    );
}

#[test]
fn what_the_charset_cannot_hold_is_not_sent() {
    let merchant = merchant().with_charset(Charset::Gbk);
    let error = merchant.prepare(&Ask("☃", Method::GET), None, NOW, &nonce("n"));
    let (field, position) = ("subject", 1);
    let expected = PrepareError::Charset(CharsetError::Unmappable { field, position });
    assert_eq!(error.unwrap_err(), expected);
}

#[test]
fn every_host_is_the_one_that_was_given() {
    let sandbox = Endpoint::parse("http://127.0.0.1:9470").unwrap();
    let merchant = merchant().with_endpoint(sandbox);
    let token = AccessToken::new("t").unwrap();
    for request in [&ask() as &dyn Request, &Tell] {
        let sent = merchant
            .prepare(request, Some(&token), NOW, &nonce("n"))
            .unwrap();
        assert_eq!(sent.uri().authority().unwrap(), "127.0.0.1:9470");
    }
    assert_eq!(
        Host::Platform.endpoint().to_string(),
        "https://api.weixin.qq.com"
    );
    assert_eq!(
        Host::TenpayMerchant.endpoint().to_string(),
        "https://mch.tenpay.com"
    );
}

#[test]
fn another_attempt_changes_nothing_but_the_token() {
    let encoded = merchant().encode(&Tell, NOW, &nonce("n")).unwrap();
    let missing = encoded.to_http(None).unwrap_err();
    let operation = "test.tell";
    assert_eq!(missing, PrepareError::TokenMissing { operation });
    let send = |token: &str| {
        encoded
            .to_http(Some(&AccessToken::new(token).unwrap()))
            .unwrap()
    };
    let (first, second) = (send("one/"), send("two"));
    assert_eq!(
        first.uri(),
        "https://api.weixin.qq.com/tell?access_token=one%2F"
    );
    assert_eq!(
        second.uri(),
        "https://api.weixin.qq.com/tell?access_token=two"
    );
    assert_eq!(first.body(), second.body());
    assert!(SensitiveTarget::is_in(&first));
    let shown = format!("{encoded:?}");
    assert!(!shown.contains("a&b") && shown.contains("/tell"), "{shown}");
}

#[test]
fn the_secret_stands_in_the_target_and_nowhere_else() {
    let secret = "0123456789abcdef0123456789abcdef";
    let fetch = FetchAccessToken::new(AppSecret::new(secret).unwrap());
    let encoded = merchant().encode(&fetch, NOW, &nonce("n")).unwrap();
    assert!(!format!("{encoded:?} {fetch:?}").contains(secret));
    let sent = encoded.to_http(None).unwrap();
    assert_eq!(
        sent.uri().to_string(),
        format!(
            "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&\
             appid=wxf8b4f85f3a794e77&secret={secret}"
        )
    );
    assert!(SensitiveTarget::is_in(&sent));
    let plain = merchant().prepare(&ask(), None, NOW, &nonce("n")).unwrap();
    assert!(!SensitiveTarget::is_in(&plain));
}

#[test]
fn a_token_is_read_and_its_errors_are_told_apart() {
    let secret = AppSecret::new("0123456789abcdef0123456789abcdef").unwrap();
    let fetch = FetchAccessToken::new(secret);
    let accept = |body: &'static str| merchant().accept(&fetch, &answer(body.as_bytes()));
    let issued = accept(r#"{"access_token":"tok","expires_in":7200}"#).unwrap();
    assert_eq!(issued.value().token.expose(), "tok");
    assert_eq!(issued.value().expires_in, 7200);
    assert!(!format!("{issued:?}").contains("tok\""));
    assert!(!issued.reply().is_verified());

    let error = accept(r#"{"errcode":40013,"errmsg":"invalid appid"}"#).unwrap_err();
    let AcceptError::Api(api) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (api.errcode(), api.message()),
        (Some(40013), Some("invalid appid"))
    );
    assert_eq!(
        api.to_string(),
        "errcode 40013: invalid appid (the app id is not valid)"
    );
    assert!(!error.is_token_expired());
    for body in [
        r#"{"access_token":"","expires_in":7200}"#,
        r#"{"access_token":"a b","expires_in":7200}"#,
        r#"{"access_token":"a","expires_in":0}"#,
        r#"{"access_token":"a"}"#,
        "{}",
    ] {
        let error = accept(body).unwrap_err();
        assert!(matches!(error, AcceptError::Decode(_)), "{body}");
    }
}

#[test]
fn an_ended_token_is_known_by_its_codes() {
    for (code, expired) in [
        (40001, true),
        (40014, true),
        (42001, true),
        (40013, false),
        (-1, false),
    ] {
        let body = format!(r#"{{"errcode":{code},"errmsg":"x"}}"#);
        let error = merchant().accept(&Tell, &answer(body)).unwrap_err();
        assert_eq!(error.is_token_expired(), expired, "{code}");
        let outcome = if code == -1 {
            Outcome::Unknown
        } else {
            Outcome::Final
        };
        assert_eq!(error.outcome(), outcome, "{code}");
    }
    // Tenpay's numbers are others.
    let fields = [("retcode", "40001"), ("retmsg", "x")];
    assert!(!refused(unsigned(&fields, Charset::Gbk)).is_token_expired());
    assert!(
        merchant()
            .accept(&Tell, &answer(r#"{"errcode":0,"errmsg":"ok"}"#))
            .is_ok()
    );
}

#[test]
fn json_is_json() {
    let tell = |body: &'static str| {
        let error = merchant()
            .accept(&Tell, &answer(body.as_bytes()))
            .unwrap_err();
        unreadable(&error).clone()
    };
    assert_eq!(tell(""), Unreadable::Empty);
    assert_eq!(tell(" <html>502</html>"), Unreadable::Html);
    assert_eq!(tell("ok"), Unreadable::NotJson);
    assert_eq!(tell("{\"errcode\":0"), Unreadable::NotJson);
    let mut broken = answer("{}");
    *broken.status_mut() = StatusCode::BAD_GATEWAY;
    let error = merchant().accept(&Tell, &broken).unwrap_err();
    let (status, retry_after) = (StatusCode::BAD_GATEWAY, None);
    assert_eq!(
        error.outcome(),
        Outcome::Status {
            status,
            retry_after
        }
    );
}

#[test]
fn an_answer_is_verified_in_its_own_charset() {
    for (charset, name) in [(Charset::Gbk, "GBK"), (Charset::Utf8, "UTF-8")] {
        for asked in [Charset::Gbk, Charset::Utf8] {
            let merchant = merchant().with_charset(asked);
            let body = tenpay(&with(&[("input_charset", name)]), charset);
            let response = merchant.accept(&ask(), &answer(body.clone())).unwrap();
            assert_eq!(response.value(), "好");
            assert_eq!(response.reply().raw(), &body);
            assert!(response.reply().is_verified());
            assert_eq!(response.reply().get("retmsg"), None);
        }
    }
}

#[test]
fn an_answer_that_declares_nothing_is_read_as_asked_for() {
    let strip =
        |body: Bytes| body.slice(body.iter().position(|&byte| byte == b'\n').unwrap() + 1..);
    let gbk = merchant().with_charset(Charset::Gbk);
    let body = strip(tenpay(&GOOD, Charset::Gbk));
    assert_eq!(
        gbk.accept(&ask(), &answer(body.clone())).unwrap().value(),
        "好"
    );
    // An error in GBK although UTF-8 was asked for.
    assert_eq!(
        merchant().accept(&ask(), &answer(body)).unwrap().value(),
        "好"
    );
    let body = strip(tenpay(&with(&[("input_charset", "UTF-8")]), Charset::Utf8));
    assert_eq!(
        merchant().accept(&ask(), &answer(body)).unwrap().value(),
        "好"
    );
}

#[test]
fn gbk_that_looks_like_utf_8_is_still_gbk() {
    let gbk = merchant().with_charset(Charset::Gbk);
    let body = tenpay(&with(&[("answer", "碌")]), Charset::Gbk);
    let start = body.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let silent = body.slice(start..);
    assert!(std::str::from_utf8(&silent).is_ok());
    let accepted = gbk.accept(&ask(), &answer(silent)).unwrap();
    assert_eq!(accepted.value(), "碌");
}

#[test]
fn a_wrong_charset_is_a_named_error() {
    let gbk = tenpay(&GOOD, Charset::Gbk);
    let text = gbk.iter().map(|&byte| char::from(byte)).collect::<String>();
    let swap = |from: &str, to: &str| -> Vec<u8> {
        let swapped = text.replacen(from, to, 1);
        swapped.chars().map(|one| one as u8).collect()
    };
    let error = refused(swap("encoding=\"GBK\"", "encoding=\"UTF-8\""));
    let (field, charset) = ("the answer", Charset::Utf8);
    let expected = Unreadable::Charset(CharsetError::NotText { field, charset });
    assert_eq!(unreadable(&error), &expected);
    let error = refused(swap("encoding=\"GBK\"", "encoding='Big5'"));
    let field = "encoding";
    assert_eq!(
        unreadable(&error),
        &Unreadable::Charset(CharsetError::Unknown { field })
    );
    let error = refused(swap("<input_charset>GBK", "<input_charset>UTF-8"));
    let field = "sign";
    assert!(matches!(
        error,
        AcceptError::Verification(VerificationError::Mismatch { field: name }) if name == field
    ));
    let error = refused(tenpay(&with(&[("input_charset", "UTF-16")]), Charset::Gbk));
    let field = "input_charset";
    assert_eq!(
        unreadable(&error),
        &Unreadable::Charset(CharsetError::Unknown { field })
    );
}

#[test]
fn an_unsigned_error_is_an_error_and_an_unsigned_success_is_nothing() {
    let error = refused(unsigned(
        &[("retcode", "03020003"), ("retmsg", "签名错误")],
        Charset::Gbk,
    ));
    let AcceptError::Api(api) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (api.retcode(), api.message()),
        (Some("03020003"), Some("签名错误"))
    );
    assert!(!api.is_verified() && api.errcode().is_none());
    let field = "sign";
    for fields in [&GOOD[..], &GOOD[..3], &[("retcode", "0"), ("sign", "")]] {
        let error = refused(unsigned(fields, Charset::Gbk));
        assert!(
            matches!(error, AcceptError::Verification(VerificationError::Missing { field: name }) if name == field)
        );
    }
}

#[test]
fn a_signed_error_is_a_verified_one() {
    let error = refused(tenpay(&with(&[("retcode", "88222014")]), Charset::Gbk));
    let AcceptError::Api(api) = error else {
        panic!("{error:?}");
    };
    assert!(api.is_verified() && api.is_not_found());
}

#[test]
fn a_sign_that_does_not_hold_is_refused_whatever_the_code_says() {
    for code in ["0", "88222014"] {
        let mut fields = with(&[("retcode", code)]);
        fields.push(("sign", "8FC962A20077C6B286D68EBCBB54CB95"));
        let error = refused(unsigned(&fields, Charset::Gbk));
        assert!(matches!(
            error,
            AcceptError::Verification(VerificationError::Mismatch { field: "sign" })
        ));
        assert_eq!(error.outcome(), Outcome::Unknown);
        for sign in [
            "8FC9",
            "8FC962A20077C6B286D68EBCBB54CB958FC962A20077C6B286D68EBCBB54CB95",
        ] {
            fields.pop();
            fields.push(("sign", sign));
            let error = refused(unsigned(&fields, Charset::Gbk));
            assert!(matches!(
                error,
                AcceptError::Verification(VerificationError::Malformed { field: "sign" })
            ));
        }
    }
    let error = refused(tenpay(&with(&[("sign_type", "RSA")]), Charset::Gbk));
    assert!(matches!(
        error,
        AcceptError::Verification(VerificationError::Malformed { field: "sign_type" })
    ));
}

#[test]
fn another_merchants_answer_is_refused() {
    let error = refused(tenpay(&with(&[("partner", "1900000110")]), Charset::Gbk));
    assert!(matches!(
        error,
        AcceptError::Verification(VerificationError::OtherMerchant { field: "partner" })
    ));
}

#[test]
fn what_is_no_answer_is_refused() {
    use wxpay_proto::v1::Unreadable::Xml;
    for body in [
        &b""[..],
        b"<html><body>502 Bad Gateway</body></html>",
        b"{\"retcode\":0}",
        b"<?xml version=\"1.0\" encoding=\"GBK\"?>\
          <!DOCTYPE root [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>\
          <root><retcode>&b;</retcode></root>",
        b"<root><retcode>&xxe;</retcode></root>",
        b"<root><retcode>0</retcode>",
        b"<root><retcode>0</retcode><retcode>1</retcode></root>",
        b"<root><retcode>0</retcode></root><root/>",
    ] {
        let error = refused(body);
        assert!(matches!(unreadable(&error), Xml(_)), "{body:?}: {error:?}");
    }
    let error = refused(vec![0xff; 100]);
    assert!(matches!(unreadable(&error), Unreadable::Charset(_)));
    let large = [
        b"<root><retcode>",
        &vec![b'0'; 2 << 20][..],
        b"</retcode></root>",
    ]
    .concat();
    assert!(matches!(unreadable(&refused(large)), Xml(_)));
    let mut broken = answer(tenpay(&GOOD, Charset::Gbk));
    *broken.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let error = merchant().accept(&ask(), &broken).unwrap_err();
    assert_eq!(unreadable(&error), &Unreadable::Status);
}

#[test]
fn a_genuine_answer_of_another_form_is_kept() {
    let body = tenpay(&GOOD[1..], Charset::Gbk);
    let AcceptError::Decode(failure) = refused(body.clone()) else {
        panic!("the field is missing");
    };
    assert_eq!(failure.error().path(), "answer");
    assert_eq!(failure.raw(), &body);
    let silent: Vec<_> = GOOD
        .iter()
        .copied()
        .filter(|(name, _)| *name != "retcode")
        .collect();
    let AcceptError::Decode(failure) = refused(tenpay(&silent, Charset::Gbk)) else {
        panic!("the code is missing");
    };
    assert_eq!(failure.error().path(), "retcode");
}
