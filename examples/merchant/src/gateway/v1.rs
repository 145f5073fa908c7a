//! API v1: the code holds a product, and the order is made when somebody scans it. Payments and
//! refunds are looked up at Tenpay (财付通), whose answers are signed; nobody tells of refunds.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::post;
use wxpay_api::v1::{
    BillKind, OrderRef, RefundRef, RefundState as Status, TenpayBillDownload, TenpayOrderQuery,
    TenpayRefund, TenpayRefundQuery,
};
use wxpay_bill::{Date, DateTime, Fen, Trade, TradeBill};
use wxpay_client::axum::Reply;
use wxpay_client::axum::v1::{VerifiedNativeCallback, VerifiedPaymentNotice};
use wxpay_client::proto::Endpoint;
use wxpay_client::proto::v1::{ExpectedOrder, OperatorPassword, PackageOrder, reply};
use wxpay_client::v1::{ApiV2Key, Client, Merchant, PaySignKey};
use wxpay_client::{Clock, Delivery, Error};

use super::files::{Files, timeouts};
use super::{Inbox, PACKAGE, PAYMENT, Prepaid, Said, description, hash};
use crate::flow::{
    OrderEvent, OrderFacts, OrderState, Payment, RefundEvent, RefundState, RefundStatus,
};
use crate::store::{Notice, NoticeKind, Order, Refund};

/// The payer's address (用户浏览器端IP); who scans a code has none that the shop knows.
const IP: &str = "127.0.0.1";

/// The client, and what every request names.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    client: Client,
    clock: Arc<dyn Clock>,
    password: OperatorPassword,
    shop_url: String,
}

impl Gateway {
    pub(super) fn open(files: &Files, shop_url: &str, clock: Arc<dyn Clock>) -> Result<Self> {
        let file = &files.merchant;
        let merchant = Merchant::new(
            &file.appid,
            &file.partner_id,
            ApiV2Key::new(file.partner_key.expose()).context("partner_key in merchant.json")?,
            PaySignKey::new(file.pay_sign_key.expose()).context("pay_sign_key in merchant.json")?,
        )?;
        let mut client = Client::builder(merchant)
            .transport(files.transport()?)
            .identity(files.identity()?)
            .timeouts(timeouts())
            .clock(Arc::clone(&clock));
        let endpoint = files.endpoint_for_certificate()?;
        // The real Tenpay has hosts of its own.
        if endpoint != Endpoint::main() {
            client = client.endpoint(endpoint);
        }
        Ok(Self {
            client: client.build()?,
            clock,
            password: OperatorPassword::new(files.operator_password()?)
                .context("operator_password.txt")?,
            shop_url: shop_url.to_owned(),
        })
    }

    /// WeChat Pay is not asked: the code is of our making, and the number of the order in it.
    pub(super) async fn prepay(&self, order: &Order) -> Result<Prepaid> {
        let (merchant, now) = (self.client.merchant(), self.clock.now());
        let number = &order.placed.out_trade_no;
        let code = merchant.native_url(number, now, &example_support::nonce()?)?;
        Ok(Prepaid::Code(code))
    }

    /// Tenpay knows paid orders and no others.
    pub(super) async fn query(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        let number = &order.placed.out_trade_no;
        let request = TenpayOrderQuery::new(OrderRef::OutTradeNo(number.clone()));
        let said = match self.client.execute(&request).await {
            Ok(answer) => answer.into_value(),
            Err(error) if is_not_found(&error) => return Ok(OrderEvent::Unknown { asked_at: now }),
            Err(error) => return Err(error.into()),
        };
        if !said.is_paid() {
            return Ok(OrderEvent::Unpaid);
        }
        let total = total(said.total_fee, said.discount)?;
        said.check(&ExpectedOrder::new(self.client.merchant(), number, total))?;
        ensure!(
            said.fee_type.is_none_or(|it| it == "1"),
            "paid in another currency"
        );
        let at = said.time_end.context("a paid order has a time")?;
        Ok(OrderEvent::Paid(Payment {
            transaction_id: said.transaction_id,
            total,
            at: at.as_unix(),
        }))
    }

    /// Nothing is there to be closed. After the end nobody who scans the code is given the order.
    pub(super) async fn close(&self, order: &Order, now: i64) -> Result<OrderEvent> {
        let late = now >= order.placed.expires_at + OrderFacts::GRACE;
        match self.query(order, now).await? {
            OrderEvent::Unpaid | OrderEvent::Unknown { .. } if late => Ok(OrderEvent::Closed),
            said => Ok(said),
        }
    }

    /// `None`: it was refused for good.
    pub(super) async fn refund(
        &self,
        order: &Order,
        refund: &Refund,
    ) -> Result<Option<RefundEvent>> {
        let asked = &refund.asked;
        let request = TenpayRefund::new(
            OrderRef::OutTradeNo(asked.out_trade_no.clone()),
            &asked.out_refund_no,
            order.placed.total,
            asked.amount,
            self.password.clone(),
        );
        match self.client.execute(&request).await {
            // The answer has no time, and that of a query has.
            Ok(_) => self.query_refund(order, refund).await.map(Some),
            // Which of Tenpay's codes are final is written nowhere, but for "no such order".
            Err(error) if error.delivery() == Delivery::Refused && is_not_found(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn query_refund(&self, order: &Order, refund: &Refund) -> Result<RefundEvent> {
        let (number, trade) = (&refund.asked.out_refund_no, &order.placed.out_trade_no);
        let request = TenpayRefundQuery::new(RefundRef::OutRefundNo(number.clone()));
        let said = match self.client.execute(&request).await {
            Ok(answer) => answer.into_value(),
            Err(error) if is_not_found(&error) => return Ok(RefundEvent::Unknown),
            Err(error) => return Err(error.into()),
        };
        ensure!(
            said.out_trade_no.as_ref() == Some(trade),
            "not about order {trade}"
        );
        let mut found = said.refunds.into_iter();
        let found = found.find(|found| found.out_refund_no == *number);
        let found = found.with_context(|| format!("not about refund {number}"))?;
        let state = match found.status.state() {
            Status::Processing => RefundState::Processing,
            Status::Succeeded => RefundState::Success,
            Status::Failed => RefundState::Closed,
            Status::PayByHand => RefundState::Abnormal,
            // Tenpay wants it sent again, with the same number.
            Status::Undetermined => return Ok(RefundEvent::Unknown),
            _ => bail!("a state this shop does not know: {}", found.status),
        };
        Ok(RefundEvent::Status(RefundStatus {
            state,
            refund_id: found.refund_id,
            amount: Some(found.refund_fee),
            accepted_at: found.begin_time.map(DateTime::as_unix),
            finished_at: found.end_time.map(DateTime::as_unix),
        }))
    }

    pub(super) fn read(&self, notice: &Notice) -> Result<Said> {
        let (merchant, number) = (self.client.merchant(), &notice.number);
        ensure!(notice.kind == NoticeKind::Payment, "v1 tells of no refunds");
        let (query, body) = notice.body.split_once('\n').context("half a notice")?;
        let said = merchant.open_payment_notice(query, body.as_bytes())?;
        let total = total(said.total_fee, Some(said.discount))?;
        said.check(&ExpectedOrder::new(merchant, number, total))?;
        let at = said.time_end.context("a paid order has a time")?;
        Ok(Said::Order(OrderEvent::Paid(Payment {
            transaction_id: said.transaction_id,
            total,
            at: at.as_unix(),
        })))
    }

    pub(super) async fn bill(
        &self,
        day: Date,
        each: &mut (dyn FnMut(&Trade<'_>) -> Result<()> + Send),
    ) -> Result<bool> {
        // The sandbox's code for a day without trades: no document says Tenpay's.
        const NO_BILL: &str = "88229010";
        let request = TenpayBillDownload::new(day, BillKind::All);
        let said = match self.client.execute(&request).await {
            Ok(answer) => answer.into_value(),
            Err(error) if error.v1_api().and_then(|api| api.retcode()) == Some(NO_BILL) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let mut bill = TradeBill::from_slice(said.text().as_bytes());
        while let Some(trade) = bill.next_row()? {
            each(&trade)?;
        }
        Ok(true)
    }

    pub(super) fn routes(&self, inbox: Inbox) -> Router {
        let gateway = self.clone();
        Router::new()
            .route(PACKAGE, post(package))
            .route(PAYMENT, post(paid))
            .with_state(Desk { gateway, inbox })
    }
}

fn is_not_found(error: &Error) -> bool {
    error
        .v1_api()
        .is_some_and(|api| api.is_verified() && api.is_not_found())
}

/// What the order cost: what was paid, and what a discount took off.
fn total(paid: Fen, discount: Option<Fen>) -> Result<Fen> {
    let total = paid.checked_add(discount.unwrap_or(Fen::ZERO));
    total.context("more money than there is")
}

/// What the handlers need.
#[derive(Clone, Debug)]
struct Desk {
    gateway: Gateway,
    inbox: Inbox,
}

impl FromRef<Desk> for Client {
    fn from_ref(desk: &Desk) -> Self {
        desk.gateway.client.clone()
    }
}

/// 获取订单Package的回调: somebody has scanned a code.
async fn package(State(desk): State<Desk>, question: VerifiedNativeCallback) -> Reply {
    let merchant = desk.gateway.client.merchant();
    let answer = async || {
        let (now, nonce) = (desk.inbox.clock.now(), example_support::nonce()?);
        let number = &question.callback.product_id;
        let order = desk.inbox.store.order(number).await?;
        let order = match order
            .ok_or("没有这个订单")
            .and_then(|order| payable(order, now.as_unix()))
        {
            Ok(order) => order,
            Err(why) => return anyhow::Ok(merchant.native_refusal(1, why, now, &nonce)?),
        };
        let placed = &order.placed;
        let url = format!("{}{PAYMENT}", desk.gateway.shop_url);
        let number = &placed.out_trade_no;
        let package = PackageOrder::new(description(placed), number, placed.total, url, IP).times(
            DateTime::beijing(order.created_at),
            DateTime::beijing(placed.expires_at),
        );
        let package = merchant.package(&package)?;
        Ok(merchant.native_reply(&package, now, &nonce))
    };
    Reply(answer().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a question for a package could not be answered");
        reply::fail()
    }))
}

/// The order if it is to be had; else why not, for the payer.
fn payable(order: Order, now: i64) -> Result<Order, &'static str> {
    match order.state {
        OrderState::Paid | OrderState::Held => Err("订单已支付"),
        OrderState::Placed | OrderState::Paying if now < order.placed.expires_at => Ok(order),
        _ => Err("订单已过期，请重新下单"),
    }
}

async fn paid(
    State(desk): State<Desk>,
    VerifiedPaymentNotice {
        notice: said,
        query,
        body,
        ..
    }: VerifiedPaymentNotice,
) -> Reply {
    if !said.is_paid() {
        // A payment that failed: the payer may try again, the order stands as it stood.
        return Reply(reply::success());
    }
    let notice = Notice {
        // The query says what was paid; the body is signed anew at every repetition.
        id: hash([&*query]),
        kind: NoticeKind::Payment,
        number: said.out_trade_no,
        body: format!("{query}\n{}", String::from_utf8_lossy(&body)),
    };
    Reply(if desk.inbox.keep(&notice).await {
        reply::success()
    } else {
        reply::fail()
    })
}
