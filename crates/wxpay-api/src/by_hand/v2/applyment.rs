//! Uploading the pictures of an application.

use std::fmt;

use bytes::Bytes;
use wxpay_json::{DecodeError, InvalidField, check};
use wxpay_proto::v2::{Decode as _, Form, Operation, OperationInfo, Reply, Request};
use wxpay_proto::{BodyError, Idempotency};

use crate::v2::applyment::UploadedMedia;

/// The largest file it takes, in bytes.
const MAX_BYTES: i64 = 2 * 1024 * 1024;

const IMAGES: [(&str, &str); 4] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("bmp", "image/bmp"),
];

/// Uploads a picture for an application: jpeg, bmp or png, up to 2 MB.
///
/// 图片上传: `POST /secapi/mch/uploadmedia`,
/// [official page](https://pay.weixin.qq.com/wiki/doc/api/xiaowei.php?chapter=19_9). Needs the merchant's certificate
/// (商户API证书). The file itself is not signed, its MD5 is. Every upload makes a new `media_id`, so a repeated one
/// leaves the first behind.
#[derive(Clone, Eq, PartialEq)]
pub struct UploadMedia {
    filename: String,
    content: Bytes,
}

impl UploadMedia {
    /// The file `content` under the name `filename`, whose extension says what it is.
    pub fn new(filename: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            filename: filename.into(),
            content: content.into(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn filename(&self) -> &str {
        &self.filename
    }

    /// What is in it.
    #[must_use]
    pub const fn content(&self) -> &Bytes {
        &self.content
    }

    fn mime(&self) -> &'static str {
        let extension = self
            .filename
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension);
        IMAGES
            .iter()
            .find(|(known, _)| extension.eq_ignore_ascii_case(known))
            .map_or("application/octet-stream", |(_, mime)| mime)
    }
}

impl fmt::Debug for UploadMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The file may be somebody's identity card.
        f.debug_struct("UploadMedia")
            .field("filename", &self.filename)
            .field("len", &self.content.len())
            .finish()
    }
}

impl Request for UploadMedia {
    fn info(&self) -> OperationInfo {
        OperationInfo::new(
            "v2.applyment.upload_media",
            "/secapi/mch/uploadmedia",
            Idempotency::No,
        )
        .without_nonce()
        .with_certificate()
    }

    fn check(&self) -> Result<(), InvalidField> {
        check::text("filename", &self.filename, 1, 128)?;
        let bytes = i64::try_from(self.content.len()).unwrap_or(i64::MAX);
        check::range("media", bytes, 1, MAX_BYTES)
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) -> Result<(), BodyError> {
        form.file_hash("media_hash", &self.content);
        form.file("media", &self.filename, self.mime(), &self.content);
        Ok(())
    }
}

impl Operation for UploadMedia {
    type Response = UploadedMedia;

    fn read(&self, reply: &Reply<'_>) -> Result<Self::Response, DecodeError> {
        UploadedMedia::read(reply)
    }
}
