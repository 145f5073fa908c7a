//! Encrypted bills, whole or in parts: <https://pay.weixin.qq.com/doc/v3/partner/4014314390>.
//!
//! Each part has a link, a hash, a key and a nonce of its own. The parts are put together in the order
//! of `bill_sequence` once they are opened and unpacked.

use std::fmt;
use std::ops::Range;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use wxpay_json::Date;
use wxpay_sign::{Encryptor, FileKey};

use super::{Bill, MOST_TICKETS, Ticket, day, download_url, no_statement};
use crate::core::book::text::hex;
use crate::core::book::{Book, Context};
use crate::core::call::{Failure, Reply, numeric};

/// So long is a nonce, as in the documents.
const NONCE: usize = 16;

/// How an encrypted file is opened.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub(super) struct Seal {
    key: String,
    nonce: String,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal([redacted])")
    }
}

impl Seal {
    pub(super) fn close(&self, file: &mut Vec<u8>) -> Option<()> {
        let key = FileKey::new(&self.key).ok()?;
        key.seal(self.nonce.as_bytes(), file).ok()
    }
}

impl Book {
    /// 申请单个子商户资金账单.
    pub(in crate::core::book) fn sub_merchant_fund_flow_bill(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let day = day(context)?;
        let given = context.call.query("sub_mchid");
        let sub_mchid = given.unwrap_or_default().to_owned();
        self.sub_merchant(&sub_mchid)?;
        can_encrypt(context)?;
        match context.call.query("account_type") {
            Some("BASIC" | "ALL") => {}
            // All money is on the basic account.
            _ => return Err(no_statement()),
        }
        let bill = Bill::Funds {
            sub_mchid: Some(sub_mchid),
        };
        self.sealed_links(&bill, day, context)
    }

    /// 申请二级商户资金账单.
    pub(in crate::core::book) fn ecommerce_fund_flow_bill(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let day = day(context)?;
        can_encrypt(context)?;
        self.sealed_links(&Bill::AllSubFunds, day, context)
    }

    fn sealed_links(
        &mut self,
        bill: &Bill,
        day: Date,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let manner = self.manner(context.call.flaws);
        let text = self.write(bill, day, manner).ok_or_else(no_statement)?;
        let parts = split(&text, self.bill_settings().encrypted_parts);
        if self.store.tickets().saturating_add(parts.len()) > MOST_TICKETS {
            return Err(Failure::frequency_limited());
        }
        let mut links = Vec::with_capacity(parts.len());
        for part in parts {
            let seal = Seal {
                key: context.ids.alphanumeric(32),
                nonce: context.ids.hex(NONCE),
            };
            let encrypt_key = self.parties.merchant_key.encrypt(&seal.key);
            let encrypt_key = encrypt_key.map_err(|_| Failure::system_error())?;
            let piece = text.as_bytes().get(part.clone()).unwrap_or_default();
            let hash = hex(&Sha1::digest(piece));
            let mut link = json!({
                "bill_sequence": links.len() + 1,
                "encrypt_key": encrypt_key,
                "hash_type": "SHA1",
                "hash_value": hash,
                "nonce": seal.nonce,
            });
            let ticket = Ticket {
                seal: Some(seal),
                part: Some((part.start, part.end)),
                ..Ticket::new(bill.clone(), day, manner, hash, context)
            };
            link["download_url"] = Value::from(download_url(context.call, &ticket));
            self.store.put_ticket(ticket);
            links.push(link);
        }
        Ok(Reply::ok(json!({
            "download_bill_count": links.len(),
            "download_bill_list": links,
        })))
    }
}

fn can_encrypt(context: &Context<'_>) -> Result<(), Failure> {
    if context.call.query("algorithm") == Some("AEAD_AES_256_GCM") {
        return Ok(());
    }
    Err(Failure::new(
        StatusCode::NOT_IMPLEMENTED,
        "SERVICE_UNAVAILABLE",
        numeric::OTHER,
        "沙箱仅支持AEAD_AES_256_GCM",
    ))
}

/// The parts of a text, none of them empty and about as long as each other. Every other cut goes
/// through a character that takes several bytes, where there is one: who puts the parts together as
/// text would lose it.
fn split(text: &str, parts: usize) -> Vec<Range<usize>> {
    let parts = parts.clamp(1, text.len().max(1));
    let even = |part: usize| text.len() * part / parts;
    let cut = |part: usize| {
        let at = even(part);
        if part.is_multiple_of(2) || part == parts {
            return at;
        }
        let through = |at: &usize| !text.is_char_boundary(*at);
        (at..even(part + 1)).find(through).unwrap_or(at)
    };
    (0..parts).map(|part| cut(part)..cut(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_never_empty_and_make_up_the_whole() {
        for text in [
            "",
            "a",
            "ab",
            "深圳",
            "深,圳,茶,a",
            "`1,`深圳\r\n`2,`茶\r\n",
        ] {
            for parts in 1..=40 {
                let split = split(text, parts);
                assert_eq!(
                    split.len(),
                    parts.clamp(1, text.len().max(1)),
                    "{text} {parts}"
                );
                let mut end = 0;
                for part in split {
                    assert_eq!(part.start, end);
                    assert!(part.end > end || text.is_empty(), "{text} {parts}");
                    end = part.end;
                }
                assert_eq!(end, text.len());
            }
        }
    }

    #[test]
    fn a_seal_does_not_show() {
        let seal = Seal {
            key: "key".to_owned(),
            nonce: "nonce".to_owned(),
        };
        assert_eq!(format!("{seal:?}"), "Seal([redacted])");
    }

    #[test]
    fn a_cut_goes_through_a_character() {
        assert_eq!(split("aaaaaaaaaa深aaaaaa", 2), [0..11, 11..19]);
        assert_eq!(split("aaaaaaaaaa", 2), [0..5, 5..10]);
    }
}
