//! Bills (对账单) of WeChat Pay (微信支付).

pub mod reconcile;
