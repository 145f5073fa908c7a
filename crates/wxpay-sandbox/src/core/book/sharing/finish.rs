//! What becomes of requests to share, and who hears of it.

use serde_json::{Map, Value, json};

use super::{Family, Outcome, Settings, Sharing};
use crate::core::book::Book;
use crate::core::book::model::Order;
use crate::core::book::notice::{Event, Form};
use crate::core::book::text::beijing;
use crate::core::book::transaction::put;

/// The `fail_reason` of those who were taken from the list in the meantime.
const NO_RELATION: &str = "NO_RELATION";

impl Book {
    /// The time of a request has come.
    pub(in crate::core::book) fn sharing_wakes(&mut self, number: &str, at: i64) {
        self.carry_out_sharing(number, &self.share_settings(), at);
    }

    pub(super) fn carry_out_sharing(&mut self, number: &str, settings: &Settings, at: i64) {
        let Some(mut sharing) = self.store.piece::<Sharing>(number).cloned() else {
            return;
        };
        if sharing.coming.take().is_none() {
            return;
        }
        let of = match sharing.family {
            Family::Ecommerce => None,
            Family::Brand => sharing.brand_mchid.clone(),
            Family::Plain => sharing.sub_mchid.clone(),
        };
        let of = of.unwrap_or_default();
        for part in &mut sharing.parts {
            part.ended = Some(at);
            part.result = if part.released {
                Outcome::Success
            } else if let Some(reason) = settings.closed.get(&part.account) {
                Outcome::Closed(reason.clone())
            } else if self.receiver(&of, &part.kind, &part.account).is_none() {
                Outcome::Closed(NO_RELATION.to_owned())
            } else {
                Outcome::Success
            };
        }
        let told: Vec<Value> = sharing
            .parts
            .iter()
            .filter(|part| !part.released && part.result == Outcome::Success)
            .map(|part| {
                let receiver = json!({
                    "type": part.kind,
                    "account": part.account,
                    "amount": part.amount,
                    "description": part.description,
                });
                self.movement(
                    &sharing,
                    &sharing.out_order_no,
                    &sharing.order_id,
                    receiver,
                    at,
                )
            })
            .collect();
        for plaintext in told {
            self.tell_of_share(
                settings,
                "PROFITSHARING",
                plaintext,
                &sharing.out_trade_no,
                at,
            );
        }
        self.store.put_piece(sharing);
    }

    /// What a receiver is told of: the plaintext of 分账动账通知.
    pub(super) fn movement(
        &self,
        sharing: &Sharing,
        number: &str,
        id: &str,
        receiver: Value,
        at: i64,
    ) -> Value {
        let mut view = Map::new();
        match &sharing.sub_mchid {
            Some(sub_mchid) => {
                put(&mut view, "sp_mchid", Some(&self.parties.mchid));
                put(&mut view, "sub_mchid", Some(sub_mchid));
            }
            None => put(&mut view, "mchid", Some(&self.parties.mchid)),
        }
        put(&mut view, "transaction_id", Some(&sharing.transaction_id));
        put(&mut view, "order_id", Some(id));
        put(&mut view, "out_order_no", Some(number));
        view.insert("receiver".to_owned(), receiver);
        put(&mut view, "success_time", Some(&beijing(at)));
        Value::Object(view)
    }

    pub(super) fn tell_of_share(
        &mut self,
        settings: &Settings,
        event_type: &'static str,
        plaintext: Value,
        about: &str,
        at: i64,
    ) {
        if let Some(url) = settings.notify_url.clone() {
            self.announce(Event {
                about: Some(about.to_owned()),
                event_type,
                original_type: "profitsharing",
                summary: "分账",
                plaintext,
                form: Form::V3,
                url,
                at,
            });
        }
    }

    /// Whether parts of an order were given to others, so that it cannot be taken back.
    pub(in crate::core::book) fn is_shared(&self, order: &Order) -> bool {
        let sums = self.sums(&order.out_trade_no);
        sums.shared > sums.returned
    }
}
