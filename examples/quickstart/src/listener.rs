//! The shop's own HTTP server, where notifications (回调通知) arrive.
//!
//! The order of things is that of any shop: read the raw bytes within a bound, verify and decrypt
//! them, compare them with the order, put them where they are safe, and only then answer. A real
//! shop puts them into a database; here it is a channel.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use wxpay_api::pay::Transaction;
use wxpay_api::refund::RefundNotification;
use wxpay_api::{ExpectedOrder, ExpectedRefund};
use wxpay_client::Client;
use wxpay_client::proto::{MAX_NOTIFICATION_BYTES, Notification, reply};

/// Where WeChat Pay posts to.
pub(crate) const PATH: &str = "/wechatpay/notify";

/// How long a peer may take over the body of its request.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// The listener; it stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    arrivals: mpsc::Receiver<Result<Arrival>>,
    book: Arc<Mutex<Book>>,
    _server: JoinSet<()>,
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
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen for notifications on {address}"))?;
        let address = listener.local_addr()?;
        let (sender, arrivals) = mpsc::channel(64);
        let book = Arc::<Mutex<Book>>::default();
        let desk = Arc::new(Desk {
            client,
            book: Arc::clone(&book),
            arrivals: sender,
        });
        let mut server = JoinSet::new();
        server.spawn(serve(listener, desk));
        Ok(Self {
            address,
            arrivals,
            book,
            _server: server,
        })
    }

    /// Where it can be reached from this machine.
    pub(crate) fn address(&self) -> SocketAddr {
        let mut address = self.address;
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

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many open files, mostly: another connection may fare better.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(desk.receive(request).await.map(Full::new)) }
            });
            let mut server = auto::Builder::new(TokioExecutor::new());
            server
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(BODY_WITHIN);
            // A peer that goes away in the middle has nobody to be told.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Desk {
    async fn receive(&self, request: Request<Incoming>) -> Response<Bytes> {
        if request.uri().path() != PATH || request.method() != Method::POST {
            return status(StatusCode::NOT_FOUND);
        }
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_NOTIFICATION_BYTES).collect();
        let Ok(Ok(body)) = tokio::time::timeout(BODY_WITHIN, body).await else {
            return status(StatusCode::BAD_REQUEST);
        };
        let body = body.to_bytes();

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
        let event = notification.event_type();
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if event.starts_with("TRANSACTION.") {
            let transaction: Transaction = notification.decode()?;
            let order = book.orders.get(&transaction.out_trade_no);
            let order = order.context("a notification about an order that is not ours")?;
            transaction
                .check(order)
                .context("the notification does not fit the order")?;
            Ok(Content::Payment(Box::new(transaction)))
        } else if event.starts_with("REFUND.") {
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

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
