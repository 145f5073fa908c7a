//! Those who talk to the service: the app, the shop's staff, WeChat Pay, a forger.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use example_support::Http;
use http::{Method, StatusCode};
use serde_json::Value;
use wxpay_client::proto::sign::SignType;
use wxpay_client::v2::{ApiV2Key, Client};

/// Somebody who talks to the service: the app, the shop's staff, WeChat Pay or a forger.
#[derive(Debug)]
pub(crate) struct Caller {
    http: Http,
    origin: String,
}

impl Caller {
    pub(crate) fn new(origin: String) -> Self {
        Self {
            http: Http::new(),
            origin,
        }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Asks the service something, in JSON.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Value)> {
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin))
            .body(body)?;
        let answer = self.http.send(request).await?;
        let value = serde_json::from_slice(answer.body());
        Ok((
            answer.status(),
            value.with_context(|| format!("the answer to {path}"))?,
        ))
    }

    /// Sends the service a notice; says whether it was taken.
    pub(crate) async fn notify(&self, path: &str, body: impl Into<Bytes>) -> Result<bool> {
        let request = http::Request::post(format!("{}{path}", self.origin)).body(body.into())?;
        let answer = self.http.send(request).await?;
        Ok(is_taken(answer.body()))
    }
}

/// Whether a notice was taken, by the answer.
pub(crate) fn is_taken(answer: &[u8]) -> bool {
    let answer = String::from_utf8_lossy(answer);
    answer.contains("SUCCESS") && !answer.contains("FAIL")
}

/// Checks the second signature as the payer's WeChat does; gives the order it opens.
pub(crate) fn check_second_signature(key: &ApiV2Key, pay: &Value) -> Result<String> {
    let text = |name: &str| {
        pay[name]
            .as_str()
            .with_context(|| format!("no {name} for the app"))
    };
    let signed = [
        ("appid", text("appId")?),
        ("partnerid", text("partnerId")?),
        ("prepayid", text("prepayId")?),
        ("package", text("packageValue")?),
        ("noncestr", text("nonceStr")?),
        ("timestamp", text("timeStamp")?),
    ];
    key.verify(signed, text("sign")?)
        .context("the second signature")?;
    Ok(text("prepayId")?.to_owned())
}

/// A notice that is rightly signed: as `genuine`, about another order, over one fen.
pub(crate) fn of_another_amount(
    client: &Client,
    key: &ApiV2Key,
    genuine: &[u8],
    number: &str,
) -> Result<String> {
    let genuine = client.merchant().open_notification(genuine)?;
    let fields = genuine
        .parameters()
        .iter()
        .filter(|(name, _)| *name != "sign");
    let fields: Vec<_> = fields
        .map(|(name, value)| match name {
            "out_trade_no" => (name, number),
            "total_fee" | "cash_fee" => (name, "1"),
            _ => (name, value),
        })
        .collect();
    let sign = key.sign(SignType::HmacSha256, fields.iter().copied());
    let mut xml = String::from("<xml>");
    for (name, value) in fields.into_iter().chain([("sign", sign.as_str())]) {
        xml.push_str(&format!("<{name}><![CDATA[{value}]]></{name}>"));
    }
    xml.push_str("</xml>");
    Ok(xml)
}
