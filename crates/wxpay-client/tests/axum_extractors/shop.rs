//! What every shop here has.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::FromRef;
use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::world::World;

/// The state of a shop: a client of whatever generation, and where handlers put what they were given.
#[derive(Clone)]
pub(crate) struct Shop<C> {
    pub(crate) client: C,
    pub(crate) inbox: mpsc::UnboundedSender<String>,
}

impl<C> Shop<C> {
    pub(crate) fn new(client: C) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (inbox, arrivals) = mpsc::unbounded_channel();
        (Self { client, inbox }, arrivals)
    }

    /// Keeps what came as it came, below the number that the handler knows it by.
    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn keep(&self, number: &str, raw: &[u8]) {
        let raw = std::str::from_utf8(raw).unwrap();
        self.inbox.send(format!("{number}\n{raw}")).unwrap();
    }
}

/// What was kept: the number, and what came.
#[cfg(any(feature = "v1", feature = "v2"))]
pub(crate) async fn kept(arrivals: &mut mpsc::UnboundedReceiver<String>) -> (String, String) {
    let arrived = arrivals.recv().await.unwrap();
    let (number, raw) = arrived.split_once('\n').unwrap();
    (number.to_owned(), raw.to_owned())
}

impl FromRef<Shop<Self>> for wxpay_client::Client {
    fn from_ref(shop: &Shop<Self>) -> Self {
        shop.client.clone()
    }
}

#[cfg(feature = "v2")]
impl FromRef<Shop<Self>> for wxpay_client::v2::Client {
    fn from_ref(shop: &Shop<Self>) -> Self {
        shop.client.clone()
    }
}

#[cfg(feature = "v1")]
impl FromRef<Shop<Self>> for wxpay_client::v1::Client {
    fn from_ref(shop: &Shop<Self>) -> Self {
        shop.client.clone()
    }
}

/// Serves until the test ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Sets what goes wrong with notifications from now on.
pub(crate) async fn faults(world: &World, notifications: Value) {
    let faults = json!({ "notifications": notifications });
    world.control(Method::PUT, "faults", &faults).await;
}

/// The first so many attempts to notify, as soon as they are answered.
pub(crate) async fn attempts(world: &World, count: usize) -> Vec<Value> {
    loop {
        let attempts = world
            .control(Method::GET, "notifications", &Value::Null)
            .await;
        let attempts = attempts.as_array().unwrap();
        if attempts.len() >= count {
            return attempts.clone();
        }
        tokio::task::yield_now().await;
    }
}

/// Somebody scans the code; how that ended.
#[cfg(any(feature = "v1", feature = "v2"))]
pub(crate) async fn scan(world: &World, code: &str, callback: &str) -> Value {
    let wish = json!({ "url": code, "callback_url": callback });
    let mut scan = world.control(Method::POST, "scans", &wish).await;
    let path = format!("scans/{}", scan["id"].as_str().unwrap());
    while scan["state"] == "calling" {
        tokio::task::yield_now().await;
        scan = world.control(Method::GET, &path, &Value::Null).await;
    }
    scan
}

/// Attempts of the older generations, which are answered 200 whatever the answer is: the forged ones were refused, and
/// all the others taken.
#[cfg(any(feature = "v1", feature = "v2"))]
pub(crate) fn judge(attempts: &[Value]) {
    for attempt in attempts {
        assert_eq!(attempt["status"], 200, "{attempt:#}");
        let problems = attempt["problems"].to_string();
        let refused = problems.contains("not taken");
        assert_eq!(refused, !attempt["fault"].is_null(), "{attempt:#}");
        assert!(refused || problems == "[]", "{attempt:#}");
    }
}
