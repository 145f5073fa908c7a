//! Notifications: the book's events in an encrypted envelope, signed, and spoiled where asked to.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012791861>

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use serde_json::{Value, json};
use wxpay_json::DateTime;
use wxpay_sign::Timestamp;

use super::answer::{self, Tamper};
use super::book::{Book, Form, Outgoing};
use super::certificates::Keys;
use super::faults::{Faults, NotificationFault};
use super::random::Ids;
use super::{v1, v2};
use crate::identity::Identity;

/// A notification to be sent now.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// To be handed back with the result.
    pub id: u64,
    /// The request, its address absolute.
    pub request: Request<Bytes>,
    /// How long to wait before it is sent.
    pub delay: Duration,
}

/// So many attempts are remembered for those who look.
const MOST_REMEMBERED: usize = 200;
/// How long a notification waits to be overtaken, in milliseconds.
const OVERTAKEN_AFTER: u64 = 2_000;

/// The attempts under way and those that were.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    last: u64,
    under_way: BTreeMap<u64, Attempt>,
    past: VecDeque<Value>,
}

#[derive(Debug)]
struct Attempt {
    outgoing: String,
    /// Whether the answer decides about the event: not that of a duplicate.
    counts: bool,
    /// What was wrong with it on purpose; to take it for genuine is a mistake.
    spoiled: Option<NotificationFault>,
    url: String,
    event_type: String,
    form: Form,
}

/// What sealing needs.
#[derive(Debug)]
pub(crate) struct Tools<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) keys: &'a Keys,
    pub(crate) faults: &'a mut Faults,
    pub(crate) ids: &'a mut Ids,
    pub(crate) now: Timestamp,
}

impl Desk {
    /// Seals what the book wants sent.
    pub(crate) fn seal_all(&mut self, book: &mut Book, tools: &mut Tools<'_>) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let mut overtaken = Vec::new();
        for outgoing in book.due(tools.now) {
            let strike =
                |faults: &mut Faults, fault| faults.notification(fault, &outgoing.event_type);
            if strike(tools.faults, NotificationFault::Lose).is_some() {
                self.remember(
                    &outgoing.id,
                    &outgoing.url,
                    &outgoing.event_type,
                    Some(NotificationFault::Lose),
                    None,
                    tools.now,
                );
                book.delivered(&outgoing.id, false, tools.now);
                continue;
            }
            let possible: &[NotificationFault] = match outgoing.form {
                Form::V3 => &[
                    NotificationFault::Probe,
                    NotificationFault::WrongSignature,
                    NotificationFault::StaleTimestamp,
                    NotificationFault::UnknownSerial,
                ],
                Form::V2(_) | Form::V2Refund(_) | Form::V1(_) => {
                    &[NotificationFault::WrongSignature]
                }
            };
            let spoiled = possible
                .iter()
                .copied()
                .find(|fault| strike(tools.faults, *fault).is_some());
            let md5 = matches!(outgoing.form, Form::V2(signing) if signing.hmac)
                && strike(tools.faults, NotificationFault::NoticeMd5).is_some();
            let mut delay = strike(tools.faults, NotificationFault::Delay)
                .and_then(|fault| fault.milliseconds)
                .unwrap_or(0);
            let reorder = strike(tools.faults, NotificationFault::Reorder);
            if let Some(fault) = &reorder {
                delay = delay.saturating_add(fault.milliseconds.unwrap_or(OVERTAKEN_AFTER));
            }
            let copies =
                1 + usize::from(strike(tools.faults, NotificationFault::Duplicate).is_some());
            let body = match outgoing.form {
                Form::V3 => envelope(&outgoing, tools),
                Form::V2(_) | Form::V2Refund(_) | Form::V1(_) => Bytes::new(),
            };
            for copy in 0..copies {
                let request = match outgoing.form {
                    Form::V3 => seal(&outgoing, &body, spoiled, tools),
                    Form::V2(_) | Form::V2Refund(_) => {
                        v2::seal(&outgoing, spoiled, md5, tools.identity, tools.ids)
                    }
                    Form::V1(kind) => v1::seal(&outgoing, kind, spoiled.is_some(), tools),
                };
                let Some(request) = request else {
                    // No request can be made of this address: the schedule goes on in vain.
                    self.remember(
                        &outgoing.id,
                        &outgoing.url,
                        &outgoing.event_type,
                        None,
                        None,
                        tools.now,
                    );
                    book.delivered(&outgoing.id, false, tools.now);
                    break;
                };
                self.last += 1;
                self.under_way.insert(
                    self.last,
                    Attempt {
                        outgoing: outgoing.id.clone(),
                        counts: copy == 0,
                        spoiled,
                        url: outgoing.url.clone(),
                        event_type: outgoing.event_type.clone(),
                        form: outgoing.form,
                    },
                );
                let delivery = Delivery {
                    id: self.last,
                    request,
                    delay: Duration::from_millis(delay),
                };
                if reorder.is_some() {
                    &mut overtaken
                } else {
                    &mut deliveries
                }
                .push(delivery);
            }
        }
        // The last to be held back is the first to be let go.
        overtaken.reverse();
        deliveries.append(&mut overtaken);
        deliveries
    }

    /// Takes down how an attempt went.
    pub(crate) fn delivered(
        &mut self,
        book: &mut Book,
        id: u64,
        result: Result<&Response<Bytes>, ()>,
        now: Timestamp,
    ) {
        let Some(attempt) = self.under_way.remove(&id) else {
            return;
        };
        let taken = result.is_ok_and(|response| match attempt.form {
            Form::V3 => response.status().is_success(),
            Form::V2(_) | Form::V2Refund(_) => v2::is_taken(response),
            Form::V1(_) => v1::is_taken(response),
        });
        self.remember(
            &attempt.outgoing,
            &attempt.url,
            &attempt.event_type,
            attempt.spoiled,
            result
                .ok()
                .map(|response| (response.status(), taken, attempt.form)),
            now,
        );
        if attempt.counts {
            // Whatever the merchant said to a spoiled one, the genuine one is still to come.
            let taken = attempt.spoiled.is_none() && taken;
            book.delivered(&attempt.outgoing, taken, now);
        }
    }

    fn remember(
        &mut self,
        id: &str,
        url: &str,
        event_type: &str,
        spoiled: Option<NotificationFault>,
        answer: Option<(StatusCode, bool, Form)>,
        now: Timestamp,
    ) {
        let mut problems = Vec::new();
        let status = answer.map(|(status, _, _)| status);
        let taken = answer.map(|(_, taken, _)| taken);
        if let Some((status, false, form)) = answer
            && status.is_success()
        {
            let expected = match form {
                Form::V1(_) => "an answer to a notice of v1 is `success` and nothing else",
                _ => "an answer to a notice of v2 is XML whose return_code is SUCCESS",
            };
            problems.push(format!("not taken: {expected}"));
        }
        if let (Some(fault), Some(true)) = (spoiled, taken) {
            problems.push(format!(
                "the merchant took a notification that was spoiled on purpose ({}): verify before believing",
                fault.as_str()
            ));
        }
        self.past.push_back(json!({
            "id": id,
            "time": DateTime::beijing(now.as_unix()).to_string(),
            "url": url,
            "event_type": event_type,
            "fault": spoiled.map(NotificationFault::as_str),
            "status": status.map(|status| status.as_u16()),
            "problems": problems,
        }));
        while self.past.len() > MOST_REMEMBERED {
            self.past.pop_front();
        }
    }

    /// The attempts that were made, the newest last.
    pub(crate) fn to_json(&self) -> Value {
        self.past.iter().cloned().collect()
    }
}

/// The notification's body: the event, encrypted with the API v3 key.
fn envelope(outgoing: &Outgoing, tools: &mut Tools<'_>) -> Bytes {
    let nonce = tools.ids.alphanumeric(12);
    let plain = outgoing.event.to_string();
    let sealed = <&[u8; 12]>::try_from(nonce.as_bytes())
        .ok()
        .and_then(|nonce| {
            let aad = outgoing.original_type.as_bytes();
            tools
                .identity
                .apiv3_key()
                .seal(nonce, aad, plain.as_bytes())
                .ok()
        });
    let body = json!({
        "id": outgoing.id,
        "create_time": DateTime::beijing(outgoing.created.as_unix()).to_string(),
        "resource_type": "encrypt-resource",
        "event_type": outgoing.event_type,
        "summary": outgoing.summary,
        "resource": {
            "original_type": outgoing.original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": sealed.unwrap_or_default(),
            "associated_data": outgoing.original_type,
            "nonce": nonce,
        },
    });
    body.to_string().into()
}

fn seal(
    outgoing: &Outgoing,
    body: &Bytes,
    spoiled: Option<NotificationFault>,
    tools: &mut Tools<'_>,
) -> Option<Request<Bytes>> {
    let url: Uri = outgoing.url.parse().ok()?;
    url.authority()?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Mozilla/4.0"));
    answer::insert(
        &mut headers,
        answer::REQUEST_ID,
        &format!("{}-0", tools.ids.request_id()),
    );
    let tamper = match spoiled {
        Some(NotificationFault::Probe) => Some(Tamper::Probe),
        Some(NotificationFault::WrongSignature) => Some(Tamper::WrongSignature),
        Some(NotificationFault::StaleTimestamp) => Some(Tamper::StaleTimestamp),
        Some(NotificationFault::UnknownSerial) => Some(Tamper::UnknownSerial),
        _ => None,
    };
    let chosen = tools
        .keys
        .for_notification(tools.identity, tools.ids.fraction(), tools.now);
    answer::sign(&mut headers, body, &chosen, tools.ids, tools.now, tamper);
    let mut request = Request::new(body.clone());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    *request.headers_mut() = headers;
    Some(request)
}
