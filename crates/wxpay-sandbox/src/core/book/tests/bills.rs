use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use wxpay_json::Fen;

use super::super::text::hex;
use super::super::{CutOff, Flaws};
use super::counter::*;
use crate::core::call::{Failure, Reply};

/// The rows of a bill by the names of its columns, and its sums.
pub(super) struct Parsed {
    pub(super) rows: Vec<BTreeMap<String, String>>,
    pub(super) sums: BTreeMap<String, String>,
}

/// Reads a bill as merchants do: by the names in the headers, fields between comma and back-tick.
pub(super) fn parse(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let lines: Vec<&str> = text
        .strip_suffix("\r\n")
        .expect("the last line ends")
        .split("\r\n")
        .collect();
    let named = |header: &str, line: &str| -> BTreeMap<String, String> {
        let fields: Vec<&str> = line
            .strip_prefix('`')
            .expect("a back-tick")
            .split(",`")
            .collect();
        let names: Vec<&str> = header.split(',').collect();
        assert_eq!(names.len(), fields.len(), "{line}");
        names
            .into_iter()
            .map(str::to_owned)
            .zip(fields.into_iter().map(str::to_owned))
            .collect()
    };
    let [header, rows @ .., sum_header, sums] = lines.as_slice() else {
        panic!("too short")
    };
    Parsed {
        rows: rows.iter().map(|row| named(header, row)).collect(),
        sums: named(sum_header, sums),
    }
}

/// Yuan in fen; a fee's five decimals end in three zeros.
pub(super) fn fen(text: &str) -> i64 {
    let (_, decimals) = text.split_once('.').unwrap();
    let text = if decimals.len() == 5 {
        text.strip_suffix("000").unwrap()
    } else {
        text
    };
    Fen::from_yuan(text).unwrap().as_fen()
}

pub(super) fn token(url: &Value) -> String {
    let url = url.as_str().unwrap();
    let query = url
        .strip_prefix(&format!("{BASE}/v3/billdownload/file?token="))
        .unwrap();
    query.split('&').next().unwrap().to_owned()
}

pub(super) fn download(counter: &mut Counter, token: &str) -> Result<(Vec<u8>, bool), Failure> {
    match counter.try_call("bill.download_bill", &[("token", token)], Value::Null, None)? {
        Reply::Raw { body, gzip, .. } => Ok((body.to_vec(), gzip)),
        other => panic!("{other:?}"),
    }
}

pub(super) fn bill(
    counter: &mut Counter,
    operation: &str,
    parameters: &[(&str, &str)],
) -> Result<String, Failure> {
    let link = counter.get(operation, parameters)?;
    assert_eq!(link["hash_type"], "SHA1");
    let (body, gzip) = download(counter, &token(&link["download_url"]))?;
    let mut text = String::new();
    if gzip {
        GzDecoder::new(body.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(body).unwrap();
    }
    assert_eq!(link["hash_value"], hex(&Sha1::digest(&text)));
    Ok(text)
}

/// Two payments, one of them refunded in two parts, a reversal, and a partner's payment, all on one
/// day; it is half past ten on the next.
pub(super) fn after_a_day() -> Counter {
    let mut counter = Counter::new();
    for (number, total) in [("order-1", 1_999), ("order-2", 100)] {
        counter.native(number, total).unwrap();
        counter.pay(number).unwrap();
        counter.wait(60);
    }
    counter.refund("order-1", "refund-1", 999, 1_999).unwrap();
    counter.refund("order-1", "refund-2", 1_000, 1_999).unwrap();
    let code = json!({
        "appid": APPID, "mchid": MCHID, "description": "茶", "out_trade_no": "order-3",
        "payer": { "auth_code": "130061098828009406" }, "amount": { "total": 500 },
        "scene_info": { "store_info": { "id": "1" }, "device_id": "POS1" },
    });
    counter.post("pay.code_pay", code).unwrap();
    let body = json!({ "appid": APPID, "mchid": MCHID });
    counter
        .try_call(
            "pay.reverse_order",
            &[("out_trade_no", "order-3")],
            body,
            None,
        )
        .unwrap();
    counter
        .post("partner_pay.jsapi_prepay", partner_order("order-4", 10_000))
        .unwrap();
    counter.pay("order-4").unwrap();
    // Never paid, so in no bill.
    counter.native("order-5", 7).unwrap();
    counter.wait(DAY);
    counter
}

pub(super) const DATE: (&str, &str) = ("bill_date", "2024-01-01");

#[test]
fn a_trade_bill_agrees_with_the_orders() {
    let mut counter = after_a_day();
    for gzip in [None, Some(("tar_type", "GZIP"))] {
        let mut parameters = vec![DATE];
        parameters.extend(gzip);
        let all = parse(&bill(&mut counter, "bill.trade_bill", &parameters).unwrap());
        let states: Vec<(&str, &str)> = all
            .rows
            .iter()
            .map(|row| (row["商户订单号"].as_str(), row["交易状态"].as_str()))
            .collect();
        assert_eq!(
            states,
            [
                ("order-1", "SUCCESS"),
                ("order-2", "SUCCESS"),
                ("order-1", "REFUND"),
                ("order-1", "REFUND"),
                ("order-3", "SUCCESS"),
                ("order-3", "REVOKED"),
                ("order-4", "SUCCESS"),
            ]
        );
        assert_eq!(all.sums["总交易单数"], "7");
        assert_eq!(all.sums["订单总金额"], "125.99");
        assert_eq!(all.sums["应结订单总金额"], "125.99");
        assert_eq!(all.sums["退款总金额"], "24.99");
        assert_eq!(all.sums["申请退款总金额"], "24.99");
        // 0.01 of order-2 and 0.60 of order-4; the others came back whole.
        assert_eq!(all.sums["手续费总金额"], "0.61000");
        assert_eq!(all.rows[6]["特约商户号"], SUB_MCHID);
        assert_eq!(all.rows[4]["设备号"], "POS1");
    }
}

#[test]
fn bills_of_one_kind_or_one_sub_merchant_are_parts_of_the_whole() {
    let mut counter = after_a_day();
    let success = parse(
        &bill(
            &mut counter,
            "bill.trade_bill",
            &[DATE, ("bill_type", "SUCCESS")],
        )
        .unwrap(),
    );
    assert_eq!(success.rows.len(), 4);
    assert_eq!(success.sums["订单总金额"], "125.99");
    let refund = parse(
        &bill(
            &mut counter,
            "bill.trade_bill",
            &[DATE, ("bill_type", "REFUND")],
        )
        .unwrap(),
    );
    assert_eq!(refund.rows.len(), 3);
    assert_eq!(refund.sums["退款总金额"], "24.99");
    assert_eq!(refund.rows[1]["退款成功时间"], "2024-01-01 10:36:57");
    let sub = parse(
        &bill(
            &mut counter,
            "bill.trade_bill",
            &[DATE, ("sub_mchid", SUB_MCHID)],
        )
        .unwrap(),
    );
    assert_eq!(sub.rows.len(), 1);
    assert_eq!(
        code(counter.get("bill.trade_bill", &[DATE, ("sub_mchid", "1")])).0,
        "NO_AUTH"
    );
}

#[test]
fn a_fund_flow_bill_adds_up() {
    let mut counter = after_a_day();
    let text = bill(
        &mut counter,
        "bill.fund_flow_bill",
        &[DATE, ("tar_type", "GZIP")],
    )
    .unwrap();
    let header = text.lines().next().unwrap().trim_start_matches('\u{feff}');
    assert_eq!(
        header,
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
    );
    let funds = parse(&text);
    let mut balance = 0;
    for row in &funds.rows {
        let amount = fen(&row["收支金额（元）"]);
        balance += if row["收支类型"] == "收入" {
            amount
        } else {
            -amount
        };
        assert_eq!(fen(&row["账户结余（元）"]), balance, "{row:?}");
    }
    // Only order-2 is left, less its fee: 1.00 - 0.01.
    assert_eq!(balance, 99);
    assert_eq!(funds.sums["资金流水总笔数"], "9");
    assert_eq!(funds.sums["收入笔数"], "3");
    assert_eq!(funds.sums["收入金额"], "25.99");
    assert_eq!(funds.sums["支出金额"], "25.00");

    // The next day begins with what is left.
    counter.native("order-6", 200).unwrap();
    counter.pay("order-6").unwrap();
    counter.wait(DAY);
    let next = parse(
        &bill(
            &mut counter,
            "bill.fund_flow_bill",
            &[("bill_date", "2024-01-02")],
        )
        .unwrap(),
    );
    assert_eq!(next.rows[0]["账户结余（元）"], "2.99");
    for account in ["OPERATION", "FEES"] {
        let refused = counter.get("bill.fund_flow_bill", &[DATE, ("account_type", account)]);
        assert_eq!(code(refused).0, "NO_STATEMENT_EXIST");
    }
}

#[test]
fn a_bill_is_there_from_nine_and_for_three_months() {
    let mut counter = after_a_day();
    let start = counter.now;
    let ask = |counter: &mut Counter, now: i64, date: &str| {
        counter.now = now;
        counter
            .get("bill.trade_bill", &[("bill_date", date)])
            .map(|_| ())
    };
    // 2024-01-02 09:00:00 in Beijing.
    let nine = 1_704_157_200;
    assert_eq!(
        code(ask(&mut counter, nine - 1, "2024-01-01")).0,
        "NO_STATEMENT_EXIST"
    );
    ask(&mut counter, nine, "2024-01-01").unwrap();
    for date in ["2024-01-02", "2023-12-31", "2025-01-01"] {
        assert_eq!(
            code(ask(&mut counter, start, date)).0,
            "NO_STATEMENT_EXIST",
            "{date}"
        );
    }
    let none = ask(&mut counter, start, "2023-12-31").unwrap_err();
    assert_eq!(none.status, http::StatusCode::BAD_REQUEST);
    assert_eq!(
        code(ask(&mut counter, start, "2023-01-01")).0,
        "INVALID_REQUEST"
    );
    for date in ["", "2024-02-30", "yesterday"] {
        assert_eq!(
            code(ask(&mut counter, start, date)).0,
            "PARAM_ERROR",
            "{date}"
        );
    }
    for (kind, refused) in [
        ("RECHARGE_REFUND", "NO_STATEMENT_EXIST"),
        ("ALL_SPECIAL", "NO_AUTH"),
    ] {
        assert_eq!(
            code(counter.get("bill.trade_bill", &[DATE, ("bill_type", kind)])).0,
            refused
        );
    }
}

#[test]
fn a_link_is_good_for_five_minutes() {
    let mut counter = after_a_day();
    let link = counter.get("bill.trade_bill", &[DATE]).unwrap();
    let token = token(&link["download_url"]);
    counter.wait(300);
    let first = download(&mut counter, &token).unwrap();
    assert_eq!(download(&mut counter, &token).unwrap(), first);
    // It survives a restart as well.
    let mut later = Counter::replay(counter.book.snapshot(), counter.now);
    assert_eq!(download(&mut later, &token).unwrap(), first);
    counter.wait(1);
    let gone = download(&mut counter, &token).unwrap_err();
    assert!(gone.status.is_client_error());
    assert_eq!(gone.code, "RESOURCE_NOT_EXISTS");
    assert_eq!(code(download(&mut counter, "")).0, "RESOURCE_NOT_EXISTS");
}

#[test]
fn links_are_bounded() {
    let mut counter = after_a_day();
    for _ in 0..1_000 {
        counter.get("bill.trade_bill", &[DATE]).unwrap();
    }
    assert_eq!(
        code(counter.get("bill.trade_bill", &[DATE])).0,
        "FREQUENCY_LIMITED"
    );
    counter.wait(301);
    counter.get("bill.trade_bill", &[DATE]).unwrap();
}

#[test]
fn rows_can_come_in_any_order_and_the_link_remembers_it() {
    let mut counter = after_a_day();
    let sorted = bill(&mut counter, "bill.trade_bill", &[DATE]).unwrap();
    let set = |counter: &mut Counter, unsorted: bool| {
        let settings = json!({ "unsorted": unsorted });
        let settings = serde_json::from_value(settings).unwrap();
        counter.book.set_bills(settings).unwrap();
    };
    set(&mut counter, true);
    let mixed = bill(&mut counter, "bill.trade_bill", &[DATE]).unwrap();
    assert_ne!(sorted, mixed);
    let numbers = |text: &str| -> Vec<String> {
        let rows = parse(text).rows.into_iter();
        rows.map(|row| row["微信退款单号"].clone() + &row["微信订单号"])
            .collect()
    };
    let (mut before, mut after) = (numbers(&sorted), numbers(&mixed));
    assert_ne!(before, after);
    before.sort();
    after.sort();
    assert_eq!(before, after);
    assert_eq!(parse(&sorted).sums, parse(&mixed).sums);
    // In a fund flow bill the balances are those of the order in which the money moved.
    let funds = parse(&bill(&mut counter, "bill.fund_flow_bill", &[DATE]).unwrap());
    assert!(funds.rows.iter().any(|row| row["账户结余（元）"] == "0.99"));

    let link = counter.get("bill.trade_bill", &[DATE]).unwrap();
    set(&mut counter, false);
    let (file, _) = download(&mut counter, &token(&link["download_url"])).unwrap();
    assert_eq!(String::from_utf8(file).unwrap(), mixed);
    let mut later = Counter::replay(counter.book.snapshot(), counter.now);
    let (file, _) = download(&mut later, &token(&link["download_url"])).unwrap();
    assert_eq!(String::from_utf8(file).unwrap(), mixed);
    assert_eq!(
        bill(&mut counter, "bill.trade_bill", &[DATE]).unwrap(),
        sorted
    );
}

#[test]
fn a_link_of_an_earlier_sandbox_is_good_as_well() {
    let mut counter = after_a_day();
    let text = bill(&mut counter, "bill.trade_bill", &[DATE]).unwrap();
    let ticket = json!({ "bill": {
        "token": "t", "bill": { "trades": { "which": "all", "sub_mchid": null } },
        "day": "2024-01-01", "gzip": false, "hash": hex(&Sha1::digest(&text)), "seal": null,
        "good_until": counter.now + 300,
    } });
    counter.book.apply(serde_json::from_value(ticket).unwrap());
    let (file, _) = download(&mut counter, "t").unwrap();
    assert_eq!(String::from_utf8(file).unwrap(), text);
}

#[test]
fn faults_spoil_a_bill_each_in_its_way() {
    let mut counter = after_a_day();
    let right = bill(&mut counter, "bill.trade_bill", &[DATE]).unwrap();
    counter.flaws = Flaws {
        sums: true,
        ..Flaws::default()
    };
    // The hash is right: `bill` has compared it.
    let wrong = bill(&mut counter, "bill.trade_bill", &[DATE]).unwrap();
    assert_eq!(parse(&wrong).sums["申请退款总金额"], "24.90");
    assert_eq!(parse(&wrong).rows, parse(&right).rows);
    counter.flaws = Flaws {
        byte: true,
        ..Flaws::default()
    };
    for packed in [false, true] {
        let mut parameters = vec![DATE];
        parameters.extend(packed.then_some(("tar_type", "GZIP")));
        let link = counter.get("bill.trade_bill", &parameters).unwrap();
        let (file, _) = download(&mut counter, &token(&link["download_url"])).unwrap();
        let mut text = String::new();
        if packed {
            GzDecoder::new(file.as_slice())
                .read_to_string(&mut text)
                .unwrap();
        } else {
            text = String::from_utf8(file).unwrap();
        }
        assert_ne!(link["hash_value"], hex(&Sha1::digest(&text)));
        let different = text.bytes().zip(right.bytes()).filter(|(a, b)| a != b);
        assert_eq!((text.len(), different.count()), (right.len(), 1));
    }
    for (cut, left) in [
        (CutOff::Half, right.len() / 2),
        (CutOff::After(100), 100),
        (CutOff::After(1 << 20), right.len()),
    ] {
        let cut = Some(cut);
        counter.flaws = Flaws {
            cut,
            ..Flaws::default()
        };
        let link = counter.get("bill.trade_bill", &[DATE]).unwrap();
        let (file, _) = download(&mut counter, &token(&link["download_url"])).unwrap();
        assert_eq!(file, &right.as_bytes()[..left]);
    }
}
