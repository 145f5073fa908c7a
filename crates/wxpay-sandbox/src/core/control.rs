//! The sandbox's own controls under `/_sandbox/`: no signature, plain JSON both ways.

mod products;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::book::no_payout;
use super::certificates::{Rotation, Settings};
use super::{Core, Kept, answer, v1};

/// The largest body a control takes, in bytes.
const MOST_BYTES: usize = 64 << 10;

/// What the list of controls says.
const CONTROLS: &[&str] = &[
    "GET /_sandbox/orders/{out_trade_no}",
    "POST /_sandbox/orders/{out_trade_no}/pay",
    "GET /_sandbox/cashier?out_trade_no=",
    "GET, PUT /_sandbox/refunds",
    "GET, PUT /_sandbox/payouts",
    "GET /_sandbox/payouts/{number}",
    "GET, PUT /_sandbox/bills",
    "GET, POST /_sandbox/scans",
    "GET /_sandbox/scans/{id}",
    "POST /_sandbox/v1/jsapi",
    "POST /_sandbox/v1/app",
    "GET, POST /_sandbox/v1/rights",
    "GET, PUT /_sandbox/v1/settings",
    "DELETE /_sandbox/v1/token",
    "GET, DELETE /_sandbox/journal",
    "GET /_sandbox/notifications",
    "GET, PUT, DELETE /_sandbox/faults",
    "GET, PUT /_sandbox/limits",
    "GET, PUT /_sandbox/clock",
    "GET, PUT /_sandbox/keys",
    "POST /_sandbox/keys/rotate",
];

/// What a control says: a status and a JSON value, or what is wrong with the call.
type Said = Result<Value, Complaint>;

#[derive(Debug)]
enum Complaint {
    /// The call makes no sense as it is.
    Bad(String),
    NotFound(String),
    /// It makes sense, but not now.
    Conflict(String),
    Method(&'static str),
}

impl Core {
    pub(super) fn control(&mut self, request: &Request<Bytes>, real: Timestamp) -> Response<Bytes> {
        let now = self.clock.now(real);
        self.book.advance(now);
        let (status, value, allow) = match self.controlled(request, real, now) {
            Ok(value) => (StatusCode::OK, value, None),
            Err(complaint) => {
                let (status, code, message, allow) = match complaint {
                    Complaint::Bad(message) => {
                        (StatusCode::BAD_REQUEST, "BAD_REQUEST", message, None)
                    }
                    Complaint::NotFound(message) => {
                        (StatusCode::NOT_FOUND, "NOT_FOUND", message, None)
                    }
                    Complaint::Conflict(message) => {
                        (StatusCode::CONFLICT, "CONFLICT", message, None)
                    }
                    Complaint::Method(allow) => (
                        StatusCode::METHOD_NOT_ALLOWED,
                        "METHOD_NOT_ALLOWED",
                        format!("this control is called with {allow}"),
                        Some(allow),
                    ),
                };
                (status, json!({ "code": code, "message": message }), allow)
            }
        };
        let mut body = serde_json::to_string_pretty(&value).unwrap_or_default();
        body.push('\n');
        let mut response =
            answer::bare(status, Some("application/json; charset=utf-8"), body.into());
        if let Some(allow) = allow {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }

    fn controlled(&mut self, request: &Request<Bytes>, real: Timestamp, now: Timestamp) -> Said {
        let method = request.method();
        let body = request.body();
        if body.len() > MOST_BYTES {
            return Err(Complaint::Bad(format!(
                "the body has more than {MOST_BYTES} bytes"
            )));
        }
        let path = request
            .uri()
            .path()
            .strip_prefix("/_sandbox")
            .unwrap_or_default();
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        match (segments.as_slice(), method) {
            ([], &Method::GET) => Ok(self.status(real, now)),
            ([], _) => Err(Complaint::Method("GET")),
            (["orders", number], &Method::GET) => {
                let number = decode(number)?;
                self.book.order(&number).ok_or_else(|| no_order(&number))
            }
            (["orders", _], _) => Err(Complaint::Method("GET")),
            (["orders", number, "pay"], &Method::POST) => {
                let number = decode(number)?;
                let body = object(body)?;
                self.book
                    .pay(&number, &body, now, &mut self.ids)
                    .map_err(|failure| {
                        if failure.status == StatusCode::NOT_FOUND {
                            no_order(&number)
                        } else if failure.status == StatusCode::BAD_REQUEST
                            && failure.code == "PARAM_ERROR"
                        {
                            Complaint::Bad(failure.message)
                        } else {
                            Complaint::Conflict(failure.message)
                        }
                    })
            }
            (["orders", _, "pay"], _) => Err(Complaint::Method("POST")),
            (["journal"], &Method::GET) => Ok(self.journal.to_json()),
            (["journal"], &Method::DELETE) => {
                self.journal.clear();
                Ok(json!([]))
            }
            (["journal"], _) => Err(Complaint::Method("GET, DELETE")),
            (["faults"], &Method::GET) => Ok(self.faults.to_json()),
            (["faults"], &Method::PUT) => {
                self.faults.set(body).map_err(Complaint::Bad)?;
                Ok(self.faults.to_json())
            }
            (["faults"], &Method::DELETE) => {
                self.faults.set(b"{}").map_err(Complaint::Bad)?;
                Ok(self.faults.to_json())
            }
            (["faults"], _) => Err(Complaint::Method("GET, PUT, DELETE")),
            (["clock"], &Method::GET) => Ok(self.clock.to_json(real)),
            (["clock"], &Method::PUT) => {
                self.clock
                    .set(&object(body)?, real)
                    .map_err(Complaint::Bad)?;
                self.keep(Kept::Clock(self.clock.offset()));
                self.book.advance(self.clock.now(real));
                Ok(self.clock.to_json(real))
            }
            (["clock"], _) => Err(Complaint::Method("GET, PUT")),
            (["keys"], &Method::GET) => Ok(self.keys.to_json(&self.identity, now)),
            (["keys"], &Method::PUT) => {
                let settings: Settings = read(body)?;
                if settings
                    .public_key_notifications
                    .is_some_and(|percent| percent > 100)
                {
                    return Err(Complaint::Bad(
                        "public_key_notifications must be between 0 and 100, of a hundred"
                            .to_owned(),
                    ));
                }
                self.keys.settings = settings.clone();
                self.keep(Kept::Keys(settings));
                Ok(self.keys.to_json(&self.identity, now))
            }
            (["keys"], _) => Err(Complaint::Method("GET, PUT")),
            (["keys", "rotate"], &Method::POST) => {
                let rotation: Rotation = read(body)?;
                let changed = self
                    .keys
                    .rotate(&mut self.identity, &rotation, now)
                    .map_err(Complaint::Bad)?;
                for term in changed {
                    self.keep(Kept::Term(term));
                }
                Ok(self.keys.to_json(&self.identity, now))
            }
            (["keys", "rotate"], _) => Err(Complaint::Method("POST")),
            (["limits"], &Method::GET) => Ok(self.limits.to_json()),
            (["limits"], &Method::PUT) => {
                self.limits.set(read(body)?).map_err(Complaint::Bad)?;
                Ok(self.limits.to_json())
            }
            (["limits"], _) => Err(Complaint::Method("GET, PUT")),
            (["refunds"], &Method::GET) => Ok(json!(self.book.refund_script())),
            (["refunds"], &Method::PUT) => {
                self.book.set_refund_script(read(body)?);
                Ok(json!(self.book.refund_script()))
            }
            (["refunds"], _) => Err(Complaint::Method("GET, PUT")),
            (["bills"], &Method::GET) => Ok(json!(self.book.bill_settings())),
            (["bills"], &Method::PUT) => {
                self.book.set_bills(read(body)?).map_err(Complaint::Bad)?;
                Ok(json!(self.book.bill_settings()))
            }
            (["bills"], _) => Err(Complaint::Method("GET, PUT")),
            (["payouts"], &Method::GET) => Ok(json!(self.book.payout_script())),
            (["payouts"], &Method::PUT) => {
                let script = read(body)?;
                self.book
                    .set_payout_script(script)
                    .map_err(Complaint::Bad)?;
                Ok(json!(self.book.payout_script()))
            }
            (["payouts"], _) => Err(Complaint::Method("GET, PUT")),
            (["payouts", number], &Method::GET) => {
                let number = decode(number)?;
                let seen = self.book.payouts_seen(&number);
                seen.ok_or_else(|| Complaint::NotFound(no_payout(&number)))
            }
            (["payouts", _], _) => Err(Complaint::Method("GET")),
            (["scans"], &Method::GET) => Ok(self.scans.to_json()),
            (["scans"], &Method::POST) => {
                let wish = read(body)?;
                let (identity, ids) = (&self.identity, &mut self.ids);
                self.scans
                    .scan(wish, identity, ids, now)
                    .map_err(Complaint::Bad)
            }
            (["scans"], _) => Err(Complaint::Method("GET, POST")),
            (["scans", id], &Method::GET) => self
                .scans
                .get(id)
                .ok_or_else(|| Complaint::NotFound("there is no such scan".to_owned())),
            (["scans", _], _) => Err(Complaint::Method("GET")),
            (["profit-sharing", segments @ ..], method) => {
                self.control_sharing(segments, method, body, now)
            }
            (["transfers", segments @ ..], method) => {
                self.control_transfers(segments, method, body, now)
            }
            (["payscore", segments @ ..], method) => {
                self.control_payscore(segments, method, body, now)
            }
            (["complaints", segments @ ..], method) => {
                self.control_complaints(segments, method, body, now)
            }
            (["coupons", segments @ ..], method) => {
                self.control_coupons(segments, method, body, now)
            }
            (["v1", segments @ ..], method) => self
                .control_v1(segments, method, body, now)
                .map_err(|refused| match refused {
                    v1::Refused::Bad(problem) => Complaint::Bad(problem),
                    v1::Refused::NotFound => {
                        Complaint::NotFound("there is no such control of v1".to_owned())
                    }
                    v1::Refused::Method(methods) => Complaint::Method(methods),
                }),
            (["notifications"], &Method::GET) => Ok(self.desk.to_json()),
            (["notifications"], _) => Err(Complaint::Method("GET")),
            _ => Err(Complaint::NotFound(
                "there is no such control; GET /_sandbox/ lists them".to_owned(),
            )),
        }
    }

    fn status(&self, real: Timestamp, now: Timestamp) -> Value {
        json!({
            "appid": self.identity.appid(),
            "mchid": self.identity.mchid(),
            "serial_no": self.identity.merchant_certificate().serial_number().as_str(),
            "clock": self.clock.to_json(real),
            "keys": self.keys.to_json(&self.identity, now),
            "journal_entries": self.journal.len(),
            "controls": CONTROLS.iter().chain(products::CONTROLS).collect::<Vec<_>>(),
        })
    }
}

fn decode(segment: &str) -> Result<String, Complaint> {
    percent_decode_str(segment)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Complaint::Bad("the order number is not UTF-8".to_owned()))
}

fn no_order(number: &str) -> Complaint {
    Complaint::NotFound(format!(
        "there is no order {}",
        super::check::clip(number, 64)
    ))
}

/// A JSON object; nothing at all is taken for an empty one.
fn object(body: &[u8]) -> Result<Value, Complaint> {
    let value: Value = read_value(body)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Complaint::Bad("the body must be a JSON object".to_owned()))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Complaint> {
    let text: &[u8] = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(text).map_err(|error| Complaint::Bad(format!("the body: {error}")))
}

fn read_value(body: &[u8]) -> Result<Value, Complaint> {
    read(body)
}
