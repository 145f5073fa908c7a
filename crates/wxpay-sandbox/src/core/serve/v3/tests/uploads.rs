//! Uploads whose parts and descriptions have names of their own.

use super::*;

const FACTS: &str = r#"{"name":"a.a","method":"POST","path":"/v3/a/{id}/upload","path_params":[{"name":"id","type":"string","required":true}],"upload":{"file":"due_diligence_file","meta":"meta","digest":"sm3","max":8,"types":["pdf","ofd"]},"meta":{"type":"object","fields":[{"name":"sub_mchid","type":"string","required":true,"sensitive":true}]},"form":[{"name":"item_id","type":"integer","required":true,"min":1}],"response":{"type":"object","fields":[{"name":"file_id","type":"string","required":true}]}}"#;

/// What an upload is made of.
#[derive(Clone)]
struct Parts {
    meta: Value,
    item_id: Option<&'static str>,
    file: &'static str,
    file_name: &'static str,
    content: &'static str,
}

impl Parts {
    fn of(shop: &Shop) -> Self {
        let content = "abc";
        Self {
            meta: json!({
                "file_name": "a.PDF",
                "file_digest": digest("sm3", content.as_bytes()),
                "sub_mchid": shop.seal("1900000109"),
            }),
            item_id: Some("7"),
            file: "due_diligence_file",
            file_name: "a.PDF",
            content,
        }
    }

    fn send(&self, shop: &mut Shop) -> Response<Bytes> {
        let meta = self.meta.to_string();
        let item = self.item_id.map_or(String::new(), |item| {
            format!("--b0\r\nContent-Disposition: form-data; name=\"item_id\"\r\n\r\n{item}\r\n")
        });
        let body = format!(
            "--b0\r\nContent-Disposition: form-data; name=\"meta\"\r\n\r\n{meta}\r\n{item}--b0\r\n\
             Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\r\n{}\r\n--b0--\r\n",
            self.file, self.file_name, self.content
        );
        let mut request = shop.request("POST", "/v3/a/1/upload", body.as_bytes(), meta.as_bytes());
        let content_type = "multipart/form-data; boundary=b0".parse().unwrap();
        request.headers_mut().insert("content-type", content_type);
        shop.send(request)
    }
}

#[test]
fn a_file_is_what_its_description_says() {
    let mut shop = Shop::new(FACTS).with_key();
    let parts = Parts::of(&shop);
    let first = json_of(&parts.send(&mut shop));
    // Every upload has a name of its own, the same file twice as well.
    assert_ne!(first["file_id"], json_of(&parts.send(&mut shop))["file_id"]);

    type Break = fn(&mut Parts);
    let cases: [(Break, &str); 12] = [
        (
            |it| it.meta["file_digest"] = json!("0"),
            "body /file_digest",
        ),
        (|it| it.content = "abd", "body /file_digest"),
        (|it| it.content = "", "body /due_diligence_file"),
        (|it| it.content = "abcabcabc", "body /due_diligence_file"),
        (
            |it| it.meta["file_name"] = json!("b.pdf"),
            "body /file_name",
        ),
        (
            |it| {
                it.file_name = "a.png";
                it.meta["file_name"] = json!("a.png");
            },
            "body /file_name",
        ),
        (|it| it.meta["extra"] = json!(1), "body /extra"),
        (
            |it| it.meta["sub_mchid"] = json!("1900000109"),
            "body /sub_mchid",
        ),
        (|it| it.item_id = None, "body /item_id"),
        (|it| it.item_id = Some("0"), "body /item_id"),
        (|it| it.file = "file", "body "),
        (
            |it| it.meta = json!({ "file_name": "a.PDF", "sub_mchid": it.meta["sub_mchid"] }),
            "body /sha256",
        ),
    ];
    for (index, (change, wanted)) in cases.into_iter().enumerate() {
        let mut parts = parts.clone();
        change(&mut parts);
        assert_eq!(refusal(&parts.send(&mut shop)), wanted, "case {index}");
    }
}

#[test]
fn digests_are_those_of_the_standards() {
    // Of `abc`: RFC 1321, FIPS 180-4, GB/T 32905.
    for (algorithm, wanted) in [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "sha256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "sm3",
            "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
        ),
    ] {
        assert_eq!(digest(algorithm, b"abc").as_deref(), Some(wanted));
    }
    assert_eq!(digest("crc32", b"abc"), None);
}
