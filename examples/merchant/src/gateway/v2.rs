//! API v2: XML, signed with a key both sides have; refunds show the client certificate.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use wxpay_api::ExpectedOrder;
use wxpay_api::v2::bill::{DownloadBill, TarType};
use wxpay_api::v2::pay::{
    CloseOrder, OrderQuery, OrderQueryResponse, PaymentNotice, TradeState, TradeType, UnifiedOrder,
};
use wxpay_api::v2::refund::{CreateRefund, RefundNotice, RefundQuery, RefundStatus as Status};
use wxpay_bill::{Date, DateTime, Trade, TradeBill};
use wxpay_client::axum::Reply;
use wxpay_client::axum::v2::{VerifiedNotification, VerifiedRefundNotification};
use wxpay_client::proto::v2::{ErrorCode, Parameters, reply};
use wxpay_client::v2::{ApiV2Key, Client, Merchant};
use wxpay_client::{Clock, Delivery, Error};

use super::files::{Files, timeouts};
use super::{Inbox, PAYMENT, Prepaid, REFUND, Said, clipped, description, hash};
use crate::flow::{OrderEvent, Payment, RefundEvent, RefundState, RefundStatus};
use crate::store::{Notice, NoticeKind, Order, Refund};

/// The address of whoever places the order (终端IP): for codes that is the shop.
const IP: &str = "127.0.0.1";

/// The client, and what every request names.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    client: Client,
    appid: String,
    shop_url: String,
}

impl Gateway {
    pub(super) fn open(files: &Files, shop_url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        let file = &files.merchant;
        let key = ApiV2Key::new(file.api_key.expose()).context("api_key in merchant.json")?;
        let client = Client::builder(Merchant::new(&file.mchid, key)?)
            .endpoint(files.endpoint_for_certificate()?)
            .transport(files.transport()?)
            .identity(files.identity()?)
            .timeouts(timeouts())
            .clock(clock)
            .build()?;
        Ok(Self {
            client,
            appid: file.appid.clone(),
            shop_url: shop_url.to_owned(),
        })
    }

    fn mchid(&self) -> &str {
        self.client.merchant().mch_id()
    }

    pub(super) async fn prepay(&self, order: &Order) -> Result<Prepaid> {
        let placed = &order.placed;
        let request = UnifiedOrder::new(
            &self.appid,
            description(placed),
            &placed.out_trade_no,
            placed.total,
            IP,
            format!("{}{PAYMENT}", self.shop_url),
            TradeType::Native,
        )
        .product_id(&placed.goods)
        .time_expire(DateTime::beijing(placed.expires_at));
        match self.client.execute(&request).await {
            Ok(answer) => {
                let code = answer.into_value().code_url;
                Ok(Prepaid::Code(code.context("the answer has no code_url")?))
            }
            Err(error) => match code(&error) {
                // Not knowing the order would be no news: the time is that of the order itself.
                Some(ErrorCode::OrderPaid | ErrorCode::OrderClosed) => {
                    let event = self.query(order, order.created_at).await?;
                    Ok(Prepaid::Settled(event))
                }
                _ => Err(error.into()),
            },
        }
    }

    pub(super) async fn query(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        let number = &order.placed.out_trade_no;
        let request = OrderQuery::new(&self.appid).out_trade_no(number);
        match self.client.execute(&request).await {
            Ok(answer) => self.event(number, answer.into_value()),
            Err(error) => match code(&error) {
                Some(ErrorCode::OrderNotExist) => Ok(OrderEvent::Unknown { asked_at: now }),
                _ => Err(error.into()),
            },
        }
    }

    fn event(&self, number: &str, said: OrderQueryResponse) -> Result<OrderEvent> {
        ensure!(
            said.out_trade_no.as_deref() == Some(number)
                && said.mch_id.as_deref() == Some(self.mchid())
                && said.appid.as_ref() == Some(&self.appid),
            "not about order {number} of {}",
            self.mchid()
        );
        match said.trade_state {
            TradeState::Success | TradeState::Refund => {
                ensure!(
                    said.fee_type.is_none_or(|it| it.as_str() == "CNY"),
                    "paid in another currency"
                );
                let at = said.time_end.context("a paid order has a time")?;
                Ok(OrderEvent::Paid(Payment {
                    transaction_id: said.transaction_id.context("a paid order has an id")?,
                    total: said.total_fee.context("a paid order has a total")?,
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
        let request = CloseOrder::new(&self.appid, &order.placed.out_trade_no);
        let Err(error) = self.client.execute(&request).await else {
            return Ok(OrderEvent::Closed);
        };
        match code(&error) {
            Some(ErrorCode::OrderPaid) => self.query(order, now).await,
            Some(ErrorCode::OrderClosed) => Ok(OrderEvent::Closed),
            Some(ErrorCode::OrderNotExist) => Ok(OrderEvent::Unknown { asked_at: now }),
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
        let (number, total) = (&asked.out_refund_no, order.placed.total);
        let mut request = CreateRefund::new(&self.appid, number, total, asked.amount)
            .out_trade_no(&asked.out_trade_no)
            .notify_url(format!("{}{REFUND}", self.shop_url));
        if let Some(reason) = clipped(&asked.reason) {
            request = request.refund_desc(reason);
        }
        match self.client.execute(&request).await {
            Ok(answer) => {
                let said = answer.into_value();
                ensure!(
                    said.out_refund_no == *number
                        && said.out_trade_no.as_ref() == Some(&asked.out_trade_no),
                    "not about refund {number}"
                );
                Ok(Some(RefundEvent::Status(RefundStatus {
                    state: RefundState::Processing,
                    refund_id: said.refund_id,
                    amount: Some(said.refund_fee),
                    accepted_at: None,
                    finished_at: None,
                })))
            }
            Err(error) if is_final(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn query_refund(&self, order: &Order, refund: &Refund) -> Result<RefundEvent> {
        let (number, trade) = (&refund.asked.out_refund_no, &order.placed.out_trade_no);
        let request = RefundQuery::new(&self.appid).out_refund_no(number);
        let said = match self.client.execute(&request).await {
            Ok(answer) => answer.into_value(),
            Err(error) => match code(&error) {
                Some(ErrorCode::RefundNotExist) => return Ok(RefundEvent::Unknown),
                _ => return Err(error.into()),
            },
        };
        ensure!(
            said.out_trade_no.as_ref() == Some(trade),
            "not about order {trade}"
        );
        let mut found = said.refunds.into_iter();
        let found = found.find(|found| found.out_refund_no == *number);
        let found = found.with_context(|| format!("not about refund {number}"))?;
        Ok(RefundEvent::Status(RefundStatus {
            state: state(&found.refund_status)?,
            refund_id: found.refund_id,
            amount: Some(found.refund_fee),
            accepted_at: None,
            finished_at: found.refund_success_time.map(DateTime::as_unix),
        }))
    }

    pub(super) fn read(&self, notice: &Notice) -> Result<Said> {
        let (number, body) = (&notice.number, notice.body.as_bytes());
        let merchant = self.client.merchant();
        match notice.kind {
            NoticeKind::Payment => {
                let said: PaymentNotice = merchant.open_notification(body)?.decode()?;
                // The amount is compared with the books later.
                let total = said.total_fee;
                said.check(&ExpectedOrder::new(
                    &self.appid,
                    self.mchid(),
                    number,
                    total,
                ))?;
                Ok(Said::Order(OrderEvent::Paid(Payment {
                    transaction_id: said.transaction_id,
                    total,
                    at: said.time_end.as_unix(),
                })))
            }
            NoticeKind::Refund => {
                let said: RefundNotice = merchant.open_refund_notification(body)?.decode()?;
                ensure!(said.out_refund_no == *number, "not about refund {number}");
                Ok(Said::Refund(RefundEvent::Status(RefundStatus {
                    state: state(&said.refund_status)?,
                    refund_id: said.refund_id,
                    amount: Some(said.refund_fee),
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
        let request = DownloadBill::new(&self.appid, day).tar_type(TarType::Gzip);
        let download = match self.client.download(&request).await {
            Ok(download) => download,
            Err(error) if is_no_bill(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let mut bill = TradeBill::from_async_reader(download);
        // There is no hash; the row after the last is where a wrong sum comes out.
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

fn code(error: &Error) -> Option<&ErrorCode> {
    error.v2_api().map(|api| api.code())
}

/// Whether a refund was refused for good: not for a key that is wrong today, or for want of money.
fn is_final(error: &Error) -> bool {
    let code = code(error);
    error.delivery() == Delivery::Refused
        && code.is_some_and(|code| {
            matches!(
                code,
                ErrorCode::InvalidRequest
                    | ErrorCode::ParamError
                    | ErrorCode::OrderNotExist
                    | ErrorCode::OrderReversed
                    | ErrorCode::TradeOverdue
                    | ErrorCode::UserAccountAbnormal
                    | ErrorCode::InvalidTransactionId
                    | ErrorCode::RefundFeeMismatch
            )
        })
}

/// Whether nothing was traded that day: some accounts hear it in one way, some in the other.
fn is_no_bill(error: &Error) -> bool {
    let said = error.v2_protocol().and_then(|protocol| protocol.code());
    said.as_ref()
        .or_else(|| code(error))
        .is_some_and(|code| matches!(code, ErrorCode::BillNotExist | ErrorCode::NoBillExist))
}

fn state(status: &Status) -> Result<RefundState> {
    match status {
        Status::Processing => Ok(RefundState::Processing),
        Status::Success => Ok(RefundState::Success),
        Status::RefundClose => Ok(RefundState::Closed),
        Status::Change => Ok(RefundState::Abnormal),
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

async fn paid(State(desk): State<Desk>, notice: VerifiedNotification) -> Reply {
    let said = &notice.notification;
    if said.error().is_some() {
        // A payment that failed: the payer may try again, the order stands as it stood.
        return Reply(reply::success());
    }
    let (number, told) = (said.get("out_trade_no"), said.parameters());
    keep(&desk, NoticeKind::Payment, number, told, &notice.body).await
}

async fn refunded(State(desk): State<Desk>, notice: VerifiedRefundNotification) -> Reply {
    let said = &notice.notification;
    let (number, told) = (said.get("out_refund_no"), said.parameters());
    keep(&desk, NoticeKind::Refund, number, told, &notice.body).await
}

async fn keep(
    desk: &Desk,
    kind: NoticeKind,
    number: Option<&str>,
    told: &Parameters,
    body: &[u8],
) -> Reply {
    // Nonce and signature are new at every repetition.
    let told = told.iter();
    let told = told.filter(|(name, _)| !matches!(*name, "nonce_str" | "sign"));
    let told = told.flat_map(|(name, value)| [name, value]);
    let notice = Notice {
        id: hash([kind.as_str()].into_iter().chain(told)),
        kind,
        number: number.unwrap_or_default().to_owned(),
        // It was read as XML in UTF-8.
        body: String::from_utf8_lossy(body).into_owned(),
    };
    Reply(if desk.inbox.keep(&notice).await {
        reply::success()
    } else {
        reply::failure("稍后再试")
    })
}
