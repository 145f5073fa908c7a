//! The interfaces of v2 (XML): their facts, what a request passes before the book sees it, and how
//! answers and notices are written and signed.
//!
//! <https://pay.weixin.qq.com/doc/v2/merchant/4011985891>

mod answer;
mod check;
mod facts;
mod gate;
mod made_up;
mod notice;
mod scan;
mod serve;
pub(crate) mod wire;

pub(super) use self::facts::Facts;
pub(super) use self::notice::{is_taken, seal};
pub(super) use self::scan::Scans;
