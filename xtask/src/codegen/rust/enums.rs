//! Enumerations of words.

use std::fmt::Write as _;

use super::docs;
use crate::codegen::model::Enumeration;

pub(super) fn write(text: &mut String, known: &Enumeration) {
    text.push_str("\nwxpay_json::open_enum! {\n");
    docs::lines(text, "    ///", &known.doc);
    let _ = writeln!(text, "    ///\n    /// {}.", known.label);
    let _ = writeln!(text, "    pub enum {} {{", known.name);
    for word in &known.words {
        let _ = writeln!(text, "        /// {} ({}).", word.doc, word.label);
        let _ = writeln!(text, "        {} = \"{}\",", word.rust, word.word);
    }
    text.push_str("    }\n}\n");
}
