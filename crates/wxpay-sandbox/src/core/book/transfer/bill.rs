//! Transfers one by one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wxpay_json::Fen;

use super::family::Family;
use super::state::{Coming, State};
use super::{Authorization, PATIENCE, checked_amount, number_taken};
use crate::core::book::piece::Entry;
use crate::core::book::text::{self, beijing};
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply, numeric};

/// A transfer (转账单).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Transfer {
    #[serde(default)]
    pub(super) family: Family,
    #[serde(default)]
    pub(super) sub_mchid: Option<String>,
    #[serde(default)]
    pub(super) scene: String,
    #[serde(default)]
    pub(super) user_qq: Option<String>,
    pub(super) out_bill_no: String,
    pub(super) transfer_bill_no: String,
    pub(super) fingerprint: String,
    pub(super) appid: String,
    pub(super) openid: String,
    pub(super) user_name: Option<String>,
    pub(super) amount: Fen,
    pub(super) remark: String,
    pub(super) notify_url: Option<String>,
    /// What the user's client opens the confirmation with.
    pub(super) package_info: Option<String>,
    /// The authorization that is confirmed with it, by `out_authorization_no`.
    pub(super) confirms: Option<String>,
    pub(super) created: i64,
    pub(super) changed: i64,
    pub(super) state: State,
    pub(super) fail_reason: Option<String>,
    pub(super) coming: Option<(i64, Coming)>,
}

impl Entry for Transfer {
    fn key(&self) -> String {
        self.out_bill_no.clone()
    }

    fn names(&self) -> Vec<String> {
        vec![self.transfer_bill_no.clone()]
    }

    fn wakes(&self) -> Option<i64> {
        self.coming.as_ref().map(|(at, _)| *at)
    }
}

/// How a transfer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The user confirms it.
    Confirmed,
    /// The user has agreed before.
    Authorized,
    /// The user confirms it, and agrees to those to come.
    Authorizing,
}

impl Mode {
    fn of(call: &Call<'_>) -> Self {
        if call.path_template.ends_with("/transfer") {
            Self::Authorized
        } else if call.path_template.ends_with("-with-authorization") {
            Self::Authorizing
        } else {
            Self::Confirmed
        }
    }
}

impl Book {
    pub(super) fn transfer(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let mode = Mode::of(call);
        let number = required(call, "/out_bill_no")?;
        let fingerprint = text::fingerprint(call.path_template, &call.body, &[]);
        if let Some(known) = self.store.piece::<Transfer>(number) {
            return if known.fingerprint == fingerprint {
                Ok(self.accepted(call, known))
            } else {
                Err(number_taken("商户单号已存在，且参数与原请求不一致"))
            };
        }
        let sub_mchid = self.transfers_for(call)?;
        if required(call, "/appid")? != self.parties.appid {
            return Err(Failure::appid_mchid_not_match());
        }
        let user_name = optional(&call.body, "/user_name");
        let amount = call.integer("/transfer_amount");
        let amount = checked_amount(amount, user_name.is_some(), |name| format!("/{name}"))?;
        let openid = match mode {
            Mode::Authorized => self.authorized_payee(call)?,
            Mode::Confirmed | Mode::Authorizing => required(call, "/openid")?.to_owned(),
        };
        if !self.store.has_room_for_piece::<Transfer>() {
            return Err(full("转账单"));
        }
        let confirms = match mode {
            Mode::Authorizing => self.authorization_along(call, &openid, context)?,
            Mode::Confirmed | Mode::Authorized => None,
        };
        self.draw(amount)?;
        let mut transfer = Transfer {
            family: Family::of(call),
            sub_mchid,
            scene: required(call, "/transfer_scene_id")?.to_owned(),
            user_qq: optional(&call.body, "/user_qq"),
            out_bill_no: number.to_owned(),
            transfer_bill_no: format!("1330000{}", context.ids.digits(33)),
            fingerprint,
            appid: self.parties.appid.clone(),
            openid,
            user_name,
            amount,
            remark: required(call, "/transfer_remark")?.to_owned(),
            notify_url: optional(&call.body, "/notify_url"),
            package_info: None,
            confirms: confirms.as_ref().map(Entry::key),
            created: now,
            changed: now,
            state: State::Accepted,
            fail_reason: None,
            coming: None,
        };
        let settings = self.transfers();
        if mode == Mode::Authorized {
            transfer.send(&settings, None, now);
            transfer.state = State::Accepted;
        } else {
            transfer.package_info = Some(context.ids.alphanumeric(64));
            let after = i64::from(settings.accept_seconds);
            if after == 0 {
                transfer.ask(now);
            } else {
                transfer.coming = Some((now.saturating_add(after), Coming::Processing(after)));
            }
        }
        if let Some(authorization) = confirms {
            self.store.put_piece(authorization);
        }
        self.store.put_piece(transfer.clone());
        Ok(self.accepted(call, &transfer))
    }

    /// The answer to a transfer asked for.
    fn accepted(&self, call: &Call<'_>, transfer: &Transfer) -> Reply {
        if Mode::of(call) == Mode::Authorized {
            return Reply::ok(self.transfer_view(transfer));
        }
        let mut view = match transfer.family.seen_at_first() {
            Some(seen) => picked(self.whole_view(transfer), seen),
            None => return Reply::ok(self.transfer_view(transfer)),
        };
        if transfer.family == Family::Partner {
            return Reply::ok(Value::Object(view));
        }
        if let Some(number) = &transfer.confirms {
            put(&mut view, "out_authorization_no", Some(number));
            if let Some(authorization) = self.store.piece::<Authorization>(number) {
                put(
                    &mut view,
                    "user_display_name",
                    Some(&authorization.display_name),
                );
            }
        }
        Reply::ok(Value::Object(view))
    }

    pub(super) fn query_transfer(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let transfer = self.transfer_named(context.call)?;
        Ok(Reply::ok(self.transfer_view(transfer)))
    }

    /// The transfer a call names by one of its numbers.
    pub(super) fn transfer_named(&self, call: &Call<'_>) -> Result<&Transfer, Failure> {
        let sub_mchid = self.transfers_for(call)?;
        let given = |name: &str| {
            let given = [
                call.path(name),
                call.text(&format!("/{name}")).unwrap_or_default(),
            ];
            given.into_iter().find(|text| !text.is_empty())
        };
        let found = match (given("out_bill_no"), given("transfer_bill_no")) {
            (Some(number), _) => self.store.piece::<Transfer>(number),
            (None, Some(id)) => self.store.piece_named::<Transfer>(id),
            (None, None) => None,
        };
        let found = found.filter(|it| it.family == Family::of(call) && it.sub_mchid == sub_mchid);
        found.ok_or_else(not_found)
    }

    /// A transfer as its family's queries show it.
    pub(super) fn transfer_view(&self, transfer: &Transfer) -> Value {
        let mut view = self.whole_view(transfer);
        let unseen = transfer.family.unseen();
        view.retain(|name, _| !unseen.contains(&name.as_str()));
        Value::Object(view)
    }

    pub(super) fn whole_view(&self, transfer: &Transfer) -> Map<String, Value> {
        let mut view = Map::new();
        let mchid = transfer.family.mchid();
        put(&mut view, mchid, Some(&self.parties.mchid));
        put(&mut view, "sub_mchid", transfer.sub_mchid.as_deref());
        put(&mut view, "out_bill_no", Some(&transfer.out_bill_no));
        put(
            &mut view,
            "transfer_bill_no",
            Some(&transfer.transfer_bill_no),
        );
        put(&mut view, "appid", Some(&transfer.appid));
        put(&mut view, "transfer_scene_id", Some(&transfer.scene));
        put(&mut view, "state", Some(transfer.state.as_str()));
        view.insert("transfer_amount".to_owned(), json!(transfer.amount));
        put(&mut view, "transfer_remark", Some(&transfer.remark));
        put(&mut view, "fail_reason", transfer.fail_reason.as_deref());
        put(&mut view, "openid", Some(&transfer.openid));
        put(&mut view, "user_qq", transfer.user_qq.as_deref());
        put(&mut view, "user_name", transfer.user_name.as_deref());
        put(&mut view, "create_time", Some(&beijing(transfer.created)));
        put(&mut view, "update_time", Some(&beijing(transfer.changed)));
        if transfer.state == State::WaitUserConfirm {
            put(&mut view, "package_info", transfer.package_info.as_deref());
        }
        view
    }

    pub(super) fn cancel_transfer(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let now = context.now();
        let mut transfer = self.transfer_named(context.call)?.clone();
        match transfer.state {
            State::Accepted | State::Processing | State::WaitUserConfirm
                if transfer.package_info.is_some() =>
            {
                let delay = self.transfers().delay_seconds;
                transfer.state = State::Canceling;
                transfer.changed = now;
                transfer.coming = Some((now.saturating_add(delay.into()), Coming::Cancelled));
                self.store.put_piece(transfer.clone());
            }
            State::Canceling | State::Cancelled => {}
            _ => {
                let message = "当前转账单状态不支持撤销";
                return Err(Failure::invalid_request(numeric::OTHER, message));
            }
        }
        Ok(Reply::ok(match transfer.family.seen_when_cancelled() {
            Some(seen) => Value::Object(picked(self.whole_view(&transfer), seen)),
            None => self.transfer_view(&transfer),
        }))
    }
}

impl Transfer {
    /// Waits for the user.
    pub(super) fn ask(&mut self, at: i64) {
        self.state = State::WaitUserConfirm;
        self.changed = at;
        self.coming = Some((self.created.saturating_add(PATIENCE), Coming::Overdue));
    }
}

/// The fields with these names.
pub(super) fn picked(mut view: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    view.retain(|name, _| names.contains(&name.as_str()));
    view
}

fn not_found() -> Failure {
    Failure::new(
        http::StatusCode::NOT_FOUND,
        "NOT_FOUND",
        numeric::ORDER_NOT_EXIST,
        "转账单不存在",
    )
}
