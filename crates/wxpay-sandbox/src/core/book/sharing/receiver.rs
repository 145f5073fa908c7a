//! Who may get a part.

use serde_json::{Map, Value};

use super::{Family, Receiver};
use crate::core::book::transaction::put;
use crate::core::book::{Book, Context, full, optional, required};
use crate::core::call::{Call, Failure, Reply};

impl Book {
    pub(super) fn add_receiver(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let of = self.receivers_of(call)?;
        let relation = required(call, "/relation_type")?;
        let custom_relation = optional(&call.body, "/custom_relation");
        if relation == "CUSTOM" && custom_relation.is_none() {
            return Err(Failure::param_error(
                "/custom_relation",
                "relation_type为CUSTOM时，custom_relation为必填项",
            ));
        }
        let kind = required(call, "/type")?;
        let name =
            optional(&call.body, "/name").or_else(|| optional(&call.body, "/encrypted_name"));
        if kind == "MERCHANT_ID" && name.is_none() {
            return Err(Failure::param_error(
                "/name",
                "分账接收方类型是MERCHANT_ID时，商户全称为必填项",
            ));
        }
        let receiver = Receiver {
            of,
            kind: kind.to_owned(),
            account: required(call, "/account")?.to_owned(),
            name,
            relation: relation.to_owned(),
            custom_relation,
            deleted: false,
        };
        if !self.store.has_room_for_piece::<Receiver>() {
            return Err(full("分账接收方"));
        }
        let mut view = named(call, &receiver);
        if Family::of(call) == Family::Plain {
            put(&mut view, "name", receiver.name.as_deref());
            put(&mut view, "relation_type", Some(&receiver.relation));
            put(
                &mut view,
                "custom_relation",
                receiver.custom_relation.as_deref(),
            );
        }
        self.store.put_piece(receiver);
        Ok(Reply::ok(Value::Object(view)))
    }

    pub(super) fn delete_receiver(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let of = self.receivers_of(call)?;
        let (kind, account) = (required(call, "/type")?, required(call, "/account")?);
        let key = Receiver::key_of(&of, kind, account);
        let known = self.store.piece::<Receiver>(&key);
        let mut receiver = known
            .cloned()
            .ok_or_else(|| Failure::resource_not_exists("分账接收方不存在，请先添加分账接收方"))?;
        receiver.deleted = true;
        let view = named(call, &receiver);
        self.store.put_piece(receiver);
        Ok(Reply::ok(Value::Object(view)))
    }

    /// The receiver of a part, if it was added and not deleted.
    pub(super) fn receiver(&self, of: &str, kind: &str, account: &str) -> Option<&Receiver> {
        let key = Receiver::key_of(of, kind, account);
        let known = self.store.piece::<Receiver>(&key);
        known.filter(|receiver| !receiver.deleted)
    }

    /// Whose receivers a call is about.
    fn receivers_of(&self, call: &Call<'_>) -> Result<String, Failure> {
        if optional(&call.body, "/appid").is_some_and(|appid| appid != self.parties.appid) {
            return Err(Failure::appid_mchid_not_match());
        }
        self.sub_app(optional(&call.body, "/sub_appid").as_deref())?;
        if required(call, "/type")? == "PERSONAL_SUB_OPENID"
            && optional(&call.body, "/sub_appid").is_none()
        {
            return Err(Failure::param_error(
                "/sub_appid",
                "分账接收方类型包含PERSONAL_SUB_OPENID时，sub_appid为必填项",
            ));
        }
        self.sharer(call)
    }

    /// Who shares: the sub-merchant or the brand a call names, or the caller.
    pub(super) fn sharer(&self, call: &Call<'_>) -> Result<String, Failure> {
        match Family::of(call) {
            // A platform's receivers are its own, whichever sub-merchant shares with them.
            Family::Ecommerce => Ok(String::new()),
            Family::Brand => Ok(required(call, "/brand_mchid")?.to_owned()),
            Family::Plain => match optional(&call.body, "/sub_mchid") {
                Some(sub_mchid) => self.sub_merchant(&sub_mchid).map(|()| sub_mchid),
                None => Ok(String::new()),
            },
        }
    }
}

fn named(call: &Call<'_>, receiver: &Receiver) -> Map<String, Value> {
    let mut view = Map::new();
    for name in ["sub_mchid", "brand_mchid"] {
        put(
            &mut view,
            name,
            optional(&call.body, &format!("/{name}")).as_deref(),
        );
    }
    put(&mut view, "type", Some(&receiver.kind));
    put(&mut view, "account", Some(&receiver.account));
    view
}
