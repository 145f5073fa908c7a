//! Pages and handlers.
//!
//! Whoever knows the address of an order's page sees that order and can ask for its money back, to
//! the payer: nobody else can be paid. Nothing a browser sends is believed but ids, quantities and
//! the numbers of forms.

mod counter;
mod events;
mod form;
mod guard;
mod operator;
mod order;
mod page;
mod panel;
mod picture;
mod trouble;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

use crate::gateway::Inbox;
use crate::settings::Password;
use crate::shop::Shop;
use trouble::Trouble;

/// No form is longer, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// What the handlers share.
#[derive(Clone, Debug)]
pub struct Web {
    /// The shop itself.
    pub shop: Shop,
    /// Where browsers reach it, such as `https://shop.example`.
    pub url: String,
    /// The operator's password.
    pub password: Password,
    /// Where the sandbox is, if WeChat Pay is one: orders are paid at its cashier.
    pub sandbox: Option<String>,
    /// `true` ends the event streams, so that the server can stop.
    pub stop: watch::Receiver<bool>,
}

/// Everything that is served: the pages, and the addresses WeChat Pay calls.
pub fn router(web: Web) -> Router {
    let inbox = Inbox {
        store: web.shop.store.clone(),
        clock: web.shop.clock.clone(),
        bell: web.shop.bell.clone(),
    };
    let policy = guard::policy(&web);
    let wechatpay = web.shop.gateway.routes(inbox);
    let operator = Router::new()
        .route("/operator", get(operator::page))
        .route("/operator/differences/{id}/settle", post(operator::settle))
        .route("/operator/tomorrow", post(operator::tomorrow))
        .route_layer(from_fn_with_state(web.clone(), guard::operator_only));
    let mut pages = Router::new()
        .route("/", get(counter::page))
        .route("/orders", post(counter::order))
        .route("/orders/{token}", get(order::page))
        .route("/orders/{token}/state", get(order::state))
        .route("/orders/{token}/events", get(events::stream))
        .route("/orders/{token}/qr.svg", get(picture::svg))
        .route("/orders/{token}/qr.png", get(picture::png))
        .route("/orders/{token}/refund", post(order::refund));
    if web.sandbox.is_some() {
        pages = pages.route("/orders/{token}/scan", post(order::scan));
    }
    pages
        .merge(operator)
        .route("/health", get(health))
        .route("/shop.css", get(css))
        .route("/shop.js", get(js))
        .route("/icon.svg", get(icon))
        .method_not_allowed_fallback(|| async { Trouble::method() })
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(guard::same_site))
        .with_state(web)
        // WeChat Pay is no browser; what it sends is signed.
        .merge(wechatpay)
        .fallback(|| async { Trouble::not_found() })
        .layer(CatchPanicLayer::custom(|_| {
            Trouble::panic().into_response()
        }))
        .layer(from_fn(guard::in_time))
        .layer(from_fn(guard::logged))
        .layer(from_fn_with_state(policy, guard::headers))
}

async fn health(State(web): State<Web>) -> (StatusCode, &'static str) {
    match web.shop.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(%error, "not healthy");
            (StatusCode::SERVICE_UNAVAILABLE, "the books are not there\n")
        }
    }
}

async fn css() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("../web/shop.css"))
}

async fn js() -> impl IntoResponse {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../web/shop.js"),
    )
}

async fn icon() -> impl IntoResponse {
    asset("image/svg+xml", include_str!("../web/icon.svg"))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300")];
    (headers, text)
}
