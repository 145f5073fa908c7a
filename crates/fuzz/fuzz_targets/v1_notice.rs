//! Packages and notices of v1, forged and genuine: fields are read only behind a right signature, so most of the
//! inputs get one.
#![no_main]

use std::fmt::Write as _;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wxpay_proto::sign::SignType;
use wxpay_proto::v1::{ApiV2Key, Merchant, Package, PaySignKey};

const PARTNER: &str = "1900000109";

static PARTNER_KEY: LazyLock<ApiV2Key> = LazyLock::new(|| ApiV2Key::new("k".repeat(32)).unwrap());
static PAY_SIGN_KEY: LazyLock<PaySignKey> =
    LazyLock::new(|| PaySignKey::new("p".repeat(128)).unwrap());
static MERCHANT: LazyLock<Merchant> = LazyLock::new(|| {
    let keys = (PARTNER_KEY.clone(), PAY_SIGN_KEY.clone());
    Merchant::new("wxf8b4f85f3a794e77", PARTNER, keys.0, keys.1).unwrap()
});

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    match kind % 4 {
        0 => forged(rest),
        1 => query(rest),
        2 => body(rest),
        _ => package(rest),
    }
});

fn forged(data: &[u8]) {
    let mut parts = data.splitn(2, |&byte| byte == 0);
    let query = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    let believed = MERCHANT.open_payment_notice(&query, body).is_ok()
        || MERCHANT.open_native_callback(body).is_ok()
        || MERCHANT.open_rights_notice(body).is_ok()
        || MERCHANT.open_alarm_notice(body).is_ok();
    assert!(!believed, "a forgery was believed");
    if let Ok(package) = Package::parse(query) {
        assert_eq!(Package::parse(package.as_str()).as_ref(), Ok(&package));
        assert!(
            MERCHANT.open_package(&package).is_err(),
            "a forgery was believed"
        );
    }
}

/// Pairs of a name that is a word, and a value that is any bytes.
fn pairs(data: &[u8]) -> Vec<(&str, &[u8])> {
    let mut pieces = data.split(|&byte| byte == 0);
    let mut pairs: Vec<(&str, &[u8])> = Vec::new();
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = !name.is_empty() && name.bytes().all(is_word);
        if fits && pairs.iter().all(|(other, _)| *other != name) {
            pairs.push((name, value));
        }
    }
    pairs
}

fn escaped(pairs: &[(&str, &[u8])], sign: &str) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        write!(text, "{name}=").unwrap();
        for byte in *value {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(*byte));
            } else {
                write!(text, "%{byte:02X}").unwrap();
            }
        }
        text.push('&');
    }
    text + "sign=" + sign
}

/// The names a payment notice has, behind what the input says of them.
fn query(data: &[u8]) {
    let mut pairs = pairs(data);
    pairs.retain(|(name, _)| *name != "sign");
    let usual: [(&str, &[u8]); 6] = [
        ("partner", PARTNER.as_bytes()),
        ("trade_state", b"0"),
        ("trade_mode", b"1"),
        ("total_fee", b"1"),
        ("fee_type", b"1"),
        ("transaction_id", b"1"),
    ];
    for (name, value) in usual {
        if pairs.iter().all(|(other, _)| *other != name) {
            pairs.push((name, value));
        }
    }
    let sign = PARTNER_KEY.sign(SignType::Md5, pairs.iter().copied());
    let query = escaped(&pairs, &sign);
    let _ = MERCHANT.open_payment_notice(&query, &signed_body(&[]));
    let wrong = escaped(&pairs, &sign.replace(['0', '1', '2', '3'], "F"));
    if wrong != query {
        let forged = MERCHANT.open_payment_notice(&wrong, &signed_body(&[]));
        assert!(forged.is_err(), "a forgery was believed");
    }
}

/// Whatever the document says, it is signed as a native callback.
fn signed_body(fields: &[(&str, &str)]) -> Vec<u8> {
    let value = |name: &str, usual| {
        let found = fields.iter().find(|(other, _)| *other == name);
        found.map_or(usual, |(_, value)| *value)
    };
    let signed = [
        ("AppId", value("AppId", "wxf8b4f85f3a794e77")),
        ("IsSubscribe", value("IsSubscribe", "1")),
        ("NonceStr", value("NonceStr", "n")),
        ("OpenId", value("OpenId", "o")),
        ("ProductId", value("ProductId", "p")),
        ("TimeStamp", value("TimeStamp", "1404187200")),
    ];
    let product = signed.iter().filter(|(name, _)| *name != "ProductId");
    let signature = match fields.is_empty() {
        true => PAY_SIGN_KEY.sign(product.copied()),
        false => PAY_SIGN_KEY.sign(signed),
    };
    let mut all = signed.to_vec();
    let others = fields.iter().copied();
    all.extend(others.filter(|(name, _)| {
        *name != "AppSignature" && signed.iter().all(|(other, _)| other != name)
    }));
    all.push(("AppSignature", &signature));
    if all.iter().all(|(name, _)| *name != "SignMethod") {
        all.push(("SignMethod", "sha1"));
    }
    wxpay_xml::write("xml", &all).unwrap_or_default().into()
}

fn body(data: &[u8]) {
    let pairs = pairs(data);
    let fields: Vec<(&str, &str)> = pairs
        .iter()
        .filter_map(|(name, value)| Some((*name, std::str::from_utf8(value).ok()?)))
        .collect();
    let body = signed_body(&fields);
    if let Ok(callback) = MERCHANT.open_native_callback(&body) {
        let given = fields.iter().find(|(name, _)| *name == "ProductId");
        assert_eq!(callback.product_id, given.map_or("p", |(_, value)| *value));
    }
}

fn package(data: &[u8]) {
    let mut pairs = pairs(data);
    pairs.retain(|(name, _)| *name != "sign");
    pairs.push(("partner", PARTNER.as_bytes()));
    let sign = PARTNER_KEY.sign(SignType::Md5, pairs.iter().copied());
    let Ok(package) = Package::parse(escaped(&pairs, &sign)) else {
        return;
    };
    // What is read can be written, in its charset, and is read as the same order.
    if let Ok(order) = MERCHANT.open_package(&package) {
        let again = MERCHANT.package(&order).expect("an order that was read");
        assert_eq!(MERCHANT.open_package(&again).as_ref(), Ok(&order));
    }
}
