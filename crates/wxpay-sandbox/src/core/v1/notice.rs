//! Notices of v1: of a payment, half in the query and half in the body; alarms; complaints.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, Uri};
use serde_json::Value;
use wxpay_sign::Timestamp;

use super::charset::Charset;
use super::keys::Keys;
use super::params::Params;
use crate::core::book::Outgoing;
use crate::core::book::v1::Kind;
use crate::core::notify::Tools;
use crate::core::v2::wire::Pairs;
use crate::identity::Identity;

/// The request of a notice; nothing where none can be made of its address.
pub(crate) fn seal(
    outgoing: &Outgoing,
    kind: Kind,
    wrong_signature: bool,
    tools: &mut Tools<'_>,
) -> Option<Request<Bytes>> {
    let (identity, now) = (tools.identity, tools.now);
    let keys = match Keys::of(identity) {
        Ok(keys) => keys,
        Err(problem) => {
            tracing::error!(problem, "a notice of v1 cannot be signed");
            return None;
        }
    };
    let event = &outgoing.event;
    let mut url = outgoing.url.clone();
    let body = match kind {
        Kind::Payment => {
            let query = query(&event["query"], &outgoing.id, &keys, identity);
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query);
            let own = Pairs::from_json(&event["body"]).with("NonceStr", tools.ids.nonce());
            let signed = ["AppId", "IsSubscribe", "NonceStr", "OpenId", "TimeStamp"];
            message(own, &signed, &keys, identity, now)
        }
        Kind::Alarm => {
            let signed = [
                "AlarmContent",
                "AppId",
                "Description",
                "ErrorType",
                "TimeStamp",
            ];
            message(Pairs::from_json(event), &signed, &keys, identity, now)
        }
        Kind::Rights => {
            let signed = ["AppId", "OpenId", "TimeStamp"];
            message(Pairs::from_json(event), &signed, &keys, identity, now)
        }
    };
    let mut body = body;
    if wrong_signature {
        // Another time under the same signature.
        body.set("TimeStamp", now.saturating_add(1).to_string());
    }
    let mut text = body.to_xml("xml");
    if let Some(pictures) = event["PicInfo"].as_array().filter(|list| !list.is_empty())
        && let Some(within) = text.strip_suffix("</xml>")
    {
        text = format!("{within}{}</xml>", picture_list(pictures));
    }
    let url: Uri = url.parse().ok()?;
    url.authority()?;
    let mut request = Request::new(Bytes::from(text));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Mozilla/4.0"));
    Some(request)
}

/// The signed half that stands in the address, in the charset of the order.
fn query(told: &Value, notify_id: &str, keys: &Keys, identity: &Identity) -> String {
    let fields = Pairs::from_json(told)
        .with("sign_type", "MD5")
        .with("service_version", "1.0")
        .with("sign_key_index", "1")
        .with("partner", identity.partner_id())
        .with("notify_id", notify_id);
    let charset =
        Charset::named(fields.get("input_charset").map(str::as_bytes)).unwrap_or_default();
    let sign = Params::of(&fields, charset).sign(&keys.partner);
    Params::of(&fields.with("sign", sign), charset).to_query()
}

/// A message of which these fields are signed.
fn message(own: Pairs, signed: &[&str], keys: &Keys, identity: &Identity, now: Timestamp) -> Pairs {
    let fields = own
        .with("AppId", identity.appid())
        .with("TimeStamp", now.to_string());
    let part = fields.iter().filter(|(name, _)| signed.contains(name));
    let sign = keys.pay_sign.sign(part);
    fields.with("AppSignature", sign).with("SignMethod", "sha1")
}

fn picture_list(pictures: &[Value]) -> String {
    let items: Vec<String> = pictures
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|url| wxpay_xml::write("item", [("PicUrl", url)]).ok())
        .collect();
    format!("<PicInfo>{}</PicInfo>", items.concat())
}

/// Whether a merchant's answer says that it took the notice: `success` and nothing else.
pub(crate) fn is_taken(response: &Response<Bytes>) -> bool {
    response.status().is_success() && response.body().as_ref() == b"success"
}
