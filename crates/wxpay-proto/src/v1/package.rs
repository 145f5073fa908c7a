//! The package: an order as a signed text.

use std::fmt;

use serde::{Serialize, Serializer};
use wxpay_json::check::{self, Alphabet};
use wxpay_json::{DateTime, Fen, InvalidField};
use wxpay_sign::ApiV2Key;

use super::charset::{Charset, CharsetError, Escapes};
use super::error::{PrepareError, VerificationError};
use super::parameters::{Fault, Parameters};
use super::time;

/// The largest package taken, in bytes. Real ones have about five hundred.
pub const MAX_PACKAGE_BYTES: usize = 8 * 1024;

/// An order of v1, to be made into a [`Package`] by [`Merchant::package`](super::Merchant::package).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PackageOrder {
    /// What is sold (商品描述). At most 128 bytes in the [`charset`](Self::charset).
    pub body: String,
    /// Comes back with the payment notice (附加数据). At most 128 bytes.
    pub attach: Option<String>,
    /// The merchant's own number of the order (商户订单号): at most 32 letters and digits.
    pub out_trade_no: String,
    /// What is to be paid: goods and transport together where those are given.
    pub total_fee: Fen,
    /// Where the payment notice goes (通知地址): at most 255 bytes, without a query.
    pub notify_url: String,
    /// The payer's IPv4 address (用户浏览器端IP).
    pub spbill_create_ip: String,
    /// When the order was placed (交易起始时间).
    pub time_start: Option<DateTime>,
    /// When it ends (交易结束时间).
    pub time_expire: Option<DateTime>,
    /// What transport costs (物流费用).
    pub transport_fee: Option<Fen>,
    /// What the goods cost (商品费用).
    pub product_fee: Option<Fen>,
    /// What the goods are to discounts (商品标记). At most 32 bytes.
    pub goods_tag: Option<String>,
    /// The charset of the texts, of the signature and of the notice that comes back. UTF-8 unless set.
    pub charset: Charset,
    /// Upper-case percent escapes unless set.
    pub escapes: Escapes,
}

impl PackageOrder {
    /// What is always needed; the rest has setters.
    pub fn new(
        body: impl Into<String>,
        out_trade_no: impl Into<String>,
        total_fee: Fen,
        notify_url: impl Into<String>,
        spbill_create_ip: impl Into<String>,
    ) -> Self {
        Self {
            body: body.into(),
            attach: None,
            out_trade_no: out_trade_no.into(),
            total_fee,
            notify_url: notify_url.into(),
            spbill_create_ip: spbill_create_ip.into(),
            time_start: None,
            time_expire: None,
            transport_fee: None,
            product_fee: None,
            goods_tag: None,
            charset: Charset::default(),
            escapes: Escapes::default(),
        }
    }

    /// Sets [`attach`](Self::attach) (附加数据).
    #[must_use]
    pub fn attach(mut self, attach: impl Into<String>) -> Self {
        self.attach = Some(attach.into());
        self
    }

    /// Sets [`time_start`](Self::time_start) and [`time_expire`](Self::time_expire).
    #[must_use]
    pub const fn times(mut self, start: DateTime, expire: DateTime) -> Self {
        self.time_start = Some(start);
        self.time_expire = Some(expire);
        self
    }

    /// Sets [`product_fee`](Self::product_fee) and [`transport_fee`](Self::transport_fee), whose sum must be
    /// the total.
    #[must_use]
    pub const fn fees(mut self, product: Fen, transport: Fen) -> Self {
        self.product_fee = Some(product);
        self.transport_fee = Some(transport);
        self
    }

    /// Sets [`goods_tag`](Self::goods_tag) (商品标记).
    #[must_use]
    pub fn goods_tag(mut self, goods_tag: impl Into<String>) -> Self {
        self.goods_tag = Some(goods_tag.into());
        self
    }

    /// Sets the [`charset`](Self::charset).
    #[must_use]
    pub const fn charset(mut self, charset: Charset) -> Self {
        self.charset = charset;
        self
    }

    /// Sets the case of percent [`escapes`](Self::escapes).
    #[must_use]
    pub const fn escapes(mut self, escapes: Escapes) -> Self {
        self.escapes = escapes;
        self
    }

    /// Looks at everything but what depends on the charset.
    fn check(&self) -> Result<(), PrepareError> {
        check::text("body", &self.body, 1, 128)?;
        check::text("attach", &self.attach, 1, 128)?;
        check::bytes("out_trade_no", &self.out_trade_no, 1, 32)?;
        check::alphabet("out_trade_no", &self.out_trade_no, Alphabet::Alphanumeric)?;
        check::range("total_fee", self.total_fee, 1, i64::MAX)?;
        check::url("notify_url", &self.notify_url, 255)?;
        ipv4(&self.spbill_create_ip)?;
        check::range("transport_fee", self.transport_fee, 0, i64::MAX)?;
        check::range("product_fee", self.product_fee, 0, i64::MAX)?;
        check::text("goods_tag", &self.goods_tag, 1, 32)?;
        let parts = [self.product_fee, self.transport_fee];
        if parts.iter().any(Option::is_some) {
            let sum = parts
                .into_iter()
                .flatten()
                .try_fold(Fen::ZERO, Fen::checked_add);
            if sum != Some(self.total_fee) {
                return Err(PrepareError::Total);
            }
        }
        Ok(())
    }

    /// Encodes, signs and writes it.
    pub(crate) fn package(&self, partner: &str, key: &ApiV2Key) -> Result<Package, PrepareError> {
        self.check()?;
        let mut params = Parameters::default();
        let mut text = |name: &'static str, value: &str, most: usize| {
            let bytes = self.charset.encode(name, value)?.into_owned();
            // Limits of texts are bytes of the charset, of which UTF-8 needs half as many again.
            check::range(name, bytes.len() as i64, 0, most as i64)?;
            params.0.push((name, bytes));
            Ok::<(), PrepareError>(())
        };
        text("body", &self.body, 128)?;
        text("attach", self.attach.as_deref().unwrap_or_default(), 128)?;
        text(
            "goods_tag",
            self.goods_tag.as_deref().unwrap_or_default(),
            32,
        )?;
        let mut plain = |name: &'static str, value: String| {
            params.0.push((name, value.into_bytes()));
        };
        plain("bank_type", "WX".to_owned());
        plain("fee_type", "1".to_owned());
        plain("input_charset", self.charset.as_str().to_owned());
        plain("notify_url", self.notify_url.clone());
        plain("out_trade_no", self.out_trade_no.clone());
        plain("partner", partner.to_owned());
        plain("spbill_create_ip", self.spbill_create_ip.clone());
        plain("total_fee", self.total_fee.as_fen().to_string());
        for (name, time) in [
            ("time_start", self.time_start),
            ("time_expire", self.time_expire),
        ] {
            plain(name, time.map(time::compact).unwrap_or_default());
        }
        for (name, fee) in [
            ("transport_fee", self.transport_fee),
            ("product_fee", self.product_fee),
        ] {
            plain(
                name,
                fee.map(|fee| fee.as_fen().to_string()).unwrap_or_default(),
            );
        }
        Ok(Package::seal(params, key, self.escapes))
    }
}

fn ipv4(address: &str) -> Result<(), InvalidField> {
    let field = "spbill_create_ip";
    check::bytes(field, address, 1, 15)?;
    check::count(field, address.split('.').count(), 4, 4)?;
    for part in address.split('.') {
        check::bytes(field, part, 1, 3)?;
        check::alphabet(field, part, Alphabet::Digits)?;
        check::range(field, part.parse::<i64>().unwrap_or(i64::MAX), 0, 255)?;
    }
    Ok(())
}

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
            time::parse(name, &text)
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

/// Why a text is no package, or no genuine one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PackageError {
    /// Larger than [`MAX_PACKAGE_BYTES`].
    TooLarge,
    /// It has characters that a package has percent-encoded: it was decoded on the way.
    NotEncoded,
    /// A parameter has no name, or there are too many.
    Syntax,
    /// A parameter is there twice.
    Duplicate,
    /// The signature does not hold, or it is another merchant's.
    Verification(VerificationError),
    /// The texts are not in the charset that `input_charset` names.
    Charset(CharsetError),
    /// A parameter that every package has is not there.
    Missing {
        /// Which.
        field: &'static str,
    },
    /// A parameter is not of its form.
    Malformed {
        /// Which.
        field: &'static str,
    },
    /// It is genuine, and an order that breaks a limit.
    Order(PrepareError),
}

impl From<Fault> for PackageError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Duplicate => Self::Duplicate,
            Fault::Name | Fault::TooMany => Self::Syntax,
        }
    }
}

impl From<CharsetError> for PackageError {
    fn from(source: CharsetError) -> Self {
        Self::Charset(source)
    }
}

impl fmt::Display for PackageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "package: larger than {MAX_PACKAGE_BYTES} bytes"),
            Self::NotEncoded => f.write_str(
                "package: it has characters that must be percent-encoded; take it as it came, not decoded",
            ),
            Self::Syntax => f.write_str("package: not of the form name=value&name=value"),
            Self::Duplicate => f.write_str("package: a parameter is there twice"),
            Self::Verification(_) => f.write_str("package: not genuine"),
            Self::Charset(_) => f.write_str("package: not in its declared charset"),
            Self::Missing { field } => write!(f, "package: {field} is missing"),
            Self::Malformed { field } => write!(f, "package: {field} is not of its form"),
            Self::Order(_) => f.write_str("package: genuine, and no order that could be placed"),
        }
    }
}

impl std::error::Error for PackageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Verification(source) => Some(source),
            Self::Charset(source) => Some(source),
            Self::Order(source) => Some(source),
            _ => None,
        }
    }
}
