//! The interfaces of v1 (2014): the platform's in JSON, Tenpay's (财付通) in XML, what a phone does with a
//! link or a page, and the notices. Whatever host they had, their paths are the sandbox's own.

mod charset;
mod control;
mod keys;
mod notice;
mod package;
mod params;
mod phone;
mod platform;
mod redact;
mod scan;
mod serve;
mod tenpay;

pub(crate) use self::charset::Charset;
pub(super) use self::control::Refused;
pub(super) use self::notice::{is_taken, seal};
pub(crate) use self::package::PackageOrder;
pub(super) use self::redact::{body as redacted_body, query as redacted_query};
pub(super) use self::scan::{is_code, question, read_answer, read_code};
pub(super) use self::serve::route;
pub(crate) use self::tenpay::BillKind;
