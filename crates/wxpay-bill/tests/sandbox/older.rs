//! The bills of v2 and of Tenpay.

use wxpay_bill::{ErrorKind, FundFlowBill, TradeBill};

use crate::day::Day;
use crate::flows;
use crate::shop::DAY;
use crate::trades::{assert_is, read};

/// [`DAY`] as v2 writes it.
pub(crate) const DAY_V2: &str = "20240101";

#[test]
fn trades_of_v2() {
    let mut day = Day::traded();
    for kind in ["ALL", "SUCCESS", "REFUND"] {
        for tar_type in ["", "GZIP"] {
            let own = [
                ("bill_date", DAY_V2),
                ("bill_type", kind),
                ("tar_type", tar_type),
            ];
            let file = day.shop.v2("/pay/downloadbill", &own).into_body();
            assert_eq!(file.starts_with(&[0x1f, 0x8b]), tar_type == "GZIP");
            let read = read(TradeBill::from_reader(&file[..])).unwrap();
            assert_is(&read, &day, kind);
        }
    }
}

#[test]
fn funds_of_v2() {
    let mut day = Day::traded();
    let expected = flows::expected(&mut day, false);
    for tar_type in ["", "GZIP"] {
        let own = [
            ("bill_date", DAY_V2),
            ("account_type", "Basic"),
            ("tar_type", tar_type),
        ];
        let answer = day.shop.v2("/pay/downloadfundflow", &own);
        let digest = answer.headers()["digest"].to_str().unwrap();
        let digest = digest.strip_prefix("SHA=").unwrap();
        let file = answer.body();
        let bill = FundFlowBill::from_reader(&file[..]);
        flows::assert_is(flows::read(bill).unwrap(), &expected);
        // It is that of the file as it is sent, so that only plain ones have it as bills of v3 do.
        let bill = FundFlowBill::from_reader(&file[..]).hash("SHA1", digest);
        let checked = flows::read(bill.unwrap());
        if tar_type.is_empty() {
            flows::assert_is(checked.unwrap(), &expected);
        } else {
            assert_eq!(checked.unwrap_err().kind(), ErrorKind::Hash);
        }
    }
}

#[test]
fn trades_of_tenpay_in_gbk() {
    let mut day = Day::traded();
    for (number, kind) in [("0", "ALL"), ("1", "SUCCESS"), ("2", "REFUND")] {
        let file = day.shop.tenpay(DAY, number);
        assert!(std::str::from_utf8(&file).is_err());
        let read = read(TradeBill::from_reader(&file[..])).unwrap();
        assert_is(&read, &day, kind);
    }
}
