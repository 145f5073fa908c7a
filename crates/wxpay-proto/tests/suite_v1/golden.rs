//! Every vector.

use wxpay_proto::v1::{
    AccessToken, Charset, Escapes, ExpectedOrder, NoticeError, Package, PackageError, PackageOrder,
    RightsKind, VerificationError,
};
use wxpay_proto::{DateTime, Fen, Timestamp, json};

use crate::support::{PARTNER, bytes, merchant, merchant_of, nonce, partner_key, text};

fn order(case: &str) -> PackageOrder {
    let params = text(&format!("package/{case}/params.txt"));
    let get = |name: &str| {
        let found = params
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.map(str::to_owned)
    };
    let fen = |name| get(name).map(|fen| Fen::new(fen.parse().unwrap()));
    let mut order = PackageOrder::new(
        get("body").unwrap(),
        get("out_trade_no").unwrap(),
        fen("total_fee").unwrap(),
        get("notify_url").unwrap(),
        get("spbill_create_ip").unwrap(),
    )
    .charset(Charset::parse(&get("input_charset").unwrap()).unwrap());
    order.attach = get("attach");
    order.goods_tag = get("goods_tag");
    order.product_fee = fen("product_fee");
    order.transport_fee = fen("transport_fee");
    if get("time_start").is_some() {
        let at = |text: &str| text.parse::<DateTime>().unwrap();
        order = order.times(at("2014-07-01T12:00:00+08:00"), at("2014-07-01T05:00:00Z"));
    }
    match &*text(&format!("package/{case}/escapes.txt")) {
        "lower" => order.escapes(Escapes::Lower),
        _ => order,
    }
}

const PACKAGES: [&str; 4] = [
    "utf-8",
    "gbk-lower-case-escapes",
    "gbk-chinese",
    "everything",
];

#[test]
fn packages_come_out_byte_for_byte() {
    for case in PACKAGES {
        let package = merchant().package(&order(case)).unwrap();
        assert_eq!(
            package.as_str(),
            text(&format!("package/{case}/package.txt")),
            "{case}"
        );
    }
}

#[test]
fn packages_are_read_back() {
    for case in PACKAGES {
        let package = Package::parse(text(&format!("package/{case}/package.txt"))).unwrap();
        let mut expected = order(case);
        // An escape tells its case only where it has a letter.
        if !package.as_str().contains("%2f") {
            expected.escapes = Escapes::Upper;
        }
        assert_eq!(
            package.verify(PARTNER, &partner_key()),
            Ok(expected),
            "{case}"
        );
    }
}

#[test]
fn a_signature_over_the_other_charset_is_refused() {
    for case in ["utf-8", "gbk-chinese", "everything"] {
        let package = text(&format!("package/{case}/package.txt"));
        let (signed, _) = package.rsplit_once('=').unwrap();
        let other = text(&format!("package/{case}/sign-over-other-charset.txt"));
        let forged = Package::parse(format!("{signed}={other}")).unwrap();
        let field = "sign";
        assert_eq!(
            forged.verify(PARTNER, &partner_key()),
            Err(PackageError::Verification(VerificationError::Mismatch {
                field
            })),
            "{case}"
        );
    }
}

#[test]
fn jsapi_parameters_are_the_published_ones() {
    let package = merchant()
        .package(&order("gbk-lower-case-escapes"))
        .unwrap();
    let at = Timestamp::from_unix(189_026_618);
    let parameters = merchant().jsapi_parameters(&package, at, &nonce("adssdasssd13d"));
    assert_eq!(
        json::encode(&parameters).unwrap(),
        bytes("invocation/jsapi.json")
    );
}

#[test]
fn the_native_url_is_the_published_one() {
    let at = Timestamp::from_unix(189_026_618);
    let url = merchant().native_url("123456", at, &nonce("adssdasssd13d"));
    assert_eq!(url.unwrap(), text("invocation/native-url.txt"));
}

#[test]
fn an_app_is_handed_the_usual_spelling() {
    let merchant = merchant_of("wxd930ea5d5a258f4f", 2);
    let parameters = merchant.app_parameters(
        "1101000000140429eb40476f8896f4c9",
        Timestamp::from_unix(1_399_514_976),
        &nonce("e7d161ac8d8a76529d39d9f5b4249ccb"),
    );
    let written = json::encode(&parameters).unwrap();
    assert_eq!(written, bytes("invocation/app.json"));
    for other in ["app-with-lower-case-p", "app-with-lower-case-s"] {
        let other = text(&format!("invocation/{other}.json"));
        assert!(!other.contains(&parameters.sign));
    }
}

#[test]
fn addresses_are_signed_without_a_key() {
    let merchant = merchant_of("wx17ef1eaef46752cb", 1);
    let token = AccessToken::new(text("invocation/address-user-token.txt")).unwrap();
    for (case, url) in [
        ("address", "http://open.weixin.qq.com/"),
        ("address", "http://open.weixin.qq.com/#wechat_redirect"),
        (
            "address-with-query",
            "http://open.weixin.qq.com/?code=CODE&state=STATE",
        ),
    ] {
        let at = Timestamp::from_unix(1_384_841_012);
        let parameters = merchant.address_parameters(&token, url, at, &nonce("123456"));
        let expected = bytes(&format!("invocation/{case}.json"));
        assert_eq!(json::encode(&parameters).unwrap(), expected, "{url}");
    }
}

#[test]
fn a_native_callback_is_opened_and_answered() {
    let merchant = merchant();
    let callback = merchant
        .open_native_callback(&bytes("native-callback/request.xml"))
        .unwrap();
    assert_eq!(callback.openid, "111222");
    assert_eq!(callback.product_id, "777111666");
    assert!(callback.is_subscribe);
    assert_eq!(callback.timestamp, Timestamp::from_unix(1_369_743_908));
    assert_eq!(callback.nonce, "YvMZOX28YQkoU1i4NdOnlXB1");

    let package = merchant.package(&order("gbk-lower-case-escapes")).unwrap();
    let (at, nonce) = (
        Timestamp::from_unix(1_369_745_073),
        nonce("iuytxA0cH6PyTAVISB28"),
    );
    let reply = merchant.native_reply(&package, at, &nonce);
    assert_eq!(reply.body(), &bytes("native-callback/reply.xml"));
    assert_eq!(reply.headers()["content-type"], "text/xml; charset=utf-8");
    let reply = merchant.native_refusal(-1, "已售完", at, &nonce).unwrap();
    assert_eq!(reply.body(), &bytes("native-callback/refusal.xml"));
}

#[test]
fn a_payment_notice_is_opened_and_compared() {
    let merchant = merchant();
    let body = bytes("payment-notice/body.xml");
    for (query, charset) in [("query", Charset::Gbk), ("query-in-utf-8", Charset::Utf8)] {
        let query = text(&format!("payment-notice/{query}.txt"));
        let notice = merchant.open_payment_notice(&query, &body).unwrap();
        assert!(notice.is_paid());
        assert_eq!(notice.attach.as_deref(), Some("附加数据"));
        assert_eq!(notice.charset, charset);
        assert_eq!(notice.total_fee, Fen::new(1));
        assert_eq!(notice.discount, Fen::ZERO);
        assert_eq!(notice.transaction_id, "1900000109201407010000000001");
        assert_eq!(notice.time_end.map(DateTime::as_unix), Some(1_404_187_200));
        assert_eq!(notice.openid, "111222");
        assert_eq!(notice.pay_info, None);
        let expected = ExpectedOrder::new(&merchant, "16642817866003386000", Fen::new(1));
        assert_eq!(notice.check(&expected), Ok(()));
    }
}

#[test]
fn a_payment_notice_hashed_in_the_other_charset_is_refused() {
    let query = text("payment-notice/query-signed-over-utf-8.txt");
    let opened = merchant().open_payment_notice(&query, &bytes("payment-notice/body.xml"));
    let field = "sign";
    assert_eq!(
        opened,
        Err(NoticeError::Verification(VerificationError::Mismatch {
            field
        }))
    );
}

#[test]
fn rights_notices_are_opened() {
    let notice = merchant()
        .open_rights_notice(&bytes("rights-notice/request.xml"))
        .unwrap();
    assert_eq!(notice.kind, RightsKind::Request);
    assert_eq!(notice.feedback_id, "5883726847655944563");
    assert_eq!(
        notice.transaction_id.as_deref(),
        Some("10123312412321435345")
    );
    assert_eq!(notice.solution.as_deref(), Some("补发货给我"));
    assert_eq!(
        notice.pictures,
        ["http://mmbiz.qpic.cn/a", "http://mmbiz.qpic.cn/b"]
    );
    assert!(!format!("{notice:?}").contains("18610847266"));

    let notice = merchant()
        .open_rights_notice(&bytes("rights-notice/confirm.xml"))
        .unwrap();
    assert_eq!(notice.kind, RightsKind::Confirm);
    assert_eq!((notice.transaction_id, notice.pictures), (None, Vec::new()));
}

#[test]
fn an_alarm_is_opened() {
    let notice = merchant()
        .open_alarm_notice(&bytes("alarm-notice/notice.xml"))
        .unwrap();
    assert_eq!(notice.error_type, "1001");
    assert_eq!(notice.description, "错误描述");
    assert_eq!(notice.alarm_content, "错误详情");
    assert_eq!(notice.transaction_id(), None);
}
