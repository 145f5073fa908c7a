//! A merchant of v3, from its files.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wxpay_client::Merchant;
use wxpay_client::proto::{
    ApiV3Key, Certificate, Credential, PlatformKeyring, PlatformPublicKey, PrivateKey,
};
use wxpay_sandbox::MerchantFile;

/// The merchant whose files are in `home`: number, certificate, private key, API v3 key, and the WeChat Pay public key
/// (微信支付公钥) where there is one.
///
/// # Errors
///
/// Where a file is missing or not what it should be; the error names it.
pub fn merchant(home: &Path, file: &MerchantFile) -> Result<Merchant> {
    let certificate =
        Certificate::from_pem(&read(home, "apiclient_cert.pem")?).context("apiclient_cert.pem")?;
    let key =
        PrivateKey::from_pem(&read(home, "apiclient_key.pem")?).context("apiclient_key.pem")?;
    let serial = certificate.serial_number();
    ensure!(
        serial.as_str().eq_ignore_ascii_case(&file.serial_no),
        "serial_no in merchant.json is not that of apiclient_cert.pem ({serial})"
    );
    let credential = Credential::from_certificate(&file.mchid, &certificate, key)?;
    let api_v3_key =
        ApiV3Key::new(file.apiv3_key.expose()).context("apiv3_key in merchant.json")?;
    let mut keyring = PlatformKeyring::certificates();
    if home.join("pub_key.pem").exists() {
        let pem = read(home, "pub_key.pem")?;
        let key = PlatformPublicKey::from_pem(&file.public_key_id, &pem)
            .context("pub_key.pem and public_key_id in merchant.json")?;
        keyring = keyring.with_public_key(key);
    }
    Ok(Merchant::new(credential, api_v3_key, keyring))
}

/// A file of the merchant's.
///
/// # Errors
///
/// Where it cannot be read; the error names it.
pub fn read(home: &Path, name: &str) -> Result<String> {
    let path = home.join(name);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}
