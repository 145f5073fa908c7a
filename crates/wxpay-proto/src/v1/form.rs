//! The parameters of a request, and what signing makes of them.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::Method;
use http::header::HeaderValue;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use wxpay_json::{Date, DateTime, Fen};
use wxpay_sign::{Nonce, Timestamp};

use super::charset::Escapes;
use super::error::PrepareError;
use super::merchant::Merchant;
use super::operation::{OperationInfo, Signing};
use super::package::Package;
use super::parameters::Parameters;
use super::secret::{AppSecret, OperatorPassword};
use crate::target::Target;

/// Where an operation writes its parameters, by their names on the wire. Texts that are empty or not there
/// are left out.
pub struct Form<'a> {
    merchant: &'a Merchant,
    at: Timestamp,
    nonce: &'a Nonce,
    fields: Vec<(&'static str, Value<'a>)>,
    /// Whether a secret was written that would stand in the target.
    secret: bool,
}

enum Value<'a> {
    Text(Cow<'a, str>),
    Number(i64),
}

impl Value<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

impl<'a> Form<'a> {
    pub(crate) const fn new(merchant: &'a Merchant, at: Timestamp, nonce: &'a Nonce) -> Self {
        Self {
            merchant,
            at,
            nonce,
            fields: Vec::new(),
            secret: false,
        }
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, value: impl Into<Option<&'a str>>) {
        if let Some(text) = value.into().filter(|text| !text.is_empty()) {
            self.fields.push((name, Value::Text(Cow::Borrowed(text))));
        }
    }

    /// A number, written as text except in JSON.
    pub fn integer(&mut self, name: &'static str, value: impl Into<Option<i64>>) {
        if let Some(number) = value.into() {
            self.fields.push((name, Value::Number(number)));
        }
    }

    /// Money, in fen.
    pub fn fen(&mut self, name: &'static str, value: impl Into<Option<Fen>>) {
        self.integer(name, value.into().map(Fen::as_fen));
    }

    /// A time as `yyyyMMddHHmmss`, in Beijing.
    pub fn time(&mut self, name: &'static str, value: impl Into<Option<DateTime>>) {
        if let Some(time) = value.into() {
            self.own(name, time.compact().to_string());
        }
    }

    /// A date as `yyyy-MM-dd`.
    pub fn date(&mut self, name: &'static str, value: Date) {
        self.own(name, value.to_string());
    }

    /// A point in time in seconds, as text.
    pub fn seconds(&mut self, name: &'static str, value: Timestamp) {
        self.own(name, value.to_string());
    }

    /// The app id of the merchant.
    pub fn appid(&mut self, name: &'static str) {
        self.text(name, self.merchant.appid());
    }

    /// The partner id, where it is a parameter that signing does not add.
    pub fn partner(&mut self, name: &'static str) {
        self.text(name, self.merchant.partner_id());
    }

    /// The nonce of the request.
    pub fn nonce(&mut self, name: &'static str) {
        self.text(name, self.nonce.as_str());
    }

    /// The time of the request in seconds, as text.
    pub fn timestamp(&mut self, name: &'static str) {
        self.own(name, self.at.to_string());
    }

    /// The time of the request in seconds, as a JSON number.
    pub fn timestamp_number(&mut self, name: &'static str) {
        self.integer(name, self.at.as_unix());
    }

    /// The time of the request in milliseconds, which the bill download wants.
    pub fn timestamp_millis(&mut self, name: &'static str) {
        self.own(name, self.at.as_unix().saturating_mul(1000).to_string());
    }

    /// A package, as it is.
    pub fn package(&mut self, name: &'static str, package: &'a Package) {
        self.text(name, package.as_str());
    }

    /// An order by its number: the small package `out_trade_no=…&partner=…&sign=…` of the order query.
    pub fn order_reference(&mut self, name: &'static str, out_trade_no: &str) {
        let partner = self.merchant.partner_id();
        let params = Parameters(vec![
            ("out_trade_no", out_trade_no.as_bytes().to_vec()),
            ("partner", partner.as_bytes().to_vec()),
        ]);
        let package = Package::seal(params, self.merchant.partner_key(), Escapes::Upper);
        self.own(name, package.as_str().to_owned());
    }

    /// The app secret. The target it stands in is marked and shown to nobody.
    pub fn secret(&mut self, name: &'static str, secret: &'a AppSecret) {
        self.secret = true;
        self.text(name, secret.expose());
    }

    /// The MD5 of an operator's password.
    pub fn password(&mut self, name: &'static str, password: &OperatorPassword) {
        self.secret = true;
        self.own(name, password.digest());
    }

    fn own(&mut self, name: &'static str, text: String) {
        if !text.is_empty() {
            self.fields.push((name, Value::Text(Cow::Owned(text))));
        }
    }

    /// Signs and writes it.
    pub(crate) fn finish(mut self, info: &OperationInfo) -> Result<Written, PrepareError> {
        match info.signing {
            Signing::None => {
                let target = self
                    .fields
                    .iter()
                    .fold(Target::new(info.path), |target, (name, value)| {
                        target.query(name, &value.text())
                    });
                Written::new(target.as_str(), None, self.secret)
            }
            Signing::AppSignature => {
                let fields = self.fields.iter();
                let signature = self
                    .merchant
                    .pay_sign_key()
                    .sign(fields.map(|(name, value)| (*name, value.text().into_owned())));
                self.own("app_signature", signature);
                self.text("sign_method", "sha1");
                // Texts and numbers in one map: there is nothing that JSON could refuse.
                let body = serde_json::to_vec(&Json(&self.fields)).unwrap_or_default();
                let body = (HeaderValue::from_static("application/json"), body.into());
                Written::new(info.path, Some(body), self.secret)
            }
            Signing::PartnerKey => {
                self.partner("partner");
                self.text("input_charset", self.merchant.charset().as_str());
                self.text("sign_type", "MD5");
                self.text("sign_key_index", "1");
                let mut params = self.parameters()?;
                params.sort();
                let sign = params.sign(self.merchant.partner_key());
                params.0.push(("sign", sign.into_bytes()));
                self.send(info, &params)
            }
            Signing::PartnerKeyInOrder => {
                let mut params = self.parameters()?;
                let pairs = params.0.iter().map(|(name, value)| (*name, value));
                let sign = self.merchant.partner_key().sign_in_order(pairs);
                params.0.push(("sign", sign.into_bytes()));
                self.send(info, &params)
            }
        }
    }

    fn parameters(&self) -> Result<Parameters<'static>, PrepareError> {
        let charset = self.merchant.charset();
        let mut params = Parameters::default();
        for (name, value) in &self.fields {
            let bytes = charset.encode(name, &value.text())?.into_owned();
            params.0.push((*name, bytes));
        }
        Ok(params)
    }

    /// In the query of a GET, in the body of a POST.
    fn send(&self, info: &OperationInfo, params: &Parameters<'_>) -> Result<Written, PrepareError> {
        let mut text = String::with_capacity(512);
        params.write(Escapes::Upper, &mut text);
        if info.method == Method::POST {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            return Written::new(info.path, Some((form, text.into())), false);
        }
        Written::new(&format!("{}?{text}", info.path), None, self.secret)
    }
}

impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fields.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

struct Json<'f, 'a>(&'f [(&'static str, Value<'a>)]);

impl Serialize for Json<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            match value {
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Number(number) => map.serialize_entry(name, number)?,
            }
        }
        map.end()
    }
}

/// Target and body of a request.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) target: String,
    pub(crate) body: Option<(HeaderValue, Bytes)>,
    pub(crate) secret: bool,
}

impl Written {
    fn new(
        target: &str,
        body: Option<(HeaderValue, Bytes)>,
        secret: bool,
    ) -> Result<Self, PrepareError> {
        let target = Target::parse(target).map_err(PrepareError::Target)?;
        Ok(Self {
            target: target.as_str().to_owned(),
            body,
            secret,
        })
    }
}
