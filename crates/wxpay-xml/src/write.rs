//! Writing: from names and texts to a document.

use std::fmt;

use crate::chars::{
    CARRIAGE_RETURN, CDATA, DIGIT, MARKUP, SUSPECT, classes, find_not_written, is_written_name,
};
use crate::names::Names;

const OPEN: &str = "<![CDATA[";
const CLOSE: &str = "]]>";

/// Writes a flat document: the root, the fields in the order given, nothing between them, no declaration.
///
/// The same input gives the same text. What is written is read back identically by [`Document`](crate::Document) and
/// by any XML parser: `]]>` is split over two CDATA sections, and a carriage return is written as `&#13;`, because
/// parsers turn bare ones into line feeds and a signature over the text would fail. Leave empty fields out yourself if
/// they are not to be there.
///
/// Fields are anything that turns into [`Field`], such as pairs. They are gone through twice, so give a slice or an
/// array and not a `Vec`, which would be copied. The text is one allocation, unless it needs a lot of escaping.
///
/// ```
/// use wxpay_xml::{Field, write};
///
/// let text = write("xml", [("body", "coffee & cake"), ("total_fee", "100")])?;
/// assert_eq!(text, "<xml><body><![CDATA[coffee & cake]]></body><total_fee>100</total_fee></xml>");
///
/// let text = write("xml", [Field::new("return_code", "SUCCESS").escaped()])?;
/// assert_eq!(text, "<xml><return_code>SUCCESS</return_code></xml>");
/// # Ok::<(), wxpay_xml::WriteError>(())
/// ```
///
/// # Errors
///
/// If a name is not made of ASCII letters, digits and `_` with no digit first, is longer than 128 bytes, or comes
/// twice, or if a text holds a control character other than tab, line feed and carriage return, or one that XML does
/// not know.
pub fn write<'f, F>(root: &str, fields: F) -> Result<String, WriteError>
where
    F: IntoIterator<Item: Into<Field<'f>>, IntoIter: Clone>,
{
    if !is_written_name(root.as_bytes()) {
        return Err(WriteError::new(WriteErrorKind::Name, 0, None));
    }
    let fields = fields.into_iter();
    let mut names = Names::default();
    let mut capacity = root.len() * 2 + 5;
    for (count, field) in fields.clone().enumerate() {
        let field = field.into();
        if !is_written_name(field.name.as_bytes()) {
            return Err(WriteError::new(WriteErrorKind::Name, count + 1, None));
        }
        let earlier = || fields.clone().take(count).map(|field| field.into().name);
        if !names.insert(field.name, count, earlier) {
            let kind = WriteErrorKind::Duplicate;
            return Err(WriteError::new(kind, count + 1, Some(field.name)));
        }
        capacity += field.name.len() * 2 + 5 + field.text.len() + OPEN.len() + CLOSE.len();
    }
    let mut out = String::with_capacity(capacity);
    start(&mut out, root);
    for (count, field) in fields.enumerate() {
        let field = field.into();
        start(&mut out, field.name);
        value(&mut out, field, count + 1)?;
        end(&mut out, field.name);
    }
    end(&mut out, root);
    Ok(out)
}

fn start(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn end(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn value(out: &mut String, field: Field<'_>, number: usize) -> Result<(), WriteError> {
    let text = field.text;
    let (any, all) = classes(text.as_bytes());
    if any & SUSPECT != 0 && find_not_written(text).is_some() {
        let kind = WriteErrorKind::Character;
        return Err(WriteError::new(kind, number, Some(field.name)));
    }
    let escaped = match field.form {
        Form::Auto => all & DIGIT != 0,
        Form::Escaped => true,
        Form::Cdata => false,
    };
    match escaped {
        true if any & (MARKUP | CARRIAGE_RETURN) == 0 => out.push_str(text),
        true => escape(out, text),
        false if any & CDATA == 0 => cdata(out, text),
        false => split(out, text),
    }
    Ok(())
}

fn cdata(out: &mut String, text: &str) {
    out.push_str(OPEN);
    out.push_str(text);
    out.push_str(CLOSE);
}

#[cold]
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

/// CDATA around what can stand in it.
#[cold]
fn split(out: &mut String, text: &str) {
    for (count, line) in text.split('\r').enumerate() {
        if count > 0 {
            out.push_str("&#13;");
        }
        let mut rest = line;
        while let Some(at) = rest.find(CLOSE) {
            let (head, tail) = rest.split_at(at + 2);
            cdata(out, head);
            rest = tail;
        }
        if !rest.is_empty() {
            cdata(out, rest);
        }
    }
}

/// A field to write: its name, its text, and in which form.
#[derive(Clone, Copy)]
#[must_use]
pub struct Field<'a> {
    name: &'a str,
    text: &'a str,
    form: Form,
}

impl<'a> Field<'a> {
    /// A field in the form of WeChat Pay's own documents, [`Form::Auto`].
    pub const fn new(name: &'a str, text: &'a str) -> Self {
        Self {
            name,
            text,
            form: Form::Auto,
        }
    }

    /// The field with its text in CDATA, even if it is a number.
    pub const fn cdata(mut self) -> Self {
        self.form = Form::Cdata;
        self
    }

    /// The field with its text bare, special characters escaped.
    pub const fn escaped(mut self) -> Self {
        self.form = Form::Escaped;
        self
    }

    /// The name of the element.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// In which form the text is written.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.text.len();
        write!(f, "Field({}: {length} bytes, {:?})", self.name, self.form)
    }
}

impl<'a> From<(&'a str, &'a str)> for Field<'a> {
    fn from((name, text): (&'a str, &'a str)) -> Self {
        Self::new(name, text)
    }
}

impl<'a> From<&(&'a str, &'a str)> for Field<'a> {
    fn from(&(name, text): &(&'a str, &'a str)) -> Self {
        Self::new(name, text)
    }
}

impl<'a> From<&Self> for Field<'a> {
    fn from(field: &Self) -> Self {
        *field
    }
}

/// How a text is written. It reads the same whichever is taken: signatures are over the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// As WeChat Pay writes: nothing but digits, and the empty text, bare; everything else in CDATA.
    #[default]
    Auto,
    /// In CDATA, which WeChat Pay demands for fields that hold JSON (`detail`, `scene_info`, `receivers`).
    Cdata,
    /// Bare, with `&`, `<` and `>` escaped.
    Escaped,
}

/// Why a document cannot be written. Names the field, and never its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteError {
    kind: WriteErrorKind,
    number: usize,
    field: Option<Box<str>>,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteErrorKind {
    /// The name of a field, or of the root, is none.
    Name,
    /// The name came before.
    Duplicate,
    /// The text holds a control character or one that XML does not know.
    Character,
}

impl WriteError {
    #[cold]
    fn new(kind: WriteErrorKind, number: usize, field: Option<&str>) -> Self {
        Self {
            kind,
            number,
            field: field.map(Into::into),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> WriteErrorKind {
        self.kind
    }

    /// The name of the field, unless the name is what is wrong: it may be a text in the wrong place.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.field, self.number) {
            (Some(name), _) => write!(f, "field `{name}`: ")?,
            (None, 0) => f.write_str("root element: ")?,
            (None, number) => write!(f, "field {number} of the list: ")?,
        }
        f.write_str(match self.kind {
            WriteErrorKind::Name => {
                "use a name of at most 128 ascii letters, digits and `_` that begins with no digit"
            }
            WriteErrorKind::Duplicate => "this name comes twice, give each once",
            WriteErrorKind::Character => {
                "remove control characters and others that xml does not allow"
            }
        })
    }
}

impl std::error::Error for WriteError {}
