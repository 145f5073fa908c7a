//! WeChat Pay as the shop needs it, by whichever generation of its interface.
//!
//! An answer is an event for [`flow`](crate::flow). An error means that nothing was heard, whatever
//! may have happened: it is asked again.
//!
//! | | v3 | v2 | v1 |
//! |---|---|---|---|
//! | the code | from prepay | from prepay | made by the shop; WeChat asks for the order when it is scanned |
//! | closing | ends it at once | ends it at once | nothing to close: after the end nobody is given the order |
//! | not paid yet | `Unpaid` | `Unpaid` | `Unknown`: Tenpay knows paid orders only |
//! | refund notices | signed | encrypted only | none: a query tells |
//! | refused for good | by code | by code | only "no such order"; other refusals are tried again |
//! | bills | with a hash | sums only | sums only |

mod files;
mod v1;
mod v2;
mod v3;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use wxpay_bill::{Date, Trade};
use wxpay_client::Clock;

use crate::flow::{OrderEvent, RefundEvent};
use crate::goods;
use crate::settings::Api;
use crate::shop::Bell;
use crate::store::{NewOrder, Notice, Order, Refund, Store};
use files::Files;

/// Where WeChat asks what a code of v1 stands for (获取订单Package的回调).
pub const PACKAGE: &str = "/wechatpay/package";
/// Where WeChat Pay tells of payments.
const PAYMENT: &str = "/wechatpay/payment";
/// Where WeChat Pay tells of refunds.
const REFUND: &str = "/wechatpay/refund";

/// Whose WeChat Pay it is, and where the shop is.
#[derive(Clone, Debug)]
pub struct Account {
    /// Which generation to speak.
    pub api: Api,
    /// The folder with `merchant.json` and the keys; by v1, unless it is a sandbox's, with the
    /// password of Tenpay's operator in `operator_password.txt`.
    pub home: PathBuf,
    /// Where WeChat Pay is; without one, where `merchant.json` says.
    pub base_url: Option<String>,
    /// Where WeChat Pay reaches the shop, such as `https://shop.example`.
    pub shop_url: String,
}

/// What prepay (下单) came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepaid {
    /// What to make the QR code of.
    Code(String),
    /// There is no code, because the order is further: WeChat Pay says it is paid, or closed.
    Settled(OrderEvent),
}

/// What a stored notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// About the order of the notice's number.
    Order(OrderEvent),
    /// About the refund of the notice's number.
    Refund(RefundEvent),
}

/// Where notices go: into the books, then they are answered.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// The books.
    pub store: Store,
    /// For the time they came at.
    pub clock: Arc<dyn Clock>,
    /// Rung when one has come.
    pub bell: Bell,
}

impl Inbox {
    /// Whether the notice is in the books now. If not, WeChat Pay has to send it again.
    async fn keep(&self, notice: &Notice) -> bool {
        let now = self.clock.now().as_unix();
        match self.store.store_notice(notice, now).await {
            Ok(_) => {
                self.bell.ring();
                true
            }
            Err(error) => {
                tracing::warn!(number = notice.number, %error, "a notice could not be stored");
                false
            }
        }
    }
}

/// One of the generations.
#[derive(Clone, Debug)]
pub struct Gateway(Generation);

#[derive(Clone, Debug)]
enum Generation {
    V3(v3::Gateway),
    V2(v2::Gateway),
    V1(v1::Gateway),
}

/// The same call, whichever generation it is.
macro_rules! either {
    ($gateway:ident.$method:ident($($argument:expr),*) $($wait:tt)*) => {
        match &$gateway.0 {
            Generation::V3(v3) => v3.$method($($argument),*) $($wait)*,
            Generation::V2(v2) => v2.$method($($argument),*) $($wait)*,
            Generation::V1(v1) => v1.$method($($argument),*) $($wait)*,
        }
    };
}

impl Gateway {
    /// Reads the merchant's files, and makes the client.
    ///
    /// # Errors
    ///
    /// A file that is missing or not what it should be; the error names it.
    pub fn open(account: &Account, clock: Arc<dyn Clock>) -> Result<Self> {
        let (files, url) = (Files::read(account)?, &account.shop_url);
        Ok(Self(match account.api {
            Api::V3 => Generation::V3(v3::Gateway::open(&files, url, clock)?),
            Api::V2 => Generation::V2(v2::Gateway::open(&files, url, clock)?),
            Api::V1 => Generation::V1(v1::Gateway::open(&files, url, clock)?),
        }))
    }

    /// Places the order at WeChat Pay (下单), or asks for its code again; everything that is sent
    /// follows from the order, so the same order is placed once.
    pub async fn prepay(&self, order: &Order) -> Result<Prepaid> {
        either!(self.prepay(order).await)
    }

    /// Asks how an order stands (查询订单); `now` is when.
    pub async fn query(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        either!(self.query(order, now).await)
    }

    /// Closes an order (关闭订单) at `now`; should it be paid already, the answer is the payment. By
    /// v1 it asks how the order stands, which is closed [`GRACE`](crate::flow::OrderFacts::GRACE)
    /// after its end.
    pub async fn close(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        either!(self.close(order, now).await)
    }

    /// Requests a refund (申请退款). After an error that no repetition mends, asks whether WeChat Pay
    /// knows the refund all the same.
    ///
    /// # Errors
    ///
    /// Nothing was heard, or the account has too little money: it is requested again.
    pub async fn refund(&self, order: &Order, refund: &Refund) -> Result<RefundEvent> {
        match either!(self.refund(order, refund).await)? {
            Some(event) => Ok(event),
            // The number may have been taken before, and that answer lost.
            None => match self.query_refund(order, refund).await? {
                RefundEvent::Unknown => Ok(RefundEvent::Refused),
                known => Ok(known),
            },
        }
    }

    /// Asks how a refund stands (查询退款).
    pub async fn query_refund(&self, order: &Order, refund: &Refund) -> Result<RefundEvent> {
        either!(self.query_refund(order, refund).await)
    }

    /// What a stored notice says. It was verified before it was stored.
    ///
    /// # Errors
    ///
    /// It is about something else, or of another merchant: for a person.
    pub fn read(&self, notice: &Notice) -> Result<Said> {
        either!(self.read(notice))
    }

    /// Reads the bill (交易账单) of a day in Beijing row by row; `false` if there were no trades. When
    /// this returns without an error, hash and sums were right: believe no row before.
    ///
    /// # Errors
    ///
    /// The bill is not there yet, is not what it should be, or `each` failed.
    pub async fn bill(
        &self,
        day: Date,
        each: &mut (dyn FnMut(&Trade<'_>) -> Result<()> + Send),
    ) -> Result<bool> {
        either!(self.bill(day, each).await)
    }

    /// The addresses WeChat Pay calls, below `/wechatpay/`.
    pub fn routes(&self, inbox: Inbox) -> Router {
        either!(self.routes(inbox))
    }
}

/// What the payer's WeChat shows (商品描述): the same at every try.
fn description(placed: &NewOrder) -> String {
    let name = goods::find(&placed.goods).map_or(placed.goods.as_str(), |goods| goods.name);
    format!("{name} × {}", placed.quantity)
}

/// A reason for a refund as far as WeChat Pay takes it; the same at every try.
fn clipped(reason: &str) -> Option<String> {
    const MAX: usize = 80;
    let reason = reason.trim();
    (!reason.is_empty()).then(|| reason.chars().take(MAX).collect())
}

/// A hash of what a notice says, to know it by when it is repeated.
fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts = texts.into_iter();
    let hash = texts.fold(Sha256::new(), |hash, text| {
        hash.chain_update(text).chain_update([0])
    });
    format!("{:x}", Bytes::copy_from_slice(&hash.finalize()))
}
