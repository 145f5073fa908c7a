//! Where WeChat Pay's notices (回调通知) arrive: verified, opened, and handed to the shop.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use example_support::{Listener, status};
use http::{Request, Response, StatusCode};
use tokio::sync::mpsc;
use wxpay_api::EventType;
use wxpay_api::pay::Transaction;
use wxpay_api::refund::RefundNotification;
use wxpay_client::Client;
use wxpay_client::proto::{Notification, reply};

const PATH: &str = "/wechatpay/notify";

/// What a notice says.
#[derive(Debug)]
pub(crate) enum Notice {
    Payment(Box<Transaction>),
    Refund(Box<RefundNotification>),
}

/// The shop's HTTP server, which stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Notices {
    listener: Listener,
    arrivals: mpsc::UnboundedReceiver<Result<Notice>>,
}

impl Notices {
    pub(crate) async fn listen(client: Client) -> Result<Self> {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), move |request| {
            let (client, sender) = (client.clone(), sender.clone());
            async move { receive(&client, &sender, request).await }
        });
        Ok(Self {
            listener: listener.await?,
            arrivals,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{PATH}", self.listener.address())
    }

    pub(crate) async fn next(&mut self) -> Result<Notice> {
        self.arrivals
            .recv()
            .await
            .context("the listener has stopped")?
    }
}

async fn receive(
    client: &Client,
    notices: &mpsc::UnboundedSender<Result<Notice>>,
    request: Request<Bytes>,
) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != PATH {
        return status(StatusCode::NOT_FOUND);
    }
    match client.open_notification(&parts.headers, &body).await {
        Ok(notification) => {
            // A real shop writes it down before it answers.
            let _ = notices.send(read(&notification));
            reply::success()
        }
        Err(error) => error.reply(),
    }
}

fn read(notification: &Notification) -> Result<Notice> {
    match EventType::from(notification) {
        EventType::TransactionSuccess => Ok(Notice::Payment(Box::new(notification.decode()?))),
        EventType::RefundSuccess => Ok(Notice::Refund(Box::new(notification.decode()?))),
        event => bail!("an event nobody asked for: {event}"),
    }
}
