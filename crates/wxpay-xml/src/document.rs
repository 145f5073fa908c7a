//! A document that has been read.

use std::borrow::Cow;
use std::fmt;

use crate::error::Error;
use crate::limits::Limits;
use crate::read::Input;
use crate::record::{Group, Record};

/// A flat XML document: a root and its fields, in the order in which they came, no name twice. Records and lists of
/// them are read where [`Limits::lists`] asks for it.
///
/// Texts are what the sender meant, CDATA and references resolved, and otherwise exactly as they came: numbers keep
/// their zeros, white space and line ends stay. They are borrowed from the input unless a field is put together from
/// several pieces.
///
/// `Debug` prints names and lengths and no value, since values can be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Document<'a> {
    pub(crate) root: &'a str,
    pub(crate) fields: Vec<(&'a str, Cow<'a, str>)>,
    pub(crate) groups: Vec<Group<'a>>,
}

impl<'a> Document<'a> {
    /// Reads a document within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// If it is not flat XML in UTF-8, or too much of it; [`ErrorKind`](crate::ErrorKind) lists what is refused.
    pub fn parse(input: &'a [u8]) -> Result<Self, Error> {
        Self::parse_within(input, Limits::new())
    }

    /// Reads a document within these limits.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_within(input: &'a [u8], limits: Limits) -> Result<Self, Error> {
        crate::read::read(Input::Bytes(input), limits)
    }

    /// Reads a text that has been decoded from another encoding, such as the GBK of API v1, within these limits. What
    /// the declaration says of an encoding is passed over, because it no longer holds. Limits and offsets count the
    /// bytes of the text.
    ///
    /// ```
    /// # use wxpay_xml::{Document, Limits};
    /// let text = "<?xml version=\"1.0\" encoding=\"GBK\"?><root><retmsg>退款成功</retmsg></root>";
    /// let document = Document::parse_text(text, Limits::new())?;
    /// assert_eq!(document.get("retmsg"), Some("退款成功"));
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_text(text: &'a str, limits: Limits) -> Result<Self, Error> {
        crate::read::read(Input::Text(text), limits)
    }

    /// The name of the root: `xml`, in the plaintext of a refund notice (退款结果通知) `root`.
    #[must_use]
    pub fn root(&self) -> &'a str {
        self.root
    }

    /// The text of a field. An empty field is `Some("")`, which to WeChat Pay means the same as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, text)| &**text)
    }

    /// Names and texts in the order of the document.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, 'a> {
        Iter(self.fields.iter())
    }

    /// The number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields of a numbered family such as `coupon_id_$n`, with their numbers and in the order of these, whatever
    /// the order in the document. Numbers may be missing. A name with more behind the number is not of the family.
    ///
    /// ```
    /// # use wxpay_xml::Document;
    /// let document = Document::parse(b"<xml><coupon_id_10>c</coupon_id_10><coupon_id_2>b</coupon_id_2></xml>")?;
    /// let coupons: Vec<_> = document.indexed("coupon_id_").collect();
    /// assert_eq!(coupons, [(2, "b"), (10, "c")]);
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn indexed<'d>(
        &'d self,
        prefix: &str,
    ) -> impl ExactSizeIterator<Item = (u32, &'d str)> + DoubleEndedIterator + use<'d, 'a> {
        self.family(prefix, number)
    }

    /// The fields of a family numbered twice such as `coupon_refund_fee_$n_$m`, coupon `$m` of refund `$n`, with both
    /// numbers and in their order.
    ///
    /// ```
    /// # use wxpay_xml::Document;
    /// let document = Document::parse(
    ///     b"<xml><coupon_refund_fee_0>9</coupon_refund_fee_0>\
    ///       <coupon_refund_fee_0_1>5</coupon_refund_fee_0_1>\
    ///       <coupon_refund_fee_0_0>4</coupon_refund_fee_0_0></xml>",
    /// )?;
    /// let coupons: Vec<_> = document.indexed_pairs("coupon_refund_fee_").collect();
    /// assert_eq!(coupons, [((0, 0), "4"), ((0, 1), "5")]);
    /// assert_eq!(document.indexed("coupon_refund_fee_").next(), Some((0, "9")));
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn indexed_pairs<'d>(
        &'d self,
        prefix: &str,
    ) -> impl ExactSizeIterator<Item = ((u32, u32), &'d str)> + DoubleEndedIterator + use<'d, 'a>
    {
        self.family(prefix, |rest| {
            let (first, second) = rest.split_once('_')?;
            Some((number(first)?, number(second)?))
        })
    }

    /// The records of a nested list in the order of the document: the elements `item` within the element `list`.
    /// There are none unless the document was read with [`Limits::lists`]. A list is no field: [`get`](Self::get),
    /// [`iter`](Self::iter) and [`len`](Self::len) know nothing of it, unless it is empty; then it is an empty field.
    ///
    /// ```
    /// # use wxpay_xml::{Document, Limits};
    /// let input = b"<xml><total_num>2</total_num><hblist>\
    ///     <hbinfo><openid>a</openid><amount>100</amount></hbinfo>\
    ///     <hbinfo><openid>b</openid><amount>200</amount></hbinfo></hblist></xml>";
    /// let document = Document::parse_within(input, Limits::new().lists(true))?;
    /// let amounts: Vec<_> = document.records("hblist", "hbinfo").map(|record| record.get("amount")).collect();
    /// assert_eq!(amounts, [Some("100"), Some("200")]);
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    pub fn records<'d, 'i>(
        &'d self,
        list: &'i str,
        item: &'i str,
    ) -> impl Iterator<Item = &'d Record<'a>> + use<'d, 'a, 'i> {
        let lists = self.groups.iter().filter(move |group| group.name == list);
        let records = lists.flat_map(|list| &list.records);
        records
            .filter(move |(name, _)| *name == item)
            .map(|(_, record)| record)
    }

    /// The records that stand directly below the root under this name, as often as it comes, in the order of the
    /// document. As [`records`](Self::records) they are no fields, and are read only with [`Limits::lists`].
    ///
    /// ```
    /// # use wxpay_xml::{Document, Limits};
    /// let input = b"<root><return_code>SUCCESS</return_code>\
    ///     <mchinfo><mch_id>1900000109</mch_id></mchinfo>\
    ///     <mchinfo><mch_id>1900000110</mch_id></mchinfo></root>";
    /// let document = Document::parse_within(input, Limits::new().lists(true))?;
    /// let merchants: Vec<_> = document.repeated("mchinfo").map(|record| record.get("mch_id")).collect();
    /// assert_eq!(merchants, [Some("1900000109"), Some("1900000110")]);
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    pub fn repeated<'d, 'i>(
        &'d self,
        name: &'i str,
    ) -> impl Iterator<Item = &'d Record<'a>> + use<'d, 'a, 'i> {
        let groups = self.groups.iter().filter(move |group| group.name == name);
        groups.filter_map(|group| group.record.as_ref())
    }

    /// Like [`repeated`](Self::repeated) for records whose names are numbered such as `setteinfo_$n`, with their
    /// numbers and in the order of these. Numbers may be missing; one that comes twice is there twice, in the order
    /// of the document.
    ///
    /// ```
    /// # use wxpay_xml::{Document, Limits};
    /// let input = b"<xml><setteinfo_1><fbatchno>B</fbatchno></setteinfo_1>\
    ///     <setteinfo_0><fbatchno>A</fbatchno></setteinfo_0></xml>";
    /// let document = Document::parse_within(input, Limits::new().lists(true))?;
    /// let batches: Vec<_> = document
    ///     .numbered_records("setteinfo_")
    ///     .map(|(number, record)| (number, record.get("fbatchno")))
    ///     .collect();
    /// assert_eq!(batches, [(0, Some("A")), (1, Some("B"))]);
    /// # Ok::<(), wxpay_xml::Error>(())
    /// ```
    #[must_use]
    pub fn numbered_records<'d>(
        &'d self,
        prefix: &str,
    ) -> impl ExactSizeIterator<Item = (u32, &'d Record<'a>)> + DoubleEndedIterator + use<'d, 'a>
    {
        let records = self.groups.iter().filter_map(|group| {
            let number = number(group.name.strip_prefix(prefix)?)?;
            Some((number, group.record.as_ref()?))
        });
        let mut records: Vec<_> = records.collect();
        records.sort_by_key(|&(number, _)| number);
        records.into_iter()
    }

    fn family<'d, I: Ord>(
        &'d self,
        prefix: &str,
        index: impl Fn(&str) -> Option<I>,
    ) -> std::vec::IntoIter<(I, &'d str)> {
        let mut found: Vec<(I, &str)> = self
            .iter()
            .filter_map(|(name, text)| Some((index(name.strip_prefix(prefix)?)?, text)))
            .collect();
        // Names are unique and so are numbers, because each has one way of being written.
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        found.into_iter()
    }
}

/// A decimal number without sign and without leading zeros.
fn number(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| canonical)
}

/// The length of a text, in place of the text.
pub(crate) struct Length(pub(crate) usize);

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({}) ", self.root)?;
        let lengths = self.iter().map(|(name, text)| (name, Length(text.len())));
        f.debug_map().entries(lengths).finish()
    }
}

impl<'d, 'a> IntoIterator for &'d Document<'a> {
    type Item = (&'a str, &'d str);
    type IntoIter = Iter<'d, 'a>;

    fn into_iter(self) -> Iter<'d, 'a> {
        self.iter()
    }
}

/// The fields of a [`Document`] in its order; see [`Document::iter`].
#[derive(Clone)]
pub struct Iter<'d, 'a>(pub(crate) std::slice::Iter<'d, (&'a str, Cow<'a, str>)>);

impl<'d, 'a> Iterator for Iter<'d, 'a> {
    type Item = (&'a str, &'d str);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, text)| (*name, &**text))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_, '_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(name, text)| (*name, &**text))
    }
}

impl ExactSizeIterator for Iter<'_, '_> {}

impl fmt::Debug for Iter<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iter({} fields)", self.0.len())
    }
}
