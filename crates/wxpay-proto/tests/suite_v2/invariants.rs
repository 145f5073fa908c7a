//! What holds for every value.

use proptest::prelude::*;
use wxpay_proto::v2::{AcceptError, SignType, Untyped, VerificationError};
use wxpay_proto::{Idempotency, danger};

use crate::support::{document, key, merchant, nonce, ok, signed};

/// Texts of every sort that XML allows.
fn text() -> impl Strategy<Value = String> {
    let allowed = |char: &char| !matches!(char, '\u{fffe}' | '\u{ffff}');
    prop_oneof![
        "[0-9]{1,20}",
        "[ -~]{1,40}",
        "[\\]>&<\r\n\t \"']{1,12}",
        proptest::collection::vec(
            any::<char>().prop_filter("not in XML", move |char| {
                allowed(char) && (!char.is_control() || matches!(char, '\t' | '\n' | '\r'))
            }),
            1..20
        )
        .prop_map(String::from_iter),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z_]{0,12}(_[0-9]{1,2})?".prop_filter("set by the merchant", |name| {
        !["mch_id", "nonce_str", "sign", "sign_type"].contains(&name.as_str())
    })
}

fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::btree_map(name(), text(), 0..24)
        .prop_map(|map| map.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}

fn answer(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut all = vec![("mch_id", "10000100"), ("return_code", "SUCCESS")];
    let envelope = [
        "mch_id",
        "return_code",
        "result_code",
        "err_code",
        "error_code",
        "appid",
    ];
    let others = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !envelope.contains(name));
    all.extend(others);
    all
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_and_verifies(fields in fields()) {
        let untyped = fields.iter().fold(
            Untyped::post("/pay/x", Idempotency::No),
            |untyped, (name, value)| {
                let name: &'static str = Box::leak(name.as_str().into());
                untyped.field(name, value.as_str())
            },
        );
        let encoded = merchant().encode(&untyped, &nonce()).unwrap();
        let read = danger::v2::parameters_unverified(encoded.body()).unwrap();
        prop_assert_eq!(read.len(), fields.len() + 4);
        for (name, value) in &fields {
            prop_assert_eq!(read.get(name), Some(value.as_str()));
        }
        key().verify(read.iter(), read.get("sign").unwrap()).unwrap();
    }

    #[test]
    fn signing_ignores_the_order(
        fields in fields(),
        seed in any::<u64>(),
        hmac in any::<bool>(),
    ) {
        let mut shuffled = answer(&fields);
        let sign_type = if hmac { SignType::HmacSha256 } else { SignType::Md5 };
        let body = signed(&shuffled, sign_type);
        let untyped = Untyped::post("/pay/x", Idempotency::No);
        let one = merchant().accept(&untyped, &ok(body)).unwrap();
        let sign = one.get("sign").unwrap().to_owned();
        // Any rotation of the same fields carries the same signature.
        let by = seed as usize % shuffled.len();
        shuffled.rotate_left(by);
        shuffled.push(("sign", &sign));
        let other = merchant().accept(&untyped, &ok(document(&shuffled))).unwrap();
        prop_assert!(one.parameters().iter().eq(other.parameters().iter()));
    }

    #[test]
    fn a_single_byte_changed_is_not_believed(
        fields in fields(),
        seed in any::<usize>(),
        mask in 1u8..128,
        hmac in any::<bool>(),
    ) {
        let sign_type = if hmac { SignType::HmacSha256 } else { SignType::Md5 };
        let fields = answer(&fields);
        let body = signed(&fields, sign_type);
        let untyped = Untyped::post("/pay/x", Idempotency::No);
        let original = merchant().accept(&untyped, &ok(body.clone())).unwrap();
        let mut bytes = body.into_bytes();
        let at = seed % bytes.len();
        bytes[at] ^= mask;
        // It may still mean the same, white space between two fields for instance. If so it is believed.
        match merchant().accept(&untyped, &ok(bytes)) {
            Ok(changed) => prop_assert!(changed.parameters().iter().eq(original.parameters().iter())),
            Err(error) => prop_assert!(
                !matches!(error, AcceptError::Api(_)),
                "{error:?} is believed"
            ),
        }
    }

    #[test]
    fn a_single_byte_of_a_value_changed_does_not_verify(
        fields in fields(),
        seed in any::<usize>(),
        letter in proptest::char::range('a', 'z'),
    ) {
        let fields = answer(&fields);
        let sign = key().sign(SignType::Md5, fields.iter().copied());
        let which = seed % fields.len();
        let (name, value) = fields[which];
        let mut changed: Vec<char> = value.chars().collect();
        let at = seed % changed.len();
        prop_assume!(changed[at] != letter);
        changed[at] = letter;
        let changed: String = changed.into_iter().collect();
        let mut fields = fields.clone();
        fields[which] = (name, &changed);
        fields.push(("sign", &sign));
        let untyped = Untyped::post("/pay/x", Idempotency::No);
        let error = merchant().accept(&untyped, &ok(document(&fields))).unwrap_err();
        let expected = match name {
            "return_code" => matches!(error, AcceptError::Protocol(_)),
            _ => matches!(error, AcceptError::Verification(VerificationError::Mismatch)),
        };
        prop_assert!(expected, "{name}: {error:?}");
    }

    #[test]
    fn no_body_is_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200), near in "(<xml>)?(<a>|</a>|<!\\[CDATA\\[|\\]\\]>|&lt;|1|<return_code>SUCCESS</return_code>){0,12}(</xml>)?") {
        let untyped = Untyped::post("/pay/x", Idempotency::No);
        for body in [body, near.into_bytes()] {
            let _ = merchant().open_notification(&body);
            let _ = merchant().open_refund_notification(&body);
            let _ = merchant().open_native_callback(&body);
            let _ = wxpay_proto::v2::file_start(&body);
            prop_assert!(merchant().accept(&untyped, &ok(body)).is_err());
        }
    }
}
