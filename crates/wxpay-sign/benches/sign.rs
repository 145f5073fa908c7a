//! What a request, an answer and a notification cost, with each backend that is compiled in.
//!
//! `cargo bench -p wxpay-sign --features aws-lc-rs`

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use md5::{Digest as _, Md5};
use wxpay_sign::{
    ApiV2Key, ApiV3Key, Backend, Decryptor as _, Encryptor as _, Nonce, PrivateKey, SignType,
    Signature, Signer as _, Timestamp, request_message, response_message,
};

const PRIVATE_KEY: &str = include_str!("../tests/vectors/keys/TEST-ONLY-private-key.pem");
const API_V3_KEY: &str = include_str!("../tests/vectors/keys/TEST-ONLY-api-v3-key.txt");
const BODY: &[u8] = include_bytes!("../tests/vectors/request/post-json-with-chinese/body.txt");
const OAEP: &str = include_str!("../tests/vectors/oaep/name-and-phone/ciphertext.txt");

/// A payment notice of API v2.
const NOTICE: &str = include_str!("../tests/vectors/parameters/payment-notification/params.txt");
const NOTICE_SIGN: &str = include_str!("../tests/vectors/parameters/payment-notification/md5.txt");

/// A whole payment notification: 909 bytes of body, 447 of ciphertext and tag in it.
mod notification {
    pub(crate) const TIMESTAMP: &str =
        include_str!("../tests/vectors/response/payment-notification/timestamp.txt");
    pub(crate) const NONCE: &str =
        include_str!("../tests/vectors/response/payment-notification/nonce.txt");
    pub(crate) const BODY: &[u8] =
        include_bytes!("../tests/vectors/response/payment-notification/body.txt");
    pub(crate) const SIGNATURE: &str =
        include_str!("../tests/vectors/response/payment-notification/signature.txt");
    pub(crate) const GCM_NONCE: &[u8] =
        include_bytes!("../tests/vectors/gcm/payment-notification/nonce.txt");
    pub(crate) const CIPHERTEXT: &str =
        include_str!("../tests/vectors/gcm/payment-notification/ciphertext.txt");
}

fn rsa(criterion: &mut Criterion) {
    let nonce = Nonce::from_bytes([7; 16]);
    let at = Timestamp::from_unix(1_554_208_460);
    let message = request_message("POST", "/v3/pay/transactions/jsapi", at, &nonce, BODY);
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).expect("test key");
        let public = key.public_key();
        let signature = key.sign(&message).expect("sign");
        criterion.bench_function(&format!("sign/{backend:?}"), |bencher| {
            bencher.iter(|| key.sign(black_box(&message)));
        });
        criterion.bench_function(&format!("verify/{backend:?}"), |bencher| {
            bencher.iter(|| public.verify(black_box(&message), black_box(&signature)));
        });
        criterion.bench_function(&format!("oaep decrypt/{backend:?}"), |bencher| {
            bencher.iter(|| key.decrypt(black_box(OAEP)));
        });
        criterion.bench_function(&format!("oaep encrypt/{backend:?}"), |bencher| {
            bencher.iter(|| public.encrypt(black_box("张三 13800138000")));
        });
        criterion.bench_function(&format!("private key from pem/{backend:?}"), |bencher| {
            bencher.iter(|| PrivateKey::from_pem_with(backend, black_box(PRIVATE_KEY)));
        });
    }
}

fn notifications(criterion: &mut Criterion) {
    use notification::{BODY, CIPHERTEXT, GCM_NONCE, NONCE, SIGNATURE, TIMESTAMP};
    for &backend in Backend::all() {
        let public = PrivateKey::from_pem_with(backend, PRIVATE_KEY)
            .expect("test key")
            .public_key();
        let api_v3_key = ApiV3Key::new_with(backend, API_V3_KEY).expect("test key");
        criterion.bench_function(&format!("gcm open/{backend:?}"), |bencher| {
            bencher.iter(|| api_v3_key.open(GCM_NONCE, b"transaction", black_box(CIPHERTEXT)));
        });
        criterion.bench_function(&format!("notification/{backend:?}"), |bencher| {
            bencher.iter(|| {
                let signature = Signature::from_base64(black_box(SIGNATURE)).expect("base64");
                let message = response_message(TIMESTAMP, NONCE, black_box(BODY));
                public.verify(&message, &signature).expect("verified");
                api_v3_key.open(GCM_NONCE, b"transaction", CIPHERTEXT)
            });
        });
    }
}

fn without_rsa(criterion: &mut Criterion) {
    let key = ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").expect("test key");
    let params = [
        ("appid", "wxd930ea5d5a258f4f"),
        ("mch_id", "10000100"),
        ("device_info", "1000"),
        ("body", "test"),
        ("nonce_str", "ibuaiVcKdpRxkhJA"),
    ];
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        criterion.bench_function(&format!("parameters/{sign_type}"), |bencher| {
            bencher.iter(|| key.sign(sign_type, black_box(params)));
        });
    }
    let order = [
        ("appid", "wx2421b1c4370ec43b"),
        ("attach", "支付测试"),
        ("body", "coffee & cake"),
        ("device_info", "WEB"),
        ("fee_type", "CNY"),
        ("mch_id", "10000100"),
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("notify_url", "https://shop.example/pay/notify"),
        ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("out_trade_no", "20240101103456001"),
        ("sign_type", "MD5"),
        ("spbill_create_ip", "203.0.113.7"),
        ("time_expire", "20240101113456"),
        ("total_fee", "100"),
        ("trade_type", "JSAPI"),
    ];
    let text: Vec<String> = order
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = text.join("&") + "&key=192006250b4c09247ec02edce69f6a2d";
    criterion.bench_function("an order of 15 fields/sign_sorted MD5", |bencher| {
        bencher.iter(|| key.sign_sorted(SignType::Md5, black_box(order)));
    });
    criterion.bench_function("an order of 15 fields/bare MD5 of the text", |bencher| {
        bencher.iter(|| Md5::digest(black_box(text.as_bytes())));
    });
    criterion.bench_function("a notice of 20 fields/verify_sorted MD5", |bencher| {
        let mut params: Vec<(&str, &str)> = NOTICE
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        params.sort_unstable();
        bencher.iter(|| {
            key.verify_sorted(black_box(&params).iter().copied(), NOTICE_SIGN)
                .expect("verified")
        });
    });
    let nonce = Nonce::from_bytes([7; 16]);
    let at = Timestamp::from_unix(1_554_208_460);
    criterion.bench_function("request message", |bencher| {
        bencher.iter(|| {
            request_message(
                "POST",
                "/v3/pay/transactions/jsapi",
                at,
                &nonce,
                black_box(BODY),
            )
        });
    });
}

criterion_group!(benches, rsa, notifications, without_rsa);
criterion_main!(benches);
