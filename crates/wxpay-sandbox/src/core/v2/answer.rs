//! The answers of v2: what each has, and how it is written.

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};
use serde_json::json;

use super::facts::{Operation, ReplyForm};
use super::gate::Passed;
use super::wire::Pairs;
use crate::core::answer;
use crate::core::book::Signing;
use crate::core::book::v2::Refusal;
use crate::core::check;

const DIGEST: HeaderName = HeaderName::from_static("digest");

/// An answer before it is signed.
#[derive(Debug)]
pub(in crate::core) enum Outcome {
    /// Sent as it is.
    Whole(Response<Bytes>),
    /// Signed so, or not at all, and written.
    Fields(Pairs, Option<Signing>),
}

/// Adds what every answer to a known caller has, and settles whether it is signed.
pub(super) fn finish(operation: &Operation, passed: &Passed, mut answer: Pairs) -> Outcome {
    for name in ["appid", &*operation.merchant, "sub_appid", "sub_mch_id"] {
        if answer.get(name).is_none() {
            answer.set_some(name, passed.fields.get(name));
        }
    }
    let signing = (operation.reply == ReplyForm::Signed).then_some(passed.signing);
    Outcome::Fields(answer, signing)
}

/// A refusal of the interface that answers in JSON.
pub(super) fn in_json(outcome: Outcome) -> Response<Bytes> {
    let fields = match outcome {
        Outcome::Whole(response) => return response,
        Outcome::Fields(fields, _) => fields,
    };
    let message = fields
        .get("err_code_des")
        .or_else(|| fields.get("return_msg"));
    answer::json(
        StatusCode::OK,
        &json!({ "retcode": 1, "retmsg": message.unwrap_or_default() }),
    )
}

/// `result_code` SUCCESS.
pub(super) fn succeeded(fields: Pairs) -> Pairs {
    let mut answer = Pairs::default()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("result_code", "SUCCESS");
    answer.append(fields);
    answer
}

/// `result_code` FAIL.
pub(super) fn failure(refusal: &Refusal) -> Pairs {
    let mut answer = Pairs::default()
        .with("return_code", "SUCCESS")
        .with("return_msg", "OK")
        .with("result_code", "FAIL")
        .with("err_code", refusal.code.clone())
        .with("err_code_des", check::clip(&refusal.message, 128));
    answer.append(refusal.also.clone());
    answer
}

pub(super) fn refused(operation: &Operation, passed: &Passed, refusal: &Refusal) -> Outcome {
    if operation.path == "/pay/downloadbill" {
        // This one has words of its own.
        let code = match &*refusal.code {
            "PARAM_ERROR" | "LACK_PARAMS" => "20003",
            code => code,
        };
        let answer = Pairs::default()
            .with("return_code", "FAIL")
            .with("return_msg", &*refusal.message)
            .with("error_code", code);
        return Outcome::Fields(answer, None);
    }
    finish(operation, passed, failure(refusal))
}

/// `return_code` FAIL, unsigned.
pub(super) fn protocol(message: &str) -> Outcome {
    let answer = Pairs::default()
        .with("return_code", "FAIL")
        .with("return_msg", message);
    Outcome::Fields(answer, None)
}

pub(super) fn refused_unknown(operation: &Operation, message: &str) -> Outcome {
    let mut outcome = protocol(message);
    if operation.path == "/pay/downloadbill"
        && message.starts_with("签名错误")
        && let Outcome::Fields(fields, _) = &mut outcome
    {
        fields.set("error_code", "20001");
    }
    outcome
}

pub(super) fn frequency_limited() -> Refusal {
    Refusal::new("FREQUENCY_LIMITED", "频率超限，请稍后再试")
}

pub(super) fn xml(fields: &Pairs) -> Response<Bytes> {
    answer::bare(
        StatusCode::OK,
        Some("text/xml; charset=utf-8"),
        fields.to_xml("xml").into(),
    )
}

pub(super) fn file(body: Bytes, gzip: bool, digest: Option<&str>) -> Outcome {
    let content_type = if gzip {
        "application/x-gzip"
    } else {
        "text/plain; charset=utf-8"
    };
    let mut response = answer::bare(StatusCode::OK, Some(content_type), body);
    if let Some(digest) = digest {
        answer::insert(response.headers_mut(), DIGEST, digest);
    }
    Outcome::Whole(response)
}

/// What WeChat Pay's gateway says to a client without a certificate.
pub(super) fn no_certificate() -> Outcome {
    let page = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n\
                <body>\r\n<center><h1>400 Bad Request</h1></center>\r\n\
                <center>No required SSL certificate was sent</center>\r\n\
                <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
    Outcome::Whole(answer::turned_away(StatusCode::BAD_REQUEST, page))
}
