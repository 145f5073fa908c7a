//! Forms and addresses as they come in: taken whole and exact, or refused.

use axum::extract::rejection::FormRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::Web;
use super::trouble::Trouble;
use crate::shop::FormId;
use crate::store::Order;

/// A form with exactly the fields of `T`.
pub(super) struct Form<T>(pub(super) T);

impl<T, S> FromRequest<S> for Form<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        let form = axum::extract::Form::<T>::from_request(request, state).await;
        let form = form.map_err(|rejection: FormRejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Trouble::too_large(),
            _ => Trouble::form("表单不完整，或者有多余、不对的内容。请回到上一页重试。"),
        })?;
        Ok(Self(form.0))
    }
}

/// The number of a form, as one of its fields.
pub(super) fn form_id(text: &str) -> Result<FormId, Trouble> {
    FormId::from_text(text).ok_or_else(|| Trouble::form("表单不完整。请回到上一页，刷新后再试。"))
}

/// What the address of an order's page ends with.
pub(super) struct Token(String);

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let token = path.ok().filter(|path| FormId::from_text(path).is_some());
        token
            .map(|Path(token)| Self(token))
            .ok_or_else(Trouble::not_found)
    }
}

impl Token {
    /// The address of the page.
    pub(super) fn page(&self) -> String {
        format!("/orders/{}", self.0)
    }

    /// The order whose page that is.
    pub(super) async fn order(&self, web: &Web) -> Result<Order, Trouble> {
        let order = web.shop.store.order_by_token(&self.0).await?;
        order.ok_or_else(Trouble::not_found)
    }
}
