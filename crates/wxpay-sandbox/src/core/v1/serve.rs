//! One request of v1 from its first fault to its answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode};

use super::{platform, tenpay};
use crate::core::Core;
use crate::core::answer::{self, Answer, Cut};
use crate::core::faults::AnswerFault;
use crate::core::gate::Incoming;
use crate::core::serve::Note;

/// What a path of v1 leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Interface {
    Token,
    GenPrepay,
    DeliverNotify,
    OrderQuery,
    FeedbackUpdate,
    Refund,
    RefundQuery,
    NotifyId,
    SimpleNotifyId,
    TradeQuery,
    Bill,
}

impl Interface {
    /// Whether it is one of Tenpay's.
    const fn is_tenpay(self) -> bool {
        matches!(
            self,
            Self::Refund
                | Self::RefundQuery
                | Self::NotifyId
                | Self::SimpleNotifyId
                | Self::TradeQuery
                | Self::Bill
        )
    }

    /// For the journal.
    const fn name(self) -> &'static str {
        match self {
            Self::Token => "v1.fetch_access_token",
            Self::GenPrepay => "v1.gen_prepay",
            Self::DeliverNotify => "v1.deliver_notify",
            Self::OrderQuery => "v1.order_query",
            Self::FeedbackUpdate => "v1.feedback_update",
            Self::Refund => "v1.tenpay_refund",
            Self::RefundQuery => "v1.tenpay_refund_query",
            Self::NotifyId => "v1.verify_notify_id",
            Self::SimpleNotifyId => "v1.simple_verify_notify_id",
            Self::TradeQuery => "v1.tenpay_order_query",
            Self::Bill => "v1.tenpay_bill_download",
        }
    }
}

/// Where a request leads, if it is one of v1.
pub(crate) fn route(incoming: &Incoming) -> Option<Interface> {
    Some(match incoming.uri.path() {
        "/cgi-bin/token" => Interface::Token,
        "/pay/genprepay" => Interface::GenPrepay,
        "/pay/delivernotify" => Interface::DeliverNotify,
        // v2 has this path as well, with XML and without a token.
        "/pay/orderquery" if is_platform(incoming) => Interface::OrderQuery,
        "/payfeedback/update" => Interface::FeedbackUpdate,
        "/refundapi/gateway/refund.xml" => Interface::Refund,
        "/gateway/normalrefundquery.xml" => Interface::RefundQuery,
        "/gateway/verifynotifyid.xml" => Interface::NotifyId,
        "/gateway/simpleverifynotifyid.xml" => Interface::SimpleNotifyId,
        "/gateway/normalorderquery.xml" => Interface::TradeQuery,
        "/cgi-bin/mchdown_real_new.cgi" => Interface::Bill,
        _ => return None,
    })
}

fn is_platform(incoming: &Incoming) -> bool {
    let query = incoming.uri.query().unwrap_or_default();
    query
        .split('&')
        .any(|piece| piece.starts_with("access_token="))
        || incoming.body.trim_ascii_start().starts_with(b"{")
}

impl Core {
    /// Answers a request of v1.
    pub(in crate::core) fn perform_v1(
        &mut self,
        interface: Interface,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Answer {
        note.operation = Some(interface.name());
        let latency = self.strike(AnswerFault::Latency, incoming, note);
        let delay = Duration::from_millis(latency.and_then(|it| it.milliseconds).unwrap_or(0));
        if self
            .strike(AnswerFault::DropBefore, incoming, note)
            .is_some()
        {
            note.problems
                .push("not looked at: the connection was cut on request".to_owned());
            return Answer {
                response: answer::bare(StatusCode::SERVICE_UNAVAILABLE, None, Bytes::new()),
                delay,
                cut: Some(Cut::DropBefore),
            };
        }
        let response = match self.spoil_v1(interface, incoming, note) {
            Some(response) => response,
            None => self.look_at_v1(interface, incoming, note),
        };
        let mut cut = None;
        if self
            .strike(AnswerFault::DropAfter, incoming, note)
            .is_some()
        {
            cut = Some(Cut::DropAfter);
        } else if let Some(fault) = self.strike(AnswerFault::TruncateBody, incoming, note) {
            let whole = response.body().len();
            cut = Some(Cut::Truncate(fault.bytes.unwrap_or(whole / 2).min(whole)));
        }
        Answer {
            response,
            delay,
            cut,
        }
    }

    /// An error made up on request, before the request is looked at or after it was carried out.
    fn spoil_v1(
        &mut self,
        interface: Interface,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Option<Response<Bytes>> {
        let faults = [
            AnswerFault::Status502,
            AnswerFault::HtmlPage,
            AnswerFault::EmptyBody,
            AnswerFault::Status429,
            AnswerFault::Status500,
        ];
        let (kind, fault) = faults
            .into_iter()
            .find_map(|kind| Some((kind, self.strike(kind, incoming, note)?)))?;
        if fault.processed == Some(true) {
            // Carried out all the same; the answer to it is lost.
            self.look_at_v1(interface, incoming, note);
        } else {
            note.problems
                .push("not looked at: an error was made up on request".to_owned());
        }
        Some(match kind {
            AnswerFault::Status502 => answer::bad_gateway(),
            AnswerFault::HtmlPage => answer::html_page(),
            AnswerFault::EmptyBody => answer::bare(StatusCode::OK, None, Bytes::new()),
            AnswerFault::Status429 => too_many(interface),
            _ if interface.is_tenpay() => tenpay::busy(),
            _ => platform::busy(),
        })
    }

    fn look_at_v1(
        &mut self,
        interface: Interface,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        if let Some(limit) = self.limits.over(incoming.uri.path(), incoming.now) {
            note.problems.push(limit.describe());
            return too_many(interface);
        }
        self.book.advance(incoming.now);
        let mut response = if interface.is_tenpay() {
            self.tenpay_v1(interface, incoming, note)
        } else {
            self.platform_v1(interface, incoming, note)
        };
        // Tokens are kept by nobody on the way.
        if interface == Interface::Token {
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}

fn too_many(interface: Interface) -> Response<Bytes> {
    if interface.is_tenpay() {
        tenpay::busy()
    } else {
        platform::too_many()
    }
}
