//! Files: what downloads answer, and what stands behind the links of made-up answers.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use wxpay_sign::FileKey;

use crate::core::book::{gzip, hex};
use crate::core::call::{Call, Failure, Reply};
use crate::core::catalogue::Operation;

/// What the tokens of made-up links begin with; those of real ones have no underscore.
const PLAIN: &str = "made_up_";
const SEALED: &str = "made_up_sealed_";

/// A name for a file, the same for the same seed.
pub(super) fn token(seed: &str, sealed: bool) -> String {
    let digest = hex(&Sha256::digest(seed));
    let prefix = if sealed { SEALED } else { PLAIN };
    format!("{prefix}{}", &digest[..40])
}

/// Whether a token leads to a made-up file.
pub(in crate::core) fn is_token(token: &str) -> bool {
    token.starts_with(PLAIN)
}

/// The file behind a made-up link.
pub(in crate::core) fn linked(call: &Call<'_>) -> Result<Reply, Failure> {
    let token = call.query("token").unwrap_or_default();
    let mut file = text(token).into_bytes();
    let packed = call
        .query("tartype")
        .is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
    if packed {
        file = gzip(&file).ok_or_else(Failure::system_error)?;
    }
    let sealed = token.starts_with(SEALED);
    if sealed {
        Seal::of(token)
            .close(&mut file)
            .ok_or_else(Failure::system_error)?;
    }
    Ok(Reply::Raw {
        content_type: if sealed {
            "application/octet-stream"
        } else {
            "text/plain; charset=utf-8"
        },
        body: Bytes::from(file),
        gzip: packed && !sealed,
    })
}

/// The text of a made-up file, as it is before it is packed or sealed.
pub(super) fn text(token: &str) -> String {
    format!("\u{feff}说明,编号\r\n`沙箱编造的文件,`{token}\r\n")
}

/// How an encrypted file is opened.
pub(super) struct Seal {
    pub(super) key: String,
    pub(super) nonce: String,
}

impl Seal {
    pub(super) fn of(token: &str) -> Self {
        let digest = hex(&Sha256::digest(token));
        Self {
            key: digest[..32].to_owned(),
            nonce: digest[32..48].to_owned(),
        }
    }

    fn close(&self, file: &mut Vec<u8>) -> Option<()> {
        let key = FileKey::new(&self.key).ok()?;
        key.seal(self.nonce.as_bytes(), file).ok()
    }
}

/// The file a download answers that has no link to tell it by.
pub(super) fn of(operation: &Operation) -> Reply {
    let has = |part: &str| operation.path.contains(part);
    let (content_type, body) = if has("image") || has("media") || has("qrcode") {
        ("image/png", PICTURE.to_vec())
    } else if has("bill") || has("statement") {
        ("text/plain; charset=utf-8", text(&operation.name).into())
    } else {
        ("application/pdf", page())
    };
    Reply::Raw {
        content_type,
        body: Bytes::from(body),
        gzip: false,
    }
}

/// A picture of one white point, in PNG.
const PICTURE: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, // the head of every PNG
    0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0,
    0, // one by one, grey
    0x3a, 0x7e, 0x9b, 0x55, // checksum
    0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0xda, 0x63, 0xf8, 0x0f, 0x00, 0x01, 0x01, 0x01,
    0x00, 0x1c, 0xb0, 0x8c, 0x99, // checksum
    0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// An empty page, in PDF.
fn page() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] >>",
    ];
    let mut text = String::from("%PDF-1.4\n");
    let mut index = String::from("0000000000 65535 f \n");
    for (number, object) in objects.iter().enumerate() {
        index.push_str(&format!("{:010} 00000 n \n", text.len()));
        text.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let start = text.len();
    let count = objects.len() + 1;
    text.push_str(&format!(
        "xref\n0 {count}\n{index}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ));
    text.into_bytes()
}
