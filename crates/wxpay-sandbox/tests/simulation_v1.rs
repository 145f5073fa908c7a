//! v1 of `wxpay-proto` and `wxpay-api` against the sandbox's core, in one thread and on a fake clock:
//! the four ways to an order, its notice, its delivery, its refund, and a complaint.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use wxpay_api::v1::{
    BillKind, DeliverNotify, FeedbackUpdate, GenPrepay, OrderQuery, OrderRef, RefundRef,
    RefundState, TenpayBillDownload, TenpayOrderQuery, TenpayRefund, TenpayRefundQuery,
    VerifyNotifyId,
};
use wxpay_proto::v1::{
    AcceptError, AccessToken, AppSecret, Charset, ExpectedOrder, FetchAccessToken, Merchant,
    Operation, OperatorPassword, Package, PackageOrder, PaymentNotice, reply,
};
use wxpay_proto::{Endpoint, Fen, Nonce, Timestamp};
use wxpay_sandbox::{Core, Delivery, Identity};
use wxpay_sign::{ApiV2Key, PaySignKey};

/// 2024-01-01 10:34:56 in Beijing.
const NOW: Timestamp = Timestamp::from_unix(1_704_076_496);
const URL: &str = "http://127.0.0.1:9471/notify";

struct World {
    core: Core,
    merchant: Merchant,
    charset: Charset,
    token: AccessToken,
    now: Timestamp,
}

fn nonce() -> Nonce {
    Nonce::from_bytes([7; 16])
}

impl World {
    fn new(charset: Charset) -> Self {
        let identity = Identity::generate(NOW.saturating_sub(86_400)).unwrap();
        let partner_key = ApiV2Key::new(identity.partner_key().expose()).unwrap();
        let pay_sign_key = PaySignKey::new(identity.pay_sign_key().expose()).unwrap();
        let (appid, partner) = (identity.appid(), identity.partner_id());
        let merchant = Merchant::new(appid, partner, partner_key, pay_sign_key)
            .unwrap()
            .with_endpoint(Endpoint::parse("http://127.0.0.1:9470").unwrap())
            .with_charset(charset);
        let secret = AppSecret::new(identity.app_secret().expose()).unwrap();
        let mut world = Self {
            core: Core::new(identity, NOW, 1),
            merchant,
            charset,
            token: AccessToken::new("none").unwrap(),
            now: NOW,
        };
        let issued = world.call(&FetchAccessToken::new(secret)).unwrap();
        assert_eq!(issued.expires_in, 7_200);
        world.token = issued.token;
        world
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(seconds);
    }

    fn call<O: Operation>(&mut self, operation: &O) -> Result<O::Response, Box<AcceptError>> {
        let token = operation.info().access_token.then_some(&self.token);
        let request = self
            .merchant
            .prepare(operation, token, self.now, &nonce())
            .unwrap();
        let answer = self.core.handle(request, self.now);
        let read = self.merchant.accept(operation, &answer.response);
        read.map(wxpay_proto::v1::Response::into_value)
            .map_err(Box::new)
    }

    fn control(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let response = self.core.handle(request, self.now).response;
        let said = serde_json::from_slice(response.body()).unwrap();
        assert!(response.status().is_success(), "{said}");
        said
    }

    fn package(&self, number: &str) -> Package {
        let order = PackageOrder::new("矿泉水 A+B", number, Fen::new(300), URL, "203.0.113.7")
            .attach("门店=1&台号=2")
            .fees(Fen::new(200), Fen::new(100))
            .charset(self.charset);
        self.merchant.package(&order).unwrap()
    }

    fn due(&mut self) -> Delivery {
        let mut due = self.core.due(self.now);
        assert_eq!(due.len(), 1);
        due.remove(0)
    }

    fn answer(&mut self, delivery: &Delivery, response: &Response<Bytes>) {
        self.core.delivered(delivery.id, Ok(response), self.now);
    }

    /// Opens the notice that is due and takes it.
    fn notice(&mut self, number: &str) -> PaymentNotice {
        let delivery = self.due();
        let query = delivery.request.uri().query().unwrap();
        let notice = self
            .merchant
            .open_payment_notice(query, delivery.request.body())
            .unwrap();
        let expected = ExpectedOrder::new(&self.merchant, number, Fen::new(300));
        notice.check(&expected).unwrap();
        assert_eq!(notice.attach.as_deref(), Some("门店=1&台号=2"));
        self.answer(&delivery, &reply::success());
        assert!(self.core.due(self.now.saturating_add(86_399)).is_empty());
        notice
    }

    /// What follows a payment, whichever way the order came.
    fn aftermath(&mut self, number: &str) {
        let notice = self.notice(number);
        let expected = ExpectedOrder::new(&self.merchant, number, Fen::new(300));
        let info = self.call(&OrderQuery::new(number)).unwrap();
        info.check(&expected).unwrap();
        let trade = self
            .call(&VerifyNotifyId::new(notice.notify_id.clone().unwrap()))
            .unwrap();
        trade.check(&expected).unwrap();
        let order = OrderRef::TransactionId(notice.transaction_id.clone());
        let trade = self.call(&TenpayOrderQuery::new(order.clone())).unwrap();
        trade.check(&expected).unwrap();
        assert_eq!(trade.attach.as_deref(), Some("门店=1&台号=2"));
        let delivered =
            DeliverNotify::delivered(&notice.openid, &notice.transaction_id, number, self.now);
        self.call(&delivered).unwrap();

        let none = TenpayRefundQuery::new(RefundRef::Order(order.clone()));
        let Err(error) = self.call(&none) else {
            panic!()
        };
        assert!(
            matches!(&*error, AcceptError::Api(error) if error.is_not_found() && error.is_verified())
        );
        let password = OperatorPassword::new("111111").unwrap();
        let refund_no = format!("r{number}");
        let wish = TenpayRefund::new(
            order.clone(),
            &refund_no,
            Fen::new(300),
            Fen::new(100),
            password,
        )
        .receiver("12345", "张三");
        let refunded = self.call(&wish).unwrap();
        assert_eq!(refunded.refund_status.state(), RefundState::Processing);
        self.wait(5);
        let again = self.call(&wish).unwrap();
        assert_eq!(again.refund_status.state(), RefundState::Succeeded);
        assert_eq!(again.refund_id, refunded.refund_id);
        for name in [
            RefundRef::OutRefundNo(refund_no),
            RefundRef::RefundId(refunded.refund_id.unwrap()),
            RefundRef::Order(order),
            RefundRef::Order(OrderRef::OutTradeNo(number.to_owned())),
        ] {
            let found = self.call(&TenpayRefundQuery::new(name)).unwrap();
            assert_eq!(found.refunds.len(), 1);
            assert_eq!(found.refunds[0].refund_fee, Fen::new(100));
            assert_eq!(found.refunds[0].status.state(), RefundState::Succeeded);
        }
        let info = self.call(&OrderQuery::new(number)).unwrap();
        assert!(info.is_refund);
    }
}

#[test]
fn an_app_pays_from_genprepay_to_refund() {
    for charset in [Charset::Gbk, Charset::Utf8] {
        let mut world = World::new(charset);
        let prepay = GenPrepay::new(world.package("app1")).trace_id("u1");
        let prepaid = world.call(&prepay).unwrap();
        let request = world
            .merchant
            .app_parameters(&prepaid.prepay_id, world.now, &nonce());
        let wish = json!({ "request": request, "pay": true });
        let said = world.control(Method::POST, "/_sandbox/v1/app", &wish);
        assert_eq!(said["err_code"], 0);
        world.aftermath("app1");
    }
}

#[test]
fn a_page_pays() {
    for charset in [Charset::Gbk, Charset::Utf8] {
        let mut world = World::new(charset);
        let package = world.package("page1");
        let request = world
            .merchant
            .jsapi_parameters(&package, world.now, &nonce());
        let wish = json!({ "request": request, "pay": true });
        let said = world.control(Method::POST, "/_sandbox/v1/jsapi", &wish);
        assert_eq!(said["err_msg"], "get_brand_wcpay_request:ok");
        world.aftermath("page1");
    }
}

#[test]
fn a_code_is_scanned_and_paid() {
    for charset in [Charset::Gbk, Charset::Utf8] {
        let mut world = World::new(charset);
        let url = world
            .merchant
            .native_url("777111666", world.now, &nonce())
            .unwrap();
        let wish =
            json!({ "url": url, "callback_url": "http://127.0.0.1:9471/package", "pay": true });
        let scan = world.control(Method::POST, "/_sandbox/scans", &wish);
        let delivery = world.due();
        let body = delivery.request.body();
        let callback = world.merchant.open_native_callback(body).unwrap();
        assert_eq!(callback.product_id, "777111666");
        let package = world.package("scan1");
        let reply = world.merchant.native_reply(&package, world.now, &nonce());
        world.answer(&delivery, &reply);
        let path = format!("/_sandbox/scans/{}", scan["id"].as_str().unwrap());
        let scan = world.control(Method::GET, &path, &Value::Null);
        assert_eq!(scan["state"], "paid", "{scan}");
        world.aftermath("scan1");

        let scan = world.control(Method::POST, "/_sandbox/scans", &wish);
        let delivery = world.due();
        let refusal = world
            .merchant
            .native_refusal(1, "卖完了", world.now, &nonce())
            .unwrap();
        world.answer(&delivery, &refusal);
        let path = format!("/_sandbox/scans/{}", scan["id"].as_str().unwrap());
        let scan = world.control(Method::GET, &path, &Value::Null);
        assert!(
            scan["problem"].as_str().unwrap().contains("卖完了"),
            "{scan}"
        );
    }
}

#[test]
fn alarms_and_complaints_are_opened() {
    let mut world = World::new(Charset::Gbk);
    let settings =
        json!({ "alarm_url": "http://127.0.0.1:9471/alarm", "deliver_within_seconds": 3_600 });
    world.control(Method::PUT, "/_sandbox/v1/settings", &settings);
    let prepay = GenPrepay::new(world.package("alarm1"));
    world.call(&prepay).unwrap();
    world.control(Method::POST, "/_sandbox/orders/alarm1/pay", &json!({}));
    let delivery = world.due();
    world.answer(&delivery, &reply::success());
    world.wait(3_600);
    let delivery = world.due();
    let alarm = world
        .merchant
        .open_alarm_notice(delivery.request.body())
        .unwrap();
    assert_eq!(alarm.error_type, "1001");
    let order = world.control(Method::GET, "/_sandbox/orders/alarm1", &Value::Null);
    assert_eq!(alarm.transaction_id(), order["transaction_id"].as_str());
    world.answer(&delivery, &reply::success());

    let complaint = json!({
        "type": "request", "out_trade_no": "alarm1", "url": "http://127.0.0.1:9471/rights",
        "ext_info": "13800000000", "pictures": ["http://127.0.0.1:9471/1.jpg"],
    });
    world.control(Method::POST, "/_sandbox/v1/rights", &complaint);
    let delivery = world.due();
    let told = world
        .merchant
        .open_rights_notice(delivery.request.body())
        .unwrap();
    assert_eq!(
        told.transaction_id.as_deref(),
        order["transaction_id"].as_str()
    );
    assert_eq!(told.pictures, ["http://127.0.0.1:9471/1.jpg"]);
    world.answer(&delivery, &reply::success());
    world
        .call(&FeedbackUpdate::new(told.openid, told.feedback_id))
        .unwrap();
    let all = world.control(Method::GET, "/_sandbox/v1/rights", &Value::Null);
    assert_eq!(all[0]["state"], "handled");
}

#[test]
fn a_bill_is_downloaded() {
    let mut world = World::new(Charset::Gbk);
    let prepay = GenPrepay::new(world.package("bill1"));
    world.call(&prepay).unwrap();
    world.control(Method::POST, "/_sandbox/orders/bill1/pay", &json!({}));
    let bill = TenpayBillDownload::new("2024-01-01".parse().unwrap(), BillKind::All);
    let Err(error) = world.call(&bill) else {
        panic!()
    };
    assert!(matches!(&*error, AcceptError::Api(error) if error.retcode() == Some("88229010")));
    world.wait(86_400);
    let bill = world.call(&bill).unwrap();
    let rows: Vec<Vec<&str>> = bill.rows().collect();
    assert!(
        rows[0].contains(&"bill1") && rows[0].contains(&"矿泉水 A+B"),
        "{rows:?}"
    );
}

#[test]
fn a_token_that_another_server_replaced_is_known_by_its_error() {
    let mut world = World::new(Charset::Gbk);
    world.control(Method::DELETE, "/_sandbox/v1/token", &Value::Null);
    let prepay = GenPrepay::new(world.package("token1"));
    let Err(error) = world.call(&prepay) else {
        panic!()
    };
    assert!(error.is_token_expired(), "{error}");
}
