//! Bills and fund flows, handed out as they are.

use std::io::Read as _;

use flate2::read::GzDecoder;
use http::Response;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use crate::merchant::{DAY, Merchant, native, xml};

/// A merchant on the day after a payment and a refund.
fn merchant() -> Merchant {
    let mut merchant = Merchant::new();
    merchant.order("one");
    merchant.pay("one");
    let refund = [
        ("out_trade_no", "one"),
        ("out_refund_no", "r"),
        ("total_fee", "888"),
        ("refund_fee", "100"),
    ];
    merchant.call("/secapi/pay/refund", &refund).ok();
    merchant.wait(DAY);
    merchant
}

fn download(
    merchant: &mut Merchant,
    path: &str,
    fields: &[(&str, &str)],
) -> Response<bytes::Bytes> {
    let body = xml(&merchant.signed(fields));
    let request = merchant.request(path, body);
    let response = merchant.send(request);
    assert_eq!(response.status(), 200);
    response
}

fn text(response: &Response<bytes::Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[test]
fn a_bill_is_the_same_plain_packed_and_through_a_link_of_v3() {
    let mut merchant = merchant();
    merchant.sign_type = wxpay_sign::SignType::Md5;
    let plain = download(
        &mut merchant,
        "/pay/downloadbill",
        &[("bill_date", "20240101"), ("bill_type", "ALL")],
    );
    let bill = text(&plain);
    assert!(bill.starts_with("\u{feff}交易时间,公众账号ID"), "{bill}");
    assert!(
        bill.contains("`one,") && bill.contains("`r,`1.00"),
        "{bill}"
    );
    assert_eq!(bill.lines().count(), 5);
    let packed = download(
        &mut merchant,
        "/pay/downloadbill",
        &[("bill_date", "20240101"), ("tar_type", "GZIP")],
    );
    assert!(packed.body().starts_with(&[0x1f, 0x8b]));
    let mut unpacked = String::new();
    GzDecoder::new(&packed.body()[..])
        .read_to_string(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, bill);
    let refunds = download(
        &mut merchant,
        "/pay/downloadbill",
        &[("bill_date", "20240101"), ("bill_type", "REFUND")],
    );
    assert_eq!(text(&refunds).lines().count(), 4);
}

#[test]
fn a_fund_flow_comes_with_its_digest() {
    let mut merchant = merchant();
    for tar_type in ["", "GZIP"] {
        let flow = download(
            &mut merchant,
            "/pay/downloadfundflow",
            &[
                ("bill_date", "20240101"),
                ("account_type", "Basic"),
                ("tar_type", tar_type),
            ],
        );
        let hash: String = Sha1::digest(flow.body())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(flow.headers()["digest"], format!("SHA={hash}"));
    }
    let none = merchant.call_unsigned(
        "/pay/downloadfundflow",
        &[("bill_date", "20240101"), ("account_type", "Fees")],
    );
    none.err("NO_BILL_EXIST");
}

#[test]
fn an_error_takes_the_place_of_a_bill() {
    let mut merchant = merchant();
    merchant.sign_type = wxpay_sign::SignType::Md5;
    for (fields, message, code) in [
        (vec![("bill_date", "20240102")], "No Bill Exist", "20002"),
        (
            vec![("bill_date", "20231231"), ("tar_type", "GZIP")],
            "No Bill Exist",
            "20002",
        ),
        (vec![("bill_date", "2024-01-01")], "bill_date", "20003"),
        (
            vec![("bill_date", "20240101"), ("bill_type", "NONE")],
            "bill_type",
            "20003",
        ),
    ] {
        let reply = merchant.call_unsigned("/pay/downloadbill", &fields);
        assert_eq!(reply.get("return_code"), "FAIL");
        assert!(reply.get("return_msg").contains(message), "{}", reply.body);
        assert_eq!(reply.get("error_code"), code, "{}", reply.body);
    }
    let mut unsigned = merchant.signed(&[("bill_date", "20240101")]);
    unsigned.pop();
    let reply = merchant.post("/pay/downloadbill", xml(&unsigned));
    assert_eq!(
        (reply.get("return_code"), reply.get("error_code")),
        ("FAIL", "20001")
    );
}

#[test]
fn a_sub_merchant_has_a_bill_of_its_own() {
    let mut merchant = Merchant::new();
    let sub_mchid = merchant.identity().sub_mchid().to_owned();
    let mut order = native("theirs");
    order.push(("sub_mch_id", &sub_mchid));
    merchant.call("/pay/unifiedorder", &order).ok();
    merchant.pay("theirs");
    merchant.order("ours");
    merchant.pay("ours");
    merchant.wait(DAY);
    merchant.sign_type = wxpay_sign::SignType::Md5;
    let bill = download(
        &mut merchant,
        "/pay/downloadbill",
        &[("bill_date", "20240101"), ("sub_mch_id", &sub_mchid)],
    );
    let bill = text(&bill);
    assert!(
        bill.contains("`theirs,") && !bill.contains("`ours,"),
        "{bill}"
    );
}

#[test]
fn faults_spoil_what_is_handed_out() {
    let mut merchant = merchant();
    merchant.sign_type = wxpay_sign::SignType::Md5;
    let trades = (
        "/pay/downloadbill",
        [("bill_date", "20240101"), ("tar_type", "")],
    );
    let right = text(&download(&mut merchant, trades.0, &trades.1));
    let spoiled = |merchant: &mut Merchant, fault: &str, path: &str, fields: &[(&str, &str)]| {
        let fault = json!({ "answers": { fault: { "rate": 1, "times": 1 } } });
        merchant.set_faults(&fault);
        // It is spent on bills alone.
        merchant
            .call("/pay/orderquery", &[("out_trade_no", "one")])
            .ok();
        download(merchant, path, fields)
    };
    let wrong = text(&spoiled(
        &mut merchant,
        "bill_sums_wrong",
        trades.0,
        &trades.1,
    ));
    let (rows, sums) = right.rsplit_once("\r\n`").unwrap();
    let (wrong_rows, wrong_sums) = wrong.rsplit_once("\r\n`").unwrap();
    assert_eq!(rows, wrong_rows);
    assert!(
        sums.ends_with("`1.00\r\n") && wrong_sums.ends_with("`1.01\r\n"),
        "{wrong}"
    );
    assert_eq!(merchant.last_entry()["faults"], json!(["bill_sums_wrong"]));

    let other = text(&spoiled(
        &mut merchant,
        "bill_byte_changed",
        trades.0,
        &trades.1,
    ));
    let different = other.bytes().zip(right.bytes()).filter(|(a, b)| a != b);
    assert_eq!((other.len(), different.count()), (right.len(), 1));
    let cut = spoiled(&mut merchant, "bill_cut_off", trades.0, &trades.1);
    assert_eq!(cut.body(), &right.as_bytes()[..right.len() / 2]);
    assert_eq!(text(&download(&mut merchant, trades.0, &trades.1)), right);

    merchant.sign_type = wxpay_sign::SignType::HmacSha256;
    // The digest of a fund flow is that of the file as it should be.
    for tar_type in ["", "GZIP"] {
        let fields = [
            ("bill_date", "20240101"),
            ("account_type", "Basic"),
            ("tar_type", tar_type),
        ];
        let right = download(&mut merchant, "/pay/downloadfundflow", &fields);
        for fault in ["bill_byte_changed", "bill_cut_off"] {
            let wrong = spoiled(&mut merchant, fault, "/pay/downloadfundflow", &fields);
            assert_ne!(wrong.body(), right.body());
            assert_eq!(wrong.headers()["digest"], right.headers()["digest"]);
        }
    }
}

#[test]
fn what_would_be_taken_for_the_form_is_written_in_another_way() {
    let mut merchant = Merchant::new();
    let mut order = native("odd");
    order.retain(|(name, _)| !["body", "attach"].contains(name));
    order.push(("body", "a,`b\"c'\r\nd"));
    order.push(("attach", "1\t`2,\\n"));
    merchant.call("/pay/unifiedorder", &order).ok();
    merchant.pay("odd");
    merchant.wait(DAY);
    merchant.sign_type = wxpay_sign::SignType::Md5;
    let fields = [("bill_date", "20240101"), ("bill_type", "SUCCESS")];
    let bill = text(&download(&mut merchant, "/pay/downloadbill", &fields));
    assert_eq!(bill.split("\r\n").count(), 5, "{bill}");
    let row: Vec<&str> = bill.split("\r\n").nth(1).unwrap().split(",`").collect();
    assert_eq!(row.len(), 20);
    assert_eq!(&row[14..16], ["a, b\"c'\\r\\nd", "1  2,\\n"], "{bill}");
}
