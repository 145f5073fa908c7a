//! Whole requests, answers and notifications against files, with every backend.

use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{Method, Response};
use wxpay_proto::sign::Backend;
use wxpay_proto::{
    AcceptError, Body, Certificate, CertificatesOutcome, Multipart, PlatformKeyId, PlatformKeyring,
    RefreshDecision, RefreshReason, Target, Timestamp, Untyped, VerificationError,
};

use crate::support::{
    Case, MCHID, NOW, PUBLIC_KEY_ID, SERIAL, both_names, cases, merchant_of, nonce,
};

/// The request of a case, as an operation that has no type.
fn operation(case: &Case) -> Untyped {
    let target = Target::parse(&case.text("target.txt")).unwrap();
    let body = case.bytes("body.txt");
    match case.text("method.txt").as_str() {
        "GET" => Untyped::get(target),
        _ if body.is_empty() => Untyped::post_body(target, Body::Empty),
        _ => Untyped::post_body(target, Body::Json(body)),
    }
}

#[test]
fn requests() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, both_names(backend));
        for case in cases("prepare", 4) {
            let operation = operation(&case);
            let name = &case.name;
            let unsigned = merchant.unsigned(&operation, NOW, nonce()).unwrap();
            assert_eq!(unsigned.message(), case.bytes("message.txt"), "{name}");
            let request = merchant.prepare(&operation, NOW, nonce()).unwrap();
            let headers = request.headers();
            assert_eq!(headers["authorization"], case.text("authorization.txt"));
            assert_eq!(request.method().as_str(), case.text("method.txt"), "{name}");
            let target = request.uri().path_and_query().unwrap();
            assert_eq!(target.as_str(), case.text("target.txt"), "{name}");
            assert_eq!(request.body(), &case.bytes("body.txt"), "{name}");
            assert_eq!(headers["wechatpay-serial"], PUBLIC_KEY_ID, "{name}");
        }
    }
}

#[test]
fn targets_are_built_as_they_are_written() {
    let built = Target::new("/v3/pay/transactions/out-trade-no/")
        .segment("a|b*c-1")
        .query("mchid", MCHID);
    let case = Case::new("prepare/get-with-percent-encoded-segment");
    assert_eq!(built.as_str(), case.text("target.txt"));

    let token = "6XIv5TUPto7pByrTQKhd6kwvyKLG2uY2wMMR8cNXqaA_Cv_isgaUtBzp4QtiozLO";
    let built = Target::new("/v3/billdownload/file").query("token", token);
    assert_eq!(
        built.as_str(),
        Case::new("prepare/bill-download").text("target.txt")
    );
}

#[test]
fn uploads() {
    let case = Case::new("upload");
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, both_names(backend));
        let (meta, file) = (case.bytes("meta.txt"), case.bytes("file.bin"));
        let form = Multipart::upload("filea.jpg", "image/jpeg", meta, &file);
        let target = Target::parse(&case.text("target.txt")).unwrap();
        let operation = Untyped::post_body(target, Body::Multipart(form.clone()));
        let request = merchant.prepare(&operation, NOW, nonce()).unwrap();
        assert_eq!(request.method(), Method::POST);
        let headers = request.headers();
        assert_eq!(headers["authorization"], case.text("authorization.txt"));
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers["content-type"], form.content_type());

        // But for the boundary it is the file; another boundary makes another form of the same parts.
        let (_, boundary) = form.content_type().split_once("boundary=").unwrap();
        let content_type = case.text("content-type.txt");
        let (_, published) = content_type.split_once("boundary=").unwrap();
        let sent = std::str::from_utf8(request.body()).unwrap();
        assert_eq!(
            sent.replace(boundary, published),
            case.text("body.bin"),
            "{sent}"
        );
    }
}

#[test]
fn answers() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, both_names(backend));
        let operation = Untyped::get(Target::new("/v3/x"));
        for case in cases("accept", 4) {
            let answer = merchant.accept(&operation, &case.response(), NOW);
            if case.name.ends_with("probe") {
                let error = answer.unwrap_err();
                assert!(
                    matches!(error, AcceptError::Verification(VerificationError::Probe)),
                    "{error:?}"
                );
                continue;
            }
            let answer = answer.unwrap();
            assert_eq!(answer.raw(), &case.bytes("body.txt"));
            assert_eq!(answer.value(), answer.raw());
            assert_eq!(answer.status().as_str(), case.text("status.txt"));
            let serial = &case.headers()["wechatpay-serial"];
            assert_eq!(
                answer.key_id().map(PlatformKeyId::as_str),
                serial.to_str().ok()
            );
        }
    }
}

#[test]
fn notifications() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, both_names(backend));
        for (case, now, event_type, id, original_type) in [
            (
                "payment",
                1_704_076_497,
                "TRANSACTION.SUCCESS",
                "EV-2018022511223320873",
                "transaction",
            ),
            (
                "refund",
                1_704_078_001,
                "REFUND.SUCCESS",
                "EV-2018022511223320874",
                "refund",
            ),
        ] {
            let case = Case::new(&format!("notification/{case}"));
            let now = Timestamp::from_unix(now);
            let (headers, body) = (case.headers(), case.bytes("body.txt"));
            let notification = merchant.open_notification(&headers, &body, now).unwrap();
            assert_eq!(notification.plaintext(), &case.bytes("plaintext.txt"));
            assert_eq!(notification.event_type(), event_type);
            assert_eq!(notification.id(), id);
            assert_eq!(notification.original_type(), Some(original_type));
            assert!(
                notification
                    .summary()
                    .is_some_and(|text| text.ends_with("成功"))
            );
            let made = notification.create_time().unwrap().as_unix();
            assert_eq!(made, now.as_unix(), "made in the second it was signed");
            assert_eq!(headers["wechatpay-serial"], notification.key_id().as_str());
            let plain: serde_json::Value = notification.json().unwrap();
            assert_eq!(plain["mchid"], MCHID);
            assert_eq!(plain["amount"]["total"], 100);
        }
    }
}

#[test]
fn the_first_certificates() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, PlatformKeyring::certificates());
        let case = Case::new("certificates/one");
        let now = Timestamp::from_unix(1_704_076_497);
        let mut response = Response::new(case.bytes("body.txt"));
        *response.headers_mut() = case.headers();
        let keys = merchant.platform_keys();
        let RefreshDecision::Start(permit) = keys.refresh(now, RefreshReason::Missing) else {
            panic!("a refresh is needed");
        };
        let outcome = merchant.accept_certificates(&response, permit, now);
        assert_eq!(outcome.unwrap(), CertificatesOutcome::Installed(1));
        let id = PlatformKeyId::parse(SERIAL).unwrap();
        let key = keys.key(&id).unwrap();
        let expected = Certificate::from_pem(&case.text("certificate.txt")).unwrap();
        assert_eq!(key.public_key(), expected.public_key());
        assert_eq!(key.not_before(), Some(expected.not_before()));
        assert_eq!(key.not_after(), Some(expected.not_after()));
        assert!(keys.preferred(now).is_some_and(|key| *key.id() == id));
    }
}

#[test]
fn parameters_of_clients() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, both_names(backend));
        let json = |case: &Case, file| -> serde_json::Value {
            serde_json::from_slice(&case.bytes(file)).unwrap()
        };
        let case = Case::new("invocation/jsapi");
        let (appid, prepay_id) = (case.text("appid.txt"), case.text("prepay-id.txt"));
        let jsapi = merchant
            .jsapi_parameters(&appid, &prepay_id, NOW, nonce())
            .unwrap();
        assert_eq!(
            serde_json::to_value(&jsapi).unwrap(),
            json(&case, "parameters.json")
        );
        let mini = merchant
            .mini_program_parameters(&appid, &prepay_id, NOW, nonce())
            .unwrap();
        assert_eq!(
            serde_json::to_value(&mini).unwrap(),
            json(&case, "mini-program.json")
        );

        let case = Case::new("invocation/app");
        let (appid, prepay_id) = (case.text("appid.txt"), case.text("prepay-id.txt"));
        let app = merchant
            .app_parameters(&appid, MCHID, &prepay_id, NOW, nonce())
            .unwrap();
        assert_eq!(
            serde_json::to_value(&app).unwrap(),
            json(&case, "parameters.json")
        );
    }
}

#[test]
fn an_altered_answer_is_refused() {
    for &backend in Backend::all() {
        let merchant = merchant_of(backend, both_names(backend));
        let operation = Untyped::get(Target::new("/v3/x"));
        // The same JSON, written anew.
        let mut response = Case::new("accept/json-with-line-feeds-and-chinese").response();
        let value: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        *response.body_mut() = Bytes::from(value.to_string());
        let error = merchant.accept(&operation, &response, NOW).unwrap_err();
        assert!(
            matches!(
                error,
                AcceptError::Verification(VerificationError::Mismatch { .. })
            ),
            "{error:?}"
        );
    }
}
