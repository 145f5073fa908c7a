//! Profit sharing bills (分账账单).

use std::fmt;

use wxpay_json::{DateTime, Fen};

use crate::error::{Error, Wrong};
use crate::field::{amount, time};
use crate::header::Header;
use crate::layout::sealed::{self, SummaryError};
use crate::layout::{Layout, by_name, lacks};
use crate::record::Record;
use crate::value::time::Clock;

/// A row of a profit sharing bill (分账账单): a share that was paid, or that came back (回退). Those that failed are in
/// no bill.
///
/// `GET /v3/profitsharing/bills` ([page](https://pay.weixin.qq.com/doc/v3/merchant/4012529628)). Until January 2025
/// some fields lacked the back-tick before them; such rows are read as well, as long as no value holds a comma.
#[derive(Clone, Copy)]
pub struct ProfitSharing<'a> {
    record: Record<'a>,
    columns: &'a Columns,
    time: DateTime,
    order_amount: Option<Fen>,
    amount: Fen,
}

impl<'a> ProfitSharing<'a> {
    /// 分账时间.
    #[must_use]
    pub fn time(&self) -> DateTime {
        self.time
    }

    /// 分账发起方: the merchant who asked for it.
    #[must_use]
    pub fn initiator(&self) -> &'a str {
        self.record.text(self.columns.initiator)
    }

    /// 分账方: the merchant whose money is shared.
    #[must_use]
    pub fn sharer(&self) -> &'a str {
        self.record.text(self.columns.sharer)
    }

    /// 微信订单号.
    #[must_use]
    pub fn transaction_id(&self) -> &'a str {
        self.record.text(self.columns.transaction_id)
    }

    /// 微信分账/回退单号.
    #[must_use]
    pub fn order_id(&self) -> &'a str {
        self.record.text(self.columns.order_id)
    }

    /// 分账明细单号.
    #[must_use]
    pub fn detail_id(&self) -> &'a str {
        self.record.text(self.columns.detail_id)
    }

    /// 商户分账/回退单号.
    #[must_use]
    pub fn out_order_no(&self) -> &'a str {
        self.record.text(self.columns.out_order_no)
    }

    /// 订单金额: of the order that is shared.
    #[must_use]
    pub fn order_amount(&self) -> Option<Fen> {
        self.order_amount
    }

    /// 分账接收方.
    #[must_use]
    pub fn receiver(&self) -> &'a str {
        self.record.text(self.columns.receiver)
    }

    /// 金额: the share.
    #[must_use]
    pub fn amount(&self) -> Fen {
        self.amount
    }

    /// 业务类型: whether it is a share or a return, in words that are not published.
    #[must_use]
    pub fn business_type(&self) -> &'a str {
        self.record.text(self.columns.business_type)
    }

    /// 处理状态.
    #[must_use]
    pub fn status(&self) -> &'a str {
        self.record.text(self.columns.status)
    }

    /// 备注, 分账描述.
    #[must_use]
    pub fn description(&self) -> &'a str {
        self.record.text(self.columns.description)
    }

    /// The row as it is, for columns that have no method here.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }
}

impl fmt::Debug for ProfitSharing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfitSharing")
            .field("line", &self.record.line)
            .field("record", &self.record)
            .finish()
    }
}

/// Profit sharing bills (分账账单), as a kind of bill. Its summary is given by column names and not compared with the
/// rows: which columns it has is not published. So only the [hash](crate::Bill::hash) tells that a file was cut off
/// within the last value of its summary.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProfitSharings {}

impl Layout for ProfitSharings {}

/// Where the columns are.
#[derive(Debug)]
pub struct Columns {
    time: u8,
    initiator: u8,
    sharer: u8,
    transaction_id: u8,
    order_id: u8,
    detail_id: u8,
    out_order_no: u8,
    order_amount: u8,
    receiver: u8,
    amount: u8,
    business_type: u8,
    status: u8,
    description: u8,
}

const AMOUNT: [&str; 2] = ["分账金额", "金额"];
const RECEIVER: [&str; 1] = ["分账接收方"];

impl sealed::Layout for ProfitSharings {
    type Row<'a> = ProfitSharing<'a>;
    type Summary = Vec<(String, String)>;
    type Columns = Columns;
    type Totals = ();
    const BARE: bool = true;

    fn columns(header: &Header) -> Result<Columns, Error> {
        for required in [&["分账时间"][..], &RECEIVER, &AMOUNT] {
            if header.find(required).is_none() {
                return Err(lacks("a profit sharing bill", required[0]));
            }
        }
        let at = |names: &[&str]| header.column(names);
        Ok(Columns {
            time: at(&["分账时间"]),
            initiator: at(&["分账发起方"]),
            sharer: at(&["分账方", "分账出资方"]),
            transaction_id: at(&["微信订单号"]),
            order_id: at(&["微信分账/回退单号", "微信分账单号"]),
            detail_id: at(&["分账明细单号", "微信分账明细单号"]),
            out_order_no: at(&["商户分账/回退单号", "商户分账单号"]),
            order_amount: at(&["订单金额"]),
            receiver: at(&RECEIVER),
            amount: at(&AMOUNT),
            business_type: at(&["业务类型"]),
            status: at(&["处理状态"]),
            description: at(&["分账描述", "备注"]),
        })
    }

    #[inline]
    fn read<'a>(
        columns: &'a Columns,
        record: Record<'a>,
        clock: &mut Clock,
        (): &mut (),
    ) -> Result<ProfitSharing<'a>, Wrong> {
        Ok(ProfitSharing {
            time: time(record, columns.time, clock)?,
            order_amount: amount(record, columns.order_amount)?,
            amount: amount(record, columns.amount)?.ok_or(Wrong {
                column: columns.amount,
                problem: "empty; an amount in yuan is missing",
            })?,
            record,
            columns,
        })
    }

    fn summary(record: Record<'_>, _totals: Option<&()>) -> Result<Self::Summary, SummaryError> {
        Ok(by_name(record))
    }
}
