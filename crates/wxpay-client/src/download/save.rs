//! A download into a file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;
use wxpay_proto::Idempotency;

use super::Download;
use crate::error::{Delivery, Error, ErrorKind};

/// Removes what has been written so far, unless it is complete.
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // Also on the way out of a cancelled call, where nothing can be waited for.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Download {
    /// Writes the text to a file and returns its length in bytes. The file comes into being only
    /// when all of it is there and the hash is right; until then a temporary one stands beside it,
    /// which is removed on failure. A file that was there before is replaced.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk), and [`ErrorKind::File`] when the file cannot be written.
    pub async fn save_to(mut self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let (mut file, mut unfinished) = self.temporary(path).await?;
        while let Some(text) = self.chunk().await? {
            file.write_all(&text)
                .await
                .map_err(|error| self.unwritten(error))?;
        }
        file.flush().await.map_err(|error| self.unwritten(error))?;
        file.sync_all()
            .await
            .map_err(|error| self.unwritten(error))?;
        if let Some(temporary) = &unfinished.0 {
            fs::rename(temporary, path)
                .await
                .map_err(|error| self.unwritten(error))?;
        }
        unfinished.0 = None;
        Ok(self.length())
    }

    async fn temporary(&self, path: &Path) -> Result<(File, Unfinished), Error> {
        let nonce = crate::clock::nonce().map_err(|error| self.unwritten(error))?;
        let mut name = OsString::from(path.as_os_str());
        name.push(format!(".{nonce}.part"));
        let temporary = PathBuf::from(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .await
            .map_err(|error| self.unwritten(error))?;
        Ok((file, Unfinished(Some(temporary))))
    }

    fn unwritten(&self, error: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::new(
            ErrorKind::File,
            Delivery::Unknown,
            "the file cannot be written",
        )
        .caused_by(error)
        .of_call(self.operation, Idempotency::Safe, 1, false)
    }
}
