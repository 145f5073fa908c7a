//! What a byte may be part of, one table for all questions.

/// May stand in a name that is written.
const NAME: u8 = 1;
/// May stand in a name that is read.
const READ_NAME: u8 = 1 << 1;
/// May be the first byte of a name.
const NAME_START: u8 = 1 << 2;
pub(crate) const DIGIT: u8 = 1 << 3;
/// Must be escaped in text: `&`, `<`, `>`.
pub(crate) const MARKUP: u8 = 1 << 4;
/// Needs care in CDATA: `]` and the carriage return, which is also escaped in text.
pub(crate) const CDATA: u8 = 1 << 5;
pub(crate) const CARRIAGE_RETURN: u8 = 1 << 6;
/// A control character, or the first byte of one, or of one that XML does not know.
pub(crate) const SUSPECT: u8 = 1 << 7;

static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => NAME | READ_NAME | DIGIT,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => NAME | READ_NAME | NAME_START,
            b'-' | b'.' => READ_NAME,
            b'&' | b'<' | b'>' => MARKUP,
            b']' => CDATA,
            b'\r' => CDATA | CARRIAGE_RETURN,
            b'\t' | b'\n' => 0,
            // U+0080 to U+009F begin with C2, U+FFFE and U+FFFF with EF.
            0..=0x1F | 0x7F | 0xC2 | 0xEF => SUSPECT,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// The classes that any byte is in, and those that all are in.
#[inline]
pub(crate) fn classes(bytes: &[u8]) -> (u8, u8) {
    bytes.iter().fold((0, u8::MAX), |(any, all), &byte| {
        let class = CLASS[usize::from(byte)];
        (any | class, all & class)
    })
}

/// Longest name that is read or written, in bytes; WeChat Pay's longest has 32.
pub(crate) const LONGEST_NAME: usize = 128;

/// Whether a name may be read: ASCII letters, digits, `_`, `-` and `.`, of which the first is a letter or `_`.
#[inline]
pub(crate) fn is_read_name(name: &[u8]) -> bool {
    is_name(name, READ_NAME)
}

/// How long the name is that may be read at the beginning.
#[inline]
pub(crate) fn name_length(bytes: &[u8]) -> Option<usize> {
    let class = |byte: &u8| CLASS[usize::from(*byte)];
    let length = bytes
        .iter()
        .take_while(|byte| class(byte) & READ_NAME != 0)
        .count();
    let starts = class(bytes.first()?) & NAME_START != 0;
    (starts && length <= LONGEST_NAME).then_some(length)
}

/// Whether a name may be written: ASCII letters, digits and `_`, of which the first is no digit.
#[inline]
pub(crate) fn is_written_name(name: &[u8]) -> bool {
    is_name(name, NAME)
}

#[inline]
fn is_name(name: &[u8], class: u8) -> bool {
    let starts = name
        .first()
        .is_some_and(|&first| CLASS[usize::from(first)] & NAME_START != 0);
    starts && name.len() <= LONGEST_NAME && classes(name).1 & class != 0
}

/// Where the first character stands that XML 1.0 does not allow in a document.
pub(crate) fn find_not_xml(text: &str) -> Option<usize> {
    // The compiler turns this into vector instructions; it decides nearly every document.
    let suspect = text.bytes().fold(false, |suspect, byte| {
        let control = (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
        suspect | control | (byte == 0xEF)
    });
    if !suspect {
        return None;
    }
    text.char_indices()
        .find(|&(_, character)| !is_xml(character))
        .map(|(at, _)| at)
}

/// Where the first character stands that is not written: what XML 1.0 does not allow, and control characters.
pub(crate) fn find_not_written(text: &str) -> Option<usize> {
    text.char_indices()
        .find(|&(_, character)| {
            !is_xml(character)
                || (character.is_control() && !matches!(character, '\t' | '\n' | '\r'))
        })
        .map(|(at, _)| at)
}

/// `Char` of XML 1.0, <https://www.w3.org/TR/xml/#charsets>.
pub(crate) fn is_xml(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => false,
        _ => true,
    }
}

/// White space of XML, which is less than Unicode's.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}
