//! Native mode 1 (扫码支付模式一): what the payer's phone and WeChat Pay do with a QR code that holds
//! a product and no order. WeChat Pay asks the merchant for an order, and the payer pays it.
//!
//! <https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4>

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_sign::{ApiV2Key, SignType, Timestamp};
use wxpay_xml::Document;

use super::wire::Pairs;
use crate::core::book::Book;
use crate::core::check;
use crate::core::notify::Delivery;
use crate::core::random::Ids;
use crate::core::v1;
use crate::identity::Identity;

const PREFIX: &str = "weixin://wxpay/bizpayurl?";
/// So many scans are remembered.
const MOST: usize = 200;
/// Set in the ids of deliveries that are calls of merchants and no notifications.
const MARK: u64 = 1 << 63;

/// What `POST /_sandbox/scans` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// What the QR code holds.
    url: String,
    /// Where the merchant is asked for the order: its payment callback (支付回调URL).
    callback_url: String,
    /// Who scans. Left out: the sandbox's payer.
    openid: Option<String>,
    /// Whether the payer pays when the order is there.
    #[serde(default)]
    pay: bool,
}

/// The scans there were.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    last: u64,
    scans: VecDeque<Scan>,
}

#[derive(Debug)]
struct Scan {
    id: u64,
    callback_url: Uri,
    product_id: String,
    openid: String,
    /// Whether the code is one of v1, where the merchant answers with a package.
    v1: bool,
    pay: bool,
    /// The request that is still to be sent.
    call: Option<Request<Bytes>>,
    since: Timestamp,
    state: State,
}

#[derive(Debug)]
enum State {
    Calling,
    Ready {
        out_trade_no: String,
        prepay_id: String,
    },
    Paid {
        out_trade_no: String,
        prepay_id: String,
    },
    Failed(String),
}

impl Scans {
    /// Whether a delivery is one of these.
    pub(crate) fn owns(id: u64) -> bool {
        id & MARK != 0
    }

    /// Somebody scans a code. The error says what is wrong with it.
    pub(crate) fn scan(
        &mut self,
        wish: Wish,
        identity: &Identity,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Value, String> {
        let callback_url: Uri = wish
            .callback_url
            .parse()
            .ok()
            .filter(|url: &Uri| {
                matches!(url.scheme_str(), Some("http" | "https")) && url.authority().is_some()
            })
            .ok_or("callback_url must be an absolute address with http or https")?;
        let openid = match wish.openid {
            Some(openid) if !openid.is_empty() && openid.len() <= 128 => openid,
            Some(_) => return Err("openid must have 1 to 128 characters".to_owned()),
            None => identity.openid().to_owned(),
        };
        // The parameters of v1 have other names.
        let v1 = v1::is_code(&wish.url);
        let (product_id, question) = if v1 {
            let product_id = v1::read_code(&wish.url, identity)?;
            let question = v1::question(&product_id, &openid, identity, now, ids)?;
            (product_id, question)
        } else {
            let key = identity
                .api_v2_key()
                .ok_or("merchant.json has no api_key")?;
            let product_id = read_code(&wish.url, identity, key)?;
            let mut fields = Pairs::default()
                .with("appid", identity.appid())
                .with("openid", &*openid)
                .with("mch_id", identity.mchid())
                .with("is_subscribe", "N")
                .with("nonce_str", ids.nonce())
                .with("product_id", &*product_id);
            fields.sign(key, SignType::Md5);
            (product_id, fields)
        };
        let mut call = Request::new(Bytes::from(question.to_xml("xml")));
        *call.method_mut() = Method::POST;
        *call.uri_mut() = callback_url.clone();
        call.headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        self.last += 1;
        let scan = Scan {
            id: self.last,
            callback_url,
            product_id,
            openid,
            v1,
            pay: wish.pay,
            call: Some(call),
            since: now,
            state: State::Calling,
        };
        let seen = scan.to_json();
        self.scans.push_back(scan);
        while self.scans.len() > MOST {
            self.scans.pop_front();
        }
        Ok(seen)
    }

    /// The calls to be made now.
    pub(crate) fn due(&mut self) -> Vec<Delivery> {
        self.scans
            .iter_mut()
            .filter_map(|scan| {
                Some(Delivery {
                    id: scan.id | MARK,
                    request: scan.call.take()?,
                    delay: Duration::ZERO,
                })
            })
            .collect()
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let waiting = self.scans.iter().filter(|scan| scan.call.is_some());
        waiting.map(|scan| scan.since).min()
    }

    /// What the merchant said.
    pub(crate) fn answered(
        &mut self,
        id: u64,
        result: Result<&Response<Bytes>, ()>,
        identity: &Identity,
        book: &mut Book,
        (ids, now): (&mut Ids, Timestamp),
    ) {
        let id = id & !MARK;
        let Some(scan) = self.scans.iter_mut().find(|scan| scan.id == id) else {
            return;
        };
        if !matches!(scan.state, State::Calling) {
            return;
        }
        let order = result
            .map_err(|()| "the merchant did not answer within five seconds".to_owned())
            .and_then(|response| {
                if scan.v1 {
                    let package = v1::read_answer(response, identity)?;
                    return book.v1_scanned(&package, (&scan.product_id, &scan.openid), now, ids);
                }
                let prepay_id = read_answer(response, identity)?;
                let number = book.order_of_prepay(&prepay_id, now).ok_or(
                    "prepay_id is that of no order, or was given out more than two hours ago",
                )?;
                Ok((number, prepay_id))
            });
        scan.state = match order {
            Err(problem) => State::Failed(problem),
            Ok((out_trade_no, prepay_id)) if scan.pay => {
                let deed = json!({ "code": prepay_id });
                match book.pay(&out_trade_no, &deed, now, ids) {
                    Ok(_) => State::Paid {
                        out_trade_no,
                        prepay_id,
                    },
                    Err(failure) => State::Failed(failure.message),
                }
            }
            Ok((out_trade_no, prepay_id)) => State::Ready {
                out_trade_no,
                prepay_id,
            },
        };
    }

    pub(crate) fn get(&self, id: &str) -> Option<Value> {
        let id: u64 = id.parse().ok()?;
        let scan = self.scans.iter().find(|scan| scan.id == id)?;
        Some(scan.to_json())
    }

    pub(crate) fn to_json(&self) -> Value {
        self.scans.iter().map(Scan::to_json).collect()
    }
}

impl Scan {
    fn to_json(&self) -> Value {
        let (state, problem, order) = match &self.state {
            State::Calling => ("calling", None, None),
            State::Failed(problem) => ("failed", Some(problem), None),
            State::Ready {
                out_trade_no,
                prepay_id,
            } => ("ready", None, Some((out_trade_no, prepay_id))),
            State::Paid {
                out_trade_no,
                prepay_id,
            } => ("paid", None, Some((out_trade_no, prepay_id))),
        };
        json!({
            "id": self.id.to_string(),
            "state": state,
            "problem": problem,
            "callback_url": self.callback_url.to_string(),
            "product_id": self.product_id,
            "openid": self.openid,
            "out_trade_no": order.map(|(number, _)| number),
            "prepay_id": order.map(|(_, id)| id),
        })
    }
}

/// The product a code is for, if the merchant made the code.
fn read_code(url: &str, identity: &Identity, key: &ApiV2Key) -> Result<String, String> {
    let query = url
        .strip_prefix(PREFIX)
        .ok_or_else(|| format!("url must begin with {PREFIX}"))?;
    let mut fields = Pairs::default();
    for pair in query.split('&') {
        let (name, value) = pair
            .split_once('=')
            .ok_or("url: a parameter has no value")?;
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| "url: a parameter is not UTF-8")?;
        if fields.get(name).is_some() {
            return Err("url: a parameter stands twice".to_owned());
        }
        fields.set(name, value);
    }
    let text = |name: &str| {
        fields
            .get(name)
            .ok_or_else(|| format!("url: {name} is missing"))
    };
    if text("appid")? != identity.appid() || text("mch_id")? != identity.mchid() {
        return Err("url: appid or mch_id is not the merchant's".to_owned());
    }
    let time = text("time_stamp")?;
    if time.len() > 10 || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("url: time_stamp must be Unix seconds".to_owned());
    }
    text("nonce_str")?;
    let product_id = text("product_id")?;
    if product_id.len() > 32 {
        return Err("url: product_id has more than 32 characters".to_owned());
    }
    key.verify(fields.iter(), text("sign")?)
        .map_err(|_| "url: the sign does not match its parameters")?;
    Ok(product_id.to_owned())
}

/// The `prepay_id` of an answer that is signed, and good.
fn read_answer(response: &Response<Bytes>, identity: &Identity) -> Result<String, String> {
    if !response.status().is_success() {
        return Err(format!("the merchant answered {}", response.status()));
    }
    let document = Document::parse(response.body())
        .map_err(|error| format!("the merchant's answer: {error}"))?;
    let fields = Pairs::of(&document);
    let text = |name: &str| fields.get(name).unwrap_or_default();
    if text("return_code") != "SUCCESS" {
        let message = check::clip(text("return_msg"), 128);
        return Err(format!("return_code is not SUCCESS: {message}"));
    }
    let key = identity
        .api_v2_key()
        .ok_or("merchant.json has no api_key")?;
    key.verify(fields.iter(), text("sign"))
        .map_err(|_| "the sign of the merchant's answer does not match")?;
    if text("appid") != identity.appid() || text("mch_id") != identity.mchid() {
        return Err("appid or mch_id of the answer is not the merchant's".to_owned());
    }
    if text("result_code") != "SUCCESS" {
        let message = check::clip(text("err_code_des"), 128);
        return Err(format!("result_code is not SUCCESS: {message}"));
    }
    fields
        .get("prepay_id")
        .map(str::to_owned)
        .ok_or_else(|| "the answer has no prepay_id".to_owned())
}
