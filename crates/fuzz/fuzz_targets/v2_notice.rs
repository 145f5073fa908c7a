//! Notifications of v2, forged and genuine: what is signed is read as it was written, and nothing else is believed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wxpay_proto::sign::SignType;
use wxpay_proto::v2::{ApiV2Key, Merchant};

const MCH_ID: &str = "1900000109";

static KEY: LazyLock<ApiV2Key> = LazyLock::new(|| ApiV2Key::new("k".repeat(32)).unwrap());
static MERCHANT: LazyLock<Merchant> = LazyLock::new(|| Merchant::new(MCH_ID, KEY.clone()).unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((&kind, rest)) = data.split_first() else {
        return;
    };
    match kind % 4 {
        0 => forged(rest),
        1 => signed(rest, SignType::Md5),
        2 => signed(rest, SignType::HmacSha256),
        _ => refund(rest),
    }
});

fn forged(body: &[u8]) {
    let believed = MERCHANT.open_notification(body).is_ok()
        || MERCHANT.open_native_callback(body).is_ok()
        || MERCHANT.open_refund_notification(body).is_ok();
    assert!(!believed, "a forgery was believed");
}

fn signed(data: &[u8], sign_type: SignType) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut pieces = text.split('\0');
    let mut fields = vec![("mch_id", MCH_ID), ("return_code", "SUCCESS")];
    while let (Some(name), Some(value)) = (pieces.next(), pieces.next()) {
        if name != "sign" && fields.iter().all(|(other, _)| *other != name) {
            fields.push((name, value));
        }
    }
    let sign = KEY.sign(sign_type, fields.iter().copied());
    fields.push(("sign", &sign));
    let Ok(body) = wxpay_xml::write("xml", &fields) else {
        return;
    };
    match MERCHANT.open_notification(body.as_bytes()) {
        Ok(notification) => {
            for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
                assert_eq!(notification.get(name), Some(*value), "{name}");
            }
            let _ = (notification.error(), format!("{notification:?}"));
        }
        // Those of the fields that may say that it is another merchant's.
        Err(error) => assert!(
            ["combine_mch_id", "mchid"]
                .iter()
                .any(|name| fields.iter().any(|(other, _)| other == name)),
            "{error}"
        ),
    }
    let _ = MERCHANT.open_native_callback(body.as_bytes());
    // One more field that nobody signed.
    let more = body.replace("</xml>", "<unsigned>1</unsigned></xml>");
    assert!(
        MERCHANT.open_notification(more.as_bytes()).is_err(),
        "a forgery was believed"
    );
}

fn refund(plain: &[u8]) {
    let sealed = KEY.seal_notice(plain).unwrap();
    assert_eq!(KEY.open_notice(&sealed).unwrap(), plain);
    let fields = [
        ("return_code", "SUCCESS"),
        ("mch_id", MCH_ID),
        ("req_info", &*sealed),
    ];
    let body = wxpay_xml::write("xml", fields).unwrap();
    if let Ok(refund) = MERCHANT.open_refund_notification(body.as_bytes()) {
        let document = wxpay_xml::Document::parse(plain).unwrap();
        for (name, text) in document.iter().filter(|(_, text)| !text.is_empty()) {
            assert_eq!(refund.get(name), Some(text));
        }
    }
}
