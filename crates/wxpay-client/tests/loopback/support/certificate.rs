//! Client certificates for one test.

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};

use super::platform::MCHID;
use super::tls::Authority;

pub(crate) const KEY: &str = include_str!("../keys/merchant.pem");
pub(crate) const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// What WeChat Pay's certificate tool would have given.
pub(crate) struct ClientCertificate {
    pub(crate) pem: String,
}

impl ClientCertificate {
    /// One that holds in these years, from their first day to their first day.
    pub(crate) fn of(authority: &Authority, years: (i32, i32)) -> Self {
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(KEY, &PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let serial: Vec<u8> = (0..SERIAL.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&SERIAL[at..at + 2], 16).unwrap())
            .collect();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.distinguished_name.push(DnType::CommonName, MCHID);
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &authority.issuer).unwrap();
        Self {
            pem: certificate.pem(),
        }
    }

    /// One that holds now.
    pub(crate) fn new(authority: &Authority) -> Self {
        Self::of(authority, (2020, 2090))
    }

    #[cfg(any(feature = "v1", feature = "v2"))]
    pub(crate) fn identity(&self) -> wxpay_client::Identity {
        wxpay_client::Identity::from_pem(&self.pem, KEY).unwrap()
    }

    /// Certificate and key in one file.
    #[cfg(any(feature = "v1", feature = "v2"))]
    #[cfg(feature = "pkcs12")]
    pub(crate) fn p12(&self, password: &str) -> Vec<u8> {
        use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
        use rustls_pki_types::pem::PemObject;
        use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
        let key = PrivatePkcs8KeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let key = p12_keystore::PrivateKey::from_der(key.secret_pkcs8_der()).unwrap();
        let certificate = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        let certificate = p12_keystore::Certificate::from_der(&certificate).unwrap();
        let chain = PrivateKeyChain::new("1", key, [certificate]);
        let mut store = KeyStore::new();
        store.add_entry("Tenpay Certificate", KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).write().unwrap()
    }
}
