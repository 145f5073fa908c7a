//! The line between the two, and who sits on it.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use wxpay_proto::sign::{Signer, response_message};
use wxpay_proto::{PrivateKey, Timestamp};
use wxpay_sandbox::{Cut, Delivery};

use crate::world::World;

/// Faults after which an answer must not be believed.
const SPOILING: [&str; 5] = [
    "wrong_signature",
    "stale_timestamp",
    "unknown_serial",
    "missing_signature_headers",
    "signature_probe",
];

/// A notification on its way.
#[derive(Debug)]
pub(crate) struct Flight {
    delivery: Delivery,
    lands: Timestamp,
    number: u64,
    /// Which start of the core it is from.
    start: u64,
}

impl Flight {
    pub(crate) fn new(delivery: Delivery, now: Timestamp, number: u64, start: u64) -> Self {
        let delay = i64::try_from(delivery.delay.as_millis().div_ceil(1_000)).unwrap();
        Self {
            delivery,
            lands: now.saturating_add(delay),
            number,
            start,
        }
    }

    /// When it arrives, and which goes first of those that arrive together.
    pub(crate) const fn lands(&self) -> (Timestamp, u64) {
        (self.lands, self.number)
    }
}

/// What came back, with what only the simulation knows.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Nothing where the line was cut.
    pub(crate) response: Option<Response<Bytes>>,
    /// What the core said.
    genuine: Bytes,
    /// The core or the line made it so that it must not be believed.
    spoiled: bool,
}

impl Exchange {
    /// Believing this is right: the core said it, and nobody touched it.
    pub(crate) fn assert_believable(&self, path: &str) {
        assert!(!self.spoiled, "believed a spoiled answer to {path}");
        let body = self.response.as_ref().map(Response::body);
        assert_eq!(body, Some(&self.genuine), "{path}");
    }
}

impl World {
    /// A request there and an answer back, with the seconds it takes.
    pub(crate) fn exchange(&mut self, mut request: Request<Bytes>) -> Exchange {
        request
            .headers_mut()
            .insert("host", HeaderValue::from_static("sandbox.test"));
        self.control(Method::DELETE, "journal", &Value::Null);
        let now = self.now;
        let answer = self.core().handle(request, now);
        self.keep();
        let (_, journal) = self.control(Method::GET, "journal", &Value::Null);
        let faults = journal[0]["faults"].as_array().unwrap();
        let mut spoiled = faults
            .iter()
            .any(|fault| SPOILING.iter().any(|spoiling| fault == spoiling));
        let mut response = answer.response;
        let genuine = response.body().clone();
        if self.chance(self.mischief) {
            let before = (response.status(), response.body().clone());
            response = self.forged(response);
            spoiled |= before != (response.status(), response.body().clone());
        }
        let response = match answer.cut {
            None => Some(response),
            // One who cannot count must still not believe it.
            Some(Cut::Truncate(bytes)) if bytes < response.body().len() => {
                spoiled = true;
                Some(response.map(|body| body.slice(..bytes)))
            }
            Some(Cut::Truncate(_)) => Some(response),
            Some(_) => None,
        };
        let seconds = self.below(3);
        self.run_for(seconds);
        Exchange {
            response,
            genuine,
            spoiled,
        }
    }

    fn forged(&mut self, response: Response<Bytes>) -> Response<Bytes> {
        let text = String::from_utf8_lossy(response.body()).into_owned();
        match self.below(3) {
            // What a thief would like.
            0 => response.map(|_| text.replace("NOTPAY", "SUCCESS").into()),
            1 => response.map(|_| text.replacen('1', "2", 1).into()),
            _ => {
                let body = json!({ "code": "ORDER_CLOSED", "message": "订单已关闭" });
                Response::builder()
                    .status(StatusCode::BAD_REQUEST)
                    .header("content-type", "application/json")
                    .body(body.to_string().into())
                    .unwrap()
            }
        }
    }

    /// A notification arrives, or does not.
    pub(crate) fn land(&mut self, flight: Flight) {
        let (headers, body) = {
            let request = &flight.delivery.request;
            (request.headers().clone(), request.body().clone())
        };
        let told = if self.chance(self.mischief) {
            match self.below(3) {
                // The merchant is down, or takes it and its answer gets lost.
                0 => Err(()),
                1 => {
                    self.notified(&headers, &body);
                    Err(())
                }
                _ => {
                    self.forge_notification(&flight.delivery.request);
                    Ok(self.notified(&headers, &body))
                }
            }
        } else {
            Ok(self.notified(&headers, &body))
        };
        // Somebody has listened and sends it once more, now or when it is too late.
        if self.chance(self.mischief / 2.0) {
            let seconds = self.below(600);
            self.run_for(seconds);
            self.notified(&headers, &body);
        }
        if flight.start == self.starts {
            let now = self.now;
            let told = told.map(|status| {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = status;
                response
            });
            self.core()
                .delivered(flight.delivery.id, told.as_ref().or(Err(())), now);
            self.keep();
        }
    }

    /// Somebody without the platform's key tells of a payment.
    fn forge_notification(&mut self, genuine: &Request<Bytes>) {
        let mut headers = genuine.headers().clone();
        let mut body = genuine.body().to_vec();
        let at = body.len() / 2;
        body[at] ^= 1;
        if self.chance(0.5) {
            let key: PrivateKey = self.core().identity().merchant_private_key().clone();
            let text = |name: &str| headers[name].to_str().unwrap().to_owned();
            let message = response_message(
                &text("wechatpay-timestamp"),
                &text("wechatpay-nonce"),
                &body,
            );
            let signature = key.sign(&message).unwrap().to_base64();
            headers.insert("wechatpay-signature", signature.parse().unwrap());
        }
        let status = self.notified(&headers, &body);
        assert!(!status.is_success(), "took a forged notification");
    }
}
