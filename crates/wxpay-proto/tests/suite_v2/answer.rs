//! What is believed of an answer, and in which order it is judged.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{HeaderValue, StatusCode};
use wxpay_proto::v2::{
    AcceptError, ErrorCode, Failure, NotXmlKind, Operation, OperationInfo, Repeat, ReplyForm,
    SignType, Untyped, VerificationError,
};
use wxpay_proto::{Date, DateTime, Fen, Idempotency, Outcome, Sensitive, http};

use crate::support::{
    Bill, Case, Coupon, HbInfo, MCH_ID, Order, OrderQuery, PayBank, Prepaid, RefundQuery, Token,
    document, good, merchant, ok, signed,
};

fn answer(case: &str) -> http::Response<Bytes> {
    ok(Case::new(&format!("answer/{case}")).bytes("body.txt"))
}

fn refused<O: Operation>(operation: &O, response: &http::Response<Bytes>) -> AcceptError
where
    O::Response: std::fmt::Debug,
{
    merchant().accept(operation, response).unwrap_err()
}

fn kind(error: &AcceptError) -> NotXmlKind {
    match error {
        AcceptError::NotXml(error) => error.kind(),
        other => panic!("{other:?}"),
    }
}

fn verification(error: AcceptError) -> VerificationError {
    match error {
        AcceptError::Verification(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn good_answers_are_read_whichever_way_they_are_signed() {
    let order = Order::new("茶");
    for case in ["order-md5", "order-hmac", "success-beside-success"] {
        let response = merchant().accept(&order, &answer(case)).unwrap();
        assert!(response.is_signed());
        assert!(response.value().prepay_id.starts_with("wx"), "{case}");
        assert_eq!(response.value().trade_type, "JSAPI");
        assert_eq!(response.get("nonce_str"), Some("IITRi8Iabbblz1Jc"));
        assert_eq!(response.raw(), answer(case).body());
    }
    let response = merchant().accept(&order, &answer("order-md5")).unwrap();
    // What this version does not know is there as well.
    assert_eq!(response.get("a_field_of_tomorrow"), Some("明天"));
    assert_eq!(response.parameters().len(), 10);
    assert_eq!(
        response.into_value(),
        Prepaid {
            prepay_id: "wx201411101639507cbf6ffd8b0779950874".to_owned(),
            trade_type: "JSAPI".to_owned()
        }
    );
}

#[test]
fn errors_are_named_with_their_meaning() {
    let order = Order::new("茶");
    let AcceptError::Api(error) = refused(&order, &answer("business-error")) else {
        panic!();
    };
    assert_eq!(error.code(), &ErrorCode::OrderPaid);
    assert_eq!(error.message(), "该订单已支付");
    assert_eq!(error.repeat(), Repeat::No);
    assert!(error.is_signed() && !error.is_undetermined());
    assert_eq!(error.get("appid"), Some("wx2421b1c4370ec43b"));
    assert_eq!(
        error.to_string(),
        "ORDERPAID: 该订单已支付 (the order is paid already)"
    );
    let AcceptError::Api(error) = refused(&order, &answer("error-beside-success")) else {
        panic!();
    };
    assert_eq!(error.code().as_str(), "268456007");
    // Nobody knows what that means for the request.
    assert!(error.is_undetermined());
    let AcceptError::Api(error) = refused(&order, &answer("other-names")) else {
        panic!();
    };
    assert_eq!(error.code(), &ErrorCode::NoAuth);
    assert_eq!(error.message(), "商户无权限");
    // A refusal without a code is one all the same.
    let body = signed(&good(&[("result_code", "FAIL")]), SignType::Md5);
    let AcceptError::Api(error) = refused(&order, &ok(body)) else {
        panic!();
    };
    assert_eq!(error.code().as_str(), "FAIL");
    for empty in ["SUCCESS", "OK", "0"] {
        let fields = good(&[
            ("err_code", empty),
            ("prepay_id", "1"),
            ("trade_type", "APP"),
        ]);
        let response = ok(signed(&fields, SignType::Md5));
        assert!(merchant().accept(&order, &response).is_ok(), "{empty}");
    }
}

#[test]
fn a_request_that_was_not_taken_is_told_apart() {
    let error = refused(&Order::new("茶"), &answer("protocol-error"));
    assert!(!error.is_undetermined());
    let AcceptError::Protocol(error) = error else {
        panic!();
    };
    assert_eq!(error.return_code(), "FAIL");
    assert_eq!(error.message(), "签名错误");
    assert_eq!(error.code(), None);
    assert_eq!(error.to_string(), "FAIL: 签名错误");
    // Other words are no success either.
    let body = document(&[("return_code", "PARAM_ERROR"), ("return_msg", "x")]);
    let error = refused(&Order::new("茶"), &ok(body));
    assert!(matches!(error, AcceptError::Protocol(_)), "{error:?}");
}

#[test]
fn trouble_within_wechat_pay_leaves_the_outcome_open() {
    for (code, message) in [
        ("FAIL", "系统繁忙，请稍后再试"),
        ("FAIL", "请求超时"),
        ("FAIL", "System error"),
        ("SYSTEMERROR", "x"),
    ] {
        let body = document(&[("return_code", code), ("return_msg", message)]);
        let error = refused(&Order::new("茶"), &ok(body));
        assert!(matches!(error, AcceptError::Protocol(_)), "{error:?}");
        assert!(error.is_undetermined(), "{message}");
        assert_eq!(Outcome::of_v2(&error), Outcome::Unknown, "{message}");
        // A flow that took it for a refusal would give up a payment that was made.
        assert!(
            matches!(Failure::from(error), Failure::Unknown),
            "{message}"
        );
    }
    let error = refused(&Order::new("茶"), &answer("protocol-error"));
    assert_eq!(Outcome::of_v2(&error), Outcome::Final);
    assert!(matches!(Failure::from(error), Failure::Rejected(_)));
}

#[test]
fn every_field_is_covered_by_the_signature() {
    let order = Order::new("茶");
    let fields = good(&[("prepay_id", "wx1"), ("trade_type", "APP"), ("new", "1")]);
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        let body = signed(&fields, sign_type);
        assert!(merchant().accept(&order, &ok(body.clone())).is_ok());
        for (from, to) in [
            ("<new><![CDATA[1]]>", "<new><![CDATA[2]]>"),
            ("<new><![CDATA[1]]></new>", ""),
            ("</xml>", "<newer>1</newer></xml>"),
            ("<new>", "<other>"),
            ("[OK]", "[ok]"),
        ] {
            let changed = body.replace(from, to).replace(
                "</new>",
                if to == "<other>" {
                    "</other>"
                } else {
                    "</new>"
                },
            );
            assert_ne!(changed, body, "{from}");
            let error = verification(refused(&order, &ok(changed)));
            assert_eq!(error, VerificationError::Mismatch, "{from}");
        }
    }
}

#[test]
fn signatures_that_are_none_have_names_of_their_own() {
    let order = Order::new("茶");
    let fields = good(&[("prepay_id", "wx1"), ("trade_type", "APP")]);
    let with = |sign: &str| {
        let mut fields = fields.clone();
        fields.push(("sign", sign));
        verification(refused(&order, &ok(document(&fields))))
    };
    assert_eq!(
        verification(refused(&order, &ok(document(&fields)))),
        VerificationError::Missing
    );
    assert_eq!(with(""), VerificationError::Missing);
    for sign in [
        "A",
        &"A".repeat(31),
        &"A".repeat(33),
        &"A".repeat(63),
        "签名签名签名签名签名签",
    ] {
        let length = sign.len();
        assert_eq!(with(sign), VerificationError::Malformed { length });
    }
    assert_eq!(with(&"A".repeat(32)), VerificationError::Mismatch);
    assert_eq!(with(&"A".repeat(64)), VerificationError::Mismatch);
    // Lower case is another text.
    let right = wxpay_proto::v2::ApiV2Key::sign(
        &crate::support::key(),
        SignType::Md5,
        fields.iter().copied(),
    );
    assert_eq!(with(&right.to_lowercase()), VerificationError::Mismatch);
}

#[test]
fn answers_to_others_are_not_ours() {
    let order = Order::new("茶");
    assert_eq!(
        verification(refused(&order, &answer("other-merchant"))),
        VerificationError::OtherMerchant {
            field: "mch_id",
            found: "10000999".into()
        }
    );
    assert_eq!(
        verification(refused(&order, &answer("other-app"))),
        VerificationError::OtherApp {
            found: "wxd930ea5d5a258f4f".into()
        }
    );
    // A request without an appid cannot be compared.
    let query = OrderQuery("1");
    let fields = good(&[("appid", "wxany"), ("trade_state", "NOTPAY")]);
    let response = ok(signed(&fields, SignType::Md5));
    assert_eq!(
        merchant().accept(&query, &response).unwrap().value().0,
        "NOTPAY"
    );
    // Even where nothing is signed.
    let other = document(&good(&[("mch_id", "10000999"), ("payment_no", "1")]));
    let operation = PayBank {
        number: Sensitive::new(""),
        name: Sensitive::new(""),
    };
    let error = verification(refused(&operation, &ok(other)));
    assert!(matches!(error, VerificationError::OtherMerchant { .. }));
}

#[test]
fn the_signature_comes_before_the_result() {
    // An error that nobody signed is not believed either.
    let fields = good(&[("result_code", "FAIL"), ("err_code", "ORDERPAID")]);
    let error = refused(&Order::new("茶"), &ok(document(&fields)));
    assert_eq!(verification(error), VerificationError::Missing);
    // And the status comes before everything.
    let mut response = answer("order-md5");
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    let seconds = HeaderValue::from_static("3");
    response.headers_mut().insert("retry-after", seconds);
    let error = refused(&Order::new("茶"), &response);
    assert!(error.is_undetermined());
    let AcceptError::Status(answer) = error else {
        panic!();
    };
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.retry_after().unwrap().as_secs(), 3);
    // Other good statuses are none of v2.
    let mut response = crate::answer::answer("order-md5");
    *response.status_mut() = StatusCode::ACCEPTED;
    let error = refused(&Order::new("茶"), &response);
    assert!(matches!(error, AcceptError::Status(_)), "{error:?}");
}

#[test]
fn families_are_lists_whatever_their_order() {
    let fields = good(&[
        ("trade_state", "SUCCESS"),
        ("coupon_id_10", "c"),
        ("coupon_fee_2", "7"),
        ("coupon_id_2", "b"),
        ("coupon_id_0", "a"),
        ("coupon_type_0", "CASH"),
        ("coupon_fee", "9"),
        ("coupon_count", "3"),
    ]);
    let response = ok(signed(&fields, SignType::Md5));
    let (state, coupons) = merchant()
        .accept(&OrderQuery("1"), &response)
        .unwrap()
        .into_value();
    assert_eq!(state, "SUCCESS");
    let coupon = |fee: Option<i64>, id: &str, kind: Option<&str>| Coupon {
        fee: fee.map(Fen::new),
        id: id.to_owned(),
        kind: kind.map(str::to_owned),
    };
    assert_eq!(
        coupons,
        [
            coupon(None, "a", Some("CASH")),
            coupon(Some(7), "b", None),
            coupon(None, "c", None)
        ]
    );
    // An entry that lacks what every entry has is named by its whole name.
    let fields = good(&[("trade_state", "SUCCESS"), ("coupon_fee_3", "7")]);
    let error = refused(&OrderQuery("1"), &ok(signed(&fields, SignType::Md5)));
    let AcceptError::Decode(failure) = error else {
        panic!();
    };
    assert_eq!(failure.error().path(), "coupon_id_3");
    assert!(!failure.raw().is_empty());
}

#[test]
fn families_within_families() {
    let response = merchant()
        .accept(&RefundQuery, &answer("refund-query"))
        .unwrap();
    let coupon = |id: &str, fee| (id.to_owned(), Fen::new(fee));
    let arrived = DateTime::from_spaced("2016-07-25 15:26:26").unwrap();
    assert_eq!(
        response.into_value(),
        [
            (
                "R0".to_owned(),
                Fen::new(12),
                Some(arrived),
                vec![coupon("10000", 4), coupon("10001", 5)]
            ),
            ("R1".to_owned(), Fen::new(7), None, vec![]),
        ]
    );
}

#[test]
fn nested_lists_are_read_where_nothing_is_signed() {
    let response = merchant().accept(&HbInfo, &answer("red-packet")).unwrap();
    assert!(!response.is_signed());
    let shares = response.into_value();
    assert_eq!(shares.len(), 2);
    assert_eq!(shares[1].1, Fen::new(200));
    // A signature would not cover them.
    let body = answer("red-packet").into_body();
    let untyped = Untyped::post("/x", Idempotency::Safe);
    let error = merchant().accept(&untyped, &ok(body)).unwrap_err();
    assert_eq!(kind(&error), NotXmlKind::Other);
    // A record that lacks something is named by its place.
    let text = Case::new("answer/red-packet").text("body.txt");
    let text = text.replace("<amount>200</amount>", "");
    let AcceptError::Decode(failure) = refused(&HbInfo, &ok(text)) else {
        panic!();
    };
    assert_eq!(failure.error().path(), "hblist[1].amount");
}

#[test]
fn records_among_the_fields_are_read_where_nothing_is_signed() {
    const UNSIGNED: Untyped = Untyped::new(
        OperationInfo::new("untyped", "/x", Idempotency::Safe).reply(ReplyForm::Unsigned),
    );
    let merchants = "<return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>\
        <mchinfo><mch_id>1900000110</mch_id><total>2</total></mchinfo><total>5</total>\
        <mchinfo><mch_id>1900000109</mch_id><contact/></mchinfo>\
        <settled_10><fee>10</fee></settled_10><settled_2><fee>2</fee></settled_2>";
    // The root is called differently here and there.
    for root in ["xml", "root"] {
        let body = format!("<{root}>{merchants}</{root}>");
        let response = merchant().accept(&UNSIGNED, &ok(body)).unwrap();
        assert!(!response.is_signed());
        // Those of a record are not those of the answer, which is the merchant's own.
        assert_eq!(response.get("mch_id"), None);
        assert_eq!(response.get("total"), Some("5"));
        let fields = response.parameters().fields();
        let numbers = fields.repeated("mchinfo", |fields| {
            Ok((fields.text("mch_id")?, fields.integer_opt("total")?))
        });
        let expected = [
            ("1900000110".to_owned(), Some(2)),
            ("1900000109".to_owned(), None),
        ];
        assert_eq!(numbers.unwrap(), expected);
        let none = fields.repeated("total", |fields| fields.text("mch_id"));
        assert_eq!(none, Ok(Vec::new()));
        let fees = fields.numbered_records("settled_", |fields| fields.integer("fee"));
        assert_eq!(fees, Ok(vec![2, 10]));
        // A record that lacks something is named by its place.
        let error = fields.repeated("mchinfo", |fields| fields.text("total"));
        assert_eq!(error.unwrap_err().path(), "mchinfo[1].total");
        let error = fields.numbered_records("settled_", |fields| fields.text("total"));
        assert_eq!(error.unwrap_err().path(), "settled_2.total");
    }
    let failed =
        "<root><return_code>FAIL</return_code><return_msg>signature error</return_msg></root>";
    let AcceptError::Protocol(error) = merchant().accept(&UNSIGNED, &ok(failed)).unwrap_err()
    else {
        panic!();
    };
    assert!(error.to_string().contains("signature error"), "{error}");
    let other = format!("<other>{merchants}</other>");
    let error = merchant().accept(&UNSIGNED, &ok(other)).unwrap_err();
    assert_eq!(kind(&error), NotXmlKind::NoReturnCode);
}

#[test]
fn a_signature_covers_neither_records_nor_another_root() {
    let untyped = Untyped::post("/x", Idempotency::Safe);
    let fields = good(&[("total", "1")]);
    let body = signed(&fields, SignType::Md5);
    assert!(merchant().accept(&untyped, &ok(body.clone())).is_ok());
    // The signature still holds for the fields.
    let record = "<mchinfo><mch_id>1900000110</mch_id></mchinfo></xml>";
    let more = body.replace("</xml>", record);
    let error = merchant().accept(&untyped, &ok(more)).unwrap_err();
    assert_eq!(kind(&error), NotXmlKind::Other);
    let root = body.replace("xml>", "root>");
    let error = merchant().accept(&untyped, &ok(root)).unwrap_err();
    assert_eq!(kind(&error), NotXmlKind::NoReturnCode);
}

#[test]
fn interfaces_without_a_signature_need_none() {
    let operation = PayBank {
        number: Sensitive::new("1"),
        name: Sensitive::new("2"),
    };
    let fields = good(&[("payment_no", "1000")]);
    let response = merchant()
        .accept(&operation, &ok(document(&fields)))
        .unwrap();
    assert!(!response.is_signed());
    let response = merchant()
        .accept(&operation, &ok(signed(&fields, SignType::Md5)))
        .unwrap();
    assert!(response.is_signed());
    assert_eq!(response.value(), "1000");
    let fields = good(&[("result_code", "FAIL"), ("err_code", "SYSTEMERROR")]);
    let error = refused(&operation, &ok(document(&fields)));
    assert!(error.is_undetermined());
}

#[test]
fn files_and_errors_in_their_place_are_told_apart() {
    let bill = Bill(Date::new(2024, 1, 1).unwrap());
    for file in [
        "\u{feff}交易时间,公众账号ID\r\n".as_bytes(),
        "交易时间".as_bytes(),
        b"\x1f\x8b\x08\x00",
        b"100\n`2017-07-01 10:00:05,`1001",
    ] {
        let response = merchant().accept(&bill, &ok(file.to_vec())).unwrap();
        assert_eq!(response.value(), file);
        assert!(response.parameters().is_empty());
    }
    let AcceptError::Protocol(error) = refused(&bill, &answer("no-bill")) else {
        panic!();
    };
    assert_eq!(error.code(), Some(ErrorCode::BillNotExist));
    assert_eq!(error.message(), "No Bill Exist");
    let refusal = good(&[("result_code", "FAIL"), ("err_code", "NO_BILL_EXIST")]);
    let error = refused(&bill, &ok(document(&refusal)));
    assert!(matches!(&error, AcceptError::Api(error) if error.code() == &ErrorCode::NoBillExist));
    let none = refused(&bill, &ok(document(&good(&[]))));
    assert_eq!(kind(&none), NotXmlKind::NoFile);
    assert_eq!(kind(&refused(&bill, &ok(""))), NotXmlKind::Empty);
    assert_eq!(kind(&refused(&bill, &ok("<html>502"))), NotXmlKind::Html);
}

#[test]
fn json_is_left_to_the_operation() {
    let response = merchant().accept(&Token, &ok("{\"a\":1}")).unwrap();
    assert_eq!(response.value(), "{\"a\":1}");
    for (body, expected) in [
        ("", NotXmlKind::Empty),
        ("<html>", NotXmlKind::Html),
        ("no", NotXmlKind::Other),
    ] {
        assert_eq!(kind(&refused(&Token, &ok(body))), expected);
    }
}

#[test]
fn what_is_verified_can_be_read_later() {
    let query = OrderQuery("1");
    let fields = good(&[("trade_state", "NOTPAY")]);
    let response = ok(signed(&fields, SignType::HmacSha256));
    let verified = merchant().verify(&query, &response).unwrap();
    assert_eq!(verified.operation(), "v2.pay.order_query");
    assert!(verified.is_signed());
    assert_eq!(verified.get("mch_id"), Some(MCH_ID));
    assert_eq!(verified.read(&query).unwrap().0, "NOTPAY");
    let error = verified.read(&Order::new("茶")).unwrap_err();
    assert_eq!(error.path(), "prepay_id");
}

#[test]
fn untyped_answers_are_their_fields() {
    let untyped = Untyped::post("/pay/orderquery", Idempotency::Safe).field("out_trade_no", "1");
    let fields = good(&[("trade_state", "NOTPAY")]);
    let response = ok(signed(&fields, SignType::Md5));
    let answer = merchant().accept(&untyped, &response).unwrap();
    assert_eq!(answer.value().get("trade_state"), Some("NOTPAY"));
    assert!(answer.value().iter().eq(answer.parameters().iter()));
}

#[test]
fn another_attempt_is_for_what_may_not_have_happened() {
    let order = Order::new("茶");
    let outcome = |response: http::Response<Bytes>| Outcome::of_v2(&refused(&order, &response));
    let code = |code: &str| {
        let fields = good(&[("result_code", "FAIL"), ("err_code", code)]);
        outcome(ok(signed(&fields, SignType::Md5)))
    };
    for unknown in [
        "SYSTEMERROR",
        "BANKERROR",
        "BIZERR_NEED_RETRY",
        "NETWORKERROR",
    ] {
        assert_eq!(code(unknown), Outcome::Unknown, "{unknown}");
    }
    for limited in ["FREQUENCY_LIMITED", "FREQ_LIMIT"] {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let retry_after = None;
        assert_eq!(
            code(limited),
            Outcome::Status {
                status,
                retry_after
            }
        );
    }
    for settled in [
        "ORDERPAID",
        "USERPAYING",
        "NOTENOUGH",
        "SEND_FAILED",
        "NEW_CODE",
    ] {
        assert_eq!(code(settled), Outcome::Final, "{settled}");
    }
    assert_eq!(outcome(answer("protocol-error")), Outcome::Final);
    assert_eq!(outcome(ok("<html>")), Outcome::Unknown);
    assert_eq!(outcome(ok(document(&good(&[])))), Outcome::Unknown);
    let decode = ok(signed(&good(&[]), SignType::Md5));
    assert_eq!(outcome(decode), Outcome::Final);
    let mut gateway = ok("");
    *gateway.status_mut() = StatusCode::BAD_GATEWAY;
    let status = StatusCode::BAD_GATEWAY;
    let retry_after = None;
    assert_eq!(
        outcome(gateway),
        Outcome::Status {
            status,
            retry_after
        }
    );
}

#[test]
fn codes_know_whether_to_try_again() {
    assert_eq!(ErrorCode::from("SYSTEMERROR").repeat(), Repeat::Query);
    assert_eq!(ErrorCode::from("BIZERR_NEED_RETRY").repeat(), Repeat::Same);
    assert_eq!(ErrorCode::from("NOTENOUGH").repeat(), Repeat::Later);
    assert_eq!(ErrorCode::from("NO_AUTH").repeat(), Repeat::No);
    assert_eq!(ErrorCode::from("BRAND_NEW").repeat(), Repeat::Query);
    assert_eq!(ErrorCode::from("BRAND_NEW").meaning(), None);
    for word in ErrorCode::KNOWN {
        let code = ErrorCode::from(*word);
        assert_eq!(code.as_str(), *word);
        let meaning = code.meaning().unwrap();
        assert!(!meaning.ends_with('.') && !meaning.is_empty(), "{word}");
    }
    let mut words = ErrorCode::KNOWN.to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), ErrorCode::KNOWN.len());
}
