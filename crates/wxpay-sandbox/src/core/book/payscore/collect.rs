//! Money that is collected for services.

use serde_json::Value;
use wxpay_sign::Timestamp;

use super::view::Short;
use super::{Collect, Paid, ServiceOrder, State, wrong_state};
use crate::core::book::notice::{Event, Form};
use crate::core::book::{Book, Context};
use crate::core::call::{Failure, Reply};

impl Book {
    pub(super) fn collection_time(&self, now: i64) -> i64 {
        now.saturating_add(self.service_settings().delay_seconds.into())
    }

    /// The merchant asks for the money (催收).
    pub(super) fn collect_service(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let mut order = self.service(context.call)?.clone();
        if !order.is_owed() {
            return Err(wrong_state("仅待用户支付的服务订单可以催收"));
        }
        if self.service_settings().collect != Collect::Never && order.coming.is_none() {
            order.coming = Some(self.collection_time(context.now()));
            self.store.put_piece(order.clone());
        }
        Ok(self.short_answer(&order))
    }

    /// The time of a service has come: it expires unconfirmed, or it is paid.
    pub(in crate::core::book) fn service_order_wakes(&mut self, number: &str, at: i64) {
        let Some(mut order) = self.store.piece::<ServiceOrder>(number).cloned() else {
            return;
        };
        order.coming = None;
        if order.is_owed() {
            self.service_paid(order, at);
        } else {
            if order.state == State::Created {
                order.state = State::Expired;
            }
            self.store.put_piece(order);
        }
    }

    /// The user has paid.
    pub(super) fn service_paid(&mut self, mut order: ServiceOrder, at: i64) {
        let id = self.ids.transaction_id(Timestamp::from_unix(at));
        order.state = State::Done;
        order.coming = None;
        if let Some(completion) = &mut order.completed {
            completion.paid = Some(Paid {
                at,
                channel: "NEWTON".to_owned(),
                transaction_id: Some(id),
            });
        }
        self.tell_of_service(&order, "PAYSCORE.USER_PAID", "用户支付成功", at);
        self.store.put_piece(order);
    }

    pub(super) fn tell_of_service(
        &mut self,
        order: &ServiceOrder,
        event_type: &'static str,
        summary: &'static str,
        at: i64,
    ) {
        let Some(url) = order.field("notify_url").map(str::to_owned) else {
            return;
        };
        let mut plaintext = self.service_view(order, &Short::Nothing);
        plaintext.remove("notify_url");
        self.announce(Event {
            about: Some(order.out_order_no.clone()),
            event_type,
            original_type: "payscore",
            summary,
            plaintext: Value::Object(plaintext),
            form: Form::V3,
            url,
            at,
        });
    }
}
