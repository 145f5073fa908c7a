//! The request's signature: parsing `Authorization` and judging it, with the answers WeChat Pay gives.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012365336>

use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use wxpay_sign::{Nonce, PublicKey, SerialNumber, Signature, Timestamp, request_message};

use super::call::{Failure, numeric};

/// How far a request's timestamp may be from the sandbox's, in seconds.
const MAX_SKEW: i64 = 300;
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// Of the interfaces a brand calls in its own name.
const BRAND_SCHEME: &str = "WECHATPAY-BRAND-SHA256-RSA2048";
/// What the paths of those begin with.
const BRAND_PATHS: &str = "/brand/";

/// More digits than a brand's number has.
const MOST_BRAND_DIGITS: usize = 32;

/// A merchant as the judge knows it.
#[derive(Debug)]
pub(crate) struct Merchant<'a> {
    pub(crate) mchid: &'a str,
    pub(crate) serial_no: &'a SerialNumber,
    pub(crate) public_key: &'a PublicKey,
    /// When the merchant certificate ends.
    pub(crate) not_after: Timestamp,
}

/// What was signed.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// The request-target as it stood on the wire.
    pub(crate) target: &'a str,
    /// The body, or the `meta` part of an upload.
    pub(crate) body: &'a [u8],
}

/// A refusal, with an explanation for whoever reads the journal.
#[derive(Debug)]
pub(crate) struct Rejection {
    pub(crate) failure: Failure,
    pub(crate) problem: String,
}

impl Rejection {
    fn new(numeric: u64, message: &str, problem: impl Into<String>) -> Self {
        let failure = Failure::new(StatusCode::UNAUTHORIZED, "SIGN_ERROR", numeric, message);
        Self {
            failure,
            problem: problem.into(),
        }
    }

    fn format(problem: impl Into<String>) -> Self {
        Self::new(
            numeric::SIGNATURE_INFORMATION,
            "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
            problem,
        )
    }

    fn serial(problem: impl Into<String>) -> Self {
        Self::new(
            numeric::SIGNATURE_INFORMATION,
            "商户证书序列号有误",
            problem,
        )
    }
}

/// Passes a request whose signature holds.
pub(crate) fn authenticate(
    headers: &HeaderMap,
    signed: &Signed<'_>,
    merchant: &Merchant<'_>,
    now: Timestamp,
) -> Result<(), Rejection> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values
        .next()
        .ok_or_else(|| Rejection::format("no Authorization header"))?;
    if values.next().is_some() {
        return Err(Rejection::format("Authorization stands more than once"));
    }
    let value = value
        .to_str()
        .map_err(|_| Rejection::format("Authorization holds characters outside ASCII"))?;
    let (scheme, rest) = value.split_once(' ').ok_or_else(|| {
        Rejection::format("Authorization is not a scheme, one space and parameters")
    })?;
    let by_brand = signed.target.starts_with(BRAND_PATHS);
    let (wanted, caller) = if by_brand {
        (BRAND_SCHEME, "brand_id")
    } else {
        (SCHEME, "mchid")
    };
    if scheme != wanted {
        return Err(Rejection::new(
            numeric::SIGNATURE_INFORMATION,
            "Http头Authorization认证类型不正确",
            format!("the scheme is not {wanted}"),
        ));
    }
    let parameters = Parameters::parse(rest, caller).map_err(Rejection::format)?;
    let nonce = Nonce::new(parameters.nonce_str)
        .map_err(|error| Rejection::format(format!("nonce_str: {error}")))?;
    let at = parse_timestamp(parameters.timestamp)
        .ok_or_else(|| Rejection::format("timestamp is not a number of seconds"))?;
    let behind = now.seconds_since(at);
    if behind.unsigned_abs() > MAX_SKEW.unsigned_abs() {
        return Err(Rejection::new(
            numeric::SIGNATURE_INFORMATION,
            "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
            format!(
                "timestamp is {} s {} the sandbox's clock, at most {MAX_SKEW} are allowed",
                behind.unsigned_abs(),
                if behind > 0 { "behind" } else { "ahead of" }
            ),
        ));
    }
    if by_brand {
        // The merchant of this sandbox is whatever brand it says it is.
        let digits = parameters.caller.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || parameters.caller.len() > MOST_BRAND_DIGITS {
            return Err(Rejection::format("brand_id is not a number"));
        }
    } else if parameters.caller != merchant.mchid {
        return Err(Rejection::serial(format!(
            "mchid is not {}, the one merchant of this sandbox",
            merchant.mchid
        )));
    }
    if parameters.serial_no != merchant.serial_no.as_str() {
        return Err(Rejection::serial(format!(
            "serial_no is not {}, the merchant certificate's, in 40 upper-case hex digits",
            merchant.serial_no
        )));
    }
    if now > merchant.not_after {
        return Err(Rejection::new(
            numeric::SIGNATURE_INFORMATION,
            "商户证书已过期",
            "the merchant certificate has ended by the sandbox's clock",
        ));
    }
    let message = request_message(signed.method, signed.target, at, &nonce, signed.body);
    let verdict = Signature::from_base64(parameters.signature)
        .and_then(|signature| merchant.public_key.verify(&message, &signature));
    verdict.map_err(|error| Rejection {
        failure: Failure::new(
            StatusCode::UNAUTHORIZED,
            "SIGN_ERROR",
            numeric::SIGNATURE,
            "错误的签名，验签失败",
        )
        .with_detail(sign_information(
            signed,
            parameters.timestamp,
            &nonce,
            message.len(),
        )),
        problem: format!(
            "signature: {error}; the message checked had {} bytes, {} of them the body",
            message.len(),
            signed.body.len()
        ),
    })
}

/// The detail of a signature that does not match, shaped as WeChat Pay's.
fn sign_information(signed: &Signed<'_>, timestamp: &str, nonce: &Nonce, length: usize) -> Value {
    // The body is cut to its first eight bytes; half a character at the cut becomes U+FFFD.
    let body = String::from_utf8_lossy(&signed.body[..signed.body.len().min(8)]);
    json!({
        "detail": { "issue": "sign not match" },
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": signed.method,
            "sign_message_length": length,
            "truncated_sign_message":
                format!("{}\n{}\n{timestamp}\n{nonce}\n{body}\n", signed.method, signed.target),
            "url": signed.target,
        },
    })
}

/// Digits alone, and not so many that no clock could mean them.
fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let plain = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| text.parse().ok())
        .flatten()
        .map(Timestamp::from_unix)
}

/// The five parameters, in any order on the wire.
#[derive(Debug, PartialEq)]
struct Parameters<'a> {
    /// Who calls: `mchid` or `brand_id`.
    caller: &'a str,
    nonce_str: &'a str,
    timestamp: &'a str,
    serial_no: &'a str,
    signature: &'a str,
}

impl<'a> Parameters<'a> {
    fn parse(text: &'a str, caller: &str) -> Result<Self, String> {
        let names = [caller, "nonce_str", "timestamp", "serial_no", "signature"];
        let mut values: [Option<&'a str>; 5] = [None; 5];
        let mut rest = text;
        loop {
            let (name, after) = rest
                .split_once("=\"")
                .ok_or("a parameter is not of the form key=\"value\"")?;
            let (value, after) = after
                .split_once('"')
                .ok_or("a parameter's closing quote is missing")?;
            let slot = names.iter().position(|known| *known == name);
            let slot = slot.ok_or_else(|| {
                format!("there is a parameter other than {caller}, nonce_str, timestamp, serial_no and signature")
            })?;
            if values[slot].replace(value).is_some() {
                return Err(format!("{name} stands twice"));
            }
            if after.is_empty() {
                break;
            }
            rest = after
                .strip_prefix(',')
                .ok_or("between two parameters stands something other than one comma")?;
        }
        let missing = || {
            let names: Vec<_> = names
                .iter()
                .zip(&values)
                .filter(|(_, value)| value.is_none_or(str::is_empty))
                .map(|(name, _)| *name)
                .collect();
            format!("missing or empty: {}", names.join(", "))
        };
        let [
            Some(caller),
            Some(nonce_str),
            Some(timestamp),
            Some(serial_no),
            Some(signature),
        ] = values
        else {
            return Err(missing());
        };
        if values.iter().flatten().any(|value| value.is_empty()) {
            return Err(missing());
        }
        Ok(Self {
            caller,
            nonce_str,
            timestamp,
            serial_no,
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_in_any_order_and_once() {
        let parsed = Parameters::parse(
            r#"signature="c2ln",mchid="1",timestamp="2",serial_no="AB",nonce_str="n""#,
            "mchid",
        )
        .unwrap();
        assert_eq!(
            (parsed.caller, parsed.signature, parsed.nonce_str),
            ("1", "c2ln", "n")
        );
        for (text, problem) in [
            ("", "key="),
            (
                r#"mchid="1""#,
                "missing or empty: nonce_str, timestamp, serial_no, signature",
            ),
            (r#"mchid="1",mchid="2""#, "mchid stands twice"),
            (r#"mchid="1", nonce_str="n""#, "other than mchid"),
            (r#"mchid="1";nonce_str="n""#, "comma"),
            (r#"mchid="1"#, "closing quote"),
            (
                r#"mchid="",nonce_str="n",timestamp="2",serial_no="AB",signature="s""#,
                "missing or empty: mchid",
            ),
        ] {
            let error = Parameters::parse(text, "mchid").unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn timestamps_are_digits() {
        assert_eq!(
            parse_timestamp("1554208460"),
            Some(Timestamp::from_unix(1_554_208_460))
        );
        for text in ["", "-1", "+1", "1.0", " 1", "9999999999999"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }
}
