//! The secrets of v1 that are no signing keys.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::error::ConfigError;

/// Text that is wiped when the last holder drops it.
#[derive(Clone)]
struct Hidden(Arc<Zeroizing<String>>);

/// The app secret (`AppSecret`, 应用密钥): 32 letters and digits, good for one thing only, an access token.
///
/// It is wiped when the last clone is dropped, and the `Debug` text shows nothing.
#[derive(Clone)]
pub struct AppSecret(Hidden);

impl AppSecret {
    /// Takes the secret as the WeChat platform shows it.
    ///
    /// # Errors
    ///
    /// Where it is not 32 letters and digits; the usual reason is a line break at the end.
    pub fn new(secret: impl Into<String>) -> Result<Self, ConfigError> {
        let secret = Zeroizing::new(secret.into());
        if secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(Hidden(Arc::new(secret))))
        } else {
            Err(ConfigError::AppSecret)
        }
    }

    pub(super) fn expose(&self) -> &str {
        &self.0.0
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSecret([redacted])")
    }
}

/// An access token (`access_token`, 接口调用凭据): whoever has it acts for the account until it ends, mostly
/// for two hours.
///
/// It is wiped when the last clone is dropped, and the `Debug` text shows nothing. There is no `PartialEq`:
/// [`TokenCache::invalidate`](super::TokenCache::invalidate) is where two are compared.
#[derive(Clone)]
pub struct AccessToken(Hidden);

impl AccessToken {
    /// Takes a token that was obtained elsewhere, from a central server for instance.
    ///
    /// # Errors
    ///
    /// Where it is not 1 to 512 printable ASCII characters.
    pub fn new(token: impl Into<String>) -> Result<Self, ConfigError> {
        let token = Zeroizing::new(token.into());
        let printable = token.bytes().all(|byte| byte.is_ascii_graphic());
        if printable && (1..=512).contains(&token.len()) {
            Ok(Self(Hidden(Arc::new(token))))
        } else {
            Err(ConfigError::AccessToken)
        }
    }

    /// The token itself, to hand it to another server of one's own.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.0
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}

/// The password of a Tenpay operator (操作员密码), which refunds ask for. What is sent is its MD5
/// (`op_user_passwd` of service version 1.1), made here; the password itself never leaves.
///
/// It is wiped when the last clone is dropped, and the `Debug` text shows nothing.
#[derive(Clone)]
pub struct OperatorPassword(Hidden);

impl OperatorPassword {
    /// Takes the password.
    ///
    /// # Errors
    ///
    /// Where it is empty, or has a line break or another control character: nobody has typed that.
    pub fn new(password: impl Into<String>) -> Result<Self, ConfigError> {
        let password = Zeroizing::new(password.into());
        if password.is_empty() || password.chars().any(char::is_control) {
            return Err(ConfigError::OperatorPassword);
        }
        Ok(Self(Hidden(Arc::new(password))))
    }

    /// MD5, lower case: as good as the password to whoever sees it.
    pub(super) fn digest(&self) -> String {
        use md5::Digest as _;
        let digest = md5::Md5::digest(self.0.0.as_bytes());
        let digits = b"0123456789abcdef";
        let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles
            .map(|nibble| char::from(digits[usize::from(nibble)]))
            .collect()
    }
}

impl fmt::Debug for OperatorPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorPassword([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = AppSecret::new("0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(format!("{secret:?}"), "AppSecret([redacted])");
        let token = AccessToken::new("OezXcEiiBSKSxW0eoylIeBFk1b8").unwrap();
        assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
        let password = OperatorPassword::new("111111").unwrap();
        assert_eq!(format!("{password:?}"), "OperatorPassword([redacted])");
    }

    #[test]
    fn what_cannot_be_one_is_refused_without_repeating_it() {
        for secret in [
            "",
            "short",
            "0123456789abcdef0123456789abcde\n",
            "0123456789abcdef0123456789abcde密",
        ] {
            let error = AppSecret::new(secret).unwrap_err();
            assert!(secret.is_empty() || !error.to_string().contains(secret));
        }
        for token in ["", "a b", "a\n", &"a".repeat(513)] {
            assert!(AccessToken::new(token).is_err());
        }
        for password in ["", "111111\n"] {
            assert!(OperatorPassword::new(password).is_err());
        }
    }

    #[test]
    fn a_password_is_sent_as_lower_case_md5() {
        let password = OperatorPassword::new("111111").unwrap();
        assert_eq!(password.digest(), "96e79218965eb72c92a549dd5a330112");
    }
}
