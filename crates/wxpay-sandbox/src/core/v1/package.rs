//! The package (订单详情扩展字符串): an order as one signed text.

use wxpay_json::Fen;

use super::charset::Charset;
use super::keys::Keys;
use super::params::{Params, Plus};
use crate::core::v2::wire::{self, Pairs};
use crate::identity::Identity;

/// The longest package, in bytes. Real ones have some five hundred.
const MOST_BYTES: usize = 8 << 10;

/// What can stand in a package, with the most bytes of the charset each may have.
const FIELDS: [(&str, usize); 16] = [
    ("attach", 128),
    ("bank_type", 16),
    ("body", 128),
    ("fee_type", 16),
    ("goods_tag", 32),
    ("input_charset", 16),
    ("notify_url", 255),
    ("out_trade_no", 32),
    ("partner", 10),
    ("product_fee", 18),
    ("sign", 32),
    ("spbill_create_ip", 15),
    ("time_expire", 14),
    ("time_start", 14),
    ("total_fee", 18),
    ("transport_fee", 18),
];
const REQUIRED: [&str; 8] = [
    "bank_type",
    "body",
    "fee_type",
    "notify_url",
    "out_trade_no",
    "partner",
    "spbill_create_ip",
    "total_fee",
];

/// An order whose package was signed rightly and keeps to all limits.
#[derive(Debug)]
pub(crate) struct PackageOrder {
    pub(crate) charset: Charset,
    pub(crate) body: String,
    pub(crate) attach: Option<String>,
    pub(crate) out_trade_no: String,
    pub(crate) total_fee: Fen,
    pub(crate) transport_fee: Option<Fen>,
    pub(crate) product_fee: Option<Fen>,
    pub(crate) notify_url: String,
    pub(crate) time_expire: Option<i64>,
    /// All fields but `sign`.
    pub(crate) fields: Pairs,
    /// What is no problem and yet worth knowing.
    pub(crate) remarks: Vec<String>,
}

/// Why a package is not taken.
#[derive(Debug, PartialEq)]
pub(super) enum Wrong {
    Signature(String),
    Field(String),
}

impl Wrong {
    pub(super) fn problem(self) -> String {
        match self {
            Self::Signature(problem) | Self::Field(problem) => format!("package: {problem}"),
        }
    }
}

/// Verifies a package and reads the order.
pub(super) fn open(text: &str, keys: &Keys, identity: &Identity) -> Result<PackageOrder, Wrong> {
    if text.len() > MOST_BYTES {
        return Err(Wrong::Field(format!("it has more than {MOST_BYTES} bytes")));
    }
    let params = Params::parse(text, Plus::Plus).map_err(Wrong::Field)?;
    params.verify(&keys.partner).map_err(Wrong::Signature)?;
    read(&params, identity).map_err(Wrong::Field)
}

fn read(params: &Params, identity: &Identity) -> Result<PackageOrder, String> {
    let charset = params.charset()?;
    let mut remarks = Vec::new();
    for (name, value) in params.iter() {
        match FIELDS.iter().find(|(known, _)| *known == name) {
            Some((_, most)) if value.len() > *most => {
                return Err(format!(
                    "{name} has {} bytes in {}, at most {most} are taken",
                    value.len(),
                    charset.as_str()
                ));
            }
            Some(_) => {}
            None => remarks.push(format!("package: {name} is no parameter of a package")),
        }
        if charset == Charset::Gbk && looks_like_utf8(value) {
            remarks.push(format!(
                "package: {name} is said to be GBK and looks like UTF-8; input_charset says how it is read"
            ));
        }
    }
    let mut fields = params.texts(charset)?;
    fields.set("sign", "");
    let get = |name: &str| fields.get(name);
    if let Some(missing) = REQUIRED.iter().find(|name| get(name).is_none()) {
        return Err(format!("{missing} is missing"));
    }
    for (name, value) in [
        ("bank_type", "WX"),
        ("fee_type", "1"),
        ("partner", identity.partner_id()),
    ] {
        if get(name) != Some(value) {
            return Err(format!("{name} is not {value}"));
        }
    }
    if params.get("input_charset").is_none() {
        remarks.push("package: without input_charset it is read as GBK".to_owned());
    }
    let text = |name: &str| get(name).unwrap_or_default().to_owned();
    let out_trade_no = text("out_trade_no");
    if !out_trade_no
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric())
    {
        return Err("out_trade_no has other characters than letters and digits".to_owned());
    }
    if text("spbill_create_ip")
        .parse::<std::net::Ipv4Addr>()
        .is_err()
    {
        return Err("spbill_create_ip is no IPv4 address".to_owned());
    }
    let notify_url = text("notify_url");
    check_url(&notify_url, &mut remarks)?;
    let fee = |name: &str| -> Result<Option<Fen>, String> {
        get(name)
            .map(|text| fen(text).ok_or_else(|| format!("{name} is no amount in fen, digits only")))
            .transpose()
    };
    let total_fee = fee("total_fee")?.filter(|total| total.as_fen() > 0);
    let total_fee = total_fee.ok_or("total_fee must be more than 0")?;
    let (transport_fee, product_fee) = (fee("transport_fee")?, fee("product_fee")?);
    if transport_fee.is_some() || product_fee.is_some() {
        let part = |fee: Option<Fen>| fee.unwrap_or(Fen::ZERO);
        if part(transport_fee).checked_add(part(product_fee)) != Some(total_fee) {
            return Err("total_fee is not the sum of transport_fee and product_fee".to_owned());
        }
    }
    let time = |name: &str| -> Result<Option<i64>, String> {
        get(name)
            .map(|text| {
                wire::parse_compact(text)
                    .ok_or_else(|| format!("{name} is not of the form yyyyMMddHHmmss"))
            })
            .transpose()
    };
    let (time_start, time_expire) = (time("time_start")?, time("time_expire")?);
    if let (Some(start), Some(expire)) = (time_start, time_expire)
        && start >= expire
    {
        return Err("time_expire is not after time_start".to_owned());
    }
    Ok(PackageOrder {
        charset,
        body: text("body"),
        attach: get("attach").map(str::to_owned),
        out_trade_no,
        total_fee,
        transport_fee,
        product_fee,
        notify_url,
        time_expire,
        fields,
        remarks,
    })
}

/// Whether bytes are Chinese in UTF-8. Some short texts in GBK are UTF-8 as well, and then of other
/// scripts.
fn looks_like_utf8(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    !text.is_ascii() && text.chars().all(|c| c.is_ascii() || c >= '\u{2e80}')
}

/// Whole fen, digits only.
pub(super) fn fen(text: &str) -> Option<Fen> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().map(Fen::new)
}

fn check_url(url: &str, remarks: &mut Vec<String>) -> Result<(), String> {
    let parsed = url.parse::<http::Uri>().ok();
    let web = |uri: &http::Uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
    };
    if !parsed.as_ref().is_some_and(web) || url.contains('#') {
        return Err("notify_url is no absolute web address".to_owned());
    }
    if url.contains('?') {
        remarks.push(
            "package: notify_url has a query; the notice adds its own parameters, and its signature covers only those"
                .to_owned(),
        );
    }
    Ok(())
}
