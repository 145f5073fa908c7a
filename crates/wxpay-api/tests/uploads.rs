//! Uploads: what is signed and what is sent.

#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

#[path = "support/merchant.rs"]
mod merchant;

use merchant::{answered, sent};
use wxpay_api::fapiao::{FapiaoFileType, UploadFapiaoFile};
use wxpay_api::media::{UploadImage, UploadVideo};
use wxpay_api::merchant_management::UploadSubmissionFile;
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
        "UploadImage { filename: \"id-card.jpg\", content: FileContent(4 bytes) }"
    );
}

/// The text between the first line of the part `name` and the next part.
fn part(body: &str, name: &str) -> String {
    let (_, rest) = body.split_once(&format!("name=\"{name}\";")).unwrap();
    let (_, rest) = rest.split_once("\r\n\r\n").unwrap();
    rest.split_once("\r\n--").unwrap().0.to_owned()
}

#[test]
fn a_description_that_names_its_algorithm() {
    let upload = UploadFapiaoFile::new("x.PDF", FapiaoFileType::Pdf, &b"abc"[..]);
    upload.check().unwrap();
    let request = sent(&upload);
    let body = std::str::from_utf8(request.body()).unwrap();
    // The misspelling is WeChat Pay's; the digest is the first example of the standard, GB/T 32905.
    assert_eq!(
        part(body, "meta"),
        "{\"digest_alogrithm\":\"SM3\",\
         \"digest\":\"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0\",\
         \"file_type\":\"PDF\"}"
    );
    assert_eq!(part(body, "file"), "abc");
    assert!(body.contains("Content-Type: application/pdf\r\n"), "{body}");
    let provided = UploadFapiaoFile::new("x.ofd", FapiaoFileType::Ofd, &b"abc"[..]);
    let body = String::from_utf8_lossy(sent(&provided.sub_mchid("1900000109")).body()).into_owned();
    assert!(
        part(&body, "meta").contains("\"sub_mchid\":\"1900000109\""),
        "{body}"
    );
}

#[test]
fn other_parts_and_names() {
    let upload = UploadSubmissionFile::new("1900000109", "licence.png", 17, "R-1", &b"abc"[..]);
    let request = sent(&upload);
    assert_eq!(
        request.uri().path(),
        "/v3/mch-manage/submission-files/sub-mchid/1900000109/upload"
    );
    let body = std::str::from_utf8(request.body()).unwrap();
    assert_eq!(
        part(body, "meta"),
        "{\"file_name\":\"licence.png\",\
         \"file_digest\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}"
    );
    assert_eq!(part(body, "item_id"), "17");
    assert_eq!(part(body, "manage_record_id"), "R-1");
    assert!(
        body.contains("name=\"submission_file\"; filename=\"licence.png\";"),
        "{body}"
    );
}

#[test]
fn a_file_of_another_kind_is_not_sent() {
    let check = |name: &str| UploadFapiaoFile::new(name, FapiaoFileType::Pdf, &b"abc"[..]).check();
    check("x.pdf").unwrap();
    check("x.y.OFD").unwrap();
    for name in ["x.png", "pdf", "x.pdf ", ".pdf.exe"] {
        assert_eq!(
            check(name).unwrap_err().to_string(),
            "filename: does not end with one of .pdf, .ofd",
            "{name}"
        );
    }
}

#[test]
fn an_upload_can_be_kept() {
    let upload = UploadImage::new("a.png", vec![0, 159, 146, 150]);
    let kept = serde_json::to_string(&upload).unwrap();
    assert_eq!(kept, r#"{"filename":"a.png","file":"AJ+Slg=="}"#);
    assert_eq!(serde_json::from_str::<UploadImage>(&kept).unwrap(), upload);
    let broken = kept.replace("AJ+", "AJ!");
    let error = serde_json::from_str::<UploadImage>(&broken)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("file") && error.contains("expected text in Base64"),
        "{error}"
    );
}
