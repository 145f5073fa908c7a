//! Tenpay's bills.

use std::fmt;

use wxpay_json::{Date, DecodeError, open_enum};
use wxpay_proto::Idempotency;
use wxpay_proto::v1::{Form, Host, Operation, OperationInfo, Reply, ReplyForm, Request, Signing};

open_enum! {
    /// Which trades a bill lists (`mchtype`).
    pub enum BillKind {
        /// All.
        All = "0",
        /// Those that were paid.
        Paid = "1",
        /// Those that were paid back.
        Refunded = "2",
    }
}

/// Fetches the bill of a day (对账单下载): `GET /cgi-bin/mchdown_real_new.cgi` of `mch.tenpay.com`.
///
/// Old programs fetch it without TLS; this one does not.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenpayBillDownload {
    /// Of which day, in Beijing.
    pub date: Date,
    /// Which trades.
    pub kind: BillKind,
}

impl TenpayBillDownload {
    /// Of this day.
    #[must_use]
    pub const fn new(date: Date, kind: BillKind) -> Self {
        Self { date, kind }
    }
}

impl Request for TenpayBillDownload {
    fn info(&self) -> OperationInfo {
        let (name, path) = ("v1.tenpay_bill_download", "/cgi-bin/mchdown_real_new.cgi");
        OperationInfo::tenpay(name, Host::TenpayMerchant, path, Idempotency::Safe)
            .signing(Signing::PartnerKeyInOrder)
            .reply(ReplyForm::Text)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        // The signature is over this order.
        form.partner("spid");
        form.date("trans_time", self.date);
        form.timestamp_millis("stamp");
        form.text("cft_signtype", "0");
        form.text("mchtype", self.kind.as_str());
    }
}

impl Operation for TenpayBillDownload {
    type Response = TenpayBill;

    fn read(&self, reply: &Reply) -> Result<TenpayBill, DecodeError> {
        Ok(TenpayBill(reply.file().to_owned()))
    }
}

/// The bill of a day. It is not signed: the TLS connection is all there is to believe.
#[derive(Clone, Eq, PartialEq)]
pub struct TenpayBill(String);

impl TenpayBill {
    /// The whole text. `wxpay-bill` reads it into typed rows, or into rows by column names.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The lines of values, each with its columns, without the back-tick that stands before each of them to keep
    /// spreadsheets from reading numbers. Lines of headings have none and are left out.
    pub fn rows(&self) -> impl Iterator<Item = Vec<&str>> {
        let rows = self.0.lines().filter_map(|line| line.strip_prefix('`'));
        rows.map(|line| line.split(",`").collect())
    }
}

impl fmt::Debug for TenpayBill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenpayBill({} bytes)", self.0.len())
    }
}
