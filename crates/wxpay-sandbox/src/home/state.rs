//! The log the sandbox's state is kept in: one change a line, JSON.
//!
//! A change is written before the answer that follows from it leaves, without `fsync`: killing the
//! process loses nothing, cutting the power may lose the last seconds. At a start the log is read
//! and written anew with only what still counts.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{HomeError, files};

/// The open log, with changes of type `C` as its lines.
#[derive(Debug)]
pub(crate) struct StateLog<C> {
    path: PathBuf,
    file: File,
    lines: PhantomData<fn(C)>,
}

/// Reads all changes of a log; none if there is no log yet.
///
/// A last line without its end was torn by a killed process and is left out: its answer never
/// left. Damage anywhere else is an error, because what follows could not be trusted.
pub(crate) fn read<C: DeserializeOwned>(path: &Path) -> Result<Vec<C>, HomeError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HomeError::cannot("read", path, error)),
    };
    let mut reader = BufReader::new(file);
    let mut changes = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        reader
            .read_until(b'\n', &mut line)
            .map_err(|error| HomeError::cannot("read", path, error))?;
        if line.pop_if(|last| *last == b'\n').is_none() {
            if !line.is_empty() {
                tracing::warn!(path = %path.display(), line = number, "left out a change that was cut short");
            }
            break;
        }
        changes.push(
            serde_json::from_slice(&line).map_err(|error| HomeError::line(number, path, error))?,
        );
    }
    Ok(changes)
}

impl<C: Serialize> StateLog<C> {
    /// Starts the log anew with the given changes in place of the old ones and opens it for more.
    pub(crate) fn start(path: &Path, changes: &[C]) -> Result<Self, HomeError> {
        files::replace(path, true, |file| {
            let mut writer = BufWriter::new(file);
            for change in changes {
                serde_json::to_writer(&mut writer, change)?;
                writer.write_all(b"\n")?;
            }
            writer.flush()
        })?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|error| HomeError::cannot("write", path, error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            lines: PhantomData,
        })
    }

    /// Appends the changes with one call of the operating system.
    pub(crate) fn append(&mut self, changes: &[C]) -> Result<(), HomeError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for change in changes {
            serde_json::to_writer(&mut lines, change)
                .map_err(|error| HomeError::cannot("write", &self.path, error.into()))?;
            lines.push(b'\n');
        }
        self.file
            .write_all(&lines)
            .map_err(|error| HomeError::cannot("write", &self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> Vec<u32> {
        read(path).unwrap()
    }

    #[test]
    fn changes_come_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.jsonl");
        assert_eq!(lines(&path), [0; 0]);
        let mut log = StateLog::start(&path, &[1, 2]).unwrap();
        log.append(&[3, 4]).unwrap();
        log.append(&[]).unwrap();
        assert_eq!(lines(&path), [1, 2, 3, 4]);
        let mut log = StateLog::start(&path, &[4]).unwrap();
        log.append(&[5]).unwrap();
        assert_eq!(lines(&path), [4, 5]);
    }

    #[test]
    fn a_torn_last_line_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.jsonl");
        std::fs::write(&path, "1\n2\n34").unwrap();
        assert_eq!(lines(&path), [1, 2]);
        let mut log = StateLog::start(&path, &lines(&path)).unwrap();
        log.append(&[3]).unwrap();
        assert_eq!(lines(&path), [1, 2, 3]);
    }

    #[test]
    fn damage_in_the_middle_names_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.jsonl");
        std::fs::write(&path, "1\n{\n3\n").unwrap();
        let error = read::<u32>(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("state.jsonl is damaged at line 2"),
            "{error}"
        );
    }
}
