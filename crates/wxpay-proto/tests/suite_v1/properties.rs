//! What holds for any input.

use std::sync::LazyLock;

use proptest::prelude::*;
use wxpay_proto::Fen;
use wxpay_proto::sign::SignType;
use wxpay_proto::v1::{Charset, Escapes, Merchant, Package, PackageOrder, PrepareError};

use crate::support::{PARTNER, bytes, merchant, partner_key, pay_sign_key, text};

static MERCHANT: LazyLock<Merchant> = LazyLock::new(merchant);

/// Texts of goods: Chinese, ASCII with all that packages escape, now and then what GBK does not have.
fn goods() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~\u{4e00}-\u{9fa5}]{1,20}",
        1 => "[ -~\u{e0}-\u{2fff}]{1,20}",
    ]
}

prop_compose! {
    fn orders()(
        body in goods(), attach in proptest::option::of(goods()), out_trade_no in "[0-9A-Za-z]{1,32}",
        product in 1_i64..1_000_000_000, transport in proptest::option::of(0_i64..1000),
        address in any::<[u8; 4]>(), path in "[a-z0-9/_-]{0,40}",
        gbk in any::<bool>(), lower in any::<bool>(),
    ) -> PackageOrder {
        let total = Fen::new(product + transport.unwrap_or(0));
        let ip = std::net::Ipv4Addr::from(address).to_string();
        let notify_url = format!("https://shop.example/{path}");
        let mut order = PackageOrder::new(body, out_trade_no, total, notify_url, ip)
            .charset(if gbk { Charset::Gbk } else { Charset::Utf8 })
            .escapes(if lower { Escapes::Lower } else { Escapes::Upper });
        order.attach = attach;
        if let Some(transport) = transport {
            order = order.fees(Fen::new(product), Fen::new(transport));
        }
        order
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_package_that_is_written_is_read_back(order in orders()) {
        match MERCHANT.package(&order) {
            Ok(package) => {
                prop_assert!(package.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(!package.as_str().contains('+'));
                let kept = Package::parse(package.as_str()).unwrap();
                prop_assert_eq!(&kept, &package);
                // `https://` has escapes with letters, so the case is told.
                prop_assert_eq!(MERCHANT.open_package(&kept), Ok(order));
            }
            Err(PrepareError::Charset(_)) => prop_assert_eq!(order.charset, Charset::Gbk),
            Err(error) => prop_assert!(matches!(error, PrepareError::Invalid(_)), "{:?}", error),
        }
    }

    #[test]
    fn a_changed_package_is_refused(
        order in orders(), index in any::<prop::sample::Index>(), to in 0x21_u8..0x7f,
    ) {
        let Ok(package) = MERCHANT.package(&order) else {
            return Ok(());
        };
        let mut changed = package.as_str().as_bytes().to_vec();
        let index = index.index(changed.len());
        // The case of an escape is not part of what is signed.
        prop_assume!(!changed[index].eq_ignore_ascii_case(&to));
        changed[index] = to;
        let Ok(changed) = Package::parse(String::from_utf8(changed).unwrap()) else {
            return Ok(());
        };
        prop_assert!(changed.verify(PARTNER, &partner_key()).is_err(), "{}", changed.as_str());
    }

    #[test]
    fn the_order_of_parameters_does_not_matter_to_the_signature(
        order in orders(), seed in any::<u64>(),
    ) {
        let Ok(package) = MERCHANT.package(&order) else {
            return Ok(());
        };
        let mut pairs: Vec<&str> = package.as_str().split('&').collect();
        let len = pairs.len();
        for (at, step) in (0..len).zip(0_u64..) {
            pairs.swap(at, (seed.rotate_left(step as u32 * 7) % len as u64) as usize);
        }
        let shuffled = Package::parse(pairs.join("&")).unwrap();
        prop_assert_eq!(shuffled.verify(PARTNER, &partner_key()), Ok(order));
    }

    #[test]
    fn a_text_in_gbk_is_the_same_text_again(text in "[ -~\u{4e00}-\u{9fa5}]{0,40}") {
        let bytes = Charset::Gbk.encode("x", &text).unwrap();
        prop_assert_eq!(Charset::Gbk.decode("x", &bytes).unwrap(), text.as_str());
    }

    #[test]
    fn any_text_is_encoded_whole_or_not_at_all(text in any::<String>()) {
        if let Ok(bytes) = Charset::Gbk.encode("x", &text) {
            prop_assert_eq!(Charset::Gbk.decode("x", &bytes).unwrap(), text.as_str());
        }
    }

    #[test]
    fn nothing_made_up_is_a_notice(query in "\\PC{0,80}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(MERCHANT.open_payment_notice(&query, &body).is_err());
        prop_assert!(MERCHANT.open_native_callback(&body).is_err());
        prop_assert!(MERCHANT.open_alarm_notice(&body).is_err());
        prop_assert!(MERCHANT.open_rights_notice(&body).is_err());
    }

    #[test]
    fn a_changed_payment_notice_is_refused(index in any::<prop::sample::Index>(), to in 0x20_u8..0x7f) {
        let (query, body) = (text("payment-notice/query.txt"), bytes("payment-notice/body.xml"));
        let mut changed = query.clone().into_bytes();
        let at = index.index(changed.len());
        // A parameter without a value is not signed, and means nothing; nor is the case of an escape.
        let empty = query.find("pay_info").unwrap()..query.find("&partner").unwrap();
        prop_assume!(!changed[at].eq_ignore_ascii_case(&to) && !empty.contains(&at));
        changed[at] = to;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert!(MERCHANT.open_payment_notice(&changed, &body).is_err(), "{}", changed);
    }

    #[test]
    fn every_signed_element_of_a_notice_counts(which in 0_usize..6, to in "[0-9A-Za-z]{1,20}") {
        let names = ["OpenId", "AppId", "IsSubscribe", "ProductId", "TimeStamp", "NonceStr"];
        let values = ["111222", "wxf8b4f85f3a794e77", "1", "777111666", "1369743908", "n"];
        let sign = pay_sign_key(1).sign(names.iter().zip(values));
        prop_assume!(to != values[which]);
        let mut xml = "<xml>".to_owned();
        for (at, name) in names.iter().enumerate() {
            let value = if at == which { &*to } else { values[at] };
            xml.push_str(&format!("<{name}>{value}</{name}>"));
        }
        xml.push_str(&format!("<AppSignature>{sign}</AppSignature></xml>"));
        prop_assert!(MERCHANT.open_native_callback(xml.as_bytes()).is_err());
    }

    #[test]
    fn a_query_signed_by_anybody_else_is_refused(key in "[0-9a-f]{32}", fee in 1_u32..1000) {
        let other = wxpay_proto::v1::ApiV2Key::new(&key).unwrap();
        let fee = fee.to_string();
        let params = [("partner", PARTNER), ("total_fee", &*fee), ("trade_state", "0")];
        let sign = other.sign(SignType::Md5, params);
        let query = format!("partner={PARTNER}&total_fee={fee}&trade_state=0&sign={sign}");
        prop_assert!(MERCHANT.open_payment_notice(&query, &bytes("payment-notice/body.xml")).is_err());
    }
}
