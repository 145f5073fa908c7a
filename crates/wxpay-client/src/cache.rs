//! The platform certificates of earlier runs and of other processes, on disk.
//!
//! What is kept is WeChat Pay's own answer, whose certificates are still encrypted with the API v3
//! key. Whoever can write the file can therefore make it useless but cannot plant a key of theirs.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

/// Far more than any list of platform certificates needs.
const MAX_BYTES: u64 = 1 << 20;

/// How often a lock that another process holds is tried.
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// One cache file.
#[derive(Clone, Debug)]
pub(crate) struct CertificateCache {
    path: Arc<Path>,
}

/// Held while certificates are fetched, so that of several processes one goes to WeChat Pay and the
/// others read what it brings. Released when dropped, and by the system when the process dies.
#[derive(Debug)]
#[must_use]
pub(crate) struct CacheLock {
    _file: File,
}

impl CertificateCache {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path: path.into() }
    }

    /// The contents, if there are any that can be read. A missing file is the normal first run;
    /// everything else is worth a warning and no more.
    pub(crate) async fn read(&self) -> Option<Vec<u8>> {
        let path = self.path.clone();
        match blocking(move || read(&path)).await {
            Ok(contents) => Some(contents),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "certificate cache cannot be read");
                None
            }
        }
    }

    /// Puts new contents in place of the old, in one step that no reader sees half of.
    pub(crate) async fn write(&self, contents: Bytes) {
        let path = self.path.clone();
        if let Err(error) = blocking(move || write(&path, &contents)).await {
            tracing::warn!(path = %self.path.display(), %error, "certificate cache cannot be written");
        }
    }

    /// Waits for the lock that goes with the file, until the deadline. `None` when it cannot be had:
    /// fetching twice does less harm than not fetching.
    pub(crate) async fn lock(&self, deadline: Instant) -> Option<CacheLock> {
        let mut path = OsString::from(self.path.as_os_str());
        path.push(".lock");
        let path = PathBuf::from(path);
        loop {
            let lock = path.clone();
            match blocking(move || try_lock(&lock)).await {
                Ok(Some(lock)) => return Some(lock),
                Ok(None) if Instant::now() + LOCK_RETRY < deadline => sleep(LOCK_RETRY).await,
                Ok(None) => {
                    tracing::warn!(path = %path.display(), "another process keeps the certificate cache locked");
                    return None;
                }
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "certificate cache cannot be locked");
                    return None;
                }
            }
        }
    }
}

/// Files are not asynchronous; they are read and written where waiting disturbs nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut contents)?;
    if contents.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(
            "the file is too large to be a certificate cache",
        ));
    }
    Ok(contents)
}

fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let nonce = crate::clock::nonce().map_err(io::Error::other)?;
    let mut temporary = OsString::from(path.as_os_str());
    temporary.push(format!(".{nonce}.tmp"));
    let temporary = PathBuf::from(temporary);
    let written = (|| {
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&temporary)?;
        file.write_all(contents)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // What matters has failed already.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn try_lock(path: &Path) -> io::Result<Option<CacheLock>> {
    let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(CacheLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Readable and writable by the owner alone, where the system knows such a thing.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn contents_are_replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificates");
        let cache = CertificateCache::new(path.clone());
        assert_eq!(cache.read().await, None);
        cache.write(Bytes::from_static(b"one")).await;
        cache.write(Bytes::from_static(b"two")).await;
        assert_eq!(cache.read().await.as_deref(), Some(&b"two"[..]));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[tokio::test]
    async fn a_huge_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("certificates");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(CertificateCache::new(path).read().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_lock_is_exclusive_and_waiting_for_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CertificateCache::new(folder.path().join("certificates"));
        let soon = || Instant::now() + Duration::from_secs(1);
        let held = cache.lock(soon()).await.expect("nobody holds it yet");
        assert!(cache.lock(soon()).await.is_none());
        drop(held);
        assert!(cache.lock(soon()).await.is_some());
    }
}
