//! What users do with services.

use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::view::Short;
use super::{Permission, ServiceOrder, State};
use crate::core::book::{Book, Unheard};

/// Who confirms or grants. Left out: whom the order names, or the sandbox's payer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct User {
    openid: Option<String>,
}

impl Book {
    /// A service as it stands.
    pub(crate) fn service_seen(&self, number: &str) -> Result<Value, Unheard> {
        let order = self
            .store
            .piece::<ServiceOrder>(number)
            .ok_or(Unheard::Unknown)?;
        let mut seen = self.service_view(order, &Short::Nothing);
        seen.insert("query_id".to_owned(), json!(order.order_id));
        seen.insert("package".to_owned(), json!(order.package));
        seen.insert("notifications".to_owned(), self.notices_seen(number));
        Ok(Value::Object(seen))
    }

    /// The user confirms a service.
    pub(crate) fn confirm_service(
        &mut self,
        number: &str,
        user: User,
        now: Timestamp,
    ) -> Result<Value, Unheard> {
        let order = self
            .store
            .piece::<ServiceOrder>(number)
            .ok_or(Unheard::Unknown)?;
        if order.state != State::Created {
            return Err(Unheard::TooLate);
        }
        let mut order = order.clone();
        let at = now.as_unix();
        if order.openid.is_none() {
            order.openid = Some(user.openid.unwrap_or_else(|| self.parties.openid.clone()));
        }
        order.begin(at);
        self.tell_of_service(&order, "PAYSCORE.USER_CONFIRM", "用户确认订单", at);
        self.store.put_piece(order);
        self.service_seen(number)
    }

    /// The user pays what is owed.
    pub(crate) fn pay_service(&mut self, number: &str, now: Timestamp) -> Result<Value, Unheard> {
        let order = self
            .store
            .piece::<ServiceOrder>(number)
            .ok_or(Unheard::Unknown)?;
        if !order.is_owed() {
            return Err(Unheard::TooLate);
        }
        self.service_paid(order.clone(), now.as_unix());
        self.service_seen(number)
    }

    /// The user grants a service.
    pub(crate) fn grant_permission(
        &mut self,
        code: &str,
        user: User,
        now: Timestamp,
    ) -> Result<Value, Unheard> {
        let known = self
            .store
            .piece::<Permission>(code)
            .ok_or(Unheard::Unknown)?;
        if !known.is_new() {
            return Err(Unheard::TooLate);
        }
        let openid = user.openid.unwrap_or_else(|| self.parties.openid.clone());
        self.grant(known.clone(), openid.clone(), now.as_unix());
        Ok(
            json!({ "authorization_code": code, "openid": openid, "authorization_state": "AVAILABLE" }),
        )
    }
}
