//! Red packets (红包), payments to users and employees (企业付款), payments to bank cards:
//! <https://pay.weixin.qq.com/wiki/doc/api/tools/cash_coupon.php?chapter=13_4>,
//! <https://pay.weixin.qq.com/wiki/doc/api/tools/mch_pay.php?chapter=14_2>.

use md5::{Digest as _, Md5};
use serde_json::{Map, Value};
use wxpay_json::Fen;

use super::super::payout::{Kind, Payout, State};
use super::super::text::hex;
use super::super::{Book, full, store};
use super::{Ask, Refusal};
use crate::core::random::Ids;
use crate::core::v2::wire::{self, Pairs};

/// So long red packets can be looked up, in seconds.
const LOOKED_UP: i64 = 30 * 24 * 3_600;
/// Red packets below and above these amounts, in fen, say what they are for.
const PLAIN_AMOUNTS: std::ops::RangeInclusive<i64> = 100..=20_000;
/// What queries repeat of a request.
const REPEATED: &[&str] = &[
    "openid",
    "re_openid",
    "re_user_name",
    "desc",
    "wishing",
    "remark",
    "act_name",
    "total_num",
    "sender_name",
    "sender_header_media_id",
];

/// Names of the fields of a kind of payment.
#[derive(Clone, Copy, Debug)]
struct Names {
    number: &'static str,
    amount: &'static str,
}

const fn names(kind: Kind) -> Names {
    match kind {
        Kind::RedPacket => Names {
            number: "mch_billno",
            amount: "total_amount",
        },
        Kind::Transfer | Kind::Employee | Kind::Bank => Names {
            number: "partner_trade_no",
            amount: "amount",
        },
    }
}

impl Book {
    /// Pays somebody. The same number with the same content has the result of the first time.
    pub(super) fn pay_out(
        &mut self,
        kind: Kind,
        ask: &Ask<'_>,
        ids: &mut Ids,
    ) -> Result<Pairs, Refusal> {
        let names = names(kind);
        let number = ask.required(names.number)?;
        let amount = ask.fen(names.amount)?;
        check(kind, ask, amount)?;
        let fingerprint = ask.fingerprint(&["workwx_sign"]);
        let key = kind.key(number);
        if let Some(payout) = self.store.payout(&key) {
            if payout.fingerprint != fingerprint {
                return Err(Refusal::new(
                    "FATAL_ERROR",
                    "同一商户订单号的参数与首次请求时不一致，请用原参数重试",
                ));
            }
            return told(payout, ask);
        }
        if self.store.payouts() >= store::MOST {
            return Err(full("付款").into());
        }
        let script = self.store.payout_script.clone();
        let answer = script.answer.clone();
        if script.times.is_some() {
            self.store.put_payout_script(script.clone().used());
        }
        if !script.leaves_a_trace() {
            return Err(refusal(&answer));
        }
        let mut payout = Payout {
            key,
            kind,
            number: number.to_owned(),
            id: number_of(kind, ask, ids),
            fingerprint,
            fields: kept(kind, ask),
            amount,
            created: ask.now(),
            state: State::Processing,
            accepted: false,
            coming: None,
            changed: ask.now(),
            fee: if kind == Kind::Bank {
                fee(amount)
            } else {
                Fen::ZERO
            },
        };
        payout.start(&script);
        let told = match &*answer {
            "SUCCESS" => told(&payout, ask),
            _ => Err(refusal(&answer)),
        };
        self.store.put_payout(payout);
        told
    }

    pub(super) fn red_packet_query(&self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let payout = self.payout_asked(Kind::RedPacket, ask)?;
        if ask.now().saturating_sub(payout.created) > LOOKED_UP {
            return Err(not_found());
        }
        let people: i64 = payout.field("total_num").parse().unwrap_or(1);
        let mut reply = Pairs::default();
        reply.set("mch_billno", &*payout.number);
        reply.set("detail_id", &*payout.id);
        reply.set(
            "status",
            match payout.state {
                State::Processing => "SENDING",
                State::Sent => "SENT",
                State::Success => "RECEIVED",
                State::Failed => "FAILED",
                State::Returned => "REFUND",
            },
        );
        reply.set("send_type", "API");
        reply.set("hb_type", if people > 1 { "GROUP" } else { "NORMAL" });
        reply.set("total_num", people.to_string());
        let amount = payout.amount.as_fen().to_string();
        reply.set("total_amount", &*amount);
        reply.set("send_time", wire::spaced(payout.created));
        for name in [
            "wishing",
            "remark",
            "act_name",
            "sender_name",
            "sender_header_media_id",
        ] {
            reply.set(name, payout.field(name));
        }
        match payout.state {
            State::Failed => reply.set("reason", "发放失败"),
            State::Returned => {
                reply.set("refund_time", wire::spaced(payout.changed));
                reply.set("refund_amount", amount);
            }
            State::Success if ask.path.ends_with("queryworkwxredpack") => {
                reply.set("openid", payout.field("re_openid"));
                reply.set("amount", amount);
                reply.set("rcv_time", wire::spaced(payout.changed));
            }
            State::Success => reply.set_list("hblist", "hbinfo", received(payout, people)),
            State::Processing | State::Sent => {}
        }
        Ok(reply)
    }

    pub(super) fn transfer_query(&self, kind: Kind, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let payout = self.payout_asked(kind, ask)?;
        let mut reply = Pairs::default();
        reply.set("partner_trade_no", &*payout.number);
        reply.set("detail_id", &*payout.id);
        reply.set("status", status(payout.state));
        if payout.state == State::Failed {
            reply.set("reason", "付款失败");
        }
        reply.set("openid", payout.field("openid"));
        reply.set("transfer_name", payout.field("re_user_name"));
        reply.set("payment_amount", payout.amount.as_fen().to_string());
        reply.set("transfer_time", wire::spaced(payout.created));
        if payout.state == State::Success {
            reply.set("payment_time", wire::spaced(payout.changed));
        }
        reply.set("desc", payout.field("desc"));
        Ok(reply)
    }

    pub(super) fn bank_query(&self, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
        let payout = self.payout_asked(Kind::Bank, ask)?;
        let mut reply = Pairs::default();
        reply.set("partner_trade_no", &*payout.number);
        reply.set("payment_no", &*payout.id);
        for name in ["bank_no_md5", "true_name_md5"] {
            reply.set(name, payout.field(name));
        }
        reply.set("amount", payout.amount.as_fen().to_string());
        reply.set(
            "status",
            match payout.state {
                State::Returned => "BANK_FAIL",
                state => status(state),
            },
        );
        reply.set("cmms_amt", payout.fee.as_fen().to_string());
        reply.set("create_time", wire::spaced(payout.created));
        match payout.state {
            State::Success => reply.set("pay_succ_time", wire::spaced(payout.changed)),
            State::Failed => reply.set("reason", "付款失败"),
            State::Returned => reply.set("reason", "银行退票"),
            State::Processing | State::Sent => {}
        }
        Ok(reply)
    }

    fn payout_asked(&self, kind: Kind, ask: &Ask<'_>) -> Result<&Payout, Refusal> {
        let number = ask.required(names(kind).number)?;
        self.store.payout(&kind.key(number)).ok_or_else(not_found)
    }
}

/// What the interfaces demand beyond the form of single fields.
fn check(kind: Kind, ask: &Ask<'_>, amount: Fen) -> Result<(), Refusal> {
    match kind {
        Kind::RedPacket => {
            let people = ask
                .fields
                .get("total_num")
                .and_then(|text| text.parse().ok());
            let share = amount.as_fen() / people.filter(|people| *people > 0).unwrap_or(1);
            if !PLAIN_AMOUNTS.contains(&share) && ask.fields.get("scene_id").is_none() {
                return Err(Refusal::param_error(
                    "红包金额小于1元或大于200元时，scene_id必传",
                ));
            }
        }
        Kind::Transfer | Kind::Employee => {
            if ask.fields.get("check_name") == Some("FORCE_CHECK") {
                ask.required("re_user_name")?;
            }
        }
        Kind::Bank => {}
    }
    Ok(())
}

/// What is said of a payment that is in the book, to those who ask for it again as well.
fn told(payout: &Payout, ask: &Ask<'_>) -> Result<Pairs, Refusal> {
    match payout.state {
        State::Failed => return Err(refusal("SEND_FAILED")),
        State::Processing if !payout.accepted => return Err(refusal("PROCESSING")),
        _ => {}
    }
    let names = names(payout.kind);
    let amount = payout.amount.as_fen().to_string();
    let mut reply = Pairs::default();
    reply.set(names.number, &*payout.number);
    match payout.kind {
        Kind::RedPacket => {
            for name in [
                "wxappid",
                "re_openid",
                "sender_name",
                "sender_header_media_id",
            ] {
                reply.set_some(name, ask.fields.get(name));
            }
            reply.set("total_amount", amount);
            reply.set("send_listid", &*payout.id);
            if ask.path.ends_with("sendminiprogramhb") {
                reply.set("package", package(payout, ask));
            }
        }
        Kind::Transfer | Kind::Employee => {
            for name in ["mch_appid", "device_info"] {
                reply.set_some(name, ask.fields.get(name));
            }
            reply.set("payment_no", &*payout.id);
            reply.set("payment_time", wire::spaced(payout.created));
        }
        Kind::Bank => {
            reply.set("amount", amount);
            reply.set("payment_no", &*payout.id);
            reply.set("cmms_amt", payout.fee.as_fen().to_string());
        }
    }
    Ok(reply)
}

/// What a mini program opens a red packet with.
fn package(payout: &Payout, ask: &Ask<'_>) -> String {
    let sign = hex(&Md5::digest(&payout.id));
    format!(
        "sendid={}&ver=8&sign={sign}&mchid={}&spid={}",
        payout.id,
        ask.fields.get("mch_id").unwrap_or_default(),
        ask.fields.get("mch_id").unwrap_or_default(),
    )
}

/// Who got how much. A packet for many is shared evenly, the first taking what is left over.
fn received(payout: &Payout, people: i64) -> Vec<Pairs> {
    let people = people.clamp(1, 50);
    let share = payout.amount.as_fen() / people;
    let first = payout.amount.as_fen() - share * (people - 1);
    (0..people)
        .map(|index| {
            let openid = payout.field("re_openid");
            let (openid, amount) = if index == 0 {
                (openid.to_owned(), first)
            } else {
                // Friends of the first.
                let digest = hex(&Md5::digest(format!("{openid}/{index}")));
                (format!("o{}", &digest[..27]), share)
            };
            Pairs::default()
                .with("openid", openid)
                .with("amount", amount.to_string())
                .with("rcv_time", wire::spaced(payout.changed))
        })
        .collect()
}

fn status(state: State) -> &'static str {
    match state {
        State::Processing | State::Sent => "PROCESSING",
        State::Success => "SUCCESS",
        State::Failed | State::Returned => "FAILED",
    }
}

fn number_of(kind: Kind, ask: &Ask<'_>, ids: &mut Ids) -> String {
    match kind {
        Kind::RedPacket => format!(
            "1000041701{}{}",
            &wire::compact(ask.now())[..8],
            ids.digits(10)
        ),
        _ => format!(
            "1000018301{}{}",
            &wire::compact(ask.now())[..8],
            ids.digits(10)
        ),
    }
}

/// What is kept of a request: of a bank card not more than its hash.
fn kept(kind: Kind, ask: &Ask<'_>) -> Value {
    let mut map: Map<String, Value> = REPEATED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), ask.fields.get(name)?.into())))
        .collect();
    if kind == Kind::Bank {
        for (name, hash) in [
            ("enc_bank_no", "bank_no_md5"),
            ("enc_true_name", "true_name_md5"),
        ] {
            let text = ask.fields.get(name).unwrap_or_default();
            map.insert(hash.to_owned(), hex(&Md5::digest(text)).into());
        }
    }
    Value::Object(map)
}

/// What a payment to a bank card costs: a thousandth, at least one yuan and at most 25.
fn fee(amount: Fen) -> Fen {
    Fen::new((amount.as_fen() / 1_000).clamp(100, 2_500))
}

fn refusal(code: &str) -> Refusal {
    let message = match code {
        "SYSTEMERROR" => "系统繁忙，请稍后再试，并用原商户订单号查询结果",
        "PROCESSING" => "请求已受理，请稍后使用原单号查询发放结果",
        "SEND_FAILED" => "付款错误，请查单确认付款结果",
        "NOTENOUGH" => "余额不足",
        "NAME_MISMATCH" => "姓名校验出错",
        "OPENID_ERROR" => "openid与商户appid不匹配",
        _ => "付款被拒绝",
    };
    Refusal::new(code.to_owned(), message)
}

fn not_found() -> Refusal {
    Refusal::new("NOT_FOUND", "指定单号数据不存在")
}
