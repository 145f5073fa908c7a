//! What is logged of v1, and above all what is not. A program of its own, as `leak.rs` is.

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
use wxpay_client::ErrorKind;
use wxpay_client::proto::v1::{
    FetchAccessToken, Form, Host, OperationInfo, OperatorPassword, Reply, Request,
};
use wxpay_client::proto::{DecodeError, Endpoint, Idempotency};
use wxpay_client::v1::{
    ApiV2Key, AppSecret, Client, Merchant, Operation, PaySignKey, TokenCache, TokenPolicy,
};

use log::{Log, log_error};
use loopback::support::{Act, Server, hasty, transport};

const PARTNER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";
const APP_SECRET: &str = "fedcba9876543210fedcba9876543210";
const PASSWORD: &str = "password-of-the-operator";

/// A call to the platform, or, with a password, to Tenpay.
struct Any(Option<OperatorPassword>);

impl Request for Any {
    fn info(&self) -> OperationInfo {
        match self.0 {
            None => OperationInfo::platform("v1.platform", "/pay/genprepay", Idempotency::No),
            Some(_) => OperationInfo::tenpay(
                "v1.tenpay",
                Host::TenpayMerchant,
                "/refundapi/gateway/refund.xml",
                Idempotency::MerchantNumber,
            ),
        }
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("traceid", "body-plaintext");
        if let Some(password) = &self.0 {
            form.password("op_user_passwd", password);
        }
    }
}

impl Operation for Any {
    type Response = ();

    fn read(&self, _: &Reply) -> Result<(), DecodeError> {
        Ok(())
    }
}

fn text(body: &'static str) -> Act {
    Act::Answer(Response::new(Bytes::from_static(body.as_bytes())))
}

#[tokio::test]
async fn spans_tell_the_call_and_no_secret() {
    let (log, guard) = Log::keep();
    let server = Server::start(|seen| match seen.index {
        0 => text(r#"{"access_token":"TOKEN-THE-FIRST","expires_in":7200}"#),
        1 => text(r#"{"errcode":40001,"errmsg":"invalid credential"}"#),
        2 => text(r#"{"access_token":"TOKEN-THE-SECOND","expires_in":7200}"#),
        3 => text(r#"{"errcode":0,"prepayid":"answer-plaintext"}"#),
        4 => text(r#"{"errcode":48001,"errmsg":"api unauthorized"}"#),
        5 | 8 => Act::HangUp,
        6 => text("<root><retcode>0</retcode><attach>answer-plaintext</attach></root>"),
        _ => text("<answer-plaintext"),
    })
    .await;
    let pay_sign_key = "Mx1Xc7".repeat(21) + "Wz";
    let merchant = Merchant::new(
        "wxf8b4f85f3a794e77",
        "1900000109",
        ApiV2Key::new(PARTNER_KEY).unwrap(),
        PaySignKey::new(pay_sign_key.clone()).unwrap(),
    )
    .unwrap();
    let secret = AppSecret::new(APP_SECRET).unwrap();
    let builder = |endpoint: &str| {
        Client::builder(merchant.clone())
            .endpoint(Endpoint::parse(endpoint).unwrap())
            .transport(transport())
            .app_secret(secret.clone())
            .token_cache(TokenCache::new(TokenPolicy::default().min_interval(0)))
            .retry(hasty())
    };
    tracing::info!(target: "application", builder = ?builder(&server.base_url()));
    let client = builder(&server.base_url()).build().unwrap();
    tracing::info!(target: "application", ?client);

    let platform = Any(None);
    let answered = client.execute(&platform).await.unwrap();
    tracing::info!(target: "application", ?answered);
    log_error(&client.execute(&platform).await.unwrap_err());
    let tenpay = Any(Some(OperatorPassword::new(PASSWORD).unwrap()));
    let error = client.execute(&tenpay).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    log_error(&error);
    // The secret stands in the address, so an error of the connection must not name it.
    let fetch = FetchAccessToken::new(secret.clone());
    log_error(&client.execute(&fetch).await.unwrap_err());
    log_error(&client.execute(&fetch).await.unwrap_err());
    let nobody = builder("http://127.0.0.1:1").build().unwrap();
    log_error(&nobody.execute(&fetch).await.unwrap_err());
    log_error(&nobody.execute(&platform).await.unwrap_err());
    drop(guard);

    let seen = server.seen();
    let (_, digest) = seen[5].target.split_once("op_user_passwd=").unwrap();
    let (_, sign) = seen[5].target.split_once("&sign=").unwrap();
    log.judge(
        &[
            PARTNER_KEY,
            &pay_sign_key,
            APP_SECRET,
            PASSWORD,
            &digest[..32],
            &sign[..32],
            "TOKEN-THE-FIRST",
            "TOKEN-THE-SECOND",
            "body-plaintext",
            "answer-plaintext",
        ],
        &[
            "path=\"/pay/genprepay\"",
            "path=\"/cgi-bin/token\"",
            "operation=\"v1.tenpay\"",
            "attempts=2",
            "errcode 48001",
        ],
    );
}
