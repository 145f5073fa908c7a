//! The package: an order as a signed text.

mod error;
mod order;

use std::fmt;

use serde::{Serialize, Serializer};
use wxpay_json::{DateTime, Fen};
use wxpay_sign::ApiV2Key;

use super::charset::{Charset, CharsetError, Escapes};
use super::error::VerificationError;
use super::parameters::Parameters;

pub use error::PackageError;
pub use order::PackageOrder;

/// The largest package taken, in bytes. Real ones have about five hundred.
pub const MAX_PACKAGE_BYTES: usize = 8 * 1024;

/// A package (订单详情扩展字符串): an order as one signed text, `bank_type=WX&body=…&sign=…`.
///
/// It goes as it is, percent escapes and all, into what JSAPI, `genprepay` and the native callback's reply
/// sign and send. Nothing may decode it, encode it again or sort it on the way, so there is no way to change
/// one: it is made from an order, or it is somebody else's text that was read.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Package(String);

impl Package {
    /// Sorts, signs and writes.
    pub(crate) fn seal(mut params: Parameters<'_>, key: &ApiV2Key, escapes: Escapes) -> Self {
        params.sort();
        let sign = params.sign(key);
        let mut text = String::with_capacity(512);
        params.write(escapes, &mut text);
        text.push_str("&sign=");
        text.push_str(&sign);
        Self(text)
    }

    /// Takes a package that somebody else made: kept from before, or received by whoever plays WeChat. It is
    /// not verified; [`verify`](Self::verify) does that.
    ///
    /// # Errors
    ///
    /// Where it is not `name=value&…` in printable ASCII, has a name twice, or is larger than
    /// [`MAX_PACKAGE_BYTES`].
    pub fn parse(text: impl Into<String>) -> Result<Self, PackageError> {
        let text = text.into();
        if text.len() > MAX_PACKAGE_BYTES {
            return Err(PackageError::TooLarge);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['<', '>', '"', '#'])
        {
            return Err(PackageError::NotEncoded);
        }
        Parameters::parse(&text, false)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Verifies the MD5 with the partner key, over the bytes that the escapes stand for, and reads the order.
    ///
    /// # Errors
    ///
    /// Where the signature does not hold, the partner is another one, or the order is not one that
    /// [`Merchant::package`](super::Merchant::package) makes.
    pub fn verify(&self, partner: &str, key: &ApiV2Key) -> Result<PackageOrder, PackageError> {
        let params = Parameters::parse(&self.0, false)?;
        params.verify(key).map_err(PackageError::Verification)?;
        if params.get("partner") != Some(partner.as_bytes()) {
            let field = "partner";
            return Err(PackageError::Verification(
                VerificationError::OtherMerchant { field },
            ));
        }
        let charset = declared(params.get("input_charset"))?;
        let text = |name: &'static str| -> Result<Option<String>, PackageError> {
            let Some(bytes) = params.get(name) else {
                return Ok(None);
            };
            let text = charset.decode(name, bytes).map_err(PackageError::Charset)?;
            Ok(Some(text.into_owned()))
        };
        let needed = |name: &'static str| text(name)?.ok_or(PackageError::Missing { field: name });
        let fee = |name: &'static str| -> Result<Option<Fen>, PackageError> {
            let Some(text) = text(name)? else {
                return Ok(None);
            };
            fen(&text)
                .map(Some)
                .ok_or(PackageError::Malformed { field: name })
        };
        let when = |name: &'static str| -> Result<Option<DateTime>, PackageError> {
            let Some(text) = text(name)? else {
                return Ok(None);
            };
            DateTime::from_compact(&text)
                .map(Some)
                .map_err(|_| PackageError::Malformed { field: name })
        };
        for (name, value) in [("bank_type", "WX"), ("fee_type", "1")] {
            if needed(name)? != value {
                return Err(PackageError::Malformed { field: name });
            }
        }
        let order = PackageOrder {
            body: needed("body")?,
            attach: text("attach")?,
            out_trade_no: needed("out_trade_no")?,
            total_fee: fee("total_fee")?.ok_or(PackageError::Missing { field: "total_fee" })?,
            notify_url: needed("notify_url")?,
            spbill_create_ip: needed("spbill_create_ip")?,
            time_start: when("time_start")?,
            time_expire: when("time_expire")?,
            transport_fee: fee("transport_fee")?,
            product_fee: fee("product_fee")?,
            goods_tag: text("goods_tag")?,
            charset,
            escapes: self.escapes(),
        };
        order.check().map_err(PackageError::Order)?;
        Ok(order)
    }

    /// The case its escapes are in; upper, where there is none that would tell.
    fn escapes(&self) -> Escapes {
        let mut escapes = self.0.split('%').skip(1).filter_map(|rest| rest.get(..2));
        if escapes.any(|digits| digits.bytes().any(|digit| digit.is_ascii_lowercase())) {
            Escapes::Lower
        } else {
            Escapes::Upper
        }
    }
}

/// `input_charset`, which is GBK where it is not sent.
pub(crate) fn declared(name: Option<&[u8]>) -> Result<Charset, CharsetError> {
    let Some(name) = name else {
        return Ok(Charset::Gbk);
    };
    let known = std::str::from_utf8(name).ok().and_then(Charset::parse);
    known.ok_or(CharsetError::Unknown {
        field: "input_charset",
    })
}

/// Whole fen, digits only.
pub(crate) fn fen(text: &str) -> Option<Fen> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(Fen::new)
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What was bought, and a signature that lets anybody place the order.
        write!(f, "Package({} bytes)", self.0.len())
    }
}

impl Serialize for Package {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
