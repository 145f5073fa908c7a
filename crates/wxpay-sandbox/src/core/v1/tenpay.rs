//! Tenpay's (财付通) interfaces: parameters signed with MD5 both ways, answers in GBK.

mod bill;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use md5::{Digest as _, Md5};
use wxpay_json::Fen;

use super::charset::Charset;
use super::keys::Keys;
use super::package::fen;
use super::params::{Params, Plus};
use super::serve::Interface;
use crate::core::Core;
use crate::core::answer;
use crate::core::book::v1::{RefundAsk, RefundName, Refused, Trade};
use crate::core::client::Stranger;
use crate::core::faults::AnswerFault;
use crate::core::gate::Incoming;
use crate::core::serve::Note;
use crate::core::v2::wire::Pairs;

pub(crate) use self::bill::BillKind;

/// The largest form, in bytes.
const MOST_BYTES: usize = 64 << 10;

/// A refusal: what the caller reads, and what the journal says.
#[derive(Debug)]
struct Wrong {
    retcode: &'static str,
    message: String,
    problem: String,
    /// Only a caller that is known gets a signature.
    signed: bool,
}

impl Wrong {
    fn unsigned(retcode: &'static str, message: &str, problem: impl Into<String>) -> Self {
        Self {
            retcode,
            message: message.to_owned(),
            problem: problem.into(),
            signed: false,
        }
    }

    fn parameter(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self {
            retcode: "88229001",
            message: format!("参数错误: {problem}"),
            problem,
            signed: true,
        }
    }
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Self {
        Self {
            retcode: refused.retcode,
            message: refused.message.to_owned(),
            problem: format!("{}: {}", refused.retcode, refused.message),
            signed: true,
        }
    }
}

/// Parameters that were signed rightly.
struct Ask {
    fields: Pairs,
    keys: Keys,
}

impl Ask {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    fn required(&self, name: &str) -> Result<&str, Wrong> {
        self.get(name)
            .ok_or_else(|| Wrong::parameter(format!("{name} is missing")))
    }

    fn fen(&self, name: &str) -> Result<Fen, Wrong> {
        fen(self.required(name)?)
            .filter(|fen| fen.as_fen() > 0)
            .ok_or_else(|| Wrong::parameter(format!("{name} must be more than 0 fen, digits only")))
    }
}

/// Busy: unsigned, as when nobody is there to sign.
pub(super) fn busy() -> Response<Bytes> {
    unsigned("88229009", "系统繁忙，请稍后再试")
}

fn unsigned(retcode: &str, message: &str) -> Response<Bytes> {
    let fields = Pairs::default()
        .with("retcode", retcode)
        .with("retmsg", message);
    xml(&fields)
}

/// A document in GBK that says so.
fn xml(fields: &Pairs) -> Response<Bytes> {
    let text = fields.to_xml("root");
    let mut body = b"<?xml version=\"1.0\" encoding=\"GBK\" ?>\n".to_vec();
    body.extend(Charset::Gbk.encode(&text));
    answer::bare(StatusCode::OK, Some("text/xml; charset=GBK"), body.into())
}

impl Core {
    /// Answers a request of Tenpay's interfaces.
    pub(super) fn tenpay_v1(
        &mut self,
        interface: Interface,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        if interface == Interface::Refund
            && let Err(stranger) = incoming.check_certificate(&self.identity, &mut note.remarks)
        {
            note.problems.push(stranger.problem().to_owned());
            return match stranger {
                Stranger::Unknown => forbidden(),
                Stranger::Other => unsigned("88229008", "证书与商户号不匹配"),
            };
        }
        if interface == Interface::Bill {
            return self.bill_v1(incoming, note);
        }
        let ask = match self.ask_v1(incoming) {
            Ok(ask) => ask,
            Err(wrong) => {
                note.problems.push(wrong.problem);
                return unsigned(wrong.retcode, &wrong.message);
            }
        };
        let said = match interface {
            Interface::Refund => self.refund_v1(&ask, incoming, note),
            Interface::RefundQuery => self.refund_query_v1(&ask),
            Interface::TradeQuery => self.trade_query_v1(&ask),
            simple => self.notify_id_v1(&ask, simple == Interface::SimpleNotifyId),
        };
        let fields = match said {
            Ok(fields) => {
                note.accepted = true;
                let mut all = Pairs::default().with("retcode", "0").with("retmsg", "成功");
                all.append(fields);
                all
            }
            Err(wrong) => {
                note.problems.push(wrong.problem);
                if !wrong.signed {
                    return unsigned(wrong.retcode, &wrong.message);
                }
                Pairs::default()
                    .with("retcode", wrong.retcode)
                    .with("retmsg", wrong.message)
            }
        };
        self.sign_v1(fields, &ask.keys, incoming, note)
    }

    /// Signs an answer, or spoils its signature.
    fn sign_v1(
        &mut self,
        fields: Pairs,
        keys: &Keys,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        let mut fields = fields
            .with("sign_type", "MD5")
            .with("service_version", "1.1")
            .with("input_charset", Charset::Gbk.as_str())
            .with("sign_key_index", "1")
            .with("partner", self.identity.partner_id());
        let missing = AnswerFault::MissingSignatureHeaders;
        if self.strike(missing, incoming, note).is_none() {
            let sign = Params::of(&fields, Charset::Gbk).sign(&keys.partner);
            fields.set("sign", sign);
            if self
                .strike(AnswerFault::WrongSignature, incoming, note)
                .is_some()
            {
                // Another text under the same signature.
                fields.set("retmsg", "ok");
            }
        }
        xml(&fields)
    }

    /// The parameters, wherever they stand, if they are the merchant's.
    fn ask_v1(&self, incoming: &Incoming) -> Result<Ask, Wrong> {
        let syntax = |problem: String| Wrong::unsigned("88229001", "参数错误", problem);
        let text = if incoming.method == Method::POST && !incoming.body.is_empty() {
            if incoming.body.len() > MOST_BYTES {
                return Err(syntax(format!("the form has more than {MOST_BYTES} bytes")));
            }
            std::str::from_utf8(&incoming.body)
                .map_err(|_| syntax("the form is not percent-encoded".to_owned()))?
        } else if incoming.method == Method::POST || incoming.method == Method::GET {
            incoming.uri.query().unwrap_or_default()
        } else {
            let problem = format!("called with {}, not GET or POST", incoming.method);
            return Err(syntax(problem));
        };
        let params = Params::parse(text, Plus::Space).map_err(syntax)?;
        if params
            .get("sign_type")
            .is_some_and(|kind| !kind.eq_ignore_ascii_case(b"MD5"))
        {
            return Err(syntax("sign_type is not MD5".to_owned()));
        }
        let charset = params.charset().map_err(syntax)?;
        let keys = Keys::of(&self.identity).map_err(syntax)?;
        if params.get("partner") != Some(self.identity.partner_id().as_bytes()) {
            return Err(syntax(
                "partner is not the merchant's partner_id".to_owned(),
            ));
        }
        params
            .verify(&keys.partner)
            .map_err(|problem| Wrong::unsigned("88229002", "签名错误", problem))?;
        let fields = params.texts(charset).map_err(syntax)?;
        Ok(Ask { fields, keys })
    }

    fn refund_v1(
        &mut self,
        ask: &Ask,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Result<Pairs, Wrong> {
        self.check_operator(ask)?;
        let number = ask.required("out_refund_no")?;
        if number.len() > 32 {
            return Err(Wrong::parameter(
                "out_refund_no has more than 32 characters",
            ));
        }
        let (transaction_id, out_trade_no) = (ask.get("transaction_id"), ask.get("out_trade_no"));
        if transaction_id.is_none() && out_trade_no.is_none() {
            return Err(Wrong::parameter(
                "transaction_id or out_trade_no is missing",
            ));
        }
        if let Some(other) = ask.get("refund_type")
            && !matches!(other, "1" | "2" | "3")
        {
            return Err(Wrong::parameter("refund_type is none of 1, 2 and 3"));
        }
        if ask.get("notify_url").is_some() {
            note.remarks.push(
                "nobody is told of refunds of v1: the form of such a notice is not known"
                    .to_owned(),
            );
        }
        let wish = RefundAsk {
            transaction_id,
            out_trade_no,
            out_refund_no: number,
            total_fee: ask.fen("total_fee")?,
            refund_fee: ask.fen("refund_fee")?,
            now: incoming.now,
        };
        let mut fields = self.book.v1_refund(&wish, &mut self.ids)?;
        for name in ["recv_user_id", "reccv_user_name"] {
            fields.set_some(name, ask.get(name));
        }
        Ok(fields)
    }

    /// Who asks for a refund, and the password: from version 1.1 on as its MD5.
    fn check_operator(&self, ask: &Ask) -> Result<(), Wrong> {
        let refuse = |problem: &str| Wrong {
            retcode: "88229006",
            message: "操作员或密码错误".to_owned(),
            problem: problem.to_owned(),
            signed: true,
        };
        let operator = ask.required("op_user_id")?;
        if !operator.starts_with(self.identity.partner_id()) {
            return Err(refuse(
                "op_user_id is no operator of the merchant's: its partner_id, or a name that begins with it",
            ));
        }
        let given = ask.required("op_user_passwd")?;
        let password = self.book.v1().settings().operator_password();
        let version = ask.get("service_version").unwrap_or("1.0");
        match version {
            "1.0" if given == password => Ok(()),
            "1.0" if given == md5_of(password) => Err(refuse(
                "op_user_passwd is an MD5, which service_version 1.1 asks for; 1.0 takes the password itself",
            )),
            "1.1" if given == md5_of(password) => Ok(()),
            "1.1" if given == password => Err(refuse(
                "op_user_passwd is the password itself; service_version 1.1 takes its MD5",
            )),
            "1.1" if given.eq_ignore_ascii_case(&md5_of(password)) => Err(refuse(
                "op_user_passwd is right but for its case: the digits are lower-case",
            )),
            "1.0" | "1.1" => Err(refuse("op_user_passwd is not the operator's")),
            _ => Err(Wrong::parameter("service_version is neither 1.0 nor 1.1")),
        }
    }

    fn refund_query_v1(&self, ask: &Ask) -> Result<Pairs, Wrong> {
        let name = if let Some(id) = ask.get("refund_id") {
            RefundName::RefundId(id)
        } else if let Some(number) = ask.get("out_refund_no") {
            RefundName::OutRefundNo(number)
        } else if let Some(id) = ask.get("transaction_id") {
            RefundName::TransactionId(id)
        } else if let Some(number) = ask.get("out_trade_no") {
            RefundName::OutTradeNo(number)
        } else {
            return Err(Wrong::parameter(
                "one of refund_id, out_refund_no, transaction_id and out_trade_no is missing",
            ));
        };
        Ok(self.book.v1_refunds(name)?)
    }

    fn trade_query_v1(&self, ask: &Ask) -> Result<Pairs, Wrong> {
        let (transaction_id, number) = (ask.get("transaction_id"), ask.get("out_trade_no"));
        if transaction_id.is_none() && number.is_none() {
            return Err(Wrong::parameter(
                "transaction_id or out_trade_no is missing",
            ));
        }
        let trade = self.book.v1_trade(transaction_id, number);
        paid(trade)
    }

    fn notify_id_v1(&self, ask: &Ask, simple: bool) -> Result<Pairs, Wrong> {
        let id = ask.required("notify_id")?;
        let fields = paid(self.book.v1_trade_of_notice(id)).map_err(|_| Wrong {
            retcode: "88229007",
            message: "notify_id不存在".to_owned(),
            problem: "notify_id is that of no payment notice of v1".to_owned(),
            signed: true,
        })?;
        Ok(if simple {
            Pairs::default().with("notify_id", id)
        } else {
            fields.with("notify_id", id)
        })
    }
}

/// Tenpay knows an order when it is paid.
fn paid(trade: Option<Trade>) -> Result<Pairs, Wrong> {
    match trade {
        Some(trade) if trade.paid => Ok(trade.fields),
        _ => Err(Refused::NO_ORDER.into()),
    }
}

fn md5_of(text: &str) -> String {
    let digest = Md5::digest(text);
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// What a gateway says to a client without a certificate.
fn forbidden() -> Response<Bytes> {
    let page = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n\
                <body>\r\n<center><h1>403 Forbidden</h1></center>\r\n</body>\r\n</html>\r\n";
    answer::turned_away(StatusCode::FORBIDDEN, page)
}
