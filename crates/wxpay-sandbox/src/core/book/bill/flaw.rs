//! What faults make of bills.

/// The operations of v3 that hand out links to bills.
const LINKS: &[&str] = &[
    "/v3/bill/tradebill",
    "/v3/bill/fundflowbill",
    "/v3/bill/sub-merchant-fundflowbill",
    "/v3/ecommerce/bill/fundflowbill",
    "/v3/profitsharing/bills",
];
/// The operation behind the links.
const FILE: &str = "/v3/billdownload/file";
/// The interfaces of v2 and v1 that answer with the bill itself.
const DIRECT: &[&str] = &[
    "/pay/downloadbill",
    "/pay/downloadfundflow",
    "/cgi-bin/mchdown_real_new.cgi",
];

/// What a request has to do with bills.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Stage {
    /// A bill is made for it.
    pub(crate) made: bool,
    /// A file is its answer.
    pub(crate) sent: bool,
}

impl Stage {
    /// By the path as the catalogue has it.
    pub(crate) fn of(path: &str) -> Self {
        let direct = DIRECT.contains(&path);
        Self {
            made: direct || LINKS.contains(&path),
            sent: direct || path == FILE,
        }
    }
}

/// What is to be wrong with a bill.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Flaws {
    /// A sum is not that of the rows. The hash is right.
    pub(crate) sums: bool,
    /// One byte of the text is another than when the hash was made.
    pub(crate) byte: bool,
    /// The file ends early.
    pub(crate) cut: Option<CutOff>,
}

/// Where a file ends that ends early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CutOff {
    /// In the middle.
    Half,
    /// After so many bytes, if it has more.
    After(usize),
}

impl Flaws {
    /// Does to a bill's text what is done before it is packed: a digit around its middle becomes
    /// another, so that the text is still one.
    pub(crate) fn change(self, text: &mut [u8]) {
        let middle = text.len() / 2;
        if self.byte
            && let Some(byte) = text.get_mut(middle..).and_then(|rest| {
                let digit = rest.iter().position(u8::is_ascii_digit);
                rest.get_mut(digit.unwrap_or(0))
            })
        {
            *byte = match *byte {
                b'0'..=b'8' => *byte + 1,
                b'9' => b'0',
                other => other ^ 1,
            };
        }
    }

    /// Does to a file what is done on its way.
    pub(crate) fn shorten(self, file: &mut Vec<u8>) {
        match self.cut {
            None => {}
            Some(CutOff::Half) => file.truncate(file.len() / 2),
            Some(CutOff::After(bytes)) => file.truncate(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::catalogue::Catalogue;

    #[test]
    fn links_and_files_are_in_the_catalogue() {
        for path in LINKS.iter().chain([&FILE]) {
            let mut operations = Catalogue::built_in().operations();
            assert!(operations.any(|it| it.path == *path), "{path}");
        }
    }

    #[test]
    fn a_file_is_sent_behind_a_link_and_at_once_in_the_older_interfaces() {
        let stage = |path| {
            let Stage { made, sent } = Stage::of(path);
            (made, sent)
        };
        assert_eq!(stage("/v3/bill/tradebill"), (true, false));
        assert_eq!(stage("/v3/billdownload/file"), (false, true));
        assert_eq!(stage("/pay/downloadbill"), (true, true));
        assert_eq!(stage("/v3/certificates"), (false, false));
    }

    #[test]
    fn one_byte_changes_and_the_text_is_still_text() {
        let flaws = Flaws {
            byte: true,
            ..Flaws::default()
        };
        for (text, changed) in [
            ("深圳`1", "深圳`2"),
            ("1,29", "1,39"),
            ("`9.9", "`9.0"),
            ("a", "`"),
        ] {
            let mut bytes = text.as_bytes().to_vec();
            flaws.change(&mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), changed);
        }
        flaws.change(&mut []);
        let mut same = *b"12";
        Flaws::default().change(&mut same);
        assert_eq!(&same, b"12");
    }

    #[test]
    fn files_end_where_they_should() {
        for (cut, left) in [
            (None, 5),
            (Some(CutOff::Half), 2),
            (Some(CutOff::After(4)), 4),
            (Some(CutOff::After(9)), 5),
            (Some(CutOff::After(0)), 0),
        ] {
            let flaws = Flaws {
                cut,
                ..Flaws::default()
            };
            let mut file = vec![0; 5];
            flaws.shorten(&mut file);
            assert_eq!(file.len(), left, "{cut:?}");
        }
    }
}
