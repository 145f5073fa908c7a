//! Elements that hold elements, of answers without a signature.

use wxpay_json::DecodeError;
use wxpay_xml::{Document, Limits, Record};

use super::Fields;
use crate::v2::parameters::Parameters;

impl Fields<'_> {
    /// The records of a nested list, `<hblist><hbinfo>…</hbinfo></hblist>`: one for each element `item` in the element
    /// `list`, in their order. A signature covers no list, so signed answers have none.
    ///
    /// # Errors
    ///
    /// That of `read`.
    pub fn records<T>(
        &self,
        list: &str,
        item: &str,
        read: impl Fn(&Fields<'_>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let Some(document) = self.document(list)? else {
            return Ok(Vec::new());
        };
        let records = document.records(list, item).enumerate();
        let records = records
            .map(|(index, record)| read_record(record, || format!("{list}[{index}]"), &read));
        records.collect()
    }

    /// The records that stand directly among the fields, `<mchinfo>…</mchinfo><mchinfo>…</mchinfo>`: one for each
    /// element `name`, in their order. As with [`records`](Self::records), signed answers have none.
    ///
    /// # Errors
    ///
    /// That of `read`.
    pub fn repeated<T>(
        &self,
        name: &str,
        read: impl Fn(&Fields<'_>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let Some(document) = self.document(name)? else {
            return Ok(Vec::new());
        };
        let records = document.repeated(name).enumerate();
        let records = records
            .map(|(index, record)| read_record(record, || format!("{name}[{index}]"), &read));
        records.collect()
    }

    /// Like [`repeated`](Self::repeated) for elements with numbers behind their names,
    /// `<setteinfo_0>…</setteinfo_0><setteinfo_1>…</setteinfo_1>` for the prefix `setteinfo_`: in the order of the
    /// numbers, of which some may be missing.
    ///
    /// # Errors
    ///
    /// That of `read`.
    pub fn numbered_records<T>(
        &self,
        prefix: &str,
        read: impl Fn(&Fields<'_>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let Some(document) = self.document(prefix)? else {
            return Ok(Vec::new());
        };
        let records = document.numbered_records(prefix);
        let records = records
            .map(|(number, record)| read_record(record, || format!("{prefix}{number}"), &read));
        records.collect()
    }

    /// The document, if it may hold more than fields.
    fn document(&self, name: &str) -> Result<Option<Document<'_>>, DecodeError> {
        if self.lists.is_empty() {
            return Ok(None);
        }
        Document::parse_within(self.lists, Limits::new().lists(true))
            .map(Some)
            .map_err(|_| DecodeError::at(name, "the list cannot be read"))
    }
}

fn read_record<T>(
    record: &Record<'_>,
    place: impl Fn() -> String,
    read: impl Fn(&Fields<'_>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let parameters: Parameters = record.iter().collect();
    read(&parameters.fields()).map_err(|error| error.within(&place()))
}
