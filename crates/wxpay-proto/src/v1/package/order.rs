//! An order, as a package has it.

use wxpay_json::check::{self, Alphabet};
use wxpay_json::{DateTime, Fen, InvalidField};
use wxpay_sign::ApiV2Key;

use super::super::charset::{Charset, Escapes};
use super::super::error::PrepareError;
use super::super::parameters::Parameters;
use super::Package;

/// An order of v1, to be made into a [`Package`] by [`Merchant::package`](crate::v1::Merchant::package).
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
    pub(super) fn check(&self) -> Result<(), PrepareError> {
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
            plain(
                name,
                time.map(|time| time.compact().to_string())
                    .unwrap_or_default(),
            );
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
