//! Bills (账单): asked for by day, handed out as links that are good for five minutes.
//!
//! A bill is written twice, once for its hash and once for the download, and again whenever it is
//! asked for; it is always what it was when it was ready: a day that is over does not change any more,
//! and what may change later is shown as it was then.

mod direct;
mod file;
mod flaw;
mod funds;
mod sealed;
mod settings;
mod shares;
mod tenpay;
mod trades;

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha1::{Digest, Sha1};
use wxpay_json::{Date, DateTime};

pub(crate) use self::flaw::{CutOff, Flaws, Stage};
pub(crate) use self::settings::Settings;

use self::file::Manner;
use self::funds::Account;
use self::sealed::Seal;
use self::trades::TradeBill;
use super::modelled::Model;
use super::text::{encode, hex};
use super::{Book, Context};
use crate::core::call::{Call, Failure, Reply, numeric};

/// What of the operations outside `bill` is carried out here.
pub(super) const MODEL: Model = &[("GET", "/v3/profitsharing/bills", Book::share_bill)];

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
    #[serde(default)]
    manner: Manner,
    gzip: bool,
    /// SHA-1 of the text, or of the part of it.
    hash: String,
    seal: Option<Seal>,
    /// From which byte of the text to which; all of it without.
    #[serde(default)]
    part: Option<(usize, usize)>,
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
    /// The movements on the accounts of all sub-merchants.
    AllSubFunds,
    /// What was shared of everybody's orders, or of one sub-merchant's.
    Shares { sub_mchid: Option<String> },
}

impl Ticket {
    fn new(bill: Bill, day: Date, manner: Manner, hash: String, context: &mut Context<'_>) -> Self {
        Self {
            token: context.ids.alphanumeric(40),
            bill,
            day,
            manner,
            gzip: context.call.query("tar_type") == Some("GZIP"),
            hash,
            seal: None,
            part: None,
            good_until: context.now().saturating_add(VALIDITY),
        }
    }
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

    fn share_bill(&mut self, context: &mut Context<'_>) -> Result<Reply, Failure> {
        let day = day(context)?;
        let given = context.call.query("sub_mchid");
        let sub_mchid = given.filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(sub_mchid) = &sub_mchid {
            self.sub_merchant(sub_mchid)?;
        }
        self.link(Bill::Shares { sub_mchid }, day, context)
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
        let text = self.write(&ticket.bill, ticket.day, ticket.manner);
        let mut file = text.ok_or_else(gone)?.into_bytes();
        if let Some((start, end)) = ticket.part {
            file = file.get(start..end).ok_or_else(gone)?.to_vec();
        }
        // Only a clock set back can add to a day that is over; then the hash holds no more.
        if hex(&Sha1::digest(&file)) != ticket.hash {
            return Err(gone());
        }
        call.flaws.change(&mut file);
        if ticket.gzip {
            file = gzip(&file).ok_or_else(Failure::system_error)?;
        }
        if let Some(seal) = &ticket.seal {
            seal.close(&mut file).ok_or_else(Failure::system_error)?;
        }
        call.flaws.shorten(&mut file);
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
        if self.store.tickets() >= MOST_TICKETS {
            return Err(Failure::frequency_limited());
        }
        let manner = self.manner(context.call.flaws);
        let text = self.write(&bill, day, manner).ok_or_else(no_statement)?;
        let hash = hex(&Sha1::digest(&text));
        let ticket = Ticket::new(bill, day, manner, hash, context);
        let reply = json!({
            "hash_type": "SHA1",
            "hash_value": ticket.hash,
            "download_url": download_url(context.call, &ticket),
        });
        self.store.put_ticket(ticket);
        Ok(Reply::ok(reply))
    }

    /// The text of a bill; nothing for a day on which nothing happened.
    fn write(&self, bill: &Bill, day: Date, manner: Manner) -> Option<String> {
        let start = midnight(day)?;
        let hours = start..start.saturating_add(DAY);
        let store = &self.store;
        let account = match bill {
            Bill::Trades { which, sub_mchid } => {
                return trades::write(store, *which, sub_mchid.as_deref(), &hours, manner);
            }
            Bill::Shares { sub_mchid } => {
                let mchid = &self.parties.mchid;
                return shares::write(store, mchid, sub_mchid.as_deref(), &hours, manner);
            }
            Bill::Funds { sub_mchid } => sub_mchid.as_deref().map_or(Account::Own, Account::Sub),
            Bill::AllSubFunds => Account::AllSubs,
        };
        funds::write(store, account, &hours, manner)
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
