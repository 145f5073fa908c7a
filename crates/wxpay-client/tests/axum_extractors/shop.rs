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
