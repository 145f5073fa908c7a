//! The shop: its client, its notices, its books, and what it does all day.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use example_support::{Controls, ShiftedClock, midnight};
use wxpay_api::pay::{
    Amount, AppPrepay, CloseOrder, CodePay, CodePaySceneInfo, CodePayer, H5Info, H5Prepay,
    H5SceneInfo, JsapiPayer, JsapiPrepay, NativePrepay, QueryOrderByOutTradeNo, ReverseOrder,
    ShopInfo, TradeState, Transaction,
};
use wxpay_api::refund::{CreateRefund, RefundRequestAmount};
use wxpay_api::{ExpectedOrder, ExpectedRefund};
use wxpay_bill::{Date, DateTime, Fen};
use wxpay_client::Client;
use wxpay_client::proto::Endpoint;
use wxpay_sandbox::{MerchantFile, Server};

use crate::books::{Books, Done, Order, Refund};
use crate::notices::{Notice, Notices};
use crate::plan::{Event, Sale, Way, What};

/// How long a notice may take.
const NOTIFIED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) client: Client,
    pub(crate) books: Books,
    file: MerchantFile,
    clock: Arc<ShiftedClock>,
    controls: Controls,
    notices: Notices,
}

impl Shop {
    /// Opens a shop with the merchant's files of a sandbox.
    pub(crate) async fn open(sandbox: &Server) -> Result<Self> {
        let (home, file) = (sandbox.home(), sandbox.merchant().clone());
        let merchant = example_support::merchant(home, &file)?;
        let clock = Arc::new(ShiftedClock::default());
        let client = Client::builder(merchant)
            .endpoint(Endpoint::parse(sandbox.base_url())?)
            .clock(Arc::clone(&clock) as Arc<_>)
            .build()?;
        Ok(Self {
            notices: Notices::listen(client.clone()).await?,
            client,
            books: Books::default(),
            file,
            clock,
            controls: Controls::at(sandbox.base_url()),
        })
    }

    pub(crate) fn mchid(&self) -> &str {
        &self.file.mchid
    }

    pub(crate) fn now(&self) -> DateTime {
        self.clock.beijing()
    }

    /// Moves the sandbox's clock, and ours with it.
    pub(crate) async fn move_clock(&self, to: DateTime) -> Result<()> {
        let clock = self.controls.move_clock(to).await?;
        self.clock.set_offset(clock.offset_seconds);
        Ok(())
    }

    /// Does what there is to do on a day, each thing at its time.
    pub(crate) async fn trade(
        &mut self,
        day: Date,
        sales: &[Sale],
        events: &[Event],
        mut done: impl FnMut(),
    ) -> Result<()> {
        let midnight = midnight(day)?;
        for event in events {
            let sale = &sales[event.sale];
            self.move_clock(DateTime::beijing(midnight + event.at))
                .await?;
            let number = format!("T{}{:04}", day.compact(), event.sale + 1);
            self.happens(sale, &number, event.what)
                .await
                .with_context(|| format!("{number}, {:?}", event.what))?;
            done();
        }
        Ok(())
    }

    async fn happens(&mut self, sale: &Sale, number: &str, what: What) -> Result<()> {
        let (appid, mchid) = (&self.file.appid, &self.file.mchid);
        match what {
            What::Order => self.order(sale, number).await,
            What::Pay if sale.way == Way::Counter => self.take_code(sale, number).await,
            What::Pay => {
                self.controls.pay(number).await?;
                self.hear().await
            }
            What::Close => {
                let close = CloseOrder::new(number, mchid);
                self.client.execute(&close).await?;
                Ok(())
            }
            What::Reverse => {
                let reverse = ReverseOrder::new(number, appid, mchid);
                self.client.execute(&reverse).await?;
                let at = self.now();
                self.order_mut(number)?.reversed = Some(at);
                Ok(())
            }
            What::Refund(amount) => self.refund(sale, number, amount).await,
        }
    }

    async fn order(&mut self, sale: &Sale, number: &str) -> Result<()> {
        // In the books before it is in the world: a notice may be faster than the answer.
        self.write_down(sale, number);
        let (appid, mchid, name) = (&self.file.appid, &self.file.mchid, sale.item.name);
        let (url, amount) = (self.notices.url(), Amount::new(sale.total()));
        let client = &self.client;
        match sale.way {
            Way::MiniProgram | Way::Counter => {
                let payer = JsapiPayer::new(&self.file.openid);
                let prepay = JsapiPrepay::new(appid, mchid, name, number, url, amount, payer);
                client.execute(&prepay).await?;
            }
            Way::QrCode => {
                let prepay = NativePrepay::new(appid, mchid, name, number, url, amount);
                client.execute(&prepay).await?;
            }
            Way::App => {
                let prepay = AppPrepay::new(appid, mchid, name, number, url, amount);
                client.execute(&prepay).await?;
            }
            Way::Page => {
                let scene = H5SceneInfo::new("203.0.113.7", H5Info::new("Wap"));
                let prepay = H5Prepay::new(appid, mchid, name, number, url, amount, scene);
                client.execute(&prepay).await?;
            }
        }
        Ok(())
    }

    /// At the counter the answer says at once that it is paid.
    async fn take_code(&mut self, sale: &Sale, number: &str) -> Result<()> {
        self.write_down(sale, number);
        let (appid, mchid, name) = (&self.file.appid, &self.file.mchid, sale.item.name);
        // The digits that the payer's phone shows.
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let payer = CodePayer::new(format!("1300{digits}00"));
        let scene = CodePaySceneInfo::new(ShopInfo::new().id("1"));
        let amount = Amount::new(sale.total());
        let pay = CodePay::new(appid, mchid, name, number, payer, amount, scene);
        let answer = self.client.execute(&pay).await?.into_value();
        self.paid(&answer)
    }

    async fn refund(&mut self, sale: &Sale, number: &str, amount: Fen) -> Result<()> {
        let parts = self.books.refunds.iter();
        let part = parts.filter(|it| it.number.starts_with(number)).count();
        let refund = format!("{number}R{}", part + 1);
        let expected = ExpectedRefund::new(&self.file.mchid, number, &refund, amount, sale.total());
        self.books.refunds.push(Refund {
            number: refund.clone(),
            amount,
            accepted: None,
            arrived: false,
        });
        let request = RefundRequestAmount::new(amount, sale.total(), "CNY");
        let request = CreateRefund::new(&refund, request)
            .out_trade_no(number)
            .notify_url(self.notices.url());
        let answer = self.client.execute(&request).await?.into_value();
        answer.check(&expected)?;
        let at = answer.create_time.context("a refund without its time")?;
        self.refund_mut(&refund)?.accepted = Some(Done {
            id: Some(answer.refund_id),
            at,
        });
        // The money is back some seconds later.
        self.move_clock(DateTime::beijing(self.now().as_unix() + 3))
            .await?;
        self.hear().await
    }

    /// Waits for a notice, and writes down what it says.
    async fn hear(&mut self) -> Result<()> {
        let notice = tokio::time::timeout(NOTIFIED_WITHIN, self.notices.next()).await;
        match notice.context("no notice came")?? {
            Notice::Payment(transaction) => self.paid(&transaction),
            Notice::Refund(notice) => {
                let refund = self.refund_mut(&notice.out_refund_no)?;
                ensure!(
                    notice.amount.refund == refund.amount,
                    "another amount was refunded"
                );
                refund.arrived = true;
                Ok(())
            }
        }
    }

    fn paid(&mut self, transaction: &Transaction) -> Result<()> {
        let number = &transaction.out_trade_no;
        let total = self.order_mut(number)?.total;
        let expected = ExpectedOrder::new(&self.file.appid, &self.file.mchid, number, total);
        transaction.check(&expected)?;
        ensure!(
            transaction.trade_state == TradeState::Success,
            "order {number} is {}",
            transaction.trade_state
        );
        self.order_mut(number)?.paid = Some(Done {
            id: transaction.transaction_id.clone(),
            at: transaction
                .success_time
                .context("a payment without its time")?,
        });
        Ok(())
    }

    /// What WeChat Pay says about an order (查询订单).
    pub(crate) async fn query(&self, number: &str) -> Result<Transaction> {
        let query = QueryOrderByOutTradeNo::new(number, &self.file.mchid);
        Ok(self.client.execute(&query).await?.into_value())
    }

    fn write_down(&mut self, sale: &Sale, number: &str) {
        let order = Order {
            total: sale.total(),
            placed: self.now(),
            paid: None,
            reversed: None,
        };
        self.books.orders.insert(number.to_owned(), order);
    }

    fn order_mut(&mut self, number: &str) -> Result<&mut Order> {
        let order = self.books.orders.get_mut(number);
        order.with_context(|| format!("order {number} is not ours"))
    }

    fn refund_mut(&mut self, number: &str) -> Result<&mut Refund> {
        let mut refunds = self.books.refunds.iter_mut();
        let refund = refunds.find(|refund| refund.number == number);
        refund.with_context(|| format!("refund {number} is not ours"))
    }
}
