//! Reads the files under `tests/vectors`. Every file is taken as it is: no line feed is added or cut off.

#![expect(clippy::unwrap_used, reason = "a broken vector is a failed test")]
#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const PRIVATE_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-private-key.pem");
pub(crate) const PRIVATE_KEY_PKCS1: &str =
    include_str!("../vectors/keys/TEST-ONLY-private-key-pkcs1.pem");
pub(crate) const PRIVATE_KEY_8192: &str =
    include_str!("../vectors/keys/TEST-ONLY-private-key-8192-bits.pem");
pub(crate) const PUBLIC_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-public-key.pem");
pub(crate) const PUBLIC_KEY_PKCS1: &str =
    include_str!("../vectors/keys/TEST-ONLY-public-key-pkcs1.pem");
pub(crate) const CERTIFICATE: &str =
    include_str!("../vectors/certificate/serial-with-leading-zero/certificate.pem");
pub(crate) const API_V3_KEY: &str = include_str!("../vectors/keys/TEST-ONLY-api-v3-key.txt");

/// One directory of `tests/vectors`.
pub(crate) struct Case {
    pub(crate) name: String,
    directory: PathBuf,
}

impl Case {
    pub(crate) fn new(path: &str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/vectors")
            .join(path);
        Self {
            name: path.to_owned(),
            directory,
        }
    }

    pub(crate) fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.directory.join(file))
            .unwrap_or_else(|error| panic!("{}/{file}: {error}", self.name))
    }

    pub(crate) fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file))
            .unwrap_or_else(|_| panic!("{}/{file}: not UTF-8", self.name))
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.directory.join(file).exists()
    }

    /// `name=value` lines. A value may be of any charset and may contain `=`.
    pub(crate) fn params(&self) -> Vec<(String, Vec<u8>)> {
        self.bytes("params.txt")
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                let equals = line.iter().position(|&byte| byte == b'=').unwrap();
                (
                    String::from_utf8(line[..equals].to_vec()).unwrap(),
                    line[equals + 1..].to_vec(),
                )
            })
            .collect()
    }
}

/// Every case of a family, and exactly as many as the test expects: a case that was lost is noticed.
pub(crate) fn cases(family: &str, expected: usize) -> Vec<Case> {
    let directory = Case::new(family).directory;
    let mut names: Vec<String> = fs::read_dir(&directory)
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
