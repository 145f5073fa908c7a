//! Asking for a file, up to the head of the answer.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use tracing::Instrument;
use wxpay_proto::{Idempotency, Operation, OperationInfo, ReplySignature, Untyped};

use super::url::destination;
use super::{Download, Expected, ExpectedHash, OPERATION};
use crate::call::Call;
use crate::client::Shared;
use crate::error::{Delivery, Error, ErrorKind};

/// Asks for a file, and waits for the head of the answer.
pub(crate) async fn begin(
    shared: &Arc<Shared>,
    download_url: &str,
    expected: ExpectedHash,
) -> Result<Download, Error> {
    let info = OperationInfo::new(
        OPERATION,
        Method::GET,
        Idempotency::Safe,
        ReplySignature::Unsigned,
    );
    let mut call = Call::new(shared, info, shared.wire.timeouts.call());
    let span = call.span();
    let result = request(shared, &mut call, download_url, expected)
        .instrument(span.clone())
        .await;
    call.record(&span, &result);
    result
}

/// Asks for the file that an operation answers with, and waits for the head of the answer.
pub(crate) async fn fetch<O: Operation>(
    shared: &Arc<Shared>,
    operation: &O,
) -> Result<Download, Error> {
    let info = operation.info();
    let mut call = Call::new(shared, info.clone(), shared.wire.timeouts.call());
    let span = call.span();
    let result = ask(shared, &mut call, operation, info)
        .instrument(span.clone())
        .await;
    call.record(&span, &result);
    result
}

async fn ask<O: Operation>(
    shared: &Arc<Shared>,
    call: &mut Call<'_>,
    operation: &O,
    info: OperationInfo,
) -> Result<Download, Error> {
    if !matches!(
        info.reply,
        ReplySignature::Unsigned | ReplySignature::Digest
    ) {
        return Err(call.failed(Error::new(
            ErrorKind::Request,
            Delivery::NotSent,
            "the operation does not answer with a file; execute it",
        )));
    }
    let encoded = call.encode(operation).await?;
    loop {
        let head = call.head(&encoded, None).await?;
        if !head.status().is_success() {
            let answer = call.body(head).await?;
            match call.accept(operation, &answer).await {
                Err(error) => call.rejected(error, &answer, &encoded).await?,
                Ok(_) => return Err(call.failed(displaced())),
            }
            continue;
        }
        let expected = match info.reply {
            ReplySignature::Digest => match call.announced(head.headers()).await {
                Ok(sha1) => Expected::Either(ExpectedHash::of_sha1(sha1)),
                Err(error) => {
                    let head = head.map(|_| Bytes::new());
                    call.rejected(error, &head, &encoded).await?;
                    continue;
                }
            },
            _ => Expected::Nothing,
        };
        let (parts, body) = head.into_parts();
        let silence = shared.wire.timeouts.response();
        let mut file = Download::new(info.name, parts.headers, body, expected, silence);
        if expected == Expected::Nothing {
            file.part.as_it_is();
        }
        return Ok(file);
    }
}

/// Something that is no error and no file.
fn displaced() -> Error {
    Error::new(
        ErrorKind::Unexpected,
        Delivery::Unknown,
        "something else came in place of the file",
    )
}

async fn request(
    shared: &Arc<Shared>,
    call: &mut Call<'_>,
    download_url: &str,
    expected: ExpectedHash,
) -> Result<Download, Error> {
    let (host, target) =
        destination(download_url, shared.wire.hosts.main()).map_err(|error| call.failed(error))?;
    let operation = Untyped::get(target).unsigned_reply();
    let encoded = call.encode(&operation).await?;
    loop {
        let head = call.head(&encoded, Some(&host)).await?;
        if head.status().is_success() {
            let (parts, body) = head.into_parts();
            return Ok(Download::new(
                OPERATION,
                parts.headers,
                body,
                Expected::Text(expected),
                shared.wire.timeouts.response(),
            ));
        }
        let answer = call.body(head).await?;
        // Not a success, so there is an error to be had.
        if let Err(error) = call.accept(&operation, &answer).await {
            call.rejected(error, &answer, &encoded).await?;
        } else {
            return Err(call.failed(displaced()));
        }
    }
}
