//! What is kept of v1 besides orders: the access token, settings and complaints.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wxpay_sign::Timestamp;

use super::rights::Feedback;
use crate::core::book::Book;
use crate::core::random::Ids;

/// How long an access token is good for, in seconds.
pub(crate) const TOKEN_SECONDS: i64 = 7_200;
/// So many complaints are kept, and of so many orders the product.
const MOST: usize = 100;

/// A later state takes the place of an earlier one as a whole.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct State {
    token: Option<Token>,
    settings: Settings,
    pub(super) rights: VecDeque<Feedback>,
    /// Orders whose product's code was scanned, with the product.
    pub(super) products: VecDeque<(String, String)>,
}

/// The one token that is good: a new one takes its place.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Token {
    value: Hidden,
    expires: i64,
}

/// A text that is kept and not shown.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden([redacted])")
    }
}

/// What the merchant would set in the backends of WeChat and Tenpay.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where alarms go (告警URL); nowhere unless set.
    alarm_url: Option<String>,
    /// So long after the payment an alarm warns that no delivery was reported.
    deliver_within_seconds: u32,
    /// The password of Tenpay's operators.
    operator_password: Hidden,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            alarm_url: None,
            deliver_within_seconds: 24 * 3_600,
            operator_password: Hidden("111111".to_owned()),
        }
    }
}

impl Settings {
    /// What cannot be set.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let wrong = |url: &String| {
            !url.parse::<http::Uri>().is_ok_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
            })
        };
        if self.alarm_url.as_ref().is_some_and(wrong) {
            Some("alarm_url must be an absolute web address")
        } else if self.operator_password.0.is_empty() {
            Some("operator_password must not be empty")
        } else {
            None
        }
    }

    pub(super) fn alarm_url(&self) -> Option<&str> {
        self.alarm_url.as_deref()
    }

    pub(super) fn deliver_within(&self) -> i64 {
        self.deliver_within_seconds.into()
    }

    pub(crate) fn operator_password(&self) -> &str {
        &self.operator_password.0
    }

    /// Without the password.
    pub(crate) fn view(&self) -> Value {
        json!({
            "alarm_url": self.alarm_url,
            "deliver_within_seconds": self.deliver_within_seconds,
        })
    }
}

/// What an access token is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Good,
    /// It was good once and no other was fetched since.
    Expired,
    /// Another took its place, or it never was one.
    Unknown,
}

impl State {
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn token_standing(&self, given: &str, now: Timestamp) -> Standing {
        match &self.token {
            Some(token) if token.value.0 == given => {
                if now.as_unix() < token.expires {
                    Standing::Good
                } else {
                    Standing::Expired
                }
            }
            _ => Standing::Unknown,
        }
    }

    /// The product whose code an order began with.
    pub(in crate::core::book) fn product(&self, number: &str) -> Option<&str> {
        let found = self.products.iter().find(|(order, _)| order == number);
        found.map(|(_, product_id)| product_id.as_str())
    }

    pub(super) fn keep<T>(list: &mut VecDeque<T>, new: T) {
        list.push_back(new);
        while list.len() > MOST {
            list.pop_front();
        }
    }
}

impl Book {
    pub(crate) fn v1(&self) -> &State {
        &self.store.v1
    }

    pub(super) fn change_v1<R>(&mut self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.store.v1.clone();
        let result = change(&mut state);
        self.store.put_v1(state);
        result
    }

    /// Gives out a token; the one before is good no more.
    pub(crate) fn v1_new_token(&mut self, now: Timestamp, ids: &mut Ids) -> String {
        let value = ids.alphanumeric(136);
        let token = Token {
            value: Hidden(value.clone()),
            expires: now.as_unix().saturating_add(TOKEN_SECONDS),
        };
        self.change_v1(|state| state.token = Some(token));
        value
    }

    /// Makes the token worthless, as another server of the merchant's does by fetching one.
    pub(crate) fn v1_revoke_token(&mut self) {
        self.change_v1(|state| state.token = None);
    }

    pub(crate) fn v1_set(&mut self, settings: Settings) {
        self.change_v1(|state| state.settings = settings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_does_not_show() {
        let settings = Settings::default();
        assert!(format!("{settings:?}").contains("Hidden([redacted])"));
        assert!(!settings.view().to_string().contains("111111"));
    }

    #[test]
    fn a_long_list_forgets_its_oldest() {
        let mut list = VecDeque::new();
        for number in 0..MOST + 2 {
            State::keep(&mut list, number);
        }
        assert_eq!((list.len(), list.front()), (MOST, Some(&2)));
    }
}
