//! A client of API v1, WeChat Pay as it was in 2014 (微信支付旧版): the WeChat platform with its access
//! token, and Tenpay (财付通) with its client certificate and its replies in GBK.
//!
//! [`Client`] moves the bytes and keeps the token; what is sent and what is believed is decided by
//! [`wxpay_proto::v1`]. Packages, page parameters and notices need no network:
//! [`Client::merchant`] makes and opens them.
//!
//! ```no_run
//! use wxpay_client::v1::{ApiV2Key, AppSecret, Client, Identity, Merchant, PaySignKey};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let merchant = Merchant::new(
//!     "wxf8b4f85f3a794e77",
//!     "1900000109",
//!     ApiV2Key::new(std::env::var("WXPAY_PARTNER_KEY")?)?,
//!     PaySignKey::new(std::env::var("WXPAY_PAY_SIGN_KEY")?)?,
//! )?;
//! let read = std::fs::read_to_string;
//! let identity = Identity::from_pem(&read("apiclient_cert.pem")?, &read("apiclient_key.pem")?)?;
//! let client = Client::builder(merchant)
//!     .app_secret(AppSecret::new(std::env::var("WXPAY_APP_SECRET")?)?)
//!     .identity(identity)
//!     .build()?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod client;
mod tokens;

pub use wxpay_proto::v1::{
    AccessToken, ApiV2Key, AppSecret, IssuedToken, Merchant, Operation, PaySignKey, Response,
    TokenCache, TokenFuture, TokenPolicy, TokenProvider,
};

pub use self::builder::ClientBuilder;
pub use self::client::Client;
pub use crate::Identity;
