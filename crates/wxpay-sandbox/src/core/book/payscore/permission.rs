//! Users who grant a service (授权服务).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wxpay_json::DateTime;

use super::{given, is_partner};
use crate::core::book::notice::{Event, Form};
use crate::core::book::piece::Entry;
use crate::core::book::text::{self, beijing};
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply};

/// What a user grants, or granted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Permission {
    pub(super) authorization_code: String,
    fingerprint: String,
    service_id: String,
    sub_mchid: Option<String>,
    sub_appid: Option<String>,
    notify_url: Option<String>,
    /// What the user's client opens the page with.
    token: String,
    pub(super) openid: Option<String>,
    opened: Option<i64>,
    closed: Option<i64>,
}

impl Permission {
    /// What a user's permission for a service is found under.
    pub(super) fn name(service_id: &str, openid: &str) -> String {
        format!("{service_id}/{openid}")
    }

    pub(super) fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// Whether nobody has granted it yet.
    pub(super) fn is_new(&self) -> bool {
        self.opened.is_none()
    }

    fn state(&self) -> &'static str {
        match (self.opened, self.closed) {
            (Some(_), None) => "AVAILABLE",
            (Some(_), Some(_)) => "UNAVAILABLE",
            (None, _) => "UNBINDUSER",
        }
    }
}

impl Entry for Permission {
    fn key(&self) -> String {
        self.authorization_code.clone()
    }

    fn names(&self) -> Vec<String> {
        let openid = self.openid.as_deref();
        openid
            .map(|openid| Self::name(&self.service_id, openid))
            .into_iter()
            .collect()
    }
}

impl Book {
    pub(super) fn ask_permission(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        self.served_by(call)?;
        let code = required(call, "/authorization_code")?;
        let fingerprint = text::fingerprint("permission", &call.body, &[]);
        if let Some(known) = self.store.piece::<Permission>(code) {
            if known.fingerprint != fingerprint {
                return Err(Failure::reentry("授权协议号重复，且参数与原请求不一致"));
            }
            return Ok(Reply::ok(json!({ "apply_permissions_token": known.token })));
        }
        if !self.store.has_room_for_piece::<Permission>() {
            return Err(full("授权"));
        }
        let permission = Permission {
            authorization_code: code.to_owned(),
            fingerprint,
            service_id: required(call, "/service_id")?.to_owned(),
            sub_mchid: optional(&call.body, "/sub_mchid"),
            sub_appid: optional(&call.body, "/sub_appid"),
            notify_url: optional(&call.body, "/notify_url"),
            token: context.ids.alphanumeric(64),
            openid: None,
            opened: None,
            closed: None,
        };
        let reply = Reply::ok(json!({ "apply_permissions_token": permission.token }));
        self.store.put_piece(permission);
        Ok(reply)
    }

    fn permission(&self, call: &Call<'_>) -> Result<&Permission, Failure> {
        self.served_by(call)?;
        let service = given(call, "service_id").unwrap_or_default();
        let openid = Some(call.path("openid"))
            .filter(|openid| !openid.is_empty())
            .map(str::to_owned)
            .or_else(|| given(call, "openid"))
            .or_else(|| given(call, "sub_openid"));
        let found = match openid {
            Some(openid) => {
                let name = Permission::name(&service, &openid);
                self.store.piece_named::<Permission>(&name)
            }
            None => self.store.piece(call.path("authorization_code")),
        };
        let found = found.filter(|it| {
            it.service_id == service
                && it.sub_mchid.is_some() == is_partner(call)
                && it.sub_mchid == given(call, "sub_mchid")
        });
        found.ok_or_else(|| Failure::resource_not_exists("授权记录不存在"))
    }

    pub(super) fn query_permission(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let permission = self.permission(call)?;
        let mut view = Map::new();
        put(&mut view, "service_id", Some(&permission.service_id));
        put(&mut view, "appid", Some(&self.parties.appid));
        put(&mut view, "mchid", Some(&self.parties.mchid));
        put(&mut view, "sub_mchid", permission.sub_mchid.as_deref());
        put(&mut view, "sub_appid", permission.sub_appid.as_deref());
        put(&mut view, "openid", permission.openid.as_deref());
        put(
            &mut view,
            "authorization_code",
            Some(&permission.authorization_code),
        );
        put(&mut view, "authorization_state", Some(permission.state()));
        // A merchant that asks by openid is not told the address.
        if is_partner(call) || call.path("openid").is_empty() {
            put(&mut view, "notify_url", permission.notify_url.as_deref());
        }
        let (opened, closed) = (
            permission.opened.map(beijing),
            permission.closed.map(beijing),
        );
        put(&mut view, "authorization_success_time", opened.as_deref());
        put(&mut view, "cancel_authorization_time", closed.as_deref());
        Ok(Reply::Partial(http::StatusCode::OK, Value::Object(view)))
    }

    pub(super) fn terminate_permission(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let mut permission = self.permission(context.call)?.clone();
        if permission.is_new() {
            return Err(Failure::resource_not_exists("授权记录不存在"));
        }
        if permission.is_open() {
            let now = context.now();
            permission.closed = Some(now);
            self.tell_of_permission(&permission, "PAYSCORE.USER_CLOSE_SERVICE", now);
            self.store.put_piece(permission);
        }
        Ok(Reply::NoContent)
    }

    /// The user grants it.
    pub(super) fn grant(&mut self, mut permission: Permission, openid: String, at: i64) {
        permission.openid = Some(openid);
        permission.opened = Some(at);
        self.tell_of_permission(&permission, "PAYSCORE.USER_OPEN_SERVICE", at);
        self.store.put_piece(permission);
    }

    fn tell_of_permission(&mut self, permission: &Permission, event_type: &'static str, at: i64) {
        let Some(url) = permission.notify_url.clone() else {
            return;
        };
        let mut view = Map::new();
        put(&mut view, "appid", Some(&self.parties.appid));
        put(&mut view, "mchid", Some(&self.parties.mchid));
        put(&mut view, "sub_mchid", permission.sub_mchid.as_deref());
        put(&mut view, "sub_appid", permission.sub_appid.as_deref());
        put(&mut view, "service_id", Some(&permission.service_id));
        put(&mut view, "openid", permission.openid.as_deref());
        put(
            &mut view,
            "out_request_no",
            Some(&permission.authorization_code),
        );
        let status = event_type.strip_prefix("PAYSCORE.").unwrap_or(event_type);
        put(&mut view, "user_service_status", Some(status));
        let time = DateTime::beijing(at).compact();
        put(&mut view, "openorclose_time", Some(&time));
        put(
            &mut view,
            "authorization_code",
            Some(&permission.authorization_code),
        );
        self.announce(Event {
            about: Some(permission.authorization_code.clone()),
            event_type,
            original_type: "payscore",
            summary: "授权/解除授权服务",
            plaintext: Value::Object(view),
            form: Form::V3,
            url,
            at,
        });
    }
}
