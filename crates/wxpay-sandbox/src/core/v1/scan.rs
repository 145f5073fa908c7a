//! 原生支付: what a phone has scanned, the question to the merchant (获取订单Package的回调), and its answer.

use bytes::Bytes;
use http::Response;
use percent_encoding::percent_decode_str;
use wxpay_sign::Timestamp;
use wxpay_xml::Document;

use super::keys::Keys;
use super::package::{self, PackageOrder};
use crate::core::check::clip;
use crate::core::random::Ids;
use crate::core::v2::wire::Pairs;
use crate::identity::Identity;

const PREFIX: &str = "weixin://wxpay/bizpayurl?";
/// The most bytes of a product's number and of a nonce.
const MOST: usize = 32;

/// Whether a code is one of v1, which has names of its own for its parameters.
pub(crate) fn is_code(url: &str) -> bool {
    let query = url.strip_prefix(PREFIX).unwrap_or_default();
    query
        .split('&')
        .any(|piece| piece.starts_with("productid="))
}

/// The product a code is for, if the merchant made it.
pub(crate) fn read_code(url: &str, identity: &Identity) -> Result<String, String> {
    let keys = Keys::of(identity)?;
    let query = url
        .strip_prefix(PREFIX)
        .ok_or_else(|| format!("url must begin with {PREFIX}"))?;
    let mut raw = Pairs::default();
    for piece in query.split('&') {
        let (name, value) = piece
            .split_once('=')
            .ok_or("url: a parameter has no value")?;
        if raw.get(name).is_some() {
            return Err(format!("url: {name} is there twice"));
        }
        raw.set(name, value);
    }
    let text = |name: &str| {
        raw.get(name)
            .ok_or_else(|| format!("url: {name} is missing"))
    };
    if text("appid")? != identity.appid() {
        return Err("url: appid is not the merchant's".to_owned());
    }
    let product_id = percent_decode_str(text("productid")?)
        .decode_utf8()
        .map_err(|_| "url: productid is not UTF-8")?
        .into_owned();
    for (name, text) in [
        ("productid", product_id.as_str()),
        ("noncestr", text("noncestr")?),
    ] {
        if text.len() > MOST {
            return Err(format!("url: {name} has more than {MOST} bytes"));
        }
    }
    if !text("timestamp")?.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("url: timestamp must be Unix seconds".to_owned());
    }
    // The official helper encoded the product's number before it signed.
    let fits = |product_id: &str| {
        let signed = [
            ("appid", identity.appid()),
            ("noncestr", raw.get("noncestr").unwrap_or_default()),
            ("productid", product_id),
            ("timestamp", raw.get("timestamp").unwrap_or_default()),
        ];
        let sign = raw.get("sign").unwrap_or_default();
        keys.pay_sign.verify(signed, sign).is_ok()
    };
    text("sign")?;
    if fits(&product_id) || fits(text("productid")?) {
        Ok(product_id)
    } else {
        Err("url: sign does not match the SHA-1 over appid, appkey, noncestr, productid and timestamp".to_owned())
    }
}

/// The fields of the question what a product costs.
pub(crate) fn question(
    product_id: &str,
    openid: &str,
    identity: &Identity,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<Pairs, String> {
    let keys = Keys::of(identity)?;
    let fields = Pairs::default()
        .with("OpenId", openid)
        .with("AppId", identity.appid())
        .with("IsSubscribe", "0")
        .with("ProductId", product_id)
        .with("TimeStamp", now.to_string())
        .with("NonceStr", ids.nonce());
    let sign = keys.pay_sign.sign(fields.iter());
    Ok(fields.with("AppSignature", sign).with("SignMethod", "sha1"))
}

/// The order in the merchant's answer, both signatures verified.
pub(crate) fn read_answer(
    response: &Response<Bytes>,
    identity: &Identity,
) -> Result<PackageOrder, String> {
    let keys = Keys::of(identity)?;
    if !response.status().is_success() {
        return Err(format!("the merchant answered {}", response.status()));
    }
    let document = Document::parse(response.body())
        .map_err(|error| format!("the merchant's answer: {error}"))?;
    if document.root() != "xml" {
        return Err("the merchant's answer: the root element is not `xml`".to_owned());
    }
    let text = |name: &str| document.get(name).unwrap_or_default();
    if text("AppId") != identity.appid() {
        return Err("AppId of the answer is not the merchant's".to_owned());
    }
    if !text("SignMethod").eq_ignore_ascii_case("sha1") {
        return Err("SignMethod of the answer is not sha1".to_owned());
    }
    let signed = [
        "AppId",
        "NonceStr",
        "Package",
        "RetCode",
        "RetErrMsg",
        "TimeStamp",
    ];
    let sign = text("AppSignature");
    let all = signed.map(|name| (name, text(name)));
    let verified = keys.pay_sign.verify(all, sign).is_ok()
        // Whether an empty text is signed is settled nowhere.
        || keys.pay_sign.verify(all.into_iter().filter(|(_, text)| !text.is_empty()), sign).is_ok();
    if !verified {
        return Err(
            "AppSignature of the answer does not match the SHA-1 over appid, appkey, noncestr, package, retcode, reterrmsg and timestamp"
                .to_owned(),
        );
    }
    if text("RetCode") != "0" {
        let message = clip(text("RetErrMsg"), 128);
        return Err(format!(
            "the merchant refuses, RetCode {}: {message}",
            clip(text("RetCode"), 16)
        ));
    }
    for name in ["NonceStr", "TimeStamp"] {
        if text(name).is_empty() {
            return Err(format!("the answer has no {name}"));
        }
    }
    package::open(text("Package"), &keys, identity).map_err(package::Wrong::problem)
}
