use serde_json::json;
use sha1::{Digest, Sha1};

use super::super::super::model::{Order, Refund};
use super::super::super::text::hex;
use super::*;

const VECTOR: &str = include_str!("../../../../../tests/vectors/trade_bill_all.csv");
pub(in super::super) const MIDNIGHT: i64 = 1_704_038_400;
pub(in super::super) const ELEVEN: i64 = MIDNIGHT + 11 * 3_600;

pub(in super::super) fn order() -> Order {
    serde_json::from_value(json!({
        "out_trade_no": "1217752501201407033233368018",
        "combine": null,
        "owner": {
            "appid": "wxd678efh567hg6787", "mchid": "1900007291", "sub_appid": null, "sub_mchid": null,
        },
        "trade_type": "Jsapi",
        "description": "深圳,腾大 公仔",
        "attach": "a,b",
        "device_id": null,
        "total": 100,
        "notify_url": null,
        "payer": { "openid": null, "sub_openid": null },
        "fingerprint": "",
        "created": MIDNIGHT,
        "expires": MIDNIGHT,
        "closes": MIDNIGHT,
        "state": "REFUND",
        "codes": [],
        "typing_until": null,
        "payment": {
            "transaction_id": "4200000000202401010000000001",
            "at": 1_704_076_496,
            "bank_type": "OTHERS",
            "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "sub_openid": null },
        },
        "ended": null,
        "reversal": null,
        "refunds": ["R1217752501201407033233368018"],
    }))
    .unwrap()
}

fn refund(created: i64, succeeded: i64) -> Refund {
    serde_json::from_value(json!({
        "out_refund_no": "R1217752501201407033233368018",
        "refund_id": "50000000382019052709732678859",
        "out_trade_no": "1217752501201407033233368018",
        "amount": 100,
        "from": [],
        "funds_account": null,
        "reason": null,
        "notify_url": null,
        "created": created,
        "status": "SUCCESS",
        "received_by": "",
        "channel": "ORIGINAL",
        "coming": null,
        "succeeded": succeeded,
        "fee": 1,
        "redirected": false,
    }))
    .unwrap()
}

/// A payment of 1.00 yuan, and its refund.
pub(in super::super) fn store(created: i64, succeeded: i64) -> Store {
    let mut store = Store::default();
    store.put_order(order());
    store.put_refund(refund(created, succeeded));
    store
}

/// Accepted at eleven o'clock, and there ten seconds later.
fn refunded() -> Store {
    store(ELEVEN, ELEVEN + 10)
}

#[test]
fn the_vector_is_written_to_the_byte() {
    let bill = write(
        &refunded(),
        TradeBill::All,
        None,
        &(MIDNIGHT..MIDNIGHT + 86_400),
        Manner::default(),
    )
    .unwrap();
    assert_eq!(bill, VECTOR);
    assert_eq!(bill.len(), 1_179);
    assert_eq!(
        hex(&Sha1::digest(&bill)),
        "4bdf5d968023705ab8e622c2fb68da1a0b5cb228"
    );
}

#[test]
fn each_bill_has_its_columns() {
    let day = MIDNIGHT..MIDNIGHT + 86_400;
    let lines = |which| {
        let bill = write(&refunded(), which, None, &day, Manner::default()).unwrap();
        let text = bill
            .strip_prefix('\u{feff}')
            .unwrap()
            .strip_suffix("\r\n")
            .unwrap()
            .to_owned();
        text.split("\r\n").map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(TradeBill::Success),
        [
            "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注",
            "`2024-01-01 10:34:56,`wxd678efh567hg6787,`1900007291,`0,`,`4200000000202401010000000001,`1217752501201407033233368018,`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`深圳,腾大 公仔,`a,b,`0.01000,`0.60%,`1.00,`",
            "总交易单数,应结订单总金额,手续费总金额,订单总金额",
            "`1,`1.00,`0.01000,`1.00",
        ]
    );
    assert_eq!(
        lines(TradeBill::Refund),
        [
            "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
            "`2024-01-01 10:34:56,`wxd678efh567hg6787,`1900007291,`0,`,`4200000000202401010000000001,`1217752501201407033233368018,`oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`2024-01-01 11:00:00,`2024-01-01 11:00:10,`50000000382019052709732678859,`R1217752501201407033233368018,`1.00,`0.00,`ORIGINAL,`SUCCESS,`深圳,腾大 公仔,`a,b,`-0.01000,`0.60%,`0.00,`1.00,`",
            "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
            "`1,`0.00,`1.00,`0.00,`-0.01000,`0.00,`1.00",
        ]
    );
    for (which, columns) in [
        (TradeBill::All, 27),
        (TradeBill::Success, 20),
        (TradeBill::Refund, 29),
    ] {
        assert_eq!(lines(which)[0].split(',').count(), columns);
        assert_eq!(lines(which)[1].split(",`").count(), columns);
    }
}

#[test]
fn a_day_begins_at_midnight_in_beijing() {
    let store = refunded();
    let paid = 1_704_076_496;
    let has = |hours| write(&store, TradeBill::Success, None, &hours, Manner::default()).is_some();
    assert!(has(paid..paid + 1));
    assert!(!has(paid + 1..paid + 86_400));
    assert!(!has(paid - 86_400..paid));
}

#[test]
fn a_refund_is_in_the_bill_of_the_day_it_was_accepted_on_as_it_was_at_nine() {
    let days = [0, 1].map(|day| MIDNIGHT + day * DAY..MIDNIGHT + (day + 1) * DAY);
    let nine = MIDNIGHT + READY;
    let late = MIDNIGHT + DAY - 1;
    for (succeeded, fields) in [
        (nine - 1, "`2024-01-01 23:59:59,`2024-01-02 08:59:59,"),
        (nine, "`2024-01-01 23:59:59,`,"),
    ] {
        let store = store(late, succeeded);
        let bill = |day: usize| {
            let which = TradeBill::Refund;
            write(&store, which, None, &days[day], Manner::default())
        };
        let text = bill(0).unwrap();
        assert!(text.contains(fields), "{text}");
        assert_eq!(text.contains(",`SUCCESS,"), succeeded < nine, "{text}");
        assert_eq!(text.contains(",`PROCESSING,"), succeeded >= nine, "{text}");
        assert!(text.contains(",`-0.01000,"), "{text}");
        assert_eq!(bill(1), None);
    }
}

#[test]
fn a_failed_refund_is_there_and_gives_nothing_back() {
    let mut store = refunded();
    let mut refund = refund(ELEVEN, ELEVEN);
    refund.succeeded = None;
    refund.status = RefundStatus::Closed;
    store.put_refund(refund);
    let day = MIDNIGHT..MIDNIGHT + DAY;
    let bill = write(&store, TradeBill::All, None, &day, Manner::default()).unwrap();
    let row = bill.split("\r\n").nth(2).unwrap();
    assert!(
        row.contains(",`0.00,`0.00,`ORIGINAL,`FAIL,")
            && row.ends_with(",`0.00000,`0.60%,`0.00,`1.00,`"),
        "{row}"
    );
    assert!(
        bill.ends_with("\r\n`2,`1.00,`0.00,`0.00,`0.01000,`1.00,`1.00\r\n"),
        "{bill}"
    );
}
