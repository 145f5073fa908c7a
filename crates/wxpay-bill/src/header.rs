//! Column names.

use std::borrow::Cow;

use crate::scan::{MOST_COLUMNS, NO_COLUMN};

/// The names of the columns of a part of a bill.
#[derive(Debug, Default)]
pub struct Header {
    line: String,
    names: Vec<String>,
}

impl Header {
    /// Takes a line of names; nothing where there are more than a bill may have.
    pub(crate) fn read(line: &str) -> Option<Self> {
        // One page of the documentation separates names by the Chinese comma.
        let names: Vec<String> = line
            .split([',', '，'])
            .map(|name| name.trim().trim_start_matches('`').trim().to_owned())
            .collect();
        (names.len() <= MOST_COLUMNS).then(|| Self {
            line: line.to_owned(),
            names,
        })
    }

    /// Whether this line is the same header.
    pub(crate) fn is(&self, line: &str) -> bool {
        self.line == line
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn name(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(String::as_str)
    }

    pub(crate) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The first column with one of these names.
    pub(crate) fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|wanted| {
            let wanted = plain(wanted);
            self.names.iter().position(|name| plain(name) == wanted)
        })
    }

    /// The first column with one of these names, or the column that reads empty.
    pub(crate) fn column(&self, names: &[&str]) -> u8 {
        let index = self.find(names).and_then(|index| u8::try_from(index).ok());
        index.unwrap_or(NO_COLUMN)
    }
}

/// A name without what its wording varies in: the unit in brackets, and spaces.
fn plain(name: &str) -> Cow<'_, str> {
    let name = ["（元）", "(元)", "（元)", "(元）"]
        .iter()
        .find_map(|unit| name.strip_suffix(unit))
        .unwrap_or(name);
    if name.contains(char::is_whitespace) {
        Cow::Owned(name.split_whitespace().collect())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wording_varies() {
        let header = Header::read("记账时间,收支金额（元）, 账户结余(元) ，`备 注").unwrap();
        assert_eq!(header.len(), 4);
        assert_eq!(header.column(&["收支金额"]), 1);
        assert_eq!(header.column(&["账户结余（元）"]), 2);
        assert_eq!(header.column(&["别的", "备注"]), 3);
        assert_eq!(header.column(&["别的"]), NO_COLUMN);
        assert_eq!(header.name(3), Some("备 注"));
    }

    #[test]
    fn not_without_bound() {
        assert!(Header::read(&"a,".repeat(MOST_COLUMNS - 1)).is_some());
        assert!(Header::read(&"a,".repeat(MOST_COLUMNS)).is_none());
    }
}
