//! Where a request of v1 leads, and how it is answered.

use bytes::Bytes;
use http::Response;
use http::header::{self, HeaderValue};

use super::{platform, tenpay};
use crate::core::Core;
use crate::core::gate::Incoming;
use crate::core::serve::{MadeUp, Note, Service};

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

impl Service for Interface {
    type Outcome = Response<Bytes>;

    fn arrive(self, note: &mut Note) {
        note.operation = Some(self.name());
    }

    fn look_at(self, core: &mut Core, incoming: &Incoming, note: &mut Note) -> Response<Bytes> {
        core.look_at_v1(self, incoming, note)
    }

    fn make_up(
        self,
        _: &mut Core,
        made_up: MadeUp,
        _: Option<Response<Bytes>>,
        _: &Incoming,
        _: &mut Note,
    ) -> Response<Bytes> {
        match made_up {
            MadeUp::Foreign(response) => response,
            MadeUp::TooMany { .. } => too_many(self),
            MadeUp::Broken if self.is_tenpay() => tenpay::busy(),
            MadeUp::Broken => platform::busy(),
        }
    }

    /// Tenpay's answers come signed, the platform's never are.
    fn write(
        self,
        _: &mut Core,
        response: Response<Bytes>,
        _: &Incoming,
        _: &mut Note,
    ) -> Response<Bytes> {
        response
    }
}

impl Core {
    fn look_at_v1(
        &mut self,
        interface: Interface,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        if self.is_over_limit(incoming, note) {
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
