//! Request targets: path and query as they are signed and sent.

use std::error::Error;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wxpay_json::Sensitive;
use wxpay_sign::Encryptor;

use crate::operation::BodyError;

/// All but the unreserved characters of RFC 3986, section 2.3. Signature and wire must agree to the
/// byte, and this is the one set that no HTTP library rewrites.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The longest target taken, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// A request target in origin form (RFC 9112, section 3.2.1): `/path?query`, already percent-encoded.
///
/// ```
/// use wxpay_proto::Target;
///
/// let target = Target::new("/v3/pay/transactions/out-trade-no/")
///     .segment("a|b*c-1")
///     .query("mchid", "1900007291");
/// assert_eq!(target.as_str(), "/v3/pay/transactions/out-trade-no/a%7Cb%2Ac-1?mchid=1900007291");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Target {
    text: String,
    has_query: bool,
    /// A segment was filled in that would lead elsewhere.
    strays: bool,
    /// What comes last, once there is a key to encrypt it with.
    encrypted: Vec<(&'static str, Sensitive)>,
}

impl Target {
    /// Starts with a literal path, taken as it stands.
    #[must_use]
    pub fn new(path: &str) -> Self {
        Self {
            text: path.to_owned(),
            has_query: path.contains('?'),
            strays: false,
            encrypted: Vec::new(),
        }
    }

    /// Takes a target that is complete and encoded, of an operation not covered or from a
    /// `download_url`, and keeps it to the byte.
    ///
    /// # Errors
    ///
    /// Where it does not start with one `/`, is longer than 8 KiB, has a fragment or a brace, or holds
    /// anything but printable ASCII.
    pub fn parse(target: &str) -> Result<Self, TargetError> {
        let target = Self::new(target);
        target.check()?;
        Ok(target)
    }

    /// Whether it can be signed and sent with nobody on the way seeing a reason to change it.
    pub(crate) fn check(&self) -> Result<(), TargetError> {
        let text = self.text.as_str();
        let problem = if self.strays || !is_plain(self.path()) {
            "a path parameter is empty, `.` or `..` and would name something else"
        } else if !text.starts_with('/') || text.starts_with("//") {
            "it must start with one slash"
        } else if text.len() > MAX_BYTES {
            "it is longer than 8192 bytes"
        } else if text.contains('#') {
            "it must have no fragment"
        } else if text.contains(['{', '}']) {
            "it has a brace; was a path parameter left unfilled?"
        } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            "everything but printable ASCII must be percent-encoded"
        } else {
            return Ok(());
        };
        Err(TargetError(problem))
    }

    /// Appends a literal, taken as it stands.
    #[must_use]
    pub fn literal(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends a value as one path segment, percent-encoded.
    ///
    /// An empty value, `.` and `..` would lead to another interface: a request to such a target is not
    /// made ([`PrepareError::Target`](crate::PrepareError::Target)).
    #[must_use]
    pub fn segment(mut self, value: &str) -> Self {
        self.strays |= matches!(value, "" | "." | "..");
        self.encode(value);
        self
    }

    /// Appends a query parameter; the value is percent-encoded.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.encode(name);
        self.text.push('=');
        self.encode(value);
        self
    }

    /// Appends a query parameter where there is a value.
    #[must_use]
    pub fn query_opt(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Appends a query parameter once for each value of a list.
    #[must_use]
    pub fn query_all<T: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = T>) -> Self {
        let append = |target: Self, value: T| target.query(name, value.as_ref());
        values.into_iter().fold(self, append)
    }

    /// Appends a sensitive query parameter (敏感信息). It is encrypted when a request is made, with the key
    /// that `Wechatpay-Serial` names, and stands behind all others; until then [`as_str`](Self::as_str)
    /// goes without it.
    #[must_use]
    pub fn query_encrypted(mut self, name: &'static str, value: &Sensitive) -> Self {
        self.encrypted.push((name, value.clone()));
        self
    }

    /// The same where there is a value.
    #[must_use]
    pub fn query_encrypted_opt(self, name: &'static str, value: Option<&Sensitive>) -> Self {
        match value {
            Some(value) => self.query_encrypted(name, value),
            None => self,
        }
    }

    /// The target with its sensitive values encrypted.
    pub(crate) fn sealed(mut self, encryptor: &dyn Encryptor) -> Result<Self, BodyError> {
        for (field, value) in std::mem::take(&mut self.encrypted) {
            let sealed = encryptor.encrypt(value.expose());
            let sealed = sealed.map_err(|source| BodyError::Encrypt { field, source })?;
            self = self.query(field, &sealed);
        }
        Ok(self)
    }

    /// Path and query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.split('?').next().unwrap_or_default()
    }

    fn encode(&mut self, value: &str) {
        self.text.extend(utf8_percent_encode(value, RESERVED));
    }
}

/// Whether no library or gateway on the way is tempted to rewrite the path: a number that is empty, `.` or
/// `..` would lead to another interface than the one that was signed for.
fn is_plain(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if matches!(segment, "." | "..") || segment.is_empty() && !last {
            return false;
        }
    }
    true
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text that is no request target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TargetError(&'static str);

impl TargetError {
    pub(crate) const fn syntax() -> Self {
        Self("it cannot be written in HTTP")
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a request target (/path?query): {}", self.0)
    }
}

impl Error for TargetError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_once_and_literals_not_at_all() {
        let target = Target::new("/v3/x/")
            .segment("订 a/b?")
            .literal("/close")
            .query_opt("none", None)
            .query("q", "1+1=2&x");
        assert_eq!(
            target.as_str(),
            "/v3/x/%E8%AE%A2%20a%2Fb%3F/close?q=1%2B1%3D2%26x"
        );
        assert_eq!(target.path(), "/v3/x/%E8%AE%A2%20a%2Fb%3F/close");
    }

    #[test]
    fn a_segment_cannot_lead_elsewhere() {
        for value in ["", ".", ".."] {
            let target = Target::new("/v3/id/").segment(value).literal("/close");
            assert!(target.check().is_err(), "{value:?}");
        }
        assert!(Target::new("/v3/id/").segment("...").check().is_ok());
    }

    #[test]
    fn a_query_may_already_be_there() {
        assert_eq!(Target::new("/a?b=1").query("c", "2").as_str(), "/a?b=1&c=2");
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "",
            "v3/x",
            "//x/v3",
            "/a b",
            "/a#b",
            "/{id}",
            "/a/../b",
            "/a//b",
            "/./a",
            "/订单",
            "/a\n",
            "https://x/",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
        assert!(Target::parse(&"/".repeat(MAX_BYTES + 1)).is_err());
        let token = "/v3/billdownload/file?token=a%2Fb_c";
        assert_eq!(
            Target::parse(token).map(|target| target.text),
            Ok(token.to_owned())
        );
    }
}
