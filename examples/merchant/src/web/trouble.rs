//! What a person sees when something cannot be done: in their words, with a number to quote, and
//! nothing from inside. The log has the rest, under the same number.

use std::fmt::Display;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::form::Token;
use super::page;
use crate::Fen;
use crate::goods::MAX_QUANTITY;
use crate::shop::{FormId, Refusal};
use crate::store;

/// In how many seconds to try again.
const RETRY_IN: u16 = 5;

/// An answer that is no good news.
pub(super) struct Trouble {
    status: StatusCode,
    title: &'static str,
    text: String,
    /// For the log.
    reason: String,
    /// The form as it was sent, to be sent again.
    again: Option<Vec<(&'static str, String)>>,
    /// The page of the order it is about.
    order: Option<String>,
}

impl Trouble {
    fn new(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            title,
            text: text.into(),
            reason: String::new(),
            again: None,
            order: None,
        }
    }

    pub(super) fn not_found() -> Self {
        let text = "网址可能不完整。订单页面的网址只有下单的人知道，请核对后再试。";
        Self::new(StatusCode::NOT_FOUND, "没有这个页面", text)
    }

    pub(super) fn method() -> Self {
        let text = "请从商店首页重新操作。";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "不支持这样的请求", text)
    }

    pub(super) fn cross_site() -> Self {
        let text = "这个请求来自别的网站。如果是您本人的操作，请从商店首页重新开始。";
        Self::new(StatusCode::FORBIDDEN, "已拒绝", text)
    }

    pub(super) fn operator_only() -> Self {
        let text = "这个页面只给店里的人看，请用 operator 的密码登录。";
        Self::new(StatusCode::UNAUTHORIZED, "需要登录", text)
    }

    pub(super) fn form(text: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "填写有误", text)
    }

    pub(super) fn too_large() -> Self {
        let text = "提交的内容太长了。";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "内容太长", text)
    }

    pub(super) fn too_late() -> Self {
        Self::busy(&"no answer in time")
    }

    pub(super) fn panic() -> Self {
        Self::internal(&"a panic")
    }

    /// Something that is well again by itself, soon.
    pub(super) fn busy(reason: &dyn Display) -> Self {
        let text = "系统繁忙，请稍后再试；您的订单不会丢失。";
        Self {
            reason: reason.to_string(),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "请稍等", text)
        }
    }

    pub(super) fn internal(reason: &dyn Display) -> Self {
        let text = "我们这边出了问题，已经记录下来。您的订单和付款不会丢失。";
        Self {
            reason: reason.to_string(),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "出错了", text)
        }
    }

    /// Offers to send the form again: that does nothing twice.
    pub(super) fn again(mut self, fields: &[(&'static str, &str)]) -> Self {
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let fields = fields.iter().map(|&(name, value)| (name, value.to_owned()));
            self.again = Some(fields.collect());
        }
        self
    }

    /// Leads back to the page of an order.
    pub(super) fn about(mut self, token: &Token) -> Self {
        self.order = Some(token.page());
        self
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        let reason = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        if error.is_temporary() {
            Self::busy(&reason)
        } else {
            Self::internal(&reason)
        }
    }
}

impl From<getrandom::Error> for Trouble {
    fn from(error: getrandom::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let conflict = |title, text: String| Self::new(StatusCode::CONFLICT, title, text);
        match refusal {
            Refusal::Store(error) => error.into(),
            Refusal::Goods => {
                let text = format!("没有这样的商品，或者数量不在 1 到 {MAX_QUANTITY} 之间。");
                Self::new(StatusCode::BAD_REQUEST, "填写有误", text)
            }
            Refusal::NoAmount => Self::form("退款金额要大于零。"),
            Refusal::FormUsed => conflict(
                "这张表单已经用过了",
                "您已经用它提交过别的内容。请回到上一页，刷新后再试。".to_owned(),
            ),
            Refusal::TooMuch { left } if left <= Fen::ZERO => {
                conflict("退不了这么多", "这个订单已经全部退款。".to_owned())
            }
            Refusal::TooMuch { left } => {
                let text = format!("这个订单最多还能退 {}。", page::yuan(left));
                conflict("退不了这么多", text)
            }
            Refusal::NotPaid => conflict(
                "还不能退款",
                "这个订单没有付款，没有可以退的钱。".to_owned(),
            ),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        // Only to find the line in the log; zeros where the system has no random numbers.
        let number = FormId::new().map_or_else(|_| "0".repeat(8), |id| id.as_str()[..8].to_owned());
        if self.status.is_server_error() {
            tracing::warn!(number, reason = self.reason, "not done");
        } else {
            tracing::info!(number, reason = self.title, "refused");
        }
        let content = html! {
            section .card .trouble {
                h1 { (self.title) }
                p { (self.text) }
                @if let Some(fields) = &self.again {
                    form method="post" {
                        @for (name, value) in fields {
                            input type="hidden" name=(name) value=(value);
                        }
                        button .primary { "再试一次" }
                    }
                    p .quiet { "再试不会重复下单，也不会重复退款。" }
                } @else {
                    @match &self.order {
                        Some(page) => p { a .button href=(page) { "返回订单" } },
                        None => p { a .button href="/" { "回到首页" } },
                    }
                }
                p .quiet { "联系客服时请告知编号 " code { (number) } }
            }
        };
        let page = page::page(self.title, None, &content);
        let mut response = (self.status, page).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_IN));
        }
        response
    }
}
