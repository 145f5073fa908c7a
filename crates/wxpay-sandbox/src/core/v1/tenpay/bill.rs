//! The bill of a day (对账单). It goes by rules of its own: a signature over some of the parameters, in
//! an order of its own, and text for an answer.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Wrong, unsigned};
use crate::core::Core;
use crate::core::answer;
use crate::core::book::Flaws;
use crate::core::gate::Incoming;
use crate::core::serve::Note;
use crate::core::v1::charset::Charset;
use crate::core::v1::keys::Keys;
use crate::core::v1::params::{Params, Plus};

/// Which trades a bill has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BillKind {
    All,
    Paid,
    Refunded,
}

impl Core {
    pub(super) fn bill_v1(&mut self, incoming: &Incoming, note: &mut Note) -> Response<Bytes> {
        let flaws = self.flaws(incoming.uri.path(), incoming, note);
        match self.bill_text(incoming, flaws) {
            Ok(text) => {
                note.accepted = true;
                let mut body = Charset::Gbk.encode(&text);
                flaws.change(&mut body);
                flaws.shorten(&mut body);
                answer::bare(StatusCode::OK, Some("text/plain; charset=GBK"), body.into())
            }
            Err(wrong) => {
                note.problems.push(wrong.problem);
                unsigned(wrong.retcode, &wrong.message)
            }
        }
    }

    fn bill_text(&self, incoming: &Incoming, flaws: Flaws) -> Result<String, Wrong> {
        let wrong = |problem: &str| Wrong::unsigned("88229001", "参数错误", problem);
        let query = incoming.uri.query().unwrap_or_default();
        let params = Params::parse(query, Plus::Space).map_err(|problem| wrong(&problem))?;
        let fields = params
            .texts(Charset::Gbk)
            .map_err(|problem| wrong(&problem))?;
        let keys = Keys::of(&self.identity).map_err(|problem| wrong(&problem))?;
        let text = |name: &str| fields.get(name).unwrap_or_default();
        if text("spid") != self.identity.partner_id() {
            return Err(wrong("spid is not the merchant's partner_id"));
        }
        let order = ["spid", "trans_time", "stamp", "cft_signtype", "mchtype"];
        let sign = keys
            .partner
            .sign_in_order(order.map(|name| (name, text(name))));
        if text("sign") != sign {
            let problem = "sign does not match the lower-case MD5 over spid, trans_time, stamp, cft_signtype and mchtype, in this order";
            return Err(Wrong::unsigned("88229002", "签名错误", problem));
        }
        if text("cft_signtype") != "0" {
            return Err(wrong("cft_signtype is not 0"));
        }
        if !text("stamp").bytes().all(|byte| byte.is_ascii_digit()) || text("stamp").is_empty() {
            return Err(wrong("stamp is no time"));
        }
        let kind = match text("mchtype") {
            "0" => BillKind::All,
            "1" => BillKind::Paid,
            "2" => BillKind::Refunded,
            _ => return Err(wrong("mchtype is none of 0, 1 and 2")),
        };
        let day = text("trans_time");
        let bill = self.book.v1_bill(day, kind, flaws, incoming.now);
        bill.ok_or_else(|| {
            let problem = "nothing happened on trans_time, or its bill is not ready before nine o'clock of the next day";
            Wrong::unsigned("88229010", "对账单不存在", problem)
        })
    }
}
