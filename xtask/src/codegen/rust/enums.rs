//! Enumerations of words.

use std::fmt::Write as _;

use super::docs;
use crate::codegen::model::{Enumeration, Family};

pub(super) fn write(text: &mut String, family: &Family, known: &Enumeration) {
    text.push_str("\nwxpay_json::open_enum! {\n");
    docs::lines(text, "    ///", &docs::linked(family, &known.doc));
    let _ = writeln!(text, "    ///\n    /// {}.", known.label);
    let _ = writeln!(text, "    pub enum {} {{", known.name);
    for word in &known.words {
        let doc = docs::sentence(family, &word.doc);
        let _ = match &word.label {
            Some(label) => writeln!(text, "        /// {doc} ({label})."),
            None => writeln!(text, "        /// {doc}."),
        };
        let _ = writeln!(text, "        {} = \"{}\",", word.rust, word.word);
    }
    text.push_str("    }\n}\n");
}
