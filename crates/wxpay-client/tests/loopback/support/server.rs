//! An HTTP server that behaves on command, and remembers what it got.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body::{Body, Frame};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_rustls::TlsAcceptor;
use wxpay_client::proto::sign;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The how many-th request this is, from 0.
    pub(crate) index: usize,
    /// The how many-th connection it came on, from 0.
    pub(crate) connection: usize,
    /// The serial number of the client certificate, in hexadecimal digits.
    pub(crate) certificate: Option<String>,
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the `Authorization` header.
    pub(crate) fn authorization(&self, name: &str) -> String {
        let header = self.header("authorization");
        let start = header.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        header[start..].split('"').next().unwrap().to_owned()
    }
}

/// What to do with a request.
pub(crate) enum Act {
    Answer(Response<Bytes>),
    /// Reads the request and closes the connection.
    HangUp,
    /// Reads the request and never answers.
    Silence,
    /// Answers with a body that has no end.
    Endless(Response<Bytes>),
    /// Announces this many bytes more than it sends, then closes.
    Cut(Response<Bytes>, u64),
    /// Sends the body, and then nothing, not even its end.
    Stall(Response<Bytes>),
    /// Answers once as many requests wait here as the barrier is for.
    Together(Response<Bytes>, Arc<Barrier>),
    /// Sends the head, then whatever the test feeds it, until the test lets go.
    Fed(Response<Bytes>, UnboundedReceiver<Bytes>),
}

impl From<Response<Bytes>> for Act {
    fn from(response: Response<Bytes>) -> Self {
        Self::Answer(response)
    }
}

type Script = dyn Fn(&Seen) -> Act + Send + Sync;

/// A running server; stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(script)).await
    }

    pub(crate) async fn start_tls(
        acceptor: TlsAcceptor,
        script: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(acceptor), Arc::new(script)).await
    }

    async fn listen(acceptor: Option<TlsAcceptor>, script: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let accepting = tokio::spawn(accept(listener, acceptor, script, seen.clone()));
        Self {
            address,
            scheme,
            seen,
            accepting,
        }
    }

    pub(crate) fn base_url(&self) -> String {
        let host = if self.scheme == "https" {
            "localhost"
        } else {
            "127.0.0.1"
        };
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests other than those for certificates.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| !seen.target.starts_with("/v3/certificates"));
        seen
    }

    pub(crate) fn certificate_requests(&self) -> usize {
        self.seen().len() - self.calls().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    for connection in 0.. {
        let (tcp, _) = listener.accept().await.unwrap();
        let (acceptor, script, seen) = (acceptor.clone(), script.clone(), seen.clone());
        tokio::spawn(async move {
            let service = |certificate: Option<String>| {
                service_fn(move |request| {
                    let (script, seen) = (script.clone(), seen.clone());
                    let came = (connection, certificate.clone());
                    async move { serve(request, came, &*script, &seen).await }
                })
            };
            let builder = auto::Builder::new(TokioExecutor::new());
            // How a connection ends is what tests play with.
            let _ = match acceptor {
                None => {
                    let tcp = TokioIo::new(tcp);
                    builder.serve_connection(tcp, service(None)).await
                }
                Some(acceptor) => match acceptor.accept(tcp).await {
                    Ok(tls) => {
                        let shown = tls.get_ref().1.peer_certificates();
                        let shown = shown.and_then(|chain| chain.first());
                        let serial = shown.map(|leaf| {
                            let leaf = sign::Certificate::from_der(leaf).unwrap();
                            leaf.serial_number().to_string()
                        });
                        let tls = TokioIo::new(tls);
                        builder.serve_connection(tls, service(serial)).await
                    }
                    Err(_) => Ok(()),
                },
            };
        });
    }
}

async fn serve(
    request: Request<Incoming>,
    (connection, certificate): (usize, Option<String>),
    script: &Script,
    log: &Mutex<Vec<Seen>>,
) -> Result<Response<BoxBody<Bytes, io::Error>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let seen = {
        let mut log = log.lock().unwrap();
        let seen = Seen {
            index: log.len(),
            connection,
            certificate,
            method: parts.method,
            target: parts.uri.path_and_query().unwrap().to_string(),
            version: parts.version,
            headers: parts.headers,
            body,
        };
        log.push(seen.clone());
        seen
    };
    let whole = |body: Bytes| {
        Full::new(body)
            .map_err(|never: Infallible| match never {})
            .boxed()
    };
    Ok(match script(&seen) {
        Act::Answer(response) => response.map(whole),
        Act::HangUp => return Err(io::Error::other("hanging up")),
        Act::Silence => std::future::pending().await,
        Act::Endless(response) => response.map(|piece| {
            Odd {
                piece,
                then: Then::Again,
            }
            .boxed()
        }),
        Act::Stall(response) => response.map(|piece| {
            Odd {
                piece,
                then: Then::Nothing,
            }
            .boxed()
        }),
        Act::Together(response, barrier) => {
            barrier.wait().await;
            response.map(whole)
        }
        Act::Fed(response, pieces) => response.map(|_| Fed(pieces).boxed()),
        Act::Cut(response, missing) => {
            let announced = response.body().len() as u64 + missing;
            let mut response = response.map(|piece| {
                Odd {
                    piece,
                    then: Then::Break,
                }
                .boxed()
            });
            response
                .headers_mut()
                .insert("content-length", announced.into());
            response
        }
    })
}

/// A body that comes when the test says so.
struct Fed(UnboundedReceiver<Bytes>);

impl Body for Fed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = self.0.poll_recv(cx);
        piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// A body that does not end as it should.
struct Odd {
    piece: Bytes,
    then: Then,
}

enum Then {
    Again,
    Break,
    BreakNow,
    Nothing,
}

impl Body for Odd {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match self.then {
            Then::Again => self.piece.clone(),
            _ => std::mem::take(&mut self.piece),
        };
        match self.then {
            _ if !piece.is_empty() => Poll::Ready(Some(Ok(Frame::data(piece)))),
            // Once what was sent before has gone out.
            Then::Break => {
                self.then = Then::BreakNow;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Then::BreakNow => Poll::Ready(Some(Err(io::Error::other("cut")))),
            Then::Again | Then::Nothing => Poll::Pending,
        }
    }
}
