//! Uploads: what is signed and what is sent.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "support/merchant.rs"]
mod merchant;

use merchant::{answered, sent};
use wxpay_api::media::{UploadImage, UploadVideo};
use wxpay_proto::Operation as _;

const META: &str = r#"{"filename":"filea.jpg","sha256":"a7b73695002855c3eb342921932e6b7b7a6ee4cb4ef3706ef66f7f42d331f1b7"}"#;

#[test]
fn an_image() {
    let upload = UploadImage::new("filea.jpg", &b"hello wechatpay"[..]);
    let request = sent(&upload);
    assert_eq!(request.uri().path(), "/v3/merchant/media/upload");
    let content_type = request.headers()["content-type"].to_str().unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"meta\";\r\nContent-Type: application/json\r\n\r\n\
         {META}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"filea.jpg\";\r\n\
         Content-Type: image/jpeg\r\n\r\nhello wechatpay\r\n--{boundary}--\r\n"
    );
    assert_eq!(std::str::from_utf8(request.body()).unwrap(), expected);
    // Only meta is signed, so the signature is the one of the published vector.
    let authorization = request.headers()["authorization"].to_str().unwrap();
    let vector = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../wxpay-sign/tests/vectors/request/upload-signs-meta-only/signature.txt"
    );
    let signature = std::fs::read_to_string(vector).unwrap();
    assert!(
        authorization.contains(&format!("signature=\"{signature}\"")),
        "{authorization}"
    );
    let media = answered(
        &upload,
        r#"{"media_id":"H1ihR9JUtVj-J7CJqBUY5ZOrG_Je75H-rKhTG7FUmg9sxNTbRN54dFiUHnhg"}"#,
    );
    assert_eq!(media.unwrap().media_id.len(), 60);
}

#[test]
fn a_video() {
    let upload = UploadVideo::new("门店.MP4", &b"\0\0\0\x18ftyp"[..]);
    let request = sent(&upload);
    assert_eq!(request.uri().path(), "/v3/merchant/media/video_upload");
    let body = String::from_utf8_lossy(request.body());
    assert!(body.contains("Content-Type: video/mp4\r\n"), "{body}");
    assert!(
        body.contains(r#"{"filename":"门店.MP4","sha256":""#),
        "{body}"
    );
}

#[test]
fn limits() {
    let check = |name: &str, bytes: usize| UploadImage::new(name, vec![0; bytes]).check();
    check("a.png", 1).unwrap();
    check("a.png", 5 * 1024 * 1024).unwrap();
    for (name, bytes, complaint) in [
        ("a.png", 0, "file: 0, at least 1 allowed"),
        (
            "a.png",
            5 * 1024 * 1024 + 1,
            "file: 5242881, at most 5242880 allowed",
        ),
        ("", 1, "filename: empty, leave the field out or fill it"),
    ] {
        assert_eq!(check(name, bytes).unwrap_err().to_string(), complaint);
    }
}

#[test]
fn debug_does_not_show_the_file() {
    let upload = UploadImage::new("id-card.jpg", &b"\x89PNG"[..]);
    assert_eq!(
        format!("{upload:?}"),
        "UploadImage(File { filename: \"id-card.jpg\", len: 4 })"
    );
}
