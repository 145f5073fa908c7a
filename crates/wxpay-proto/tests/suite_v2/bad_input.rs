//! What a peer, a proxy or an attacker may send: each a named error, nothing believed.

use std::error::Error;

use wxpay_proto::v2::{AcceptError, NotXmlKind, NotificationError, SignType, VerificationError};

use crate::support::{Case, Order, document, good, merchant, ok, signed};

const ENTITY_BOMB: &str = "<!DOCTYPE xml [<!ENTITY a \"0123456789\"><!ENTITY b \"&a;&a;&a;&a;\">]>\
    <xml><return_code>&b;</return_code></xml>";
const EXTERNAL: &str = "<!DOCTYPE xml [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
    <xml><return_code>&f;</return_code></xml>";

/// A body, what it is as an answer, and the reason given.
fn bodies() -> Vec<(Vec<u8>, NotXmlKind, &'static str)> {
    use NotXmlKind::{Empty, Html, Other, Truncated};
    let good = signed(
        &good(&[("prepay_id", "1"), ("trade_type", "APP")]),
        SignType::Md5,
    );
    let cut = |at: usize| good.as_bytes()[..at].to_vec();
    let declared = format!("<?xml version=\"1.0\" encoding=\"GBK\"?>{good}");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(good.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let huge = format!("<xml><a>{}</a></xml>", "0".repeat(10 << 20));
    let field = format!("<xml><a>{}</a></xml>", "0".repeat(300 << 10));
    let many: String = (0..2000).map(|n| format!("<f{n}>1</f{n}>")).collect();
    let deep = "<xml><a><b><c><d>1</d></c></b></a></xml>".to_owned();
    vec![
        (Vec::new(), Empty, "empty"),
        (b" \r\n".to_vec(), Empty, "empty"),
        (
            b"<html><body>502 Bad Gateway</body></html>".to_vec(),
            Html,
            "html",
        ),
        (b"<!DOCTYPE html><html>".to_vec(), Html, "html"),
        (cut(good.len() - 1), Truncated, "too early"),
        (cut(good.len() / 2), Truncated, "ends"),
        (b"<xml><a><![CDATA[1</a></xml>".to_vec(), Truncated, "cdata"),
        (b"{\"code\":\"SUCCESS\"}".to_vec(), Other, "not xml"),
        (b"SUCCESS".to_vec(), Other, "not xml"),
        (ENTITY_BOMB.into(), Other, "document type"),
        (EXTERNAL.into(), Other, "document type"),
        (b"<xml><a>&b;</a></xml>".to_vec(), Other, "entity"),
        (declared.into_bytes(), Other, "GBK"),
        (utf16, Other, "encoding"),
        (b"<xml><a>\xd6\xd0</a></xml>".to_vec(), Other, "utf-8"),
        (format!("{good}{good}").into_bytes(), Other, "second root"),
        (huge.into_bytes(), Other, "too large"),
        (field.into_bytes(), Other, "too large"),
        (format!("<xml>{many}</xml>").into_bytes(), Other, "too many"),
        (b"<xml><a>1</a><a>2</a></xml>".to_vec(), Other, "twice: `a`"),
        (b"<xml><a b=\"1\">1</a></xml>".to_vec(), Other, "attribute"),
        (deep.into_bytes(), Other, "within a field"),
    ]
}

#[test]
fn an_answer_that_is_none_says_what_it_is() {
    let order = Order::new("茶");
    for (body, kind, reason) in bodies() {
        let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let error = merchant().accept(&order, &ok(body)).unwrap_err();
        assert!(error.is_undetermined());
        let AcceptError::NotXml(error) = error else {
            panic!("{start}: {error:?}");
        };
        assert_eq!(error.kind(), kind, "{start}");
        let source = error.source().unwrap().to_string();
        assert!(source.contains(reason), "{start}: {source}");
    }
    for body in [
        "<xml><a>1</a></xml>",
        "<root><return_code>SUCCESS</return_code></root>",
    ] {
        let error = merchant().accept(&order, &ok(body)).unwrap_err();
        let AcceptError::NotXml(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), NotXmlKind::NoReturnCode);
    }
}

#[test]
fn a_notification_that_is_none_says_what_it_is() {
    for (body, _, reason) in bodies() {
        for error in [
            merchant().open_notification(&body).unwrap_err(),
            merchant().open_refund_notification(&body).unwrap_err(),
            merchant().open_native_callback(&body).unwrap_err(),
        ] {
            match &error {
                NotificationError::NotXml(source) => {
                    assert!(source.to_string().contains(reason), "{source}");
                }
                // Bounded before anything is looked at.
                NotificationError::TooLarge { body_len } => assert_eq!(*body_len, body.len()),
                other => panic!("{other:?}"),
            }
            let reply = error.reply();
            assert_eq!(reply.status(), 200);
            let text = String::from_utf8(reply.into_body().into()).unwrap();
            assert!(text.contains("<![CDATA[FAIL]]>"), "{text}");
        }
    }
}

#[test]
fn a_notification_without_proof_is_refused() {
    let fields = [
        ("mch_id", "10000100"),
        ("out_trade_no", "1"),
        ("return_code", "SUCCESS"),
        ("total_fee", "1"),
    ];
    let refused = |body: String| match merchant().open_notification(body.as_bytes()) {
        Err(NotificationError::Verification(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(document(&fields)), VerificationError::Missing);
    let with = |sign: &str| document(&[&fields[..], &[("sign", sign)]].concat());
    assert_eq!(
        refused(with("1234")),
        VerificationError::Malformed { length: 4 }
    );
    assert_eq!(refused(with(&"0".repeat(32))), VerificationError::Mismatch);
    let other = [&fields[1..], &[("mch_id", "10000999")]].concat();
    assert_eq!(
        refused(signed(&other, SignType::Md5)),
        VerificationError::OtherMerchant {
            field: "mch_id",
            found: "10000999".into()
        }
    );
    let combined = [&fields[1..], &[("combine_mch_id", "10000999")]].concat();
    assert!(matches!(
        refused(signed(&combined, SignType::Md5)),
        VerificationError::OtherMerchant {
            field: "combine_mch_id",
            ..
        }
    ));
    let failed = document(&[("return_code", "FAIL"), ("return_msg", "签名失败")]);
    let error = merchant().open_notification(failed.as_bytes()).unwrap_err();
    assert!(matches!(&error, NotificationError::Failed(text) if &**text == "签名失败"));
}

#[test]
fn a_refund_of_the_wrong_key_is_told_apart_from_one_that_is_damaged() {
    let body = Case::new("refund-notice/complete").text("body.txt");
    let stranger = wxpay_proto::v2::Merchant::new(
        "10000100",
        wxpay_proto::v2::ApiV2Key::new("0123456789abcdef0123456789ABCDEF").unwrap(),
    )
    .unwrap();
    let error = stranger
        .open_refund_notification(body.as_bytes())
        .unwrap_err();
    assert!(
        matches!(
            error,
            NotificationError::Decrypt(_) | NotificationError::Plaintext(_)
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("API v2 key"), "{error}");
    let refused = |body: String| {
        merchant()
            .open_refund_notification(body.as_bytes())
            .unwrap_err()
    };
    let cut = body.replace("]]></req_info>", "A]]></req_info>");
    assert!(matches!(refused(cut), NotificationError::Decrypt(_)));
    let none = document(&[("return_code", "SUCCESS"), ("mch_id", "10000100")]);
    assert!(matches!(
        refused(none),
        NotificationError::Missing("req_info")
    ));
    let nobody = body.replace("mch_id", "other_id");
    assert!(matches!(
        refused(nobody),
        NotificationError::Missing("mch_id")
    ));
    let other = body.replace("[10000100]", "[10000999]");
    assert!(matches!(
        refused(other),
        NotificationError::Verification(VerificationError::OtherMerchant { .. })
    ));
    // A payment sent to the wrong address.
    let payment = Case::new("notice/payment-md5").text("body.txt");
    assert!(matches!(
        refused(payment),
        NotificationError::Missing("req_info")
    ));
    // Decrypted, but no refund.
    let sealed = |plain: &str| {
        let sealed = crate::support::key().seal_notice(plain.as_bytes()).unwrap();
        document(&[
            ("return_code", "SUCCESS"),
            ("mch_id", "10000100"),
            ("req_info", &sealed),
        ])
    };
    assert!(matches!(
        refused(sealed("{}")),
        NotificationError::Plaintext(_)
    ));
    assert!(matches!(
        refused(sealed("<xml><a>1</a></xml>")),
        NotificationError::Root("root")
    ));
    let bomb = ENTITY_BOMB.replace("xml>", "root>");
    assert!(matches!(
        refused(sealed(&bomb)),
        NotificationError::Plaintext(_)
    ));
}

#[test]
fn a_scan_needs_app_and_product() {
    for missing in ["appid", "product_id"] {
        let fields = [
            ("appid", "wx2421b1c4370ec43b"),
            ("mch_id", "10000100"),
            ("openid", "o1"),
            ("product_id", "88888"),
        ];
        let fields: Vec<_> = fields
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .collect();
        let body = signed(&fields, SignType::Md5);
        let error = merchant()
            .open_native_callback(body.as_bytes())
            .unwrap_err();
        assert!(matches!(error, NotificationError::Missing(name) if name == missing));
    }
}
