//! Downloading what a bill's link leads to.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Method, Uri};
use wxpay_json::DecodeError;
use wxpay_proto::sign::Encryptor;
use wxpay_proto::{
    Body, BodyError, Idempotency, Operation, OperationInfo, Reply, ReplySignature, Target,
};

use crate::bill::BillLink;

/// Fetches the file behind a bill's link. The answer is the file, and it is not signed: the hash that came
/// with the link proves it.
///
/// 下载账单: `GET /v3/billdownload/file`,
/// [official page](https://pay.weixin.qq.com/wiki/doc/apiv3/wxpay/pay/bill/chapter3_3.shtml).
///
/// The link is taken as it came, to the byte. As an operation this fetches the whole file into memory and
/// checks nothing; `wxpay-client` has a download that streams, unpacks and checks the hash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DownloadBill {
    download_url: String,
    target: Target,
}

impl DownloadBill {
    /// Takes the `download_url` of a [`BillLink`] or an
    /// [`EncryptedBillLink`](crate::bill::EncryptedBillLink).
    ///
    /// # Errors
    ///
    /// [`InvalidLink`] where it is not an absolute address of a bill.
    pub fn new(download_url: impl Into<String>) -> Result<Self, InvalidLink> {
        let download_url = download_url.into();
        let problem = |problem| InvalidLink { problem };
        let uri: Uri = download_url
            .parse()
            .map_err(|_| problem("not an address"))?;
        if !matches!(uri.scheme_str(), Some("https" | "http")) {
            return Err(problem("not an absolute address"));
        }
        // The signed GET that goes there says who the merchant is, so it goes nowhere else.
        if !uri.path().starts_with("/v3/billdownload/") {
            return Err(problem("not an address of a bill (/v3/billdownload/)"));
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let target = Target::parse(target).map_err(|_| problem("not an address"))?;
        Ok(Self {
            download_url,
            target,
        })
    }

    /// The same for a link as it was answered.
    ///
    /// # Errors
    ///
    /// [`InvalidLink`] where its `download_url` is not an absolute address of a bill.
    pub fn of(link: &BillLink) -> Result<Self, InvalidLink> {
        Self::new(link.download_url.as_str())
    }

    /// The whole link. Its host is the one that has the file.
    #[must_use]
    pub fn download_url(&self) -> &str {
        &self.download_url
    }
}

impl Operation for DownloadBill {
    type Response = Bytes;

    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "bill.download_bill",
            Method::GET,
            Idempotency::Safe,
            ReplySignature::Unsigned,
        )
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    fn body(&self, _encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
        Ok(Body::Empty)
    }

    fn decode(&self, reply: Reply<'_>) -> Result<Self::Response, DecodeError> {
        Ok(reply.body().clone())
    }
}

/// A link that does not lead to a bill.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidLink {
    problem: &'static str,
}

impl fmt::Display for InvalidLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The link itself holds a token.
        write!(f, "download_url: {}", self.problem)
    }
}

impl Error for InvalidLink {}
