//! Through a proxy.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use wxpay_client::{Client, Delivery, ErrorKind, Proxy, Transport};

use crate::support::platform::merchant_with;
use crate::support::tls::Authority;
use crate::support::{Platform, Server, builder, query};

/// A proxy that wants `user` and `hunter2`, and notes what it is asked.
struct TestProxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl TestProxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        tokio::spawn(async move {
            loop {
                let (connection, _) = listener.accept().await.unwrap();
                tokio::spawn(tunnel(connection, log.clone()));
            }
        });
        Self { port, asked }
    }
}

async fn tunnel(mut client: TcpStream, log: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().push(head.clone());
    if !head.contains("Proxy-Authorization: Basic dXNlcjpodW50ZXIy\r\n") {
        client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            .await
            .unwrap();
        return;
    }
    let host = head
        .strip_prefix("CONNECT ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let mut server = TcpStream::connect(host).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    // Either side may end it.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

fn client(server: &Server, authority: &Authority, proxy: &str) -> Client {
    let transport = Transport::builder()
        .proxy(Proxy::new(proxy).unwrap())
        .add_root_certificate_pem(&authority.root_pem)
        .unwrap()
        .build()
        .unwrap();
    builder(merchant_with(Platform::a().keyring()), server)
        .transport(transport)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_tunnel_with_credentials() {
    let platform = Platform::a().as_public_key();
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(&["h2"]), move |_| {
        platform.answer(200, "{}").into()
    })
    .await;
    let proxy = TestProxy::start().await;
    let address = format!("http://user:hunter2@127.0.0.1:{}", proxy.port);
    client(&server, &authority, &address)
        .execute(&query())
        .await
        .unwrap();
    let asked = proxy.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("CONNECT localhost:{} ", server.address().port())));
    assert!(
        !asked[0].contains("WECHATPAY2"),
        "the request itself is not for the proxy"
    );
}

#[tokio::test]
async fn a_proxy_that_refuses() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(&[]), |_| {
        unreachable!("nothing comes through")
    })
    .await;
    let proxy = TestProxy::start().await;
    let address = format!("http://user:wrong-secret@127.0.0.1:{}", proxy.port);
    let error = client(&server, &authority, &address)
        .execute(&query())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.delivery(), Delivery::NotSent);
    let mut text = format!("{error:?}");
    let mut source = Some(&error as &dyn std::error::Error);
    while let Some(error) = source {
        text.push_str(&error.to_string());
        source = error.source();
    }
    assert!(text.contains("proxy"), "{text}");
    assert!(!text.contains("wrong-secret"), "{text}");
}

#[tokio::test]
async fn plain_http_goes_through_the_tunnel_too() {
    let platform = Platform::a().as_public_key();
    let server = Server::start(move |_| platform.answer(200, "{}").into()).await;
    let proxy = TestProxy::start().await;
    let address = format!("http://user:hunter2@127.0.0.1:{}", proxy.port);
    client(&server, &Authority::new(), &address)
        .execute(&query())
        .await
        .unwrap();
    assert_eq!(proxy.asked.lock().unwrap().len(), 1);
}
