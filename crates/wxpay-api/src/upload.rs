//! Files that go up.

#![allow(dead_code, reason = "which of it is needed depends on the families")]

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use wxpay_json::node::{FromNode, Node, Object, ToNode};
use wxpay_json::{DecodeError, InvalidField, check};
use wxpay_proto::{Body, BodyError, Multipart};

/// What is in a file that is uploaded (文件上传).
///
/// `Debug` says how long it is and never what is in it: it may be somebody's identity card. In JSON it is
/// text in Base64, so that an upload can be kept and taken up again.
///
/// ```
/// # #[cfg(feature = "media")] {
/// use wxpay_api::media::UploadImage;
///
/// // In a program: what `std::fs::read` gives.
/// let upload = UploadImage::new("shop.png", vec![0x89, b'P', b'N', b'G']);
/// assert_eq!(upload.content.as_bytes().len(), 4);
/// assert_eq!(format!("{:?}", upload.content), "FileContent(4 bytes)");
/// # }
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct FileContent(Bytes);

impl FileContent {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The SHA-256, in small hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.0))
    }

    /// The SM3, in small hexadecimal digits.
    #[cfg(feature = "_sm3")]
    pub(crate) fn sm3(&self) -> String {
        hex(&sm3::Sm3::digest(&self.0))
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<T: Into<Bytes>> From<T> for FileContent {
    fn from(content: T) -> Self {
        Self(content.into())
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileContent({} bytes)", self.0.len())
    }
}

impl ToNode for FileContent {
    fn to_node(&self) -> Node<'_> {
        Node::Text(STANDARD.encode(&self.0).into())
    }
}

impl FromNode for FileContent {
    fn from_node(node: Node<'_>) -> Result<Self, DecodeError> {
        let text = String::from_node(node)?;
        let content = STANDARD.decode(text);
        content
            .map(Self::from)
            .map_err(|_| DecodeError::at("", "expected text in Base64"))
    }
}

/// Whether a file is there, and not too long.
pub(crate) fn file(
    part: &'static str,
    content: &FileContent,
    max: usize,
) -> Result<(), InvalidField> {
    let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    check::range(part, length(content.0.len()), 1, length(max))
}

/// An upload of a file and its description.
pub(crate) fn upload(
    meta: &Object<'_>,
    part: &str,
    filename: &str,
    content: &FileContent,
) -> Result<Body, BodyError> {
    upload_with(meta, &[], part, filename, content)
}

/// The same with further parts, of which those are sent that there are.
pub(crate) fn upload_with(
    meta: &Object<'_>,
    form: &[(&str, Option<String>)],
    part: &str,
    filename: &str,
    content: &FileContent,
) -> Result<Body, BodyError> {
    let meta = wxpay_json::encode(meta).map_err(BodyError::Encode)?;
    let mut body = Multipart::builder(meta);
    for (name, value) in form {
        if let Some(value) = value {
            body = body.field(name, value);
        }
    }
    let file = body.file(part, filename, mime(filename), &content.0);
    Ok(Body::Multipart(file))
}

/// The type of a file by what its name ends with.
fn mime(filename: &str) -> &'static str {
    const TYPES: [(&str, &str); 23] = [
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("png", "image/png"),
        ("bmp", "image/bmp"),
        ("gif", "image/gif"),
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
        ("pdf", "application/pdf"),
        ("ofd", "application/ofd"),
        ("zip", "application/zip"),
        ("csv", "text/csv"),
        ("txt", "text/plain"),
        ("doc", "application/msword"),
        ("xls", "application/vnd.ms-excel"),
        ("json", "application/json"),
    ];
    let ending = filename.rsplit_once('.').map_or("", |(_, ending)| ending);
    let mut types = TYPES.iter();
    let found = types.find(|(known, _)| known.eq_ignore_ascii_case(ending));
    found.map_or("application/octet-stream", |(_, mime)| *mime)
}
