//! WeChat Pay.
