//! Pages and handlers.

use axum::Router;
use tokio::sync::watch;

use crate::settings::Password;
use crate::shop::Shop;

/// What handlers know.
#[derive(Clone, Debug)]
pub struct Web {
    /// The shop.
    pub shop: Shop,
    /// Where browsers reach it.
    pub url: String,
    /// The operator's.
    pub password: Password,
    /// Where the sandbox is, if WeChat Pay is one.
    pub sandbox: Option<String>,
    /// Whether to come to an end.
    pub stop: watch::Receiver<bool>,
}

/// Everything the shop answers.
pub fn router(web: Web) -> Router {
    drop(web);
    todo!()
}
