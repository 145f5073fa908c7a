//! Users who agree once to transfers to come (免确认收款授权, 自动收款授权).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{PATIENCE, number_taken};
use crate::core::book::notice::{Event, Form};
use crate::core::book::piece::Entry;
use crate::core::book::text::{self, beijing};
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

/// What a user agrees to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Authorization {
    pub(super) out_authorization_no: String,
    pub(super) fingerprint: String,
    pub(super) appid: String,
    pub(super) openid: String,
    pub(super) display_name: String,
    pub(super) scene: String,
    pub(super) perception: Option<String>,
    pub(super) notify_url: Option<String>,
    pub(super) package_info: Option<String>,
    pub(super) created: i64,
    /// WeChat Pay's own number, once the user has agreed.
    pub(super) id: Option<String>,
    pub(super) agreed: Option<i64>,
    /// When it was closed, and the `close_reason`.
    pub(super) closed: Option<(i64, String)>,
}

impl Authorization {
    fn state(&self) -> &'static str {
        match (&self.closed, self.agreed) {
            (Some(_), _) => "CLOSED",
            (None, Some(_)) => "TAKING_EFFECT",
            (None, None) => "WAIT_USER_CONFIRM",
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.closed.is_none() && self.agreed.is_none()
    }

    fn view(&self) -> Map<String, Value> {
        let mut view = Map::new();
        put(
            &mut view,
            "out_authorization_no",
            Some(&self.out_authorization_no),
        );
        put(&mut view, "appid", Some(&self.appid));
        put(&mut view, "openid", Some(&self.openid));
        put(&mut view, "user_display_name", Some(&self.display_name));
        put(&mut view, "authorization_id", self.id.as_deref());
        put(&mut view, "state", Some(self.state()));
        put(
            &mut view,
            "authorize_time",
            self.agreed.map(beijing).as_deref(),
        );
        if let Some((at, reason)) = &self.closed {
            let info = json!({ "close_time": beijing(*at), "close_reason": reason });
            view.insert("close_info".to_owned(), info);
        }
        put(&mut view, "transfer_scene_id", Some(&self.scene));
        put(
            &mut view,
            "user_recv_perception",
            self.perception.as_deref(),
        );
        put(&mut view, "create_time", Some(&beijing(self.created)));
        view
    }
}

impl Entry for Authorization {
    fn key(&self) -> String {
        self.out_authorization_no.clone()
    }

    fn names(&self) -> Vec<String> {
        self.id.iter().cloned().collect()
    }

    fn wakes(&self) -> Option<i64> {
        self.is_waiting()
            .then(|| self.created.saturating_add(PATIENCE))
    }
}

impl Book {
    pub(super) fn ask_transfer_authorization(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let fingerprint = text::fingerprint("authorization", &call.body, &[]);
        let number = required(call, "/out_authorization_no")?;
        if let Some(known) = self.store.piece::<Authorization>(number) {
            if known.fingerprint != fingerprint {
                return Err(number_taken("商户侧授权单号已存在，且参数与原请求不一致"));
            }
            return Ok(asked(known));
        }
        if required(call, "/appid")? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        if !self.store.has_room_for_piece::<Authorization>() {
            return Err(full("授权单"));
        }
        let authorization = Authorization {
            out_authorization_no: number.to_owned(),
            fingerprint,
            appid: self.parties.appid.clone(),
            openid: required(call, "/openid")?.to_owned(),
            display_name: required(call, "/user_display_name")?.to_owned(),
            scene: required(call, "/transfer_scene_id")?.to_owned(),
            perception: optional(&call.body, "/user_recv_perception"),
            // Providers call it as everything else does.
            notify_url: optional(&call.body, "/authorization_notify_url")
                .or_else(|| optional(&call.body, "/notify_url")),
            package_info: Some(context.ids.alphanumeric(64)),
            created: context.now(),
            id: None,
            agreed: None,
            closed: None,
        };
        let reply = asked(&authorization);
        self.store.put_piece(authorization);
        Ok(reply)
    }

    /// The authorization that is asked for together with a transfer, if one is.
    pub(super) fn authorization_along(
        &self,
        call: &Call<'_>,
        openid: &str,
        context: &Context<'_>,
    ) -> Result<Option<Authorization>, Failure> {
        let given = |name: &str| optional(&call.body, &format!("/authorization_info/{name}"));
        let Some(number) = given("out_authorization_no") else {
            return Ok(None);
        };
        if self.store.piece::<Authorization>(&number).is_some() {
            return Err(number_taken("商户侧授权单号已存在"));
        }
        if !self.store.has_room_for_piece::<Authorization>() {
            return Err(full("授权单"));
        }
        Ok(Some(Authorization {
            out_authorization_no: number,
            // Asked for in another way, it is another.
            fingerprint: String::new(),
            appid: self.parties.appid.clone(),
            openid: openid.to_owned(),
            display_name: given("user_display_name").unwrap_or_default(),
            scene: required(call, "/transfer_scene_id")?.to_owned(),
            perception: optional(&call.body, "/user_recv_perception"),
            notify_url: given("authorization_notify_url"),
            package_info: None,
            created: context.now(),
            id: None,
            agreed: None,
            closed: None,
        }))
    }

    /// Who gets a transfer that needs no confirmation.
    pub(super) fn authorized_payee(&self, call: &Call<'_>) -> Result<String, Failure> {
        let given = |name: &str| optional(&call.body, &format!("/{name}"));
        let found = match (given("authorization_id"), given("out_authorization_no")) {
            (None, None) => {
                let issue = "authorization_id和out_authorization_no必须二选一";
                return Err(Failure::param_error("/out_authorization_no", issue));
            }
            (Some(id), None) => self.store.piece_named::<Authorization>(&id),
            (None, Some(number)) => self.store.piece(&number),
            (Some(id), Some(number)) => {
                let by_number = self.store.piece::<Authorization>(&number);
                by_number.filter(|it| it.id.as_ref() == Some(&id))
            }
        };
        let authorization = found.ok_or_else(not_found)?;
        if authorization.state() != "TAKING_EFFECT" {
            return Err(Failure::no_auth("用户未授权或授权已解除"));
        }
        if required(call, "/transfer_scene_id")? != authorization.scene {
            let message = "转账场景与授权的转账场景不一致";
            return Err(Failure::invalid_request(numeric::OTHER, message));
        }
        Ok(authorization.openid.clone())
    }

    pub(super) fn query_transfer_authorization(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let number = call.path("out_authorization_no");
        let known = self
            .store
            .piece::<Authorization>(number)
            .ok_or_else(not_found)?;
        let mut view = known.view();
        if known.is_waiting() && call.query("is_display_authorization") == Some("true") {
            put(&mut view, "package_info", known.package_info.as_deref());
        }
        // Providers are told a number even before there is one.
        Ok(Reply::Partial(http::StatusCode::OK, Value::Object(view)))
    }

    pub(super) fn close_transfer_authorization(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let number = context.call.path("out_authorization_no");
        let known = self
            .store
            .piece::<Authorization>(number)
            .ok_or_else(not_found)?;
        let mut authorization = known.clone();
        if authorization.closed.is_none() {
            authorization.closed = Some((context.now(), "CLOSE_VIA_MCH_API".to_owned()));
            self.store.put_piece(authorization.clone());
        }
        Ok(Reply::ok(Value::Object(authorization.view())))
    }

    /// The user agrees.
    pub(super) fn agree(&mut self, number: &str, at: i64) {
        let Some(known) = self.store.piece::<Authorization>(number) else {
            return;
        };
        let mut authorization = known.clone();
        if !authorization.is_waiting() {
            return;
        }
        authorization.id = Some(format!("1330000{}", self.ids.digits(33)));
        authorization.agreed = Some(at);
        if let Some(url) = authorization.notify_url.clone() {
            let mut plaintext = authorization.view();
            put(&mut plaintext, "mch_id", Some(&self.parties.mchid));
            self.announce(Event {
                about: Some(number.to_owned()),
                event_type: "MCHTRANSFER.AUTHORIZATION.CONFIRMED",
                original_type: "mch_payment",
                summary: "自动收款授权结果通知",
                plaintext: Value::Object(plaintext),
                form: Form::V3,
                url,
                at,
            });
        }
        self.store.put_piece(authorization);
    }

    /// The user has let the time pass.
    pub(in crate::core::book) fn transfer_authorization_wakes(&mut self, number: &str, at: i64) {
        self.overdue_authorization(number, at);
    }

    pub(super) fn overdue_authorization(&mut self, number: &str, at: i64) {
        let known = self.store.piece::<Authorization>(number);
        if let Some(known) = known.filter(|known| known.is_waiting()) {
            let mut authorization = known.clone();
            authorization.closed = Some((at, "USER_OVERDUE_UNCONFIRMED".to_owned()));
            self.store.put_piece(authorization);
        }
    }
}

fn asked(authorization: &Authorization) -> Reply {
    let mut view = Map::new();
    let number = &authorization.out_authorization_no;
    put(&mut view, "out_authorization_no", Some(number));
    put(&mut view, "state", Some(authorization.state()));
    put(
        &mut view,
        "create_time",
        Some(&beijing(authorization.created)),
    );
    put(
        &mut view,
        "package_info",
        authorization.package_info.as_deref(),
    );
    Reply::ok(Value::Object(view))
}

fn not_found() -> Failure {
    Failure::new(
        http::StatusCode::NOT_FOUND,
        "NOT_FOUND",
        numeric::ORDER_NOT_EXIST,
        "授权单不存在",
    )
}
