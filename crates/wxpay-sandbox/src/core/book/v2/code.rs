//! Payment by the code on the payer's phone (付款码支付), and its reversal (撤销).
//!
//! What the payer does follows from the last two digits of the code. Where this table names none,
//! the last digit alone decides, as for v3: 0 to 6 pays at once, 7 has paid after ten seconds, 8
//! waits for the control, 9 has not enough money.
//!
//! | last two digits | what happens |
//! |---|---|
//! | 90 | `SYSTEMERROR`, and yet it is paid |
//! | 91 | `BANKERROR`, and paid ten seconds later |
//! | 92 | `SYSTEMERROR`, and the payment fails ten seconds later (`PAYERROR`) |
//! | 93 | `USERPAYING`, and the payment fails ten seconds later (`PAYERROR`) |
//! | 94 | `AUTHCODEEXPIRE`, the order has failed for good |
//! | 95 | `SYSTEMERROR`, and there is no order: `ORDERNOTEXIST` |
//! | 96 | paid at once; the reversal asks twice to be called again |
//! | 98 | waits for the control, as 8; the reversal asks twice to be called again |

use super::super::model::{Order, Payer, Reversal, TradeState, TradeType};
use super::super::{Book, full};
use super::{Ask, Refusal};
use crate::core::random::Ids;
use crate::core::v2::wire::Pairs;

/// How long a payer types, in seconds.
const TYPING: i64 = 10;
/// So long after it was made an order can be taken back, in seconds.
const LATEST: i64 = 7 * 24 * 3_600;
/// So many reversals ask to be called again where the script says so.
const RECALLS: u8 = 2;

/// What becomes of a payment by code.
#[derive(Clone, Copy, Debug)]
struct Script {
    deed: Deed,
    /// What is answered in the place of the truth.
    pretends: Option<&'static str>,
    recalls: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Deed {
    Pays,
    /// Types a password and has paid then.
    Types,
    /// Types a password, and the payment fails.
    TypesInVain,
    /// Types a password until the control says what.
    Waits,
    /// The payment has failed for good.
    Fails(&'static str),
    /// The request went astray.
    NeverCame,
}

impl Script {
    const fn of(deed: Deed) -> Self {
        Self {
            deed,
            pretends: None,
            recalls: 0,
        }
    }

    const fn pretending(deed: Deed, pretends: &'static str) -> Self {
        Self {
            deed,
            pretends: Some(pretends),
            recalls: 0,
        }
    }

    const fn recalled(deed: Deed) -> Self {
        Self {
            deed,
            pretends: None,
            recalls: RECALLS,
        }
    }

    /// What a payment code asks for.
    fn of_code(text: &str) -> Result<Self, Refusal> {
        let bytes = text.as_bytes();
        let known = bytes.len() == 18
            && bytes.iter().all(u8::is_ascii_digit)
            && bytes[0] == b'1'
            && (b'0'..=b'5').contains(&bytes[1]);
        if !known {
            return Err(Refusal::new(
                "AUTH_CODE_INVALID",
                "付款码无效，应为以10至15开头的18位数字",
            ));
        }
        Ok(match &bytes[16..] {
            b"90" => Self::pretending(Deed::Pays, "SYSTEMERROR"),
            b"91" => Self::pretending(Deed::Types, "BANKERROR"),
            b"92" => Self::pretending(Deed::TypesInVain, "SYSTEMERROR"),
            b"93" => Self::of(Deed::TypesInVain),
            b"94" => Self::of(Deed::Fails("AUTHCODEEXPIRE")),
            b"95" => Self::pretending(Deed::NeverCame, "SYSTEMERROR"),
            b"96" => Self::recalled(Deed::Pays),
            b"98" => Self::recalled(Deed::Waits),
            [_, b'9'] => Self::of(Deed::Fails("NOTENOUGH")),
            [_, b'8'] => Self::of(Deed::Waits),
            [_, b'7'] => Self::of(Deed::Types),
            _ => Self::of(Deed::Pays),
        })
    }

    /// What the header `Wechatpay-Negative-Test` asks for.
    fn of_negative_test(word: &str) -> Option<Self> {
        Some(match word {
            "MICROPAY_USERPAYING" => Self::of(Deed::Types),
            "MICROPAY_TIMEOUT" => Self::pretending(Deed::Types, "SYSTEMERROR"),
            "MICROPAY_PAYERROR" => Self::of(Deed::Fails("TRADE_ERROR")),
            _ => return None,
        })
    }
}

/// Whether the sandbox plays a case of that name.
pub(crate) fn is_negative_test(word: &str) -> bool {
    Script::of_negative_test(word).is_some()
}

impl Book {
    pub(super) fn micropay(&mut self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let now = ask.now();
        let script = Script::of_code(ask.required("auth_code")?)?;
        let script = ask
            .negative_test
            .and_then(Script::of_negative_test)
            .unwrap_or(script);
        let number = ask.required("out_trade_no")?;
        let fingerprint = ask.fingerprint(&["time_start", "time_expire"]);
        if let Some(order) = self.store.order(number) {
            if order.trade_type != TradeType::Code || order.fingerprint != fingerprint {
                return Err(Refusal::number_used());
            }
            return Err(match order.state {
                TradeState::Success | TradeState::Refund => Refusal::new("ORDERPAID", "订单已支付"),
                TradeState::Notpay | TradeState::Userpaying => user_paying(),
                TradeState::Closed => Refusal::new("ORDERCLOSED", "订单已关闭"),
                TradeState::Revoked => Refusal::new("ORDERREVERSED", "订单已撤销"),
                TradeState::Payerror => match script.deed {
                    Deed::Fails(code) => failed(code),
                    _ => failed("TRADE_ERROR"),
                },
            });
        }
        if !self.store.has_room_for_orders(1) {
            return Err(full("订单").into());
        }
        let mut order = self.new_order(ask, TradeType::Code, Payer::default(), fingerprint)?;
        order.notify_url = None;
        order.state = TradeState::Userpaying;
        order.recalls = script.recalls;
        match script.deed {
            Deed::NeverCame => {}
            Deed::Pays => {
                let payer = self.payer_of(&order.payer, None);
                self.settle(order, payer, now);
            }
            Deed::Waits => self.store.put_order(order),
            Deed::Types | Deed::TypesInVain => {
                order.typing_until = Some(now.saturating_add(TYPING));
                order.typing_in_vain = script.deed == Deed::TypesInVain;
                self.store.put_order(order);
            }
            Deed::Fails(code) => {
                self.fail(order, now);
                return Err(failed(code));
            }
        }
        match script.pretends {
            Some("BANKERROR") => {
                return Err(Refusal::new("BANKERROR", "银行系统异常，请查询订单"));
            }
            Some(_) => return Err(Refusal::system_error()),
            None => {}
        }
        let order = self.store.order(number).ok_or_else(Refusal::system_error)?;
        if order.payment.is_none() {
            return Err(user_paying());
        }
        Ok(answer(order))
    }

    /// Takes an order back: the payer gets the money if it came, and cannot pay if it did not.
    pub(super) fn v2_reverse(&mut self, ask: &Ask<'_>, ids: &mut Ids) -> Result<Pairs, Refusal> {
        let now = ask.now();
        let mut order = self.v2_order(ask).map_err(final_refusal)?.clone();
        if order.trade_type != TradeType::Code {
            let refusal = Refusal::new("INVALID_REQUEST", "仅付款码支付的订单支持撤销");
            return Err(final_refusal(refusal));
        }
        if now.saturating_sub(order.created) > LATEST {
            let refusal = Refusal::new("REVERSE_EXPIRE", "订单已超过7天的撤销期限");
            return Err(final_refusal(refusal));
        }
        if let Some(left) = order.recalls.checked_sub(1) {
            // The first says so with an error, the second without.
            let first = order.recalls == RECALLS;
            order.recalls = left;
            self.store.put_order(order);
            if !first {
                return Ok(Pairs::default().with("recall", "Y"));
            }
            let mut refusal = Refusal::system_error();
            refusal.also.set("recall", "Y");
            return Err(refusal);
        }
        match order.state {
            TradeState::Revoked => return Ok(Pairs::default().with("recall", "N")),
            TradeState::Refund => {
                let refusal = Refusal::new("TRADE_ERROR", "订单已发生退款，不能撤销");
                return Err(final_refusal(refusal));
            }
            TradeState::Success if self.is_shared(&order) => {
                let refusal = Refusal::new("TRADE_ERROR", "订单已分账，不能撤销");
                return Err(final_refusal(refusal));
            }
            TradeState::Success => {
                let refund_id = self.new_refund_id(now, ids);
                order.reversal = Some(Reversal { refund_id, at: now });
            }
            TradeState::Notpay
            | TradeState::Userpaying
            | TradeState::Payerror
            | TradeState::Closed => {
                order.typing_until = None;
                order.ended = Some(now);
            }
        }
        order.state = TradeState::Revoked;
        self.store.put_order(order);
        Ok(Pairs::default().with("recall", "N"))
    }
}

fn answer(order: &Order) -> Pairs {
    let mut reply = super::order::paid(order);
    reply.set_some("device_info", order.device_id.as_deref());
    reply
}

fn user_paying() -> Refusal {
    Refusal::new("USERPAYING", "需要用户输入支付密码")
}

fn failed(code: &'static str) -> Refusal {
    let message = match code {
        "NOTENOUGH" => "用户账户余额不足",
        "AUTHCODEEXPIRE" => "二维码已过期，请用户在微信上刷新后再试",
        _ => "支付失败，请撤销订单后重新收款",
    };
    Refusal::new(code, message)
}

/// A reversal that will not do better when called again.
fn final_refusal(mut refusal: Refusal) -> Refusal {
    refusal.also.set("recall", "N");
    refusal
}
