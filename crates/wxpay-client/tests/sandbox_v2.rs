//! v2 against the sandbox, over HTTPS with the merchant's certificate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "sandbox/world.rs"]
mod world;

use std::time::Duration;

use http::Method;
use serde_json::json;
use wxpay_api::v2::bill::{AccountType, DownloadBill, DownloadFundFlow, TarType};
use wxpay_api::v2::pay::{
    CodePayment, CodePaymentEnd, CodePaymentFailure, CodePaymentTimings, MicroPay, OrderQuery,
    TradeState, TradeType, UnifiedOrder,
};
use wxpay_api::v2::refund::{CreateRefund, RefundQuery};
use wxpay_client::proto::Fen;
use wxpay_client::proto::v2::{ErrorCode, SignType};
use wxpay_client::v2::{ApiV2Key, Client, ClientBuilder, Merchant};
use wxpay_client::{Delivery, Download, Endpoint, Error, ErrorKind, RetryPolicy};

use world::{NOTIFY, World};

fn merchant(world: &World) -> Merchant {
    let file = world.merchant();
    let key = ApiV2Key::new(file.api_key.expose()).unwrap();
    Merchant::new(file.mchid.clone(), key).unwrap()
}

fn builder(world: &World) -> ClientBuilder {
    Client::builder(merchant(world))
        .endpoint(world.endpoint())
        .transport(world.transport())
        .clock(world.clock())
        .retry(RetryPolicy::default().first_delay(Duration::from_millis(2)))
}

fn client(world: &World) -> Client {
    builder(world).identity(world.identity()).build().unwrap()
}

fn order(world: &World, number: &str) -> UnifiedOrder {
    UnifiedOrder::new(
        &world.merchant().appid,
        "深圳腾大-QQ公仔 & <1/2>",
        number,
        Fen::new(1999),
        "203.0.113.7",
        NOTIFY,
        TradeType::Native,
    )
    .product_id("12235413214070356458058")
}

async fn read(mut file: Download) -> Result<String, Error> {
    let mut text = Vec::new();
    while let Some(piece) = file.chunk().await? {
        text.extend_from_slice(&piece);
    }
    Ok(String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn an_order_from_its_code_to_its_bill() {
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        let world = World::open().await;
        let client = Client::builder(merchant(&world).with_sign_type(sign_type))
            .endpoint(world.endpoint())
            .transport(world.transport())
            .identity(world.identity())
            .clock(world.clock())
            .build()
            .unwrap();
        let appid = world.merchant().appid.as_str();
        let placed = client.execute(&order(&world, "ORDER-1")).await.unwrap();
        assert!(
            placed
                .value()
                .code_url
                .as_ref()
                .is_some_and(|url| !url.is_empty())
        );
        let query = OrderQuery::new(appid).out_trade_no("ORDER-1");
        let open = client.execute(&query).await.unwrap().into_value();
        assert_eq!(open.trade_state, TradeState::NotPay);
        world.pay("ORDER-1").await;
        let paid = client.execute(&query).await.unwrap().into_value();
        assert_eq!(paid.trade_state, TradeState::Success);
        assert_eq!(paid.total_fee, Some(Fen::new(1999)));

        let refund = CreateRefund::new(appid, "REFUND-1", Fen::new(1999), Fen::new(999));
        let refund = refund.out_trade_no("ORDER-1");
        let first = client.execute(&refund).await.unwrap().into_value();
        let again = client.execute(&refund).await.unwrap().into_value();
        assert_eq!(first.refund_id, again.refund_id, "one number, one refund");
        let query = RefundQuery::new(appid).out_refund_no("REFUND-1");
        let refunds = client.execute(&query).await.unwrap().into_value().refunds;
        assert_eq!(refunds.len(), 1);
        assert_eq!(refunds[0].refund_fee, Fen::new(999));

        world.days_pass(2).await;
        let day = world.days_ago(2);
        let bill = DownloadBill::new(appid, day);
        let plain = client.download(&bill).await.unwrap();
        assert!(!plain.has_hash());
        let plain = read(plain).await.unwrap();
        assert!(plain.contains("`ORDER-1"), "{plain}");
        let zipped = client
            .download(&bill.tar_type(TarType::Gzip))
            .await
            .unwrap();
        assert_eq!(read(zipped).await.unwrap(), plain);
        let funds = DownloadFundFlow::new(appid, day, AccountType::Basic);
        let funds = client.download(&funds).await.unwrap();
        assert!(funds.has_hash(), "a fund flow has a digest");
        assert!(read(funds).await.unwrap().lines().count() > 2);

        let early = DownloadBill::new(appid, world.days_ago(30));
        let error = client.download(&early).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(
            error.v2_protocol().unwrap().code().unwrap().as_str(),
            "20002"
        );
        world.close().await;
    }
}

#[tokio::test]
async fn without_the_certificate_a_refund_is_not_sent() {
    let world = World::open().await;
    let appid = world.merchant().appid.as_str();
    let without = builder(&world).build().unwrap();
    without.execute(&order(&world, "ORDER-1")).await.unwrap();
    world.pay("ORDER-1").await;
    let refund = CreateRefund::new(appid, "REFUND-1", Fen::new(1999), Fen::new(1));
    let refund = refund.out_trade_no("ORDER-1");
    let error = without.execute(&refund).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ClientCertificate);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(
        error.to_string().starts_with("v2.refund.create_refund: "),
        "{error}"
    );
    let asked: Vec<_> = world.journal().await;
    assert!(
        asked
            .iter()
            .all(|entry| entry["path"] != "/secapi/pay/refund")
    );

    client(&world).execute(&refund).await.unwrap();
    // The plain port of the sandbox asks nobody for a certificate.
    let plain = builder(&world)
        .endpoint(Endpoint::parse(world.server.base_url()).unwrap())
        .build()
        .unwrap();
    plain.execute(&refund).await.unwrap();
    world.close().await;
}

#[tokio::test]
async fn what_went_wrong_is_said_in_its_own_words() {
    let world = World::open().await;
    let appid = world.merchant().appid.as_str();
    let client = client(&world);
    let query = OrderQuery::new(appid).out_trade_no("NO-SUCH-ORDER");
    let error = client.execute(&query).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Refused);
    assert_eq!(*error.v2_api().unwrap().code(), ErrorCode::OrderNotExist);

    let stranger = ApiV2Key::new("0".repeat(32)).unwrap();
    let stranger = Merchant::new(world.merchant().mchid.clone(), stranger).unwrap();
    let stranger = Client::builder(stranger)
        .endpoint(world.endpoint())
        .transport(world.transport())
        .build()
        .unwrap();
    let error = stranger.execute(&query).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Refused);
    assert!(error.v2_protocol().unwrap().message().contains("签名错误"));
    world.close().await;
}

#[tokio::test]
async fn trouble_on_the_way_is_got_over_where_that_is_safe() {
    let world = World::open().await;
    let client = client(&world);
    for (index, fault) in [
        json!({ "drop_after": { "rate": 1, "times": 1 } }),
        json!({ "empty_body": { "rate": 1, "times": 1, "processed": true } }),
        json!({ "html_page": { "rate": 1, "times": 1 } }),
        json!({ "status_502": { "rate": 1, "times": 1, "processed": true } }),
        json!({ "status_500": { "rate": 1, "times": 1 } }),
        json!({ "status_429": { "rate": 1, "times": 1 } }),
        json!({ "truncate_body": { "rate": 1, "times": 1 } }),
    ]
    .iter()
    .enumerate()
    {
        let faults = json!({ "answers": fault });
        world.control(Method::PUT, "faults", &faults).await;
        let number = format!("ORDER-{index}");
        let placed = client.execute(&order(&world, &number)).await;
        placed.unwrap_or_else(|error| panic!("{fault}: {error:?}"));
    }
    let faults = json!({ "answers": { "wrong_signature": { "rate": 1 } } });
    world.control(Method::PUT, "faults", &faults).await;
    let error = client.execute(&order(&world, "ORDER-9")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Verification);
    assert_eq!(error.delivery(), Delivery::Unknown);
    world.close().await;
}

/// A payment with pauses that a test can wait for.
fn payment(world: &World, number: &str, code: &str, patience: Duration) -> CodePayment {
    let order = MicroPay::new(
        &world.merchant().appid,
        "深圳腾大-QQ公仔",
        number,
        Fen::new(1999),
        "203.0.113.7",
        code,
    );
    let mut timings = CodePaymentTimings::default();
    timings.first_query = Duration::from_millis(1);
    timings.query_interval = Duration::from_millis(1);
    timings.query_for = patience;
    timings.reverse_not_before = Duration::from_millis(1);
    timings.reverse_interval = Duration::from_millis(1);
    CodePayment::new(order).timings(timings)
}

#[tokio::test]
async fn a_payment_by_code_ends_paid_not_paid_or_reversed() {
    let world = World::open().await;
    let client = client(&world);
    let long = Duration::from_secs(60);
    let short = Duration::from_millis(30);
    let run = async |number: &str, code: &str, patience| {
        let mut payment = payment(&world, number, code, patience);
        let end = client.run(&mut payment).await.unwrap();
        let query = OrderQuery::new(&world.merchant().appid).out_trade_no(number);
        let seen = client.execute(&query).await;
        (end, seen.ok().map(|seen| seen.into_value().trade_state))
    };

    let (end, seen) = run("AT-ONCE", "130061098828009400", long).await;
    assert!(matches!(end, CodePaymentEnd::Paid(_)), "{end:?}");
    assert_eq!(seen, Some(TradeState::Success));

    // The payer types the password while the till keeps asking.
    let paying = async {
        let waiting = |entry: &serde_json::Value| entry["path"] == "/pay/orderquery";
        while !world.journal().await.iter().any(waiting) {
            tokio::task::yield_now().await;
        }
        world.pay("PASSWORD").await;
    };
    world.control(Method::DELETE, "journal", &json!({})).await;
    let ((end, seen), ()) = tokio::join!(run("PASSWORD", "130061098828009408", long), paying);
    let CodePaymentEnd::Paid(paid) = end else {
        panic!("{end:?}")
    };
    assert_eq!(paid.total_fee, Some(Fen::new(1999)));
    assert_eq!(seen, Some(TradeState::Success));

    // They never do, and it is taken back; the second one's reversal wants to be called again.
    for (number, code) in [
        ("NEVER", "130061098828009418"),
        ("RECALL", "130061098828009498"),
    ] {
        let (end, seen) = run(number, code, short).await;
        assert_eq!(end, CodePaymentEnd::Reversed(CodePaymentFailure::TimedOut));
        assert_eq!(seen, Some(TradeState::Revoked), "{number}");
    }

    let (end, _) = run("POOR", "130061098828009409", long).await;
    assert!(
        matches!(&end, CodePaymentEnd::NotPaid(CodePaymentFailure::Refused { code, .. })
            if *code == ErrorCode::NotEnough),
        "{end:?}"
    );
    let (end, seen) = run("UNCLEAR", "130061098828009490", long).await;
    assert!(matches!(end, CodePaymentEnd::Paid(_)), "{end:?}");
    assert_eq!(seen, Some(TradeState::Success));
    let (end, seen) = run("NOWHERE", "130061098828009495", short).await;
    assert!(!matches!(end, CodePaymentEnd::Paid(_)), "{end:?}");
    assert_ne!(seen, Some(TradeState::Success));

    // The charge was carried out and its answer lost.
    let lost = json!({ "answers": { "drop_after": { "rate": 1, "times": 1 } } });
    world.control(Method::PUT, "faults", &lost).await;
    let (end, seen) = run("LOST", "130061098828009401", long).await;
    assert!(matches!(end, CodePaymentEnd::Paid(_)), "{end:?}");
    assert_eq!(seen, Some(TradeState::Success));
    let charges = world.journal().await;
    let charges = charges.iter().filter(|entry| {
        entry["path"] == "/pay/micropay" && entry["body"].to_string().contains("LOST")
    });
    assert_eq!(charges.count(), 1, "it is charged once");
    world.close().await;
}

#[tokio::test]
async fn a_payment_that_was_dropped_is_taken_up_again() {
    let world = World::open().await;
    let client = client(&world);
    let mut payment = payment(
        &world,
        "DROPPED",
        "130061098828009408",
        Duration::from_secs(60),
    );
    {
        let mut run = std::pin::pin!(client.run(&mut payment));
        let charged = async {
            while world.journal().await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            end = &mut run => panic!("{end:?}"),
            () = charged => {}
        }
    }
    world.pay("DROPPED").await;
    let end = client.run(&mut payment).await.unwrap();
    assert!(matches!(end, CodePaymentEnd::Paid(_)), "{end:?}");
    world.close().await;
}
