//! Files of v2: the answer itself is the file, unless it is an error.

use http::{HeaderMap, Response, StatusCode};
use tracing::Instrument;
use wxpay_proto::v2::{FileStart, OperationInfo, ReplyForm, Request, file_start};

use super::client::{Shared, failure};
use crate::Download;
use crate::download::{Expected, ExpectedHash};
use crate::error::{Delivery, Error, ErrorKind};
use crate::exchange::{Exchange, Same};

/// Asks for a file, and waits for its beginning.
pub(super) async fn begin(shared: &Shared, request: &dyn Request) -> Result<Download, Error> {
    let info = request.info();
    let mut exchange = shared.begin(&info, shared.wire.timeouts.call());
    let span = exchange.span();
    let result = start(shared, request, &info, &mut exchange)
        .instrument(span.clone())
        .await;
    exchange.record(&span, &result);
    result
}

async fn start<'c>(
    shared: &'c Shared,
    request: &dyn Request,
    info: &OperationInfo,
    exchange: &mut Exchange<'c>,
) -> Result<Download, Error> {
    if info.reply != ReplyForm::File {
        return Err(exchange.failed(Error::new(
            ErrorKind::Request,
            Delivery::NotSent,
            "the operation does not answer with a file; execute it",
        )));
    }
    let encoded = shared.encode(request, exchange)?;
    let mut source = Same(encoded.request());
    loop {
        let head = exchange.head(&mut source, None).await?;
        let (head, first) = match exchange.beginning(head, told).await {
            Ok(begun) => begun,
            Err(failure) => {
                exchange.again(failure).await?;
                continue;
            }
        };
        if head.status() == StatusCode::OK && file_start(&first) == Some(FileStart::File) {
            let expected = expected(head.headers()).map_err(|error| exchange.failed(error))?;
            let (parts, body) = head.into_parts();
            let silence = shared.wire.timeouts.response();
            let mut file = Download::new(info.name, parts.headers, body, expected, silence);
            file.push(first)?;
            return Ok(file);
        }
        let answer: Response<_> = exchange.body(head, first).await?;
        match shared.merchant.verify(request, &answer) {
            Err(error) => exchange.again(failure(error)).await?,
            Ok(_) => {
                return Err(exchange.failed(Error::new(
                    ErrorKind::Unexpected,
                    Delivery::Unknown,
                    "something else came in place of the file",
                )));
            }
        }
    }
}

/// Whether these first bytes tell what it is.
fn told(first: &[u8]) -> bool {
    file_start(first).is_some()
}

/// What the `Digest` header announces (RFC 3230, with the SHA-1 in hexadecimal digits).
fn expected(headers: &HeaderMap) -> Result<Expected, Error> {
    let Some(digest) = headers.get("digest") else {
        return Ok(Expected::Nothing);
    };
    let sha = digest.to_str().ok().and_then(|text| {
        text.split(',').find_map(|one| {
            let (name, value) = one.trim().split_once('=')?;
            name.eq_ignore_ascii_case("SHA").then_some(value)
        })
    });
    let hash = sha.and_then(|hex| ExpectedHash::sha1(hex).ok());
    // A file that cannot be checked although it should be is not given out.
    hash.map(Expected::Either).ok_or_else(|| {
        Error::new(
            ErrorKind::Content,
            Delivery::Unknown,
            "the digest header holds no sha-1 of 40 hexadecimal digits",
        )
    })
}
