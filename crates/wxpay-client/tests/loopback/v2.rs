//! The client of API v2.

mod certificate;
mod delivery;
mod download;
mod flow;

use bytes::Bytes;
use http::Response;
use wxpay_client::proto::v2::{OperationInfo, SignType, Untyped};
use wxpay_client::proto::{Endpoint, Idempotency};
use wxpay_client::v2::{ApiV2Key, Client, ClientBuilder, Merchant};

use crate::support::platform::MCHID;
use crate::support::{Act, Server, hasty, transport};

pub(crate) const API_KEY: &str = "192006250b4c09247ec02edce69f6a2d";

pub(crate) fn merchant() -> Merchant {
    Merchant::new(MCHID, ApiV2Key::new(API_KEY).unwrap()).unwrap()
}

/// A client of the server.
pub(crate) fn builder(server: &Server) -> ClientBuilder {
    Client::builder(merchant())
        .endpoint(Endpoint::parse(&server.base_url()).unwrap())
        .transport(transport())
        .retry(hasty())
}

pub(crate) fn client(server: &Server) -> Client {
    builder(server).build().unwrap()
}

/// A query.
pub(crate) fn query() -> Untyped {
    Untyped::post("/pay/orderquery", Idempotency::Safe).field("out_trade_no", "ORDER-1")
}

/// An order, which its number makes safe to repeat.
pub(crate) fn numbered() -> Untyped {
    Untyped::post("/pay/unifiedorder", Idempotency::MerchantNumber)
        .field("out_trade_no", "ORDER-1")
        .field("body", "深圳 & <腾大>")
}

/// What must not be repeated.
pub(crate) fn post() -> Untyped {
    Untyped::post("/pay/other", Idempotency::No).field("out_trade_no", "ORDER-1")
}

/// What needs the client certificate.
pub(crate) fn refund() -> Untyped {
    let idempotency = Idempotency::MerchantNumber;
    let info = OperationInfo::new("v2.refund", "/secapi/pay/refund", idempotency);
    Untyped::new(info.with_certificate()).field("out_refund_no", "REFUND-1")
}

/// An answer as it is, without a signature of its own.
pub(crate) fn xml(fields: &[(&str, &str)]) -> Response<Bytes> {
    let mut text = String::from("<xml>");
    for (name, value) in fields {
        text.push_str(&format!("<{name}><![CDATA[{value}]]></{name}>\n"));
    }
    text.push_str("</xml>");
    Response::builder()
        .header("content-type", "text/plain")
        .body(text.into())
        .unwrap()
}

/// An answer of WeChat Pay's to this merchant, signed.
pub(crate) fn signed(fields: &[(&str, &str)]) -> Response<Bytes> {
    let mut fields = fields.to_vec();
    fields.extend([
        ("return_code", "SUCCESS"),
        ("mch_id", MCHID),
        ("nonce_str", "IITRi8Iabbblz1Jc"),
    ]);
    let key = ApiV2Key::new(API_KEY).unwrap();
    let sign = key.sign(SignType::Md5, fields.iter().copied());
    fields.push(("sign", &sign));
    xml(&fields)
}

pub(crate) fn done() -> Act {
    signed(&[("result_code", "SUCCESS"), ("trade_state", "SUCCESS")]).into()
}

/// A signed error.
pub(crate) fn error(code: &str) -> Act {
    let fields = [
        ("result_code", "FAIL"),
        ("err_code", code),
        ("err_code_des", "出错了"),
    ];
    signed(&fields).into()
}

/// A request that was not taken.
pub(crate) fn fail(message: &str) -> Act {
    xml(&[("return_code", "FAIL"), ("return_msg", message)]).into()
}

pub(crate) fn raw(body: impl Into<Bytes>) -> Act {
    Act::Answer(Response::new(body.into()))
}
