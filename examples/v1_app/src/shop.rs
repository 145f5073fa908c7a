//! The server behind the app: orders, and what it is told about payments.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use example_support::status;
use http::{Method, Request, Response, StatusCode};
use tokio::sync::mpsc;
use wxpay_api::v1::GenPrepay;
use wxpay_client::proto::v1::{ExpectedOrder, PackageOrder, PaymentNotice, reply};
use wxpay_client::proto::{AppParameters, Fen};
use wxpay_client::v1::Client;
use wxpay_client::{Clock as _, SystemClock};

/// Where WeChat posts notices to.
pub(crate) const NOTIFY: &str = "/wxpay/notify";

#[derive(Debug)]
pub(crate) struct Shop {
    client: Client,
    book: Mutex<Book>,
    notices: mpsc::UnboundedSender<Notice>,
}

/// What the shop has agreed to, and what was paid. A real one keeps this in a database.
#[derive(Debug, Default)]
struct Book {
    orders: HashMap<String, ExpectedOrder>,
    paid: Vec<String>,
}

/// An order, and what the app needs to open its payment.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) expected: ExpectedOrder,
    pub(crate) pay: AppParameters,
}

/// A notice as it came, and what became of it.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) query: String,
    pub(crate) body: Bytes,
    pub(crate) taken: Result<PaymentNotice>,
}

impl Shop {
    pub(crate) fn new(client: Client, notices: mpsc::UnboundedSender<Notice>) -> Self {
        Self {
            client,
            book: Mutex::default(),
            notices,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The orders that are paid.
    pub(crate) fn paid(&self) -> Vec<String> {
        self.book().paid.clone()
    }

    /// Places an order at WeChat. Whoever calls this at the same time shares the access token: a new one ends the one
    /// before, so a token a call of each would have them all fail.
    pub(crate) async fn order(&self, name: &str, price: Fen, notify_url: &str) -> Result<Order> {
        let merchant = self.client.merchant();
        // Random, where the MD5 of the time gives two buyers of the same moment the same order.
        let number = example_support::number("APP", SystemClock::new().now())?;
        let expected = ExpectedOrder::new(merchant, &number, price);
        // In the book first: a notice may be here before the answer.
        self.book().orders.insert(number.clone(), expected.clone());
        let order = PackageOrder::new(name, &number, price, notify_url, "127.0.0.1");
        let package = merchant.package(&order)?;
        let request = GenPrepay::new(package).trace_id("buyer");
        let prepaid = self.client.execute(&request).await?.into_value();
        // The nonce is random: one of a seeded generator can be foretold.
        let (now, nonce) = (SystemClock::new().now(), example_support::nonce()?);
        let pay = merchant.app_parameters(&prepaid.prepay_id, now, &nonce);
        Ok(Order {
            number,
            expected,
            pay,
        })
    }

    /// Everything the shop is asked.
    pub(crate) fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.method() != Method::POST || request.uri().path() != NOTIFY {
            return status(StatusCode::NOT_FOUND);
        }
        let (query, body) = (request.uri().query().unwrap_or_default(), request.body());
        let taken = self.take(query, body);
        let answer = if taken.is_ok() {
            reply::success()
        } else {
            reply::fail()
        };
        // Nobody listens any more when the story is over.
        let _ = self.notices.send(Notice {
            query: query.to_owned(),
            body: body.clone(),
            taken,
        });
        answer
    }

    /// 支付成功通知: a payment, or what claims to be one.
    fn take(&self, query: &str, body: &[u8]) -> Result<PaymentNotice> {
        // Both halves are verified, query and body; then merchant, order, state and amount are compared with the book.
        let notice = self.client.merchant().open_payment_notice(query, body)?;
        let mut book = self.book();
        let order = book.orders.get(&notice.out_trade_no);
        let order = order.context("an order that is not ours")?;
        notice.check(order)?;
        if !book.paid.contains(&notice.out_trade_no) {
            book.paid.push(notice.out_trade_no.clone());
        }
        Ok(notice)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
