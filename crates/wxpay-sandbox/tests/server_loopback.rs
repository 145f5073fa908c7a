//! The server over loopback: what a client, a merchant's listener and a restart see of it.

#![expect(clippy::unwrap_used, reason = "what cannot be had fails the test")]

#[path = "server_loopback/listener.rs"]
mod listener;
#[path = "server_loopback/merchant.rs"]
mod merchant;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wxpay_sandbox::{Server, ServerConfig, StartError};
use wxpay_sign::{Certificate, Signature, response_message};

use listener::Listener;
use merchant::{Merchant, SendError};

/// Nobody listens there: orders whose notifications do not matter.
const NOWHERE: &str = "http://127.0.0.1:9/notify";

async fn start() -> Server {
    Server::start(ServerConfig::default()).await.unwrap()
}

#[tokio::test]
async fn an_order_is_created_paid_and_found() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    assert_eq!(merchant.file.base_url, server.base_url());
    merchant.create("loopback1", NOWHERE).await;
    assert_eq!(merchant.query("loopback1").await.1["trade_state"], "NOTPAY");
    merchant.pay("loopback1").await;
    let (status, order) = merchant.query("loopback1").await;
    assert_eq!(status, 200);
    assert_eq!(order["trade_state"], "SUCCESS");
    assert_eq!(order["amount"]["total"], 1999);
    server.shutdown().await;
}

#[tokio::test]
async fn orders_and_keys_outlive_a_restart_and_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let config = ServerConfig::default().home(dir.path());
    let server = Server::start(config.clone()).await.unwrap();
    let merchant = Merchant::of(&server);
    merchant.create("before", NOWHERE).await;
    let (status, _) = merchant
        .control(Method::POST, "/_sandbox/keys/rotate", json!({}))
        .await;
    assert_eq!(status, 200);
    server.shutdown().await;

    // A line that a killed process did not finish.
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(dir.path().join("state.jsonl"))
        .unwrap();
    std::io::Write::write_all(&mut log, b"{\"torn").unwrap();
    drop(log);

    let server = Server::start(config).await.unwrap();
    let again = Merchant::of(&server);
    assert_eq!(again.file.mchid, merchant.file.mchid);
    assert_eq!(again.file.base_url, server.base_url());
    let (status, order) = again.query("before").await;
    assert_eq!((status, &order["trade_state"]), (200, &json!("NOTPAY")));
    let target = "/v3/certificates";
    let (_, certificates) = again.call(Method::GET, target, Value::Null).await;
    assert_eq!(
        certificates["data"].as_array().unwrap().len(),
        2,
        "{certificates}"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn answers_are_signed_with_a_certificate_of_the_home() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    let order = merchant.order("signed1", NOWHERE, 1);
    let request = merchant.signed(Method::POST, "/v3/pay/transactions/native", order);
    let response = merchant.send(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    let path = server
        .home()
        .join(format!("wechatpay_{}.pem", header("wechatpay-serial")));
    let certificate = Certificate::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap();
    let message = response_message(
        header("wechatpay-timestamp"),
        header("wechatpay-nonce"),
        response.body(),
    );
    let signature = Signature::from_base64(header("wechatpay-signature")).unwrap();
    certificate
        .public_key()
        .verify(&message, &signature)
        .unwrap();
    server.shutdown().await;
}

#[tokio::test]
async fn one_altered_byte_is_refused() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    let order = merchant.order("altered1", NOWHERE, 1999);
    let request = merchant.signed(Method::POST, "/v3/pay/transactions/native", order.clone());
    let altered = Bytes::from(order.to_string().replace("1999", "1998"));
    let response = merchant
        .send(request.map(|_| Full::new(altered)))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body["code"], "SIGN_ERROR", "{body}");
    assert_eq!(merchant.query("altered1").await.0, 404);
    server.shutdown().await;
}

#[tokio::test]
async fn a_notification_arrives_and_is_tried_again_when_the_clock_says_so() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    let mut listener = Listener::answering(500).await;
    merchant.create("notified1", &listener.url("/paid")).await;
    merchant.pay("notified1").await;
    let first = listener.next().await;
    assert_eq!(first.path, "/paid");
    assert!(first.headers.contains_key("wechatpay-signature"));

    listener.answer(204);
    let (status, body) = merchant
        .control(
            Method::PUT,
            "/_sandbox/clock",
            json!({ "advance_seconds": 20 }),
        )
        .await;
    assert_eq!(status, 200, "{body}");
    let second = listener.next().await;
    let id = |body: &Bytes| serde_json::from_slice::<Value>(body).unwrap()["id"].clone();
    assert_eq!(id(&second.body), id(&first.body));

    // Taken: whatever the clock says, there is no third.
    merchant.create("notified2", &listener.url("/marker")).await;
    merchant
        .control(
            Method::PUT,
            "/_sandbox/clock",
            json!({ "advance_seconds": 3600 }),
        )
        .await;
    merchant.pay("notified2").await;
    assert_eq!(listener.next().await.path, "/marker");
    assert_eq!(listener.more(), 0);
    server.shutdown().await;
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    let set = async |faults: Value| {
        let (status, body) = merchant
            .control(
                Method::PUT,
                "/_sandbox/faults",
                json!({ "answers": faults }),
            )
            .await;
        assert_eq!(status, 200, "{body}");
    };
    let create = async |number: &str| {
        let order = merchant.order(number, NOWHERE, 1999);
        merchant
            .send(merchant.signed(Method::POST, "/v3/pay/transactions/native", order))
            .await
    };

    set(json!({ "drop_before": { "rate": 1.0 } })).await;
    assert!(matches!(
        create("dropped1").await,
        Err(SendError::NoAnswer(_))
    ));
    set(json!({ "drop_after": { "rate": 1.0 } })).await;
    assert!(matches!(
        create("dropped2").await,
        Err(SendError::NoAnswer(_))
    ));
    set(json!({})).await;
    assert_eq!(merchant.query("dropped1").await.0, 404);
    assert_eq!(merchant.query("dropped2").await.0, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_it_sends() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    let faults = json!({ "answers": { "truncate_body": { "rate": 1.0, "bytes": 10 } } });
    merchant
        .control(Method::PUT, "/_sandbox/faults", faults)
        .await;
    let order = merchant.order("truncated1", NOWHERE, 1999);
    let request = merchant.signed(Method::POST, "/v3/pay/transactions/native", order);

    let answer = raw(&server, &wire(&request).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let promised: usize = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length: ")
                .map(str::to_owned)
        })
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(body.len(), 10, "{answer}");
    assert!(promised > 10, "{answer}");
    assert!(matches!(
        merchant.send(request).await,
        Err(SendError::HalfAnswer(_))
    ));
    server.shutdown().await;
}

#[tokio::test]
async fn a_second_sandbox_is_told_what_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerConfig::default().home(dir.path()))
        .await
        .unwrap();
    let error = Server::start(ServerConfig::default().home(dir.path()))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StartError::Home(error) if error.is_in_use()),
        "{error:?}"
    );

    let address: std::net::SocketAddr = server
        .base_url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let other = dir.path().join("other");
    let error = Server::start(ServerConfig::new(address).home(&other))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {address}"));
    assert!(!other.exists(), "nothing is made when the port is taken");
    server.shutdown().await;
}

#[tokio::test]
async fn stopping_lets_a_request_finish_and_frees_port_and_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(ServerConfig::default().home(dir.path()))
        .await
        .unwrap();
    let address: std::net::SocketAddr = server
        .base_url()
        .strip_prefix("http://")
        .unwrap()
        .parse()
        .unwrap();
    let merchant = Merchant::of(&server);
    let order = merchant.order("slow-order-1", NOWHERE, 1999);
    let request = wire(&merchant.signed(Method::POST, "/v3/pay/transactions/native", order)).await;

    // The request has begun when the server is told to stop, and ends after that.
    let (head, tail) = request.split_at(request.len() - 5);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    // Answered on a later connection, so the earlier ones have been accepted.
    merchant
        .control(Method::GET, "/_sandbox/journal", Value::Null)
        .await;
    let finish = async {
        // Not before the port is closed: only then has the server begun to stop.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        stream.write_all(tail).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let ((), answer) = tokio::join!(server.shutdown(), finish);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);

    let server = Server::start(ServerConfig::new(address).home(dir.path()))
        .await
        .unwrap();
    assert_eq!(Merchant::of(&server).query("slow-order-1").await.0, 200);
    server.shutdown().await;
}

#[tokio::test]
async fn a_temporary_home_goes_with_its_server() {
    let server = start().await;
    let dir = server.home().to_owned();
    assert!(dir.join("merchant.json").exists());
    server.shutdown().await;
    assert!(!dir.exists());
}

#[tokio::test]
async fn bodies_are_bounded() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    for length in ["Content-Length: 99999999999\r\n\r\n".to_owned(), endless()] {
        let answer = raw(
            &server,
            format!("POST /v3/x HTTP/1.1\r\nHost: x\r\n{length}").as_bytes(),
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 413 "),
            "{}",
            &answer[..answer.len().min(200)]
        );
    }
    assert_eq!(merchant.query("no-such-order").await.0, 404);
    server.shutdown().await;
}

/// Seventeen chunks of one mebibyte and no end.
fn endless() -> String {
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    format!("Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(17))
}

#[tokio::test]
async fn garbage_ends_a_connection_and_nothing_else() {
    let server = start().await;
    for garbage in [
        &b"\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxxxxxxxxxx",
        b"PRI * HTTP",
        b"GET / HTTP/1.1\r\nHost: \xff\xff\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /v3/certificates HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v3/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12",
    ] {
        let mut stream = connect(&server).await;
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Whether it is answered is the server's affair.
        let _ = stream.read_to_end(&mut answer).await;
    }
    let merchant = Merchant::of(&server);
    assert_eq!(merchant.query("no-such-order").await.0, 404);
    server.shutdown().await;
}

#[tokio::test]
async fn the_cashier_shows_an_order_and_takes_the_payment() {
    let server = start().await;
    let merchant = Merchant::of(&server);
    let page = async |method: Method, target: &str, form: &str| {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{target}", server.base_url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::copy_from_slice(form.as_bytes())))
            .unwrap();
        let response = merchant.send(request).await.unwrap();
        let location = response
            .headers()
            .get("location")
            .map(|at| at.to_str().unwrap().to_owned());
        let policy = response.headers().contains_key("content-security-policy");
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(policy || body.is_empty());
        (response.status().as_u16(), location, body)
    };
    let mut order = merchant.order("cashier1", NOWHERE, 1999);
    order["description"] = json!("<script>alert(1)</script>");
    let (status, created) = merchant
        .call(Method::POST, "/v3/pay/transactions/native", order)
        .await;
    assert_eq!(status, 200);

    // Where the code leads.
    let code_url = created["code_url"].as_str().unwrap();
    let target = code_url.strip_prefix(server.base_url()).unwrap();
    let (status, _, body) = page(Method::GET, target, "").await;
    assert_eq!(status, 200);
    assert!(
        body.contains("19.99") && body.contains("确认支付"),
        "{body}"
    );
    assert!(!body.contains("<script"), "{body}");

    let form = "out_trade_no=cashier1&redirect_url=https%3A%2F%2Fshop.example%2F%3Fa%3D1%26b%3D2";
    let (status, location, _) = page(
        Method::POST,
        "/_sandbox/cashier/pay",
        &format!("{form}&outcome=error"),
    )
    .await;
    assert_eq!(status, 303);
    let (_, _, body) = page(Method::GET, &location.unwrap(), "").await;
    assert!(
        body.contains("支付失败") && body.contains("重新支付"),
        "{body}"
    );
    assert_eq!(merchant.query("cashier1").await.1["trade_state"], "NOTPAY");

    let (_, location, _) = page(Method::POST, "/_sandbox/cashier/leave", form).await;
    let (_, _, body) = page(Method::GET, &location.unwrap(), "").await;
    assert!(body.contains("已放弃支付"), "{body}");

    let (_, location, _) = page(Method::POST, "/_sandbox/cashier/pay", form).await;
    let (_, _, body) = page(Method::GET, &location.unwrap(), "").await;
    assert!(body.contains("支付成功"), "{body}");
    assert!(
        body.contains("href=\"https://shop.example/?a=1&amp;b=2\""),
        "{body}"
    );
    assert_eq!(merchant.query("cashier1").await.1["trade_state"], "SUCCESS");

    let (status, _, body) = page(Method::GET, "/_sandbox/cashier?out_trade_no=none", "").await;
    assert_eq!(status, 404);
    assert!(body.contains("订单不存在"), "{body}");
    let (_, _, body) = page(
        Method::GET,
        "/_sandbox/cashier?out_trade_no=cashier1&redirect_url=javascript:alert(1)",
        "",
    )
    .await;
    assert!(!body.contains("javascript"), "{body}");
    assert_eq!(page(Method::DELETE, "/_sandbox/cashier", "").await.0, 405);
    server.shutdown().await;
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.base_url().strip_prefix("http://").unwrap())
        .await
        .unwrap()
}

/// Sends the bytes and reads until the server closes.
async fn raw(server: &Server, request: &[u8]) -> String {
    let (mut read, mut write) = connect(server).await.into_split();
    let sending = async {
        // The server may have heard enough before the end.
        let _ = write.write_all(request).await;
    };
    let reading = async {
        let mut answer = Vec::new();
        let _ = read.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let ((), answer) = tokio::join!(sending, reading);
    answer
}

/// A request as it goes over HTTP/1.1, the last one of its connection.
async fn wire(request: &Request<Full<Bytes>>) -> Vec<u8> {
    use http_body_util::BodyExt as _;
    let body = request.body().clone().collect().await.unwrap().to_bytes();
    let mut bytes = format!(
        "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method(),
        request.uri().path_and_query().unwrap(),
        request.uri().authority().unwrap(),
        body.len()
    )
    .into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    bytes
}
