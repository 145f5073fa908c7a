//! The two keys of v1 that never go over the wire.

use wxpay_sign::{ApiV2Key, PaySignKey};

use crate::identity::Identity;

#[derive(Debug)]
pub(super) struct Keys {
    /// `partnerKey`: MD5.
    pub(super) partner: ApiV2Key,
    /// `paySignKey`: SHA-1.
    pub(super) pay_sign: PaySignKey,
}

impl Keys {
    /// The merchant's keys, or what is wrong with its file.
    pub(super) fn of(identity: &Identity) -> Result<Self, String> {
        let wrong = |name: &str, error| {
            format!("merchant.json: {name}: {error}; without it nothing of v1 can be verified")
        };
        Ok(Self {
            partner: ApiV2Key::new(identity.partner_key().expose())
                .map_err(|error| wrong("partner_key", error))?,
            pay_sign: PaySignKey::new(identity.pay_sign_key().expose())
                .map_err(|error| wrong("pay_sign_key", error))?,
        })
    }
}
