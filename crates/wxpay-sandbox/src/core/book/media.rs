//! Uploads (图片、视频上传). What is uploaded is checked and forgotten: nothing here refers to it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Context;
use super::text::hex;
use crate::core::call::{Failure, Reply};

/// What may be uploaded.
#[derive(Debug)]
pub(super) struct Medium {
    extensions: &'static [&'static str],
    /// Bytes.
    most: usize,
    words: &'static str,
}

pub(super) const IMAGE: Medium = Medium {
    extensions: &["jpg", "jpeg", "png", "bmp"],
    most: 2 << 20,
    words: "图片不能超过2M",
};

pub(super) const VIDEO: Medium = Medium {
    extensions: &[
        "avi", "wmv", "mpeg", "mp4", "mov", "mkv", "flv", "f4v", "m4v", "rmvb",
    ],
    most: 5 << 20,
    words: "视频不能超过5M",
};

/// Takes a file in. Every upload has a name of its own, the same file twice as well.
pub(super) fn upload(context: &mut Context<'_>, medium: &Medium) -> Result<Reply, Failure> {
    let missing = || Failure::param_error("/file", "缺少文件");
    let upload = context.call.upload.as_ref().ok_or_else(missing)?;
    let meta = |name: &str| {
        upload
            .meta
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    if upload.content.is_empty() {
        return Err(missing());
    }
    if upload.content.len() > medium.most {
        return Err(Failure::param_error("/file", medium.words));
    }
    if meta("filename") != upload.file_name {
        return Err(Failure::param_error(
            "/filename",
            "meta中的文件名与file中的文件名不一致",
        ));
    }
    let extension = upload
        .file_name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase());
    if !extension.is_some_and(|extension| medium.extensions.contains(&extension.as_str())) {
        let issue = format!("文件类型不支持，仅支持{}", medium.extensions.join("、"));
        return Err(Failure::param_error("/filename", issue));
    }
    let digest = hex(&Sha256::digest(&upload.content));
    if !meta("sha256").eq_ignore_ascii_case(&digest) {
        return Err(Failure::param_error(
            "/sha256",
            "文件内容与meta中的sha256不一致",
        ));
    }
    Ok(Reply::ok(
        json!({ "media_id": format!("sandbox_{}", context.ids.alphanumeric(64)) }),
    ))
}
