//! Uploads (文件上传): a form of which one part is signed.

use std::fmt;

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// The body of an upload: `multipart/form-data` (RFC 7578) with a `meta` part, whose text is what the
/// signature covers, and the file.
///
/// See <https://pay.weixin.qq.com/doc/v3/merchant/4012365339>.
#[derive(Clone, Eq, PartialEq)]
pub struct Multipart {
    meta: Bytes,
    content_type: String,
    body: Bytes,
}

impl Multipart {
    /// Starts an upload with the JSON text of its `meta` part.
    pub const fn builder(meta: Bytes) -> MultipartBuilder {
        MultipartBuilder {
            meta,
            fields: Vec::new(),
        }
    }

    /// The usual upload: `meta` and a part named `file`.
    ///
    /// The file name is that of `meta`; quotes, back-slashes and control characters in it are
    /// percent-encoded in the header, as browsers do.
    #[must_use]
    pub fn upload(file_name: &str, mime: &str, meta: Bytes, content: &[u8]) -> Self {
        Self::builder(meta).file("file", file_name, mime, content)
    }

    /// The signed text.
    #[must_use]
    pub const fn meta(&self) -> &Bytes {
        &self.meta
    }

    /// The value of `Content-Type`, boundary included.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The bytes to send.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The file may be somebody's identity card.
        f.debug_struct("Multipart")
            .field("content_type", &self.content_type)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Puts an upload together; some interfaces want further form fields or another name for the file part.
#[must_use]
pub struct MultipartBuilder {
    meta: Bytes,
    fields: Vec<(String, String)>,
}

impl fmt::Debug for MultipartBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultipartBuilder")
            .field("meta_len", &self.meta.len())
            .field("fields", &self.fields.len())
            .finish()
    }
}

impl MultipartBuilder {
    /// Adds a plain form field, which is not signed.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Ends with the file.
    pub fn file(self, part: &str, file_name: &str, mime: &str, content: &[u8]) -> Multipart {
        let fields = self
            .fields
            .iter()
            .map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let parts = [&*self.meta].into_iter().chain(fields.flatten());
        let boundary = boundary(parts.chain([content]));
        self.with_boundary(&boundary, part, file_name, mime, content)
    }

    fn with_boundary(
        self,
        boundary: &str,
        part: &str,
        file_name: &str,
        mime: &str,
        content: &[u8],
    ) -> Multipart {
        let meta = [("meta", JSON, &*self.meta)];
        let fields = self.fields.iter();
        let fields = fields.map(|(name, value)| (name.as_str(), "", value.as_bytes()));
        let file = (part, file_name, mime, content);
        let body = write(boundary, meta.into_iter().chain(fields), file);
        Multipart {
            meta: self.meta,
            content_type: format!("multipart/form-data; boundary={boundary}"),
            body,
        }
    }
}

const JSON: &str = "\r\nContent-Type: application/json";

/// A boundary must not stand in any part and be the same on every attempt. A hash of all parts is both, without
/// randomness: nobody can put a text's own hash into it.
fn boundary<'p>(parts: impl Iterator<Item = &'p [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digits = hash.finalize();
    let mut boundary = String::from("wxpay-");
    boundary.extend(digits[..16].iter().map(|byte| format!("{byte:02x}")));
    boundary
}

/// The parts in their order, the file last: name, file name, type, content.
fn write<'p>(
    boundary: &str,
    fields: impl Iterator<Item = (&'p str, &'p str, &'p [u8])>,
    (part, file_name, mime, content): (&str, &str, &str, &[u8]),
) -> Bytes {
    let mut body = Vec::with_capacity(content.len() + 2048);
    let mut push = |name: &str, rest: &str, bytes: &[u8]| {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\";{rest}\r\n\r\n",
            quoted(name)
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    for (name, rest, bytes) in fields {
        push(name, rest, bytes);
    }
    let mime: String = mime.chars().filter(char::is_ascii_graphic).collect();
    let rest = format!(
        " filename=\"{}\";\r\nContent-Type: {mime}",
        quoted(file_name)
    );
    push(part, &rest, content);
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body.into()
}

/// An upload of v2: fields that are signed among themselves, and a file. The value of `Content-Type`, and the body.
#[cfg(feature = "v2")]
pub(crate) fn form<'p>(
    fields: impl Iterator<Item = (&'p str, &'p str)> + Clone,
    part: &str,
    file_name: &str,
    mime: &str,
    content: &[u8],
) -> (String, Bytes) {
    let texts = fields
        .clone()
        .flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
    let boundary = boundary(texts.chain([content]));
    let fields = fields.map(|(name, text)| (name, "", text.as_bytes()));
    let body = write(&boundary, fields, (part, file_name, mime, content));
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A quoted header parameter, escaped as the HTML standard does for form data.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '\\' | '%' => quoted.push_str(&format!("%{:02X}", u32::from(char))),
            char if char.is_control() => quoted.push_str(&format!("%{:02X}", u32::from(char))),
            char => quoted.push(char),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &[u8] = br#"{"filename":"filea.jpg","sha256":"a7b73695002855c3eb342921932e6b7b7a6ee4cb4ef3706ef66f7f42d331f1b7"}"#;

    #[test]
    fn the_published_shape_to_the_byte() {
        let form = Multipart::builder(Bytes::from_static(META)).with_boundary(
            "----SandboxBoundary7MA4YWxk",
            "file",
            "filea.jpg",
            "image/jpeg",
            b"hello wechatpay",
        );
        let expected: &[u8] = include_bytes!("../tests/vectors/upload/body.bin");
        assert_eq!(form.body(), expected);
        assert_eq!(
            form.content_type(),
            "multipart/form-data; boundary=----SandboxBoundary7MA4YWxk"
        );
    }

    #[test]
    fn the_boundary_follows_the_content() {
        let one = Multipart::upload("a.png", "image/png", Bytes::from_static(META), b"one");
        let two = Multipart::upload("a.png", "image/png", Bytes::from_static(META), b"two");
        assert_ne!(one.content_type(), two.content_type());
        let again = Multipart::upload("a.png", "image/png", Bytes::from_static(META), b"one");
        assert_eq!(one, again);
    }

    #[test]
    fn the_boundary_follows_the_fields() {
        let with = |value| {
            Multipart::builder(Bytes::from_static(META))
                .field("item_id", value)
                .file("file", "a.png", "image/png", b"one")
        };
        assert_ne!(with("1").content_type(), with("2").content_type());
    }

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        let form =
            Multipart::builder(Bytes::new()).file("file", "a\"\r\nX: y", "image/png\r\nX: y", b"");
        let text = String::from_utf8_lossy(form.body());
        assert!(!text.contains("\r\nX: y"), "{text}");
    }
}
