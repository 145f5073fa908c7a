//! The book as the interfaces of v2 (XML) see it: the same orders and refunds under other names.

mod code;
mod combine;
mod order;
mod payout;
mod refund;

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;
use wxpay_json::Fen;
use wxpay_sign::Timestamp;

use super::model::{Generation, Order, Owner, Signing};
use super::payout::Kind;
use super::{Book, Flaws, text};
use crate::core::call::{Failure, numeric};
use crate::core::random::Ids;
use crate::core::v2::wire::Pairs;

pub(crate) use self::code::is_negative_test;
pub(super) use self::combine::notice as combine_notice;
pub(super) use self::order::payment_notice;
pub(super) use self::refund::notice as refund_notice;

/// A request that was signed rightly and whose fields hold what the catalogue says.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    /// The path of the interface, without the prefix of a sandbox.
    pub(crate) path: &'a str,
    /// The fields that are not empty, encrypted ones in the clear.
    pub(crate) fields: &'a Pairs,
    pub(crate) signing: Signing,
    /// What the header `Wechatpay-Negative-Test` asks for.
    pub(crate) negative_test: Option<&'a str>,
    /// Scheme and authority under which the sandbox was reached, such as `http://127.0.0.1:9470`.
    pub(crate) base_url: &'a str,
    /// The sandbox's time.
    pub(crate) now: Timestamp,
    /// What is to be wrong with a bill.
    pub(crate) flaws: Flaws,
}

/// What the book answers.
#[derive(Debug)]
pub(crate) enum Said {
    /// Fields to be signed.
    Fields(Pairs),
    /// A file in the place of an answer.
    File {
        body: Bytes,
        gzip: bool,
        /// The value of the header `Digest`.
        digest: Option<String>,
    },
}

/// A refusal (`result_code` FAIL).
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// What stands beside the error.
    pub(crate) also: Pairs,
}

impl Refusal {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            also: Pairs::default(),
        }
    }

    pub(crate) fn param_error(message: impl Into<String>) -> Self {
        Self::new("PARAM_ERROR", message)
    }

    pub(crate) fn lack(field: &str) -> Self {
        Self::new("LACK_PARAMS", format!("缺少参数：{field}"))
    }

    pub(crate) fn system_error() -> Self {
        Self::new("SYSTEMERROR", "系统超时，请用相同参数重新调用")
    }

    fn no_order() -> Self {
        Self::new("ORDERNOTEXIST", "订单不存在")
    }

    fn number_used() -> Self {
        Self::new(
            "OUT_TRADE_NO_USED",
            "商户订单号重复，且参数与首次请求时不一致",
        )
    }
}

impl From<Failure> for Refusal {
    /// The words of v3 in those of v2.
    fn from(failure: Failure) -> Self {
        if failure.numeric == numeric::REENTRY {
            return Self::number_used();
        }
        let code = match failure.code {
            "ORDER_PAID" => "ORDERPAID",
            "ORDER_CLOSED" => "ORDERCLOSED",
            "ORDER_NOT_EXIST" => "ORDERNOTEXIST",
            "NO_AUTH" => "NOAUTH",
            "NOT_ENOUGH" => "NOTENOUGH",
            "SYSTEM_ERROR" => "SYSTEMERROR",
            "RULE_LIMIT" => "RULELIMIT",
            code => code,
        };
        Self::new(code, failure.message)
    }
}

impl Book {
    /// Carries out one call of v2; nothing where the sandbox has no model of the interface.
    pub(crate) fn ask(&mut self, ask: &Ask<'_>, ids: &mut Ids) -> Result<Option<Said>, Refusal> {
        self.advance(ask.now);
        let fields = match ask.path {
            "/pay/unifiedorder" => self.unified_order(ask, ids)?,
            "/pay/orderquery" => self.v2_order_query(ask)?,
            "/pay/closeorder" => self.v2_close(ask)?,
            "/pay/micropay" => self.micropay(ask)?,
            "/secapi/pay/reverse" => self.v2_reverse(ask, ids)?,
            "/secapi/pay/refund" | "/secapi/pay/refundv2" => self.v2_refund(ask, ids)?,
            "/pay/refundquery" | "/pay/refundqueryv2" => self.v2_refund_query(ask)?,
            "/pay/combinedorder" => self.combined_order(ask, ids)?,
            "/pay/querycombinedorder" => self.combined_query(ask)?,
            "/pay/closecombinedorder" => self.combined_close(ask)?,
            "/mmpaymkttransfers/sendredpack"
            | "/mmpaymkttransfers/sendgroupredpack"
            | "/mmpaymkttransfers/sendminiprogramhb"
            | "/mmpaymkttransfers/sendworkwxredpack" => self.pay_out(Kind::RedPacket, ask, ids)?,
            "/mmpaymkttransfers/gethbinfo" | "/mmpaymkttransfers/queryworkwxredpack" => {
                self.red_packet_query(ask)?
            }
            "/mmpaymkttransfers/promotion/transfers" => self.pay_out(Kind::Transfer, ask, ids)?,
            "/mmpaymkttransfers/gettransferinfo" => self.transfer_query(Kind::Transfer, ask)?,
            "/mmpaymkttransfers/promotion/paywwsptrans2pocket" => {
                self.pay_out(Kind::Employee, ask, ids)?
            }
            "/mmpaymkttransfers/promotion/querywwsptrans2pocket" => {
                self.transfer_query(Kind::Employee, ask)?
            }
            "/mmpaysptrans/pay_bank" => self.pay_out(Kind::Bank, ask, ids)?,
            "/mmpaysptrans/query_bank" => self.bank_query(ask)?,
            "/pay/downloadbill" => return self.v2_trade_bill(ask).map(Some),
            "/pay/downloadfundflow" => return self.v2_fund_flow(ask).map(Some),
            _ => return Ok(None),
        };
        Ok(Some(Said::Fields(fields)))
    }

    /// The order a `prepay_id` was given out for, if it is still good.
    pub(crate) fn order_of_prepay(&self, prepay_id: &str, now: Timestamp) -> Option<String> {
        let good = |code: &super::model::Code| {
            code.prepay_id == prepay_id && now.as_unix() <= code.good_until
        };
        let mut orders = self.store.orders();
        let order = orders.find(|order| order.codes.iter().any(good))?;
        Some(order.out_trade_no.clone())
    }

    /// Whose order it is. The gate has seen that nobody else is named.
    fn v2_owner(&self, ask: &Ask<'_>) -> Owner {
        let text = |name| ask.fields.get(name).map(str::to_owned);
        let sub_mchid = text("sub_mch_id");
        Owner {
            appid: text("appid"),
            mchid: self.parties.mchid.clone(),
            sub_appid: sub_mchid.as_ref().and_then(|_| text("sub_appid")),
            sub_mchid,
        }
    }

    /// The order a request names, by WeChat Pay's number before the merchant's own, if it is the
    /// caller's.
    fn v2_order(&self, ask: &Ask<'_>) -> Result<&Order, Refusal> {
        let order = match (
            ask.fields.get("transaction_id"),
            ask.fields.get("out_trade_no"),
        ) {
            (Some(id), number) => {
                let order = self.store.order_by_transaction(id);
                let order = order.ok_or_else(|| {
                    if id.len() == 28 && id.bytes().all(|byte| byte.is_ascii_digit()) {
                        Refusal::no_order()
                    } else {
                        Refusal::new("INVALID_TRANSACTIONID", "无效的transaction_id")
                    }
                })?;
                if number.is_some_and(|number| number != order.out_trade_no) {
                    return Err(Refusal::new(
                        "INVALID_REQUEST",
                        "transaction_id与out_trade_no不是同一笔订单",
                    ));
                }
                order
            }
            (None, Some(number)) => self.store.order(number).ok_or_else(Refusal::no_order)?,
            (None, None) => return Err(Refusal::lack("transaction_id或out_trade_no")),
        };
        let given = ask.fields.get("sub_mch_id");
        super::order::of_sub_merchant(order, given)?;
        Ok(order)
    }
}

impl Ask<'_> {
    fn now(&self) -> i64 {
        self.now.as_unix()
    }

    fn generation(&self) -> Generation {
        Generation::V2(self.signing)
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.fields.get(name).ok_or_else(|| Refusal::lack(name))
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.fields.get(name).map(str::to_owned)
    }

    /// An amount of money, more than nothing.
    fn fen(&self, name: &str) -> Result<Fen, Refusal> {
        match self.required(name)?.parse::<i64>() {
            Ok(fen) if fen > 0 => Ok(Fen::new(fen)),
            _ => Err(Refusal::param_error(format!("{name}参数格式错误"))),
        }
    }

    /// One text for equal requests, and only for those.
    fn fingerprint(&self, without: &[&str]) -> String {
        const NEVER: [&str; 3] = ["nonce_str", "sign", "sign_type"];
        let mut fields = self.fields.to_json();
        if let Value::Object(map) = &mut fields {
            map.retain(|name, _| !NEVER.contains(&name.as_str()));
        }
        text::fingerprint(self.path, &fields, without)
    }
}
