//! What WeChat Pay says when it refuses.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The body of an answer that is an error (错误信息).
///
/// Read with patience, because it comes from many systems and matters most when something is
/// wrong: `code` and `message` may be missing, and `detail` may be anything.
/// Source: <https://pay.weixin.qq.com/wiki/doc/apiv3/wechatpay/wechatpay2_0.shtml>.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// The error's name (错误码), such as `PARAM_ERROR`; empty where it was not sent.
    #[serde(default, deserialize_with = "text")]
    pub code: String,
    /// The error in words (错误描述), in Chinese by default; empty where it was not sent.
    #[serde(default, deserialize_with = "text")]
    pub message: String,
    /// More about it (错误详情), of no fixed shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

impl ErrorBody {
    /// An error without detail.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            detail: None,
        }
    }

    /// The field complained about: a JSON pointer (`/amount/currency`) or a parameter's name.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.in_detail("field")?.as_str()
    }

    /// What is wrong with the field, in a few words.
    #[must_use]
    pub fn issue(&self) -> Option<&str> {
        self.in_detail("issue")?.as_str()
    }

    /// Where the field stands: `body`, `query`, `uri`, `path`, `header` or `authorization`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.in_detail("location")?.as_str()
    }

    /// With code `SIGN_ERROR`: what the server built to verify our signature.
    #[must_use]
    pub fn sign_information(&self) -> Option<SignInformation> {
        let information = self.in_detail("sign_information")?.as_object()?;
        let text = |name: &str| information.get(name)?.as_str().map(str::to_owned);
        let length = information.get("sign_message_length");
        let length = length.and_then(|value| match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        });
        let information = SignInformation {
            method: text("method"),
            url: text("url"),
            sign_message_length: length,
            truncated_sign_message: text("truncated_sign_message"),
        };
        (information != SignInformation::default()).then_some(information)
    }

    /// Members stand in `detail`, or one level down in `detail.detail`.
    fn in_detail(&self, name: &str) -> Option<&Value> {
        let detail = self.detail.as_ref()?;
        detail.get(name).or_else(|| detail.get("detail")?.get(name))
    }
}

/// How the server saw a request whose signature it refused.
///
/// Compare it with the message that was signed: another method, path or length says which part
/// was changed on the way.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SignInformation {
    /// The request's method.
    pub method: Option<String>,
    /// The request's path and query.
    pub url: Option<String>,
    /// The length in bytes of the message the server built.
    pub sign_message_length: Option<u64>,
    /// The message, its body cut to the first few bytes.
    pub truncated_sign_message: Option<String>,
}

/// Text, or a number taken as text; anything else is as if it were not there.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}
