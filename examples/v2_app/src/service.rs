//! The service: what the app asks it, and what WeChat Pay tells it.

use std::sync::OnceLock;

use bytes::Bytes;
use example_support::status;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_api::v2::pay::{OrderQuery, TradeState, TradeType, UnifiedOrder};
use wxpay_api::v2::refund::CreateRefund;
use wxpay_api::{ExpectedOrder, ExpectedRefund};
use wxpay_client::proto::Fen;
use wxpay_client::v2::Client;
use wxpay_client::{Clock as _, Delivery, Error, SystemClock};

use crate::book::{Book, PRICES, Refund};

/// Where WeChat Pay posts payments to. Refunds have an address of their own, since their notices are not signed but
/// encrypted.
pub(crate) const NOTIFY: &str = "/wechatpay/notify";
pub(crate) const REFUND_NOTIFY: &str = "/wechatpay/refund-notify";

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) client: Client,
    appid: String,
    /// Where WeChat Pay reaches the service. Never taken from a request: whoever calls could have notices sent elsewhere.
    origin: OnceLock<String>,
    pub(crate) book: Book,
}

/// What the app sends to order. A price is not among it, and a request that has one is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Purchase {
    item: String,
    quantity: i64,
}

/// What the shop's staff send to refund.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Return {
    fen: i64,
}

/// An answer to the app: a status and JSON.
type Answer = (StatusCode, Value);

impl Service {
    pub(crate) fn new(client: Client, appid: String) -> Self {
        Self {
            client,
            appid,
            origin: OnceLock::new(),
            book: Book::default(),
        }
    }

    pub(crate) fn reachable_at(&self, origin: String) {
        self.origin.get_or_init(|| origin);
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin.get().map_or("", String::as_str))
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Everything the service is asked. A real one lets the app see its own orders only, and lets nobody refund who is
    /// not staff.
    pub(crate) async fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let (path, body) = (request.uri().path(), request.body());
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let answer = match (request.method(), segments.as_slice()) {
            (&Method::POST, ["orders"]) => self.order(body).await,
            (&Method::GET, ["orders", number]) => self.query(number).await,
            (&Method::POST, ["orders", number, "refund"]) => self.refund(number, body).await,
            (&Method::POST, _) if path == NOTIFY => return self.notified(body),
            (&Method::POST, _) if path == REFUND_NOTIFY => return self.refund_notified(body),
            _ => return status(StatusCode::NOT_FOUND),
        };
        let (status, value) = answer.unwrap_or_else(|error| failed(&error));
        let mut response = Response::new(Bytes::from(value.to_string()));
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }

    /// `POST /orders`: an order at WeChat Pay, and what the app needs to open the payment.
    async fn order(&self, body: &[u8]) -> Result<Answer, Error> {
        let purchase: Purchase = match serde_json::from_slice(body) {
            Ok(purchase) => purchase,
            Err(error) => return Ok(refused(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        let item = PRICES.iter().find(|item| item.id == purchase.item);
        let (Some(item), 1..=99) = (item, purchase.quantity) else {
            return Ok(refused(
                StatusCode::BAD_REQUEST,
                "no such item, or too many",
            ));
        };
        let total = Fen::new(item.price.as_fen() * purchase.quantity);
        let Ok(number) = example_support::number("APP", SystemClock::new().now()) else {
            return Ok(refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "no random numbers",
            ));
        };
        // In the book first: a notice may be here before the answer.
        let mch_id = self.client.merchant().mch_id();
        self.book
            .expect(ExpectedOrder::new(&self.appid, mch_id, &number, total));
        let request = UnifiedOrder::new(
            &self.appid,
            item.name,
            &number,
            total,
            "127.0.0.1",
            self.url(NOTIFY),
            TradeType::App,
        );
        let prepay_id = self.client.execute(&request).await?.into_value().prepay_id;
        // The nonce is random: `random.sample` of a seeded generator can be foretold.
        let Ok(nonce) = example_support::nonce() else {
            return Ok(refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "no random numbers",
            ));
        };
        let now = SystemClock::new().now();
        let merchant = self.client.merchant();
        let pay = merchant.app_parameters(&self.appid, mch_id, &prepay_id, now, &nonce);
        let answer = json!({ "order": number, "fen": total.as_fen(), "pay": pay });
        Ok((StatusCode::CREATED, answer))
    }

    /// `GET /orders/N`: asks WeChat Pay, which knows, and not the app, which says that it has paid.
    async fn query(&self, number: &str) -> Result<Answer, Error> {
        let expected = self
            .book
            .orders()
            .get(number)
            .map(|order| order.expected.clone());
        let Some(expected) = expected else {
            return Ok(refused(StatusCode::NOT_FOUND, "no such order"));
        };
        let query = OrderQuery::new(&self.appid).out_trade_no(number);
        let found = self.client.execute(&query).await?.into_value();
        let mut orders = self.book.orders();
        let Some(order) = orders.get_mut(number) else {
            return Ok(refused(StatusCode::NOT_FOUND, "no such order"));
        };
        // Should the notice be late or lost, this is as good.
        if found.trade_state == TradeState::Success
            && found.check(&expected).is_ok()
            && let Some(transaction_id) = &found.transaction_id
        {
            order.paid(transaction_id);
        }
        let refund = order.refund.as_ref().map(|refund| {
            json!({ "number": refund.expected.out_refund_no, "fen": refund.expected.refund.as_fen(),
                    "status": refund.status })
        });
        let answer = json!({ "order": number, "fen": expected.total.as_fen(), "state": found.trade_state.as_str(),
                             "paid": order.transaction_id.is_some(), "sent": order.sent, "refund": refund });
        Ok((StatusCode::OK, answer))
    }

    /// `POST /orders/N/refund`: one refund an order, whose number follows from the order's. Who presses twice refunds once.
    async fn refund(&self, number: &str, body: &[u8]) -> Result<Answer, Error> {
        let refund = match serde_json::from_slice(body) {
            Ok(Return { fen }) => self.enter_refund(number, Fen::new(fen)),
            Err(error) => Err(refused(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        let expected = match refund {
            Ok(expected) => expected,
            Err(answer) => return Ok(answer),
        };
        let request = CreateRefund::new(
            &self.appid,
            &expected.out_refund_no,
            expected.total,
            expected.refund,
        )
        .out_trade_no(number)
        .notify_url(self.url(REFUND_NOTIFY));
        // The client shows the merchant's certificate here, and checks WeChat Pay's like everywhere.
        let refund = self.client.execute(&request).await?.into_value();
        let answer = json!({ "refund": refund.out_refund_no, "refund_id": refund.refund_id,
                             "fen": refund.refund_fee.as_fen() });
        Ok((StatusCode::OK, answer))
    }

    /// Enters a refund in the book, before it is asked for.
    fn enter_refund(&self, number: &str, fen: Fen) -> Result<ExpectedRefund, Answer> {
        let mut orders = self.book.orders();
        let order = orders.get_mut(number);
        let order = order.ok_or_else(|| refused(StatusCode::NOT_FOUND, "no such order"))?;
        let total = order.expected.total;
        if order.transaction_id.is_none() {
            return Err(refused(StatusCode::CONFLICT, "the order is not paid"));
        }
        if !(1..=total.as_fen()).contains(&fen.as_fen()) {
            let message = "more than was paid, or nothing";
            return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
        if let Some(refund) = &order.refund {
            return if refund.expected.refund == fen {
                Ok(refund.expected.clone())
            } else {
                Err(refused(
                    StatusCode::CONFLICT,
                    "another amount is being refunded",
                ))
            };
        }
        let (mchid, refund_no) = (&order.expected.mchid, format!("{number}R"));
        let expected = ExpectedRefund::new(mchid, number, refund_no, fen, total);
        order.refund = Some(Refund {
            expected: expected.clone(),
            status: "PROCESSING".to_owned(),
        });
        Ok(expected)
    }
}

fn refused(status: StatusCode, message: &str) -> Answer {
    (status, json!({ "error": message }))
}

/// What the app is told of a failure at WeChat Pay: no more than what it may do now.
fn failed(error: &Error) -> Answer {
    match error.delivery() {
        Delivery::Refused => {
            let code = error.v2_api().map_or("?", |api| api.code().as_str());
            (StatusCode::CONFLICT, json!({ "error": code }))
        }
        Delivery::NotSent => refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "nothing happened; try again",
        ),
        // It may have been done. The numbers are ours, so the same call again does nothing twice.
        _ => refused(StatusCode::BAD_GATEWAY, "unknown; send the same again"),
    }
}
