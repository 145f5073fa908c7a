//! The shop: one order, its page, the state the page asks for, and the notice of its payment.

use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use example_support::status;
use http::header::CACHE_CONTROL;
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use tokio::sync::watch;
use wxpay_api::ExpectedOrder;
use wxpay_api::v2::pay::{PaymentNotice, TradeType, UnifiedOrder};
use wxpay_client::proto::Fen;
use wxpay_client::proto::v2::{Notification, reply};
use wxpay_client::v2::Client;
use wxpay_client::{Clock as _, SystemClock};

use crate::page;

/// Where WeChat Pay posts to.
pub(crate) const NOTIFY_PATH: &str = "/wechatpay/notify";

/// How long a page that asks for news is kept waiting.
const NEWS_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Shop {
    client: Client,
    appid: String,
    order: OnceLock<Order>,
    paid: watch::Sender<bool>,
}

/// An order as the shop has it in its books.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) code_url: String,
    /// What a notice has to agree with.
    pub(crate) expected: ExpectedOrder,
}

impl Shop {
    pub(crate) fn new(client: Client, appid: String) -> Self {
        Self {
            client,
            appid,
            order: OnceLock::new(),
            paid: watch::Sender::new(false),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn current(&self) -> Option<&Order> {
        self.order.get()
    }

    /// Until the order is paid.
    pub(crate) async fn paid(&self) {
        // The sender is ours, so it is there.
        let _ = self.paid.subscribe().wait_for(|paid| *paid).await;
    }

    /// Orders at WeChat Pay.
    pub(crate) async fn order(&self, name: &str, price: Fen, notify_url: &str) -> Result<&Order> {
        // Random, where the MD5 of the time gives two buyers of the same moment the same order.
        let number = example_support::number("QR", SystemClock::new().now())?;
        let mut request = UnifiedOrder::new(
            &self.appid,
            name,
            &number,
            price,
            "127.0.0.1",
            notify_url,
            TradeType::Native,
        );
        request.product_id = Some("oolong".to_owned());
        let answer = self.client.execute(&request).await?.into_value();
        let code_url = answer.code_url.context("the answer has no code_url")?;
        let expected =
            ExpectedOrder::new(&self.appid, self.client.merchant().mch_id(), &number, price);
        Ok(self.order.get_or_init(|| Order {
            number,
            name: name.to_owned(),
            code_url,
            expected,
        }))
    }

    /// Everything the shop is asked, by browsers and by WeChat Pay.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let Some(order) = self.current() else {
            return status(StatusCode::NOT_FOUND);
        };
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => page::checkout(order, *self.paid.borrow())
                .unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR)),
            (&Method::GET, "/code.svg") => {
                page::picture(order).unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
            }
            (&Method::GET, "/state") => self.state(request.uri().query()).await,
            (&Method::POST, NOTIFY_PATH) => self.notified(order, request.body()),
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    /// The state of the order. Who knows that it waits is answered when it no longer does, or after a while.
    async fn state(&self, query: Option<&str>) -> Response<Bytes> {
        let mut news = self.paid.subscribe();
        if query == Some("known=waiting") {
            let _ = tokio::time::timeout(NEWS_WITHIN, news.wait_for(|paid| *paid)).await;
        }
        let state = if *news.borrow() { "paid" } else { "waiting" };
        let body = serde_json::json!({ "state": state }).to_string();
        Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header(CACHE_CONTROL, "no-store")
            .body(body.into())
            .unwrap_or_default()
    }

    /// A notice, or what claims to be one.
    fn notified(&self, order: &Order, body: &[u8]) -> Response<Bytes> {
        let notification = match self.client.merchant().open_notification(body) {
            Ok(notification) => notification,
            Err(error) => return error.reply(),
        };
        // The signature alone is not enough: a genuine notice of one fen must not pay for an order of twenty yuan.
        match compare(order, &notification) {
            Ok(()) => {
                // The same notice comes several times; the second changes nothing.
                self.paid
                    .send_if_modified(|paid| !std::mem::replace(paid, true));
                reply::success()
            }
            Err(_) => reply::failure("订单不符"),
        }
    }
}

fn compare(order: &Order, notification: &Notification) -> Result<()> {
    if let Some(error) = notification.error() {
        bail!(error);
    }
    let notice: PaymentNotice = notification.decode()?;
    notice.check(&order.expected)?;
    Ok(())
}
