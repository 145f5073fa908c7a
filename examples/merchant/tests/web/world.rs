//! A shop with its pages, without its worker: what others do, a test writes into the books.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use example_support::{Http, ShiftedClock};
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, Request, StatusCode};
use merchant::Fen;
use merchant::flow::{OrderEvent, Payment};
use merchant::gateway::{Account, Gateway};
use merchant::settings::{Api, Password};
use merchant::shop::{Bell, Shop};
use merchant::store::{Order, PATIENCE, Store};
use merchant::web::{Web, router};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use wxpay_sandbox::{Server, ServerConfig};

use crate::log::Log;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) url: String,
    pub(crate) database: String,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) sandbox: Server,
    http: Http,
    _first: Store,
    _server: JoinSet<()>,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// The number of a form, one for each `n`.
pub(crate) fn form(n: u32) -> String {
    format!("{n:032x}")
}

impl World {
    pub(crate) async fn open() -> Self {
        Self::with(Api::V3, PATIENCE).await
    }

    pub(crate) async fn with(api: Api, patience: Duration) -> Self {
        Log::keep();
        let sandbox = Server::start(ServerConfig::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("shop.db").display());
        let first = Store::open(&database).await.unwrap();
        let store = Store::connect(&database, patience).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let account = Account {
            api,
            home: sandbox.home().to_owned(),
            base_url: None,
            shop_url: url.clone(),
        };
        let clock = Arc::new(ShiftedClock::default());
        let shop = Shop {
            store,
            gateway: Gateway::open(&account, Arc::clone(&clock) as Arc<_>).unwrap(),
            clock,
            bell: Bell::default(),
        };
        let (stop, stopping) = watch::channel(false);
        let web = Web {
            shop: shop.clone(),
            url: url.clone(),
            password: Password::new(PASSWORD.to_owned()).unwrap(),
            sandbox: Some(sandbox.base_url().to_owned()),
            stop: stopping,
        };
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router(web)).await.unwrap() });
        Self {
            shop,
            url,
            database,
            stop,
            sandbox,
            http: Http::new(),
            _first: first,
            _server: server,
            _folder: folder,
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into().into()).unwrap();
        let (parts, body) = self.http.send(request).await.unwrap().into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_vec(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Method::POST, path, &[], urlencoded(fields)).await
    }

    /// Orders with a form, and answers where the browser is sent.
    pub(crate) async fn order(&self, goods: &str, quantity: &str, form: &str) -> Answer {
        let fields = [("goods", goods), ("quantity", quantity), ("form", form)];
        self.post("/orders", &fields).await
    }

    /// An order of that form, paid: two cups for 79.98 yuan.
    pub(crate) async fn paid(&self, form: &str) -> Order {
        let answer = self.order("cup", "2", form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        self.apply(form, &payment(form, 7_998)).await;
        self.order_of(form).await
    }

    /// What a notice or a query says, as another process writes it down.
    pub(crate) async fn apply(&self, form: &str, event: &OrderEvent) {
        let number = self.order_of(form).await.placed.out_trade_no;
        let (store, now) = (&self.shop.store, self.shop.now());
        store
            .apply_to_order(&number, event, None, now)
            .await
            .unwrap();
    }

    pub(crate) async fn order_of(&self, form: &str) -> Order {
        let order = self.shop.store.order_by_token(form).await.unwrap();
        order.unwrap()
    }

    pub(crate) async fn state(&self, form: &str) -> Value {
        let answer = self.get(&format!("/orders/{form}/state")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("cache-control"), "no-store");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Listens to the events of an order.
    pub(crate) async fn events(&self, form: &str) -> Events {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!("GET /orders/{form}/events HTTP/1.1\r\nhost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Events {
            stream,
            heard: Vec::new(),
        }
    }
}

/// What came of an event stream.
pub(crate) struct Events {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Events {
    /// Reads on until it says this; what was said until then. `None` is the end.
    pub(crate) async fn until(&mut self, text: Option<&str>) -> String {
        let reading = async {
            loop {
                let heard = String::from_utf8_lossy(&self.heard).into_owned();
                if text.is_some_and(|text| heard.contains(text)) {
                    return heard;
                }
                if self.stream.read_buf(&mut self.heard).await.unwrap() == 0 {
                    assert_eq!(text, None, "the stream ended: {heard}");
                    return heard;
                }
                // The last chunk of a stream has no bytes.
                if text.is_none() && self.heard.ends_with(b"\r\n0\r\n\r\n") {
                    return heard;
                }
            }
        };
        let said = tokio::time::timeout(Duration::from_secs(20), reading).await;
        said.unwrap_or_else(|_| panic!("never said within 20 s: {text:?}"))
    }
}

pub(crate) fn payment(form: &str, total: i64) -> OrderEvent {
    OrderEvent::Paid(Payment {
        transaction_id: format!("42000{}", &form[20..]),
        total: Fen::new(total),
        at: 1_795_224_902,
    })
}

pub(crate) fn urlencoded(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// A redirect to the page of that order.
pub(crate) fn assert_leads_to(answer: &Answer, form: &str) {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_eq!(answer.headers[LOCATION], format!("/orders/{form}"));
}
