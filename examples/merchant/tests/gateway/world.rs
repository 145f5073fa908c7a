//! A sandbox, a shop's address, and its books.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use example_support::{Controls, Http, ShiftedClock};
use http::{HeaderMap, Method};
use merchant::Fen;
use merchant::flow::RefundState;
use merchant::gateway::{Account, Gateway, Inbox, Prepaid};
use merchant::settings::Api;
use merchant::shop::Bell;
use merchant::store::{NewOrder, NewRefund, Notice, Order, Refund, Store, Subject};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use wxpay_bill::DateTime;
use wxpay_client::Clock as _;
use wxpay_sandbox::{Server, ServerConfig};

/// A request of WeChat Pay's to the shop.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) gateway: Gateway,
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) clock: Arc<ShiftedClock>,
    controls: Controls,
    heard: Arc<Mutex<Vec<Heard>>>,
    http: Http,
    sandbox: Server,
    _server: JoinSet<()>,
    _folder: tempfile::TempDir,
}

impl World {
    /// With HTTPS for what shows the client certificate.
    pub(crate) async fn open(api: Api) -> Self {
        let config = ServerConfig::default().tls_listen((Ipv4Addr::LOCALHOST, 0));
        Self::with(api, config).await
    }

    pub(crate) async fn with(api: Api, config: ServerConfig) -> Self {
        let sandbox = Server::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let store = Store::open(&url).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let account = Account {
            api,
            home: sandbox.home().to_owned(),
            base_url: None,
            shop_url: url.clone(),
        };
        let clock = Arc::new(ShiftedClock::default());
        let gateway = Gateway::open(&account, Arc::clone(&clock) as Arc<_>).unwrap();
        let inbox = Inbox {
            store: store.clone(),
            clock: Arc::clone(&clock) as Arc<_>,
            bell: Bell::default(),
        };
        let heard = Arc::default();
        let routes = gateway.routes(inbox);
        let routes = routes.layer(from_fn_with_state(Arc::clone(&heard), listen));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let world = Self {
            api,
            gateway,
            store,
            url,
            clock,
            controls: Controls::at(sandbox.base_url()),
            heard,
            http: Http::new(),
            sandbox,
            _server: server,
            _folder: folder,
        };
        // Noon: no day ends while a test runs.
        let tomorrow = world.clock.beijing().date().next().unwrap();
        world
            .move_clock(&format!("{tomorrow}T12:00:00+08:00"))
            .await;
        world
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
        self.sandbox.shutdown().await;
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_unix()
    }

    pub(crate) async fn move_clock(&self, time: &str) {
        let time = DateTime::parse(time).unwrap();
        let moved = self.controls.move_clock(time).await.unwrap();
        self.clock.set_offset(moved.offset_seconds);
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let time = DateTime::beijing(self.now() + seconds);
        self.move_clock(&time.to_string()).await;
    }

    pub(crate) async fn control(&self, method: Method, what: &str, body: Value) -> Value {
        let target = format!("/_sandbox/{what}");
        let body = Some(body).filter(|body| !body.is_null());
        self.controls.call(method, &target, body).await.unwrap()
    }

    /// An order in the books, and not yet anywhere else.
    pub(crate) async fn order(&self, number: &str, total: i64) -> Order {
        let order = NewOrder {
            out_trade_no: number.to_owned(),
            token: format!("token-{number}"),
            goods: "cup".to_owned(),
            quantity: 2,
            total: Fen::new(total),
            expires_at: self.now() + 900,
        };
        self.store.place_order(&order, self.now()).await.unwrap();
        self.store.order(number).await.unwrap().unwrap()
    }

    /// An order that WeChat Pay knows: by v1 it hears of one when somebody scans the code.
    pub(crate) async fn prepaid(&self, number: &str, total: i64) -> (Order, String) {
        let order = self.order(number, total).await;
        let code = match self.gateway.prepay(&order).await.unwrap() {
            Prepaid::Code(code) => code,
            Prepaid::Settled(event) => panic!("{event:?}"),
        };
        if self.api == Api::V1 {
            let scan = self.scan(&code).await;
            assert_eq!(scan["state"], "ready", "{scan}");
            assert_eq!(scan["out_trade_no"], number, "{scan}");
        }
        (order, code)
    }

    /// Scans a code of v1; how that ended.
    pub(crate) async fn scan(&self, code: &str) -> Value {
        let callback = format!("{}/wechatpay/package", self.url);
        let wish = json!({ "url": code, "callback_url": callback });
        let scan = self.control(Method::POST, "scans", wish).await;
        let id = format!("scans/{}", scan["id"].as_str().unwrap());
        within_seconds(async || {
            let scan = self.control(Method::GET, &id, Value::Null).await;
            (scan["state"] != "calling").then_some(scan)
        })
        .await
    }

    /// What the payer's phone does; an error where there is nothing to pay.
    pub(crate) async fn pay(&self, order: &Order) -> anyhow::Result<()> {
        self.controls.pay(&order.placed.out_trade_no).await
    }

    pub(crate) async fn paid(&self, number: &str, total: i64) -> Order {
        let (order, _) = self.prepaid(number, total).await;
        self.pay(&order).await.unwrap();
        order
    }

    /// A refund as the books have it once it is reserved.
    pub(crate) fn refund(&self, order: &Order, number: &str, amount: i64) -> Refund {
        Refund {
            asked: NewRefund {
                out_refund_no: number.to_owned(),
                out_trade_no: order.placed.out_trade_no.clone(),
                amount: Fen::new(amount),
                reason: "不想要了".to_owned(),
            },
            created_at: self.now(),
            state: RefundState::Reserved,
            refund_id: None,
            accepted_at: None,
            finished_at: None,
        }
    }

    /// The notices in the books, once there are so many.
    pub(crate) async fn notices(&self, count: usize) -> Vec<Notice> {
        within_seconds(async || {
            let stored = self.stored().await;
            (stored.len() >= count).then_some(stored)
        })
        .await
    }

    /// The notices in the books.
    pub(crate) async fn stored(&self) -> Vec<Notice> {
        let jobs = self.store.claim(self.now(), 0, 100).await.unwrap();
        let mut notices = Vec::new();
        for job in jobs {
            if job.subject == Subject::Notice {
                notices.push(self.store.notice(&job.number).await.unwrap().unwrap());
            }
        }
        notices
    }

    /// What was posted to the shop at this path, once there are so many.
    pub(crate) async fn heard(&self, path: &str, count: usize) -> Vec<Heard> {
        within_seconds(async || {
            let heard = self.heard.lock().unwrap();
            let heard = heard.iter().filter(|heard| heard.target.starts_with(path));
            let heard: Vec<_> = heard.cloned().collect();
            (heard.len() >= count).then_some(heard)
        })
        .await
    }

    /// Posts this to the shop; whether it was answered as taken.
    pub(crate) async fn post(&self, heard: &Heard) -> bool {
        let mut request = http::Request::post(format!("{}{}", self.url, heard.target))
            .body(heard.body.clone())
            .unwrap();
        for (name, value) in &heard.headers {
            if !matches!(name.as_str(), "host" | "content-length") {
                request.headers_mut().append(name, value.clone());
            }
        }
        let answer = self.http.send(request).await.unwrap();
        let body = String::from_utf8_lossy(answer.body()).to_lowercase();
        answer.status().is_success() && !body.contains("fail")
    }

    pub(crate) fn faults(&self, faults: &Value) -> impl Future<Output = Value> {
        self.control(Method::PUT, "faults", faults.clone())
    }
}

/// Looks again and again until there is something.
pub(crate) async fn within_seconds<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(20), looking).await;
    found.expect("it did not happen within 20 s")
}

async fn listen(
    State(heard): State<Arc<Mutex<Vec<Heard>>>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    heard.lock().unwrap().push(Heard {
        target: parts.uri.to_string(),
        headers: parts.headers.clone(),
        body: body.clone(),
    });
    next.run(Request::from_parts(parts, body.into())).await
}
