use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

/// A sandbox's folder cannot be used. Says which file and why.
#[derive(Debug)]
pub struct HomeError {
    path: PathBuf,
    problem: Problem,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Debug)]
enum Problem {
    Cannot(&'static str),
    NotAFolder,
    InUse(Option<String>),
    NotOurs,
    NotValid(&'static str),
    Line(usize),
}

impl HomeError {
    pub(crate) fn cannot(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Cannot(what),
            source: Some(Box::new(source)),
        }
    }

    pub(super) fn not_a_folder(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::NotAFolder,
            source: None,
        }
    }

    pub(super) fn in_use(path: &Path, process: Option<String>) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::InUse(process),
            source: None,
        }
    }

    pub(super) fn not_ours(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::NotOurs,
            source: None,
        }
    }

    pub(super) fn not_valid(
        what: &'static str,
        path: &Path,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::NotValid(what),
            source: Some(source.into()),
        }
    }

    pub(super) fn line(number: usize, path: &Path, source: serde_json::Error) -> Self {
        Self {
            path: path.to_owned(),
            problem: Problem::Line(number),
            source: Some(Box::new(source)),
        }
    }

    /// The file or folder this is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether another sandbox is running in this folder.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self.problem, Problem::InUse(_))
    }
}

impl fmt::Display for HomeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.problem {
            Problem::Cannot(what) => write!(f, "cannot {what} {path}"),
            Problem::NotAFolder => write!(f, "{path} is not a folder"),
            Problem::InUse(Some(process)) => {
                write!(
                    f,
                    "another sandbox (process {process}) is running in {path}"
                )
            }
            Problem::InUse(None) => write!(f, "another sandbox is running in {path}"),
            Problem::NotOurs => write!(
                f,
                "{path} is there, but the folder was not made by a sandbox; choose an empty or new folder"
            ),
            Problem::NotValid(what) => write!(f, "{path} is not {what}"),
            Problem::Line(number) => write!(f, "{path} is damaged at line {number}"),
        }
    }
}

impl Error for HomeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
