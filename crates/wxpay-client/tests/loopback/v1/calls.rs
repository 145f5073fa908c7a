//! Calls to Tenpay and to the platform: the certificate, the charset, and what is known afterwards.

use bytes::Bytes;
use encoding_rs::GBK;
use http::Response;
use wxpay_client::proto::sign::SignType;
use wxpay_client::v1::{ApiV2Key, Client};
use wxpay_client::{BuildErrorKind, Delivery, ErrorKind, Transport};

use super::{OrderQuery, PARTNER_KEY, Prepay, Refund, app_secret, builder};
use crate::support::certificate::{ClientCertificate, SERIAL};
use crate::support::tls::Authority;
use crate::support::{Act, Seen, Server};

/// An answer of Tenpay's in GBK, signed unless told otherwise.
fn tenpay(fields: &[(&str, &str)], signed: bool) -> Act {
    let mut fields = fields.to_vec();
    fields.push(("input_charset", "GBK"));
    let encoded: Vec<_> = fields
        .iter()
        .map(|(name, text)| (*name, GBK.encode(text).0.into_owned()))
        .collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"GB2312\" ?><root>");
    for (name, text) in &fields {
        xml.push_str(&format!("<{name}>{text}</{name}>"));
    }
    if signed {
        let key = ApiV2Key::new(PARTNER_KEY).unwrap();
        let sign = key.sign(SignType::Md5, encoded);
        xml.push_str(&format!("<sign>{sign}</sign>"));
    }
    xml.push_str("</root>");
    let body = Bytes::from(GBK.encode(&xml).0.into_owned());
    Act::Answer(Response::new(body))
}

fn accepted() -> Act {
    tenpay(
        &[
            ("partner", "1900000109"),
            ("refund_status", "8"),
            ("retcode", "0"),
            ("retmsg", "退款处理中"),
        ],
        true,
    )
}

#[tokio::test]
async fn replies_in_gbk_are_read() {
    let server = Server::start(|_| accepted()).await;
    let client = builder(&server).build().unwrap();
    let response = client.execute(&Refund).await.unwrap();
    assert_eq!(response.value(), "8");
    assert_eq!(response.reply().get("retmsg"), Some("退款处理中"));
    let seen = &server.seen()[0];
    assert_eq!(seen.method, http::Method::POST);
    assert!(seen.header("user-agent").starts_with("wxpay-client/"));
}

#[tokio::test]
async fn without_an_answer_that_can_be_believed_it_is_open_and_the_same_is_sent_again() {
    for first in [
        (|| Act::HangUp) as fn() -> Act,
        || Act::Answer(Response::new(Bytes::from_static(b"<html>busy</html>"))),
        || Act::Answer(Response::new(Bytes::new())),
        || Act::Cut(Response::new(Bytes::from_static(b"<root>")), 10),
        || {
            let gateway = Response::builder().status(502);
            Act::Answer(gateway.body(Bytes::from_static(b"bad gateway")).unwrap())
        },
    ] {
        let server = Server::start(move |seen: &Seen| match seen.index {
            0 => first(),
            _ => accepted(),
        })
        .await;
        let client = builder(&server).build().unwrap();
        client.execute(&Refund).await.unwrap();
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(
            seen[0].body, seen[1].body,
            "the same number, the same bytes"
        );

        let server = Server::start(move |_| first()).await;
        let error = builder(&server).build().unwrap().execute(&Refund).await;
        assert_eq!(error.unwrap_err().delivery(), Delivery::Unknown);
    }
}

#[tokio::test]
async fn what_answers_say_about_a_refund() {
    let unsigned = [
        ("partner", "1900000109"),
        ("retcode", "0"),
        ("retmsg", "ok"),
    ];
    let refused = [("retcode", "88221009"), ("retmsg", "订单不存在")];
    let odd = [("retcode", "88229999"), ("retmsg", "其他错误")];
    let foreign = [
        ("partner", "1900000110"),
        ("retcode", "0"),
        ("retmsg", "ok"),
    ];
    for (fields, signed, kind, delivery) in [
        (
            &unsigned[..],
            false,
            ErrorKind::Verification,
            Delivery::Unknown,
        ),
        (&foreign, true, ErrorKind::Verification, Delivery::Unknown),
        (&refused, true, ErrorKind::Api, Delivery::Refused),
        (&refused, false, ErrorKind::Api, Delivery::Unknown),
        (&odd, true, ErrorKind::Api, Delivery::Unknown),
    ] {
        let fields: Vec<_> = fields.to_vec();
        let server = Server::start(move |_| tenpay(&fields, signed)).await;
        let client = builder(&server).build().unwrap();
        let error = client.execute(&Refund).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.delivery(), delivery, "{error}");
        assert_eq!(error.attempts(), 1, "{error}");
    }
}

#[tokio::test]
async fn what_the_platform_refuses_is_refused_unless_it_is_busy() {
    for (answer, delivery) in [
        (
            r#"{"errcode":48001,"errmsg":"api unauthorized"}"#,
            Delivery::Refused,
        ),
        (
            r#"{"errcode":-1,"errmsg":"system error"}"#,
            Delivery::Unknown,
        ),
    ] {
        let server = Server::start(move |seen| {
            let text = if seen.target.starts_with("/cgi-bin/token") {
                r#"{"access_token":"TOKEN","expires_in":7200}"#
            } else {
                answer
            };
            Act::Answer(Response::new(Bytes::from_static(text.as_bytes())))
        })
        .await;
        let client = builder(&server).app_secret(app_secret()).build().unwrap();
        let error = client.execute(&Prepay).await.unwrap_err();
        assert_eq!(error.delivery(), delivery);
        assert!(error.to_string().contains("errcode"), "{error}");
    }
}

async fn tenpay_over_tls(authority: &Authority) -> Server {
    Server::start_tls(authority.asking(), |seen| {
        if seen.target.starts_with("/gateway/") {
            tenpay(&[("retcode", "0"), ("trade_state", "0")], true)
        } else {
            accepted()
        }
    })
    .await
}

fn trusting(authority: &Authority) -> Transport {
    Transport::builder()
        .proxy_from_env(false)
        .add_root_certificate_pem(&authority.root_pem)
        .unwrap()
        .build()
        .unwrap()
}

#[tokio::test]
async fn the_certificate_is_shown_to_those_that_need_it_alone() {
    let authority = Authority::new();
    let server = tenpay_over_tls(&authority).await;
    let client: Client = builder(&server)
        .transport(trusting(&authority))
        .identity(ClientCertificate::new(&authority).identity())
        .build()
        .unwrap();
    client.execute(&OrderQuery).await.unwrap();
    client.execute(&Refund).await.unwrap();
    client.execute(&OrderQuery).await.unwrap();
    let seen = server.seen();
    let shown: Vec<_> = seen
        .iter()
        .map(|seen| seen.certificate.as_deref())
        .collect();
    assert_eq!(shown, [None, Some(SERIAL), None]);
    assert_eq!(seen[0].connection, seen[2].connection);
}

#[tokio::test]
async fn without_a_certificate_nothing_is_sent() {
    let authority = Authority::new();
    let server = tenpay_over_tls(&authority).await;
    let plain = || builder(&server).transport(trusting(&authority));
    let error = plain().build().unwrap().execute(&Refund).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().starts_with("v1.refund: "), "{error}");
    assert!(error.to_string().contains("Identity"), "{error}");

    let ended = ClientCertificate::of(&authority, (2012, 2014)).identity();
    let error = plain().identity(ended).build().unwrap_err();
    assert_eq!(error.kind(), BuildErrorKind::CertificateExpired);
    assert!(server.seen().is_empty());
}
