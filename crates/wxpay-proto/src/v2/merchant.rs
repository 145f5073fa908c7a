//! What a user of v2 holds.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use wxpay_sign::{ApiV2Key, Nonce, PublicKey, SignType, Timestamp, WorkwxSecret};

use super::answer::{self, Response, Verified};
use super::error::{AcceptError, VerificationError};
use super::invocation::{self, PayScoreParameters, RedPacketParameters};
use super::native::{self, NativeCallback};
use super::notification::{self, Notification, NotificationError, RefundNotification};
use super::operation::{Operation, Request};
use super::parameters::Parameters;
use super::request::{EncodedRequest, PrepareError};
use crate::credential::{self, ConfigError};
use crate::endpoint::Endpoint;
use crate::invocation::{AppParameters, JsapiParameters, MiniProgramParameters};

/// A merchant of v2: its number, its API v2 key (API密钥), and how it likes to sign. Cheap to clone.
///
/// ```
/// use wxpay_proto::v2::{Merchant, Untyped};
/// use wxpay_proto::{Idempotency, Nonce, sign::ApiV2Key};
///
/// let merchant = Merchant::new("1900007291", ApiV2Key::new("0123456789abcdef0123456789ABCDEF")?)?;
/// let query = Untyped::post("/pay/orderquery", Idempotency::Safe)
///     .field("appid", "wx2421b1c4370ec43b")
///     .field("out_trade_no", "1409811653");
/// // In a program: `Nonce::from_bytes` of sixteen random bytes.
/// let request = merchant.prepare(&query, &Nonce::new("5K8264ILTKCH16CQ2502SI8ZNMTM67VS")?)?;
/// assert_eq!(request.uri(), "https://api.mch.weixin.qq.com/pay/orderquery");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Merchant {
    keys: Arc<Keys>,
    endpoint: Endpoint,
}

/// What is known of a merchant.
#[derive(Clone)]
pub(crate) struct Keys {
    mch_id: Box<str>,
    api_key: ApiV2Key,
    sign_type: SignType,
    encryption_key: Option<PublicKey>,
    workwx_secret: Option<WorkwxSecret>,
}

impl Keys {
    pub(crate) fn mch_id(&self) -> &str {
        &self.mch_id
    }

    pub(crate) const fn api_key(&self) -> &ApiV2Key {
        &self.api_key
    }

    pub(crate) const fn sign_type(&self) -> SignType {
        self.sign_type
    }

    pub(crate) const fn encryption_key(&self) -> Option<&PublicKey> {
        self.encryption_key.as_ref()
    }

    pub(crate) const fn workwx_secret(&self) -> Option<&WorkwxSecret> {
        self.workwx_secret.as_ref()
    }

    /// Checks that a message is signed with our key.
    pub(crate) fn verify(
        &self,
        parameters: &Parameters,
        sign: Option<&str>,
    ) -> Result<(), VerificationError> {
        let sign = sign.ok_or(VerificationError::Missing)?;
        parameters
            .verify(&self.api_key, sign)
            .map_err(|error| VerificationError::sign(error, sign.len()))
    }

    /// Checks that a message is ours, if it says whose it is. Says whether it does.
    pub(crate) fn owns(
        &self,
        parameters: &Parameters,
        field: &'static str,
    ) -> Result<bool, VerificationError> {
        match parameters.get(field) {
            None => Ok(false),
            Some(found) if found == &*self.mch_id => Ok(true),
            Some(found) => Err(VerificationError::OtherMerchant {
                field,
                found: found.chars().take(64).collect(),
            }),
        }
    }
}

impl Merchant {
    /// Puts it together. In partner mode (服务商) number and key are the provider's. For WeChat Pay's own test
    /// systems the key is the one that they hand out.
    ///
    /// Where an interface takes both sign types, HMAC-SHA256 is used unless [`with_sign_type`](Self::with_sign_type) says
    /// otherwise: MD5 with a key at the end is the weaker of the two.
    ///
    /// # Errors
    ///
    /// Where `mch_id` is not 6 to 32 digits.
    pub fn new(mch_id: impl Into<String>, api_key: ApiV2Key) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: Arc::new(Keys {
                mch_id: credential::checked(mch_id.into())?,
                api_key,
                sign_type: SignType::HmacSha256,
                encryption_key: None,
                workwx_secret: None,
            }),
            endpoint: Endpoint::main(),
        })
    }

    /// The sign type for interfaces that take both, and for what the payer's client is handed. An order and the
    /// parameters that open it have to be signed alike.
    #[must_use]
    pub fn with_sign_type(mut self, sign_type: SignType) -> Self {
        Arc::make_mut(&mut self.keys).sign_type = sign_type;
        self
    }

    /// The key that personal data are encrypted with: for transfers to bank cards the one that `/risk/getpublickey`
    /// answers with, for applications of micro-merchants that of a platform certificate.
    #[must_use]
    pub fn with_encryption_key(mut self, key: PublicKey) -> Self {
        Arc::make_mut(&mut self.keys).encryption_key = Some(key);
        self
    }

    /// The secret of the enterprise payment application of WeCom (企业微信), for `workwx_sign`.
    #[must_use]
    pub fn with_workwx_secret(mut self, secret: WorkwxSecret) -> Self {
        Arc::make_mut(&mut self.keys).workwx_secret = Some(secret);
        self
    }

    /// Sends to another host than <https://api.mch.weixin.qq.com>. One that is not WeChat Pay's, such as the
    /// sandbox, stands for all [hosts](super::Host).
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The merchant's number (商户号).
    #[must_use]
    pub fn mch_id(&self) -> &str {
        self.keys.mch_id()
    }

    /// How it signs where there is a choice.
    #[must_use]
    pub fn sign_type(&self) -> SignType {
        self.keys.sign_type()
    }

    /// The key that personal data are encrypted with.
    #[must_use]
    pub fn encryption_key(&self) -> Option<&PublicKey> {
        self.keys.encryption_key()
    }

    /// Whether it has a secret for `workwx_sign`.
    #[must_use]
    pub fn has_workwx_secret(&self) -> bool {
        self.keys.workwx_secret().is_some()
    }

    /// Where requests go.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Checks a request, signs it and writes it, once. For another attempt send the same again: v2 signs no time.
    ///
    /// # Errors
    ///
    /// Where a field breaks its limit, cannot be encrypted, or cannot stand in XML; where a secret is missing.
    pub fn encode(
        &self,
        request: &dyn Request,
        nonce: &Nonce,
    ) -> Result<EncodedRequest, PrepareError> {
        EncodedRequest::new(&self.keys, request, nonce)
    }

    /// Encodes, and gives it the host: a request to send as it is.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn prepare(
        &self,
        request: &dyn Request,
        nonce: &Nonce,
    ) -> Result<http::Request<Bytes>, PrepareError> {
        Ok(self.encode(request, nonce)?.to_http(&self.endpoint))
    }

    /// The address of a page that the payer's browser opens (纯签约, 实名授权): the fields stand in its query,
    /// percent-encoded and signed as they were before.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn page_url(&self, request: &dyn Request, nonce: &Nonce) -> Result<String, PrepareError> {
        let info = request.info().with_query();
        let encoded = EncodedRequest::of(&self.keys, request, info, nonce)?;
        Ok(encoded.url(&self.endpoint))
    }

    /// Judges an answer without reading it: for code that sends requests without knowing their types.
    ///
    /// # Errors
    ///
    /// Where it is not WeChat Pay's, is not proven, is another's, or is an error.
    pub fn verify(
        &self,
        request: &dyn Request,
        response: &http::Response<Bytes>,
    ) -> Result<Verified, AcceptError> {
        answer::verify(&self.keys, request, response)
    }

    /// Judges an answer, then reads it.
    ///
    /// The order is that of the protocol: HTTP status, XML, `return_code`, `sign` over every field that came,
    /// merchant and app, `result_code`; then the value.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and where it is not of the form the operation answers with.
    pub fn accept<O: Operation>(
        &self,
        operation: &O,
        response: &http::Response<Bytes>,
    ) -> Result<Response<O::Response>, AcceptError> {
        self.verify(operation, response)?.into_response(operation)
    }

    /// Verifies a notification that is signed: payments (支付结果通知), contracts and most others. Not refunds: those
    /// are for [`open_refund_notification`](Self::open_refund_notification), on an address of their own.
    ///
    /// `body` must be the bytes as they came. Afterwards compare the appid, the number of the order and the amount
    /// with the order, and keep in mind that the same notification comes several times.
    ///
    /// # Errors
    ///
    /// Says which step failed; [`NotificationError::reply`] is what to answer then.
    pub fn open_notification(&self, body: &[u8]) -> Result<Notification, NotificationError> {
        notification::open(&self.keys, body)
    }

    /// Decrypts a refund notification (退款结果通知). It has no signature: that `req_info` can be decrypted with the
    /// key is all the proof there is, so compare order and amount, or ask with a query.
    ///
    /// # Errors
    ///
    /// Says which step failed; [`NotificationError::reply`] is what to answer then.
    pub fn open_refund_notification(
        &self,
        body: &[u8],
    ) -> Result<RefundNotification, NotificationError> {
        notification::open_refund(&self.keys, body)
    }

    /// Verifies the question of native payment, mode 1 (扫码模式一): a payer scanned a [`native_url`](Self::native_url).
    /// Create the order, and answer within five seconds with [`native_reply`](Self::native_reply) or
    /// [`native_refusal`](Self::native_refusal).
    ///
    /// # Errors
    ///
    /// Says which step failed.
    pub fn open_native_callback(&self, body: &[u8]) -> Result<NativeCallback, NotificationError> {
        native::open(&self.keys, body)
    }

    /// Answers such a question with the order that was created for it.
    ///
    /// # Errors
    ///
    /// Where a text cannot stand in XML.
    pub fn native_reply(
        &self,
        callback: &NativeCallback,
        prepay_id: &str,
        nonce: &Nonce,
    ) -> Result<http::Response<Bytes>, PrepareError> {
        native::reply(&self.keys, callback.appid(), prepay_id, nonce)
    }

    /// Answers such a question with a refusal; `message` is shown to the payer.
    ///
    /// # Errors
    ///
    /// Where a text cannot stand in XML.
    pub fn native_refusal(
        &self,
        callback: &NativeCallback,
        message: &str,
        nonce: &Nonce,
    ) -> Result<http::Response<Bytes>, PrepareError> {
        native::refusal(&self.keys, callback.appid(), message, nonce)
    }

    /// The address to make a QR code of for native payment, mode 1 (扫码模式一): it names a product, and the order
    /// is created when it is scanned. `product_id` is at most 32 characters long.
    ///
    /// See <https://pay.weixin.qq.com/wiki/doc/api/native.php?chapter=6_4>.
    #[must_use]
    pub fn native_url(
        &self,
        appid: &str,
        product_id: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> String {
        native::url(&self.keys, appid, product_id, at, nonce)
    }

    /// What the page of an official account needs to open the payment. `appid` is that of the account.
    #[must_use]
    pub fn jsapi_parameters(
        &self,
        appid: &str,
        prepay_id: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> JsapiParameters {
        invocation::jsapi(&self.keys, appid, prepay_id, at, nonce)
    }

    /// What a mini program (小程序) needs to open the payment. `appid` is that of the mini program.
    #[must_use]
    pub fn mini_program_parameters(
        &self,
        appid: &str,
        prepay_id: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> MiniProgramParameters {
        invocation::mini_program(&self.keys, appid, prepay_id, at, nonce)
    }

    /// What an app needs to open the payment. `partner_id` is the merchant's number that the order was created with.
    #[must_use]
    pub fn app_parameters(
        &self,
        appid: &str,
        partner_id: &str,
        prepay_id: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> AppParameters {
        invocation::app(&self.keys, appid, partner_id, prepay_id, at, nonce)
    }

    /// What a mini program needs to open a red packet (`wx.sendBizRedPacket`). `package` is that of the answer to
    /// `sendminiprogramhb`, as it came.
    #[must_use]
    pub fn red_packet_parameters(
        &self,
        appid: &str,
        package: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> RedPacketParameters {
        invocation::red_packet(&self.keys, appid, package, at, nonce)
    }

    /// What a mini program or a page needs to open the confirmation of payment score (微信支付分), `extraData`.
    /// `package` is that of the order; orders of v3 are confirmed in this way as well.
    #[must_use]
    pub fn pay_score_parameters(
        &self,
        package: &str,
        at: Timestamp,
        nonce: &Nonce,
    ) -> PayScoreParameters {
        invocation::pay_score(&self.keys, package, at, nonce)
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("mch_id", &self.keys.mch_id)
            .field("sign_type", &self.keys.sign_type)
            .field("encryption_key", &self.keys.encryption_key)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
