//! The shop: answers what WeChat asks when somebody has scanned a product's code, and believes what it is told about
//! payments as far as that is proven.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use example_support::status;
use http::{Method, Request, Response, StatusCode};
use tokio::sync::mpsc;
use wxpay_client::proto::Fen;
use wxpay_client::proto::v1::{
    Charset, ExpectedOrder, NativeCallback, Package, PackageOrder, PaymentNotice, reply,
};
use wxpay_client::v1::Client;
use wxpay_client::{Clock as _, SystemClock};

/// Where WeChat asks for packages and posts notices to.
pub(crate) const PACKAGE: &str = "/wxpay/package";
pub(crate) const NOTIFY: &str = "/wxpay/notify";

/// Something that is sold.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) price: Fen,
    pub(crate) left: u32,
}

pub(crate) const PRODUCTS: &[Product] = &[
    Product {
        id: "tea-100",
        name: "乌龙茶 100克",
        price: Fen::new(1999),
        left: 12,
    },
    Product {
        id: "cup-2014",
        name: "茶杯",
        price: Fen::new(3550),
        left: 0,
    },
];

#[derive(Debug)]
pub(crate) struct Shop {
    client: Client,
    origin: OnceLock<String>,
    book: Mutex<Book>,
    events: mpsc::UnboundedSender<Event>,
}

/// What the shop has agreed to, and what was paid. A real one keeps this in a database.
#[derive(Debug, Default)]
struct Book {
    /// What was answered to a question, by its nonce: asked again, it is answered with the same order.
    answered: HashMap<String, Package>,
    orders: HashMap<String, ExpectedOrder>,
    /// The trades that goods were sent for, one entry each time they were.
    sent: Vec<String>,
}

/// What happened, for whoever tells the story.
#[derive(Debug)]
pub(crate) enum Event {
    Asked { order: String, package: Package },
    Notice(Box<Notice>),
}

/// A notice as it came, and what became of it.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) query: String,
    pub(crate) body: Bytes,
    pub(crate) taken: Result<PaymentNotice>,
}

impl Shop {
    pub(crate) fn new(client: Client, events: mpsc::UnboundedSender<Event>) -> Self {
        Self {
            client,
            origin: OnceLock::new(),
            book: Mutex::default(),
            events,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn reachable_at(&self, origin: String) {
        self.origin.get_or_init(|| origin);
    }

    /// How often the goods of a trade were sent.
    pub(crate) fn sent(&self, transaction_id: &str) -> usize {
        let book = self.book();
        book.sent.iter().filter(|id| *id == transaction_id).count()
    }

    /// Everything the shop is asked.
    pub(crate) fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, PACKAGE) => self
                .asked(request.body())
                .unwrap_or_else(|_| status(StatusCode::BAD_REQUEST)),
            (&Method::POST, NOTIFY) => {
                self.notified(request.uri().query().unwrap_or_default(), request.body())
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    /// 获取订单Package的回调: somebody has scanned a product.
    fn asked(&self, body: &[u8]) -> Result<Response<Bytes>> {
        let merchant = self.client.merchant();
        let (now, nonce) = (SystemClock::new().now(), example_support::nonce()?);
        let question = merchant.open_native_callback(body)?;
        let product = PRODUCTS.iter().find(|item| item.id == question.product_id);
        let Some(product) = product.filter(|product| product.left > 0) else {
            return Ok(merchant.native_refusal(1, "卖完了", now, &nonce)?);
        };
        let known = self.book().answered.get(&question.nonce).cloned();
        let package = match known {
            Some(package) => package,
            None => self.sell(product, &question)?,
        };
        Ok(merchant.native_reply(&package, now, &nonce))
    }

    fn sell(&self, product: &Product, question: &NativeCallback) -> Result<Package> {
        // Random, where the MD5 of the time gives two buyers of the same moment the same order.
        let number = example_support::number("NA", SystemClock::new().now())?;
        let package = self.package(product.name, &number, product.price)?;
        self.expect(&number, product.price);
        let mut book = self.book();
        book.answered
            .insert(question.nonce.clone(), package.clone());
        let order = number;
        let asked = package.clone();
        // Nobody listens any more when the story is over.
        let _ = self.events.send(Event::Asked {
            order,
            package: asked,
        });
        Ok(package)
    }

    /// The package of an order, in GBK as in its day: signed over the bytes of the text and only then percent-encoded.
    pub(crate) fn package(&self, name: &str, number: &str, price: Fen) -> Result<Package> {
        let origin = self.origin.get().context("the shop has no address")?;
        let order = PackageOrder::new(
            name,
            number,
            price,
            format!("{origin}{NOTIFY}"),
            "127.0.0.1",
        )
        .charset(Charset::Gbk);
        Ok(self.client.merchant().package(&order)?)
    }

    /// Enters an order in the book: notices about others are not taken.
    pub(crate) fn expect(&self, number: &str, price: Fen) {
        let expected = ExpectedOrder::new(self.client.merchant(), number, price);
        self.book().orders.insert(number.to_owned(), expected);
    }

    /// 支付成功通知: a payment, or what claims to be one.
    fn notified(&self, query: &str, body: &Bytes) -> Response<Bytes> {
        let taken = self.take(query, body);
        let answer = if taken.is_ok() {
            reply::success()
        } else {
            reply::fail()
        };
        let _ = self.events.send(Event::Notice(Box::new(Notice {
            query: query.to_owned(),
            body: body.clone(),
            taken,
        })));
        answer
    }

    fn take(&self, query: &str, body: &[u8]) -> Result<PaymentNotice> {
        // Both halves are verified: the query says what was paid, the body who paid. Believed unsigned, anybody could
        // send "paid" to this address.
        let merchant = self.client.merchant();
        let notice = merchant.open_payment_notice(query, body)?;
        let mut book = self.book();
        let order = book.orders.get(&notice.out_trade_no);
        let order = order.context("an order that is not ours")?;
        // Merchant, order, state and amount: a genuine notice over one fen does not pay for tea.
        notice.check(order)?;
        if !book.sent.contains(&notice.transaction_id) {
            book.sent.push(notice.transaction_id.clone());
        }
        Ok(notice)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
