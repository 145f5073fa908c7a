//! Bills of every layout, however their bytes come. What is expected was written down from the files by hand.

use wxpay_bill::{
    Direction, FundFlowBill, FundFlows, ProfitSharingBill, ProfitSharings, RecordBill, Records,
    RefundChannel, RefundStatus, TradeBill, TradeState, Trades,
};

use crate::files::*;
use crate::support::{Outcome, Show, every_way, slice};

/// The file with its line ends, its byte order mark and its last line end in every combination.
fn variants(bytes: &[u8]) -> Vec<Vec<u8>> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    let bare = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut feeds = bare.to_vec();
    feeds.retain(|byte| *byte != b'\r');
    let mut all = Vec::new();
    for with_bom in [false, true] {
        for returns in [false, true] {
            for last in [false, true] {
                if with_bom && !is_utf8 {
                    continue;
                }
                let mut file = if with_bom { BOM.to_vec() } else { Vec::new() };
                let kept = if last {
                    &feeds
                } else {
                    &feeds[..feeds.len() - 1]
                };
                for byte in kept {
                    if *byte == b'\n' && returns {
                        file.push(b'\r');
                    }
                    file.push(*byte);
                }
                all.push(file);
            }
        }
    }
    all
}

#[track_caller]
fn check<T: Show>(bytes: &[u8], rows: &[&str], summary: &str) {
    let expected = Outcome {
        rows: rows.iter().map(|row| (*row).to_owned()).collect(),
        errors: Vec::new(),
        summary: Some(summary.to_owned()),
    };
    assert_eq!(every_way::<T>(bytes), expected);
    for file in variants(bytes) {
        assert_eq!(slice::<T>(&file), expected);
        assert_eq!(crate::support::reader::<T>(&file, 5), expected);
    }
}

#[test]
fn all() {
    let rows = [
        "2: 2024-01-01T10:34:56+08:00 SUCCESS 0001 1217752501201407033233368018 total 100 settled 100 coupon 0 fee 1000 rate 0.60% - sub - device - JSAPI OTHERS CNY [深圳,腾大 公仔] [a,b]",
        "3: 2024-01-01T11:00:00+08:00 REFUND 0001 1217752501201407033233368018 total 0 settled 0 coupon 0 fee -1000 rate 0.60% - sub - device - JSAPI OTHERS CNY [深圳,腾大 公仔] [a,b] refund 8859 R1217752501201407033233368018 100 coupon 0 of 100 Original Success - -",
    ];
    let summary = "Some(2) total 100 settled 100 refund 100 coupon 0 requested 100 fee 0";
    check::<Trades>(TRADE_ALL, &rows, summary);
    for packed in [TRADE_ALL_GZ, TRADE_ALL_MEMBERS_GZ, TRADE_ALL_NAMED_GZ] {
        let outcome = every_way::<Trades>(packed);
        assert_eq!(outcome.rows, rows);
        assert_eq!(outcome.summary.as_deref(), Some(summary));
    }
}

#[test]
fn every_field_of_a_trade() {
    let mut bill = TradeBill::from_slice(TRADE_ALL);
    let row = bill.next_row().unwrap().unwrap();
    assert_eq!(row.trade_time().as_unix(), 1_704_076_496);
    assert_eq!(row.trade_state(), TradeState::Success);
    assert_eq!(row.appid(), "wxd678efh567hg6787");
    assert_eq!(row.mchid(), "1900007291");
    assert_eq!(row.sub_mchid(), None);
    assert_eq!(row.device_info(), None);
    assert_eq!(row.transaction_id(), "4200000000202401010000000001");
    assert_eq!(row.out_trade_no(), "1217752501201407033233368018");
    assert_eq!(row.openid(), "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
    assert!(row.refund().is_none());
    assert_eq!(row.record().get("费率"), Some("0.60%"));
    assert_eq!(row.record().get("费 率"), Some("0.60%"));
    assert_eq!(row.record().get("别的"), None);
    assert_eq!(row.record().iter().len(), 27);
    let row = bill.next_row().unwrap().unwrap();
    let refund = row.refund().unwrap();
    assert_eq!(refund.refund_id, Some("50000000382019052709732678859"));
    assert_eq!(refund.channel, RefundChannel::Original);
    assert_eq!(refund.status, RefundStatus::Success);
    assert!(bill.next_row().unwrap().is_none());
    assert_eq!(bill.rows(), 2);
    // The columns stay those of the rows when the summary has been read.
    assert_eq!(bill.columns().len(), 27);
    assert_eq!(bill.columns().next(), Some("交易时间"));
}

#[test]
fn success() {
    let rows = [
        "2: 2024-01-01T00:00:00+08:00 SUCCESS 0001 SHOP-0001 total 1 settled 1 coupon 0 fee 0 rate 0.60% - sub - device - JSAPI OTHERS CNY [腾大公仔] []",
        "3: 2024-01-01T12:30:05+08:00 SUCCESS 0002 SHOP-0002 total 1999 settled 1499 coupon 500 fee 8994 rate 0.60% 活动费率 sub - device POS-7 JSAPI OTHERS CNY [腾大公仔] []",
        "4: 2024-01-01T23:59:59+08:00 SUCCESS 0003 SHOP-0003 total 10000000 settled 10000000 coupon 0 fee 60000000 rate 0.60% - sub - device - NATIVE ICBC_DEBIT CNY [腾大公仔] []",
    ];
    check::<Trades>(
        TRADE_SUCCESS,
        &rows,
        "Some(3) total 10002000 settled 10001500 refund 0 coupon 0 requested 0 fee 60008994",
    );
    check::<Trades>(
        TRADE_SUCCESS_FOUR_SUMS,
        &rows,
        "Some(3) total 10002000 settled 10001500 refund - coupon - requested - fee 60008994",
    );
}

#[test]
fn refund() {
    check::<Trades>(
        TRADE_REFUND,
        &[
            "2: 2023-12-31T08:00:00+08:00 REFUND 0004 SHOP-0004 total 2000 settled 0 coupon 0 fee -7000 rate 0.60% - sub - device - JSAPI OTHERS CNY [腾大公仔] [] refund 0041 BACK-0041 1234 coupon 0 of 1234 Original Success 2024-01-01T09:00:00+08:00 2024-01-01T09:00:03+08:00",
            "3: 2023-12-30T20:00:00+08:00 REFUND 0005 SHOP-0005 total 1000 settled 0 coupon 0 fee -5000 rate 0.60% - sub - device - JSAPI OTHERS CNY [腾大公仔] [] refund 0051 BACK-0051 800 coupon 200 of 1000 Balance Processing 2024-01-01T10:00:00+08:00 -",
            "4: 2023-12-30T21:00:00+08:00 REFUND 0006 SHOP-0006 total 0 settled 0 coupon 0 fee 0 rate 0.60% - sub - device - JSAPI OTHERS CNY [腾大公仔] [] refund 0061 BACK-0061 100 coupon 0 of 100 OtherBankcard Change 2024-01-01T11:00:00+08:00 2024-01-02T00:00:00+08:00",
        ],
        "Some(3) total 3000 settled 0 refund 2134 coupon 200 requested 2334 fee -12000",
    );
}

#[test]
fn refunds_of_prepaid_coupons() {
    check::<Trades>(
        TRADE_RECHARGE_REFUND,
        &[
            "2: 2023-12-31T08:00:00+08:00 REFUND 0004 SHOP-0004 total 2000 settled 0 coupon 0 fee 7000 rate 0.60% - sub - device - JSAPI OTHERS CNY [腾大公仔] [] refund 0041 BACK-0041 1234 coupon 0 of 1234 Original Success 2024-01-01T09:00:00+08:00 2024-01-01T09:00:03+08:00",
            "3: 2023-12-30T20:00:00+08:00 REFUND 0005 SHOP-0005 total 1000 settled 0 coupon 0 fee 5000 rate 0.60% - sub - device - JSAPI OTHERS CNY [腾大公仔] [] refund 0051 BACK-0051 800 coupon 200 of 1000 Balance Processing 2024-01-01T10:00:00+08:00 -",
        ],
        "Some(2) total 3000 settled 0 refund 2034 coupon 200 requested 2234 fee 12000",
    );
}

#[test]
fn the_old_layout() {
    check::<Trades>(
        TRADE_OLD,
        &[
            "2: 2014-11-10T16:33:45+08:00 SUCCESS 0007 SHOP-0007 total 1 settled - coupon 0 fee 0 rate 0.60% - sub - device 1000 MICROPAY CFT CNY [被扫支付测试] [订单额外描述]",
            "3: 2014-11-10T16:46:14+08:00 SUCCESS 0008 SHOP-0008 total 300 settled - coupon 100 fee 2000 rate 0.60% - sub 10000101 device - JSAPI OTHERS CNY [腾大公仔] []",
            "4: 2014-11-10T17:00:00+08:00 REFUND 0008 SHOP-0008 total 0 settled - coupon 0 fee -2000 rate 0.60% - sub 10000101 device - JSAPI OTHERS CNY [腾大公仔] [] refund 0081 BACK-0081 300 coupon 100 of - Original Fail - -",
        ],
        "Some(3) total - settled 301 refund 300 coupon 100 requested - fee 0",
    );
}

#[test]
fn the_old_layout_in_gbk() {
    // In GBK 乣 ends in the byte of a back-tick, 乗 in that of a backslash, 亅 in that of a bar.
    check::<Trades>(
        TRADE_OLD_GBK,
        &[
            "2: 2014-11-10T16:33:45+08:00 SUCCESS 0007 SHOP-0007 total 1 settled - coupon 0 fee 0 rate 0.60% - sub - device 1000 MICROPAY CFT CNY [乣俙,僠] [乗亅]",
            "3: 2014-11-10T16:46:14+08:00 SUCCESS 0008 SHOP-0008 total 300 settled - coupon 100 fee 2000 rate 0.60% - sub 10000101 device - JSAPI OTHERS CNY [乣,乣] [深圳,腾大]",
            "4: 2014-11-10T17:00:00+08:00 REFUND 0008 SHOP-0008 total 0 settled - coupon 0 fee -2000 rate 0.60% - sub 10000101 device - JSAPI OTHERS CNY [倈`x] [刞] refund 0081 BACK-0081 300 coupon 100 of - Original Fail - -",
        ],
        "Some(3) total - settled 301 refund 300 coupon 100 requested - fee 0",
    );
}

const PARTNER: [&str; 3] = [
    "2024-01-01T10:00:00+08:00 SUCCESS 0009 SHOP-0009 total 600 settled 600 coupon 0 fee 4000 rate 0.60% - sub 1900000109 device - JSAPI OTHERS CNY [腾大公仔] []",
    "2024-01-01T10:00:30+08:00 REVOKED 0009 SHOP-0009 total 0 settled 0 coupon 0 fee -4000 rate 0.60% - sub 1900000109 device - JSAPI OTHERS CNY [腾大公仔] [] refund - - 600 coupon 0 of 600 Original Success - -",
    "2024-01-01T10:05:00+08:00 SUCCESS 0010 SHOP-0010 total 750 settled 750 coupon 0 fee 5000 rate 0.60% - sub 1900000110 device - JSAPI OTHERS CNY [腾大公仔] []",
];
const PARTNER_SUMS: &str =
    "Some(3) total 1350 settled 1350 refund 600 coupon 0 requested 600 fee 5000";

/// The rows of [`PARTNER`], in these lines.
fn partner(lines: [u64; 3]) -> [String; 3] {
    std::array::from_fn(|index| format!("{}: {}", lines[index], PARTNER[index]))
}

#[test]
fn sub_merchants_and_a_reversal() {
    let rows = partner([2, 3, 4]);
    let rows = rows.each_ref().map(String::as_str);
    for file in [TRADE_PARTNER, TRADE_PARTNER_OLD_NAME, TRADE_BRACKETS] {
        check::<Trades>(file, &rows, PARTNER_SUMS);
    }
}

#[test]
fn columns_in_another_order_between_unknown_ones() {
    let rows = partner([2, 3, 4]);
    check::<Trades>(
        TRADE_MOVED,
        &[&rows[0], &rows[1]],
        "Some(2) total 600 settled 600 refund 600 coupon 0 requested 600 fee 0",
    );
    let mut bill = TradeBill::from_slice(TRADE_MOVED);
    let row = bill.next_row().unwrap().unwrap();
    assert_eq!(row.record().get("新列"), Some("9.99"));
    assert_eq!(row.record().get("新列(元)"), Some("9.99"));
    assert_eq!(row.record().get("订单状态标识"), Some("x"));
    assert_eq!(row.record().iter().last(), Some(("", "")));
}

#[test]
fn parts_behind_each_other() {
    let rows = partner([2, 4, 5]);
    check::<Trades>(
        TRADE_PARTS,
        &rows.each_ref().map(String::as_str),
        PARTNER_SUMS,
    );
    let rows = partner([2, 3, 4]);
    check::<Trades>(
        TRADE_PARTS_BOM_ONLY,
        &rows.each_ref().map(String::as_str),
        PARTNER_SUMS,
    );
    // A file that was cut anywhere, its pieces put behind each other as they are.
    for at in (1..TRADE_PARTNER.len()).step_by(97) {
        let (first, second) = TRADE_PARTNER.split_at(at);
        let mut both = std::io::Read::chain(first, second);
        let mut bill = TradeBill::from_reader(&mut both);
        assert_eq!(crate::support::read(&mut bill).rows, rows);
        let packed = [crate::support::gzip(first), crate::support::gzip(second)].concat();
        assert_eq!(slice::<Trades>(&packed).rows, rows);
    }
}

#[test]
fn bills_behind_each_other_have_a_summary_each() {
    let rows = partner([2, 3, 4]);
    let [a, b, c] = VALUES.map(|row| row.split_once(": ").unwrap().1);
    let values = [format!("8: {a}"), format!("9: {b}"), format!("10: {c}")];
    let all: Vec<_> = rows.iter().chain(&values).map(String::as_str).collect();
    check::<Trades>(TRADE_TWO_BILLS, &all, VALUES_SUMS);
}

const VALUES: [&str; 3] = [
    "2: 2024-01-01T10:00:00+08:00 SUCCESS 0011 SHOP-0011 total 100 settled 100 coupon 0 fee 1000 rate 0.60% - sub - device - JSAPI OTHERS CNY [\"深圳\",'腾大',\\n] [{\"a\":1,\"b\":[2,3]}]",
    "3: 2024-01-01T10:00:01+08:00 SUCCESS 0012 SHOP-0012 total 200 settled 200 coupon 0 fee 1000 rate 0.60% - sub - device - JSAPI OTHERS CNY [a`b`,c, `d] [,,,]",
    "4: 2024-01-01T10:00:02+08:00 SUCCESS 0013 SHOP-0013 total 300 settled 300 coupon 0 fee 2000 rate 0.60% - sub - device - JSAPI OTHERS CNY [😀𠮷 ] [\u{feff}=1+1\t|;]",
];
const VALUES_SUMS: &str = "Some(3) total 600 settled 600 refund 0 coupon 0 requested 0 fee 4000";

#[test]
fn values_with_anything_in_them() {
    check::<Trades>(TRADE_VALUES, &VALUES, VALUES_SUMS);
}

#[test]
fn empty_days() {
    check::<Trades>(
        TRADE_EMPTY,
        &[],
        "Some(0) total 0 settled 0 refund 0 coupon 0 requested 0 fee 0",
    );
    check::<FundFlows>(FUND_FLOW_EMPTY, &[], "Some(0): Some(0) 0 Some(0) 0");
}

#[test]
fn fund_flow() {
    let rows = [
        "2: 2024-01-01T10:34:56+08:00 0001 0001 交易 交易 Income 100 of 10100 by system [结算总金额 1.00 元;含手续费 0.01 元] 1001",
        "3: 2024-01-01T10:34:56+08:00 0001 0002 扣除交易手续费 交易 Expense 1 of 10099 by system [] 1001",
        "4: 2024-01-01T11:00:00+08:00 8859 0003 退款 退款 Expense 100 of 9999 by 1900007291API [备注,第一行\\r\\n第二行] R1",
        "5: 2024-01-01T12:00:00+08:00 0 0004 充值 充值 Income 999999999999 of 1000000009998 by alice [] ",
    ];
    let summary = "Some(4): Some(2) 1000000000099 Some(2) 101";
    check::<FundFlows>(FUND_FLOW, &rows, summary);
    check::<FundFlows>(FUND_FLOW_ASCII_BRACKETS, &rows, summary);
    assert_eq!(every_way::<FundFlows>(FUND_FLOW_GZ).rows, rows);
    let mut bill = FundFlowBill::from_slice(FUND_FLOW);
    let row = bill.next_row().unwrap().unwrap();
    assert_eq!(row.business_id(), "4200000000202401010000000001");
    assert_eq!(row.flow_id(), "7000000000000000001");
    assert_eq!(row.direction(), Direction::Income);
}

#[test]
fn profit_sharing() {
    check::<ProfitSharings>(
        PROFIT_SHARING,
        &[
            "2: 2025-01-01T10:00:00+08:00 7291 7291 0001 0001 0001 P-1 1900000109 300 of 1000 分账 处理成功 [分给,甲方]",
            "3: 2025-01-01T10:00:00+08:00 7291 7291 0001 0001 0002 P-1 oUpF8uMuAJO 1 of 1000 分账 处理成功 []",
            "4: 2025-01-02T09:00:00+08:00 7291 7291 0001 0002 0003 R-1 1900000109 150 of 1000 分账回退 处理成功 [退回]",
        ],
        r#"[("分账总笔数", "3"), ("分账总金额", "4.51")]"#,
    );
    let mut bill = ProfitSharingBill::from_slice(PROFIT_SHARING);
    let row = bill.next_row().unwrap().unwrap();
    assert_eq!(row.order_id(), "30000000000000000001");
    assert_eq!(row.detail_id(), "36000000000000000001");
}

#[test]
fn profit_sharing_without_some_back_ticks() {
    check::<ProfitSharings>(
        PROFIT_SHARING_BARE,
        &[
            "2: 2025-01-01T10:00:00+08:00 7291 7291 0001 0001 0001 P-1 1900000109 300 of 1000 分账 处理成功 [分给,甲方]",
            "3: 2025-01-01T10:00:00+08:00 7291 7291 0001 0001 0002 P-1 oUpF8uMuAJO 1 of 1000 分账 处理成功 []",
            "4: 2025-01-02T09:00:00+08:00 7291 7291 0001 0002 0003 R-1 1900000109 150 of 1000 分账回退 处理成功 [退回]",
            "5: 2025-01-01T10:00:00+08:00 7291 7291 0001 0001 0001 P-1 1900000109 300 of 1000 分账 处理成功 [分给甲方]",
        ],
        r#"[("分账总笔数", "4"), ("分账总金额", "7.51")]"#,
    );
}

#[test]
fn any_bill_by_its_column_names() {
    for file in crate::files::all() {
        let outcome = every_way::<Records>(file);
        if file != PROFIT_SHARING_BARE {
            assert!(outcome.is_clean(), "{outcome:?}");
        }
    }
    let mut bill = RecordBill::from_slice(FUND_FLOW);
    let row = bill.next_row().unwrap().unwrap();
    assert_eq!(row.get("收支金额"), Some("1.00"));
    assert_eq!(row.get("账户结余(元)"), Some("101.00"));
    assert_eq!(row.line(), 2);
}

#[test]
fn the_announced_hash() {
    for (file, sha1) in [
        (TRADE_ALL, "4bdf5d968023705ab8e622c2fb68da1a0b5cb228"),
        (TRADE_ALL, "4BDF5D968023705AB8E622C2FB68DA1A0B5CB228"),
        // That of the text, not of the file.
        (TRADE_ALL_GZ, "4bdf5d968023705ab8e622c2fb68da1a0b5cb228"),
        (
            TRADE_ALL_MEMBERS_GZ,
            "4bdf5d968023705ab8e622c2fb68da1a0b5cb228",
        ),
        // That of the bytes, not of what they mean.
        (TRADE_OLD_GBK, "aba2410c7a703cb964bf5d59d2cd563559d81450"),
        (TRADE_TWO_BILLS, "a2b977376be2691a2661cfbb3cce121a8260805b"),
    ] {
        for hash_type in ["SHA1", "sha1", "SHA-1"] {
            let mut bill = TradeBill::from_slice(file).hash(hash_type, sha1).unwrap();
            assert!(crate::support::read(&mut bill).is_clean());
            for at_a_time in [1, 100, usize::MAX] {
                let reader = || crate::support::Chunks::new(file, at_a_time);
                let mut bill = TradeBill::from_reader(reader())
                    .hash(hash_type, sha1)
                    .unwrap();
                assert!(crate::support::read(&mut bill).is_clean());
                let bill = TradeBill::from_reader(reader())
                    .hash(hash_type, sha1)
                    .unwrap();
                assert!(crate::support::read(&mut bill.overlapped()).is_clean());
            }
        }
    }
}
