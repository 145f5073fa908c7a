//! What holds for any input.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use wxpay_proto::bytes::Bytes;
use wxpay_proto::http::{HeaderMap, HeaderValue, Response, StatusCode};
use wxpay_proto::sign::Backend;
use wxpay_proto::{
    AcceptError, Merchant, Multipart, Target, Timestamp, Untyped, VerificationError, h5_url,
};

use crate::support::{Case, NONCE, NOW, PUBLIC_KEY_ID, SERIAL, both_names, merchant_of};

static MERCHANT: LazyLock<Merchant> =
    LazyLock::new(|| merchant_of(Backend::default(), both_names(Backend::default())));

const NAMES: [&str; 5] = [
    "wechatpay-timestamp",
    "wechatpay-nonce",
    "wechatpay-signature",
    "wechatpay-serial",
    "wechatpay-signature-type",
];

/// Values of headers: anything, and what comes near.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        "[A-Za-z0-9+/]{0,344}={0,2}".prop_map(String::into_bytes),
        (NOW.as_unix() - 400..NOW.as_unix() + 400).prop_map(|at| at.to_string().into_bytes()),
        Just(SERIAL.as_bytes().to_vec()),
        Just(PUBLIC_KEY_ID.as_bytes().to_vec()),
        Just(b"WECHATPAY2-SHA256-RSA2048".to_vec()),
        "WECHATPAY/SIGNTEST/[A-Za-z0-9+/]{0,8}".prop_map(String::into_bytes),
    ]
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    proptest::collection::vec((0..NAMES.len(), value()), 0..7).prop_map(|pairs| {
        let mut headers = HeaderMap::new();
        // All four are there mostly, or nothing deep would be reached.
        headers.insert(NAMES[0], HeaderValue::from_static("1554208460"));
        headers.insert(NAMES[1], HeaderValue::from_static(NONCE));
        headers.insert(NAMES[2], HeaderValue::from_static("AAAA"));
        headers.insert(NAMES[3], HeaderValue::from_static(PUBLIC_KEY_ID));
        for (index, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert(NAMES[index], value);
            }
        }
        headers
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_filled_into_a_target_comes_out_again(
        segment in "\\PC{1,40}", name in "[a-z_]{1,10}", value in "\\PC{0,40}",
    ) {
        let target = Target::new("/v3/x/").segment(&segment).literal("/y").query(&name, &value);
        let text = target.as_str();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/?=%".contains(&byte)));
        let (path, query) = text.split_once('?').unwrap();
        let encoded = path.strip_prefix("/v3/x/").unwrap().strip_suffix("/y").unwrap();
        let decoded = |text| percent_decode_str(text).decode_utf8().unwrap();
        prop_assert_eq!(decoded(encoded), segment.as_str());
        let (found, encoded) = query.split_once('=').unwrap();
        prop_assert_eq!(found, name);
        prop_assert_eq!(decoded(encoded), value);
        // And is sent as it is, unless it would lead elsewhere.
        let sent = MERCHANT.encode(&Untyped::get(target.clone()), NOW);
        match sent {
            Ok(encoded) => prop_assert_eq!(encoded.target(), text),
            Err(_) => prop_assert!(segment == "." || segment == ".."),
        }
    }

    #[test]
    fn any_target_that_parses_is_sent_to_the_byte(text in "/[!-~]{0,60}") {
        if let Ok(target) = Target::parse(&text) {
            // HTTP itself may still refuse it, but not change it.
            if let Ok(encoded) = MERCHANT.encode(&Untyped::get(target), NOW) {
                prop_assert_eq!(encoded.target(), text);
            }
        }
    }

    #[test]
    fn nothing_made_up_is_an_answer(
        headers in headers(), body in proptest::collection::vec(any::<u8>(), 0..200), status in 200_u16..300,
    ) {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.headers_mut() = headers;
        let operation = Untyped::get(Target::new("/v3/x"));
        let accepted = MERCHANT.accept(&operation, &response, NOW);
        prop_assert!(matches!(accepted, Err(AcceptError::Verification(_))));
    }

    #[test]
    fn any_error_answer_is_an_error(
        headers in headers(), body in "\\PC{0,80}|\\{\"code\":\"[A-Z]{0,5}\",\"detail\":(1|\"x\"|\\{\\})\\}",
        status in prop_oneof![100_u16..200, 300_u16..1000],
    ) {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        *response.headers_mut() = headers;
        let operation = Untyped::get(Target::new("/v3/x"));
        prop_assert!(MERCHANT.accept(&operation, &response, NOW).is_err());
        response.headers_mut().clear();
        let error = MERCHANT.accept(&operation, &response, NOW).unwrap_err();
        let _ = format!("{error} {error:?}");
        if let AcceptError::Api(error) = error {
            prop_assert!(!error.is_verified());
            prop_assert_eq!(error.diagnose(b"GET\n/\n1\nn\n\n"), None);
        }
    }

    #[test]
    fn nothing_made_up_is_a_notification(
        headers in headers(), body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        prop_assert!(MERCHANT.open_notification(&headers, &body, NOW).is_err());
    }

    #[test]
    fn a_changed_notification_is_never_verified(
        index in any::<prop::sample::Index>(), change in 1_u8..=255, part in 0_usize..4,
    ) {
        let case = Case::new("notification/payment");
        let (mut headers, mut body) = (case.headers(), case.bytes("body.txt").to_vec());
        let now = Timestamp::from_unix(1_704_076_497);
        prop_assert!(MERCHANT.open_notification(&headers, &body, now).is_ok());
        if part == 3 {
            let index = index.index(body.len());
            body[index] ^= change;
        } else {
            let mut value = headers[NAMES[part]].as_bytes().to_vec();
            let index = index.index(value.len());
            value[index] ^= change;
            let Ok(value) = HeaderValue::from_bytes(&value) else {
                return Ok(());
            };
            headers.insert(NAMES[part], value);
        }
        let opened = MERCHANT.open_notification(&headers, &body, now);
        let is_unproven = matches!(opened, Err(wxpay_proto::NotificationError::Verification(_)));
        prop_assert!(is_unproven, "{:?}", opened);
    }

    #[test]
    fn a_changed_key_id_never_verifies_by_another_key(
        index in any::<prop::sample::Index>(), change in 1_u8..=127,
    ) {
        let case = Case::new("notification/payment");
        let (mut headers, body) = (case.headers(), case.bytes("body.txt"));
        let now = Timestamp::from_unix(1_704_076_497);
        let mut value = PUBLIC_KEY_ID.as_bytes().to_vec();
        let index = index.index(value.len());
        value[index] ^= change;
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            headers.insert("wechatpay-serial", value);
            let opened = MERCHANT.open_notification(&headers, &body, now);
            let is_refused = matches!(
                opened,
                Err(wxpay_proto::NotificationError::Verification(
                    VerificationError::UnknownKey(_) | VerificationError::MalformedHeader { .. }
                ))
            );
            prop_assert!(is_refused, "{:?}", opened);
        }
    }

    #[test]
    fn a_form_has_as_many_parts_as_were_put_in(
        name in "\\PC{0,20}", value in "\\PC{0,40}", file_name in any::<String>(),
        mime in any::<String>(), content in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let meta = Bytes::from_static(b"{}");
        let form = Multipart::builder(meta).field(&name, &value).file("file", &file_name, &mime, &content);
        let boundary = form.content_type().split_once("boundary=").unwrap().1;
        let marker = format!("--{boundary}").into_bytes();
        let markers = form.body().windows(marker.len()).filter(|window| *window == marker).count();
        prop_assert_eq!(markers, 4);
        // The content stands at the end, whole.
        let tail = [&b"\r\n\r\n"[..], &content, b"\r\n", &marker, b"--\r\n"].concat();
        prop_assert!(form.body().ends_with(&tail));
    }

    #[test]
    fn a_page_to_return_to_comes_out_again(path in "[!-~]{0,40}") {
        let page = format!("https://shop.example/{}", path.replace('#', ""));
        if let Ok(url) = h5_url("https://wx.tenpay.com/x?prepay_id=1", &page) {
            let (_, value) = url.split_once("&redirect_url=").unwrap();
            prop_assert!(!value.contains(['&', '?', '/', ':', '#']));
            prop_assert_eq!(percent_decode_str(value).decode_utf8().unwrap(), page);
        }
    }
}
