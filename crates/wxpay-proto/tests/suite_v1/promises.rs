//! What the types promise: nothing secret is shown, errors say what to do and repeat nothing.

use std::error::Error;

use wxpay_proto::v1::{
    ConfigError, Merchant, NoticeError, Package, PackageError, PrepareError, TokenCache,
    VerificationError,
};

use crate::support::{APPID, PARTNER, bytes, merchant, partner_key, pay_sign_key, text};

#[test]
fn a_merchant_shows_no_key() {
    assert_eq!(
        format!("{:?}", merchant()),
        "Merchant { appid: \"wxf8b4f85f3a794e77\", partner_id: \"1900000109\", partner_key: \
         ApiV2Key([redacted]), pay_sign_key: PaySignKey([redacted]), charset: Utf8, endpoint: None }"
    );
}

#[test]
fn a_package_shows_no_order() {
    let package = Package::parse(text("package/utf-8/package.txt")).unwrap();
    assert_eq!(
        format!("{package:?}"),
        format!("Package({} bytes)", package.as_str().len())
    );
}

#[test]
fn a_cache_shows_no_token() {
    let cache = TokenCache::default();
    let token = wxpay_proto::v1::AccessToken::new("very-secret-token").unwrap();
    let issued = wxpay_proto::v1::IssuedToken::new(token, 7200);
    cache.install(issued.clone(), crate::support::NOW);
    assert!(!format!("{cache:?} {issued:?}").contains("very-secret"));
}

#[test]
fn what_cannot_be_a_merchant_is_refused() {
    let new = |appid: &str, partner: &str| {
        Merchant::new(appid, partner, partner_key(), pay_sign_key(1)).map(drop)
    };
    assert_eq!(new(APPID, PARTNER), Ok(()));
    for appid in ["", "wx f8", "wxf8\n", &"a".repeat(33)] {
        assert_eq!(new(appid, PARTNER), Err(ConfigError::AppId));
    }
    for partner in ["", "190000010", "19000001090", "190000010a", "190000010\n"] {
        assert_eq!(new(APPID, partner), Err(ConfigError::PartnerId));
    }
}

#[test]
fn displays_do_not_repeat_their_sources() {
    let field = "sign";
    let verification = VerificationError::Mismatch { field };
    let errors: [Box<dyn Error>; 4] = [
        Box::new(NoticeError::Verification(verification.clone())),
        Box::new(PackageError::Verification(verification)),
        Box::new(merchant().open_alarm_notice(b"<xml>").unwrap_err()),
        Box::new(PrepareError::Charset(
            wxpay_proto::v1::CharsetError::Unknown { field: "encoding" },
        )),
    ];
    for error in errors {
        let source = error.source().unwrap().to_string();
        assert!(!error.to_string().contains(&source), "{error}");
    }
}

#[test]
fn errors_show_no_signature_that_would_be_right() {
    let query = text("payment-notice/query-signed-over-utf-8.txt");
    let error = merchant()
        .open_payment_notice(&query, &bytes("payment-notice/body.xml"))
        .unwrap_err();
    let shown = format!("{error:?} {error} {:?}", error.source());
    assert!(!shown.contains("1F9CF19D575A658B95CC9E22C53458B4"));
}
