//! v2, the XML interfaces (APIv2): the same operations of WeChat Pay in an older form, and many that exist in
//! no other.
//!
//! A module a family, a feature a module: `v2_pay`, `v2_refund` and so on; `v2` is all of them. Requests have
//! the fields of the wire under their names there, limits are looked at before anything is sent; what the
//! protocol adds by itself (the merchant's number, `nonce_str`, `sign_type`, `sign`) is not among them. JSON
//! inside of XML is typed, numbered elements (`coupon_id_0`, `coupon_id_1`) are lists, money is fen. Requests
//! are plain serde values and can be stored: whatever pays money out has to be repeated with the very same
//! content.
//!
//! [`wxpay_proto::v2::Merchant`] signs them and reads their answers, `wxpay-client` sends them.

#[allow(
    unreachable_pub,
    unused_imports,
    reason = "without any family there is nothing in it"
)]
pub use crate::generated::v2::*;
