//! What the types promise: that they cross threads, and that they keep quiet.

use std::error::Error;
use std::fmt::Debug;

use wxpay_proto::bytes::Bytes;
use wxpay_proto::v2::*;
use wxpay_proto::{Idempotency, Sensitive};

use crate::support::{
    API_KEY, Case, Order, PayBank, Upload, document, good, merchant, nonce, ok, signed,
};

#[test]
fn everything_crosses_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Merchant>();
    crosses::<EncodedRequest>();
    crosses::<PrepareError>();
    crosses::<Verified>();
    crosses::<Response<Bytes>>();
    crosses::<AcceptError>();
    crosses::<ApiError>();
    crosses::<ProtocolError>();
    crosses::<NotXml>();
    crosses::<DecodeFailure>();
    crosses::<VerificationError>();
    crosses::<Failure>();
    crosses::<Notification>();
    crosses::<RefundNotification>();
    crosses::<NotificationError>();
    crosses::<NativeCallback>();
    crosses::<Parameters>();
    crosses::<ErrorCode>();
    crosses::<OperationInfo>();
    crosses::<Untyped>();
    crosses::<RedPacketParameters>();
    crosses::<PayScoreParameters>();
    crosses::<Box<dyn Request>>();
    fn sends<T: Send>() {}
    sends::<Fields<'static>>();
    sends::<Reply<'static>>();
}

const SECRET: &str = "张三的身份证";

fn text(value: &impl Debug) -> String {
    let (one, pretty) = (format!("{value:?}"), format!("{value:#?}"));
    for shown in [&one, &pretty] {
        assert!(!shown.contains(SECRET), "{shown}");
        assert!(!shown.contains(API_KEY), "{shown}");
        // Nor as a list of numbers, nor escaped.
        assert!(
            !shown.contains("229, 188, 160") && !shown.contains("\\xe5\\xbc\\xa0"),
            "{shown}"
        );
    }
    one
}

#[test]
fn merchants_and_requests_keep_quiet() {
    let merchant = merchant().with_workwx_secret(WorkwxSecret::new(API_KEY).unwrap());
    assert_eq!(
        text(&merchant),
        "Merchant { mch_id: \"10000100\", sign_type: Md5, encryption_key: None, \
         endpoint: Endpoint { scheme: \"https\", authority: api.mch.weixin.qq.com }, .. }"
    );
    assert!(merchant.has_workwx_secret());
    let encoded = merchant.encode(&Order::new(SECRET), &nonce()).unwrap();
    let shown = text(&encoded);
    assert!(
        shown.starts_with("EncodedRequest { info: OperationInfo { name: \"v2.pay.unified_order\"")
    );
    assert!(shown.contains("body_len: 585"), "{shown}");
    let untyped = Untyped::post("/x", Idempotency::No).field("name", SECRET);
    assert!(text(&untyped).ends_with("fields: [\"name\"] }"));
    let upload = Upload(Bytes::from_static(SECRET.as_bytes()));
    text(&merchant.encode(&upload, &nonce()).unwrap());
    let bank = PayBank {
        number: Sensitive::new(SECRET),
        name: Sensitive::new(SECRET),
    };
    text(&merchant.encode(&bank, &nonce()).unwrap_err());
}

#[test]
fn answers_keep_quiet() {
    let order = Order::new("茶");
    let fields = good(&[("prepay_id", "1"), ("trade_type", "APP"), ("name", SECRET)]);
    let response = ok(signed(&fields, SignType::Md5));
    let verified = merchant().verify(&order, &response).unwrap();
    assert!(text(&verified).contains("\"name\": 18 bytes"));
    assert!(!text(&verified.fields()).contains("APP"));
    let accepted = merchant().accept(&order, &response).unwrap();
    assert!(text(&accepted).starts_with("Response { value: Prepaid { prepay_id: \"1\""));
    text(accepted.parameters());
    let refused = good(&[
        ("result_code", "FAIL"),
        ("err_code", "NAME_MISMATCH"),
        ("re_user_name", SECRET),
    ]);
    let error = merchant()
        .accept(&order, &ok(signed(&refused, SignType::Md5)))
        .unwrap_err();
    assert_eq!(
        text(&error),
        "Api(ApiError { code: NameMismatch, message: \"\", signed: true, .. })"
    );
    let unread = good(&[("name", SECRET)]);
    let error = merchant()
        .accept(&order, &ok(signed(&unread, SignType::Md5)))
        .unwrap_err();
    assert!(text(&error).starts_with("Decode(DecodeFailure { error: "));
    let broken = format!("<xml><name>{SECRET}</name><name>");
    text(&merchant().accept(&order, &ok(broken)).unwrap_err());
    let failed = document(&[("return_code", "FAIL"), ("name", SECRET)]);
    text(&merchant().accept(&order, &ok(failed)).unwrap_err());
}

#[test]
fn notifications_keep_quiet() {
    let fields = good(&[
        ("attach", SECRET),
        ("appid", "wx1"),
        ("product_id", "1"),
        ("openid", SECRET),
    ]);
    let body = signed(&fields, SignType::Md5);
    let notification = merchant().open_notification(body.as_bytes()).unwrap();
    assert!(text(&notification).contains("\"attach\": 18 bytes"));
    let callback = merchant().open_native_callback(body.as_bytes()).unwrap();
    assert_eq!(
        text(&callback),
        "NativeCallback { appid: \"wx1\", product_id: \"1\", \
         openid: Some(Sensitive([redacted])), .. }"
    );
    let sealed = format!("<root><name>{SECRET}</name></root>");
    let sealed = crate::support::key()
        .seal_notice(sealed.as_bytes())
        .unwrap();
    let body = document(&good(&[("req_info", &sealed)]));
    let refund = merchant()
        .open_refund_notification(body.as_bytes())
        .unwrap();
    assert_eq!(refund.get("name"), Some(SECRET));
    assert!(text(&refund).ends_with("refund: {\"name\": 18 bytes} }"));
    let forged = document(&good(&[("attach", SECRET)]));
    text(&merchant().open_notification(forged.as_bytes()).unwrap_err());
}

#[test]
fn errors_say_what_happened_without_saying_it_twice() {
    let chain = |error: &dyn Error| {
        let mut texts = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            texts.push(error.to_string());
            source = error.source();
        }
        texts
    };
    let merchant = merchant();
    let order = Order::new("茶");
    let accept = |body: String| merchant.accept(&order, &ok(body)).unwrap_err();
    let control = Untyped::post("/x", Idempotency::No).field("a", "\u{1}");
    let errors: Vec<Box<dyn Error>> = vec![
        Box::new(merchant.prepare(&Order::new(""), &nonce()).unwrap_err()),
        Box::new(merchant.prepare(&control, &nonce()).unwrap_err()),
        Box::new(accept(String::new())),
        Box::new(accept("<xml><a>1</a></xml>".to_owned())),
        Box::new(accept(document(&good(&[])))),
        Box::new(accept(signed(&good(&[]), SignType::Md5))),
        Box::new(accept(signed(
            &good(&[("result_code", "FAIL")]),
            SignType::Md5,
        ))),
        Box::new(accept(document(&[
            ("return_code", "FAIL"),
            ("return_msg", "签名错误"),
        ]))),
        Box::new(accept(signed(
            &good(&[("mch_id", "10000999")]),
            SignType::Md5,
        ))),
        Box::new(merchant.open_notification(b"").unwrap_err()),
        Box::new(
            merchant
                .open_notification(document(&good(&[])).as_bytes())
                .unwrap_err(),
        ),
        Box::new(Failure::from(accept(signed(
            &good(&[("err_code", "ERROR")]),
            SignType::Md5,
        )))),
    ];
    for error in &errors {
        let texts = chain(error.as_ref());
        assert!((2..=3).contains(&texts.len()), "{texts:?}");
        for pair in texts.windows(2) {
            assert!(!pair[0].contains(&pair[1]), "{texts:?}");
        }
        for text in &texts {
            assert!(!text.ends_with('.') && !text.is_empty(), "{text}");
        }
    }
    // Where to look for a key that is wrong.
    let body = Case::new("notice/payment-md5").text("body.txt");
    let stranger = Merchant::new("10000100", ApiV2Key::new("0".repeat(32)).unwrap()).unwrap();
    let error = stranger.open_notification(body.as_bytes()).unwrap_err();
    assert!(chain(&error)[1].contains("API v2 key"));
}
