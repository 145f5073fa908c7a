//! Days without a bill: what comes in its place says so.

use http::Method;
use serde_json::Value;
use wxpay_bill::{Error, ErrorKind, FundFlowBill, ProfitSharingBill, TradeBill};

use crate::day::Day;
use crate::shop::HOUR;

fn refused(error: Option<Error>, code: &str) {
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(error.code(), Some(code), "{error}");
    assert!(error.is_no_bill(), "{error}");
}

#[test]
fn nothing_was_traded() {
    let mut day = Day::traded();
    day.shop.wait(48 * HOUR);
    let empty = "2024-01-03";
    for target in [
        "/v3/bill/tradebill",
        "/v3/bill/fundflowbill",
        "/v3/profitsharing/bills",
    ] {
        let target = format!("{target}?bill_date={empty}");
        let body = day.shop.v3(Method::GET, &target, &Value::Null).into_body();
        let code = "NO_STATEMENT_EXIST";
        refused(TradeBill::from_reader(&body[..]).next_row().err(), code);
        refused(FundFlowBill::from_slice(&body).next_row().err(), code);
        refused(ProfitSharingBill::from_slice(&body).next_row().err(), code);
    }
    for tar_type in ["", "GZIP"] {
        let own = [("bill_date", "20240103"), ("tar_type", tar_type)];
        let body = day.shop.v2("/pay/downloadbill", &own).into_body();
        refused(TradeBill::from_reader(&body[..]).next_row().err(), "20002");
        let own = [own[0], own[1], ("account_type", "Basic")];
        let body = day.shop.v2("/pay/downloadfundflow", &own).into_body();
        let error = FundFlowBill::from_reader(&body[..]).next_row().err();
        refused(error, "NO_BILL_EXIST");
    }
    let body = day.shop.tenpay(empty, "0");
    let error = TradeBill::from_reader(&body[..]).next_row().unwrap_err();
    // In GBK, and with a code that is the sandbox's own, so that nothing can go by it.
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Refused, Some("88229010"))
    );
    assert!(error.to_string().contains("对账单不存在"), "{error}");
}

#[test]
fn something_else_was_wrong() {
    let mut day = Day::traded();
    let body = day.shop.tenpay("2024-01-01", "3");
    let error = TradeBill::from_reader(&body[..]).next_row().unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Refused, Some("88229001"))
    );
    assert!(!error.is_no_bill());
    let own = [("bill_date", "20240101"), ("bill_type", "NONE")];
    let body = day.shop.v2("/pay/downloadbill", &own).into_body();
    let error = TradeBill::from_reader(&body[..]).next_row().unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Refused, Some("20003"))
    );
    assert!(!error.is_no_bill());
}
