//! Controls of the products beside payment.

use http::Method;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::{Complaint, Said, decode, read};
use crate::core::Core;
use crate::core::book::Unheard;
use crate::core::check::clip;

/// What the list of controls says of these.
pub(super) const CONTROLS: &[&str] = &[
    "GET, PUT /_sandbox/profit-sharing",
    "GET /_sandbox/profit-sharing/{out_order_no}",
    "POST /_sandbox/profit-sharing/{out_order_no}/finish",
    "GET, PUT /_sandbox/transfers",
    "GET /_sandbox/transfers/{number}",
    "POST /_sandbox/transfers/{number}/confirm",
    "GET, PUT /_sandbox/payscore",
    "GET /_sandbox/payscore/orders/{out_order_no}",
    "POST /_sandbox/payscore/orders/{out_order_no}/confirm",
    "POST /_sandbox/payscore/orders/{out_order_no}/pay",
    "POST /_sandbox/payscore/permissions/{authorization_code}/confirm",
    "GET, POST /_sandbox/complaints",
    "GET, POST /_sandbox/complaints/{complaint_id}",
    "GET /_sandbox/coupons",
    "GET /_sandbox/coupons/{coupon_id}",
    "POST /_sandbox/coupons/{coupon_id}/use",
];

impl Core {
    /// A control of profit sharing.
    pub(super) fn control_sharing(
        &mut self,
        segments: &[&str],
        method: &Method,
        body: &[u8],
        now: Timestamp,
    ) -> Said {
        match (segments, method) {
            ([], &Method::GET) => Ok(self.book.sharing_settings()),
            ([], &Method::PUT) => {
                let settings = read(body)?;
                self.book.set_sharing(settings).map_err(Complaint::Bad)?;
                Ok(self.book.sharing_settings())
            }
            ([], _) => Err(Complaint::Method("GET, PUT")),
            ([number], &Method::GET) => {
                let number = decode(number)?;
                heard("request", &number, self.book.sharing_seen(&number, now))
            }
            ([_], _) => Err(Complaint::Method("GET")),
            ([number, "finish"], &Method::POST) => {
                let number = decode(number)?;
                let said = self.book.end_sharing(&number, read(body)?, now);
                heard("request", &number, said)
            }
            ([_, "finish"], _) => Err(Complaint::Method("POST")),
            _ => Err(no_control()),
        }
    }

    /// A control of transfers.
    pub(super) fn control_transfers(
        &mut self,
        segments: &[&str],
        method: &Method,
        body: &[u8],
        now: Timestamp,
    ) -> Said {
        match (segments, method) {
            ([], &Method::GET) => Ok(self.book.transfer_settings()),
            ([], &Method::PUT) => {
                let settings = read(body)?;
                self.book.set_transfers(settings).map_err(Complaint::Bad)?;
                Ok(self.book.transfer_settings())
            }
            ([], _) => Err(Complaint::Method("GET, PUT")),
            ([number], &Method::GET) => {
                let number = decode(number)?;
                heard("transfer", &number, self.book.transfer_seen(&number, now))
            }
            ([_], _) => Err(Complaint::Method("GET")),
            ([number, "confirm"], &Method::POST) => {
                let number = decode(number)?;
                let said = self.book.confirm_transfer(&number, read(body)?, now);
                heard("transfer", &number, said)
            }
            ([_, "confirm"], _) => Err(Complaint::Method("POST")),
            _ => Err(no_control()),
        }
    }

    /// A control of payscore.
    pub(super) fn control_payscore(
        &mut self,
        segments: &[&str],
        method: &Method,
        body: &[u8],
        now: Timestamp,
    ) -> Said {
        match (segments, method) {
            ([], &Method::GET) => Ok(json!(self.book.service_settings())),
            ([], &Method::PUT) => {
                self.book.set_services(read(body)?);
                Ok(json!(self.book.service_settings()))
            }
            ([], _) => Err(Complaint::Method("GET, PUT")),
            (["orders", number], &Method::GET) => {
                let number = decode(number)?;
                heard("service", &number, self.book.service_seen(&number))
            }
            (["orders", _], _) => Err(Complaint::Method("GET")),
            (["orders", number, "confirm"], &Method::POST) => {
                let number = decode(number)?;
                let said = self.book.confirm_service(&number, read(body)?, now);
                heard("service", &number, said)
            }
            (["orders", number, "pay"], &Method::POST) => {
                let number = decode(number)?;
                heard("service", &number, self.book.pay_service(&number, now))
            }
            (["permissions", code, "confirm"], &Method::POST) => {
                let code = decode(code)?;
                let said = self.book.grant_permission(&code, read(body)?, now);
                heard("permission", &code, said)
            }
            (["orders", _, "confirm" | "pay"] | ["permissions", _, "confirm"], _) => {
                Err(Complaint::Method("POST"))
            }
            _ => Err(no_control()),
        }
    }

    /// A control of complaints.
    pub(super) fn control_complaints(
        &mut self,
        segments: &[&str],
        method: &Method,
        body: &[u8],
        now: Timestamp,
    ) -> Said {
        let ids = &mut self.ids;
        match (segments, method) {
            ([], &Method::GET) => Ok(self.book.complaints_seen()),
            ([], &Method::POST) => {
                let said = self.book.complain(read(body)?, now, ids);
                heard("paid order", "of that number", said)
            }
            ([id], &Method::GET) => {
                let id = decode(id)?;
                heard("complaint", &id, self.book.complaint_seen(&id))
            }
            ([id], &Method::POST) => {
                let id = decode(id)?;
                let said = self.book.complain_on(&id, read(body)?, now, ids);
                heard("complaint", &id, said)
            }
            ([] | [_], _) => Err(Complaint::Method("GET, POST")),
            _ => Err(no_control()),
        }
    }

    /// A control of coupons.
    pub(super) fn control_coupons(
        &mut self,
        segments: &[&str],
        method: &Method,
        body: &[u8],
        now: Timestamp,
    ) -> Said {
        match (segments, method) {
            ([], &Method::GET) => Ok(self.book.stocks_seen(now)),
            ([id], &Method::GET) => {
                let id = decode(id)?;
                heard("coupon", &id, self.book.coupon_seen(&id, now))
            }
            ([] | [_], _) => Err(Complaint::Method("GET")),
            ([id, "use"], &Method::POST) => {
                let id = decode(id)?;
                let said = self.book.use_coupon(&id, read(body)?, now);
                heard("coupon or order", &id, said)
            }
            ([_, "use"], _) => Err(Complaint::Method("POST")),
            _ => Err(no_control()),
        }
    }
}

fn heard(what: &str, number: &str, said: Result<Value, Unheard>) -> Said {
    said.map_err(|unheard| {
        let number = clip(number, 64);
        match unheard {
            Unheard::Unknown => Complaint::NotFound(format!("there is no {what} {number}")),
            Unheard::TooLate => Complaint::Conflict(format!(
                "the {what} {number} is in no state in which this can be done"
            )),
        }
    })
}

fn no_control() -> Complaint {
    Complaint::NotFound("there is no such control; GET /_sandbox/ lists them".to_owned())
}
