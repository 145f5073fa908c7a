//! Uploads (图片、视频上传). What is uploaded is checked and forgotten: nothing here refers to it. That
//! the file is what its description says has been seen to when it comes here.

use serde_json::json;

use super::Context;
use crate::core::call::{Failure, Reply};

/// What names of files end with.
type Extensions = &'static [&'static str];

pub(super) const IMAGE: Extensions = &["jpg", "jpeg", "png", "bmp"];
pub(super) const VIDEO: Extensions = &[
    "avi", "wmv", "mpeg", "mp4", "mov", "mkv", "flv", "f4v", "m4v", "rmvb",
];

/// Takes a file in. Every upload has a name of its own, the same file twice as well.
pub(super) fn upload(context: &mut Context<'_>, extensions: Extensions) -> Result<Reply, Failure> {
    let upload = context.call.upload.as_ref();
    let upload = upload.ok_or_else(|| Failure::param_error("/file", "缺少文件"))?;
    let extension = upload.file_name.rsplit_once('.').map(|(_, it)| it);
    let fits = |known: &&str| extension.is_some_and(|it| known.eq_ignore_ascii_case(it));
    if !extensions.iter().any(fits) {
        let issue = format!("文件类型不支持，仅支持{}", extensions.join("、"));
        return Err(Failure::param_error("/filename", issue));
    }
    Ok(Reply::ok(
        json!({ "media_id": format!("sandbox_{}", context.ids.alphanumeric(64)) }),
    ))
}
