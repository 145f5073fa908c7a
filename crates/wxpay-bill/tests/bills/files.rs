//! The files in `tests/vectors`.

macro_rules! files {
    ($($name:ident = $file:literal,)*) => {
        $(pub(crate) const $name: &[u8] = include_bytes!(concat!("../vectors/", $file));)*
    };
}

files! {
    TRADE_ALL = "trade_all.csv",
    TRADE_ALL_GZ = "trade_all.csv.gz",
    TRADE_ALL_MEMBERS_GZ = "trade_all_members.csv.gz",
    TRADE_ALL_NAMED_GZ = "trade_all_named.csv.gz",
    TRADE_SUCCESS = "trade_success.csv",
    TRADE_SUCCESS_FOUR_SUMS = "trade_success_four_sums.csv",
    TRADE_REFUND = "trade_refund.csv",
    TRADE_RECHARGE_REFUND = "trade_recharge_refund.csv",
    TRADE_OLD = "trade_old.csv",
    TRADE_OLD_GBK = "trade_old_gbk.csv",
    TRADE_PARTNER = "trade_partner.csv",
    TRADE_PARTNER_OLD_NAME = "trade_partner_old_name.csv",
    TRADE_VALUES = "trade_values.csv",
    TRADE_MOVED = "trade_moved.csv",
    TRADE_BRACKETS = "trade_brackets.csv",
    TRADE_EMPTY = "trade_empty.csv",
    TRADE_PARTS = "trade_parts.csv",
    TRADE_PARTS_BOM_ONLY = "trade_parts_bom_only.csv",
    TRADE_TWO_BILLS = "trade_two_bills.csv",
    FUND_FLOW = "fund_flow.csv",
    FUND_FLOW_GZ = "fund_flow.csv.gz",
    FUND_FLOW_ASCII_BRACKETS = "fund_flow_ascii_brackets.csv",
    FUND_FLOW_EMPTY = "fund_flow_empty.csv",
    PROFIT_SHARING = "profit_sharing.csv",
    PROFIT_SHARING_BARE = "profit_sharing_bare.csv",
}

/// Every trade bill that is not compressed.
pub(crate) const TRADES: [&[u8]; 16] = [
    TRADE_ALL,
    TRADE_SUCCESS,
    TRADE_SUCCESS_FOUR_SUMS,
    TRADE_REFUND,
    TRADE_RECHARGE_REFUND,
    TRADE_OLD,
    TRADE_OLD_GBK,
    TRADE_PARTNER,
    TRADE_PARTNER_OLD_NAME,
    TRADE_VALUES,
    TRADE_MOVED,
    TRADE_BRACKETS,
    TRADE_EMPTY,
    TRADE_PARTS,
    TRADE_PARTS_BOM_ONLY,
    TRADE_TWO_BILLS,
];

/// Every bill that is not compressed.
pub(crate) fn all() -> impl Iterator<Item = &'static [u8]> {
    TRADES.into_iter().chain([
        FUND_FLOW,
        FUND_FLOW_ASCII_BRACKETS,
        FUND_FLOW_EMPTY,
        PROFIT_SHARING,
        PROFIT_SHARING_BARE,
    ])
}

/// The text of a bill that is UTF-8.
pub(crate) fn text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).unwrap()
}
