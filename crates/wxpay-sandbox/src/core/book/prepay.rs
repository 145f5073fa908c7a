//! Placing orders (下单): a number is one order, however often it is sent.

use serde_json::{Value, json};
use wxpay_json::{DateTime, Fen};

use super::model::{Code, Order, Owner, Payer, Span, TradeState, TradeType};
use super::{Book, Context, full, optional, required, text};
use crate::core::call::{Call, Failure, Reply, numeric};
use crate::core::random::Ids;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// So many prepay_ids of one order can be in use at a time.
const MOST_CODES: usize = 8;

/// The family of an operation that places orders, and how they are paid.
pub(super) fn kind(operation: &str) -> Option<(&str, TradeType)> {
    let (family, name) = operation.split_once('.')?;
    let name = name
        .strip_suffix("_with_contract")
        .unwrap_or(name)
        .strip_suffix("_prepay")?;
    let trade_type = match name {
        "jsapi" | "mini_program" | "scanned_pos" => TradeType::Jsapi,
        "app" => TradeType::App,
        "native" => TradeType::Native,
        "h5" => TradeType::H5,
        _ => return None,
    };
    matches!(family, "pay" | "partner_pay" | "combine").then_some((family, trade_type))
}

impl Book {
    /// Places a direct or a partner order.
    pub(super) fn prepay(
        &mut self,
        trade_type: TradeType,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let call = context.call;
        let now = context.now();
        let owner = self.owner(call)?;
        let payer = payer(call, &owner)?;
        if trade_type == TradeType::Jsapi && !payer.is_named() {
            return Err(openid_missing());
        }
        let number = required(call, "/out_trade_no")?;
        let fingerprint = text::fingerprint(call.operation, &call.body, &["time_expire"]);
        let mut order = match self.store.order(number) {
            Some(order) => {
                placed_again(order, &fingerprint, now)?;
                order.clone()
            }
            None => {
                if !self.store.has_room_for_orders(1) {
                    return Err(full("订单"));
                }
                Order {
                    notify_url: optional(&call.body, "/notify_url"),
                    payer,
                    ..new_order(number, owner, trade_type, fingerprint, context)?
                }
            }
        };
        let code = issue(
            &mut order.codes,
            trade_type,
            order.expires,
            now,
            context.ids,
        );
        let reply = handed_out(trade_type, call, number, &code);
        self.store.put_order(order);
        Ok(reply)
    }

    /// Whose order it is, by the fields of its mode.
    pub(super) fn owner(&self, call: &Call<'_>) -> Result<Owner, Failure> {
        let partner = call.operation.starts_with("partner_pay.");
        let (appid_at, mchid_at) = if partner {
            ("/sp_appid", "/sp_mchid")
        } else {
            ("/appid", "/mchid")
        };
        let appid = optional(&call.body, appid_at);
        if required(call, mchid_at)? != call.mchid {
            return Err(Failure::param_error(
                mchid_at,
                "商户号与请求签名的商户号不一致",
            ));
        }
        if appid
            .as_ref()
            .is_some_and(|appid| *appid != self.parties.appid)
        {
            return Err(Failure::appid_mchid_not_match());
        }
        let mchid = call.mchid.to_owned();
        if !partner {
            return Ok(Owner {
                appid,
                mchid,
                sub_appid: None,
                sub_mchid: None,
            });
        }
        let sub_mchid = required(call, "/sub_mchid")?;
        self.sub_merchant(sub_mchid)?;
        let sub_appid = optional(&call.body, "/sub_appid");
        self.sub_app(sub_appid.as_deref())?;
        Ok(Owner {
            appid,
            mchid,
            sub_appid,
            sub_mchid: Some(sub_mchid.to_owned()),
        })
    }

    /// Whether a number is that of a sub-merchant.
    pub(super) fn sub_merchant(&self, sub_mchid: &str) -> Result<(), Failure> {
        if sub_mchid == self.parties.mchid {
            let message = "子商户号不能与服务商商户号相同";
            return Err(Failure::invalid_request(
                numeric::SUB_MERCHANT_IS_SELF,
                message,
            ));
        }
        if sub_mchid != self.parties.sub_mchid {
            return Err(Failure::no_auth("特约子商户商户号未授权服务商的产品权限"));
        }
        Ok(())
    }

    pub(super) fn sub_app(&self, sub_appid: Option<&str>) -> Result<(), Failure> {
        match sub_appid {
            Some(sub_appid) if sub_appid != self.parties.sub_appid => {
                Err(Failure::appid_mchid_not_match())
            }
            _ => Ok(()),
        }
    }
}

/// Who is to pay, where the request says so.
fn payer(call: &Call<'_>, owner: &Owner) -> Result<Payer, Failure> {
    let openid =
        optional(&call.body, "/payer/openid").or_else(|| optional(&call.body, "/payer/sp_openid"));
    let sub_openid = optional(&call.body, "/payer/sub_openid");
    if sub_openid.is_some() && owner.sub_appid.is_none() {
        return Err(Failure::param_error(
            "/sub_appid",
            "传入sub_openid时，sub_appid为必填项",
        ));
    }
    Ok(Payer { openid, sub_openid })
}

pub(super) fn openid_missing() -> Failure {
    let mut failure = Failure::param_error("/payer/openid", "JSAPI支付必须传openid");
    failure.numeric = numeric::OPENID_MISSING;
    failure
}

/// An amount of money, more than nothing.
pub(super) fn amount(call: &Call<'_>, pointer: &str) -> Result<Fen, Failure> {
    match call.integer(pointer) {
        Some(fen) if fen > 0 => Ok(Fen::new(fen)),
        _ => Err(Failure::param_error(pointer, "金额必须为大于0的整数")),
    }
}

/// Until when an order placed now can be paid, and when it is closed by itself.
///
/// Only the first request sets the time; one that is too near or too far is moved to a minute or
/// to 90 days from now without a word. Nothing is closed before it has expired.
pub(super) fn span(call: &Call<'_>, now: i64) -> Span {
    let wanted = call
        .text("/time_expire")
        .and_then(|text| text.parse::<DateTime>().ok());
    span_until(wanted.map(DateTime::as_unix), now)
}

pub(super) fn span_until(wanted: Option<i64>, now: i64) -> Span {
    let week = now.saturating_add(7 * DAY);
    let expires = wanted.map_or(week, |at| {
        at.clamp(now.saturating_add(MINUTE), now.saturating_add(90 * DAY))
    });
    Span {
        created: now,
        expires,
        closes: week.max(expires.saturating_add(1)),
    }
}

/// A direct or a partner order that is not in the book yet.
pub(super) fn new_order(
    number: &str,
    owner: Owner,
    trade_type: TradeType,
    fingerprint: String,
    context: &Context<'_>,
) -> Result<Order, Failure> {
    let call = context.call;
    let order = Order::new(
        number.to_owned(),
        owner,
        trade_type,
        required(call, "/description")?.to_owned(),
        amount(call, "/amount/total")?,
        fingerprint,
        span(call, context.now()),
    );
    Ok(Order {
        attach: optional(&call.body, "/attach"),
        device_id: optional(&call.body, "/scene_info/device_id"),
        profit_sharing: shares(&call.body),
        ..order
    })
}

/// Whether the money of an order is to wait until it is shared.
pub(super) fn shares(body: &Value) -> bool {
    body.pointer("/settle_info/profit_sharing") == Some(&Value::Bool(true))
}

/// Whether an order can be placed again with the same number.
pub(super) fn placed_again(order: &Order, fingerprint: &str, now: i64) -> Result<(), Failure> {
    if order.combine.is_some() || order.trade_type == TradeType::Code {
        return Err(Failure::out_trade_no_used());
    }
    may_continue(order.state, order.expires, now)?;
    if order.fingerprint == fingerprint {
        Ok(())
    } else {
        Err(reentry())
    }
}

/// Whether an order is one that can still be paid.
pub(super) fn may_continue(state: TradeState, expires: i64, now: i64) -> Result<(), Failure> {
    match state {
        TradeState::Success | TradeState::Refund => Err(Failure::order_paid()),
        TradeState::Closed | TradeState::Revoked | TradeState::Payerror => {
            Err(Failure::order_closed())
        }
        _ if now > expires => {
            let mut failure = Failure::order_closed();
            failure.message = "订单已过期".to_owned();
            Err(failure)
        }
        TradeState::Notpay | TradeState::Userpaying => Ok(()),
    }
}

pub(super) fn reentry() -> Failure {
    Failure::reentry("请求重入时，参数与首次请求时不一致")
}

/// Gives out a new prepay_id. It is good for two hours, an H5 link for five minutes; for Native
/// the one before is good no more.
pub(super) fn issue(
    codes: &mut Vec<Code>,
    trade_type: TradeType,
    expires: i64,
    now: i64,
    ids: &mut Ids,
) -> Code {
    let validity = if trade_type == TradeType::H5 {
        5 * MINUTE
    } else {
        2 * HOUR
    };
    let code = Code {
        prepay_id: ids.prepay_id(wxpay_sign::Timestamp::from_unix(now)),
        token: ids.alphanumeric(12),
        good_until: now.saturating_add(validity).min(expires),
    };
    if trade_type == TradeType::Native {
        codes.clear();
    }
    codes.retain(|code| code.good_until >= now);
    if codes.len() >= MOST_CODES {
        codes.remove(0);
    }
    codes.push(code.clone());
    code
}

/// What the merchant gets for its payer's client. Links lead to the sandbox's cashier.
pub(super) fn handed_out(
    trade_type: TradeType,
    call: &Call<'_>,
    number: &str,
    code: &Code,
) -> Reply {
    let link = link(call.base_url, number, code);
    Reply::ok(match trade_type {
        TradeType::Native => json!({ "code_url": link }),
        TradeType::H5 => json!({ "h5_url": link }),
        _ => json!({ "prepay_id": code.prepay_id }),
    })
}

/// Where the payer pays: the sandbox's cashier.
pub(super) fn link(base_url: &str, number: &str, code: &Code) -> String {
    format!(
        "{base_url}/_sandbox/cashier?out_trade_no={}&code={}",
        text::encode(number),
        code.token
    )
}
