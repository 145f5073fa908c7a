//! The operations whose requests make sense by themselves.

use crate::sample::Extent::{Full, Least};
use crate::till::Till;

/// Sends every operation that has not been sent yet.
pub(crate) async fn all(till: &mut Till) {
    for name in till.left() {
        for extent in [Full, Least] {
            till.named(&name, extent, &[]).await;
        }
    }
}
