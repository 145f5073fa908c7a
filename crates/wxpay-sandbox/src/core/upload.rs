//! Uploads (文件上传): whether a file is what its signed description says.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012365339>

use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sm3::Sm3;

use super::book::hex;
use super::call::{Failure, Upload};
use super::catalogue::{Field, UploadForm};

/// What a description calls the file's name.
const FILE_NAMES: [&str; 2] = ["filename", "file_name"];
/// What a description calls the file's digest.
const DIGESTS: [&str; 6] = ["sha256", "file_digest", "digest", "sha1", "md5", "sm3"];

/// A description without the file's name and digest where the catalogue does not list them: every
/// description has them.
pub(crate) fn without_implied(schema: &Field, meta: &Value) -> Value {
    let mut meta = meta.clone();
    if let Value::Object(map) = &mut meta {
        let listed = |name: &str| schema.fields.iter().any(|field| field.name == name);
        let implied = |name: &str| FILE_NAMES.contains(&name) || DIGESTS.contains(&name);
        map.retain(|name, _| listed(name) || !implied(name));
    }
    meta
}

/// What is wrong with the file, if anything. `schema` is its description's.
pub(crate) fn check(form: &UploadForm, schema: Option<&Field>, upload: &Upload) -> Option<Failure> {
    if upload.content.is_empty() {
        return Some(Failure::param_error(&format!("/{}", form.file), "缺少文件"));
    }
    if form.max.is_some_and(|max| upload.content.len() > max) {
        let issue = format!("文件不能超过{}字节", form.max.unwrap_or_default());
        return Some(Failure::param_error(&format!("/{}", form.file), issue));
    }
    let described = |names: &[&'static str]| {
        let mut names = names.iter();
        names.find_map(|name| Some((*name, upload.meta.get(name)?.as_str()?)))
    };
    let name = described(&FILE_NAMES);
    if let Some((field, name)) = name
        && name != upload.file_name
    {
        return Some(Failure::param_error(
            &format!("/{field}"),
            "meta中的文件名与file中的文件名不一致",
        ));
    }
    let extension = upload.file_name.rsplit_once('.').map(|(_, it)| it);
    let fits = |known: &String| extension.is_some_and(|it| known.eq_ignore_ascii_case(it));
    if !form.types.is_empty() && !form.types.iter().any(fits) {
        let field = name.map_or(form.file.as_str(), |(field, _)| field);
        let issue = format!("文件类型不支持，仅支持{}", form.types.join("、"));
        return Some(Failure::param_error(&format!("/{field}"), issue));
    }
    let actual = digest(&form.digest, &upload.content)?;
    // A digest by any other name is the one text that is made of hex digits.
    let mut fields = schema.into_iter().flat_map(|schema| &schema.fields);
    let listed = fields.find(|field| field.alphabet.as_deref() == Some("hex"));
    let listed = listed.map(|field| field.name.as_str());
    let listed = listed.and_then(|name| Some((name, upload.meta.get(name)?.as_str()?)));
    match listed.or_else(|| described(&DIGESTS)) {
        Some((_, given)) if given.eq_ignore_ascii_case(&actual) => None,
        Some((field, _)) => Some(Failure::param_error(
            &format!("/{field}"),
            format!("文件内容与meta中的{field}不一致"),
        )),
        None => Some(Failure::param_error(
            &format!("/{}", DIGESTS[0]),
            "此字段为必填项",
        )),
    }
}

/// The digest of a file as a description writes it, in lower-case hex digits; none where there is no
/// such algorithm, or where it is called `none`.
pub(crate) fn digest(algorithm: &str, content: &[u8]) -> Option<String> {
    Some(match algorithm {
        "sha256" => hex(&Sha256::digest(content)),
        "sha1" => hex(&Sha1::digest(content)),
        "md5" => hex(&Md5::digest(content)),
        "sm3" => hex(&Sm3::digest(content)),
        _ => return None,
    })
}
