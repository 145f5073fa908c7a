//! How bills are made: a control for tests.

use serde::{Deserialize, Serialize};

use super::file::Manner;
use super::flaw::Flaws;
use crate::core::book::Book;
use crate::core::book::piece::Entry;

/// Into so many parts a bill is split at most.
const MOST_PARTS: usize = 100;

/// What is not named is as WeChat Pay does it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Into how many parts encrypted bills are split; WeChat Pay does so above 16 GB.
    pub(super) encrypted_parts: usize,
    /// Whether rows are in another order than that of their times. Nobody says that they are in any.
    pub(super) unsorted: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            encrypted_parts: 1,
            unsorted: false,
        }
    }
}

impl Entry for Settings {
    fn key(&self) -> String {
        String::new()
    }
}

impl Book {
    /// How bills are made.
    pub(crate) fn bill_settings(&self) -> Settings {
        self.store.piece("").copied().unwrap_or_default()
    }

    /// Decides how bills are made from now on.
    pub(crate) fn set_bills(&mut self, settings: Settings) -> Result<(), String> {
        if !(1..=MOST_PARTS).contains(&settings.encrypted_parts) {
            return Err(format!(
                "encrypted_parts must be between 1 and {MOST_PARTS}"
            ));
        }
        self.store.put_piece(settings);
        Ok(())
    }

    pub(super) fn manner(&self, flaws: Flaws) -> Manner {
        Manner {
            unsorted: self.bill_settings().unsorted,
            wrong_sums: flaws.sums,
        }
    }
}
