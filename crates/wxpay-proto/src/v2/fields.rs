//! A view of fields, to read values from.

mod records;

use std::cell::Cell;
use std::cmp::Ordering;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use wxpay_json::{Date, DateTime, DecodeError, Fen, Sensitive};

use super::key::Wanted;
use super::parameters::{Entry, Parameters};
use super::words::{DateForm, TimeForm};

/// Fields to read values from. An empty field counts as one that is not there.
///
/// Within a numbered family (`coupon_id_$n`) the names are asked without their numbers: the view knows which entry it
/// is of.
#[derive(Clone)]
pub struct Fields<'a> {
    text: &'a str,
    /// Sorted by name, all names different.
    entries: &'a [Entry],
    /// Behind the name that was found last: names are mostly asked in their order.
    next: Cell<usize>,
    suffix: Suffix,
    /// The document, where it may hold nested lists.
    lists: &'a [u8],
}

/// So many names are gone over before the search halves what is left.
const STEPS: usize = 8;

impl<'a> Fields<'a> {
    pub(crate) const fn new(text: &'a str, entries: &'a [Entry], lists: &'a [u8]) -> Self {
        Self {
            text,
            entries,
            next: Cell::new(0),
            suffix: Suffix::NONE,
            lists,
        }
    }

    /// The text of a field; `None` where it is not there or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let at = self.find(name)?;
        self.next.set(at + 1);
        let entry = self.entries.get(at)?;
        Some(entry.value(self.text))
    }

    /// A text that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn text(&self, name: &str) -> Result<String, DecodeError> {
        self.required(name).map(str::to_owned)
    }

    /// A text.
    #[must_use]
    pub fn text_opt(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// A text about a person that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn sensitive(&self, name: &str) -> Result<Sensitive, DecodeError> {
        self.required(name).map(Sensitive::new)
    }

    /// A text about a person.
    #[must_use]
    pub fn sensitive_opt(&self, name: &str) -> Option<Sensitive> {
        self.get(name).map(Sensitive::new)
    }

    /// A word of an open enumeration that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn word<T: for<'w> From<&'w str>>(&self, name: &str) -> Result<T, DecodeError> {
        self.required(name).map(T::from)
    }

    /// A word of an open enumeration.
    #[must_use]
    pub fn word_opt<T: for<'w> From<&'w str>>(&self, name: &str) -> Option<T> {
        self.get(name).map(T::from)
    }

    /// An integer that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not, or is no integer of 64 bits.
    pub fn integer(&self, name: &str) -> Result<i64, DecodeError> {
        let text = self.required(name)?;
        self.parsed(name, integer(text), "expected an integer")
    }

    /// An integer.
    ///
    /// # Errors
    ///
    /// Where it is no integer of 64 bits.
    pub fn integer_opt(&self, name: &str) -> Result<Option<i64>, DecodeError> {
        self.optional(name, integer, "expected an integer")
    }

    /// An amount of money in fen that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not, or is no whole number of fen.
    pub fn fen(&self, name: &str) -> Result<Fen, DecodeError> {
        let text = self.required(name)?;
        self.parsed(
            name,
            integer(text).map(Fen::new),
            "expected money in whole fen",
        )
    }

    /// An amount of money in fen.
    ///
    /// # Errors
    ///
    /// Where it is no whole number of fen.
    pub fn fen_opt(&self, name: &str) -> Result<Option<Fen>, DecodeError> {
        self.optional(
            name,
            |text| integer(text).map(Fen::new),
            "expected money in whole fen",
        )
    }

    /// `true` or `false` that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not, or is something else.
    pub fn boolean(&self, name: &str) -> Result<bool, DecodeError> {
        let text = self.required(name)?;
        self.parsed(name, boolean(text), "expected true or false")
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// Where it is something else.
    pub fn boolean_opt(&self, name: &str) -> Result<Option<bool>, DecodeError> {
        self.optional(name, boolean, "expected true or false")
    }

    /// A point in time that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not, or is not of the form.
    pub fn time(&self, name: &str, form: TimeForm) -> Result<DateTime, DecodeError> {
        let text = self.required(name)?;
        self.parsed(name, time(text, form), expected_time(form))
    }

    /// A point in time.
    ///
    /// # Errors
    ///
    /// Where it is not of the form.
    pub fn time_opt(&self, name: &str, form: TimeForm) -> Result<Option<DateTime>, DecodeError> {
        self.optional(name, |text| time(text, form), expected_time(form))
    }

    /// A date that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not, or is not of the form.
    pub fn date(&self, name: &str, form: DateForm) -> Result<Date, DecodeError> {
        let text = self.required(name)?;
        self.parsed(name, date(text, form), expected_date(form))
    }

    /// A date.
    ///
    /// # Errors
    ///
    /// Where it is not of the form.
    pub fn date_opt(&self, name: &str, form: DateForm) -> Result<Option<Date>, DecodeError> {
        self.optional(name, |text| date(text, form), expected_date(form))
    }

    /// A value from JSON that has to be there.
    ///
    /// # Errors
    ///
    /// Where it is not, or is not of the form.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, DecodeError> {
        self.read_json(name, self.required(name)?)
    }

    /// A value from JSON.
    ///
    /// # Errors
    ///
    /// Where it is not of the form.
    pub fn json_opt<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DecodeError> {
        self.get(name)
            .map(|text| self.read_json(name, text))
            .transpose()
    }

    /// The entries of a numbered family: one for each number that any of `names` comes with, in the order of the
    /// numbers. Numbers may be missing, and an entry need not have all of the names. Within a family the names of an
    /// inner one are numbered twice, `coupon_refund_fee_$n_$m`.
    ///
    /// ```
    /// use wxpay_proto::v2::{Decode, Fields, Parameters};
    /// # use wxpay_proto::DecodeError;
    ///
    /// struct Coupon { id: String, fee: Option<i64> }
    ///
    /// impl Decode for Coupon {
    ///     fn read(fields: &Fields<'_>) -> Result<Self, DecodeError> {
    ///         Ok(Self { fee: fields.integer_opt("coupon_fee")?, id: fields.text("coupon_id")? })
    ///     }
    /// }
    ///
    /// let parameters = Parameters::from_iter([("coupon_id_10", "b"), ("coupon_id_0", "a"), ("coupon_fee_0", "7")]);
    /// let coupons = parameters.fields().family(&["coupon_fee", "coupon_id"], Coupon::read)?;
    /// assert_eq!((coupons[0].id.as_str(), coupons[0].fee), ("a", Some(7)));
    /// assert_eq!((coupons[1].id.as_str(), coupons[1].fee), ("b", None));
    /// # Ok::<(), DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// That of `read`.
    pub fn family<T>(
        &self,
        names: &[&str],
        read: impl Fn(&Fields<'_>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let mut numbers: Vec<u32> = Vec::new();
        let open = self.suffix.open();
        let mut first = usize::MAX;
        for name in names {
            // Those that begin so stand together.
            let wanted = Wanted::new(name, open.as_bytes());
            let from = self.search(&wanted).unwrap_or_else(|at| at);
            self.next.set(from);
            let behind = |entry: &Entry| -> Option<&'a [u8]> {
                let found = entry.name(self.text).as_bytes();
                let rest = found.strip_prefix(name.as_bytes())?;
                rest.strip_prefix(open.as_bytes())
            };
            let family = self.entries.get(from..).unwrap_or_default();
            for number in family.iter().map_while(behind) {
                numbers.extend(canonical(number));
                first = first.min(from);
            }
        }
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        numbers.sort_unstable();
        numbers.dedup();
        let entry = |&number: &u32| {
            read(&Fields {
                suffix: self.suffix.with(number),
                next: Cell::new(first),
                ..*self
            })
        };
        numbers.iter().map(entry).collect()
    }

    /// All fields, kept.
    #[must_use]
    pub fn to_parameters(&self) -> Parameters {
        let entries = self.entries.iter();
        let mut parameters: Parameters = entries
            .map(|entry| (entry.name(self.text), entry.value(self.text)))
            .collect();
        parameters.keep_lists(&Bytes::copy_from_slice(self.lists));
        parameters
    }

    fn required(&self, name: &str) -> Result<&'a str, DecodeError> {
        self.get(name)
            .ok_or_else(|| self.error(name, "the field is missing"))
    }

    fn optional<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, DecodeError> {
        self.get(name)
            .map(|text| self.parsed(name, read(text), expected))
            .transpose()
    }

    fn parsed<T>(
        &self,
        name: &str,
        value: Option<T>,
        expected: &'static str,
    ) -> Result<T, DecodeError> {
        value.ok_or_else(|| self.error(name, expected))
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, DecodeError> {
        wxpay_json::decode(text.as_bytes())
            .map_err(|error| error.within(&format!("{name}{}", self.suffix.as_str())))
    }

    #[cold]
    fn error(&self, name: &str, message: &'static str) -> DecodeError {
        DecodeError::at(&format!("{name}{}", self.suffix.as_str()), message)
    }

    fn find(&self, name: &str) -> Option<usize> {
        let wanted = Wanted::new(name, self.suffix.as_bytes());
        self.search(&wanted).ok()
    }

    /// Where a name stands, or would stand: mostly a step or two behind the last one.
    fn search(&self, wanted: &Wanted<'_>) -> Result<usize, usize> {
        let order = |entry: &Entry| entry.order(self.text, wanted);
        let from = self.next.get();
        let ahead = self.entries.get(from..).unwrap_or_default();
        for (steps, entry) in ahead.iter().enumerate() {
            if steps == STEPS {
                let rest = ahead.get(steps..).unwrap_or_default();
                let found = rest.binary_search_by(order);
                return found
                    .map(|at| from + steps + at)
                    .map_err(|at| from + steps + at);
            }
            match order(entry) {
                Ordering::Less => {}
                Ordering::Equal => return Ok(from + steps),
                Ordering::Greater if steps == 0 => break,
                // The one before is less: it would stand between the two.
                Ordering::Greater => return Err(from + steps),
            }
        }
        // Behind everything ahead, or before it.
        let behind = self.entries.get(..from).unwrap_or_default();
        match (behind.last(), ahead.last()) {
            (_, Some(last)) if order(last).is_lt() => Err(self.entries.len()),
            (Some(last), _) if order(last).is_ge() => behind.binary_search_by(order),
            _ => Err(behind.len()),
        }
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|entry| entry.name(self.text));
        f.debug_list().entries(names).finish()
    }
}

/// `_$n` or `_$n_$m`, behind every name.
#[derive(Clone, Copy)]
struct Suffix {
    bytes: [u8; 23],
    len: u8,
}

impl Suffix {
    const NONE: Self = Self {
        bytes: [0; 23],
        len: 0,
    };

    /// What stands before the number of an inner family.
    fn open(mut self) -> Self {
        self.push(b'_');
        self
    }

    /// No interface numbers more than twice; what would not fit matches nothing.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }

    fn with(mut self, number: u32) -> Self {
        let mut digits = [0u8; 10];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.push(b'_');
        for &digit in &digits[at..] {
            self.push(digit);
        }
        self
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        // Digits and underscores.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// A decimal number without sign and without leading zeros.
fn canonical(digits: &[u8]) -> Option<u32> {
    let (first, rest) = digits.split_first()?;
    if *first == b'0' && !rest.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        number.checked_mul(10)?.checked_add(u32::from(digit))
    })
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.starts_with('+') {
        return None;
    }
    text.parse().ok()
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn time(text: &str, form: TimeForm) -> Option<DateTime> {
    match form {
        TimeForm::Compact => DateTime::from_compact(text).ok(),
        TimeForm::Spaced => DateTime::from_spaced(text).ok(),
    }
}

const fn expected_time(form: TimeForm) -> &'static str {
    match form {
        TimeForm::Compact => "expected a time like 20091225091010",
        TimeForm::Spaced => "expected a time like 2009-12-25 09:10:10",
    }
}

fn date(text: &str, form: DateForm) -> Option<Date> {
    match form {
        DateForm::Compact => Date::from_compact(text).ok(),
        DateForm::Dashed => text.parse().ok(),
    }
}

const fn expected_date(form: DateForm) -> &'static str {
    match form {
        DateForm::Compact => "expected a date like 20091225",
        DateForm::Dashed => "expected a date like 2009-12-25",
    }
}
