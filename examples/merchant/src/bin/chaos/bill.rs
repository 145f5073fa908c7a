//! The day's bill, read by a client of our own and not by the shop's.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use merchant::Fen;
use wxpay_api::bill::{TarType, TradeBill as Request};
use wxpay_bill::{Date, RefundStatus, TradeBill};
use wxpay_client::proto::Endpoint;
use wxpay_client::{Client, ExpectedHash};

use crate::world::World;

/// What is in it, by the shop's numbers.
#[derive(Debug, Default)]
pub(crate) struct Bill {
    pub(crate) payments: BTreeMap<String, Payment>,
    pub(crate) refunds: BTreeMap<String, Refund>,
    /// Numbers that are there twice, and rows of other kinds.
    pub(crate) odd: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Payment {
    pub(crate) total: Fen,
    pub(crate) transaction_id: String,
}

#[derive(Debug)]
pub(crate) struct Refund {
    pub(crate) out_trade_no: String,
    /// 申请退款金额.
    pub(crate) asked: Fen,
    pub(crate) refund_id: String,
    /// Whether it failed: then nothing went back.
    pub(crate) failed: bool,
}

/// Downloads the bill of the day; hash and sums were right.
pub(crate) async fn download(world: &World, day: Date) -> Result<Bill> {
    let client = client(world)?;
    let request = Request::new(day).tar_type(TarType::Gzip);
    let link = client.execute(&request).await?.into_value();
    let hash = ExpectedHash::new(link.hash_type.as_str(), &link.hash_value)?;
    let file = client.download(&link.download_url, hash).await?;
    let mut rows = TradeBill::from_async_reader(file);
    let mut bill = Bill::default();
    while let Some(row) = rows.next_row().await? {
        let number = row.out_trade_no().to_owned();
        let twice = match row.refund() {
            None => {
                let payment = Payment {
                    total: row.total().context("a payment without its total")?,
                    transaction_id: row.transaction_id().to_owned(),
                };
                bill.payments.insert(number.clone(), payment).is_some()
            }
            Some(refund) => {
                let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                let of = text(refund.out_refund_no);
                let refund = Refund {
                    out_trade_no: number.clone(),
                    asked: refund
                        .requested_amount
                        .context("a refund without its amount")?,
                    refund_id: text(refund.refund_id),
                    failed: refund.status == RefundStatus::Fail,
                };
                bill.refunds.insert(of, refund).is_some()
            }
        };
        if twice {
            bill.odd.push(number);
        }
    }
    Ok(bill)
}

fn client(world: &World) -> Result<Client> {
    let merchant = example_support::merchant(world.home(), world.server().merchant())?;
    let clock: Arc<dyn wxpay_client::Clock> = world.clock();
    Ok(Client::builder(merchant)
        .endpoint(Endpoint::parse(world.server().base_url())?)
        .clock(clock)
        .build()?)
}
