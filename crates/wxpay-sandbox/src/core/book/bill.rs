//! Bills (账单): asked for by day, handed out as links that are good for five minutes.
//!
//! A bill is written twice, once for its hash and once for the download; a day that is over does
//! not change any more.

mod direct;
mod file;
mod funds;
mod tenpay;
mod trades;

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha1::{Digest, Sha1};
use wxpay_json::{Date, DateTime};
use wxpay_sign::{ApiV3Key, Encryptor};

use self::trades::TradeBill;
use super::text::{encode, hex};
use super::{Book, Context};
use crate::core::call::{Call, Failure, Reply, numeric};

const DAY: i64 = 24 * 3_600;
/// A day's bill is ready at nine o'clock of the next.
const READY: i64 = DAY + 9 * 3_600;
/// So far back are bills kept: three months.
const OLDEST: i64 = 92 * DAY;
/// How long a link is good.
const VALIDITY: i64 = 5 * 60;
/// So many links may be good at a time.
const MOST_TICKETS: usize = 1_000;

/// A link that was handed out.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Ticket {
    pub(super) token: String,
    bill: Bill,
    day: Date,
    gzip: bool,
    /// SHA-1 of the file.
    hash: String,
    seal: Option<Seal>,
    pub(super) good_until: i64,
}

/// What is in a bill.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bill {
    /// The trades of everybody, or of one sub-merchant.
    Trades {
        which: TradeBill,
        sub_mchid: Option<String>,
    },
    /// The movements on the merchant's account, or on one sub-merchant's.
    Funds { sub_mchid: Option<String> },
}

/// How an encrypted file is opened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Seal {
    key: String,
    nonce: String,
}

impl Book {
    pub(super) fn trade_bill(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let call = context.call;
        let day = day(context)?;
        let sub_mchid = call.query("sub_mchid").filter(|text| !text.is_empty());
        if let Some(sub_mchid) = sub_mchid {
            self.sub_merchant(sub_mchid)?;
        }
        let which = match call.query("bill_type").unwrap_or("ALL") {
            "ALL" => TradeBill::All,
            "SUCCESS" => TradeBill::Success,
            "REFUND" => TradeBill::Refund,
            // Nobody pays with prepaid coupons here.
            "RECHARGE_REFUND" => return Err(no_statement()),
            _ => return Err(Failure::no_auth("商户未开通个性化账单")),
        };
        let sub_mchid = sub_mchid.map(str::to_owned);
        self.link(Bill::Trades { which, sub_mchid }, day, context)
    }

    pub(super) fn fund_flow_bill(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let day = day(context)?;
        match context.call.query("account_type").unwrap_or("BASIC") {
            "BASIC" => self.link(Bill::Funds { sub_mchid: None }, day, context),
            "ALL" => Err(Failure::no_auth("仅电商平台可申请所有账户的资金账单")),
            // All money is on the basic account.
            _ => Err(no_statement()),
        }
    }

    pub(super) fn sub_merchant_fund_flow_bill(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let day = day(context)?;
        let sub_mchid = context
            .call
            .query("sub_mchid")
            .unwrap_or_default()
            .to_owned();
        self.sub_merchant(&sub_mchid)?;
        if context.call.query("algorithm") != Some("AEAD_AES_256_GCM") {
            return Err(Failure::new(
                StatusCode::NOT_IMPLEMENTED,
                "SERVICE_UNAVAILABLE",
                numeric::OTHER,
                "沙箱仅支持AEAD_AES_256_GCM",
            ));
        }
        match context.call.query("account_type") {
            Some("BASIC" | "ALL") => {}
            _ => return Err(no_statement()),
        }
        let seal = Seal {
            key: context.ids.alphanumeric(32),
            nonce: context.ids.alphanumeric(12),
        };
        let encrypt_key = self.parties.merchant_key.encrypt(&seal.key);
        let encrypt_key = encrypt_key.map_err(|_| Failure::system_error())?;
        let bill = Bill::Funds {
            sub_mchid: Some(sub_mchid),
        };
        let ticket = self.ticket(bill, day, Some(seal), context)?;
        let seal = ticket.seal.as_ref().ok_or_else(Failure::system_error)?;
        let reply = json!({
            "download_bill_count": 1,
            "download_bill_list": [{
                "bill_sequence": 1,
                "download_url": download_url(context.call, &ticket),
                "encrypt_key": encrypt_key,
                "hash_type": "SHA1",
                "hash_value": ticket.hash,
                "nonce": seal.nonce,
            }],
        });
        self.store.put_ticket(ticket);
        Ok(Reply::ok(reply))
    }

    /// The file behind a link.
    pub(super) fn download_bill(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let gone = || Failure::resource_not_exists("下载链接不存在或已过期，请重新申请账单");
        let ticket = call
            .query("token")
            .and_then(|token| self.store.ticket(token));
        let ticket = ticket
            .filter(|ticket| call.now.as_unix() <= ticket.good_until)
            .ok_or_else(gone)?;
        let text = self.write(&ticket.bill, ticket.day).ok_or_else(gone)?;
        // Only a clock set back can add to a day that is over; then the hash holds no more.
        if hex(&Sha1::digest(&text)) != ticket.hash {
            return Err(gone());
        }
        let mut file = text.into_bytes();
        if ticket.gzip {
            file = gzip(&file).ok_or_else(Failure::system_error)?;
        }
        if let Some(seal) = &ticket.seal {
            file = seal.close(&file).ok_or_else(Failure::system_error)?;
        }
        let gzip = ticket.gzip && ticket.seal.is_none();
        let content_type = match (&ticket.seal, gzip) {
            (Some(_), _) => "application/octet-stream",
            (None, true) => "application/gzip",
            (None, false) => "text/plain; charset=utf-8",
        };
        Ok(Reply::Raw {
            content_type,
            body: Bytes::from(file),
            gzip,
        })
    }

    fn link(&mut self, bill: Bill, day: Date, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let ticket = self.ticket(bill, day, None, context)?;
        let reply = json!({
            "hash_type": "SHA1",
            "hash_value": ticket.hash,
            "download_url": download_url(context.call, &ticket),
        });
        self.store.put_ticket(ticket);
        Ok(Reply::ok(reply))
    }

    fn ticket(
        &self,
        bill: Bill,
        day: Date,
        seal: Option<Seal>,
        context: &mut Context<'_>,
    ) -> Result<Ticket, Failure> {
        if self.store.tickets() >= MOST_TICKETS {
            return Err(Failure::frequency_limited());
        }
        let text = self.write(&bill, day).ok_or_else(no_statement)?;
        Ok(Ticket {
            token: context.ids.alphanumeric(40),
            bill,
            day,
            gzip: context.call.query("tar_type") == Some("GZIP"),
            hash: hex(&Sha1::digest(&text)),
            seal,
            good_until: context.now().saturating_add(VALIDITY),
        })
    }

    /// The text of a bill; nothing for a day on which nothing happened.
    fn write(&self, bill: &Bill, day: Date) -> Option<String> {
        let start = midnight(day)?;
        let hours = start..start.saturating_add(DAY);
        match bill {
            Bill::Trades { which, sub_mchid } => {
                trades::write(&self.store, *which, sub_mchid.as_deref(), &hours)
            }
            Bill::Funds { sub_mchid } => funds::write(&self.store, sub_mchid.as_deref(), &hours),
        }
    }
}

/// The day asked for, if its bill can be there.
fn day(context: &Context<'_>) -> Result<Date, Failure> {
    let text = context.call.query("bill_date").unwrap_or_default();
    let wrong = || {
        Failure::param_error_in(
            "query",
            "bill_date",
            text.into(),
            "账单日期格式应为yyyy-MM-dd",
        )
    };
    let day: Date = text.parse().map_err(|_| wrong())?;
    let start = midnight(day).ok_or_else(wrong)?;
    let age = context.now().saturating_sub(start);
    if age > OLDEST {
        return Err(Failure::invalid_request(
            numeric::OTHER,
            "仅支持三个月内的账单下载申请",
        ));
    }
    if age < READY {
        Err(no_statement())
    } else {
        Ok(day)
    }
}

/// When a day begins in Beijing.
fn midnight(day: Date) -> Option<i64> {
    DateTime::parse(&format!("{day}T00:00:00+08:00"))
        .ok()
        .map(DateTime::as_unix)
}

fn no_statement() -> Failure {
    Failure::new(
        StatusCode::BAD_REQUEST,
        "NO_STATEMENT_EXIST",
        numeric::OTHER,
        "账单文件不存在",
    )
}

fn download_url(call: &Call<'_>, ticket: &Ticket) -> String {
    let tar_type = if ticket.gzip { "&tartype=gzip" } else { "" };
    format!(
        "{}/v3/billdownload/file?token={}{tar_type}",
        call.base_url,
        encode(&ticket.token)
    )
}

/// A file packed with gzip.
pub(crate) fn gzip(file: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(file).ok()?;
    encoder.finish().ok()
}

impl Seal {
    fn close(&self, file: &[u8]) -> Option<Vec<u8>> {
        // The same AES-256-GCM as the API v3 key's, with a key of the file's own.
        let key = ApiV3Key::new(&self.key).ok()?;
        let nonce = self.nonce.as_bytes().try_into().ok()?;
        BASE64_STANDARD
            .decode(key.seal(nonce, b"", file).ok()?)
            .ok()
    }
}
