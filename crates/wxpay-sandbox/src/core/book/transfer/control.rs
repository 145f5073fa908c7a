//! What tests may see of transfers, and decide.

use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::state::State;
use super::{Authorization, Settings, Transfer};
use crate::core::book::{Book, Unheard};

/// What a user does who is asked to confirm a transfer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// Why it fails all the same; none lets the money arrive.
    fail_reason: Option<String>,
}

impl Book {
    /// How transfers go.
    pub(crate) fn transfer_settings(&self) -> Value {
        json!(self.transfers())
    }

    /// Decides how transfers go from now on.
    pub(crate) fn set_transfers(&mut self, settings: Settings) -> Result<(), String> {
        if settings.balance.is_some_and(|balance| balance < 0) {
            return Err("balance must not be less than 0 fen".to_owned());
        }
        self.store.put_piece(settings);
        Ok(())
    }

    /// A transfer with what its user needs to confirm it; or a batch.
    pub(crate) fn transfer_seen(&self, number: &str, now: Timestamp) -> Result<Value, Unheard> {
        let Some(transfer) = self.store.piece::<Transfer>(number) else {
            let batch = self.batch_seen(number, now.as_unix());
            return batch.ok_or(Unheard::Unknown);
        };
        let mut seen = self.transfer_view(transfer);
        if let Value::Object(seen) = &mut seen {
            seen.insert("package_info".to_owned(), json!(transfer.package_info));
            seen.insert("out_authorization_no".to_owned(), json!(transfer.confirms));
            seen.insert("notifications".to_owned(), self.notices_seen(number));
        }
        Ok(seen)
    }

    /// The user confirms a transfer, and with it the authorization that was asked for along with it;
    /// or, where no transfer has the number, an authorization.
    pub(crate) fn confirm_transfer(
        &mut self,
        number: &str,
        confirmation: Confirmation,
        now: Timestamp,
    ) -> Result<Value, Unheard> {
        let at = now.as_unix();
        let Some(transfer) = self.store.piece::<Transfer>(number) else {
            return self.confirm_authorization(number, at);
        };
        if transfer.state != State::WaitUserConfirm {
            return Err(Unheard::TooLate);
        }
        let mut transfer = transfer.clone();
        transfer.send(&self.transfers(), confirmation.fail_reason, at);
        let confirms = transfer.confirms.clone();
        self.store.put_piece(transfer);
        if let Some(authorization) = confirms {
            self.agree(&authorization, at);
        }
        self.advance(now);
        self.transfer_seen(number, now)
    }

    fn confirm_authorization(&mut self, number: &str, at: i64) -> Result<Value, Unheard> {
        let known = self.store.piece::<Authorization>(number);
        if !known.ok_or(Unheard::Unknown)?.is_waiting() {
            return Err(Unheard::TooLate);
        }
        self.agree(number, at);
        let known = self.store.piece::<Authorization>(number);
        known.map(|it| json!(it)).ok_or(Unheard::Unknown)
    }
}
