//! Images that go with complaints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::core::book::piece::Entry;
use crate::core::book::{Book, Context, media};
use crate::core::call::{Failure, Reply, numeric};

/// So many are kept.
const MOST: usize = 50;
/// What payers send: one grey dot as PNG.
const DOT: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

/// An image that was uploaded.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Image {
    media_id: String,
    /// Base64.
    content: String,
    content_type: ContentType,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ContentType {
    Jpeg,
    Png,
    Bmp,
}

impl ContentType {
    fn of(file_name: &str) -> Self {
        let name = file_name.to_lowercase();
        if name.ends_with(".png") {
            Self::Png
        } else if name.ends_with(".bmp") {
            Self::Bmp
        } else {
            Self::Jpeg
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Bmp => "image/bmp",
        }
    }
}

impl Image {
    /// What a payer sends.
    pub(super) fn of_payer(media_id: String) -> Self {
        Self {
            media_id,
            content: DOT.to_owned(),
            content_type: ContentType::Png,
        }
    }
}

impl Entry for Image {
    fn key(&self) -> String {
        self.media_id.clone()
    }
}

impl Book {
    pub(super) fn upload_complaint_image(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let reply = media::upload(context, media::IMAGE)?;
        let uploaded = |it: &&Image| it.content != DOT;
        if self.store.pieces::<Image>().filter(uploaded).count() >= MOST {
            let message = format!("沙箱最多保存{MOST}张投诉图片");
            let status = http::StatusCode::FORBIDDEN;
            return Err(Failure::new(status, "RULE_LIMIT", numeric::OTHER, message));
        }
        if let (Reply::Json(_, value), Some(upload)) = (&reply, &context.call.upload)
            && let Some(media_id) = value["media_id"].as_str()
        {
            self.store.put_piece(Image {
                media_id: media_id.to_owned(),
                content: STANDARD.encode(&upload.content),
                content_type: ContentType::of(&upload.file_name),
            });
        }
        Ok(reply)
    }

    pub(super) fn download_complaint_image(
        &mut self,
        context: &mut Context<'_>,
    ) -> Result<Reply, Failure> {
        let image = self.store.piece::<Image>(context.call.path("media_id"));
        let missing = || Failure::resource_not_exists("图片不存在");
        let image = image.ok_or_else(missing)?;
        let body = STANDARD.decode(&image.content).map_err(|_| missing())?;
        Ok(Reply::Raw {
            content_type: image.content_type.as_str(),
            body: Bytes::from(body),
            gzip: false,
        })
    }
}
