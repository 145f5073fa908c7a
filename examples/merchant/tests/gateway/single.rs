//! What is to be said about one generation, or about the files of all.

use std::fs;
use std::sync::Arc;

use http::{HeaderMap, Method};
use merchant::gateway::{Account, Gateway, Prepaid};
use merchant::settings::Api;
use serde_json::Value;
use wxpay_client::SystemClock;
use wxpay_client::proto::v2::SignType;
use wxpay_client::v2::ApiV2Key;
use wxpay_sandbox::{Server, ServerConfig};

use crate::world::{Heard, World};

/// A payment notice of v2, signed with the merchant's key.
fn v2_notice(world: &World, appid: &str, result: &str) -> Heard {
    let file = world.sandbox.merchant();
    let fields = [
        ("appid", appid),
        ("mch_id", &file.mchid),
        ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
        ("out_trade_no", "T0000001"),
        ("result_code", result),
        ("return_code", "SUCCESS"),
        ("time_end", "20261121120000"),
        ("total_fee", "100"),
        ("transaction_id", "4200000001"),
    ];
    let key = ApiV2Key::new(file.api_key.expose()).unwrap();
    let sign = key.sign(SignType::Md5, fields);
    let fields = fields.into_iter().chain([("sign", &*sign)]);
    let fields: String = fields
        .map(|(name, value)| format!("<{name}>{value}</{name}>"))
        .collect();
    Heard {
        target: "/wechatpay/payment".to_owned(),
        headers: HeaderMap::new(),
        body: format!("<xml>{fields}</xml>").into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn v2_tells_of_payments_that_failed_and_of_other_apps() {
    let world = World::open(Api::V2).await;
    let appid = world.sandbox.merchant().appid.clone();
    assert!(world.post(&v2_notice(&world, &appid, "FAIL")).await);
    assert_eq!(world.stored().await, [], "a payment that failed is none");
    // Genuine, and paid to somebody else.
    assert!(
        world
            .post(&v2_notice(&world, "wx0000000000000000", "SUCCESS"))
            .await
    );
    let other = world.notices(1).await.remove(0);
    world.gateway.read(&other).unwrap_err();
    assert!(world.post(&v2_notice(&world, &appid, "SUCCESS")).await);
    let notices = world.notices(2).await;
    let ours = notices.iter().find(|notice| notice.id != other.id).unwrap();
    world.gateway.read(ours).unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn v1_gives_no_order_that_is_not_to_be_paid() {
    let world = World::open(Api::V1).await;
    let refused = async |code: &str, why: &str| {
        let scan = world.scan(code).await;
        assert_eq!(scan["state"], "failed", "{scan}");
        assert!(scan["problem"].as_str().unwrap().contains(why), "{scan}");
    };
    let mut unknown = world.order("T0000001", 100).await;
    unknown.placed.out_trade_no = "T0000002".to_owned();
    let Prepaid::Code(code) = world.gateway.prepay(&unknown).await.unwrap() else {
        panic!("v1 makes a code of everything");
    };
    refused(&code, "没有这个订单").await;

    let (order, code) = world.prepaid("T0000003", 100).await;
    world.pay(&order).await.unwrap();
    let event = world.gateway.query(&order, world.now()).await.unwrap();
    let (store, now) = (&world.store, world.now());
    let applied = store.apply_to_order("T0000003", &event, None, now).await;
    applied.unwrap();
    refused(&code, "订单已支付").await;

    let (order, code) = world.prepaid("T0000004", 100).await;
    world.advance(900).await;
    refused(&code, "订单已过期").await;
    world.advance(1).await;
    // Who has scanned it before cannot pay it any more either.
    world.pay(&order).await.unwrap_err();

    let journal = world.control(Method::GET, "journal", Value::Null).await;
    assert!(
        !journal.to_string().contains("access_token"),
        "no token is fetched for it"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_https_a_sandbox_does_without_the_certificate() {
    for api in [Api::V2, Api::V1] {
        let world = World::with(api, ServerConfig::default()).await;
        let order = world.paid("T0000001", 100).await;
        let refund = world.refund(&order, "R1", 100);
        world.gateway.refund(&order, &refund).await.unwrap();
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_named_and_secrets_are_not_shown() {
    let sandbox = Server::start(ServerConfig::default()).await.unwrap();
    let (home, file) = (sandbox.home(), sandbox.merchant());
    let account = |api, base_url: Option<&str>| Account {
        api,
        home: home.to_owned(),
        base_url: base_url.map(str::to_owned),
        shop_url: "http://127.0.0.1:1".to_owned(),
    };
    let open = |account: &Account| Gateway::open(account, Arc::new(SystemClock::new()));
    for api in Api::ALL {
        let gateway = open(&account(api, None)).unwrap();
        let shown = format!("{gateway:?}");
        for secret in [
            &file.apiv3_key,
            &file.api_key,
            &file.partner_key,
            &file.pay_sign_key,
        ] {
            assert!(!shown.contains(secret.expose()), "{shown}");
        }
        assert!(!shown.contains("111111"), "{shown}");
        // Plain HTTP leaves this machine with nobody.
        open(&account(api, Some("http://192.0.2.1"))).unwrap_err();

        for name in ["apiclient_cert.pem", "apiclient_key.pem"] {
            let (path, aside) = (home.join(name), home.join("aside"));
            fs::rename(&path, &aside).unwrap();
            let error = format!("{:#}", open(&account(api, None)).unwrap_err());
            assert!(error.contains(name), "{error}");
            fs::rename(&aside, &path).unwrap();
        }
    }
    // The real Tenpay has an operator with a password of their own.
    let real = account(Api::V1, Some("https://api.mch.weixin.qq.com"));
    let error = format!("{:#}", open(&real).unwrap_err());
    assert!(error.contains("operator_password.txt"), "{error}");
    fs::write(home.join("operator_password.txt"), "secret\n").unwrap();
    open(&real).unwrap();
    sandbox.shutdown().await;
}
