//! The shop's own HTTP server, where notifications (回调通知) arrive.
//!
//! The order of things is that of any shop: read the raw bytes within a bound, verify and decrypt
//! them, compare them with the order, put them where they are safe, and only then answer. A real
//! shop puts them into a database; here it is a channel.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use example_support::{Listener as Server, status};
use http::{Method, Request, Response, StatusCode};
use tokio::sync::mpsc;
use wxpay_api::pay::Transaction;
use wxpay_api::refund::RefundNotification;
use wxpay_api::{EventType, ExpectedOrder, ExpectedRefund};
use wxpay_client::Client;
use wxpay_client::proto::{Notification, NotificationContent as _, reply};

/// Where WeChat Pay posts to.
pub(crate) const PATH: &str = "/wechatpay/notify";

/// The listener; it stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    server: Server,
    arrivals: mpsc::Receiver<Result<Arrival>>,
    book: Arc<Mutex<Book>>,
}

/// What the shop knows about its orders and refunds, by their numbers.
#[derive(Debug, Default)]
struct Book {
    orders: HashMap<String, ExpectedOrder>,
    refunds: HashMap<String, ExpectedRefund>,
}

/// A notification that was verified, decrypted and compared with its order.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) event_type: String,
    /// The length of the raw body, in bytes.
    pub(crate) length: usize,
    pub(crate) content: Content,
}

/// What a notification says.
#[derive(Debug)]
pub(crate) enum Content {
    Payment(Box<Transaction>),
    Refund(Box<RefundNotification>),
}

impl Listener {
    /// Starts listening; `address` is a free port of this machine unless one is given.
    pub(crate) async fn start(client: Client, address: Option<SocketAddr>) -> Result<Self> {
        let address = address.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let (sender, arrivals) = mpsc::channel(64);
        let book = Arc::<Mutex<Book>>::default();
        let desk = Arc::new(Desk {
            client,
            book: Arc::clone(&book),
            arrivals: sender,
        });
        let server = Server::start(address, move |request| {
            let desk = Arc::clone(&desk);
            async move { desk.receive(request).await }
        });
        Ok(Self {
            server: server.await.context("for notifications")?,
            arrivals,
            book,
        })
    }

    /// Where it can be reached from this machine.
    pub(crate) fn address(&self) -> SocketAddr {
        let mut address = self.server.address();
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        address
    }

    /// Enters an order in the book: notifications about orders that are not in it are refused.
    pub(crate) fn expect_order(&self, order: ExpectedOrder) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.orders.insert(order.out_trade_no.clone(), order);
    }

    /// Enters a refund in the book.
    pub(crate) fn expect_refund(&self, refund: ExpectedRefund) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.refunds.insert(refund.out_refund_no.clone(), refund);
    }

    /// The next notification that `wanted` finds something in; others are repetitions.
    pub(crate) async fn next<T>(&mut self, wanted: impl Fn(Arrival) -> Option<T>) -> Result<T> {
        loop {
            let arrival = self
                .arrivals
                .recv()
                .await
                .context("the listener has stopped")??;
            if let Some(found) = wanted(arrival) {
                return Ok(found);
            }
        }
    }
}

/// What every request is handled with.
struct Desk {
    client: Client,
    book: Arc<Mutex<Book>>,
    arrivals: mpsc::Sender<Result<Arrival>>,
}

impl Desk {
    async fn receive(&self, request: Request<Bytes>) -> Response<Bytes> {
        if request.uri().path() != PATH || request.method() != Method::POST {
            return status(StatusCode::NOT_FOUND);
        }
        let (parts, body) = request.into_parts();

        // What does not verify is nobody's: probes and forgeries are refused, and that is all.
        let notification = match self.client.open_notification(&parts.headers, &body).await {
            Ok(notification) => notification,
            Err(error) => return error.reply(),
        };
        let arrival = self.compare(&notification).map(|content| Arrival {
            event_type: notification.event_type().to_owned(),
            length: body.len(),
            content,
        });
        let answer = if arrival.is_ok() {
            reply::success()
        } else {
            reply::failure("订单不符")
        };
        match self.arrivals.send(arrival).await {
            Ok(()) => answer,
            // Nobody took it: WeChat Pay shall send it again.
            Err(_) => reply::failure("稍后再试"),
        }
    }

    /// Compares what was signed with what was ordered: a genuine notification about another
    /// amount, merchant or app is as worthless as a forged one.
    fn compare(&self, notification: &Notification) -> Result<Content> {
        let event = EventType::from(notification);
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if event == EventType::TransactionSuccess {
            let transaction: Transaction = notification.decode()?;
            let order = book.orders.get(&transaction.out_trade_no);
            let order = order.context("a notification about an order that is not ours")?;
            transaction
                .check(order)
                .context("the notification does not fit the order")?;
            Ok(Content::Payment(Box::new(transaction)))
        } else if RefundNotification::EVENTS.contains(&event.as_str()) {
            let notified: RefundNotification = notification.decode()?;
            let refund = book.refunds.get(&notified.out_refund_no);
            let refund = refund.context("a notification about a refund that is not ours")?;
            notified
                .check(refund)
                .context("the notification does not fit the refund")?;
            Ok(Content::Refund(Box::new(notified)))
        } else {
            bail!("an event nobody asked for: {event}")
        }
    }
}
