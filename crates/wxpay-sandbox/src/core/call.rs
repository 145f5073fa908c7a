//! What passes between the gate (checks a request, signs an answer) and the book (keeps the orders).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::book::Flaws;

/// A request that was signed rightly and whose parameters hold what the catalogue says.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// The operation's name in the catalogue, such as `pay.native_prepay`.
    pub(crate) operation: &'a str,
    /// `GET`, `POST` …
    pub(crate) method: &'a str,
    /// The path as the catalogue has it, such as `/v3/refund/domestic/refunds/{out_refund_no}`.
    pub(crate) path_template: &'a str,
    /// The placeholders of the path, percent-decoded.
    pub(crate) path_params: BTreeMap<String, String>,
    /// The query, percent-decoded, its sensitive values in the clear.
    pub(crate) query: Query,
    /// The headers the catalogue names, such as `Idempotency-Key`, by the names it has for them.
    pub(crate) headers: BTreeMap<String, String>,
    /// The JSON body with its sensitive fields in the clear; `Null` where there is none.
    pub(crate) body: Value,
    /// The parts of an upload.
    pub(crate) upload: Option<Upload>,
    /// Who signed the request.
    pub(crate) mchid: &'a str,
    /// Scheme and authority under which the sandbox was reached, such as `http://127.0.0.1:9470`.
    pub(crate) base_url: &'a str,
    /// The sandbox's time.
    pub(crate) now: Timestamp,
    /// What is to be wrong with a bill.
    pub(crate) flaws: Flaws,
}

impl Call<'_> {
    /// A placeholder of the path; the empty text where there is none of that name.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path_params.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query; the first where it may stand more than once.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.first(name)
    }

    /// A text of the body, by JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer).and_then(Value::as_str)
    }

    /// A whole number of the body, by JSON pointer.
    pub(crate) fn integer(&self, pointer: &str) -> Option<i64> {
        self.body.pointer(pointer).and_then(Value::as_i64)
    }
}

/// The parameters of a query: in v3 a list is written as one parameter several times.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    pub(crate) fn push(&mut self, name: String, value: String) {
        self.0.entry(name).or_default().push(value);
    }

    /// The value, or the first of several.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    /// All values.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// All values, to be changed.
    pub(crate) fn all_mut(&mut self, name: &str) -> &mut [String] {
        self.0.get_mut(name).map_or(&mut [], Vec::as_mut_slice)
    }
}

impl FromIterator<(String, String)> for Query {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            query.push(name, value);
        }
        query
    }
}

/// The parts of a `multipart/form-data` body.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// The `meta` part, parsed.
    pub(crate) meta: Value,
    /// The file part's name.
    pub(crate) file_name: String,
    /// The file.
    pub(crate) content: Bytes,
    /// The other parts, by name.
    #[expect(dead_code, reason = "for models of uploads that have such parts")]
    pub(crate) form: BTreeMap<String, String>,
}

/// What the book answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A JSON object, its sensitive fields in the clear: the gate encrypts them and signs the whole.
    Json(StatusCode, Value),
    /// The same with only the part that is known: whatever else the answer must have is made up.
    Partial(StatusCode, Value),
    /// 204, signed over the empty body.
    NoContent,
    /// Another status without a body, signed as well.
    Empty(StatusCode),
    /// A file.
    Raw {
        /// The `Content-Type`.
        content_type: &'static str,
        /// The file's bytes.
        body: Bytes,
        /// Whether the bytes are a gzip stream.
        gzip: bool,
    },
}

impl Reply {
    /// 200 with a JSON object.
    pub(crate) fn ok(value: Value) -> Self {
        Self::Json(StatusCode::OK, value)
    }
}

/// A refusal: what stands in the error body, and the number at the end of the `Request-ID`.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) detail: Option<Value>,
    pub(crate) numeric: u64,
}

impl Failure {
    /// A refusal with no detail.
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        numeric: u64,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            detail: None,
            numeric,
        }
    }

    /// The same refusal with a detail object.
    pub(crate) fn with_detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// 400 `PARAM_ERROR` about one field of the body, named by JSON pointer (`/amount/total`).
    pub(crate) fn param_error(field: &str, issue: impl Into<String>) -> Self {
        Self::param_error_in("body", field, Value::Null, issue)
    }

    /// 400 `PARAM_ERROR` about one field: `location` is `body`, `query`, `uri` or `header`.
    pub(crate) fn param_error_in(
        location: &str,
        field: &str,
        value: Value,
        issue: impl Into<String>,
    ) -> Self {
        let issue = issue.into();
        let mut detail = json!({ "location": location, "field": field, "issue": issue });
        if let (Value::Object(map), false) = (&mut detail, value.is_null()) {
            map.insert("value".to_owned(), value);
        }
        Self::new(
            StatusCode::BAD_REQUEST,
            "PARAM_ERROR",
            numeric::ILLEGAL_PARAMETER,
            issue,
        )
        .with_detail(detail)
    }

    /// 400 `INVALID_REQUEST`: a rule of the business was broken.
    pub(crate) fn invalid_request(numeric: u64, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", numeric, message)
    }

    /// 400: the same merchant number with other parameters.
    pub(crate) fn reentry(message: impl Into<String>) -> Self {
        Self::invalid_request(numeric::REENTRY, message)
    }

    /// 400 `ORDER_PAID`.
    pub(crate) fn order_paid() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "ORDER_PAID",
            numeric::ORDER_PAID,
            "订单已支付",
        )
    }

    /// 400 `ORDER_CLOSED`.
    pub(crate) fn order_closed() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "ORDER_CLOSED",
            numeric::ORDER_CLOSED,
            "订单已关闭",
        )
    }

    /// 400 `APPID_MCHID_NOT_MATCH`.
    pub(crate) fn appid_mchid_not_match() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "APPID_MCHID_NOT_MATCH",
            numeric::APPID_MCHID_NOT_MATCH,
            "商户号与appid不匹配",
        )
    }

    /// 403 `OUT_TRADE_NO_USED`.
    pub(crate) fn out_trade_no_used() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "OUT_TRADE_NO_USED",
            numeric::REENTRY,
            "商户订单号重复",
        )
    }

    /// 403 `NO_AUTH`.
    pub(crate) fn no_auth(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "NO_AUTH",
            numeric::NO_RELATION,
            message,
        )
    }

    /// 403 `NOT_ENOUGH`: the merchant's balance does not cover a refund.
    pub(crate) fn not_enough() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "NOT_ENOUGH",
            numeric::OTHER,
            "基本账户余额不足，请充值后重新发起",
        )
    }

    /// 404 `ORDER_NOT_EXIST`.
    pub(crate) fn order_not_exist() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ORDER_NOT_EXIST",
            numeric::ORDER_NOT_EXIST,
            "订单不存在",
        )
    }

    /// 404 `RESOURCE_NOT_EXISTS`.
    pub(crate) fn resource_not_exists(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "RESOURCE_NOT_EXISTS",
            numeric::ORDER_NOT_EXIST,
            message,
        )
    }

    /// 429 `FREQUENCY_LIMITED`.
    pub(crate) fn frequency_limited() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "FREQUENCY_LIMITED",
            numeric::RATE_LIMIT,
            "频率超限",
        )
    }

    /// 500 `SYSTEM_ERROR`.
    pub(crate) fn system_error() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "SYSTEM_ERROR",
            numeric::OTHER,
            "系统异常，请稍后重试",
        )
    }

    /// The error body.
    pub(crate) fn to_json(&self) -> Value {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let (Value::Object(map), Some(detail)) = (&mut body, &self.detail) {
            map.insert("detail".to_owned(), detail.clone());
        }
        body
    }
}

/// The numbers WeChat Pay puts behind the last dash of the `Request-ID`.
pub(crate) mod numeric {
    pub(crate) const ILLEGAL_PARAMETER: u64 = 268_435_461;
    pub(crate) const OUT_OF_RANGE: u64 = 268_435_464;
    pub(crate) const EXTRA_PARAMETER: u64 = 270_924_358;
    pub(crate) const SIGNATURE: u64 = 268_443_699;
    pub(crate) const SIGNATURE_INFORMATION: u64 = 270_924_360;
    pub(crate) const ORDER_NOT_EXIST: u64 = 268_512_771;
    pub(crate) const ORDER_PAID: u64 = 268_449_538;
    pub(crate) const ORDER_CLOSED: u64 = 268_447_914;
    pub(crate) const REENTRY: u64 = 268_498_688;
    pub(crate) const RATE_LIMIT: u64 = 268_447_840;
    pub(crate) const APPID_MCHID_NOT_MATCH: u64 = 268_445_527;
    pub(crate) const MERCHANT_ORDER_MISMATCH: u64 = 268_447_843;
    pub(crate) const SUB_MERCHANT_ORDER_MISMATCH: u64 = 268_447_845;
    pub(crate) const SUB_MERCHANT_MISSING: u64 = 268_443_704;
    pub(crate) const SUB_MERCHANT_IS_SELF: u64 = 268_443_705;
    pub(crate) const NO_RELATION: u64 = 268_443_701;
    pub(crate) const OPENID_MISSING: u64 = 268_501_013;
    pub(crate) const USE_REVERSE: u64 = 268_449_641;
    pub(crate) const OTHER: u64 = 268_435_456;
}
