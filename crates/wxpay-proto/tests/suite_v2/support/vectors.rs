//! Reads the files under `tests/vectors/v2`. Every file is taken as it is: no line feed is added or cut off.

use std::fs;
use std::path::{Path, PathBuf};

use wxpay_proto::bytes::Bytes;

/// One directory of `tests/vectors/v2`.
pub(crate) struct Case {
    pub(crate) name: String,
    directory: PathBuf,
}

impl Case {
    pub(crate) fn new(path: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/vectors/v2")
            .join(path);
        Self {
            name: path.to_owned(),
            directory,
        }
    }

    pub(crate) fn bytes(&self, file: &str) -> Bytes {
        let read = fs::read(self.directory.join(file));
        read.unwrap_or_else(|error| panic!("{}/{file}: {error}", self.name))
            .into()
    }

    pub(crate) fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file).into()).unwrap()
    }

    /// `name=value`, one a line.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let text = self.text("fields.txt");
        let fields = text.lines().map(|line| {
            let (name, value) = line.split_once('=').unwrap();
            // Names of operations live as long as the program.
            let name: &'static str = Box::leak(name.into());
            (name, value.to_owned())
        });
        fields.collect()
    }
}

/// Every case of a family, and exactly as many as the test expects: a case that was lost is noticed.
pub(crate) fn cases(family: &str, expected: usize) -> Vec<Case> {
    let mut names: Vec<String> = fs::read_dir(Case::new(family).directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), expected, "cases in {family}: {names:?}");
    names
        .iter()
        .map(|name| Case::new(&format!("{family}/{name}")))
        .collect()
}
