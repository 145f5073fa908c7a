//! The operations of API v1 (2014): the platform's JSON interfaces and Tenpay's.
//!
//! They are sent by a [`Merchant`](wxpay_proto::v1::Merchant) of v1. Packages, parameters for WeChat's clients and
//! notices are no operations: those are in [`wxpay_proto::v1`].

mod bill;
mod deliver;
mod feedback;
mod lenient;
mod order;
mod prepay;
mod refund;
mod refund_query;
mod trade;

use wxpay_json::check::{self, Alphabet, Check};

pub use bill::{BillKind, TenpayBill, TenpayBillDownload};
pub use deliver::DeliverNotify;
pub use feedback::FeedbackUpdate;
pub use order::{OrderInfo, OrderQuery};
pub use prepay::{GenPrepay, Prepaid};
pub use refund::{
    RefundChannel, RefundState, RefundStatus, RefundType, TenpayRefund, TenpayRefunded,
};
pub use refund_query::{RefundRef, TenpayRefundQuery, TenpayRefundRecord, TenpayRefunds};
pub use trade::{OrderRef, TenpayOrderQuery, TenpayTrade, VerifyNotifyId};
/// 获取access_token: `GET /cgi-bin/token`.
pub use wxpay_proto::v1::FetchAccessToken;

/// The merchant's own numbers: 1 to 32 letters and digits.
fn number(field: &'static str, value: &str) -> Check {
    check::bytes(field, value, 1, 32)?;
    check::alphabet(field, value, Alphabet::Alphanumeric)
}

/// WeChat Pay's numbers of trades and refunds: 1 to 32 letters and digits.
fn id(field: &'static str, value: &str) -> Check {
    number(field, value)
}
