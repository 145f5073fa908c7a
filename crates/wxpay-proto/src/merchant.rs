//! A merchant: what it signs with, what it believes by.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
#[cfg(feature = "file")]
use wxpay_json::DecodeError;
#[cfg(feature = "file")]
use wxpay_sign::FileKey;
use wxpay_sign::{ApiV3Key, Nonce, SignError, Signer, Timestamp};
#[cfg(feature = "file")]
use zeroize::Zeroize as _;

use crate::certificates::{self, CertificatesError, CertificatesOutcome};
use crate::credential::{BrandCredential, Credential, is_of_brand};
use crate::endpoint::Endpoint;
use crate::invocation::{self, AppParameters, JsapiParameters, MiniProgramParameters};
use crate::keyring::{PlatformKeyring, RefreshPermit};
use crate::notification::{self, Notification, NotificationError};
use crate::operation::{Host, Operation, ReplySignature};
use crate::request::{EncodedRequest, PrepareError, UnsignedRequest};
use crate::response::{self, AcceptError, Response};
use crate::verification::VerificationError;

/// Everything a merchant holds: its credential, its API v3 key, the platform keys it trusts. Cheap to
/// clone.
#[derive(Clone)]
pub struct Merchant {
    inner: Arc<Inner>,
    endpoint: Endpoint,
    /// Where the platform certificates are, if that was said.
    certificates_from: Option<Host>,
}

#[derive(Clone)]
struct Inner {
    credential: Credential,
    brand: Option<BrandCredential>,
    api_v3_key: ApiV3Key,
    keyring: PlatformKeyring,
}

impl Inner {
    /// Who signs a request.
    fn identity(&self, encoded: &EncodedRequest) -> Result<&Credential, PrepareError> {
        if !is_of_brand(encoded.target()) {
            return Ok(&self.credential);
        }
        let brand = self.brand.as_ref().map(BrandCredential::credential);
        brand.ok_or(PrepareError::NoBrand)
    }
}

impl Merchant {
    /// Puts it together. Nothing is sent.
    #[must_use]
    pub fn new(credential: Credential, api_v3_key: ApiV3Key, keyring: PlatformKeyring) -> Self {
        Self {
            inner: Arc::new(Inner {
                credential,
                brand: None,
                api_v3_key,
                keyring,
            }),
            endpoint: Endpoint::main(),
            certificates_from: None,
        }
    }

    /// Sends to another host than <https://api.mch.weixin.qq.com>: the sandbox, for instance.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Says which list of platform certificates (平台证书) is the merchant's.
    ///
    /// [`Host::Main`] has that of merchants in mainland China, `/v3/certificates`;
    /// [`Host::HongKong`] that of cross-border merchants (境外商户), `/v3/global/certificates`
    /// (<https://pay.weixin.qq.com/wiki/doc/api_external/ch/apis/chapter3_1_8.shtml>). Unless told, the
    /// endpoint says it: [`Endpoint::hong_kong`] has the latter, every other the former. It has to be said where
    /// a cross-border merchant sends to the main host, which leaves the choice of a host to the operations,
    /// or to an endpoint of its own (the sandbox, a gateway).
    #[must_use]
    pub fn with_certificates_from(mut self, host: Host) -> Self {
        self.certificates_from = Some(host);
        self
    }

    /// Adds the identity of a brand (品牌), for operations below `/brand/`.
    #[must_use]
    pub fn with_brand(mut self, brand: BrandCredential) -> Self {
        self.inner = Arc::new(Inner {
            brand: Some(brand),
            ..(*self.inner).clone()
        });
        self
    }

    /// The brand, where there is one.
    #[must_use]
    pub fn brand(&self) -> Option<&BrandCredential> {
        self.inner.brand.as_ref()
    }

    /// The merchant number (商户号).
    #[must_use]
    pub fn mchid(&self) -> &str {
        self.inner.credential.mchid()
    }

    /// Who signs.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.inner.credential
    }

    /// Who signs a request: the merchant, or for those of a brand the brand.
    #[must_use]
    pub fn signer_of(&self, encoded: &EncodedRequest) -> &dyn Signer {
        let own = self.inner.identity(encoded);
        own.unwrap_or(&self.inner.credential).signer()
    }

    /// The platform keys.
    #[must_use]
    pub fn platform_keys(&self) -> &PlatformKeyring {
        &self.inner.keyring
    }

    /// Where requests go.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Checks an operation and makes its target and body, once. The platform key that is valid `now` is
    /// chosen here: sensitive fields are encrypted with it and `Wechatpay-Serial` names it.
    ///
    /// # Errors
    ///
    /// Where a field breaks its limit, no platform key is known, or the body cannot be made.
    pub fn encode<O: Operation + ?Sized>(
        &self,
        operation: &O,
        now: Timestamp,
    ) -> Result<EncodedRequest, PrepareError> {
        operation.check().map_err(PrepareError::Invalid)?;
        let key = self
            .inner
            .keyring
            .preferred(now)
            .ok_or(PrepareError::NoPlatformKey)?;
        EncodedRequest::new(operation, &key)
    }

    /// Signs what was encoded. The request's URI is the target alone; give it a host with
    /// [`Endpoint::apply`]. For another attempt call it again, with a fresh nonce.
    ///
    /// # Errors
    ///
    /// Where the signer fails.
    pub fn sign(
        &self,
        encoded: &EncodedRequest,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request<Bytes>, PrepareError> {
        encoded.sign(self.inner.identity(encoded)?, now, &nonce)
    }

    /// Encodes and signs: a request to send as it is.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode) and [`sign`](Self::sign).
    pub fn prepare<O: Operation + ?Sized>(
        &self,
        operation: &O,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request<Bytes>, PrepareError> {
        let encoded = self.encode(operation, now)?;
        let request = self.sign(&encoded, now, nonce)?;
        Ok(encoded.info().host.endpoint(&self.endpoint).apply(request))
    }

    /// Encodes, and leaves the signing to somebody else.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn unsigned<O: Operation + ?Sized>(
        &self,
        operation: &O,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<UnsignedRequest, PrepareError> {
        let encoded = self.encode(operation, now)?;
        let endpoint = encoded.info().host.endpoint(&self.endpoint);
        let credential = self.inner.identity(&encoded)?.clone();
        Ok(UnsignedRequest::new(
            encoded, credential, endpoint, now, nonce,
        ))
    }

    /// Verifies an answer on its raw bytes, then reads it.
    ///
    /// On [`UnknownKey`](crate::VerificationError::UnknownKey) the certificates can be refreshed and the
    /// same answer accepted again.
    ///
    /// # Errors
    ///
    /// Where it is not proven, is an error, or is not of the form the operation answers with.
    pub fn accept<O: Operation + ?Sized>(
        &self,
        operation: &O,
        response: &http::Response<Bytes>,
        now: Timestamp,
    ) -> Result<Response<O::Response>, AcceptError> {
        let Inner {
            credential,
            brand,
            keyring,
            ..
        } = &*self.inner;
        let whose = match brand {
            Some(brand) if is_of_brand(operation.target().as_str()) => brand.credential(),
            _ => credential,
        };
        response::accept(operation, response, whose, keyring, now)
    }

    /// Verifies an answer that is no operation's, or not to be read: an error that came in place of a
    /// file, for instance.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn verify(
        &self,
        response: &http::Response<Bytes>,
        now: Timestamp,
    ) -> Result<(), AcceptError> {
        let signed = ReplySignature::Signed;
        response::verified(response, signed, &self.inner.keyring, now).map(drop)
    }

    /// Verifies the head of an answer that is signed by its SHA-1 ([`ReplySignature::Digest`]), before its
    /// body is there, and gives the SHA-1 that the body has to have.
    ///
    /// # Errors
    ///
    /// Where it is not proven.
    pub fn verify_digest(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<[u8; 20], VerificationError> {
        let proven = response::prove_digest(headers, &self.inner.keyring, now);
        proven.map(|(sha1, _)| sha1)
    }

    /// Verifies a notification on its raw bytes, then decrypts it.
    ///
    /// `body` must be the bytes as they came: a framework's parsed and rewritten JSON will not verify.
    ///
    /// # Errors
    ///
    /// Says which step failed; [`NotificationError::reply`] is what to answer then.
    pub fn open_notification(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notification, NotificationError> {
        let Inner {
            credential,
            api_v3_key,
            keyring,
            ..
        } = &*self.inner;
        let decryptor = credential.shared_decryptor();
        notification::open(headers, body, keyring, api_v3_key, decryptor, now)
    }

    /// Decrypts the key of an encrypted file with the merchant's private key: `encrypt_key` (加密密钥) of
    /// the answer that announced the file, Base64 of RSA-OAEP.
    ///
    /// Bills of sub-merchants (子商户资金账单) come so:
    /// <https://pay.weixin.qq.com/doc/v3/partner/4014314390>.
    ///
    /// # Errors
    ///
    /// Where it was not encrypted for this merchant's private key, or is no key of 32 bytes. The error names
    /// the field and shows neither its text nor the key.
    #[cfg(feature = "file")]
    pub fn open_file_key(&self, encrypt_key: &str) -> Result<FileKey, DecodeError> {
        const FIELD: &str = "encrypt_key";
        let opened = self.inner.credential.decryptor().decrypt(encrypt_key);
        let opened = opened.map_err(|cause| {
            DecodeError::at(
                FIELD,
                format!("cannot be decrypted with the merchant's key: {cause}"),
            )
        })?;
        let mut opened = opened.into_bytes();
        let key = FileKey::new(&opened);
        opened.zeroize();
        key.map_err(|cause| DecodeError::at(FIELD, cause.to_string()))
    }

    /// The request for the platform certificates, the one that needs no platform key. To be signed with
    /// [`sign`](Self::sign). Which list is asked for says
    /// [`with_certificates_from`](Self::with_certificates_from).
    ///
    /// # Errors
    ///
    /// None that a caller could cause.
    pub fn encode_certificates_request(&self) -> Result<EncodedRequest, PrepareError> {
        let told = self.certificates_from;
        let host = told.unwrap_or_else(|| self.endpoint.certificates_from());
        let (info, target) = certificates::request(host);
        EncodedRequest::without_key(info, &target)
    }

    /// The request for the platform certificates, signed, to send as it is.
    ///
    /// # Errors
    ///
    /// Where the signer fails.
    pub fn certificates_request(
        &self,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request<Bytes>, PrepareError> {
        let encoded = self.encode_certificates_request()?;
        let request = self.sign(&encoded, now, nonce)?;
        Ok(encoded.info().host.endpoint(&self.endpoint).apply(request))
    }

    /// Decrypts and verifies the platform certificates and trusts them. `permit` is what
    /// [`PlatformKeyring::refresh`] gave.
    ///
    /// # Errors
    ///
    /// Where they are not taken; what was trusted before stays.
    pub fn accept_certificates(
        &self,
        response: &http::Response<Bytes>,
        permit: RefreshPermit,
        now: Timestamp,
    ) -> Result<CertificatesOutcome, CertificatesError> {
        let Inner {
            credential,
            api_v3_key,
            keyring,
            ..
        } = &*self.inner;
        certificates::accept(
            response,
            permit,
            keyring,
            api_v3_key,
            credential.mchid(),
            now,
        )
    }

    /// The certificates as a JSON document to keep between runs: still encrypted, so that nobody without
    /// the API v3 key can make one. `None` before any were fetched.
    #[must_use]
    pub fn export_certificates(&self) -> Option<Bytes> {
        self.inner.keyring.export()
    }

    /// Trusts certificates from a kept document, and says how many: none where those held are as new.
    ///
    /// # Errors
    ///
    /// Where the document is damaged, forged, or another merchant's.
    pub fn import_certificates(
        &self,
        document: &[u8],
        now: Timestamp,
    ) -> Result<usize, CertificatesError> {
        let Inner {
            credential,
            api_v3_key,
            keyring,
            ..
        } = &*self.inner;
        certificates::import(document, keyring, api_v3_key, credential.mchid(), now)
    }

    /// What the page of an official account needs to open the payment. `appid` is that of the account
    /// that opens it.
    ///
    /// # Errors
    ///
    /// Where the signer fails.
    pub fn jsapi_parameters(
        &self,
        appid: &str,
        prepay_id: &str,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<JsapiParameters, SignError> {
        invocation::jsapi(
            self.inner.credential.signer(),
            appid,
            prepay_id,
            now,
            &nonce,
        )
    }

    /// What a mini program (小程序) needs to open the payment. `appid` is that of the mini program.
    ///
    /// # Errors
    ///
    /// Where the signer fails.
    pub fn mini_program_parameters(
        &self,
        appid: &str,
        prepay_id: &str,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<MiniProgramParameters, SignError> {
        invocation::mini_program(
            self.inner.credential.signer(),
            appid,
            prepay_id,
            now,
            &nonce,
        )
    }

    /// What an app needs to open the payment. `partner_id` is the merchant number; for combined orders
    /// `combine_mchid`, in partner mode the sub-merchant's.
    ///
    /// # Errors
    ///
    /// Where the signer fails.
    pub fn app_parameters(
        &self,
        appid: &str,
        partner_id: &str,
        prepay_id: &str,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<AppParameters, SignError> {
        let signer = self.inner.credential.signer();
        invocation::app(signer, appid, partner_id, prepay_id, now, &nonce)
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Merchant");
        text.field("credential", &self.inner.credential);
        if let Some(brand) = &self.inner.brand {
            text.field("brand", brand);
        }
        text.field("platform_keys", &self.inner.keyring)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
