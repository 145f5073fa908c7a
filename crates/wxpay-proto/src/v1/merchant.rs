//! A merchant of v1: what it signs with, what it believes by.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use wxpay_json::InvalidField;
use wxpay_json::check;
use wxpay_sign::{ApiV2Key, Nonce, PaySignKey, Timestamp};

use super::accept::{self, Reply, Response};
use super::accept_error::AcceptError;
use super::charset::Charset;
use super::error::{ConfigError, PrepareError};
use super::form::Form;
use super::notice::{
    AlarmNotice, NativeCallback, NoticeError, PaymentNotice, RightsNotice, native_reply,
};
use super::operation::{Host, Operation, Request};
use super::package::{Package, PackageError, PackageOrder};
use super::request::EncodedRequest;
use super::secret::AccessToken;
use crate::endpoint::Endpoint;

/// Everything a merchant of v1 holds but the app secret, which only
/// [`FetchAccessToken`](super::FetchAccessToken) needs. Cheap to clone; `Debug` shows no key.
#[derive(Clone)]
pub struct Merchant {
    inner: Arc<Inner>,
    charset: Charset,
    endpoint: Option<Endpoint>,
}

struct Inner {
    appid: Box<str>,
    partner_id: Box<str>,
    partner_key: ApiV2Key,
    pay_sign_key: PaySignKey,
}

impl Merchant {
    /// Puts it together: the official account or app (`appid`), the Tenpay merchant number (`partner`, 财付通商户号),
    /// its key (`partnerKey`, 财付通商户权限密钥) and the `paySignKey` (支付专用签名串).
    ///
    /// # Errors
    ///
    /// Where `appid` or `partner_id` is not of its form.
    pub fn new(
        appid: impl Into<String>,
        partner_id: impl Into<String>,
        partner_key: ApiV2Key,
        pay_sign_key: PaySignKey,
    ) -> Result<Self, ConfigError> {
        let (appid, partner_id) = (appid.into(), partner_id.into());
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=32).contains(&appid.len()) || !appid.bytes().all(is_id) {
            return Err(ConfigError::AppId);
        }
        if partner_id.len() != 10 || !partner_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ConfigError::PartnerId);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                appid: appid.into(),
                partner_id: partner_id.into(),
                partner_key,
                pay_sign_key,
            }),
            charset: Charset::default(),
            endpoint: None,
        })
    }

    /// Sends everything to one host instead of the three of [`Host`]: the sandbox, for instance.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// The charset of requests to Tenpay; UTF-8 unless set. Packages have their own, and answers say theirs.
    #[must_use]
    pub const fn with_charset(mut self, charset: Charset) -> Self {
        self.charset = charset;
        self
    }

    /// The app id (公众号或应用ID).
    #[must_use]
    pub fn appid(&self) -> &str {
        &self.inner.appid
    }

    /// The Tenpay merchant number (财付通商户号).
    #[must_use]
    pub fn partner_id(&self) -> &str {
        &self.inner.partner_id
    }

    /// The charset of requests to Tenpay.
    #[must_use]
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// Where requests to this host go.
    #[must_use]
    pub fn endpoint(&self, host: Host) -> Endpoint {
        self.endpoint.clone().unwrap_or_else(|| host.endpoint())
    }

    /// Makes the package of an order: checks, encodes, signs, writes.
    ///
    /// # Errors
    ///
    /// Where a field breaks its limit, goods and transport do not add up to the total, or GBK has no code for a
    /// character.
    pub fn package(&self, order: &PackageOrder) -> Result<Package, PrepareError> {
        order.package(self.partner_id(), self.partner_key())
    }

    /// Verifies a package of one's own and reads the order.
    ///
    /// # Errors
    ///
    /// As [`Package::verify`].
    pub fn open_package(&self, package: &Package) -> Result<PackageOrder, PackageError> {
        package.verify(self.partner_id(), self.partner_key())
    }

    /// Checks an operation, writes and signs it, once.
    ///
    /// # Errors
    ///
    /// Where a field breaks its limit or does not fit the charset.
    pub fn encode(
        &self,
        request: &dyn Request,
        at: Timestamp,
        nonce: &Nonce,
    ) -> Result<EncodedRequest, PrepareError> {
        request.check()?;
        let info = request.info();
        let mut form = Form::new(self, at, nonce);
        request.write(&mut form);
        let written = form.finish(&info)?;
        let endpoint = self.endpoint(info.host);
        Ok(EncodedRequest::new(info, written, endpoint))
    }

    /// Encodes: a request to send as it is. `token` is needed where the operation's
    /// [`access_token`](super::OperationInfo::access_token) says so.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode) and [`EncodedRequest::to_http`].
    pub fn prepare(
        &self,
        request: &dyn Request,
        token: Option<&AccessToken>,
        at: Timestamp,
        nonce: &Nonce,
    ) -> Result<http::Request<Bytes>, PrepareError> {
        self.encode(request, at, nonce)?.to_http(token)
    }

    /// Decides whether an answer is believed, without reading it.
    ///
    /// # Errors
    ///
    /// Where it is not proven, is an error, or is no answer of WeChat Pay's.
    pub fn verify(
        &self,
        request: &dyn Request,
        response: &http::Response<Bytes>,
    ) -> Result<Reply, AcceptError> {
        accept::verify(request.info().reply, self, response)
    }

    /// Decides whether an answer is believed, then reads it.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and where it is not of the form the operation answers with.
    pub fn accept<O: Operation>(
        &self,
        operation: &O,
        response: &http::Response<Bytes>,
    ) -> Result<Response<O::Response>, AcceptError> {
        let reply = self.verify(operation, response)?;
        match operation.read(&reply) {
            Ok(value) => Ok(Response::new(value, reply)),
            Err(source) => Err(AcceptError::decode(source, reply.raw().clone())),
        }
    }

    /// Opens what WeChat asks when somebody has scanned a [`native_url`](Self::native_url) (获取订单Package的回调).
    ///
    /// # Errors
    ///
    /// Where it is too large, no XML, not signed with our key, or of another app.
    pub fn open_native_callback(&self, body: &[u8]) -> Result<NativeCallback, NoticeError> {
        NativeCallback::open(self, body)
    }

    /// The answer to a [`NativeCallback`]: here is the package.
    #[must_use]
    pub fn native_reply(
        &self,
        package: &Package,
        at: Timestamp,
        nonce: &Nonce,
    ) -> http::Response<Bytes> {
        native_reply(self, Some(package), 0, "ok", at, nonce)
    }

    /// The answer to a [`NativeCallback`]: not to be had. WeChat shows `message` to the payer. It is signed like any
    /// other, with an empty package.
    ///
    /// # Errors
    ///
    /// Where `code` is 0, which would mean success, or the message is empty, longer than 128 characters, or has
    /// control characters or characters of four bytes.
    pub fn native_refusal(
        &self,
        code: i32,
        message: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> Result<http::Response<Bytes>, InvalidField> {
        check::text("RetErrMsg", message, 1, 128)?;
        check::present("RetCode", code != 0)?;
        Ok(native_reply(self, None, code, message, at, nonce))
    }

    /// Opens a payment notice (支付成功通知): `query` and `body` as they came, nothing decoded. Both are verified, the
    /// query with the partner key in the charset it declares, the body with the `paySignKey`.
    ///
    /// What it says still has to be compared with the order: [`PaymentNotice::check`].
    ///
    /// # Errors
    ///
    /// Where either is too large, not of its form, not signed with our key, or of another merchant.
    pub fn open_payment_notice(
        &self,
        query: &str,
        body: &[u8],
    ) -> Result<PaymentNotice, NoticeError> {
        PaymentNotice::open(self, query, body)
    }

    /// Opens a rights notice (维权通知): a payer complains, or takes it back, or does not.
    ///
    /// # Errors
    ///
    /// Where it is too large, no XML, not signed with our key, or of another app.
    pub fn open_rights_notice(&self, body: &[u8]) -> Result<RightsNotice, NoticeError> {
        RightsNotice::open(self, body)
    }

    /// Opens an alarm notice (告警通知).
    ///
    /// # Errors
    ///
    /// Where it is too large, no XML, not signed with our key, or of another app.
    pub fn open_alarm_notice(&self, body: &[u8]) -> Result<AlarmNotice, NoticeError> {
        AlarmNotice::open(self, body)
    }

    pub(crate) fn partner_key(&self) -> &ApiV2Key {
        &self.inner.partner_key
    }

    pub(crate) fn pay_sign_key(&self) -> &PaySignKey {
        &self.inner.pay_sign_key
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("appid", &self.inner.appid)
            .field("partner_id", &self.inner.partner_id)
            .field("partner_key", &self.inner.partner_key)
            .field("pay_sign_key", &self.inner.pay_sign_key)
            .field("charset", &self.charset)
            .field("endpoint", &self.endpoint)
            .finish()
    }
}
