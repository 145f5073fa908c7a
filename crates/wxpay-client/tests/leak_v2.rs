//! What is logged of v2, and above all what is not. A program of its own, as `leak.rs` is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "loopback"]
#[allow(
    dead_code,
    reason = "shared with the loopback tests, which use all of it"
)]
#[allow(unused_imports, reason = "likewise")]
mod loopback {
    pub(crate) mod support;
}

#[path = "leak/log.rs"]
mod log;

use bytes::Bytes;
use http::Response;
use wxpay_client::proto::v2::{OperationInfo, ReplyForm, SignType, Untyped};
use wxpay_client::proto::{Endpoint, Idempotency};
use wxpay_client::v2::{ApiV2Key, Client, Identity, Merchant};
use wxpay_client::{BuildErrorKind, ErrorKind};

use log::{Log, log_error};
use loopback::support::certificate::{ClientCertificate, KEY};
use loopback::support::platform::MCHID;
use loopback::support::tls::Authority;
use loopback::support::{Act, Server, hasty, transport};

const API_KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const PASSWORD: &str = "password-of-the-archive";

/// A signed answer with an element that nobody else has.
fn answer(fields: &[(&str, &str)]) -> Act {
    let mut fields = fields.to_vec();
    fields.push(("return_code", "SUCCESS"));
    fields.push(("attach", "answer-plaintext"));
    let sign = ApiV2Key::new(API_KEY)
        .unwrap()
        .sign(SignType::Md5, fields.iter().copied());
    fields.push(("sign", &sign));
    let elements: String = fields
        .iter()
        .map(|(name, text)| format!("<{name}>{text}</{name}>"))
        .collect();
    Act::Answer(Response::new(format!("<xml>{elements}</xml>").into()))
}

fn element(body: &Bytes, name: &str) -> String {
    let text = std::str::from_utf8(body).unwrap();
    let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
    rest.split("</").next().unwrap().to_owned()
}

#[tokio::test]
async fn spans_tell_the_call_and_no_secret() {
    let (log, guard) = Log::keep();
    let server = Server::start(|seen| match seen.index {
        0 => Act::HangUp,
        1 => answer(&[("result_code", "SUCCESS")]),
        2 => answer(&[("result_code", "FAIL"), ("err_code", "ORDERPAID")]),
        3 => Act::Answer(Response::new(Bytes::from_static(
            b"<xml><return_code>SUCCESS</return_code><attach>answer-plaintext</attach></xml>",
        ))),
        4 => answer(&[("result_code", "FAIL"), ("err_code", "NEVER_HEARD_OF")]),
        5 => Act::Answer(Response::new(Bytes::from_static(b"answer-plaintext,1\n"))),
        _ => Act::Answer(Response::new(Bytes::from_static(b"<answer-plaintext"))),
    })
    .await;
    let certificate = ClientCertificate::new(&Authority::new());
    let archive = certificate.p12(PASSWORD);
    let merchant = Merchant::new(MCHID, ApiV2Key::new(API_KEY).unwrap()).unwrap();
    let builder = Client::builder(merchant)
        .endpoint(Endpoint::parse(&server.base_url()).unwrap())
        .transport(transport())
        .identity(Identity::from_pkcs12(&archive, PASSWORD).unwrap())
        .retry(hasty());
    tracing::info!(target: "application", ?builder);
    let client = builder.build().unwrap();
    tracing::info!(target: "application", ?client);

    let order = Untyped::post("/pay/unifiedorder", Idempotency::MerchantNumber)
        .field("body", "body-plaintext");
    let answered = client.execute(&order).await.unwrap();
    tracing::info!(target: "application", ?answered, ?order);
    for kind in [ErrorKind::Api, ErrorKind::Verification, ErrorKind::Api] {
        let once = Untyped::post("/pay/other", Idempotency::No).field("body", "body-plaintext");
        let error = client.execute(&once).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        log_error(&error);
    }
    let info = OperationInfo::new("v2.bill", "/pay/downloadbill", Idempotency::Safe);
    let bill = Untyped::new(info.reply(ReplyForm::File)).field("body", "body-plaintext");
    let mut file = client.download(&bill).await.unwrap();
    assert!(file.chunk().await.unwrap().is_some());
    tracing::info!(target: "application", ?file);
    let info = OperationInfo::new("v2.page", "/papay/h5entrustweb", Idempotency::Safe);
    let page = Untyped::new(info.with_query()).field("contract_display_account", "query-secret");
    log_error(&client.execute(&page).await.unwrap_err());

    let wrong = Identity::from_pkcs12(&archive, "another-password").unwrap_err();
    assert_eq!(wrong.kind(), BuildErrorKind::WrongPassword);
    log_error(&wrong);
    log_error(&Identity::from_pem(&certificate.pem, &KEY[..200]).unwrap_err());
    log_error(&Identity::from_pkcs12(&archive[..500], PASSWORD).unwrap_err());
    drop(guard);

    let seen = server.seen();
    let mut secrets = vec![
        API_KEY,
        PASSWORD,
        "another-password",
        "PRIVATE KEY",
        &KEY[100..160],
        "body-plaintext",
        "answer-plaintext",
        "query-secret",
        &certificate.pem[200..260],
    ];
    let signs: Vec<String> = seen[..5]
        .iter()
        .flat_map(|seen| ["sign", "nonce_str"].map(|name| element(&seen.body, name)))
        .collect();
    secrets.extend(signs.iter().map(String::as_str));
    log.judge(
        &secrets,
        &[
            "path=\"/pay/unifiedorder\"",
            "path=\"/papay/h5entrustweb\"",
            "operation=\"v2.bill\"",
            "attempts=2",
            "status=200",
            "ORDERPAID",
        ],
    );
}
