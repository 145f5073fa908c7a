//! The client of API v1.

mod calls;
mod tokens;

use serde::Deserialize;
use wxpay_client::proto::v1::{Form, Host, Operation, OperationInfo, Reply, Request, Signing};
use wxpay_client::proto::{DecodeError, Endpoint, Fen, Idempotency};
use wxpay_client::v1::{ApiV2Key, AppSecret, Client, ClientBuilder, Merchant, PaySignKey};

use crate::support::{Server, hasty, transport};

pub(crate) const PARTNER_KEY: &str = "8934e7d15453e97507ef794cf7b0519d";
pub(crate) const APP_SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn pay_sign_key() -> String {
    "Mx1Xc7".repeat(21) + "Wz"
}

pub(crate) fn merchant() -> Merchant {
    Merchant::new(
        "wxf8b4f85f3a794e77",
        "1900000109",
        ApiV2Key::new(PARTNER_KEY).unwrap(),
        PaySignKey::new(pay_sign_key()).unwrap(),
    )
    .unwrap()
}

/// A client of the server, without a way to tokens.
pub(crate) fn builder(server: &Server) -> ClientBuilder {
    Client::builder(merchant())
        .endpoint(Endpoint::parse(&server.base_url()).unwrap())
        .transport(transport())
        .retry(hasty())
}

pub(crate) fn app_secret() -> AppSecret {
    AppSecret::new(APP_SECRET).unwrap()
}

/// An interface of the platform: an order of 2014.
pub(crate) struct Prepay;

impl Request for Prepay {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform("v1.prepay", "/pay/genprepay", Idempotency::MerchantNumber)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.appid("appid");
        form.nonce("noncestr");
        form.text("traceid", "trace-1");
        form.timestamp_number("timestamp");
    }
}

impl Operation for Prepay {
    type Response = String;

    fn read(&self, reply: &Reply) -> Result<String, DecodeError> {
        #[derive(Deserialize)]
        struct Answer {
            prepayid: String,
        }
        Ok(reply.json::<Answer>()?.prepayid)
    }
}

/// A refund by Tenpay.
pub(crate) struct Refund;

impl Request for Refund {
    fn info(&self) -> OperationInfo {
        OperationInfo::tenpay(
            "v1.refund",
            Host::TenpayMerchant,
            "/refundapi/gateway/refund.xml",
            Idempotency::MerchantNumber,
        )
        .method(http::Method::POST)
        .signing(Signing::PartnerKey)
        .with_certificate()
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("out_trade_no", "ORDER-1");
        form.text("out_refund_no", "REFUND-1");
        form.fen("refund_fee", Fen::new(100));
        form.fen("total_fee", Fen::new(100));
    }
}

impl Operation for Refund {
    type Response = String;

    fn read(&self, reply: &Reply) -> Result<String, DecodeError> {
        reply.text("refund_status").map(str::to_owned)
    }
}

/// A query at Tenpay, which shows no certificate.
pub(crate) struct OrderQuery;

impl Request for OrderQuery {
    fn info(&self) -> OperationInfo {
        OperationInfo::tenpay(
            "v1.order_query",
            Host::TenpayGateway,
            "/gateway/normalorderquery.xml",
            Idempotency::Safe,
        )
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("out_trade_no", "ORDER-1");
    }
}

impl Operation for OrderQuery {
    type Response = String;

    fn read(&self, reply: &Reply) -> Result<String, DecodeError> {
        reply.text("trade_state").map(str::to_owned)
    }
}
