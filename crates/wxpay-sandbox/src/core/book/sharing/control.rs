//! What tests may see of sharing, and decide.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::{Family, Pool, Return, Settings, Sharing};
use crate::core::book::{Book, Unheard, http_address};

/// How a request ends now.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct End {
    /// Whose parts are closed, by account, and the `fail_reason`.
    closed: BTreeMap<String, String>,
}

impl Book {
    /// How sharing goes.
    pub(crate) fn sharing_settings(&self) -> Value {
        json!(self.share_settings())
    }

    /// Decides how sharing goes from now on.
    pub(crate) fn set_sharing(&mut self, settings: Settings) -> Result<(), String> {
        if settings.max_ratio > 10_000 {
            return Err("max_ratio must be between 0 and 10000, of ten thousand".to_owned());
        }
        http_address(settings.notify_url.as_deref())?;
        self.store.put_piece(settings);
        Ok(())
    }

    /// A request with its returns, and how its order stands.
    pub(crate) fn sharing_seen(&self, number: &str, now: Timestamp) -> Result<Value, Unheard> {
        let sharing = self
            .store
            .piece::<Sharing>(number)
            .ok_or(Unheard::Unknown)?;
        let order = self
            .store
            .order(&sharing.out_trade_no)
            .ok_or(Unheard::Unknown)?;
        let pool = self.store.piece::<Pool>(&sharing.out_trade_no);
        let sums = self.sums(&sharing.out_trade_no);
        let returns: Vec<Value> = sharing
            .returns
            .iter()
            .filter_map(|number| self.store.piece::<Return>(number))
            .map(|back| Family::Plain.returned(sharing, back))
            .collect();
        let mut seen = Family::Plain.view(sharing);
        if let Value::Object(seen) = &mut seen {
            seen.insert("returns".to_owned(), returns.into());
            seen.insert(
                "order".to_owned(),
                json!({
                    "out_trade_no": sharing.out_trade_no,
                    "total": order.total,
                    "shared": sums.shared,
                    "returned": sums.returned,
                    "unsplit_amount": self.unsplit(order, now.as_unix()),
                    "refundable": self.unshared(order),
                    "requests": pool.map(|pool| pool.requests.as_slice()).unwrap_or_default(),
                }),
            );
        }
        Ok(seen)
    }

    /// Carries a request out now.
    pub(crate) fn end_sharing(
        &mut self,
        number: &str,
        end: End,
        now: Timestamp,
    ) -> Result<Value, Unheard> {
        let sharing = self
            .store
            .piece::<Sharing>(number)
            .ok_or(Unheard::Unknown)?;
        if sharing.coming.is_none() {
            return Err(Unheard::TooLate);
        }
        let mut settings = self.share_settings();
        settings.closed.extend(end.closed);
        self.carry_out_sharing(number, &settings, now.as_unix());
        self.sharing_seen(number, now)
    }
}
