//! How much is read before a document is refused.

/// How much of a document is read at most. The depth is no limit to set: a root and its fields, and below these,
/// where [`lists`](Self::lists) are read, records and their fields.
///
/// ```
/// use wxpay_xml::{Document, ErrorKind, Limits};
///
/// let limits = Limits::new().fields(2);
/// let error = Document::parse_within(b"<xml><a>1</a><b>2</b><c>3</c></xml>", limits).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TooManyFields);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    bytes: usize,
    fields: usize,
    field_bytes: usize,
    lists: bool,
}

impl Limits {
    /// 1 MiB in all, 1,024 fields, 256 KiB a field: WeChat Pay's largest documents, queries that list refunds and
    /// coupons, stay below a twentieth of each.
    pub const fn new() -> Self {
        Self {
            bytes: 1024 * 1024,
            fields: 1024,
            field_bytes: 256 * 1024,
            lists: false,
        }
    }

    /// The length of the whole document, in bytes.
    pub const fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// The number of fields; lists, records and the fields of these count as well.
    pub const fn fields(mut self, fields: usize) -> Self {
        self.fields = fields;
        self
    }

    /// The length of one field's decoded text, in bytes.
    pub const fn field_bytes(mut self, bytes: usize) -> Self {
        self.field_bytes = bytes;
        self
    }

    /// Whether elements directly below the root may hold elements; otherwise, and by default, these are refused as
    /// [`Nested`](crate::ErrorKind::Nested). Two shapes are read, and nothing deeper:
    ///
    /// - lists of records, `<hblist><hbinfo>…</hbinfo><hbinfo>…</hbinfo></hblist>`, see
    ///   [`Document::records`](crate::Document::records);
    /// - records, `<mchinfo>…</mchinfo><mchinfo>…</mchinfo>` or `<setteinfo_0>…</setteinfo_0>`, see
    ///   [`Document::repeated`](crate::Document::repeated) and
    ///   [`Document::numbered_records`](crate::Document::numbered_records).
    ///
    /// Only such elements may come twice under a name; a field may not, and no field may share a name with them.
    /// An element may not be a list and a record in one: all that is in it are fields, or all are records.
    pub const fn lists(mut self, lists: bool) -> Self {
        self.lists = lists;
        self
    }

    pub(crate) const fn reads_lists(self) -> bool {
        self.lists
    }

    pub(crate) const fn most_bytes(self) -> usize {
        self.bytes
    }

    pub(crate) const fn most_fields(self) -> usize {
        self.fields
    }

    pub(crate) const fn most_field_bytes(self) -> usize {
        self.field_bytes
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
