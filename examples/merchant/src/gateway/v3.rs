//! API v3: JSON, signed with keys.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use wxpay_api::bill;
use wxpay_api::pay::{
    Amount, CloseOrder, NativePrepay, QueryOrderByOutTradeNo, TradeState, Transaction,
};
use wxpay_api::refund::{self, CreateRefund, QueryRefund, RefundNotification, RefundRequestAmount};
use wxpay_bill::{Date, DateTime, Trade, TradeBill};
use wxpay_client::axum::{Reply, Verified};
use wxpay_client::proto::{Notification, json, reply};
use wxpay_client::{Client, Clock, Delivery, Error, ExpectedHash};

use super::files::{Files, timeouts};
use super::{Inbox, PAYMENT, Prepaid, REFUND, Said, clipped, description};
use crate::flow::{OrderEvent, Payment, RefundEvent, RefundState, RefundStatus};
use crate::store::{Notice, NoticeKind, Order, Refund};

/// The client, and what every request names.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    client: Client,
    appid: String,
    mchid: String,
    shop_url: String,
}

impl Gateway {
    pub(super) fn open(files: &Files, shop_url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        let file = &files.merchant;
        let client = Client::builder(files.merchant_v3()?)
            .endpoint(files.endpoint()?)
            .transport(files.transport()?)
            .timeouts(timeouts())
            .clock(clock)
            .build()?;
        Ok(Self {
            client,
            appid: file.appid.clone(),
            mchid: file.mchid.clone(),
            shop_url: shop_url.to_owned(),
        })
    }

    pub(super) async fn prepay(&self, order: &Order) -> Result<Prepaid> {
        let placed = &order.placed;
        let request = NativePrepay::new(
            &self.appid,
            &self.mchid,
            description(placed),
            &placed.out_trade_no,
            format!("{}{PAYMENT}", self.shop_url),
            Amount::new(placed.total),
        )
        .time_expire(DateTime::beijing(placed.expires_at));
        match self.client.execute(&request).await {
            Ok(answer) => {
                let code = answer.into_value().code_url;
                ensure!(!code.is_empty(), "the answer has no code_url");
                Ok(Prepaid::Code(code))
            }
            // Not knowing the order would be no news: the time is that of the order itself.
            Err(error) if matches!(code(&error).as_str(), "ORDERPAID" | "ORDERCLOSED") => {
                let event = self.query(order, order.created_at).await?;
                Ok(Prepaid::Settled(event))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn query(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        let number = &order.placed.out_trade_no;
        let request = QueryOrderByOutTradeNo::new(number, &self.mchid);
        match self.client.execute(&request).await {
            Ok(answer) => self.event(number, answer.into_value()),
            Err(error) if code(&error) == "ORDERNOTEXIST" => {
                Ok(OrderEvent::Unknown { asked_at: now })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a query or a notice says, if it is about that order of ours.
    fn event(&self, number: &str, said: Transaction) -> Result<OrderEvent> {
        ensure!(
            said.out_trade_no == number && said.mchid == self.mchid,
            "not about order {number} of {}",
            self.mchid
        );
        match said.trade_state {
            TradeState::Success | TradeState::Refund => {
                let appid = said.appid.context("a paid order has an appid")?;
                ensure!(appid == self.appid, "paid to another app: {appid}");
                let amount = said.amount.context("a paid order has an amount")?;
                ensure!(
                    amount.currency.is_none_or(|it| it.as_str() == "CNY"),
                    "paid in another currency"
                );
                let at = said.success_time.context("a paid order has a time")?;
                Ok(OrderEvent::Paid(Payment {
                    transaction_id: said.transaction_id.context("a paid order has an id")?,
                    total: amount.total.context("a paid order has a total")?,
                    at: at.as_unix(),
                }))
            }
            TradeState::NotPay | TradeState::UserPaying | TradeState::PayError => {
                Ok(OrderEvent::Unpaid)
            }
            TradeState::Closed | TradeState::Revoked => Ok(OrderEvent::Closed),
            other => bail!("a state this shop does not know: {other}"),
        }
    }

    pub(super) async fn close(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        let request = CloseOrder::new(&order.placed.out_trade_no, &self.mchid);
        let Err(error) = self.client.execute(&request).await else {
            return Ok(OrderEvent::Closed);
        };
        match code(&error).as_str() {
            "ORDERPAID" => self.query(order, now).await,
            "ORDERCLOSED" => Ok(OrderEvent::Closed),
            "ORDERNOTEXIST" => Ok(OrderEvent::Unknown { asked_at: now }),
            _ => Err(error.into()),
        }
    }

    /// `None`: it was refused for good.
    pub(super) async fn refund(
        &self,
        order: &Order,
        refund: &Refund,
    ) -> Result<Option<RefundEvent>> {
        let asked = &refund.asked;
        let amount = RefundRequestAmount::new(asked.amount, order.placed.total, "CNY");
        let mut request = CreateRefund::new(&asked.out_refund_no, amount)
            .out_trade_no(&asked.out_trade_no)
            .notify_url(format!("{}{REFUND}", self.shop_url));
        if let Some(reason) = clipped(&asked.reason) {
            request = request.reason(reason);
        }
        match self.client.execute(&request).await {
            Ok(answer) => status(order, refund, answer.into_value()).map(Some),
            Err(error) if is_final(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn query_refund(&self, order: &Order, refund: &Refund) -> Result<RefundEvent> {
        let request = QueryRefund::new(&refund.asked.out_refund_no);
        match self.client.execute(&request).await {
            Ok(answer) => status(order, refund, answer.into_value()),
            Err(error) if code(&error) == "RESOURCENOTEXISTS" => Ok(RefundEvent::Unknown),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn read(&self, notice: &Notice) -> Result<Said> {
        let (number, body) = (&notice.number, notice.body.as_bytes());
        match notice.kind {
            NoticeKind::Payment => {
                let event = self.event(number, json::decode(body)?)?;
                Ok(Said::Order(event))
            }
            NoticeKind::Refund => {
                let said: RefundNotification = json::decode(body)?;
                ensure!(
                    said.out_refund_no == *number && said.mchid.as_ref() == Some(&self.mchid),
                    "not about refund {number} of {}",
                    self.mchid
                );
                Ok(Said::Refund(RefundEvent::Status(RefundStatus {
                    state: state(&said.refund_status)?,
                    refund_id: said.refund_id,
                    amount: Some(said.amount.refund),
                    accepted_at: None,
                    finished_at: said.success_time.map(DateTime::as_unix),
                })))
            }
        }
    }

    pub(super) async fn bill(
        &self,
        day: Date,
        each: &mut (dyn FnMut(&Trade<'_>) -> Result<()> + Send),
    ) -> Result<bool> {
        let request = bill::TradeBill::new(day).tar_type(bill::TarType::Gzip);
        let link = match self.client.execute(&request).await {
            Ok(answer) => answer.into_value(),
            Err(error) if code(&error) == "NOSTATEMENTEXIST" => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let hash = ExpectedHash::new(link.hash_type.as_str(), &link.hash_value)?;
        let download = self.client.download(&link.download_url, hash).await?;
        let mut bill = TradeBill::from_async_reader(download);
        // The row after the last is where a wrong hash or sum comes out.
        while let Some(trade) = bill.next_row().await? {
            each(&trade)?;
        }
        Ok(true)
    }

    pub(super) fn routes(&self, inbox: Inbox) -> Router {
        let client = self.client.clone();
        Router::new()
            .route(PAYMENT, post(paid))
            .route(REFUND, post(refunded))
            .with_state(Desk { client, inbox })
    }
}

/// WeChat Pay's error code. Some have underscores in one interface and none in another.
fn code(error: &Error) -> String {
    let code = error.api().map_or("", |api| api.code());
    code.replace('_', "")
}

/// Whether a refund was refused for good: not for a key that is wrong today, or for want of money.
fn is_final(error: &Error) -> bool {
    const FINAL: [&str; 4] = [
        "PARAMERROR",
        "INVALIDREQUEST",
        "RESOURCENOTEXISTS",
        "USERACCOUNTABNORMAL",
    ];
    error.delivery() == Delivery::Refused && FINAL.contains(&code(error).as_str())
}

fn status(order: &Order, refund: &Refund, said: refund::Refund) -> Result<RefundEvent> {
    let (number, placed) = (&refund.asked.out_refund_no, &order.placed);
    ensure!(
        said.out_refund_no == *number && said.out_trade_no.as_ref() == Some(&placed.out_trade_no),
        "not about refund {number} of order {}",
        placed.out_trade_no
    );
    Ok(RefundEvent::Status(RefundStatus {
        state: state(&said.status)?,
        refund_id: said.refund_id,
        amount: Some(said.amount.refund),
        accepted_at: said.create_time.map(DateTime::as_unix),
        finished_at: said.success_time.map(DateTime::as_unix),
    }))
}

fn state(status: &refund::RefundStatus) -> Result<RefundState> {
    match status {
        refund::RefundStatus::Processing => Ok(RefundState::Processing),
        refund::RefundStatus::Success => Ok(RefundState::Success),
        refund::RefundStatus::Closed => Ok(RefundState::Closed),
        refund::RefundStatus::Abnormal => Ok(RefundState::Abnormal),
        other => bail!("a state this shop does not know: {other}"),
    }
}

/// What the handlers need.
#[derive(Clone, Debug)]
struct Desk {
    client: Client,
    inbox: Inbox,
}

impl FromRef<Desk> for Client {
    fn from_ref(desk: &Desk) -> Self {
        desk.client.clone()
    }
}

async fn paid(State(desk): State<Desk>, notice: Verified<Transaction>) -> Reply {
    let number = notice.content.out_trade_no;
    keep(&desk, NoticeKind::Payment, number, &notice.notification).await
}

async fn refunded(State(desk): State<Desk>, notice: Verified<RefundNotification>) -> Reply {
    let number = notice.content.out_refund_no;
    keep(&desk, NoticeKind::Refund, number, &notice.notification).await
}

async fn keep(desk: &Desk, kind: NoticeKind, number: String, notice: &Notification) -> Reply {
    let notice = Notice {
        id: notice.id().to_owned(),
        kind,
        number,
        // It was read as JSON, so it is UTF-8.
        body: String::from_utf8_lossy(notice.plaintext()).into_owned(),
    };
    Reply(if desk.inbox.keep(&notice).await {
        reply::success()
    } else {
        reply::failure("稍后再试")
    })
}
