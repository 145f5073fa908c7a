//! Signing and verifying with `wxpay-sign` alone: bytes in, bytes out.
//!
//! ```text
//! cargo run -p sign_only                      # with the key of this folder
//! cargo run -p sign_only -- apiclient_key.pem # with a key of your own
//! ```

use std::fs;
use std::io::Write as _;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};
use wxpay_sign::{
    Nonce, PrivateKey, PublicKey, SerialNumber, Signature, Signer as _, Timestamp, VerifyError,
    authorization, request_message, response_message,
};

/// A merchant number and the serial number of its certificate; yours come from the portal (商户平台).
const MCHID: &str = "1900000109";
const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// An answer as it came over the wire: three headers, and the body's bytes.
const ANSWER: &[u8] = include_bytes!("../keys/answer.json");
const ANSWER_TIMESTAMP: &str = "1763712000";
const ANSWER_NONCE: &str = "C8E1B7B9D6E34C3F8F3A2D3B1E5F6A70";
const ANSWER_SIGNATURE: &str = "JihFFyVFIxw2OIWpoWYbfN8vtRe6c8cEQMNWFB2jTNvj7cplDnuEaMw6oPp7e3eK\
    K7N12K0SKQ9BUEh1oBTik1tQt2FUlThy20EjYyRVktnk5Brm7xvPjZa/w6u6yEh1\
    s5XeTtEzszisEdg6p4xfxxVTMTR633qooy4MgaSPOkGl0Q+YEDtP2ZVju/+50FbJ\
    QsJTQrpysQuqzFzBDPKgmb4B1kOsfpzOjrp2xWsCgFVwEhu+olYaJNhFwXCln1XN\
    iL8bCykyE70oijByQPSpm0EA4bnvcf+h2f8NaDy+dndTovlVNI3mwNtaL1tsWIlO\
    /as+IUk5tdzH4xKQhF5rzA==";

fn main() -> Result<()> {
    let mut out = std::io::stdout();

    let pem = match std::env::args_os().nth(1) {
        Some(path) => {
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
        }
        None => include_str!("../keys/apiclient_key.pem").to_owned(),
    };
    let key = PrivateKey::from_pem(&pem).context("the merchant's private key cannot be used")?;
    let serial = SerialNumber::parse(SERIAL)?;

    // Sign a request. The message is made of the very bytes that go over the wire.
    let target = "/v3/pay/transactions/native";
    let body = br#"{"appid":"wx2421b1c4370ec43b","mchid":"1900000109","amount":{"total":100}}"#;
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let (at, nonce) = (now(), Nonce::from_bytes(random));
    let message = request_message("POST", target, at, &nonce, body);
    let signature = key.sign(&message)?;
    let header = authorization(key.algorithm(), MCHID, &nonce, at, &serial, &signature);
    writeln!(out, "POST {target}\nAuthorization: {header}\n")?;

    // The other side holds the public half, and would say so if a byte had changed.
    key.public_key().verify(&message, &signature)?;
    let changed = request_message("POST", target, at, &nonce, &body[1..]);
    ensure!(key.public_key().verify(&changed, &signature) == Err(VerifyError::Mismatch));

    // Verify an answer, before anything reads it. A program would first see that its timestamp is
    // less than five minutes old and that its serial number is the key's; this answer is a recording.
    let platform = PublicKey::from_pem(include_str!("../keys/pub_key.pem"))?;
    let signature = Signature::from_base64(ANSWER_SIGNATURE)?;
    let message = response_message(ANSWER_TIMESTAMP, ANSWER_NONCE, ANSWER);
    platform
        .verify(&message, &signature)
        .context("the answer is not from WeChat Pay")?;
    writeln!(
        out,
        "The answer is WeChat Pay's: {}",
        String::from_utf8_lossy(ANSWER)
    )?;

    let forged = String::from_utf8_lossy(ANSWER).replace("p4lpSuKzz", "p4lpSuKzy");
    let message = response_message(ANSWER_TIMESTAMP, ANSWER_NONCE, forged.as_bytes());
    ensure!(platform.verify(&message, &signature) == Err(VerifyError::Mismatch));
    writeln!(out, "With one letter changed it is not.")?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program reads the clock, the crate does not"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}
