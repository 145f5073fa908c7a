//! Trade bills (交易账单).

use std::fmt;

use wxpay_json::{DateTime, Fen};

use crate::error::{Error, Wrong};
use crate::field::{amount, fee, time};
use crate::header::Header;
use crate::layout::sealed::{self, SummaryError};
use crate::layout::{Layout, lacks};
use crate::record::Record;
use crate::scan::NO_COLUMN;
use crate::summary::Summary;
use crate::value::fee::Fee;
use crate::value::time::Clock;
use crate::words::words;

/// A row of a trade bill (交易账单): a payment, a refund or a reversal.
///
/// The same rows are in the bills of all three generations: `GET /v3/bill/tradebill`
/// ([page](https://pay.weixin.qq.com/doc/v3/merchant/4013071227)) with `ALL`, `SUCCESS` and `REFUND`, and
/// `/pay/downloadbill` of v2, also in the older layout of 24 columns, in which 总金额 is the only amount of an order.
/// Amounts are fen, made from the yuan of the bill without rounding.
#[derive(Clone, Copy)]
pub struct Trade<'a> {
    record: Record<'a>,
    columns: &'a Columns,
    /// Seconds since the Unix epoch.
    trade_time: i64,
    /// 退款申请时间 and 退款成功时间, or [`NO_TIME`].
    refund_times: [i64; 2],
    amounts: Amounts,
    fee: Fee,
    /// Which of the amounts and the fee are there, a bit each.
    present: u8,
    is_success: bool,
}

/// No time of a bill: a time before any that can be written.
const NO_TIME: i64 = i64::MIN;

/// The amounts of a row, in the order of the constants of [`amounts`]; zero for what is not there.
///
/// Rows are handed out by value, so they are kept small.
type Amounts = [Fen; 6];

/// Which amount is where.
mod amounts {
    pub(super) const TOTAL: usize = 0;
    pub(super) const SETTLEMENT_TOTAL: usize = 1;
    pub(super) const COUPON: usize = 2;
    pub(super) const REFUND: usize = 3;
    pub(super) const REFUND_COUPON: usize = 4;
    pub(super) const REQUESTED: usize = 5;
    /// Only as a bit.
    pub(super) const FEE: usize = 6;
}

impl<'a> Trade<'a> {
    /// 交易时间: when it was paid, refunded or reversed. In a bill of refunds (`REFUND`), which has columns of its own
    /// for the times of refunds, when it was paid.
    #[must_use]
    pub fn trade_time(&self) -> DateTime {
        DateTime::beijing(self.trade_time)
    }

    /// 交易状态: what the row is.
    #[must_use]
    pub fn trade_state(&self) -> TradeState<'a> {
        TradeState::read(self.record.text(self.columns.trade_state))
    }

    /// 订单金额 (older: 总金额): what was ordered; zero in rows of refunds. `None` in layouts without the column.
    #[must_use]
    pub fn total(&self) -> Option<Fen> {
        self.amount(amounts::TOTAL)
    }

    /// 应结订单金额: the order less coupons the merchant is not paid for. `None` in layouts without the column.
    #[must_use]
    pub fn settlement_total(&self) -> Option<Fen> {
        self.amount(amounts::SETTLEMENT_TOTAL)
    }

    /// 代金券金额 (older: 代金券或立减优惠金额). `None` in layouts without the column.
    #[must_use]
    pub fn coupon_amount(&self) -> Option<Fen> {
        self.amount(amounts::COUPON)
    }

    /// 手续费: negative where it came back; 返还手续费 in bills of refunds of prepaid coupons (`RECHARGE_REFUND`).
    /// `None` in layouts without the column.
    #[must_use]
    pub fn fee(&self) -> Option<Fee> {
        self.has(amounts::FEE).then_some(self.fee)
    }

    /// 费率, as it is written: `0.60%`.
    #[must_use]
    pub fn rate(&self) -> &'a str {
        self.record.text(self.columns.rate)
    }

    /// 费率备注.
    #[must_use]
    pub fn rate_remark(&self) -> Option<&'a str> {
        self.record.optional(self.columns.rate_remark)
    }

    /// 公众账号ID.
    #[must_use]
    pub fn appid(&self) -> &'a str {
        self.record.text(self.columns.appid)
    }

    /// 商户号.
    #[must_use]
    pub fn mchid(&self) -> &'a str {
        self.record.text(self.columns.mchid)
    }

    /// 特约商户号 (older: 子商户号); none for a merchant without sub-merchants.
    #[must_use]
    pub fn sub_mchid(&self) -> Option<&'a str> {
        self.record.number(self.columns.sub_mchid)
    }

    /// 设备号.
    #[must_use]
    pub fn device_info(&self) -> Option<&'a str> {
        self.record.optional(self.columns.device_info)
    }

    /// 微信订单号.
    #[must_use]
    pub fn transaction_id(&self) -> &'a str {
        self.record.text(self.columns.transaction_id)
    }

    /// 商户订单号.
    #[must_use]
    pub fn out_trade_no(&self) -> &'a str {
        self.record.text(self.columns.out_trade_no)
    }

    /// 用户标识: the payer, as the application in [`appid`](Self::appid) knows them.
    #[must_use]
    pub fn openid(&self) -> &'a str {
        self.record.text(self.columns.openid)
    }

    /// 交易类型: `JSAPI`, `NATIVE`, `APP`, `MICROPAY`, `MWEB` …
    #[must_use]
    pub fn trade_type(&self) -> &'a str {
        self.record.text(self.columns.trade_type)
    }

    /// 付款银行: `OTHERS`, `ICBC_DEBIT` …
    #[must_use]
    pub fn bank_type(&self) -> &'a str {
        self.record.text(self.columns.bank_type)
    }

    /// 货币种类: `CNY`.
    #[must_use]
    pub fn currency(&self) -> &'a str {
        self.record.text(self.columns.currency)
    }

    /// 商品名称.
    #[must_use]
    pub fn description(&self) -> &'a str {
        self.record.text(self.columns.description)
    }

    /// 商户数据包.
    #[must_use]
    pub fn attach(&self) -> &'a str {
        self.record.text(self.columns.attach)
    }

    /// The refund or reversal, in rows of one.
    #[must_use]
    pub fn refund(&self) -> Option<TradeRefund<'a>> {
        if self.is_payment() {
            return None;
        }
        let [create_time, success_time] = self
            .refund_times
            .map(|time| (time != NO_TIME).then(|| DateTime::beijing(time)));
        Some(TradeRefund {
            create_time,
            success_time,
            refund_id: self.record.number(self.columns.refund_id),
            out_refund_no: self.record.number(self.columns.out_refund_no),
            amount: self.amount(amounts::REFUND),
            coupon_amount: self.amount(amounts::REFUND_COUPON),
            requested_amount: self.amount(amounts::REQUESTED),
            channel: RefundChannel::read(self.record.text(self.columns.channel)),
            status: RefundStatus::read(self.record.text(self.columns.status)),
        })
    }

    /// Whether the row is a payment, and not a refund or a reversal.
    #[inline]
    pub(crate) fn is_payment(&self) -> bool {
        self.is_success && matches!(self.record.bytes(self.columns.refund_id), b"0" | b"")
    }

    #[inline]
    fn amount(&self, index: usize) -> Option<Fen> {
        self.has(index).then(|| self.amounts[index])
    }

    fn has(&self, index: usize) -> bool {
        self.present & 1 << index != 0
    }

    /// The row as it is, for columns that have no method here.
    #[must_use]
    pub fn record(&self) -> Record<'a> {
        self.record
    }
}

/// A refund or a reversal in a trade bill.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TradeRefund<'a> {
    /// 退款申请时间; in bills of refunds only.
    pub create_time: Option<DateTime>,
    /// 退款成功时间; in bills of refunds only.
    pub success_time: Option<DateTime>,
    /// 微信退款单号.
    pub refund_id: Option<&'a str>,
    /// 商户退款单号.
    pub out_refund_no: Option<&'a str>,
    /// 退款金额: what left the merchant's account.
    pub amount: Option<Fen>,
    /// 充值券退款金额 (older: 代金券或立减优惠退款金额).
    pub coupon_amount: Option<Fen>,
    /// 申请退款金额: what was asked for, coupons included. `None` in layouts without the column.
    pub requested_amount: Option<Fen>,
    /// 退款类型.
    pub channel: RefundChannel<'a>,
    /// 退款状态.
    pub status: RefundStatus<'a>,
}

words! {
    /// What a row of a trade bill is (交易状态).
    TradeState {
        /// A payment.
        Success = "SUCCESS",
        /// A refund.
        Refund = "REFUND",
        /// A reversal (撤销) of a payment by code.
        Revoked = "REVOKED",
    }
}

words! {
    /// Where a refund goes (退款类型).
    RefundChannel {
        /// Back the way it was paid (原路退款).
        Original = "ORIGINAL",
        /// To the payer's balance (退回到余额).
        Balance = "BALANCE",
        /// To another balance, the account being out of order (原账户异常退到其他余额账户).
        OtherBalance = "OTHER_BALANCE",
        /// To another bank card (原银行卡异常退到其他银行卡).
        OtherBankcard = "OTHER_BANKCARD",
    }
}

words! {
    /// How far a refund is (退款状态).
    RefundStatus {
        /// The money is back.
        Success = "SUCCESS",
        /// It failed.
        Fail = "FAIL" | "FAILED",
        /// On its way.
        Processing = "PROCESSING",
        /// It needs to be done by hand (转入代发).
        Change = "CHANGE",
    }
}

impl fmt::Debug for Trade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trade")
            .field("line", &self.record.line)
            .field("record", &self.record)
            .finish()
    }
}

/// The summary of a trade bill (汇总). A sum is `None` where the summary has no such column.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct TradeSummary {
    /// 总交易单数: the number of rows.
    pub count: Option<u64>,
    /// 订单总金额.
    pub total: Option<Fen>,
    /// 应结订单总金额 (older: 总交易额).
    pub settlement_total: Option<Fen>,
    /// 退款总金额 (older: 总退款金额).
    pub refund: Option<Fen>,
    /// 充值券退款总金额 (older: 总代金券或立减优惠退款金额).
    pub coupon_refund: Option<Fen>,
    /// 申请退款总金额.
    pub requested_refund: Option<Fen>,
    /// 手续费总金额: what was paid less what came back.
    pub fee: Option<Fee>,
}

/// Trade bills (交易账单), as a kind of bill.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trades {}

impl Layout for Trades {}

/// Where the columns are.
#[derive(Debug)]
pub struct Columns {
    trade_time: u8,
    appid: u8,
    mchid: u8,
    sub_mchid: u8,
    device_info: u8,
    transaction_id: u8,
    out_trade_no: u8,
    openid: u8,
    trade_type: u8,
    trade_state: u8,
    bank_type: u8,
    currency: u8,
    /// In the order of the constants of [`amounts`].
    amounts: [u8; 6],
    create_time: u8,
    success_time: u8,
    refund_id: u8,
    out_refund_no: u8,
    channel: u8,
    status: u8,
    description: u8,
    attach: u8,
    fee: u8,
    rate: u8,
    rate_remark: u8,
}

/// What the rows add up to: fen, and thousandths of a fen.
#[derive(Debug, Default)]
pub struct Totals {
    count: u64,
    /// In the order of the constants of [`amounts`].
    amounts: [i128; 6],
    fee: i128,
}

impl sealed::Layout for Trades {
    type Row<'a> = Trade<'a>;
    type Summary = TradeSummary;
    type Columns = Columns;
    type Totals = Totals;

    fn columns(header: &Header) -> Result<Columns, Error> {
        for required in ["交易时间", "微信订单号", "商户订单号", "交易状态"] {
            if header.find(&[required]).is_none() {
                return Err(lacks("a trade bill", required));
            }
        }
        let at = |names: &[&str]| header.column(names);
        Ok(Columns {
            trade_time: at(&["交易时间"]),
            appid: at(&["公众账号ID"]),
            mchid: at(&["商户号"]),
            sub_mchid: at(&["特约商户号", "子商户号"]),
            device_info: at(&["设备号"]),
            transaction_id: at(&["微信订单号"]),
            out_trade_no: at(&["商户订单号"]),
            openid: at(&["用户标识"]),
            trade_type: at(&["交易类型"]),
            trade_state: at(&["交易状态"]),
            bank_type: at(&["付款银行"]),
            currency: at(&["货币种类"]),
            amounts: [
                at(&["订单金额", "总金额"]),
                at(&["应结订单金额"]),
                at(&["代金券金额", "代金券或立减优惠金额", "企业红包金额"]),
                at(&["退款金额"]),
                at(&[
                    "充值券退款金额",
                    "代金券或立减优惠退款金额",
                    "企业红包退款金额",
                ]),
                at(&["申请退款金额"]),
            ],
            create_time: at(&["退款申请时间"]),
            success_time: at(&["退款成功时间"]),
            refund_id: at(&["微信退款单号"]),
            out_refund_no: at(&["商户退款单号"]),
            channel: at(&["退款类型"]),
            status: at(&["退款状态"]),
            description: at(&["商品名称"]),
            attach: at(&["商户数据包"]),
            fee: at(&["手续费", "返还手续费"]),
            rate: at(&["费率"]),
            rate_remark: at(&["费率备注"]),
        })
    }

    fn is_summary(names: &Header) -> bool {
        names
            .find(&[
                "总交易单数",
                "订单总金额",
                "应结订单总金额",
                "手续费总金额",
                "返还手续费总金额",
            ])
            .is_some()
    }

    #[inline(always)]
    fn read<'a>(
        columns: &'a Columns,
        record: Record<'a>,
        clock: &mut Clock,
        totals: &mut Totals,
    ) -> Result<Trade<'a>, Wrong> {
        let mut amounts = Amounts::default();
        let mut present = 0;
        for (index, column) in columns.amounts.into_iter().enumerate() {
            if let Some(amount) = amount(record, column)? {
                amounts[index] = amount;
                present |= 1 << index;
            }
        }
        let fee = fee(record, columns.fee)?;
        if fee.is_some() {
            present |= 1 << amounts::FEE;
        }
        let fee = fee.unwrap_or_default();
        let trade_time = time(record, columns.trade_time, clock)?;
        let refund_times = if columns.success_time == NO_COLUMN {
            [NO_TIME; 2]
        } else {
            [
                optional_time(record, columns.create_time, clock)?,
                optional_time(record, columns.success_time, clock)?,
            ]
        };
        totals.add(&amounts, fee);
        // As an array, because comparing slices is a call.
        let state = <&[u8; 7]>::try_from(record.bytes(columns.trade_state));
        Ok(Trade {
            record,
            columns,
            trade_time: trade_time.as_unix(),
            refund_times,
            amounts,
            fee,
            present,
            is_success: state.is_ok_and(|state| state == b"SUCCESS"),
        })
    }

    fn summary(record: Record<'_>, totals: Option<&Totals>) -> Result<TradeSummary, SummaryError> {
        let summary = Summary(record);
        let sum = |index: usize| totals.map(|totals| totals.amounts[index]);
        let settlement_total = summary.fen(&["应结订单总金额"], sum(amounts::SETTLEMENT_TOTAL))?;
        Ok(TradeSummary {
            count: summary.count(&["总交易单数"], totals.map(|totals| totals.count))?,
            total: summary.fen(&["订单总金额"], sum(amounts::TOTAL))?,
            settlement_total: match settlement_total {
                Some(sum) => Some(sum),
                None => summary.fen(&["总交易额"], sum(amounts::TOTAL))?,
            },
            refund: summary.fen(&["退款总金额", "总退款金额"], sum(amounts::REFUND))?,
            coupon_refund: summary.fen(
                &[
                    "充值券退款总金额",
                    "总代金券或立减优惠退款金额",
                    "总企业红包退款金额",
                ],
                sum(amounts::REFUND_COUPON),
            )?,
            requested_refund: summary.fen(&["申请退款总金额"], sum(amounts::REQUESTED))?,
            fee: summary.fee(
                &["手续费总金额", "返还手续费总金额"],
                totals.map(|totals| totals.fee),
            )?,
        })
    }
}

impl Totals {
    #[inline]
    fn add(&mut self, amounts: &Amounts, fee: Fee) {
        self.count += 1;
        for (sum, amount) in self.amounts.iter_mut().zip(amounts) {
            *sum += i128::from(amount.as_fen());
        }
        self.fee += i128::from(fee.as_millifen());
    }
}

/// A time in seconds since the Unix epoch, or [`NO_TIME`].
fn optional_time(record: Record<'_>, column: u8, clock: &mut Clock) -> Result<i64, Wrong> {
    if record.bytes(column).is_empty() {
        Ok(NO_TIME)
    } else {
        time(record, column, clock).map(DateTime::as_unix)
    }
}
