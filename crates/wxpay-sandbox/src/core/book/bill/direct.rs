//! Bills handed out as they are, without a link: what v2 does.

use std::ops::Range;

use bytes::Bytes;
use sha1::{Digest as _, Sha1};

use super::trades::TradeBill;
use super::{Account, DAY, OLDEST, READY, funds, gzip, midnight, trades};
use crate::core::book::Book;
use crate::core::book::text::hex;
use crate::core::book::v2::{Ask, Refusal, Said};
use crate::core::v2::wire;

impl Book {
    /// 下载对账单.
    pub(in crate::core::book) fn v2_trade_bill(&self, ask: &Ask<'_>) -> Result<Said, Refusal> {
        let none = || Refusal::new("20002", "No Bill Exist");
        let which = match ask.fields.get("bill_type").unwrap_or("ALL") {
            "ALL" => TradeBill::All,
            "SUCCESS" => TradeBill::Success,
            "REFUND" => TradeBill::Refund,
            // Nobody pays with prepaid coupons here.
            "RECHARGE_REFUND" => return Err(none()),
            _ => return Err(Refusal::new("20003", "invalid bill_type")),
        };
        let hours = hours(ask).ok_or_else(none)?;
        let sub_mchid = ask.fields.get("sub_mch_id");
        let manner = self.manner(ask.flaws);
        let text = trades::write(&self.store, which, sub_mchid, &hours, manner).ok_or_else(none)?;
        file(ask, text, false)
    }

    /// 下载资金账单.
    pub(in crate::core::book) fn v2_fund_flow(&self, ask: &Ask<'_>) -> Result<Said, Refusal> {
        let none = || Refusal::new("NO_BILL_EXIST", "账单不存在");
        // All money is on the basic account.
        if ask.fields.get("account_type") != Some("Basic") {
            return Err(none());
        }
        let hours = hours(ask).ok_or_else(none)?;
        let manner = self.manner(ask.flaws);
        let text = funds::write(&self.store, Account::Own, &hours, manner).ok_or_else(none)?;
        file(ask, text, true)
    }
}

/// The hours of the day asked for, if its bill can be there.
fn hours(ask: &Ask<'_>) -> Option<Range<i64>> {
    let day = wire::parse_day(ask.fields.get("bill_date")?)?;
    let start = midnight(day)?;
    let age = ask.now.as_unix().saturating_sub(start);
    (READY..=OLDEST)
        .contains(&age)
        .then(|| start..start.saturating_add(DAY))
}

fn file(ask: &Ask<'_>, text: String, with_digest: bool) -> Result<Said, Refusal> {
    let packed = ask.fields.get("tar_type") == Some("GZIP");
    let wrap = |text: Vec<u8>| if packed { gzip(&text) } else { Some(text) };
    let mut text = text.into_bytes();
    let mut body = wrap(text.clone()).ok_or_else(Refusal::system_error)?;
    // Over what is sent, as it should be.
    let digest = with_digest.then(|| format!("SHA={}", hex(&Sha1::digest(&body))));
    if ask.flaws.byte {
        ask.flaws.change(&mut text);
        body = wrap(text).ok_or_else(Refusal::system_error)?;
    }
    ask.flaws.shorten(&mut body);
    Ok(Said::File {
        body: Bytes::from(body),
        gzip: packed,
        digest,
    })
}
