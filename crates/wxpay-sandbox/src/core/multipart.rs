//! Reads the `multipart/form-data` body of an upload: in v3 the `meta` part, whose text is what was
//! signed, and the file; in v2 the signed fields, and the file.

use std::collections::BTreeMap;

use bytes::Bytes;

/// The parts, before any of them is read.
#[derive(Debug)]
pub(crate) struct Parts {
    /// The description of the file; empty where there is none.
    pub(crate) meta: Bytes,
    pub(crate) file_name: String,
    pub(crate) content: Bytes,
    /// The other parts, by name.
    pub(crate) form: BTreeMap<String, String>,
}

/// More parts than any upload of WeChat Pay has.
const MOST_PARTS: usize = 16;

/// A form's parts by name: texts, and at most one file.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) texts: Vec<(String, Bytes)>,
    pub(crate) file: Option<File>,
}

/// A part with a file name.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) file_name: String,
    pub(crate) content: Bytes,
}

/// Takes the body of an upload of v3 apart; the error says what is wrong with it.
///
/// `description` and `file` are the names of the two parts every upload has.
pub(crate) fn parse(
    content_type: &str,
    body: &Bytes,
    description: &str,
    file: &str,
) -> Result<Parts, String> {
    let taken = take_apart(content_type, body)?;
    let mut meta = None;
    let mut form = BTreeMap::new();
    for (name, text) in taken.texts {
        if name == description {
            if meta.replace(text).is_some() {
                return Err(format!("the part named {description} stands twice"));
            }
            continue;
        }
        let text = String::from_utf8(text.to_vec())
            .map_err(|_| format!("the part named {name} is not UTF-8"))?;
        if form.insert(name, text).is_some() {
            return Err("a part stands twice".to_owned());
        }
    }
    let found = taken.file.ok_or("there is no part with a file")?;
    if found.name == description {
        return Err(format!("the part named {description} is a file"));
    }
    if found.name != file {
        return Err(format!("the part with the file is not named {file}"));
    }
    Ok(Parts {
        meta: meta.unwrap_or_default(),
        file_name: found.file_name,
        content: found.content,
        form,
    })
}

/// Takes a body apart; the error says what is wrong with it.
pub(crate) fn take_apart(content_type: &str, body: &Bytes) -> Result<Form, &'static str> {
    let boundary = boundary(content_type)?;
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut at = opening.len();
    if !body.starts_with(opening.as_bytes()) {
        return Err("the body does not begin with the boundary named in Content-Type");
    }
    let mut form = Form {
        texts: Vec::new(),
        file: None,
    };
    for _ in 0..MOST_PARTS {
        let rest = &body[at..];
        if rest.starts_with(b"--") {
            return Ok(form);
        }
        if !rest.starts_with(b"\r\n") {
            return Err("a boundary is not followed by CRLF");
        }
        let head_start = at + 2;
        let head_length =
            find(&body[head_start..], b"\r\n\r\n").ok_or("a part's headers have no end")?;
        let content_start = head_start + head_length + 4;
        let content_length = find(&body[content_start..], between.as_bytes())
            .ok_or("a part is not closed by the boundary")?;
        let head = std::str::from_utf8(&body[head_start..head_start + head_length])
            .map_err(|_| "a part's headers are not UTF-8")?;
        let content = body.slice(content_start..content_start + content_length);
        let head = Head::parse(head)?;
        match head.file_name {
            None => form.texts.push((head.name, content)),
            Some(file_name) if form.file.is_none() => {
                form.file = Some(File {
                    name: head.name,
                    file_name,
                    content,
                });
            }
            Some(_) => return Err("there is more than one file"),
        }
        at = content_start + content_length + between.len();
    }
    Err("there are too many parts")
}

#[derive(Debug, Default)]
struct Head {
    name: String,
    file_name: Option<String>,
}

impl Head {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut head = Self::default();
        let mut disposed = false;
        for line in text.split("\r\n") {
            let (name, value) = line.split_once(':').ok_or("a part's header has no colon")?;
            if name.eq_ignore_ascii_case("content-disposition") {
                let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
                if kind.trim() != "form-data" {
                    return Err("a part's Content-Disposition is not form-data");
                }
                disposed = true;
                while let Some((name, value, after)) = parameter(rest) {
                    match name {
                        "name" => head.name = value.to_owned(),
                        "filename" => head.file_name = Some(value.to_owned()),
                        _ => {}
                    }
                    rest = after;
                }
            }
        }
        if disposed {
            Ok(head)
        } else {
            Err("a part has no Content-Disposition")
        }
    }
}

/// The next parameter of a `Content-Disposition`, and what follows it. A semicolon between quotes
/// belongs to the value.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim_start_matches([' ', '\t', ';']);
    match rest.strip_prefix('"') {
        Some(quoted) => {
            let (value, after) = quoted.split_once('"')?;
            Some((name, value, after))
        }
        None => {
            let (value, after) = rest.split_once(';').unwrap_or((rest, ""));
            Some((name, value.trim(), after))
        }
    }
}

fn boundary(content_type: &str) -> Result<String, &'static str> {
    let mut parameters = content_type.split(';').map(str::trim);
    let kind = parameters.next().unwrap_or_default();
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return Err("Content-Type is not multipart/form-data");
    }
    let boundary = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| unquote(value))
        .ok_or("Content-Type names no boundary")?;
    if (1..=70).contains(&boundary.len()) {
        Ok(boundary)
    } else {
        Err("the boundary is not of 1 to 70 characters")
    }
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
        .to_owned()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(offset) = haystack[from..].iter().position(|byte| *byte == first) {
        let at = from + offset;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b0\"";

    fn body(text: &str) -> Bytes {
        Bytes::from(text.replace('\n', "\r\n"))
    }

    fn upload(content_type: &str, body: &Bytes) -> Result<Parts, String> {
        parse(content_type, body, "meta", "file")
    }

    #[test]
    fn an_upload_is_taken_apart() {
        let parts = upload(
            TYPE,
            &body(
                "--b0\nContent-Disposition: form-data; name=\"meta\";\nContent-Type: application/json\n\n{\"a\":1}\n\
                 --b0\nContent-Disposition: form-data; name=\"item_id\"\n\n7\n\
                 --b0\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.png\"\nContent-Type: image/png\n\nx\n--b\ny\n--b0--\n",
            ),
        )
        .unwrap();
        assert_eq!(&parts.meta[..], b"{\"a\":1}");
        assert_eq!(&parts.content[..], b"x\r\n--b\r\ny");
        assert_eq!(parts.file_name, "a;b.png");
        assert_eq!(parts.form["item_id"], "7");
    }

    #[test]
    fn broken_bodies_are_named() {
        for (text, problem) in [
            ("", "does not begin"),
            ("--b0", "CRLF"),
            ("--b0--", "no part with a file"),
            (
                "--b0\nContent-Disposition: form-data; name=\"meta\"\n",
                "no end",
            ),
            (
                "--b0\nContent-Disposition: form-data; name=\"meta\"\n\nx",
                "not closed",
            ),
            (
                "--b0\nContent-Type: a\n\nx\n--b0--",
                "no Content-Disposition",
            ),
            (
                "--b0\nContent-Disposition: form-data; name=\"meta\"\n\nx\n--b0--",
                "no part with a file",
            ),
            (
                "--b0\nContent-Disposition: form-data; name=\"pic\"; filename=\"a\"\n\nx\n--b0--",
                "not named file",
            ),
            (
                "--b0\nContent-Disposition: form-data; name=\"meta\"; filename=\"a\"\n\nx\n--b0--",
                "meta is a file",
            ),
            (
                "--b0\nContent-Disposition: form-data; name=\"meta\"\n\nx\n--b0\nContent-Disposition: form-data; name=\"meta\"\n\nx\n--b0--",
                "stands twice",
            ),
        ] {
            let error = upload(TYPE, &body(text)).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
        assert!(upload("application/json", &Bytes::new()).is_err());
        assert!(upload("multipart/form-data", &Bytes::new()).is_err());
    }
}
