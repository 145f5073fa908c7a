//! Reconciliation (对账).
