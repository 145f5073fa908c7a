//! Requests and answers to the byte, in the shapes that WeChat Pay documents.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "support/merchant.rs"]
mod merchant;

use merchant::{answered, sent};
use wxpay_api::pay::{
    Amount, CloseOrder, CodePay, CodePaySceneInfo, CodePayer, H5Info, H5Prepay, H5SceneInfo,
    H5Type, JsapiPayer, JsapiPrepay, QueryOrderById, QueryOrderByOutTradeNo, ShopInfo, TradeState,
    TradeType,
};
use wxpay_api::{Currency, bill, certificates, combine, partner_pay, refund};
use wxpay_proto::{AcceptError, Date, DateTime, Fen};

fn target(request: &http::Request<bytes::Bytes>) -> &str {
    request.uri().path_and_query().unwrap().as_str()
}

fn text(request: &http::Request<bytes::Bytes>) -> &str {
    std::str::from_utf8(request.body()).unwrap()
}

fn jsapi() -> JsapiPrepay {
    JsapiPrepay::new(
        "wxd678efh567hg6787",
        "1900007291",
        "Image形象店-深圳腾大-QQ公仔",
        "1217752501201407033233368018",
        "https://www.weixin.qq.com/wxpay/pay.php",
        Amount::new(Fen::new(100)).currency(Currency::Cny),
        JsapiPayer::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
    )
}

#[test]
fn jsapi_order() {
    let request = sent(&jsapi());
    assert_eq!(request.method(), http::Method::POST);
    assert_eq!(target(&request), "/v3/pay/transactions/jsapi");
    // The body of the signature guide, 295 bytes, signed and sent as it is.
    let vector = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sign/tests/vectors/request/post-json-with-chinese/body.txt"
    );
    let expected = std::fs::read_to_string(vector).unwrap();
    assert_eq!(text(&request), expected);
    assert_eq!(request.body().len(), 295);
    let response = answered(
        &jsapi(),
        r#"{"prepay_id":"wx201410272009395522657a690389285100"}"#,
    )
    .unwrap();
    assert_eq!(response.prepay_id, "wx201410272009395522657a690389285100");
}

#[test]
fn h5_order() {
    let scene = H5SceneInfo::new("203.0.113.7", H5Info::new(H5Type::Wap));
    let amount = Amount::new(Fen::new(1));
    let order = H5Prepay::new(
        "wx1",
        "1900007291",
        "伞",
        "order-1",
        "https://shop.example/n",
        amount,
        scene,
    )
    .time_expire("2018-06-08T10:34:56+08:00".parse::<DateTime>().unwrap());
    assert_eq!(
        text(&sent(&order)),
        r#"{"appid":"wx1","mchid":"1900007291","description":"伞","out_trade_no":"order-1","time_expire":"2018-06-08T10:34:56+08:00","notify_url":"https://shop.example/n","amount":{"total":1},"scene_info":{"payer_client_ip":"203.0.113.7","h5_info":{"type":"Wap"}}}"#
    );
}

#[test]
fn payment_by_code() {
    let order = CodePay::new(
        "wx1",
        "1900007291",
        "伞",
        "order-1",
        CodePayer::new("130061098828009406"),
        Amount::new(Fen::new(100)),
        CodePaySceneInfo::new(ShopInfo::new().out_id("S1")),
    );
    assert_eq!(
        text(&sent(&order)),
        r#"{"appid":"wx1","mchid":"1900007291","description":"伞","out_trade_no":"order-1","payer":{"auth_code":"130061098828009406"},"amount":{"total":100},"scene_info":{"store_info":{"out_id":"S1"}}}"#
    );
    let shown = format!("{order:?}");
    assert!(
        shown.contains("CodePayer { auth_code: Sensitive([redacted]) }"),
        "{shown}"
    );
    let body = r#"{"mchid":"1900007291","out_trade_no":"order-1","trade_state":"USERPAYING"}"#;
    assert_eq!(
        answered(&order, body).unwrap().trade_state,
        TradeState::UserPaying
    );
}

#[test]
fn a_path_is_encoded_once() {
    let query = QueryOrderByOutTradeNo::new("a|b*c-1", "1900007291");
    let request = sent(&query);
    assert_eq!(request.method(), http::Method::GET);
    assert_eq!(
        target(&request),
        "/v3/pay/transactions/out-trade-no/a%7Cb%2Ac-1?mchid=1900007291"
    );
    assert!(request.body().is_empty());
    let close = CloseOrder::new("a|b*c-1", "1900007291");
    let request = sent(&close);
    assert_eq!(
        target(&request),
        "/v3/pay/transactions/out-trade-no/a%7Cb%2Ac-1/close"
    );
    assert_eq!(text(&request), r#"{"mchid":"1900007291"}"#);
    answered(&close, "").unwrap();
}

#[test]
fn an_unpaid_order() {
    let query = QueryOrderById::new("1217752501201407033233368018", "1900007291");
    let order = answered(
        &query,
        r#"{"amount":{"payer_currency":"CNY","total":100},"appid":"wxd678efh567hg6787","mchid":"1900007291","out_trade_no":"order-1","promotion_detail":[],"scene_info":{"device_id":""},"success_time":"","trade_state":"NOTPAY","trade_state_desc":"订单未支付","trade_type":null}"#,
    )
    .unwrap();
    assert_eq!(order.trade_state, TradeState::NotPay);
    let amount = order.amount.unwrap();
    assert_eq!(
        (amount.total, amount.payer_total),
        (Some(Fen::new(100)), None)
    );
    assert_eq!((order.success_time, order.trade_type), (None, None));
    assert!(order.promotion_detail.is_empty() && order.payer.is_none());
}

#[test]
fn a_state_nobody_knows_is_kept() {
    let query = QueryOrderById::new("1", "1900007291");
    let body = r#"{"mchid":"1900007291","out_trade_no":"order-1","trade_state":"FROZEN","trade_type":"NATIVE"}"#;
    let order = answered(&query, body).unwrap();
    assert_eq!(order.trade_state.as_str(), "FROZEN");
    assert_eq!(order.trade_type, Some(TradeType::Native));
    assert_eq!(
        serde_json::to_string(&order.trade_state).unwrap(),
        r#""FROZEN""#
    );
}

#[test]
fn what_is_wrong_with_an_answer_is_named() {
    let query = QueryOrderById::new("1", "1900007291");
    for (body, path, words) in [
        (
            r#"{"mchid":"1900007291","out_trade_no":"o"}"#,
            "trade_state",
            "missing",
        ),
        (
            r#"{"mchid":"1900007291","out_trade_no":"o","trade_state":"SUCCESS","amount":{"total":19.9}}"#,
            "amount.total",
            "fen",
        ),
    ] {
        let Err(AcceptError::Decode(failure)) = answered(&query, body) else {
            panic!("{body} was taken");
        };
        let error = std::error::Error::source(&*failure).unwrap().to_string();
        assert!(error.contains(path) && error.contains(words), "{error}");
        assert!(
            !error.contains("19.9"),
            "values stay out of errors: {error}"
        );
    }
}

#[test]
fn a_partners_order() {
    let order = partner_pay::JsapiPrepay::new(
        "wx1",
        "1900000100",
        "1900000109",
        "伞",
        "order-1",
        "https://shop.example/n",
        partner_pay::Amount::new(Fen::new(100)),
        partner_pay::JsapiPayer::new().sub_openid("o1"),
    )
    .sub_appid("wx2")
    .settle_info(partner_pay::SettleInfo::new().profit_sharing(true));
    assert_eq!(
        text(&sent(&order)),
        r#"{"sp_appid":"wx1","sp_mchid":"1900000100","sub_appid":"wx2","sub_mchid":"1900000109","description":"伞","out_trade_no":"order-1","notify_url":"https://shop.example/n","amount":{"total":100},"payer":{"sub_openid":"o1"},"settle_info":{"profit_sharing":true}}"#
    );
    let query = partner_pay::QueryOrderByOutTradeNo::new("order-1", "1900000100", "1900000109");
    assert_eq!(
        target(&sent(&query)),
        "/v3/pay/partner/transactions/out-trade-no/order-1?sp_mchid=1900000100&sub_mchid=1900000109"
    );
}

#[test]
fn a_combined_order() {
    let one = |number: &str| {
        let amount = combine::SubOrderAmount::new(Fen::new(10), Currency::Cny);
        combine::SubOrder::new("1900007292", "a", amount, number, "伞")
    };
    let order = combine::NativePrepay::new(
        "wx1",
        "1900007291",
        "C20240101",
        [one("S00001"), one("S00002")],
        "https://shop.example/n",
    );
    assert_eq!(
        text(&sent(&order)),
        r#"{"combine_appid":"wx1","combine_mchid":"1900007291","combine_out_trade_no":"C20240101","sub_orders":[{"mchid":"1900007292","attach":"a","amount":{"total_amount":10,"currency":"CNY"},"out_trade_no":"S00001","description":"伞"},{"mchid":"1900007292","attach":"a","amount":{"total_amount":10,"currency":"CNY"},"out_trade_no":"S00002","description":"伞"}],"notify_url":"https://shop.example/n"}"#
    );
    let close = combine::CloseOrder::new(
        "C20240101",
        "wx1",
        [combine::CloseSubOrder::new("1900007292", "S00001")],
    );
    let request = sent(&close);
    assert_eq!(
        target(&request),
        "/v3/combine-transactions/out-trade-no/C20240101/close"
    );
    assert_eq!(
        text(&request),
        r#"{"combine_appid":"wx1","sub_orders":[{"mchid":"1900007292","out_trade_no":"S00001"}]}"#
    );
}

#[test]
fn a_refund() {
    let amount = refund::RefundRequestAmount::new(Fen::new(30), Fen::new(100), "CNY");
    let create = refund::CreateRefund::new("R|1@a", amount)
        .out_trade_no("order-1")
        .reason("商品已售完");
    assert_eq!(
        text(&sent(&create)),
        r#"{"out_trade_no":"order-1","out_refund_no":"R|1@a","reason":"商品已售完","amount":{"refund":30,"total":100,"currency":"CNY"}}"#
    );
    let refund = answered(
        &create,
        r#"{"amount":{"currency":"CNY","discount_refund":0,"from":[],"payer_refund":30,"payer_total":100,"refund":30,"refund_fee":0,"settlement_refund":30,"settlement_total":100,"total":100},"channel":"ORIGINAL","create_time":"2024-01-01T10:34:56+08:00","funds_account":"AVAILABLE","out_refund_no":"R|1@a","out_trade_no":"order-1","promotion_detail":[],"refund_id":"50000000382019052709732678859","status":"PROCESSING","transaction_id":"42","user_received_account":"招商银行信用卡0403"}"#,
    )
    .unwrap();
    assert_eq!(refund.status, refund::RefundStatus::Processing);
    assert_eq!(refund.amount.payer_refund, Some(Fen::new(30)));
    let query = refund::QueryRefund::new("R|1@a").sub_mchid("1900000109");
    assert_eq!(
        target(&sent(&query)),
        "/v3/refund/domestic/refunds/R%7C1%40a?sub_mchid=1900000109"
    );
}

#[test]
fn bills() {
    let day: Date = "2019-06-11".parse().unwrap();
    let bill = bill::TradeBill::new(day)
        .bill_type(bill::BillType::All)
        .tar_type(bill::TarType::Gzip);
    assert_eq!(
        target(&sent(&bill)),
        "/v3/bill/tradebill?bill_date=2019-06-11&bill_type=ALL&tar_type=GZIP"
    );
    let link = answered(
        &bill,
        r#"{"download_url":"https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv5TUPto7pByrTQKhd6kwvyKLG2uY2wMMR8cNXqaA_Cv_isgaUtBzp4QtiozLO&tartype=gzip","hash_type":"SHA1","hash_value":"79bb0f45fc4c42234a918000b2668d689e2bde04"}"#,
    )
    .unwrap();
    let download = bill::DownloadBill::of(&link).unwrap();
    let request = sent(&download);
    assert_eq!(
        target(&request),
        "/v3/billdownload/file?token=6XIv5TUPto7pByrTQKhd6kwvyKLG2uY2wMMR8cNXqaA_Cv_isgaUtBzp4QtiozLO&tartype=gzip"
    );
    assert_eq!(
        target(&sent(&bill::FundFlowBill::new(day))),
        "/v3/bill/fundflowbill?bill_date=2019-06-11"
    );
}

#[test]
fn links_that_lead_elsewhere_are_refused() {
    for link in [
        "",
        "/v3/billdownload/file?token=a",
        "ftp://api.mch.weixin.qq.com/v3/billdownload/file?token=a",
        "https://api.mch.weixin.qq.com/v3/pay/transactions/native",
        "https://example.com/?a=/v3/billdownload/file",
    ] {
        let error = bill::DownloadBill::new(link).unwrap_err().to_string();
        assert!(error.starts_with("download_url: "), "{link}: {error}");
    }
}

#[test]
fn certificates_with_and_without_a_kind() {
    use certificates::{AlgorithmType, ListCertificates};
    assert_eq!(target(&sent(&ListCertificates::new())), "/v3/certificates");
    let all = ListCertificates::new().algorithm_type(AlgorithmType::All);
    assert_eq!(target(&sent(&all)), "/v3/certificates?algorithm_type=ALL");
}
