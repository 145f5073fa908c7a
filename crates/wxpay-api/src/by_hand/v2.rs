//! The same for v2, and what goes beyond single operations there.

#[cfg(feature = "v2_applyment")]
pub(crate) mod applyment;
#[cfg(feature = "v2_pay")]
pub(crate) mod pay;
#[cfg(feature = "v2_real_name")]
pub(crate) mod real_name;
#[cfg(feature = "v2_sandbox")]
pub(crate) mod sandbox;
