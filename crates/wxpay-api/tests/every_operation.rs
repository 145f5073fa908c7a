//! Every operation against the facts the sandbox is given: what the Rust types do has to be what the catalogue
//! says, field by field. Samples are made from the facts, so an operation costs one line here.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "every_operation/facts.rs"]
mod facts;
#[path = "support/places.rs"]
mod places;
#[path = "every_operation/run.rs"]
mod run;
#[path = "support/sample.rs"]
mod sample;

use facts::Facts;
use run::Run;

/// Runs everything for the types listed, and returns their names.
macro_rules! operations {
    ($($family:ident::{$($name:ident),* $(,)?}),* $(,)?) => {
        fn generated(facts: &[Facts]) -> Vec<&'static str> {
            vec![$($(Run::<wxpay_api::$family::$name>::all(facts)),*),*]
        }
    };
}

operations! {
    pay::{
        JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, JsapiPrepayWithContract, AppPrepayWithContract,
        CodePay, QueryOrderById, QueryOrderByOutTradeNo, CloseOrder, ReverseOrder, FenfuExposure,
    },
    partner_pay::{
        JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, JsapiPrepayWithContract, AppPrepayWithContract,
        CodePay, MiniProgramPrepay, ScannedPosPrepay, QueryOrderById, QueryOrderByOutTradeNo, CloseOrder,
        ReverseOrder, FenfuExposure,
    },
    combine::{
        JsapiPrepay, AppPrepay, H5Prepay, NativePrepay, MiniProgramPrepay, QueryOrderById,
        QueryOrderByOutTradeNo, CloseOrder,
    },
    refund::{CreateRefund, QueryRefund, ApplyAbnormalRefund},
    bill::{TradeBill, FundFlowBill, SubMerchantFundFlowBill},
    certificates::{ListCertificates},
    security::{Echo},
}

/// Types written by hand, which have tests of their own.
const BY_HAND: [&str; 3] = [
    "bill.download_bill",
    "media.upload_image",
    "media.upload_video",
];

#[test]
fn every_operation_does_what_the_catalogue_says() {
    let facts = facts::read();
    let mut names = generated(&facts);
    names.extend(BY_HAND);
    names.sort_unstable();
    let catalogue: Vec<&str> = facts.iter().map(|facts| facts.name.as_str()).collect();
    assert_eq!(
        names, catalogue,
        "every operation of the catalogue stands once in this file's list"
    );
}
