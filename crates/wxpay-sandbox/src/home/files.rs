//! Reading and writing files so that a file is either the old one or the new one, never half.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::HomeError;

/// Reads a text file.
pub(super) fn read(path: &Path) -> Result<String, HomeError> {
    fs::read_to_string(path).map_err(|error| HomeError::cannot("read", path, error))
}

/// Writes a file beside its place and moves it there.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    replace(path, false, |file| file.write_all(content))
}

/// The same, readable by its owner alone.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    replace(path, true, |file| file.write_all(content))
}

/// Has a new file written beside its place and moves it there. The old one stays if that fails.
pub(super) fn replace(
    path: &Path,
    private: bool,
    fill: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> Result<(), HomeError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = Path::new(&temporary);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if private {
        only_owner(&mut options);
    }
    options
        .open(temporary)
        .and_then(|mut file| fill(&mut file))
        .and_then(|()| fs::rename(temporary, path))
        .map_err(|error| {
            let _ = fs::remove_file(temporary);
            HomeError::cannot("write", path, error)
        })
}

/// Makes the folder for what nobody but the sandbox should read.
pub(super) fn make_private_folder(path: &Path) -> Result<(), HomeError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder
        .create(path)
        .map_err(|error| HomeError::cannot("make the folder", path, error))
}

pub(super) fn only_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = options;
}
