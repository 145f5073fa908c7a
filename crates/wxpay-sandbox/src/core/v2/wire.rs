//! Messages of v2: names and texts, signed and written as flat XML.

use serde_json::{Map, Value};
use wxpay_json::{Date, DateTime};
use wxpay_sign::{ApiV2Key, SignType};
use wxpay_xml::Document;

use crate::core::book::Signing;
use crate::identity::Identity;

/// Names and texts in the order in which they are written, no name twice and no text empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pairs(Vec<(String, String)>, Vec<List>);

/// Elements with elements in them, all of one name. No signature covers them.
#[derive(Clone, Debug, PartialEq)]
struct List {
    /// Of the element around them, if there is one.
    name: Option<String>,
    item: String,
    items: Vec<Pairs>,
}

impl Pairs {
    /// All fields of a document but the empty ones, which count for nothing.
    pub(crate) fn of(document: &Document<'_>) -> Self {
        let mut pairs = Self::default();
        for (name, text) in document {
            pairs.set(name, text);
        }
        pairs
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    }

    /// Sets a field; the empty text leaves it out.
    pub(crate) fn set(&mut self, name: &str, text: impl Into<String>) {
        let text = text.into();
        self.0.retain(|(known, _)| known != name);
        if !text.is_empty() {
            self.0.push((name.to_owned(), text));
        }
    }

    /// Sets a field where there is something to set.
    pub(crate) fn set_some(&mut self, name: &str, text: Option<impl Into<String>>) {
        if let Some(text) = text {
            self.set(name, text);
        }
    }

    /// The same, in a chain.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.set(name, text);
        self
    }

    /// Adds what another has and this one lacks.
    pub(crate) fn append(&mut self, other: Self) {
        for (name, text) in other.0 {
            if self.get(&name).is_none() {
                self.0.push((name, text));
            }
        }
        self.1.extend(other.1);
    }

    /// Adds an element with elements in it.
    pub(crate) fn set_list(&mut self, name: &str, item: &str, items: Vec<Self>) {
        self.1.push(List {
            name: Some(name.to_owned()),
            item: item.to_owned(),
            items,
        });
    }

    /// Adds elements with elements in them, with nothing around them.
    pub(crate) fn set_repeated(&mut self, item: &str, items: Vec<Self>) {
        self.1.push(List {
            name: None,
            item: item.to_owned(),
            items,
        });
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }

    pub(crate) fn to_json(&self) -> Value {
        let map: Map<String, Value> = self
            .iter()
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        Value::Object(map)
    }

    /// What [`Pairs::to_json`] made; what is no text is left out.
    pub(crate) fn from_json(value: &Value) -> Self {
        let mut pairs = Self::default();
        for (name, text) in value.as_object().into_iter().flatten() {
            pairs.set_some(name, text.as_str());
        }
        pairs
    }

    /// Adds the signature over everything there is.
    pub(crate) fn sign(&mut self, key: &ApiV2Key, sign_type: SignType) {
        let sign = key.sign(sign_type, self.iter());
        self.set("sign", sign);
    }

    /// The document. What no XML can hold is left out, which a signature would show; nothing the
    /// sandbox writes has such.
    pub(crate) fn to_xml(&self, root: &str) -> String {
        let pairs: Vec<(&str, &str)> = self.iter().collect();
        let mut text = wxpay_xml::write(root, &pairs).unwrap_or_else(|error| {
            tracing::error!(%error, "the sandbox's own answer cannot be written");
            String::new()
        });
        let end = format!("</{root}>");
        if let Some(length) = text.strip_suffix(&end).map(str::len) {
            text.truncate(length);
            for list in &self.1 {
                let items = list.items.iter().map(|item| item.to_xml(&list.item));
                let items: String = items.collect();
                text.push_str(&match &list.name {
                    Some(name) => format!("<{name}>{items}</{name}>"),
                    None => items,
                });
            }
            text.push_str(&end);
        }
        text
    }
}

impl Signing {
    pub(crate) const fn sign_type(self) -> SignType {
        if self.hmac {
            SignType::HmacSha256
        } else {
            SignType::Md5
        }
    }

    /// The key this is signed with; none where the merchant has set none.
    pub(crate) fn key(self, identity: &Identity) -> Option<ApiV2Key> {
        let key = identity.api_v2_key()?;
        if self.sandbox_key {
            sandbox_key(key).map(|(_, key)| key)
        } else {
            Some(key.clone())
        }
    }
}

/// The sandbox key (沙箱密钥): always the same for the same merchant's key, which cannot be had from it.
pub(crate) fn sandbox_key(key: &ApiV2Key) -> Option<(String, ApiV2Key)> {
    let text = key
        .sign(SignType::Md5, [("sandbox_signkey", "wxpay-sandbox")])
        .to_ascii_lowercase();
    let key = ApiV2Key::new(&text).ok()?;
    Some((text, key))
}

/// A time as digits: `20091227091010`, Beijing.
pub(crate) fn compact(at: i64) -> String {
    DateTime::beijing(at)
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .take(14)
        .collect()
}

/// A time for people: `2009-12-27 09:10:10`, Beijing.
pub(crate) fn spaced(at: i64) -> String {
    DateTime::beijing(at)
        .to_string()
        .chars()
        .take(19)
        .map(|c| if c == 'T' { ' ' } else { c })
        .collect()
}

/// Reads `20091227091010`.
pub(crate) fn parse_compact(text: &str) -> Option<i64> {
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (date, time) = text.split_at(8);
    let day = parse_day(date)?;
    let (hour, rest) = time.split_at(2);
    let (minute, second) = rest.split_at(2);
    DateTime::parse(&format!("{day}T{hour}:{minute}:{second}+08:00"))
        .ok()
        .map(DateTime::as_unix)
}

/// Reads `20091227`.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = text.split_at(4);
    let (month, day) = rest.split_at(2);
    format!("{year}-{month}-{day}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        assert_eq!(compact(1_704_076_496), "20240101103456");
        assert_eq!(spaced(1_704_076_496), "2024-01-01 10:34:56");
        assert_eq!(parse_compact("20240101103456"), Some(1_704_076_496));
        for wrong in [
            "",
            "2024010110345",
            "20241301103456",
            "20240101253456",
            "2024010110345x",
        ] {
            assert_eq!(parse_compact(wrong), None, "{wrong}");
        }
        assert_eq!(parse_day("20240230"), None);
        assert_eq!(
            parse_day("20240229").map(|day| day.to_string()),
            Some("2024-02-29".to_owned())
        );
    }

    #[test]
    fn a_name_stands_once_and_nothing_is_empty() {
        let mut pairs = Pairs::default().with("b", "1").with("a", "").with("b", "2");
        pairs.append(Pairs::default().with("b", "3").with("c", "<&>"));
        assert_eq!(
            pairs.to_xml("xml"),
            "<xml><b>2</b><c><![CDATA[<&>]]></c></xml>"
        );
        assert_eq!(Pairs::from_json(&pairs.to_json()), pairs);
        pairs.set_list("l", "i", vec![Pairs::default().with("d", "4"); 2]);
        assert_eq!(
            pairs.to_xml("xml"),
            "<xml><b>2</b><c><![CDATA[<&>]]></c><l><i><d>4</d></i><i><d>4</d></i></l></xml>"
        );
        let mut pairs = Pairs::default();
        pairs.set_repeated("i", vec![Pairs::default().with("d", "4"); 2]);
        assert_eq!(
            pairs.to_xml("xml"),
            "<xml><i><d>4</d></i><i><d>4</d></i></xml>"
        );
    }

    #[test]
    fn the_sandbox_key_is_one_for_each_key() {
        let of = |text: &str| sandbox_key(&ApiV2Key::new(text).unwrap()).unwrap().0;
        let one = of("192006250b4c09247ec02edce69f6a2d");
        assert_eq!(one, of("192006250b4c09247ec02edce69f6a2d"));
        assert_eq!(one.len(), 32);
        assert_ne!(one, of("192006250b4c09247ec02edce69f6a2e"));
    }
}
