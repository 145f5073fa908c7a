//! What the book keeps. No generation of the interface shows through here: orders of v1, v2 and v3
//! are the same orders. Times are Unix seconds on the sandbox's clock.

use serde::{Deserialize, Serialize};
use wxpay_json::Fen;

use super::v1::Terms;

/// 交易状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TradeState {
    Notpay,
    Userpaying,
    Success,
    Refund,
    Closed,
    Revoked,
    Payerror,
}

impl TradeState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Notpay => "NOTPAY",
            Self::Userpaying => "USERPAYING",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::Closed => "CLOSED",
            Self::Revoked => "REVOKED",
            Self::Payerror => "PAYERROR",
        }
    }

    /// `trade_state_desc`.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Notpay => "订单未支付",
            Self::Userpaying => "用户支付中，需要输入密码",
            Self::Success => "支付成功",
            Self::Refund => "订单发生过退款，退款详情请查询退款单",
            Self::Closed => "订单已关闭",
            Self::Revoked => "订单已撤销",
            Self::Payerror => "支付失败",
        }
    }

    /// Whether the payer's money came, and the order was not reversed.
    pub(crate) fn is_paid(self) -> bool {
        matches!(self, Self::Success | Self::Refund)
    }

    /// Whether the payer may still pay.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Notpay | Self::Userpaying)
    }
}

/// 交易类型.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum TradeType {
    Jsapi,
    App,
    Native,
    H5,
    Code,
}

impl TradeType {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::App => "APP",
            Self::Native => "NATIVE",
            Self::H5 => "MWEB",
            Self::Code => "MICROPAY",
        }
    }
}

/// Which interface somebody used, and so the form of the notifications that follow.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Generation {
    #[default]
    V3,
    V2(Signing),
    V1(Terms),
}

/// How a request of v2 was signed; answers and notices follow it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Signing {
    /// HMAC-SHA256 and not MD5.
    pub(crate) hmac: bool,
    /// With the sandbox key (沙箱密钥) and not the merchant's own.
    pub(crate) sandbox_key: bool,
}

/// Whose order it is: a merchant's own, or a provider's for its sub-merchant.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Owner {
    /// The merchant's appid, the provider's in partner mode.
    pub(crate) appid: Option<String>,
    /// The merchant's number, the provider's in partner mode.
    pub(crate) mchid: String,
    pub(crate) sub_appid: Option<String>,
    pub(crate) sub_mchid: Option<String>,
}

/// Who pays, under the appid and the sub-appid.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Payer {
    pub(crate) openid: Option<String>,
    pub(crate) sub_openid: Option<String>,
}

impl Payer {
    pub(crate) fn is_named(&self) -> bool {
        self.openid.is_some() || self.sub_openid.is_some()
    }

    /// The one name a bill has room for.
    pub(crate) fn shown(&self) -> &str {
        self.openid
            .as_deref()
            .or(self.sub_openid.as_deref())
            .unwrap_or_default()
    }
}

/// An order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Order {
    pub(crate) out_trade_no: String,
    /// The combine order it is a part of.
    pub(crate) combine: Option<String>,
    pub(crate) owner: Owner,
    pub(crate) trade_type: TradeType,
    pub(crate) description: String,
    pub(crate) attach: Option<String>,
    pub(crate) device_id: Option<String>,
    pub(crate) total: Fen,
    pub(crate) notify_url: Option<String>,
    /// Who was named when the order was placed.
    pub(crate) payer: Payer,
    /// What the order was placed with; the same number with something else is another order.
    pub(crate) fingerprint: String,
    pub(crate) created: i64,
    /// After this it cannot be paid.
    pub(crate) expires: i64,
    /// At this time it is closed by itself if nobody paid.
    pub(crate) closes: i64,
    pub(crate) state: TradeState,
    pub(crate) codes: Vec<Code>,
    /// The payer is typing a password and will be ready by then.
    pub(crate) typing_until: Option<i64>,
    /// The password will be wrong.
    #[serde(default)]
    pub(crate) typing_in_vain: bool,
    pub(crate) payment: Option<Payment>,
    /// When it was closed, or when the payment failed for good.
    pub(crate) ended: Option<i64>,
    pub(crate) reversal: Option<Reversal>,
    /// The refunds, by `out_refund_no`, in the order they were asked for.
    pub(crate) refunds: Vec<String>,
    /// How it was placed.
    #[serde(default)]
    pub(crate) generation: Generation,
    /// So many reversals ask to be called again before one is carried out.
    #[serde(default)]
    pub(crate) recalls: u8,
    /// Its money waits to be shared (分账).
    #[serde(default)]
    pub(crate) profit_sharing: bool,
}

/// When an order was placed, and what becomes of it if nobody pays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) created: i64,
    /// After this it cannot be paid.
    pub(crate) expires: i64,
    /// At this time it is closed by itself.
    pub(crate) closes: i64,
}

impl Order {
    /// An order of v3 that nobody has paid, with nothing but what every order has.
    pub(crate) fn new(
        out_trade_no: String,
        owner: Owner,
        trade_type: TradeType,
        description: String,
        total: Fen,
        fingerprint: String,
        span: Span,
    ) -> Self {
        Self {
            out_trade_no,
            combine: None,
            owner,
            trade_type,
            description,
            attach: None,
            device_id: None,
            total,
            notify_url: None,
            payer: Payer::default(),
            fingerprint,
            created: span.created,
            expires: span.expires,
            closes: span.closes,
            state: TradeState::Notpay,
            codes: Vec::new(),
            typing_until: None,
            typing_in_vain: false,
            payment: None,
            ended: None,
            reversal: None,
            refunds: Vec::new(),
            generation: Generation::V3,
            recalls: 0,
            profit_sharing: false,
        }
    }

    /// Whether it was placed by a provider, with the words of partner mode.
    pub(crate) fn is_partner(&self) -> bool {
        self.combine.is_none() && self.owner.sub_mchid.is_some()
    }

    /// When something happens to it without a call.
    pub(crate) fn wakes(&self) -> Option<i64> {
        if self.state.is_open() {
            return Some(self.typing_until.unwrap_or(self.closes).min(self.closes));
        }
        match self.generation {
            Generation::V1(terms) => terms.alarm,
            Generation::V3 | Generation::V2(_) => None,
        }
    }

    /// What of the payment is left when `refunds` are taken from it.
    pub(crate) fn left_after<'r>(&self, refunds: impl Iterator<Item = &'r Refund>) -> Fen {
        let taken = refunds
            .filter(|refund| refund.status != RefundStatus::Closed)
            .try_fold(Fen::ZERO, |sum, refund| sum.checked_add(refund.amount));
        taken
            .and_then(|taken| self.total.checked_sub(taken))
            .unwrap_or(Fen::ZERO)
    }
}

/// What a client of the payer starts a payment with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Code {
    pub(crate) prepay_id: String,
    /// What the links of a QR code and of H5 carry.
    pub(crate) token: String,
    pub(crate) good_until: i64,
}

/// A payment that succeeded.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Payment {
    pub(crate) transaction_id: String,
    pub(crate) at: i64,
    pub(crate) bank_type: String,
    pub(crate) payer: Payer,
}

/// A paid order given back as a whole (撤销).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Reversal {
    pub(crate) refund_id: String,
    pub(crate) at: i64,
}

/// Orders paid together (合单).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Combine {
    pub(crate) combine_out_trade_no: String,
    pub(crate) appid: String,
    pub(crate) mchid: String,
    /// Given at the payment.
    pub(crate) transaction_id: Option<String>,
    /// The sub-orders, by `out_trade_no`.
    pub(crate) orders: Vec<String>,
    pub(crate) device_id: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) trade_type: TradeType,
    pub(crate) payer: Payer,
    pub(crate) fingerprint: String,
    pub(crate) expires: i64,
    pub(crate) codes: Vec<Code>,
    /// How it was placed.
    #[serde(default)]
    pub(crate) generation: Generation,
}

/// 退款状态.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RefundStatus {
    Processing,
    Success,
    Abnormal,
    Closed,
}

impl RefundStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Abnormal => "ABNORMAL",
            Self::Closed => "CLOSED",
        }
    }
}

/// A refund.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Refund {
    pub(crate) out_refund_no: String,
    pub(crate) refund_id: String,
    pub(crate) out_trade_no: String,
    pub(crate) amount: Fen,
    /// From which accounts of the merchant, where it said so.
    pub(crate) from: Vec<(String, Fen)>,
    pub(crate) funds_account: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) notify_url: Option<String>,
    pub(crate) created: i64,
    pub(crate) status: RefundStatus,
    /// Where the money goes, in words for people.
    pub(crate) received_by: String,
    pub(crate) channel: String,
    /// When it ends, and how.
    pub(crate) coming: Option<(i64, RefundStatus)>,
    /// What it was, and since when; empty as long as it is what it was at first.
    #[serde(default)]
    pub(crate) past: Vec<(i64, RefundStatus)>,
    pub(crate) succeeded: Option<i64>,
    /// The part of the merchant's fee that comes back with it, settled when it was accepted.
    pub(crate) fee: Fen,
    /// Whether an abnormal refund was sent elsewhere.
    pub(crate) redirected: bool,
    /// How it was asked for.
    #[serde(default)]
    pub(crate) generation: Generation,
}

/// What becomes of refunds: a control for tests, the same for all refunds from then on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RefundScript {
    /// How a refund ends.
    pub(crate) outcome: RefundOutcome,
    /// After how many seconds of the sandbox's clock.
    pub(crate) delay_seconds: u32,
    /// Whether refunds are refused because the merchant's balance does not cover them.
    pub(crate) not_enough: bool,
}

impl Default for RefundScript {
    fn default() -> Self {
        Self {
            outcome: RefundOutcome::Success,
            delay_seconds: 1,
            not_enough: false,
        }
    }
}

/// How a refund ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RefundOutcome {
    Success,
    Abnormal,
    Closed,
}

impl From<RefundOutcome> for RefundStatus {
    fn from(outcome: RefundOutcome) -> Self {
        match outcome {
            RefundOutcome::Success => Self::Success,
            RefundOutcome::Abnormal => Self::Abnormal,
            RefundOutcome::Closed => Self::Closed,
        }
    }
}
