//! Where a token comes from.

use std::error::Error;
use std::pin::Pin;

use serde::Deserialize;
use wxpay_json::DecodeError;

use super::super::accept::Reply;
use super::super::form::Form;
use super::super::operation::{Operation, OperationInfo, Request, Signing};
use super::super::secret::{AccessToken, AppSecret};
use crate::operation::Idempotency;

/// Fetches an access token (获取access_token): `GET /cgi-bin/token`.
///
/// Each new token ends the one before, so send this through a [`TokenCache`](crate::v1::TokenCache), on one server.
#[derive(Clone, Debug)]
pub struct FetchAccessToken {
    secret: AppSecret,
}

impl FetchAccessToken {
    /// With the app secret, which is needed for nothing else.
    #[must_use]
    pub const fn new(secret: AppSecret) -> Self {
        Self { secret }
    }
}

impl Request for FetchAccessToken {
    fn info(&self) -> OperationInfo {
        OperationInfo::platform("v1.fetch_access_token", "/cgi-bin/token", Idempotency::No)
            .method(http::Method::GET)
            .signing(Signing::None)
            .without_access_token()
    }

    fn write<'a>(&'a self, form: &mut Form<'a>) {
        form.text("grant_type", "client_credential");
        form.appid("appid");
        form.secret("secret", &self.secret);
    }
}

impl Operation for FetchAccessToken {
    type Response = IssuedToken;

    fn read(&self, reply: &Reply) -> Result<IssuedToken, DecodeError> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            expires_in: i64,
        }
        let answer: Answer = reply.json()?;
        let token = AccessToken::new(answer.access_token).map_err(|_| {
            DecodeError::at("access_token", "expected 1 to 512 printable characters")
        })?;
        if answer.expires_in <= 0 {
            return Err(DecodeError::at(
                "expires_in",
                "expected a number of seconds",
            ));
        }
        Ok(IssuedToken::new(token, answer.expires_in))
    }
}

/// A token and how long it lasts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token.
    pub token: AccessToken,
    /// For how many seconds from now; 7200 mostly.
    pub expires_in: i64,
}

impl IssuedToken {
    /// Puts the two together.
    #[must_use]
    pub const fn new(token: AccessToken, expires_in: i64) -> Self {
        Self { token, expires_in }
    }
}

/// Where tokens come from when several servers share one: a central server of the merchant's, a cache that all
/// of them see. Each new token ends the one before, so servers that fetch for themselves take each other's away.
pub trait TokenProvider: Send + Sync {
    /// The token that is in use. `refused` is one that WeChat no longer takes: where that is the one in use, a new
    /// one has to be fetched, by one server only.
    fn token<'a>(&'a self, refused: Option<&'a AccessToken>) -> TokenFuture<'a>;
}

/// What a [`TokenProvider`] gives.
pub type TokenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<IssuedToken, Box<dyn Error + Send + Sync>>> + Send + 'a>>;
