//! The operations of v1, request by request and answer by answer.

#![cfg(feature = "v1")]
#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use std::fs;
use std::path::Path;

use wxpay_api::v1::{
    BillKind, DeliverNotify, FeedbackUpdate, GenPrepay, OrderQuery, OrderRef, RefundRef,
    RefundState, RefundType, TenpayBillDownload, TenpayOrderQuery, TenpayRefund, TenpayRefundQuery,
    VerifyNotifyId,
};
use wxpay_json::{DateTime, Fen};
use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{self, Response};
use wxpay_proto::sign::SignType;
use wxpay_proto::v1::{
    AcceptError, AccessToken, ApiV2Key, Charset, ExpectedOrder, Merchant, Operation,
    OperatorPassword, Package, PaySignKey, PrepareError, Request, SensitiveTarget, Unreadable,
    VerificationError,
};
use wxpay_proto::{Nonce, Timestamp};

const ORDER: &str = "16642817866003386000";
const TRANSACTION: &str = "1900000109201407010000000001";

fn bytes(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors/v1")
        .join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(path: &str) -> String {
    String::from_utf8(bytes(path)).unwrap()
}

fn partner_key() -> ApiV2Key {
    ApiV2Key::new(bytes("keys/TEST-ONLY-partner-key.txt")).unwrap()
}

fn merchant_of(appid: &str, partner: &str, key: u8) -> Merchant {
    let key = bytes(&format!("keys/TEST-ONLY-pay-sign-key-{key}.txt"));
    Merchant::new(appid, partner, partner_key(), PaySignKey::new(key).unwrap()).unwrap()
}

fn merchant() -> Merchant {
    merchant_of("wxf8b4f85f3a794e77", "1900000109", 1)
}

fn sent_at(
    merchant: &Merchant,
    request: &dyn Request,
    at: i64,
    nonce: &str,
) -> http::Request<Bytes> {
    let token = AccessToken::new("TOKEN").unwrap();
    let nonce = Nonce::new(nonce).unwrap();
    merchant
        .prepare(request, Some(&token), Timestamp::from_unix(at), &nonce)
        .unwrap()
}

fn sent(merchant: &Merchant, request: &dyn Request) -> http::Request<Bytes> {
    sent_at(merchant, request, 1_369_745_073, "n")
}

fn accept<O: Operation>(operation: &O, body: impl Into<Bytes>) -> Result<O::Response, AcceptError> {
    let accepted = merchant().accept(operation, &Response::new(body.into()));
    accepted.map(wxpay_proto::v1::Response::into_value)
}

/// A signed answer in UTF-8.
fn tenpay(fields: &[(&str, &str)]) -> String {
    let common = [
        ("retcode", "0"),
        ("partner", "1900000109"),
        ("input_charset", "UTF-8"),
    ];
    let fields = [&common, fields].concat();
    let sign = partner_key().sign(SignType::Md5, fields.iter().copied());
    let written = fields
        .iter()
        .map(|(name, value)| format!("<{name}>{value}</{name}>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><root>{}<sign>{sign}</sign></root>",
        written.collect::<String>()
    )
}

fn invalid(request: &dyn Request) -> String {
    let (at, nonce) = (Timestamp::from_unix(1), Nonce::new("n").unwrap());
    match merchant().encode(request, at, &nonce).unwrap_err() {
        PrepareError::Invalid(field) => field.field().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn password() -> OperatorPassword {
    OperatorPassword::new("111111").unwrap()
}

fn refund() -> TenpayRefund {
    TenpayRefund::new(
        OrderRef::OutTradeNo(ORDER.to_owned()),
        format!("R{ORDER}"),
        Fen::new(1),
        Fen::new(1),
        password(),
    )
}

#[test]
fn gen_prepay_is_the_published_request() {
    let merchant = merchant_of("wxd930ea5d5a258f4f", "1900000109", 2);
    let package = Package::parse(text("gen-prepay/package.txt")).unwrap();
    let prepay = GenPrepay::new(package).trace_id("test_1399514976");
    let nonce = "e7d161ac8d8a76529d39d9f5b4249ccb";
    let request = sent_at(&merchant, &prepay, 1_399_514_976, nonce);
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri(),
        "https://api.weixin.qq.com/pay/genprepay?access_token=TOKEN"
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.body(), &bytes("gen-prepay/body.json"));

    let body = r#"{"prepayid":"1101000000140429eb40476f8896f4c9","errcode":0,"errmsg":"Success"}"#;
    let prepaid = accept(&prepay, body).unwrap();
    assert_eq!(prepaid.prepay_id, "1101000000140429eb40476f8896f4c9");
    let error = accept(
        &prepay,
        r#"{"errcode":42001,"errmsg":"access_token expired"}"#,
    );
    assert!(error.unwrap_err().is_token_expired());
    for body in [
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"prepayid":"","errcode":0}"#,
    ] {
        assert!(matches!(accept(&prepay, body), Err(AcceptError::Decode(_))));
    }
}

#[test]
fn a_trace_that_is_not_there_is_not_signed() {
    let package = Package::parse(text("gen-prepay/package.txt")).unwrap();
    let request = sent(&merchant(), &GenPrepay::new(package));
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    assert!(!body.contains("traceid"), "{body}");
}

#[test]
fn deliveries_are_reported() {
    let at = Timestamp::from_unix(1_369_745_073);
    let openid = "oX99MDgNcgwnz3zFN3DNmo8uwa-w";
    let notify = DeliverNotify::delivered(openid, "111112222233333", "555666uuu", at);
    let request = sent(&merchant(), &notify);
    assert_eq!(
        request.uri(),
        "https://api.weixin.qq.com/pay/delivernotify?access_token=TOKEN"
    );
    assert_eq!(request.body(), &bytes("deliver-notify/body.json"));
    accept(&notify, r#"{"errcode":0,"errmsg":"ok"}"#).unwrap();

    let failed = notify.failed("缺货");
    let request = sent(&merchant(), &failed);
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    assert!(
        body.contains(r#""deliver_status":"0","deliver_msg":"缺货""#),
        "{body}"
    );
    assert_eq!(invalid(&failed.failed("")), "deliver_msg");
}

#[test]
fn an_order_is_asked_for_by_its_number() {
    let merchant = merchant_of("wxf8b4f85f3a794e77", "1900090055", 1);
    let request = sent(&merchant, &OrderQuery::new("11122"));
    assert_eq!(
        request.uri(),
        "https://api.weixin.qq.com/pay/orderquery?access_token=TOKEN"
    );
    assert_eq!(request.body(), &bytes("order-query/body.json"));
    assert_eq!(invalid(&OrderQuery::new("a b")), "out_trade_no");
}

#[test]
fn order_info_is_read_leniently_and_compared_strictly() {
    let query = OrderQuery::new(ORDER);
    let answer = |info: &str| format!(r#"{{"errcode":0,"errmsg":"ok","order_info":{info}}}"#);
    let expected = ExpectedOrder::new(&merchant(), ORDER, Fen::new(3));
    for (numbers, flag) in [
        (r#""1""#, "true"),
        ("1", r#""true""#),
        ("1", "1"),
        ("1", r#""True""#),
    ] {
        let info = format!(
            r#"{{"ret_code":0,"ret_msg":"","input_charset":"GBK","trade_state":"0","trade_mode":"1",
            "partner":"1900000109","bank_type":"BL","bank_billno":"","total_fee":{numbers},"fee_type":"1",
            "transaction_id":"{TRANSACTION}","out_trade_no":"{ORDER}","is_split":"false","is_refund":{flag},
            "attach":"","time_end":"20140701120000","transport_fee":"0","product_fee":"1","discount":"2",
            "rmb_total_fee":""}}"#
        );
        let info = accept(&query, answer(&info)).unwrap();
        assert!(info.is_paid() && info.is_refund && !info.is_split);
        assert_eq!(info.total_fee, Some(Fen::new(1)));
        assert_eq!((info.attach.clone(), info.rmb_total_fee), (None, None));
        assert_eq!(info.check(&expected), Ok(()));
        let dearer = ExpectedOrder::new(&merchant(), ORDER, Fen::new(4));
        assert_eq!(info.check(&dearer).unwrap_err().field(), "total_fee");
    }
    let missing = accept(
        &query,
        answer(r#"{"ret_code":"1","ret_msg":"no such order"}"#),
    )
    .unwrap();
    assert!(!missing.is_paid());
    assert_eq!(missing.check(&expected).unwrap_err().field(), "ret_code");
    // A state alone is no payment.
    let failed = accept(&query, answer(r#"{"ret_code":"1","trade_state":"0"}"#)).unwrap();
    assert!(!failed.is_paid());
    for info in [
        r#"{"ret_code":"0","out_trade_no":"1"}"#,
        r#"{"ret_code":"0","total_fee":"1.5"}"#,
        r#"{"ret_code":"0","total_fee":1.5}"#,
        r#"{"ret_code":"0","is_refund":"maybe"}"#,
        r#"{"ret_code":""}"#,
        "{}",
        "null",
    ] {
        let read = accept(&query, answer(info));
        assert!(matches!(read, Err(AcceptError::Decode(_))), "{info}");
    }
}

#[test]
fn a_complaint_is_marked_as_settled() {
    let update = FeedbackUpdate::new("o/1", "5883726847655944563");
    let request = sent(&merchant(), &update);
    assert_eq!(request.method(), "GET");
    let address = "https://api.weixin.qq.com/payfeedback/update?openid=o%2F1&feedbackid=5883726847655944563&\
                   access_token=TOKEN";
    assert_eq!(request.uri(), address);
    assert!(request.body().is_empty() && SensitiveTarget::is_in(&request));
    accept(&update, r#"{"errcode":0,"errmsg":"ok"}"#).unwrap();
}

#[test]
fn a_refund_is_the_computed_form() {
    let request = sent(&merchant(), &refund());
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri(),
        "https://mch.tenpay.com/refundapi/gateway/refund.xml"
    );
    assert_eq!(request.body(), &bytes("tenpay-refund/form.txt"));
    assert!(refund().info().certificate);

    let gbk = merchant().with_charset(Charset::Gbk);
    let request = sent(&gbk, &refund().receiver("123", "张三"));
    assert_eq!(request.body(), &bytes("tenpay-refund/form-gbk.txt"));
    let shown = format!(
        "{:?}",
        refund()
            .receiver("123", "张三")
            .refund_type(RefundType::CashAccount)
    );
    assert!(
        !shown.contains("111111") && !shown.contains("张三"),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_refunded_is_not_sent() {
    let with = |change: fn(&mut TenpayRefund)| {
        let mut refund = refund();
        change(&mut refund);
        invalid(&refund)
    };
    assert_eq!(with(|refund| refund.refund_fee = Fen::new(2)), "refund_fee");
    assert_eq!(with(|refund| refund.refund_fee = Fen::ZERO), "refund_fee");
    assert_eq!(
        with(|refund| refund.out_refund_no = String::new()),
        "out_refund_no"
    );
    assert_eq!(
        with(|refund| refund.order = OrderRef::TransactionId("a b".to_owned())),
        "transaction_id"
    );
    assert_eq!(
        with(|refund| refund.notify_url = Some("/n".to_owned())),
        "notify_url"
    );
}

#[test]
fn a_refunds_answer_is_believed_in_its_charset_only() {
    let refunded = accept(&refund(), bytes("tenpay-refund/reply.xml")).unwrap();
    assert_eq!(refunded.refund_status.state(), RefundState::Succeeded);
    assert_eq!(refunded.refund_fee, Fen::new(1));
    assert_eq!(
        refunded.refund_id.as_deref(),
        Some("1111900000109201407020000001")
    );
    let field = "sign";
    let error = accept(
        &refund(),
        bytes("tenpay-refund/reply-signed-over-utf-8.xml"),
    )
    .unwrap_err();
    assert!(matches!(
        error,
        AcceptError::Verification(VerificationError::Mismatch { field: name }) if name == field
    ));
    let error = accept(&refund(), bytes("tenpay-refund/reply-declared-utf-8.xml")).unwrap_err();
    assert!(matches!(
        error,
        AcceptError::Unreadable(answer) if matches!(answer.what(), Unreadable::Charset(_))
    ));
}

#[test]
fn another_refunds_answer_is_not_taken() {
    let mut other = refund();
    other.out_refund_no = "R2".to_owned();
    let error = accept(&other, bytes("tenpay-refund/reply.xml")).unwrap_err();
    let AcceptError::Decode(failure) = error else {
        panic!("{error:?}");
    };
    assert_eq!(failure.error().path(), "out_refund_no");
}

#[test]
fn each_status_of_a_refund_says_what_to_do() {
    use RefundState::{Failed, PayByHand, Processing, Succeeded, Undetermined, Unknown};
    for (codes, state) in [
        (&["4", "10"][..], Succeeded),
        (&["3", "5", "6"], Failed),
        (&["8", "9", "11"], Processing),
        (&["1", "2"], Undetermined),
        (&["7"], PayByHand),
        (&["12", "0", "04"], Unknown),
    ] {
        for code in codes {
            let number = format!("R{ORDER}");
            let fields = [
                ("out_refund_no", &*number),
                ("refund_fee", "1"),
                ("refund_status", code),
            ];
            let status = accept(&refund(), tenpay(&fields)).unwrap().refund_status;
            assert_eq!((status.state(), status.code()), (state, *code));
            assert!(status.to_string().starts_with(code));
        }
    }
}

#[test]
fn refunds_are_asked_for_by_any_number() {
    for (refund, parameter) in [
        (RefundRef::RefundId("1".to_owned()), "&refund_id=1&"),
        (RefundRef::OutRefundNo("2".to_owned()), "&out_refund_no=2&"),
        (
            RefundRef::Order(OrderRef::TransactionId("3".to_owned())),
            "&transaction_id=3&",
        ),
        (
            RefundRef::Order(OrderRef::OutTradeNo("4".to_owned())),
            "&out_trade_no=4&",
        ),
    ] {
        let request = sent(&merchant(), &TenpayRefundQuery::new(refund));
        let uri = request.uri().to_string();
        assert!(
            uri.starts_with("https://gw.tenpay.com/gateway/normalrefundquery.xml?"),
            "{uri}"
        );
        assert!(
            uri.contains(parameter) && uri.contains("service_version=1.1"),
            "{uri}"
        );
    }
}

#[test]
fn every_refund_of_an_order_is_read() {
    let query = |refund| TenpayRefundQuery::new(refund);
    let by_order = query(RefundRef::Order(OrderRef::OutTradeNo(ORDER.to_owned())));
    let reply = || bytes("tenpay-refund-query/reply.xml");
    let found = accept(&by_order, reply()).unwrap();
    let [first, second] = &found.refunds[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        (&*first.out_refund_no, first.refund_fee),
        ("R1", Fen::new(1))
    );
    assert_eq!(first.status.state(), RefundState::Succeeded);
    assert_eq!(first.end_time.map(DateTime::as_unix), Some(1_404_273_660));
    assert_eq!(second.status.state(), RefundState::PayByHand);
    assert_eq!(second.end_time, None);
    assert_eq!(
        second.recv_user_name.as_ref().map(|name| name.expose()),
        Some("张三")
    );
    assert!(accept(&query(RefundRef::OutRefundNo("R2".to_owned())), reply()).is_ok());
    let other = query(RefundRef::OutRefundNo("R3".to_owned()));
    assert!(matches!(
        accept(&other, reply()),
        Err(AcceptError::Decode(_))
    ));
    let entry = [
        ("out_trade_no", ORDER),
        ("refund_id_3", "1"),
        ("out_refund_no_3", "R1"),
        ("refund_fee_3", "1"),
        ("refund_state_3", "9"),
    ];
    let counted = |entry: &[(&'static str, &'static str)], count| {
        let fields = [entry, &[("refund_count", count)]].concat();
        accept(&by_order, tenpay(&fields))
    };
    assert_eq!(counted(&entry, "1").unwrap().refunds.len(), 1);
    for (entry, count) in [
        (&entry[..], "0"),
        (&entry, "2"),
        (&entry, "x"),
        (&entry, ""),
        (&entry[..4], "1"),
        (&entry[1..], "1"),
    ] {
        let read = counted(entry, count);
        assert!(matches!(read, Err(AcceptError::Decode(_))), "{count}");
    }
    let none = "<root><retcode>88222014</retcode><retmsg>none</retmsg></root>";
    let error = accept(&by_order, none).unwrap_err();
    assert!(matches!(error, AcceptError::Api(error) if error.is_not_found()));
}

#[test]
fn a_notice_and_an_order_can_be_asked_about_at_tenpay() {
    let verify = VerifyNotifyId::new("abcDEF123");
    let uri = sent(&merchant(), &verify).uri().to_string();
    assert!(
        uri.starts_with("https://gw.tenpay.com/gateway/verifynotifyid.xml?"),
        "{uri}"
    );
    assert!(
        uri.contains("&notify_id=abcDEF123&partner=1900000109&"),
        "{uri}"
    );
    let query = TenpayOrderQuery::new(OrderRef::TransactionId(TRANSACTION.to_owned()));
    let uri = sent(&merchant(), &query).uri().to_string();
    assert!(
        uri.starts_with("https://gw.tenpay.com/gateway/normalorderquery.xml?"),
        "{uri}"
    );

    let reply = || bytes("tenpay-trade/reply.xml");
    let trade = accept(&verify, reply()).unwrap();
    assert_eq!(accept(&query, reply()).unwrap(), trade);
    assert_eq!(trade.attach.as_deref(), Some("附加数据"));
    let expected = |fen| ExpectedOrder::new(&merchant(), ORDER, Fen::new(fen));
    assert!(trade.is_paid());
    assert_eq!(trade.check(&expected(3)), Ok(()));
    assert_eq!(trade.check(&expected(1)).unwrap_err().field(), "total_fee");

    let other = VerifyNotifyId::new("another");
    assert!(matches!(
        accept(&other, reply()),
        Err(AcceptError::Decode(_))
    ));
    let other = TenpayOrderQuery::new(OrderRef::OutTradeNo("1".to_owned()));
    assert!(matches!(
        accept(&other, reply()),
        Err(AcceptError::Decode(_))
    ));
}

#[test]
fn a_bill_is_asked_for_in_its_order() {
    let date = "2014-07-01".parse().unwrap();
    let download = TenpayBillDownload::new(date, BillKind::All);
    let request = sent_at(&merchant(), &download, 1_404_259_200, "n");
    let expected = format!("https://mch.tenpay.com{}", text("tenpay-bill/target.txt"));
    assert_eq!(request.uri().to_string(), expected);

    let bill = accept(&download, bytes("tenpay-bill/bill.txt")).unwrap();
    assert!(bill.text().starts_with("交易时间,"));
    let rows: Vec<_> = bill.rows().collect();
    let row = [
        "2014-07-01 12:00:00",
        "wxf8b4f85f3a794e77",
        ORDER,
        "0.01",
        "矿泉水,一瓶",
    ];
    assert_eq!(rows, [row]);
    assert_eq!(
        format!("{bill:?}"),
        format!("TenpayBill({} bytes)", bill.text().len())
    );
}

#[test]
fn an_error_in_place_of_a_bill_is_an_error() {
    let download = TenpayBillDownload::new("2014-07-01".parse().unwrap(), BillKind::Paid);
    let error = accept(
        &download,
        "<root><retcode>1</retcode><retmsg>x</retmsg></root>",
    );
    assert!(matches!(error, Err(AcceptError::Api(error)) if error.retcode() == Some("1")));
    for body in [
        "",
        "<html><body>busy</body></html>",
        "<root><a>1</a></root>",
    ] {
        assert!(
            matches!(accept(&download, body), Err(AcceptError::Unreadable(_))),
            "{body}"
        );
    }
}
