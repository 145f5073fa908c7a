//! How often memory is asked for. The counter is a global allocator, so this is a program of its own.

use std::hint::black_box;

use allocation_counter::measure;
use wxpay_sign::{ApiV2Key, SignType, VerifyError};

/// A payment notice of 20 fields, in byte order, one field without a value, and longer than any buffer.
fn notice(attach: &str) -> Vec<(&str, &str)> {
    vec![
        ("appid", "wx2421b1c4370ec43b"),
        ("attach", attach),
        ("bank_type", "CFT"),
        ("coupon_count", "1"),
        ("coupon_fee", "0"),
        ("coupon_fee_0", "0"),
        ("coupon_id_0", "10000"),
        ("coupon_type_0", "CASH"),
        ("device_info", ""),
        ("fee_type", "CNY"),
        ("is_subscribe", "Y"),
        ("mch_id", "10000100"),
        ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
        ("openid", "oUpF8uMEb4qRXf22hE3X68TekukE"),
        ("out_trade_no", "1409811653"),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("sign", "00000000000000000000000000000000"),
        ("time_end", "20140903131540"),
        ("total_fee", "1"),
    ]
}

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(black_box(vec![0_u8; 100]))).count_total, 1);
}

#[test]
fn sorted_parameters_are_signed_and_verified_without_memory() {
    let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let long = "支付".repeat(2000);
    for attach in ["", "支付测试", &long] {
        let params = notice(attach);
        for sign_type in [SignType::Md5, SignType::HmacSha256] {
            let sign = key.sign(sign_type, params.iter().copied());
            let wrong = key.sign(sign_type, [("a", "b")]);
            let signs = || {
                let made = key.sign_sorted(sign_type, params.iter().copied());
                assert_eq!(*made, *sign);
            };
            assert_eq!(measure(signs).count_total, 0, "sign, {sign_type}");
            let verifies = || {
                let verify = |sign| key.verify_sorted(params.iter().copied(), sign);
                assert_eq!(verify(&sign), Ok(()));
                assert_eq!(verify(&wrong), Err(VerifyError::Mismatch));
                assert_eq!(verify("1"), Err(VerifyError::Malformed));
            };
            assert_eq!(measure(verifies).count_total, 0, "verify, {sign_type}");
        }
    }
}

#[test]
fn sorting_takes_one_list_and_the_text() {
    let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap();
    let mut params = notice("1");
    params.swap(0, 5);
    let signs = || drop(key.sign(SignType::Md5, params.iter().copied()));
    assert!(measure(signs).count_total <= 3);
}

#[cfg(feature = "file")]
#[test]
fn files_are_opened_without_memory() {
    let key = wxpay_sign::FileKey::new([7; 32]).unwrap();
    let mut file = vec![7; 100_000];
    key.seal(b"a8607ef79034c49c", &mut file).unwrap();
    let mut opener = key.opener(b"a8607ef79034c49c").unwrap();
    let updates = || {
        for piece in file.chunks_mut(4099) {
            opener.update(piece).unwrap();
        }
    };
    assert_eq!(measure(updates).count_total, 0);
    opener.finish().unwrap();
}
