//! Bills that were spoiled, in every way the sandbox spoils them.

use bytes::Bytes;
use wxpay_bill::{Error, ErrorKind, FundFlowBill, Reader, TradeBill};

use crate::day::Day;
use crate::older::DAY_V2;
use crate::shop::{DAY, Shop};
use crate::trades::target;

/// The error at the end, whatever rows are wrong before it.
fn end(mut bill: TradeBill<Reader<&[u8]>>) -> Result<u64, Error> {
    loop {
        match bill.next_row() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(bill.rows()),
            Err(error) if error.is_row() => {}
            Err(error) => return Err(error),
        }
    }
}

fn kind(bill: TradeBill<Reader<&[u8]>>) -> ErrorKind {
    end(bill).unwrap_err().kind()
}

#[test]
fn with_a_hash() {
    let mut day = Day::traded();
    let shop = &mut day.shop;
    for packed in [false, true] {
        let target = target("ALL", packed);
        let link = shop.link(&target);
        let hash = link["hash_value"].as_str().unwrap();

        let right = shop.file(&link);
        assert_eq!(end(hashed(&right, hash)).unwrap(), day.trades.len() as u64);

        shop.spoil("bill_cut_off");
        let file = shop.file(&link);
        assert_eq!(file[..], right[..right.len() / 2]);
        assert_eq!(kind(hashed(&file, hash)), ErrorKind::Truncated, "{packed}");

        shop.spoil("bill_byte_changed");
        let file = shop.file(&link);
        assert_ne!(file, right);
        // Where the digit is one of an amount, the sums show it first.
        assert_eq!(
            kind(hashed(&file, hash).unchecked_totals()),
            ErrorKind::Hash
        );
        let first = kind(hashed(&file, hash));
        assert!(
            [ErrorKind::Hash, ErrorKind::Totals].contains(&first),
            "{first:?}"
        );

        shop.spoil("bill_sums_wrong");
        let (file, hash) = shop.bill(&target);
        let error = end(hashed(&file, &hash)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Totals);
        let (_, name) = error.column().unwrap();
        assert_eq!(name, "申请退款总金额");
        assert_eq!(error.line(), Some(day.trades.len() as u64 + 3));
        assert_eq!(
            end(hashed(&file, &hash).unchecked_totals()).unwrap(),
            day.trades.len() as u64
        );
    }
}

fn hashed<'f>(file: &'f [u8], hash: &str) -> TradeBill<Reader<&'f [u8]>> {
    TradeBill::from_reader(file).hash("SHA1", hash).unwrap()
}

/// What comes without one.
fn older(shop: &mut Shop, which: &str) -> Bytes {
    match which {
        "tenpay" => shop.tenpay(DAY, "0"),
        tar_type => {
            let own = [("bill_date", DAY_V2), ("tar_type", tar_type)];
            shop.v2("/pay/downloadbill", &own).into_body()
        }
    }
}

#[test]
fn without_a_hash() {
    let mut day = Day::traded();
    for which in ["", "GZIP", "tenpay"] {
        let right = older(&mut day.shop, which);
        for (fault, kind) in [
            ("bill_cut_off", ErrorKind::Truncated),
            ("bill_sums_wrong", ErrorKind::Totals),
        ] {
            day.shop.spoil(fault);
            let file = older(&mut day.shop, which);
            let error = end(TradeBill::from_reader(&file[..])).unwrap_err();
            assert_eq!(error.kind(), kind, "{which} {error}");
        }
        assert_eq!(older(&mut day.shop, which), right);
    }
}

#[test]
fn a_fund_flow() {
    let mut day = Day::traded();
    let target = format!("/v3/bill/fundflowbill?bill_date={DAY}&tar_type=GZIP");
    for (fault, kinds) in [
        ("bill_cut_off", &[ErrorKind::Truncated][..]),
        ("bill_byte_changed", &[ErrorKind::Hash, ErrorKind::Totals]),
        ("bill_sums_wrong", &[ErrorKind::Totals]),
    ] {
        day.shop.spoil(fault);
        let (file, hash) = day.shop.bill(&target);
        let bill = FundFlowBill::from_reader(&file[..]).hash("SHA1", &hash);
        let mut bill = bill.unwrap();
        let error = loop {
            match bill.next_row() {
                Ok(row) => assert!(row.is_some(), "{fault}"),
                Err(error) if error.is_row() => {}
                Err(error) => break error,
            }
        };
        assert!(kinds.contains(&error.kind()), "{fault}: {error}");
    }
}
