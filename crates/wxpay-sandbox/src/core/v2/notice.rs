//! Notices of v2: of a payment, signed; of a refund, encrypted.
//!
//! <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_7>,
//! <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=9_16>

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, Uri};
use serde_json::Value;
use wxpay_sign::SignType;
use wxpay_xml::Document;

use super::wire::Pairs;
use crate::core::book::{Form, Outgoing, Signing};
use crate::core::faults::NotificationFault;
use crate::core::random::Ids;
use crate::identity::Identity;

/// The request of a notice; nothing where none can be made of its address.
pub(crate) fn seal(
    outgoing: &Outgoing,
    spoiled: Option<NotificationFault>,
    md5: bool,
    identity: &Identity,
    ids: &mut Ids,
) -> Option<Request<Bytes>> {
    let url: Uri = outgoing.url.parse().ok()?;
    url.authority()?;
    let fields = match outgoing.form {
        Form::V2(signing) => {
            let signing = Signing {
                hmac: signing.hmac && !md5,
                ..signing
            };
            payment(&outgoing.event, signing, spoiled, identity, ids)
        }
        Form::V2Refund(signing) => refund(&outgoing.event, signing, spoiled, identity, ids)?,
        Form::V3 | Form::V1(_) => return None,
    };
    let mut request = Request::new(Bytes::from(fields.to_xml("xml")));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Mozilla/4.0"));
    Some(request)
}

fn payment(
    event: &Value,
    signing: Signing,
    spoiled: Option<NotificationFault>,
    identity: &Identity,
    ids: &mut Ids,
) -> Pairs {
    let mut fields = Pairs::from_json(event).with("nonce_str", ids.nonce());
    if let Some(key) = signing.key(identity) {
        fields.sign(&key, signing.sign_type());
    }
    if spoiled == Some(NotificationFault::WrongSignature) {
        // Another text under the same signature.
        fields.set("nonce_str", ids.nonce());
    }
    fields
}

fn refund(
    event: &Value,
    signing: Signing,
    spoiled: Option<NotificationFault>,
    identity: &Identity,
    ids: &mut Ids,
) -> Option<Pairs> {
    let mut fields = Pairs::from_json(event).with("nonce_str", ids.nonce());
    let key = signing.key(identity)?;
    let inner = Pairs::from_json(&event["req_info"]).to_xml("root");
    let key = if spoiled == Some(NotificationFault::WrongSignature) {
        // Encrypted with a key nobody knows.
        let other = key.sign(SignType::Md5, [("nonce_str", ids.nonce())]);
        wxpay_sign::ApiV2Key::new(other).ok()?
    } else {
        key
    };
    fields.set("req_info", key.seal_notice(inner.as_bytes()).ok()?);
    Some(fields)
}

/// Whether a merchant's answer says that it took the notice: 200 alone does not.
pub(crate) fn is_taken(response: &Response<Bytes>) -> bool {
    response.status().is_success()
        && Document::parse(response.body())
            .is_ok_and(|document| document.get("return_code") == Some("SUCCESS"))
}
