//! A client of API v2, the XML interfaces: payment codes (付款码), red packets (现金红包), transfers,
//! withholding, and everything else that is still spoken there.
//!
//! [`Client`] moves the bytes; what is sent and what is believed is decided by [`wxpay_proto::v2`].
//! Notices and the parameters for WeChat's own clients need no network: [`Client::merchant`] opens and
//! makes them.
//!
//! ```no_run
//! use wxpay_client::v2::{ApiV2Key, Client, Identity, Merchant};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let merchant = Merchant::new("1900000109", ApiV2Key::new(std::env::var("WXPAY_API_KEY")?)?)?;
//! let read = std::fs::read_to_string;
//! let identity = Identity::from_pem(&read("apiclient_cert.pem")?, &read("apiclient_key.pem")?)?;
//! let client = Client::builder(merchant).identity(identity).build()?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod client;
mod download;
mod run;

pub use wxpay_proto::v2::{ApiV2Key, Flow, Merchant, Operation, Request, Response, Verified};

pub use self::builder::ClientBuilder;
pub use self::client::Client;
pub use crate::Identity;
