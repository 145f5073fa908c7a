//! Payments by code as a whole.

mod code_payment;

pub use code_payment::{CodePayment, CodePaymentEnd, CodePaymentFailure, CodePaymentTimings};
