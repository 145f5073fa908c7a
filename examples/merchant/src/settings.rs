//! What the environment asks for.

use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

/// Which generation of WeChat Pay's interface takes the payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Api {
    /// JSON; what a new shop uses.
    #[default]
    V3,
    /// XML.
    V2,
    /// The interface of 2014, with refunds at Tenpay (财付通).
    V1,
}

impl Api {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::V3, Self::V2, Self::V1];

    /// Its name, such as `v3`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V3 => "v3",
            Self::V2 => "v2",
            Self::V1 => "v1",
        }
    }
}

impl std::str::FromStr for Api {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|api| api.name() == text);
        found.with_context(|| format!("{text:?} is none of v3, v2 and v1"))
    }
}

/// How the shop is to be run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `MERCHANT_API`: `v3` (the default), `v2` or `v1`.
    pub api: Api,
    /// `WXPAY_HOME`: the folder with `merchant.json` and the keys. Without one the shop starts a
    /// sandbox of its own, in the folder `sandbox` of [`data`](Self::data).
    pub home: Option<PathBuf>,
    /// `WXPAY_BASE_URL`: where WeChat Pay is; without one, where `merchant.json` says.
    pub base_url: Option<String>,
    /// `MERCHANT_DATA`: the folder for the database and the sandbox; `.merchant` without one.
    pub data: PathBuf,
    /// `DATABASE_URL`; without one, `shop.db` in [`data`](Self::data).
    pub database_url: String,
    /// `MERCHANT_LISTEN`; `127.0.0.1:8080` without one.
    pub listen: SocketAddr,
    /// `MERCHANT_URL`: where browsers and WeChat Pay reach the shop, such as `https://shop.example`.
    /// Without one, where it listens.
    pub url: Option<String>,
    /// `MERCHANT_PASSWORD`: the operator's; without one, one is made up at every start and printed,
    /// as long as WeChat Pay is a sandbox.
    pub password: Option<Password>,
}

/// The operator's password; `Debug` does not show it.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// At least so many characters.
    pub const MIN: usize = 12;

    /// Takes a password of at least [`MIN`](Self::MIN) characters.
    ///
    /// # Errors
    ///
    /// A shorter one.
    pub fn new(text: String) -> Result<Self> {
        let length = text.chars().count();
        ensure!(length >= Self::MIN, "shorter than {} characters", Self::MIN);
        Ok(Self(text))
    }

    /// The password itself: to compare with, or to print one that was made up.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// A value that cannot be used, or one without the other it needs; the error names it.
    pub fn from_env() -> Result<Self> {
        Self::from(|name| std::env::var_os(name))
    }

    fn from(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| match variable(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => bail!("{name} is not UTF-8"),
        };
        let api = text("MERCHANT_API")?.map(|text| text.parse().context("MERCHANT_API"));
        let home = variable("WXPAY_HOME").map(PathBuf::from);
        let base_url = text("WXPAY_BASE_URL")?;
        ensure!(
            base_url.is_none() || home.is_some(),
            "WXPAY_BASE_URL is set and WXPAY_HOME is not: set it to the folder with merchant.json and the keys"
        );
        let data = variable("MERCHANT_DATA").map_or_else(|| ".merchant".into(), PathBuf::from);
        let database_url = match text("DATABASE_URL")? {
            Some(url) => url,
            None => sqlite_url(&data)?,
        };
        let listen = text("MERCHANT_LISTEN")?.map(|text| {
            text.parse()
                .context("MERCHANT_LISTEN is not an address like 127.0.0.1:8080")
        });
        let url = text("MERCHANT_URL")?.map(|url| origin(&url).context("MERCHANT_URL"));
        let password = text("MERCHANT_PASSWORD")?
            .map(|text| Password::new(text).context("MERCHANT_PASSWORD is no password"));
        Ok(Self {
            api: api.transpose()?.unwrap_or_default(),
            home,
            base_url,
            database_url,
            data,
            listen: listen
                .transpose()?
                .unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 8080).into()),
            url: url.transpose()?,
            password: password.transpose()?,
        })
    }
}

/// `shop.db` in the folder, as a URL: what would end the path in one is percent-encoded.
fn sqlite_url(data: &std::path::Path) -> Result<String> {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const ENDS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');
    let path = data.join("shop.db");
    let path = path.to_str().context("MERCHANT_DATA is not UTF-8")?;
    Ok(format!("sqlite:{}", utf8_percent_encode(path, ENDS)))
}

/// An origin (scheme, host, port), without the slash that may follow.
fn origin(url: &str) -> Result<String> {
    let uri: http::Uri = url.parse().context("not a URL")?;
    let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        bail!("not a URL like https://shop.example");
    };
    ensure!(
        uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@'),
        "a URL like https://shop.example has no path, no query and no user"
    );
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[(&str, &str)]) -> Result<Settings> {
        Settings::from(|name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn nothing_set_or_set_to_nothing() {
        for set in [&[][..], &[("MERCHANT_API", ""), ("DATABASE_URL", "")]] {
            let settings = settings(set).unwrap();
            assert_eq!(settings.api, Api::V3);
            assert_eq!(settings.database_url, "sqlite:.merchant/shop.db");
            assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
            assert!(settings.home.is_none() && settings.password.is_none());
        }
    }

    #[test]
    fn values_are_taken() {
        let settings = settings(&[
            ("MERCHANT_API", "v1"),
            ("MERCHANT_DATA", "/var/my shop"),
            ("MERCHANT_URL", "https://shop.example:444/"),
            ("MERCHANT_PASSWORD", "correct horse"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.api, Api::V1);
        assert_eq!(settings.database_url, "sqlite:/var/my%20shop/shop.db");
        assert_eq!(settings.url.as_deref(), Some("https://shop.example:444"));
        let shown = format!("{settings:?}");
        assert!(shown.contains("Password([redacted])"), "{shown}");
        assert!(!shown.contains("horse"), "{shown}");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (set, name) in [
            (("MERCHANT_API", "v4"), "MERCHANT_API"),
            (("WXPAY_BASE_URL", "http://a"), "WXPAY_HOME"),
            (("MERCHANT_LISTEN", "8080"), "MERCHANT_LISTEN"),
            (("MERCHANT_URL", "shop.example"), "MERCHANT_URL"),
            (("MERCHANT_URL", "https://shop.example/tea"), "MERCHANT_URL"),
            (("MERCHANT_PASSWORD", "short"), "MERCHANT_PASSWORD"),
        ] {
            let error = format!("{:#}", settings(&[set]).unwrap_err());
            assert!(error.contains(name), "{error}");
            assert!(
                !error.contains("short") || !error.contains("\"short\""),
                "{error}"
            );
        }
    }
}
