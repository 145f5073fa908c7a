//! Uploads: a file and its signed description.

use anyhow::{Context, Result, bail, ensure};

use super::{Index, Parts, distinct, field, fields};
use crate::codegen::form::{self, Entry};
use crate::codegen::model::{Digest, Field, Generation, Kind, Upload};

/// What stands for "the description has none".
const NONE: &str = "none";

/// What an operation's `upload`, `meta` and `form` say together.
pub(super) fn upload(
    form: Option<form::Upload>,
    meta: Option<Vec<Entry>>,
    parts_of_form: Vec<Entry>,
    parts: &mut Parts<'_>,
    index: &Index,
) -> Result<Option<Upload>> {
    let Some(form) = form else {
        ensure!(meta.is_none(), "`meta` is for uploads: say `upload`");
        ensure!(
            parts_of_form.is_empty(),
            "`form` is for uploads: say `upload`"
        );
        return Ok(None);
    };
    if let Some(part) = &form.meta {
        ensure!(
            part == "meta",
            "upload: meta `{part}`: only \"meta\" is known"
        );
    }
    let mut meta = fields(Generation::V3, meta.unwrap_or_default(), parts, index)?;
    let further = fields(Generation::V3, parts_of_form, parts, index)?;
    for field in &further {
        let text = matches!(field.kind, Kind::String | Kind::Integer | Kind::Enum(_));
        ensure!(
            text && !field.list && !field.is_encrypted(),
            "field {}: a part beside the file is plain text, a number or a word",
            field.name
        );
    }
    let describes_name = form.filename.as_deref() != Some(NONE);
    let filename = match form.filename.as_deref() {
        None | Some(NONE) => "filename",
        Some("filename") => bail!("upload: `filename` says what it would be anyway"),
        Some(name) => name,
    };
    // The name may have limits and words of its own.
    let written = meta.iter().position(|field| field.name == filename);
    let filename = match written {
        Some(at) => {
            let field = meta.remove(at);
            ensure!(
                describes_name && field.required && field.kind == Kind::String && !field.list,
                "field {filename}: the file's name is a required text of the description"
            );
            field
        }
        None => implied(
            filename,
            "filename",
            "string",
            "文件名",
            "The file's name; what it ends with says what kind of file it is",
            index,
        )?,
    };
    let filename = Field {
        rust: "filename".to_owned(),
        ..filename
    };
    let digest = digest(form.digest.as_deref(), form.digest_name)?;
    let algorithm = form.algorithm.map(|field| (field.name, field.word));
    ensure!(
        algorithm.is_none() || digest.is_some(),
        "upload: `algorithm` without a digest"
    );
    let made = digest.iter().map(|(_, name)| name);
    for name in made.chain(algorithm.iter().map(|(name, _)| name)) {
        ensure!(
            meta.iter()
                .chain([&filename])
                .all(|field| field.name != *name),
            "field {name}: it is made from the file, do not list it"
        );
    }
    ensure!(
        describes_name || digest.is_some() || !meta.is_empty(),
        "upload: nothing of the file would be signed"
    );
    ensure!(
        form.max.is_none_or(|max| max > 0),
        "upload: `max` is not above 0"
    );
    for ending in &form.types {
        let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
        ensure!(
            !ending.is_empty() && ending.chars().all(plain),
            "upload: types: `{ending}` is no ending: small letters, without the dot"
        );
    }
    let part = form.file.unwrap_or_else(|| "file".to_owned());
    let mut content = implied(
        &part,
        "content",
        "string",
        "文件内容",
        "What is in the file",
        index,
    )?;
    content.kind = Kind::File;
    content.max = form.max;
    let upload = Upload {
        content,
        filename,
        describes_name,
        digest,
        algorithm,
        types: form.types,
        meta,
        form: further,
    };
    distinct(upload.meta.iter().chain([&upload.filename]))?;
    distinct(upload.form.iter())?;
    Ok(Some(upload))
}

/// A field nobody wrote.
fn implied(
    name: &str,
    rust: &str,
    kind: &str,
    label: &str,
    doc: &str,
    index: &Index,
) -> Result<Field> {
    let entry = Entry {
        name: Some(name.to_owned()),
        rust: (rust != name).then(|| rust.to_owned()),
        kind: Some(kind.to_owned()),
        required: Some(true),
        label: Some(label.to_owned()),
        doc: Some(doc.to_owned()),
        ..Entry::default()
    };
    field::resolve(Generation::V3, entry, index)
}

fn digest(algorithm: Option<&str>, name: Option<String>) -> Result<Option<(Digest, String)>> {
    let algorithm = match algorithm {
        Some(NONE) => {
            ensure!(name.is_none(), "upload: `digest_name` without a digest");
            return Ok(None);
        }
        None => Digest::Sha256,
        Some(written) => Digest::ALL
            .into_iter()
            .find(|digest| digest.as_str() == written)
            .with_context(|| format!("upload: digest `{written}` is none of sha256, sm3, none"))?,
    };
    ensure!(
        name.as_deref() != Some(algorithm.as_str()),
        "upload: `digest_name` says what it would be anyway"
    );
    let name = name.unwrap_or_else(|| algorithm.as_str().to_owned());
    Ok(Some((algorithm, name)))
}
