//! The payment notice: half in the query, half in the body, both signed.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use wxpay_json::{DateTime, Fen, open_enum};
use wxpay_sign::Timestamp;
use wxpay_xml::Limits;

use super::super::charset::Charset;
use super::super::error::VerificationError;
use super::super::merchant::Merchant;
use super::super::operation;
use super::super::package::{declared, fen};
use super::super::parameters::Parameters;
use super::{MAX_NOTICE_BYTES, NoticeError, Signed};

open_enum! {
    /// How a trade ended (交易状态).
    pub enum TradeState {
        /// Paid. Every other word is not.
        Paid = "0",
    }
}

open_enum! {
    /// How a trade is made (交易模式).
    pub enum TradeMode {
        /// At once (即时到账).
        Instant = "1",
    }
}

/// A payment notice (支付成功通知), both halves verified.
///
/// It is sent until the answer is [`success`](crate::v1::reply::success), so the same one may come again: store it by
/// [`transaction_id`](Self::transaction_id) first. That it is genuine does not say that it is about the right order and
/// the right amount; [`check`](Self::check) does.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PaymentNotice {
    /// Whether it was paid.
    pub trade_state: TradeState,
    /// How the trade is made.
    pub trade_mode: TradeMode,
    /// The Tenpay merchant number, which is ours.
    pub partner: String,
    /// The app id, which is ours.
    pub appid: String,
    /// The merchant's own number of the order (商户订单号).
    pub out_trade_no: String,
    /// WeChat Pay's number of the trade (交易单号).
    pub transaction_id: String,
    /// What was paid. With [`discount`](Self::discount) it is what the order costs.
    pub total_fee: Fen,
    /// What a discount took off (折扣价格).
    pub discount: Fen,
    /// What transport cost.
    pub transport_fee: Option<Fen>,
    /// What the goods cost.
    pub product_fee: Option<Fen>,
    /// The currency; `1` is CNY.
    pub fee_type: String,
    /// When it was paid (支付完成时间).
    pub time_end: Option<DateTime>,
    /// What the order's package had in `attach`.
    pub attach: Option<String>,
    /// The bank it was paid from, `WX` for the balance.
    pub bank_type: Option<String>,
    /// The bank's number of the trade.
    pub bank_billno: Option<String>,
    /// A text about the result, mostly empty.
    pub pay_info: Option<String>,
    /// With this the notice can be asked about at Tenpay (通知验证).
    pub notify_id: Option<String>,
    /// The payer's account, encrypted.
    pub buyer_alias: Option<String>,
    /// The charset of the query.
    pub charset: Charset,
    /// Who paid.
    pub openid: String,
    /// Whether they follow the official account.
    pub is_subscribe: bool,
    /// When the notice was made.
    pub timestamp: Timestamp,
    /// WeChat's nonce.
    pub nonce: String,
}

impl PaymentNotice {
    pub(crate) fn open(merchant: &Merchant, query: &str, body: &[u8]) -> Result<Self, NoticeError> {
        if query.len() > MAX_NOTICE_BYTES {
            return Err(NoticeError::TooLarge { len: query.len() });
        }
        let query = query.strip_prefix('?').unwrap_or(query);
        let params = Parameters::parse(query, true)?;
        if params
            .get("sign_type")
            .is_some_and(|kind| !kind.eq_ignore_ascii_case(b"MD5"))
        {
            return Err(NoticeError::Verification(VerificationError::Malformed {
                field: "sign_type",
            }));
        }
        params
            .verify(merchant.partner_key())
            .map_err(NoticeError::Verification)?;
        let charset = declared(params.get("input_charset")).map_err(NoticeError::Charset)?;
        let query = Query { params, charset };
        if query.text("partner")? != merchant.partner_id() {
            let field = "partner";
            return Err(NoticeError::Verification(
                VerificationError::OtherMerchant { field },
            ));
        }
        let signed = ["AppId", "IsSubscribe", "NonceStr", "OpenId", "TimeStamp"];
        let body = Signed::open(merchant, body, &signed, Limits::new())?;
        Ok(Self {
            trade_state: TradeState::from(query.text("trade_state")?),
            trade_mode: TradeMode::from(query.text("trade_mode")?),
            partner: query.text("partner")?,
            appid: body.text("AppId")?,
            out_trade_no: query.text("out_trade_no")?,
            transaction_id: query.text("transaction_id")?,
            total_fee: query
                .fen("total_fee")?
                .ok_or_else(|| missing("total_fee"))?,
            discount: query.fen("discount")?.unwrap_or(Fen::ZERO),
            transport_fee: query.fen("transport_fee")?,
            product_fee: query.fen("product_fee")?,
            fee_type: query.text("fee_type")?,
            time_end: query.time("time_end")?,
            attach: query.text_opt("attach")?,
            bank_type: query.text_opt("bank_type")?,
            bank_billno: query.text_opt("bank_billno")?,
            pay_info: query.text_opt("pay_info")?,
            notify_id: query.text_opt("notify_id")?,
            buyer_alias: query.text_opt("buyer_alias")?,
            charset,
            openid: body.text("OpenId")?,
            is_subscribe: body.flag("IsSubscribe")?,
            timestamp: body.seconds("TimeStamp")?,
            nonce: body.text("NonceStr")?,
        })
    }

    /// Whether it was paid: `trade_state` 0, and nothing else.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.trade_state == TradeState::Paid
    }

    /// Whether this is the order `expected`, paid in full: merchant, app, order number, state, currency, and what was
    /// paid together with the discount.
    ///
    /// # Errors
    ///
    /// The first field that differs.
    pub fn check(&self, expected: &ExpectedOrder) -> Result<(), OrderMismatch> {
        let same = OrderMismatch::compare;
        same("partner", &expected.partner, &self.partner)?;
        same("appid", &expected.appid, &self.appid)?;
        same("out_trade_no", &expected.out_trade_no, &self.out_trade_no)?;
        same(
            "trade_state",
            TradeState::Paid.as_str(),
            self.trade_state.as_str(),
        )?;
        same("fee_type", "1", &self.fee_type)?;
        let whole = self.total_fee.checked_add(self.discount);
        let whole = whole
            .map(|fen| fen.as_fen().to_string())
            .unwrap_or_default();
        let total = expected.total_fee.as_fen().to_string();
        same("total_fee", &total, &whole)
    }
}

fn missing(field: &'static str) -> NoticeError {
    NoticeError::decode(field, "the field is missing")
}

struct Query<'a> {
    params: Parameters<'a>,
    charset: Charset,
}

impl Query<'_> {
    fn get(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, NoticeError> {
        let bytes = self.params.get(name);
        let text = bytes.map(|bytes| self.charset.decode(name, bytes));
        text.transpose().map_err(NoticeError::Charset)
    }

    fn text_opt(&self, name: &'static str) -> Result<Option<String>, NoticeError> {
        Ok(self.get(name)?.map(Cow::into_owned))
    }

    fn text(&self, name: &'static str) -> Result<String, NoticeError> {
        self.text_opt(name)?.ok_or_else(|| missing(name))
    }

    fn fen(&self, name: &'static str) -> Result<Option<Fen>, NoticeError> {
        let Some(text) = self.get(name)? else {
            return Ok(None);
        };
        let fen = fen(&text)
            .ok_or_else(|| NoticeError::decode(name, "expected an amount in fen, digits only"))?;
        Ok(Some(fen))
    }

    fn time(&self, name: &'static str) -> Result<Option<DateTime>, NoticeError> {
        let text = self.get(name)?;
        let time = text.map(|text| operation::time(name, &text));
        time.transpose().map_err(NoticeError::Decode)
    }
}

/// An order as the merchant's own books have it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExpectedOrder {
    /// The Tenpay merchant number.
    pub partner: String,
    /// The app id.
    pub appid: String,
    /// The merchant's own number of the order.
    pub out_trade_no: String,
    /// What it costs, before any discount: the package's `total_fee`.
    pub total_fee: Fen,
}

impl ExpectedOrder {
    /// An order of this merchant's.
    pub fn new(merchant: &Merchant, out_trade_no: impl Into<String>, total_fee: Fen) -> Self {
        Self {
            partner: merchant.partner_id().to_owned(),
            appid: merchant.appid().to_owned(),
            out_trade_no: out_trade_no.into(),
            total_fee,
        }
    }
}

/// What was reported is not what was expected: do not deliver, look into it.
///
/// `Display` names the field and both values: `total_fee: expected 100, received 1`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrderMismatch {
    field: &'static str,
    expected: String,
    received: String,
}

impl OrderMismatch {
    /// Compares one field, both sides as they are written on the wire.
    ///
    /// # Errors
    ///
    /// Where they differ.
    pub fn compare(field: &'static str, expected: &str, received: &str) -> Result<(), Self> {
        if expected == received {
            return Ok(());
        }
        Err(Self {
            field,
            expected: expected.to_owned(),
            received: received.to_owned(),
        })
    }

    /// The field that differs.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// What was expected.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What was reported.
    #[must_use]
    pub fn received(&self) -> &str {
        &self.received
    }
}

impl fmt::Display for OrderMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, expected) = (self.field, &self.expected);
        write!(
            f,
            "{field}: expected {expected}, received {}",
            self.received
        )
    }
}

impl Error for OrderMismatch {}
