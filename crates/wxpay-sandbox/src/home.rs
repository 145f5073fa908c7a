//! The folder a sandbox lives in.

mod error;
mod files;
mod merchant_file;
mod state;

use std::error::Error;
use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKeyChain};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wxpay_sign::Timestamp;
use zeroize::Zeroizing;

use crate::identity::{Identity, Issued, Pems};

pub use error::HomeError;
pub use merchant_file::MerchantFile;
pub(crate) use state::StateLog;

const MERCHANT_FILE: &str = "merchant.json";
const MERCHANT_KEY: &str = "apiclient_key.pem";
const MERCHANT_CERTIFICATE: &str = "apiclient_cert.pem";
const MERCHANT_P12: &str = "apiclient_cert.p12";
const PUBLIC_KEY: &str = "pub_key.pem";
const AUTHORITY: &str = "ca.pem";
const STATE: &str = "state.jsonl";
const LOCK: &str = "sandbox.lock";
const PRIVATE: &str = "private";
const AUTHORITY_KEY: &str = "ca_key.pem";
const PUBLIC_KEY_SIGNER: &str = "pub_key_private.pem";
/// There while a first start is under way: what lies beside it may be overwritten.
const UNFINISHED: &str = ".unfinished";

/// A sandbox's folder: credentials for the merchant's programs, the sandbox's own keys under
/// `private/`, and the log of its state.
///
/// One process at a time: the folder is locked for as long as this lives. The files are those
/// WeChat Pay gives a merchant, under the same names, and `merchant.json` with the numbers.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    lock: File,
}

impl Home {
    /// Opens the folder, or makes it with a merchant made up at `now`.
    ///
    /// A folder with key files that no sandbox made is left alone.
    ///
    /// # Errors
    /// When the folder cannot be made or written, another sandbox is running in it, or one of its
    /// files is missing or damaged. The error names the file.
    pub fn open_or_create(
        dir: impl AsRef<Path>,
        now: Timestamp,
    ) -> Result<(Self, Identity), HomeError> {
        let dir = dir.as_ref();
        fs::create_dir_all(dir).map_err(|error| {
            if dir.exists() {
                HomeError::not_a_folder(dir)
            } else {
                HomeError::cannot("make the folder", dir, error)
            }
        })?;
        // Absolute, so that a message makes sense wherever it is read.
        let dir = fs::canonicalize(dir).map_err(|error| HomeError::cannot("find", dir, error))?;
        let home = Self {
            lock: lock(&dir)?,
            dir,
        };
        let identity = if home.path(MERCHANT_FILE).exists() {
            home.load()?
        } else {
            home.create(now)?
        };
        Ok((home, identity))
    }

    /// The folder's path.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Lets another sandbox have the folder, though this one is not gone yet.
    pub(crate) fn unlock(&self) {
        // Failing that, the lock goes with the process.
        let _ = self.lock.unlock();
    }

    /// Writes `merchant.json` with the addresses the sandbox can be reached at.
    pub(crate) fn publish(
        &self,
        identity: &Identity,
        base_url: &str,
        tls_base_url: Option<&str>,
    ) -> Result<MerchantFile, HomeError> {
        let mut merchant = MerchantFile::of(identity);
        merchant.base_url = base_url.to_owned();
        merchant.tls_base_url = tls_base_url.map(str::to_owned);
        merchant.write(&self.dir)?;
        Ok(merchant)
    }

    /// Writes every platform certificate that has no file yet, with its key.
    pub(crate) fn save_platform_certificates(&self, identity: &Identity) -> Result<(), HomeError> {
        for platform in identity.platform_certificates() {
            let serial = platform.serial_number().as_str();
            let certificate = self.path(&certificate_name(serial));
            if !certificate.exists() {
                // The key first: a certificate without its key would stop the next start.
                files::write_private(
                    &self.private(&key_name(serial)),
                    platform.key_pem().as_bytes(),
                )?;
                files::write(&certificate, platform.certificate_pem().as_bytes())?;
            }
        }
        Ok(())
    }

    /// Reads the changes an earlier start left.
    pub(crate) fn changes<C: DeserializeOwned>(&self) -> Result<Vec<C>, HomeError> {
        state::read(&self.path(STATE))
    }

    /// Opens the log with the given changes in place of the earlier ones.
    pub(crate) fn start_log<C: Serialize>(&self, changes: &[C]) -> Result<StateLog<C>, HomeError> {
        StateLog::start(&self.path(STATE), changes)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn private(&self, name: &str) -> PathBuf {
        self.dir.join(PRIVATE).join(name)
    }

    fn create(&self, now: Timestamp) -> Result<Identity, HomeError> {
        let unfinished = self.path(UNFINISHED);
        if !unfinished.exists() {
            let ours = [
                MERCHANT_KEY,
                MERCHANT_CERTIFICATE,
                MERCHANT_P12,
                PUBLIC_KEY,
                AUTHORITY,
                STATE,
                PRIVATE,
            ];
            if let Some(stranger) = ours
                .map(|name| self.path(name))
                .into_iter()
                .find(|path| path.exists())
            {
                return Err(HomeError::not_ours(&stranger));
            }
            if let Some(serial) = self.platform_serials()?.first() {
                return Err(HomeError::not_ours(&self.path(&certificate_name(serial))));
            }
            files::write(&unfinished, b"")?;
        }
        files::make_private_folder(&self.path(PRIVATE))?;
        // What a first start that was interrupted left: this one makes its own.
        for serial in self.platform_serials()? {
            let path = self.path(&certificate_name(&serial));
            fs::remove_file(&path).map_err(|error| HomeError::cannot("remove", &path, error))?;
        }
        let identity = Identity::generate(now).map_err(|error| {
            HomeError::not_valid("a place where a merchant could be made", &self.dir, error)
        })?;
        files::write_private(
            &self.private(AUTHORITY_KEY),
            identity.authority().key_pem().as_bytes(),
        )?;
        files::write_private(
            &self.private(PUBLIC_KEY_SIGNER),
            identity.public_key_signer_pem().as_bytes(),
        )?;
        self.save_platform_certificates(&identity)?;
        files::write(
            &self.path(AUTHORITY),
            identity.ca_certificate_pem().as_bytes(),
        )?;
        files::write(&self.path(PUBLIC_KEY), identity.public_key_pem().as_bytes())?;
        files::write_private(
            &self.path(MERCHANT_KEY),
            identity.merchant_key_pem().as_bytes(),
        )?;
        files::write(
            &self.path(MERCHANT_CERTIFICATE),
            identity.merchant_certificate_pem().as_bytes(),
        )?;
        let p12 = self.path(MERCHANT_P12);
        let archive = pkcs12(&identity).map_err(|error| {
            HomeError::not_valid("a place where a PKCS#12 file could be made", &p12, error)
        })?;
        files::write_private(&p12, &archive)?;
        // Last, because it is what tells a finished home.
        self.publish(&identity, "", None)?;
        fs::remove_file(&unfinished)
            .map_err(|error| HomeError::cannot("remove", &unfinished, error))?;
        Ok(identity)
    }

    fn load(&self) -> Result<Identity, HomeError> {
        let authority_key = self.private(AUTHORITY_KEY);
        if !authority_key.exists() {
            // Somebody's own credentials in the same layout: not a place to play WeChat Pay in.
            return Err(HomeError::not_ours(&self.path(MERCHANT_FILE)));
        }
        let merchant = MerchantFile::read(&self.dir)?;
        let serial_no = merchant.serial_no.clone();
        let mut platform = Vec::new();
        for serial in self.platform_serials()? {
            platform.push(Issued {
                certificate_pem: files::read(&self.path(&certificate_name(&serial)))?,
                key_pem: self.key(&key_name(&serial))?,
            });
        }
        let pems = Pems {
            authority_certificate: files::read(&self.path(AUTHORITY))?,
            authority_key: self.key(AUTHORITY_KEY)?,
            merchant: Issued {
                certificate_pem: files::read(&self.path(MERCHANT_CERTIFICATE))?,
                key_pem: Zeroizing::new(files::read(&self.path(MERCHANT_KEY))?),
            },
            public_key: files::read(&self.path(PUBLIC_KEY))?,
            public_key_private: self.key(PUBLIC_KEY_SIGNER)?,
            platform,
        };
        let identity = Identity::from_pems(merchant.into_names(), pems)
            .map_err(|error| HomeError::not_valid("a sandbox's home any more", &self.dir, error))?;
        let serial = identity.merchant_certificate().serial_number();
        if serial.as_str() != serial_no {
            let problem =
                format!("serial_no is {serial_no}, but {MERCHANT_CERTIFICATE} has {serial}");
            return Err(HomeError::not_valid(
                "in keeping with its folder",
                &self.path(MERCHANT_FILE),
                problem,
            ));
        }
        Ok(identity)
    }

    fn key(&self, name: &str) -> Result<Zeroizing<String>, HomeError> {
        files::read(&self.private(name)).map(Zeroizing::new)
    }

    /// The serial numbers of the platform certificates in the folder.
    fn platform_serials(&self) -> Result<Vec<String>, HomeError> {
        let entries =
            fs::read_dir(&self.dir).map_err(|error| HomeError::cannot("list", &self.dir, error))?;
        let mut serials = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(|error| HomeError::cannot("list", &self.dir, error))?
                .file_name();
            let serial = name
                .to_str()
                .and_then(|name| name.strip_prefix("wechatpay_"))
                .and_then(|name| name.strip_suffix(".pem"));
            serials.extend(serial.map(str::to_owned));
        }
        Ok(serials)
    }
}

/// Closing the file would not be enough: a program that is being started at this moment has the
/// descriptor as well until it becomes another program, and the lock with it.
impl Drop for Home {
    fn drop(&mut self) {
        self.unlock();
    }
}

fn certificate_name(serial: &str) -> String {
    format!("wechatpay_{serial}.pem")
}

fn key_name(serial: &str) -> String {
    format!("wechatpay_{serial}_key.pem")
}

/// Takes the folder for this process. The operating system lets go of it when the process ends,
/// however it ends.
fn lock(dir: &Path) -> Result<File, HomeError> {
    let path = dir.join(LOCK);
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| HomeError::cannot("write", &path, error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = (&file).take(20).read_to_string(&mut process);
            let known = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
            return Err(HomeError::in_use(dir, known.then_some(process)));
        }
        Err(TryLockError::Error(error)) => return Err(HomeError::cannot("lock", &path, error)),
    }
    file.set_len(0)
        .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()))
        .map_err(|error| HomeError::cannot("write", &path, error))?;
    Ok(file)
}

/// The merchant's certificate and key as WeChat Pay's certificate tool packs them: the password is
/// the merchant number.
fn pkcs12(identity: &Identity) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(identity.merchant_key_pem().as_bytes())?;
    let key = p12_keystore::PrivateKey::from_der(key.secret_pkcs8_der())?;
    let certificate =
        CertificateDer::from_pem_slice(identity.merchant_certificate_pem().as_bytes())?;
    let certificate = p12_keystore::Certificate::from_der(&certificate)?;
    let authority = CertificateDer::from_pem_slice(identity.ca_certificate_pem().as_bytes())?;
    let authority = p12_keystore::Certificate::from_der(&authority)?;
    let serial = identity.merchant_certificate().serial_number().as_str();
    let chain = PrivateKeyChain::new(serial.as_bytes(), key, [certificate, authority]);
    let mut store = KeyStore::new();
    store.add_entry("Tenpay Certificate", KeyStoreEntry::PrivateKeyChain(chain));
    Ok(store.writer(identity.mchid()).write()?)
}

#[cfg(test)]
mod tests;
