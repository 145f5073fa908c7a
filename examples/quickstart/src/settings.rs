//! What the environment asks for.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// Whose WeChat Pay the story is told with.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The folder with the merchant's files; `None`: a sandbox of our own is started.
    pub home: Option<PathBuf>,
    /// Where WeChat Pay is; `None`: where `merchant.json` says.
    pub base_url: Option<String>,
    /// The address WeChat Pay calls, if it is not the listener's own (a tunnel, a proxy).
    pub notify_url: Option<String>,
    /// Where the listener for notifications listens; a free port of this machine if `None`.
    pub listen: Option<SocketAddr>,
}

impl Settings {
    /// Reads `WXPAY_HOME`, `WXPAY_BASE_URL`, `WXPAY_NOTIFY_URL` and `WXPAY_LISTEN`.
    ///
    /// # Errors
    ///
    /// A value that cannot be used, or one without the other it needs.
    pub fn from_env() -> Result<Self> {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| match variable(name) {
            None => Ok(None),
            Some(value) => match value.into_string() {
                Ok(text) => Ok(Some(text)),
                Err(_) => bail!("{name} is not UTF-8"),
            },
        };
        let home = variable("WXPAY_HOME").map(PathBuf::from);
        let base_url = text("WXPAY_BASE_URL")?;
        let notify_url = text("WXPAY_NOTIFY_URL")?;
        if home.is_none() {
            for (name, value) in [
                ("WXPAY_BASE_URL", &base_url),
                ("WXPAY_NOTIFY_URL", &notify_url),
            ] {
                if value.is_some() {
                    bail!(
                        "{name} is set and WXPAY_HOME is not: set it to the folder with merchant.json and the keys"
                    );
                }
            }
        }
        let listen = text("WXPAY_LISTEN")?;
        let listen = listen
            .map(|text| {
                text.parse()
                    .context("WXPAY_LISTEN is not an address like 127.0.0.1:8080")
            })
            .transpose()?;
        Ok(Self {
            home,
            base_url,
            notify_url,
            listen,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Result<Settings> {
        Settings::from(|name| {
            set.iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn nothing_set_or_set_to_nothing() {
        assert_eq!(settings(&[]).unwrap(), Settings::default());
        assert_eq!(
            settings(&[("WXPAY_HOME", ""), ("WXPAY_BASE_URL", "")]).unwrap(),
            Settings::default()
        );
    }

    #[test]
    fn values_are_taken() {
        let settings = settings(&[
            ("WXPAY_HOME", "/h"),
            ("WXPAY_BASE_URL", "http://a"),
            ("WXPAY_LISTEN", "[::1]:80"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.home, Some(PathBuf::from("/h")));
        assert_eq!(settings.base_url.as_deref(), Some("http://a"));
        assert_eq!(settings.listen, Some("[::1]:80".parse().unwrap()));
    }

    #[test]
    fn half_a_setting_is_refused() {
        for (set, name) in [
            (&[("WXPAY_BASE_URL", "http://a")][..], "WXPAY_HOME"),
            (&[("WXPAY_NOTIFY_URL", "http://a")], "WXPAY_HOME"),
            (&[("WXPAY_LISTEN", "8080")], "WXPAY_LISTEN"),
        ] {
            let error = settings(set).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
