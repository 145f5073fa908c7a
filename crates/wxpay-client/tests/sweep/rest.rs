//! The operations whose requests make sense by themselves.

use crate::sample::Extent::{Full, Least};
use crate::till::Till;

/// Sends every operation that has not been sent yet.
pub(crate) async fn all(till: &mut Till) {
    for names in till.left().chunks(100) {
        for name in names {
            for extent in [Full, Least] {
                till.named(name, extent, &[]).await;
            }
        }
        till.read_journal().await;
    }
}
