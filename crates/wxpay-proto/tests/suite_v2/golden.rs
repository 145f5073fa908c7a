//! Every vector, to the byte.

use wxpay_proto::http;
use wxpay_proto::v2::{
    Form, Merchant, OperationInfo, Request, Signing, Untyped, VerificationError, WorkwxSecret,
};
use wxpay_proto::{AppParameters, BodyError, Fen, Idempotency, Nonce, Timestamp};

use crate::support::{
    API_KEY, Case, MCH_ID, Receiver, Sharing, WorkWechat, cases, merchant, merchant_of,
};

fn at(case: &Case) -> (Timestamp, Nonce) {
    let seconds = case.text("time.txt").parse().unwrap();
    let nonce = Nonce::new(&case.text("nonce.txt")).unwrap();
    (Timestamp::from_unix(seconds), nonce)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn clients_are_handed_these_parameters() {
    for case in cases("invocation", 6) {
        let (time, nonce) = at(&case);
        let expected = case.text("parameters.json");
        let of = |sign_type: &str| merchant_of(MCH_ID, sign_type);
        let given = match case.name.split(['/', '-']).nth(1) {
            Some("jsapi") => {
                let merchant = of(&case.text("sign-type.txt"));
                let (appid, order) = (case.text("appid.txt"), case.text("prepay-id.txt"));
                let mini = merchant.mini_program_parameters(&appid, &order, time, &nonce);
                assert_eq!(json(&mini), case.text("mini-program.json"), "{}", case.name);
                json(&merchant.jsapi_parameters(&appid, &order, time, &nonce))
            }
            Some("app") => {
                let merchant = of(&case.text("sign-type.txt"));
                let (appid, order) = (case.text("appid.txt"), case.text("prepay-id.txt"));
                let partner = case.text("partner-id.txt");
                let app: AppParameters =
                    merchant.app_parameters(&appid, &partner, &order, time, &nonce);
                json(&app)
            }
            Some("red") => {
                // Signed with MD5, whatever the merchant likes.
                let merchant = of("HMAC-SHA256");
                let (appid, package) = (case.text("appid.txt"), case.text("package.txt"));
                json(&merchant.red_packet_parameters(&appid, &package, time, &nonce))
            }
            Some("pay") => {
                let merchant = merchant_of(&case.text("mch-id.txt"), "MD5");
                json(&merchant.pay_score_parameters(&case.text("package.txt"), time, &nonce))
            }
            other => panic!("{other:?} is not known"),
        };
        assert_eq!(given, expected, "{}", case.name);
    }
}

#[test]
fn codes_of_products_have_these_addresses() {
    let case = Case::new("native/url");
    let (time, nonce) = at(&case);
    let merchant = merchant_of(&case.text("mch-id.txt"), "HMAC-SHA256");
    let url = merchant.native_url(
        &case.text("appid.txt"),
        &case.text("product-id.txt"),
        time,
        &nonce,
    );
    assert_eq!(url, case.text("url.txt"));
}

#[test]
fn scans_are_answered_with_these_documents() {
    let case = Case::new("native/callback");
    let merchant = merchant();
    let callback = merchant
        .open_native_callback(&case.bytes("body.txt"))
        .unwrap();
    assert_eq!(callback.appid(), "wx2421b1c4370ec43b");
    assert_eq!(callback.product_id(), "88888");
    assert_eq!(callback.openid(), Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"));
    assert!(callback.is_subscribe().unwrap().is_yes());
    let nonce = crate::support::nonce();
    let order = case.text("prepay-id.txt");
    let reply = merchant.native_reply(&callback, &order, &nonce).unwrap();
    assert_eq!(reply.body(), &case.bytes("reply.txt"));
    assert_eq!(reply.status(), 200);
    let message = case.text("message.txt");
    let refusal = merchant
        .native_refusal(&callback, &message, &nonce)
        .unwrap();
    assert_eq!(refusal.body(), &case.bytes("refusal.txt"));
}

fn untyped(case: &Case, info: OperationInfo) -> Untyped {
    let fields = case.fields();
    let untyped = Untyped::new(info);
    fields
        .into_iter()
        .fold(untyped, |untyped, (name, value)| untyped.field(name, value))
}

/// What the vector was made with.
fn merchant_and_nonce(case: &Case) -> (Merchant, Nonce) {
    let merchant = merchant_of(&case.text("mch-id.txt"), &case.text("sign-type.txt"));
    (merchant, Nonce::new(&case.text("nonce.txt")).unwrap())
}

fn body(merchant: &Merchant, request: &dyn Request, nonce: &Nonce) -> bytes::Bytes {
    let request = merchant.prepare(request, nonce).unwrap();
    assert_eq!(request.method(), http::Method::POST);
    assert_eq!(request.headers()["content-type"], "text/xml; charset=utf-8");
    request.into_body()
}

#[test]
fn orders_are_written_and_signed_so() {
    for name in ["request/order-md5", "request/order-hmac"] {
        let case = Case::new(name);
        let (merchant, nonce) = merchant_and_nonce(&case);
        let info = OperationInfo::new("order", "/pay/unifiedorder", Idempotency::MerchantNumber);
        let written = body(&merchant, &untyped(&case, info), &nonce);
        assert_eq!(written, case.bytes("body.txt"), "{name}");
    }
}

#[test]
fn json_stands_in_cdata_and_is_signed_as_it_is() {
    let case = Case::new("request/profit-sharing");
    let nonce = Nonce::new(&case.text("nonce.txt")).unwrap();
    let receiver = |kind, account, amount, description| Receiver {
        kind,
        account,
        amount: Fen::new(amount),
        description,
    };
    let operation = Sharing {
        receivers: vec![
            receiver("MERCHANT_ID", "190001001", 100, "分到商户"),
            receiver("PERSONAL_OPENID", "86693952", 888, "分到个人"),
        ],
    };
    // HMAC-SHA256 is all the interface takes, whatever the merchant likes.
    for likes in ["MD5", "HMAC-SHA256"] {
        let written = body(&merchant_of(MCH_ID, likes), &operation, &nonce);
        assert_eq!(written, case.bytes("body.txt"));
    }
}

#[test]
fn customs_have_neither_nonce_nor_sign_type() {
    let case = Case::new("request/customs");
    let info = OperationInfo::new(
        "customs",
        "/cgi-bin/mch/customs/customdeclareorder",
        Idempotency::MerchantNumber,
    )
    .signing(Signing::Md5)
    .without_sign_type()
    .without_nonce();
    let merchant = merchant_of(&case.text("mch-id.txt"), "HMAC-SHA256");
    let written = body(&merchant, &untyped(&case, info), &crate::support::nonce());
    assert_eq!(written, case.bytes("body.txt"));
}

#[test]
fn red_packets_of_wecom_are_signed_twice() {
    let case = Case::new("request/work-wechat");
    let (merchant, nonce) = merchant_and_nonce(&case);
    let merchant = merchant.with_workwx_secret(WorkwxSecret::new(API_KEY).unwrap());
    let written = body(&merchant, &WorkWechat, &nonce);
    assert_eq!(written, case.bytes("body.txt"));
}

#[test]
fn pages_have_their_fields_in_the_query() {
    struct Page(Vec<(&'static str, String)>);
    impl Request for Page {
        fn info(&self) -> OperationInfo {
            OperationInfo::new("page", "/papay/entrustweb", Idempotency::Safe)
                .signing(Signing::Md5)
                .without_sign_type()
                .without_nonce()
        }
        fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
            for (name, value) in &self.0 {
                form.text(name, value.as_str());
            }
            Ok(())
        }
    }
    let case = Case::new("request/page");
    let url = merchant()
        .page_url(&Page(case.fields()), &crate::support::nonce())
        .unwrap();
    assert_eq!(url, case.text("url.txt"));
}

#[test]
fn notices_verify_and_hold_these_fields() {
    for case in cases("notice", 2) {
        let notice = merchant()
            .open_notification(&case.bytes("body.txt"))
            .unwrap();
        let expected = case.fields();
        let expected = expected.iter().map(|(name, value)| (*name, value.as_str()));
        assert!(notice.parameters().iter().eq(expected), "{}", case.name);
    }
}

#[test]
fn refund_notices_are_opened_to_the_byte() {
    for case in cases("refund-notice", 2) {
        let plain = case.bytes("plaintext.txt");
        let expected = wxpay_proto::danger::v2::parameters_unverified(&plain).unwrap();
        let notice = merchant()
            .open_refund_notification(&case.bytes("body.txt"))
            .unwrap();
        assert!(
            notice.parameters().iter().eq(expected.iter()),
            "{}",
            case.name
        );
        assert_eq!(notice.get("refund_status"), Some("SUCCESS"));
        assert_eq!(notice.envelope().get("mch_id"), Some(MCH_ID));
    }
}

#[test]
fn a_byte_of_a_vector_changed_is_refused() {
    let body = Case::new("notice/payment-md5").text("body.txt");
    let changed = body.replace("<total_fee><![CDATA[1]]>", "<total_fee><![CDATA[2]]>");
    assert_ne!(changed, body);
    let error = merchant()
        .open_notification(changed.as_bytes())
        .unwrap_err();
    assert!(matches!(
        error,
        wxpay_proto::v2::NotificationError::Verification(VerificationError::Mismatch)
    ));
}
