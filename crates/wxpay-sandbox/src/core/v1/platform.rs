//! The platform's interfaces: JSON, an access token, SHA-1 with the `paySignKey`.

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::keys::Keys;
use super::package;
use super::params::{Params, Plus};
use super::serve::Interface;
use crate::core::Core;
use crate::core::answer;
use crate::core::book::v1::{Placing, Report, Standing, TOKEN_SECONDS, Way};
use crate::core::gate::Incoming;
use crate::core::serve::Note;

/// The largest body, in bytes.
const MOST_BYTES: usize = 64 << 10;

/// A refusal: what the caller reads, and what the journal says.
#[derive(Debug)]
pub(super) struct Wrong {
    code: i64,
    message: String,
    problem: String,
}

impl Wrong {
    fn new(code: i64, message: &str, problem: impl Into<String>) -> Self {
        Self {
            code,
            message: message.to_owned(),
            problem: problem.into(),
        }
    }

    fn argument(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self::new(40_097, &format!("invalid args: {problem}"), problem)
    }

    fn signature(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self::new(49_004, &format!("signature error: {problem}"), problem)
    }
}

/// `-1`: busy.
pub(super) fn busy() -> Response<Bytes> {
    say(&json!({ "errcode": -1, "errmsg": "system error" }))
}

/// 45009: too many calls.
pub(super) fn too_many() -> Response<Bytes> {
    say(&json!({ "errcode": 45_009, "errmsg": "reach max api daily quota limit" }))
}

fn say(value: &Value) -> Response<Bytes> {
    answer::json(StatusCode::OK, value)
}

impl Core {
    /// Answers a request of the platform's interfaces; errors come with 200.
    pub(super) fn platform_v1(
        &mut self,
        interface: Interface,
        incoming: &Incoming,
        note: &mut Note,
    ) -> Response<Bytes> {
        let said = match interface {
            Interface::Token => self.token_v1(incoming),
            Interface::GenPrepay => self.gen_prepay(incoming, note),
            Interface::DeliverNotify => self.deliver_notify(incoming),
            Interface::OrderQuery => self.order_query_v1(incoming),
            _ => self.feedback_update(incoming),
        };
        match said {
            Ok(value) => {
                note.accepted = true;
                say(&value)
            }
            Err(wrong) => {
                note.problems.push(wrong.problem);
                say(&json!({ "errcode": wrong.code, "errmsg": wrong.message }))
            }
        }
    }

    fn token_v1(&mut self, incoming: &Incoming) -> Result<Value, Wrong> {
        must_be(&Method::GET, incoming)?;
        let query = query(incoming)?;
        let get = |name: &str| query.get(name).map(String::from_utf8_lossy);
        match get("grant_type").as_deref() {
            Some("client_credential") => {}
            _ => {
                let problem = "grant_type is not client_credential";
                return Err(Wrong::new(40_002, "invalid grant_type", problem));
            }
        }
        match get("appid").as_deref() {
            None => return Err(Wrong::new(41_002, "appid missing", "appid is missing")),
            Some(appid) if appid == self.identity.appid() => {}
            Some(_) => {
                return Err(Wrong::new(
                    40_013,
                    "invalid appid",
                    "appid is not the merchant's",
                ));
            }
        }
        let secret = self.identity.app_secret().expose();
        match query.get("secret") {
            None => return Err(Wrong::new(41_004, "appsecret missing", "secret is missing")),
            Some(given) if !secret.is_empty() && given == secret.as_bytes() => {}
            Some(given) if given.len() != 32 => {
                let problem = "secret has not the 32 characters of an app secret";
                return Err(Wrong::new(40_125, "invalid appsecret", problem));
            }
            Some(_) => {
                let message = "invalid credential, appsecret is not that of the appid";
                return Err(Wrong::new(
                    40_001,
                    message,
                    "secret is not the merchant's app_secret",
                ));
            }
        }
        let token = self.book.v1_new_token(incoming.now, &mut self.ids);
        Ok(json!({ "access_token": token, "expires_in": TOKEN_SECONDS }))
    }

    fn gen_prepay(&mut self, incoming: &Incoming, note: &mut Note) -> Result<Value, Wrong> {
        self.check_token(incoming)?;
        let body = self.body_v1(incoming)?;
        let keys = self.keys_v1()?;
        let mut signed = vec!["appid", "noncestr", "package", "timestamp"];
        // Older helpers know no traceid, and neither send nor sign it.
        if body.get("traceid").is_some() {
            signed.push("traceid");
        }
        body.verify(&keys, &signed)?;
        if body.required("noncestr")?.len() > 32 {
            return Err(Wrong::argument("noncestr has more than 32 characters"));
        }
        body.seconds("timestamp")?;
        let package = body.required("package")?;
        let order = package::open(package, &keys, &self.identity).map_err(|wrong| match wrong {
            package::Wrong::Signature(_) => Wrong::signature(wrong.problem()),
            package::Wrong::Field(_) => Wrong::argument(wrong.problem()),
        })?;
        note.remarks.extend(order.remarks.iter().cloned());
        let placing = Placing {
            package: &order,
            way: Way::App,
            openid: None,
            now: incoming.now,
        };
        let prepay_id = self
            .book
            .v1_place(&placing, &mut self.ids)
            .map_err(|failure| {
                let number = &order.out_trade_no;
                Wrong::argument(format!(
                    "package: out_trade_no {number}: {}",
                    failure.message
                ))
            })?;
        Ok(json!({ "prepayid": prepay_id, "errcode": 0, "errmsg": "Success" }))
    }

    fn deliver_notify(&mut self, incoming: &Incoming) -> Result<Value, Wrong> {
        self.check_token(incoming)?;
        let body = self.body_v1(incoming)?;
        let keys = self.keys_v1()?;
        body.verify(
            &keys,
            &[
                "appid",
                "deliver_msg",
                "deliver_status",
                "deliver_timestamp",
                "openid",
                "out_trade_no",
                "transid",
            ],
        )?;
        body.required("deliver_msg")?;
        let delivered = match body.required("deliver_status")? {
            "1" => true,
            "0" => false,
            _ => return Err(Wrong::argument("deliver_status is neither 0 nor 1")),
        };
        let report = Report {
            openid: body.required("openid")?,
            transaction_id: body.required("transid")?,
            out_trade_no: body.required("out_trade_no")?,
            at: body.seconds("deliver_timestamp")?,
            delivered,
        };
        self.book.v1_deliver(&report).map_err(Wrong::argument)?;
        Ok(json!({ "errcode": 0, "errmsg": "ok" }))
    }

    fn order_query_v1(&mut self, incoming: &Incoming) -> Result<Value, Wrong> {
        self.check_token(incoming)?;
        let body = self.body_v1(incoming)?;
        let keys = self.keys_v1()?;
        body.verify(&keys, &["appid", "package", "timestamp"])?;
        body.seconds("timestamp")?;
        let wrong = |problem: String| Wrong::argument(format!("package: {problem}"));
        let package = Params::parse(body.required("package")?, Plus::Plus).map_err(wrong)?;
        package
            .verify(&keys.partner)
            .map_err(|problem| Wrong::signature(format!("package: {problem}")))?;
        if package.get("partner") != Some(self.identity.partner_id().as_bytes()) {
            return Err(Wrong::argument("package: partner is not the merchant's"));
        }
        let number = package.get("out_trade_no").unwrap_or_default();
        let number = String::from_utf8_lossy(number);
        if number.is_empty() {
            return Err(Wrong::argument("package: out_trade_no is missing"));
        }
        let mut info = Map::new();
        match self.book.v1_trade(None, Some(&number)) {
            None => {
                info.insert("ret_code".to_owned(), "88221009".into());
                info.insert("ret_msg".to_owned(), "订单不存在".into());
            }
            Some(trade) => {
                if let Value::Object(fields) = trade.fields.to_json() {
                    info.extend(fields);
                }
                for (name, text) in [
                    ("ret_code", "0"),
                    ("ret_msg", ""),
                    ("input_charset", trade.charset.as_str()),
                    ("partner", self.identity.partner_id()),
                    ("bank_billno", ""),
                    ("is_split", "false"),
                    ("is_refund", if trade.refunded { "true" } else { "false" }),
                    ("rmb_total_fee", &trade.total.as_fen().to_string()),
                ] {
                    info.insert(name.to_owned(), text.into());
                }
                for name in ["attach", "time_end", "transaction_id"] {
                    info.entry(name).or_insert_with(|| "".into());
                }
            }
        }
        Ok(json!({ "errcode": 0, "errmsg": "ok", "order_info": info }))
    }

    fn feedback_update(&mut self, incoming: &Incoming) -> Result<Value, Wrong> {
        must_be(&Method::GET, incoming)?;
        self.check_token(incoming)?;
        let query = query(incoming)?;
        let get = |name: &str| {
            let text = query
                .get(name)
                .map(|value| String::from_utf8_lossy(value).into_owned());
            text.ok_or_else(|| Wrong::argument(format!("{name} is missing")))
        };
        if self.book.v1_handled(&get("openid")?, &get("feedbackid")?) {
            Ok(json!({ "errcode": 0, "errmsg": "ok" }))
        } else {
            Err(Wrong::argument(
                "feedbackid is that of no complaint of openid",
            ))
        }
    }

    /// Whether the request carries the token that is good now.
    fn check_token(&self, incoming: &Incoming) -> Result<(), Wrong> {
        let query = query(incoming)?;
        let Some(token) = query.get("access_token") else {
            let problem = "access_token is missing in the query";
            return Err(Wrong::new(41_001, "access_token missing", problem));
        };
        let token = String::from_utf8_lossy(token);
        match self.book.v1().token_standing(&token, incoming.now) {
            Standing::Good => Ok(()),
            Standing::Expired => Err(Wrong::new(
                42_001,
                "access_token expired",
                "access_token has ended",
            )),
            Standing::Unknown => Err(Wrong::new(
                40_001,
                "invalid credential, access_token is invalid or not latest",
                "access_token is not the one given out last",
            )),
        }
    }

    fn keys_v1(&self) -> Result<Keys, Wrong> {
        Keys::of(&self.identity).map_err(|problem| Wrong::new(48_001, "api unauthorized", problem))
    }

    fn body_v1(&self, incoming: &Incoming) -> Result<Body, Wrong> {
        must_be(&Method::POST, incoming)?;
        if incoming.body.is_empty() {
            return Err(Wrong::new(44_002, "empty post data", "there is no body"));
        }
        let broken = |problem: String| Wrong::new(47_001, "data format error", problem);
        if incoming.body.len() > MOST_BYTES {
            return Err(broken(format!("the body has more than {MOST_BYTES} bytes")));
        }
        let value: Value = serde_json::from_slice(&incoming.body)
            .map_err(|error| broken(format!("the body is not JSON: {error}")))?;
        let Value::Object(fields) = value else {
            return Err(broken("the body is no JSON object".to_owned()));
        };
        let mut texts = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            match value {
                Value::String(text) => texts.push((name, text)),
                Value::Number(number) => texts.push((name, number.to_string())),
                Value::Null => {}
                _ => return Err(broken(format!("{name} is neither text nor number"))),
            }
        }
        let body = Body(texts);
        if body.required("appid")? != self.identity.appid() {
            return Err(Wrong::new(
                40_013,
                "invalid appid",
                "appid is not the merchant's",
            ));
        }
        Ok(body)
    }
}

/// The fields of a body; a number is as good as its digits.
struct Body(Vec<(String, String)>);

impl Body {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, text)| known == name && !text.is_empty())
            .map(|(_, text)| text.as_str())
    }

    fn required(&self, name: &str) -> Result<&str, Wrong> {
        self.get(name)
            .ok_or_else(|| Wrong::argument(format!("{name} is missing")))
    }

    fn seconds(&self, name: &str) -> Result<i64, Wrong> {
        let text = self.required(name)?;
        let seconds = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 10;
        let seconds = seconds.then(|| text.parse().ok()).flatten();
        seconds.ok_or_else(|| Wrong::argument(format!("{name} must be Unix seconds")))
    }

    /// Verifies `app_signature` over these fields and no others.
    fn verify(&self, keys: &Keys, names: &[&str]) -> Result<(), Wrong> {
        if !self.required("sign_method")?.eq_ignore_ascii_case("sha1") {
            return Err(Wrong::argument("sign_method is not sha1"));
        }
        let sign = self.required("app_signature")?;
        let fits = |names: &[&str], sign: &str| {
            let signed = names
                .iter()
                .map(|name| (*name, self.get(name).unwrap_or_default()));
            keys.pay_sign.verify(signed, sign).is_ok()
        };
        if fits(names, sign) {
            return Ok(());
        }
        let without = |left_out: &str| -> Vec<&str> {
            names
                .iter()
                .copied()
                .filter(|name| *name != left_out)
                .collect()
        };
        let why = if fits(names, &sign.to_ascii_lowercase()) {
            "it is right but for its case: the digits are lower-case".to_owned()
        } else if let Some(name) = names.iter().find(|name| fits(&without(name), sign)) {
            format!("{name} was sent and left out of the signature")
        } else if names.contains(&"package") && self.fits_decoded(keys, names, sign) {
            "the package was percent-decoded before it was signed; it is signed as it is sent"
                .to_owned()
        } else {
            format!(
                "it does not match the SHA-1 over appkey, {}: another key, another value, or a field too many",
                names.join(", ")
            )
        };
        Err(Wrong::signature(format!("app_signature: {why}")))
    }

    fn fits_decoded(&self, keys: &Keys, names: &[&str], sign: &str) -> bool {
        let signed = names.iter().map(|name| {
            let text = self.get(name).unwrap_or_default();
            let bytes: Vec<u8> = if *name == "package" {
                percent_decode_str(text).collect()
            } else {
                text.as_bytes().to_vec()
            };
            (*name, bytes)
        });
        keys.pay_sign.verify(signed, sign).is_ok()
    }
}

fn must_be(method: &Method, incoming: &Incoming) -> Result<(), Wrong> {
    if incoming.method == *method {
        return Ok(());
    }
    let code = if *method == Method::POST {
        43_002
    } else {
        43_001
    };
    let message = format!("require {method} method");
    let problem = format!("called with {}, not {method}", incoming.method);
    Err(Wrong::new(code, &message, problem))
}

fn query(incoming: &Incoming) -> Result<Params, Wrong> {
    let text = incoming.uri.query().unwrap_or_default();
    Params::parse(text, Plus::Space)
        .map_err(|problem| Wrong::argument(format!("the query: {problem}")))
}
