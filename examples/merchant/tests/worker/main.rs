//! The worker, on a sandbox and SQLite: what is due gets done, whatever goes wrong in between.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail by panicking, in its helpers too"
)]

mod cases;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use example_support::{Controls, ShiftedClock};
use http::Method;
use merchant::Fen;
use merchant::flow::{OrderState, RefundState};
use merchant::gateway::{Account, Gateway, Inbox};
use merchant::settings::Api;
use merchant::shop::{Bell, FormId, Return, Shop, Wish};
use merchant::store::{Order, Refund, Store};
use merchant::worker;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use wxpay_bill::DateTime;
use wxpay_client::Clock as _;
use wxpay_sandbox::{Server, ServerConfig};

/// A shop whose worker runs.
struct World {
    shop: Shop,
    clock: Arc<ShiftedClock>,
    sandbox: Server,
    controls: Controls,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn open() -> Self {
        let sandbox = Server::start(ServerConfig::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let account = Account {
            api: Api::V3,
            home: sandbox.home().to_owned(),
            base_url: None,
            shop_url: format!("http://{}", listener.local_addr().unwrap()),
        };
        let clock = Arc::new(ShiftedClock::default());
        let shop = Shop {
            store: Store::open(&url).await.unwrap(),
            gateway: Gateway::open(&account, Arc::clone(&clock) as Arc<_>).unwrap(),
            clock: Arc::clone(&clock) as Arc<_>,
            bell: Bell::default(),
        };
        let routes = shop.gateway.routes(Inbox {
            store: shop.store.clone(),
            clock: Arc::clone(&shop.clock),
            bell: shop.bell.clone(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let mut world = Self {
            controls: Controls::at(sandbox.base_url()),
            shop,
            clock,
            sandbox,
            stop: watch::Sender::new(false),
            tasks,
            _folder: folder,
        };
        // Eight in the morning: no day ends, and no bill is due, while a test runs.
        let today = world.clock.beijing().date().next().unwrap();
        world.move_clock(&format!("{today}T08:00:00+08:00")).await;
        world.work();
        world
    }

    /// One more worker, as of another process.
    fn work(&mut self) {
        let shop = Shop {
            bell: Bell::default(),
            ..self.shop.clone()
        };
        self.tasks.spawn(worker::run(shop, self.stop.subscribe()));
    }

    async fn close(self) {
        self.stop.send_replace(true);
        self.shop.store.close().await;
        self.sandbox.shutdown().await;
    }

    fn now(&self) -> i64 {
        self.clock.now().as_unix()
    }

    async fn move_clock(&self, time: &str) {
        let time = DateTime::parse(time).unwrap();
        let moved = self.controls.move_clock(time).await.unwrap();
        self.clock.set_offset(moved.offset_seconds);
    }

    async fn advance(&self, seconds: i64) {
        let time = DateTime::beijing(self.now() + seconds);
        self.move_clock(&time.to_string()).await;
    }

    async fn control(&self, method: Method, what: &str, body: Option<Value>) -> Value {
        let target = format!("/_sandbox/{what}");
        self.controls.call(method, &target, body).await.unwrap()
    }

    async fn faults(&self, faults: Value) {
        self.control(Method::PUT, "faults", Some(faults)).await;
    }

    /// Three cups (119.97 yuan), in the books and nowhere else yet.
    async fn order(&self) -> Order {
        let wish = Wish {
            goods: "cup".to_owned(),
            quantity: 3,
            form: FormId::new().unwrap(),
        };
        self.shop.order(&wish).await.unwrap()
    }

    /// The order once it is in that state; time passes as far as it has to.
    async fn until_order(&self, order: &Order, state: OrderState) -> Order {
        let number = &order.placed.out_trade_no;
        self.until(async || {
            let order = self.shop.store.order(number).await.unwrap().unwrap();
            (order.state == state).then_some(order)
        })
        .await
    }

    async fn until_refund(&self, refund: &Refund, state: RefundState) -> Refund {
        let number = &refund.asked.out_refund_no;
        self.until(async || {
            let refund = self.shop.store.refund(number).await.unwrap().unwrap();
            (refund.state == state).then_some(refund)
        })
        .await
    }

    /// Looks until it is there, and lets time pass in between: two seconds at a glance.
    async fn until<T>(&self, look: impl AsyncFn() -> Option<T>) -> T {
        for _ in 0..1_000 {
            if let Some(found) = look().await {
                return found;
            }
            self.advance(2).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it does not happen");
    }

    async fn paid(&self) -> Order {
        let order = self.order().await;
        let order = self.until_order(&order, OrderState::Paying).await;
        self.controls.pay(&order.placed.out_trade_no).await.unwrap();
        self.until_order(&order, OrderState::Paid).await
    }

    async fn refund(&self, order: &Order, amount: i64) -> Refund {
        let wish = Return {
            amount: Fen::new(amount),
            reason: "杯口有裂纹".to_owned(),
            form: FormId::new().unwrap(),
        };
        self.shop.refund(order, &wish).await.unwrap()
    }

    /// The order as the sandbox has it.
    async fn theirs(&self, order: &Order) -> Value {
        let what = format!("orders/{}", order.placed.out_trade_no);
        self.control(Method::GET, &what, None).await
    }
}

/// A fault that strikes so often at a path.
fn strikes(fault: &str, only: &str, times: u32) -> Value {
    let mut faults = json!({ "answers": {} });
    faults["answers"][fault] = json!({ "rate": 1, "only": only, "times": times });
    faults
}
