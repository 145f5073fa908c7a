//! The values in a bill: money, times, counts.

pub(crate) mod count;
pub(crate) mod fee;
pub(crate) mod fixed;
pub(crate) mod money;
pub(crate) mod time;
