//! Fund flow bills (资金账单).

use std::fmt;

use wxpay_json::{DateTime, Fen};

use crate::error::{Error, Wrong};
use crate::field::{amount, time};
use crate::header::Header;
use crate::layout::sealed::{self, SummaryError};
use crate::layout::{Layout, lacks};
use crate::record::Record;
use crate::summary::Summary;
use crate::value::time::Clock;
use crate::words::words;

/// A row of a fund flow bill (资金账单): money that came to an account or left it.
///
/// `GET /v3/bill/fundflowbill` ([page](https://pay.weixin.qq.com/doc/v3/merchant/4013071232)), the encrypted bills of
/// sub-merchants ([page](https://pay.weixin.qq.com/doc/v3/partner/4014314390)), and `/pay/downloadfundflow` of v2.
#[derive(Clone, Copy)]
pub struct FundFlow<'a> {
    record: Record<'a>,
    columns: &'a Columns,
    booked_at: DateTime,
    direction: Direction<'a>,
    amount: Fen,
    balance: Option<Fen>,
}

impl<'a> FundFlow<'a> {
    /// 记账时间: when it was booked.
    #[must_use]
    pub fn booked_at(&self) -> DateTime {
        self.booked_at
    }

    /// 微信支付业务单号: number of what it was booked for; of a payment the 微信订单号, of a refund the 微信退款单号.
    #[must_use]
    pub fn business_id(&self) -> &'a str {
        self.record.text(self.columns.business_id)
    }

    /// 资金流水单号: number of the movement itself.
    #[must_use]
    pub fn flow_id(&self) -> &'a str {
        self.record.text(self.columns.flow_id)
    }

    /// 业务名称: 交易, 退款, 扣除交易手续费 …
    #[must_use]
    pub fn business_name(&self) -> &'a str {
        self.record.text(self.columns.business_name)
    }

    /// 业务类型.
    #[must_use]
    pub fn business_type(&self) -> &'a str {
        self.record.text(self.columns.business_type)
    }

    /// 收支类型.
    #[must_use]
    pub fn direction(&self) -> Direction<'a> {
        self.direction
    }

    /// 收支金额: how much moved.
    #[must_use]
    pub fn amount(&self) -> Fen {
        self.amount
    }

    /// 账户结余: what was on the account then.
    #[must_use]
    pub fn balance(&self) -> Option<Fen> {
        self.balance
    }

    /// 资金变更提交申请人: who asked for it.
    #[must_use]
    pub fn applicant(&self) -> &'a str {
        self.record.text(self.columns.applicant)
    }

    /// 备注. Line ends in it are written `\r` and `\n`, in two characters each.
    #[must_use]
    pub fn remark(&self) -> &'a str {
        self.record.text(self.columns.remark)
    }

    /// 业务凭证号: the number of the voucher, by which movements that belong together are found.
    #[must_use]
    pub fn voucher_id(&self) -> &'a str {
        self.record.text(self.columns.voucher_id)
    }

    /// The row as it is, for columns that have no method here.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }
}

words! {
    /// Which way money moved (收支类型).
    Direction {
        /// 收入: it came in.
        Income = "收入",
        /// 支出: it went out.
        Expense = "支出",
    }
}

impl fmt::Debug for FundFlow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FundFlow")
            .field("line", &self.record.line)
            .field("record", &self.record)
            .finish()
    }
}

/// The summary of a fund flow bill (汇总). A value is `None` where the summary has no such column.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct FundFlowSummary {
    /// 资金流水总笔数: the number of rows.
    pub count: Option<u64>,
    /// 收入笔数.
    pub income_count: Option<u64>,
    /// 收入金额.
    pub income: Option<Fen>,
    /// 支出笔数.
    pub expense_count: Option<u64>,
    /// 支出金额.
    pub expense: Option<Fen>,
}

/// Fund flow bills (资金账单), as a kind of bill.
#[derive(Debug)]
#[non_exhaustive]
pub enum FundFlows {}

impl Layout for FundFlows {}

/// Where the columns are.
#[derive(Debug)]
pub struct Columns {
    booked_at: u8,
    business_id: u8,
    flow_id: u8,
    business_name: u8,
    business_type: u8,
    direction: u8,
    amount: u8,
    balance: u8,
    applicant: u8,
    remark: u8,
    voucher_id: u8,
}

/// What the rows add up to, in fen.
#[derive(Debug, Default)]
pub struct Totals {
    count: u64,
    income_count: u64,
    income: i128,
    expense_count: u64,
    expense: i128,
}

impl sealed::Layout for FundFlows {
    type Row<'a> = FundFlow<'a>;
    type Summary = FundFlowSummary;
    type Columns = Columns;
    type Totals = Totals;

    fn columns(header: &Header) -> Result<Columns, Error> {
        for required in ["记账时间", "收支类型", "收支金额"] {
            if header.find(&[required]).is_none() {
                return Err(lacks("a fund flow bill", required));
            }
        }
        let at = |names: &[&str]| header.column(names);
        Ok(Columns {
            booked_at: at(&["记账时间"]),
            business_id: at(&["微信支付业务单号"]),
            flow_id: at(&["资金流水单号"]),
            business_name: at(&["业务名称"]),
            business_type: at(&["业务类型"]),
            direction: at(&["收支类型"]),
            amount: at(&["收支金额"]),
            balance: at(&["账户结余"]),
            applicant: at(&["资金变更提交申请人"]),
            remark: at(&["备注"]),
            voucher_id: at(&["业务凭证号"]),
        })
    }

    fn is_summary(names: &Header) -> bool {
        names
            .find(&["资金流水总笔数", "收入笔数", "支出笔数"])
            .is_some()
    }

    #[inline]
    fn read<'a>(
        columns: &'a Columns,
        record: Record<'a>,
        clock: &mut Clock,
        totals: &mut Totals,
    ) -> Result<FundFlow<'a>, Wrong> {
        let moved = amount(record, columns.amount)?.ok_or(Wrong {
            column: columns.amount,
            problem: "empty; an amount in yuan is missing",
        })?;
        let direction = Direction::read(record.text(columns.direction));
        let flow = FundFlow {
            booked_at: time(record, columns.booked_at, clock)?,
            direction,
            amount: moved,
            balance: amount(record, columns.balance)?,
            record,
            columns,
        };
        totals.count += 1;
        match direction {
            Direction::Income => {
                totals.income_count += 1;
                totals.income += i128::from(moved.as_fen());
            }
            Direction::Expense => {
                totals.expense_count += 1;
                totals.expense += i128::from(moved.as_fen());
            }
            Direction::Other(_) => {}
        }
        Ok(flow)
    }

    fn summary(
        record: Record<'_>,
        totals: Option<&Totals>,
    ) -> Result<FundFlowSummary, SummaryError> {
        let summary = Summary(record);
        Ok(FundFlowSummary {
            count: summary.count(&["资金流水总笔数"], totals.map(|totals| totals.count))?,
            income_count: summary.count(&["收入笔数"], totals.map(|totals| totals.income_count))?,
            income: summary.fen(&["收入金额"], totals.map(|totals| totals.income))?,
            expense_count: summary
                .count(&["支出笔数"], totals.map(|totals| totals.expense_count))?,
            expense: summary.fen(&["支出金额"], totals.map(|totals| totals.expense))?,
        })
    }
}
