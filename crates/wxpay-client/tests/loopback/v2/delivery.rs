//! What a call says about its effect, and when it is repeated.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Response;
use http::header::{HeaderName, HeaderValue};
use tokio::net::TcpListener;
use wxpay_client::proto::v2::{
    AcceptError, ErrorCode, Form, Host, NotXmlKind, OperationInfo, Reply, SignType, Untyped,
    VerificationError,
};
use wxpay_client::proto::{BodyError, DecodeError, Endpoint, Idempotency};
use wxpay_client::v2::{ApiV2Key, Client, Operation, Request};
use wxpay_client::{Delivery, Error, ErrorKind};

use super::{
    API_KEY, builder, client, done, error, fail, merchant, numbered, post, query, raw, signed, xml,
};
use crate::support::platform::MCHID;
use crate::support::{Act, Server, transport};

/// A server that does something with its first call and answers every later one.
async fn first(act: impl Fn() -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |seen| if seen.index == 0 { act() } else { done() }).await
}

async fn refusal(act: impl Fn() -> Act + Send + Sync + 'static) -> Error {
    let server = Server::start(move |_| act()).await;
    let error = client(&server).execute(&post()).await.unwrap_err();
    assert_eq!(server.seen().len(), 1, "nothing here may be repeated");
    error
}

/// The fields of a document as this crate's tests need them.
fn fields(body: &Bytes) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(body).unwrap();
    let mut fields = BTreeMap::new();
    let mut rest = text.trim().strip_prefix("<xml>").unwrap();
    while let Some(at) = rest
        .trim_start()
        .strip_prefix('<')
        .filter(|at| !at.starts_with('/'))
    {
        let (name, after) = at.split_once('>').unwrap();
        let (value, after) = after.split_once(&format!("</{name}>")).unwrap();
        let value = value
            .strip_prefix("<![CDATA[")
            .and_then(|value| value.strip_suffix("]]>"))
            .unwrap_or(value);
        fields.insert(name.to_owned(), value.to_owned());
        rest = after;
    }
    fields
}

#[tokio::test]
async fn an_answer_is_an_answer() {
    let server = first(done).await;
    let response = client(&server).execute(&numbered()).await.unwrap();
    assert_eq!(response.value().get("trade_state"), Some("SUCCESS"));
    assert!(response.is_signed());
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.target.as_str(), seen.method.as_str()),
        ("/pay/unifiedorder", "POST")
    );
    assert!(seen.header("user-agent").starts_with("wxpay-client/"));
    assert!(seen.header("content-type").starts_with("text/xml"));
    let mut sent = fields(&seen.body);
    let sign = sent.remove("sign").unwrap();
    assert_eq!(sent["mch_id"], MCHID);
    assert_eq!(sent["body"], "深圳 & <腾大>");
    let key = ApiV2Key::new(API_KEY).unwrap();
    key.verify(&sent, &sign).unwrap();
}

#[tokio::test]
async fn a_header_of_ones_own_goes_with_every_request() {
    let server = first(done).await;
    let name = HeaderName::from_static("wechatpay-negative-test");
    let value = HeaderValue::from_static("MICROPAY_USERPAYING");
    let client = builder(&server).header(name, value).build().unwrap();
    client.execute(&post()).await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        seen.header("wechatpay-negative-test"),
        "MICROPAY_USERPAYING"
    );
    assert!(seen.header("user-agent").starts_with("wxpay-client/"));
}

#[tokio::test]
async fn without_types_an_answer_is_judged_and_not_read() {
    let server = first(done).await;
    let client = client(&server);
    let requests: [&dyn Request; 2] = [&query(), &numbered()];
    for request in requests {
        let verified = client.exchange(request).await.unwrap();
        assert_eq!(verified.get("trade_state"), Some("SUCCESS"));
    }
}

#[tokio::test]
async fn what_is_no_answer_leaves_it_open() {
    let page = "<!DOCTYPE html><html><body>502</body></html>";
    for (act, kind) in [
        ((|| raw("")) as fn() -> Act, NotXmlKind::Empty),
        (
            || raw("<!DOCTYPE html><html><body>502</body></html>"),
            NotXmlKind::Html,
        ),
        (
            || raw("<xml><return_code>SUCCESS</return_code><si"),
            NotXmlKind::Truncated,
        ),
        (|| raw("{\"code\":\"FAIL\"}"), NotXmlKind::Other),
        (|| raw("<xml><a>1</a></xml>"), NotXmlKind::NoReturnCode),
    ] {
        let error = refusal(act).await;
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{error}");
        assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
        let Some(AcceptError::NotXml(what)) = error.v2_answer() else {
            panic!("{error:?}")
        };
        assert_eq!(what.kind(), kind);
    }
    for status in [302, 400, 403, 429, 500, 502] {
        let error = refusal(move || {
            let response = Response::builder().status(status).header("location", "/x");
            Act::Answer(response.body(page.into()).unwrap())
        })
        .await;
        assert_eq!(error.kind(), ErrorKind::Unexpected, "{status}");
        assert_eq!(error.delivery(), Delivery::Unknown, "{status}");
    }
}

type Expected = fn(&VerificationError) -> bool;

#[tokio::test]
async fn what_is_not_proven_leaves_it_open() {
    fn altered(change: fn(&str) -> String) -> Act {
        let response = signed(&[("result_code", "SUCCESS"), ("total_fee", "1")]);
        let text = std::str::from_utf8(response.body()).unwrap();
        raw(change(text))
    }
    let unsigned = || {
        Act::from(xml(&[
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
        ]))
    };
    let foreign = || {
        let mut fields = vec![
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("mch_id", "1900000110"),
        ];
        let key = ApiV2Key::new(API_KEY).unwrap();
        let sign = key.sign(SignType::Md5, fields.iter().copied());
        fields.push(("sign", &sign));
        Act::from(xml(&fields))
    };
    let verification = |error: &Error| match error.v2_answer() {
        Some(AcceptError::Verification(problem)) => problem.clone(),
        other => panic!("{other:?}"),
    };
    let cases: [(fn() -> Act, Expected); 4] = [
        (unsigned, |it| *it == VerificationError::Missing),
        (
            || altered(|text| text.replace("[1]", "[2]")),
            |it| *it == VerificationError::Mismatch,
        ),
        (
            || altered(|text| text.replace("<sign><![CDATA[", "<sign><![CDATA[0")),
            |it| *it == VerificationError::Malformed { length: 33 },
        ),
        (foreign, |it| {
            matches!(it, VerificationError::OtherMerchant { .. })
        }),
    ];
    for (act, expected) in cases {
        let error = refusal(act).await;
        assert_eq!(error.kind(), ErrorKind::Verification, "{error}");
        assert_eq!(error.delivery(), Delivery::Unknown);
        assert!(expected(&verification(&error)), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_refused_unless_it_is_their_trouble() {
    for (message, delivery) in [
        ("签名错误，请检查后再试", Delivery::Refused),
        ("appid不存在", Delivery::Refused),
        ("mch_id参数格式错误", Delivery::Refused),
        ("系统错误，请稍后重试", Delivery::Unknown),
        ("SYSTEMERROR", Delivery::Unknown),
        ("system error", Delivery::Unknown),
        ("请求超时", Delivery::Unknown),
    ] {
        let error = refusal(move || fail(message)).await;
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.delivery(), delivery, "{message}");
        assert_eq!(error.v2_protocol().unwrap().message(), message);
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[tokio::test]
async fn error_codes_say_what_is_known() {
    for (code, delivery) in [
        ("ORDERPAID", Delivery::Refused),
        ("PARAM_ERROR", Delivery::Refused),
        ("NOTENOUGH", Delivery::Refused),
        ("FREQUENCY_LIMITED", Delivery::Refused),
        ("SYSTEMERROR", Delivery::Unknown),
        ("BANKERROR", Delivery::Unknown),
        ("USERPAYING", Delivery::Unknown),
        ("BIZERR_NEED_RETRY", Delivery::Unknown),
        ("SEND_FAILED", Delivery::Unknown),
        ("NEVER_HEARD_OF_IT", Delivery::Unknown),
    ] {
        let error = refusal(move || error(code)).await;
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.delivery(), delivery, "{code}");
        let api = error.v2_api().unwrap();
        assert_eq!(*api.code(), ErrorCode::from(code));
        assert_eq!(api.message(), "出错了");
        assert!(error.to_string().contains(code), "{error}");
        assert_eq!(error.is_rate_limited(), code == "FREQUENCY_LIMITED");
    }
}

/// An operation whose answer has a field that is not there.
struct Missing;

impl Request for Missing {
    fn info(&self) -> OperationInfo {
        OperationInfo::new("v2.missing", "/pay/missing", Idempotency::MerchantNumber)
    }

    fn write<'a>(&'a self, _: &mut Form<'a>) -> Result<(), BodyError> {
        Ok(())
    }
}

impl Operation for Missing {
    type Response = String;

    fn read(&self, reply: &Reply<'_>) -> Result<String, DecodeError> {
        reply.text("prepay_id")
    }
}

#[tokio::test]
async fn a_genuine_answer_that_cannot_be_read_leaves_it_open() {
    let server = Server::start(|_| done()).await;
    let error = client(&server).execute(&Missing).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(server.seen().len(), 1, "it would be the same the next time");
}

#[tokio::test]
async fn where_that_is_safe_the_very_same_bytes_are_sent_again() {
    for act in [
        (|| Act::HangUp) as fn() -> Act,
        || raw(""),
        || raw("<xml><return_code>SUCC"),
        || Act::Cut(signed(&[("result_code", "SUCCESS")]), 10),
        || Act::Answer(Response::builder().status(502).body(Bytes::new()).unwrap()),
        || error("SYSTEMERROR"),
        || error("BIZERR_NEED_RETRY"),
        || error("FREQUENCY_LIMITED"),
    ] {
        for operation in [numbered(), query()] {
            let server = first(act).await;
            client(&server).execute(&operation).await.unwrap();
            let seen = server.seen();
            assert_eq!(seen.len(), 2);
            assert_eq!(seen[0].body, seen[1].body, "nonce and signature as well");
            assert_eq!(seen[0].target, seen[1].target);
        }
        let server = first(act).await;
        client(&server).execute(&post()).await.unwrap_err();
        assert_eq!(server.seen().len(), 1, "without a number never");
    }
}

#[tokio::test]
async fn what_asks_for_a_query_is_not_repeated() {
    for code in [
        "USERPAYING",
        "NEVER_HEARD_OF_IT",
        "TRADE_ERROR",
        "NOTENOUGH",
        "ORDERPAID",
    ] {
        let server = first(move || error(code)).await;
        let error = client(&server).execute(&numbered()).await.unwrap_err();
        assert_eq!(error.attempts(), 1, "{code}");
        assert_eq!(server.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_refusal_after_an_open_attempt_is_still_open() {
    let server = Server::start(|seen| match seen.index {
        0 => Act::HangUp,
        _ => error("OUT_TRADE_NO_USED"),
    })
    .await;
    let error = client(&server).execute(&numbered()).await.unwrap_err();
    assert_eq!(error.attempts(), 2);
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(error.v2_api().unwrap().code().as_str(), "OUT_TRADE_NO_USED");
}

#[tokio::test]
async fn what_was_not_sent_goes_to_the_second_host() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let server = first(done).await;
    let first_host = || {
        Client::builder(merchant())
            .endpoint(Endpoint::parse(&format!("http://{nobody}")).unwrap())
            .transport(transport())
    };
    let both = first_host()
        .fallback(Endpoint::parse(&server.base_url()).unwrap())
        .build()
        .unwrap();
    both.execute(&post()).await.unwrap();
    assert_eq!(server.seen().len(), 1);

    let error = first_host().build().unwrap().execute(&post()).await;
    assert_eq!(error.unwrap_err().delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn a_host_of_ones_own_stands_for_all_of_them() {
    let server = Server::start(|_| done()).await;
    let client = client(&server);
    for host in [Host::Api, Host::Fraud, Host::PayApp, Host::PayAppMch] {
        let info = OperationInfo::new("v2.any", "/risk/getpublickey", Idempotency::Safe);
        client
            .execute(&Untyped::new(info.host(host)))
            .await
            .unwrap();
    }
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn answers_are_read_within_bounds() {
    let long = "x".repeat(20_000);
    let server = Server::start(move |_| raw(format!("<xml>{long}"))).await;
    let small = builder(&server).max_response_bytes(10_000).build().unwrap();
    let error = small.execute(&numbered()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.delivery(), Delivery::Unknown);
}

#[test]
fn calls_can_be_spawned() {
    fn spawnable<T: Send + 'static>(_: impl FnOnce(Client) -> T) {}
    spawnable(|client| async move { client.execute(&query()).await });
    spawnable(|client| async move { client.exchange(&query()).await });
    spawnable(|client| async move { client.download(&query()).await?.save_to("x").await });
}
