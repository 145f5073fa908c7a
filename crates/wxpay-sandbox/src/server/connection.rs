//! Connections: accepting them, reading requests within bounds, writing answers.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answer::{AnswerBody, Cut};
use super::chain;
use super::shared::Shared;
use crate::core::{ClientCertificate, Cut as CutAt};

/// The largest request body, in bytes: WeChat Pay's largest upload is 5 MiB of video.
const MAX_BODY: usize = 16 << 20;
const MAX_BODY_LENGTH: u64 = 16 << 20;
/// How long a client may take over its request head, its TLS handshake, and over its body.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
const BODY_WITHIN: Duration = Duration::from_secs(120);
/// How many connections may be open at once.
const MAX_CONNECTIONS: usize = 1024;
/// The first bytes of HTTP/2 (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What is behind one address the sandbox listens on.
pub(super) struct Door {
    pub(super) tls: Option<TlsAcceptor>,
    /// Scheme and authority for requests that name no host.
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

/// Accepts connections until told to stop, then waits for the requests under way.
pub(super) async fn accept(
    listener: TcpListener,
    door: Door,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let door = Arc::new(door);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = one(&listener, &places) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, place)) => {
                let (door, shared, stop) = (Arc::clone(&door), Arc::clone(&shared), stop.clone());
                connections.spawn(async move {
                    let _place = place;
                    if let Err(error) = converse(stream, &door, &shared, stop).await {
                        tracing::debug!(error = %chain(&*error), "a connection ended early");
                    }
                });
            }
            Err(error) => {
                // Too many open files, mostly: wait for some to be closed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    // Whoever comes now is told at once that nobody listens.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn one(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    Ok((listener.accept().await?.0, place))
}

type ConnectionError = Box<dyn Error + Send + Sync>;

/// One connection from its first byte to its last.
async fn converse(
    stream: TcpStream,
    door: &Arc<Door>,
    shared: &Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    let greeted = tokio::select! {
        // Whoever has not begun a request when the sandbox stops is not waited for.
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
        greeted = tokio::time::timeout(HEAD_WITHIN, greet(stream, door.tls.as_ref())) => greeted??,
    };
    let certificate = greeted.certificate;
    let io = TokioIo::new(greeted.stream);
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .half_close(true);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_WITHIN)
        .max_header_list_size(64 << 10)
        .max_concurrent_streams(256);
    let server = if greeted.http2 {
        server.http2_only()
    } else {
        server.http1_only()
    };
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().clear();
        if let Some(certificate) = certificate.clone() {
            request.extensions_mut().insert(certificate);
        }
        serve(request, Arc::clone(door), Arc::clone(shared))
    });
    let connection = server.serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

struct Greeted {
    stream: Box<dyn Stream>,
    http2: bool,
    /// What the client has shown of itself; verified.
    certificate: Option<ClientCertificate>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Finds out which HTTP is spoken: by ALPN, or by the first bytes where there is no TLS.
async fn greet(stream: TcpStream, tls: Option<&TlsAcceptor>) -> io::Result<Greeted> {
    if let Some(tls) = tls {
        let stream = tls.accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let http2 = connection.alpn_protocol() == Some(b"h2");
        let certificate = connection
            .peer_certificates()
            .and_then(<[_]>::first)
            .map(|certificate| ClientCertificate::from_der(certificate.to_vec()));
        return Ok(Greeted {
            stream: Box::new(stream),
            http2,
            certificate,
        });
    }
    let mut seen = [0; HTTP2_PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await?;
        let http2 = HTTP2_PREFACE.starts_with(&seen[..length]);
        if length == 0 || length == seen.len() || !http2 {
            return Ok(Greeted {
                stream: Box::new(stream),
                http2: http2 && length != 0,
                certificate: None,
            });
        }
        if stream.ready(Interest::READABLE).await?.is_read_closed() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // A preface that comes in pieces: peeking does not wait for more of it.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Answers one request, or cuts the connection where a fault says so.
async fn serve(
    request: Request<Incoming>,
    door: Arc<Door>,
    shared: Arc<Shared>,
) -> Result<Response<AnswerBody>, Cut> {
    let request = match receive(request, &door).await {
        Ok(request) => request,
        Err(refusal) => return Ok(refusal.map(AnswerBody::whole)),
    };
    // Signing takes its time, and making a key for a rotation even more.
    let answered = tokio::task::spawn_blocking(move || {
        let answer = shared.with_core(|core, now| core.handle(request, now));
        shared.wake();
        answer
    });
    let Ok(answer) = answered.await else {
        let problem = "the sandbox stumbled over this request: see its log";
        return Ok(
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "SYSTEM_ERROR", problem)
                .map(AnswerBody::whole),
        );
    };
    tokio::time::sleep(answer.delay).await;
    match answer.cut {
        None => Ok(answer.response.map(AnswerBody::whole)),
        Some(CutAt::Truncate(sent)) => Ok(answer
            .response
            .map(|body| AnswerBody::truncated(body, sent))),
        Some(_) => Err(Cut),
    }
}

/// Reads the whole request. Its address becomes absolute, with the scheme and the host the client
/// used, and keeps path and query byte for byte.
async fn receive(
    request: Request<Incoming>,
    door: &Door,
) -> Result<Request<Bytes>, Response<Bytes>> {
    let (mut parts, body) = request.into_parts();
    let authority = parts
        .uri
        .authority()
        .map(Authority::as_str)
        .or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()))
        .and_then(|host| host.parse().ok())
        .unwrap_or_else(|| door.authority.clone());
    if !parts.headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        // HTTP/2 has it in `:authority`.
        parts.headers.insert(HOST, host);
    }
    let target = parts
        .uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut address = http::uri::Parts::default();
    address.scheme = Some(door.scheme.clone());
    address.authority = Some(authority);
    address.path_and_query = Some(target);
    parts.uri = Uri::from_parts(address).unwrap_or_else(|_| Uri::from_static("/"));

    let too_large = || {
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PARAM_ERROR",
            "请求体过大：至多16 MiB",
        )
    };
    if body.size_hint().lower() > MAX_BODY_LENGTH {
        return Err(too_large());
    }
    let limited = Limited::new(body, MAX_BODY);
    match tokio::time::timeout(BODY_WITHIN, limited.collect()).await {
        Ok(Ok(collected)) => Ok(Request::from_parts(parts, collected.to_bytes())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(refusal(
            StatusCode::BAD_REQUEST,
            "PARAM_ERROR",
            "请求体不完整",
        )),
        Err(_) => Err(refusal(
            StatusCode::REQUEST_TIMEOUT,
            "PARAM_ERROR",
            "请求体超时",
        )),
    }
}

/// An answer the core has no part in. The rest of the request was not read, so the connection ends.
fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let body = serde_json::json!({ "code": code, "message": message }).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
