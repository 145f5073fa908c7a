//! The merchant's calls: what the client crate does with sockets, done with a number for a clock.

use wxpay_proto::{
    AcceptError, ApiError, Operation, Outcome, PrepareError, RefreshDecision, RefreshReason,
    RetryPolicy, VerificationError,
};

use crate::world::World;

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum Failed {
    /// WeChat Pay says no, and it is proven that it does.
    Refused(Box<ApiError>),
    /// Anything may have happened.
    Unsure,
}

impl World {
    pub(crate) fn call<O: Operation>(&mut self, operation: &O) -> Result<O::Response, Failed> {
        self.fetch_keys(RefreshReason::Scheduled);
        let mut tries = 0;
        // Encoded once; what is repeated are these bytes.
        let encoded = loop {
            match self.merchant.encode(operation, self.now) {
                Ok(encoded) => break encoded,
                Err(PrepareError::NoPlatformKey) if tries < 50 => self.obtain_keys(),
                Err(error) => panic!("{error}: {:?}", self.merchant),
            }
            tries += 1;
        };
        let info = operation.info();
        let mut attempt = 1;
        loop {
            let nonce = self.nonce();
            let request = self.merchant.sign(&encoded, self.now, nonce).unwrap();
            let exchange = self.exchange(request);
            let outcome = match &exchange.response {
                None => Outcome::Unknown,
                Some(response) => {
                    let mut accepted = self.merchant.accept(operation, response, self.now);
                    if let Err(AcceptError::Verification(VerificationError::UnknownKey(id))) =
                        &accepted
                    {
                        // The same bytes, with the new key if there is one.
                        self.fetch_keys(RefreshReason::UnknownKey(id.clone()));
                        accepted = self.merchant.accept(operation, response, self.now);
                    }
                    match accepted {
                        Ok(response) => {
                            exchange.assert_believable(encoded.target());
                            return Ok(response.into_value());
                        }
                        Err(error) => {
                            let outcome = Outcome::of(&error);
                            match error {
                                AcceptError::Api(error) if error.is_verified() => {
                                    exchange.assert_believable(encoded.target());
                                    if is_refusal(&error) {
                                        return Err(Failed::Refused(error));
                                    }
                                }
                                AcceptError::Verification(_) => self.counts.disbelieved += 1,
                                AcceptError::Decode(error) => {
                                    panic!("{}: {error}", encoded.target())
                                }
                                // Not proven: a word of no weight.
                                _ => {}
                            }
                            outcome
                        }
                    }
                }
            };
            let jitter = f64::from(u32::try_from(self.below(100)).unwrap()) / 100.0;
            let advice = RetryPolicy::default().next(attempt, info.idempotency, &outcome, jitter);
            let Some(advice) = advice else {
                self.counts.unsure += 1;
                return Err(Failed::Unsure);
            };
            let pause = advice.after.as_millis().div_ceil(1_000);
            self.run_for(i64::try_from(pause).unwrap());
            attempt += 1;
            self.counts.repeated += 1;
        }
    }

    /// Fetches the platform certificates if the keyring says so.
    pub(crate) fn fetch_keys(&mut self, reason: RefreshReason) {
        let RefreshDecision::Start(permit) =
            self.merchant.platform_keys().refresh(self.now, reason)
        else {
            return;
        };
        let encoded = self.merchant.encode_certificates_request().unwrap();
        let nonce = self.nonce();
        let request = self.merchant.sign(&encoded, self.now, nonce).unwrap();
        let exchange = self.exchange(request);
        // Without an answer the permit is dropped, which the keyring takes for a failure.
        if let Some(response) = &exchange.response
            && self
                .merchant
                .accept_certificates(response, permit, self.now)
                .is_ok()
        {
            exchange.assert_believable("the certificates");
            self.counts.keys_fetched += 1;
        }
    }

    /// There is no key to call with: fetches one, or waits until that may be done.
    fn obtain_keys(&mut self) {
        self.fetch_keys(RefreshReason::Missing);
        let keys = self.merchant.platform_keys().clone();
        if let RefreshDecision::Wait { until } = keys.refresh(self.now, RefreshReason::Missing) {
            self.run_until(until);
        }
    }
}

/// Not "later", but "no".
fn is_refusal(error: &ApiError) -> bool {
    !error.status().is_server_error() && error.status() != 429
}
