//! Uploading images and videos.

use std::fmt;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use sha2::{Digest, Sha256};
use wxpay_json::{DecodeError, InvalidField, check};
use wxpay_proto::sign::Encryptor;
use wxpay_proto::{
    Body, BodyError, Idempotency, Multipart, Operation, OperationInfo, Reply, ReplySignature,
    Target,
};

use crate::media::Media;

/// The largest file any of the two takes, in bytes.
const MAX_BYTES: i64 = 5 * 1024 * 1024;

/// What is signed in place of the file.
#[derive(Serialize)]
struct Meta<'a> {
    filename: &'a str,
    sha256: String,
}

/// A file and its name.
#[derive(Clone, Eq, PartialEq)]
struct File {
    filename: String,
    content: Bytes,
}

impl File {
    fn check(&self) -> Result<(), InvalidField> {
        check::text("filename", &self.filename, 1, 128)?;
        let bytes = i64::try_from(self.content.len()).unwrap_or(i64::MAX);
        check::range("file", bytes, 1, MAX_BYTES)
    }

    fn body(&self, types: &[(&str, &'static str)]) -> Result<Body, BodyError> {
        let digest = Sha256::digest(&self.content);
        let meta = Meta {
            filename: &self.filename,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        let meta = wxpay_json::encode(&meta).map_err(BodyError::Encode)?;
        let extension = self
            .filename
            .rsplit_once('.')
            .map(|(_, extension)| extension);
        let mime = extension
            .and_then(|found| {
                types
                    .iter()
                    .find(|(known, _)| found.eq_ignore_ascii_case(known))
            })
            .map_or("application/octet-stream", |(_, mime)| *mime);
        Ok(Body::Multipart(Multipart::upload(
            &self.filename,
            mime,
            meta,
            &self.content,
        )))
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The file may be somebody's identity card.
        f.debug_struct("File")
            .field("filename", &self.filename)
            .field("len", &self.content.len())
            .finish()
    }
}

/// Uploads an image: jpg, png or bmp, up to 2 MB (some interfaces take up to 5 MB).
///
/// 图片上传: `POST /v3/merchant/media/upload`,
/// [official page](https://pay.weixin.qq.com/wiki/doc/apiv3/wxpay/tool/chapter3_1.shtml). Every upload makes
/// a new `media_id`, so a repeated one leaves the first behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UploadImage(File);

/// Uploads a video: avi, wmv, mpeg, mp4, mov, mkv, flv, f4v, m4v or rmvb, up to 5 MB.
///
/// 视频上传: `POST /v3/merchant/media/video_upload`,
/// [official page](https://pay.weixin.qq.com/wiki/doc/apiv3/wxpay/tool/chapter3_2.shtml). Every upload makes
/// a new `media_id`, so a repeated one leaves the first behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UploadVideo(File);

const IMAGES: [(&str, &str); 4] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("bmp", "image/bmp"),
];

const VIDEOS: [(&str, &str); 10] = [
    ("avi", "video/x-msvideo"),
    ("wmv", "video/x-ms-wmv"),
    ("mpeg", "video/mpeg"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mkv", "video/x-matroska"),
    ("flv", "video/x-flv"),
    ("f4v", "video/x-f4v"),
    ("m4v", "video/x-m4v"),
    ("rmvb", "application/vnd.rn-realmedia-vbr"),
];

macro_rules! upload {
    ($name:ident, $info:literal, $path:literal, $types:ident) => {
        impl $name {
            /// The file `content` under the name `filename`, whose extension says what it is.
            pub fn new(filename: impl Into<String>, content: impl Into<Bytes>) -> Self {
                Self(File {
                    filename: filename.into(),
                    content: content.into(),
                })
            }

            /// Its name.
            #[must_use]
            pub fn filename(&self) -> &str {
                &self.0.filename
            }

            /// What is in it.
            #[must_use]
            pub const fn content(&self) -> &Bytes {
                &self.0.content
            }
        }

        impl Operation for $name {
            type Response = Media;

            fn info(&self) -> OperationInfo {
                OperationInfo::new($info, Method::POST, Idempotency::No, ReplySignature::Signed)
            }

            fn check(&self) -> Result<(), InvalidField> {
                self.0.check()
            }

            fn target(&self) -> Target {
                Target::new($path)
            }

            fn body(&self, _encryptor: &dyn Encryptor) -> Result<Body, BodyError> {
                self.0.body(&$types)
            }

            fn decode(&self, reply: Reply<'_>) -> Result<Self::Response, DecodeError> {
                reply.json()
            }
        }
    };
}

upload!(
    UploadImage,
    "media.upload_image",
    "/v3/merchant/media/upload",
    IMAGES
);
upload!(
    UploadVideo,
    "media.upload_video",
    "/v3/merchant/media/video_upload",
    VIDEOS
);
