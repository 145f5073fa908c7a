//! Uploads: the text of `meta` is what is signed.

use http::{Method, Request};

use crate::merchant::{Merchant, assert_error, is_unsigned, parse};

const TARGET: &str = "/v3/merchant/media/upload";
/// The hash of `abc`, an example of FIPS 180-4.
const META: &str = r#"{"filename":"a;b.png","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}"#;

/// An upload of `abc`, signed over `META` whatever `meta` is.
fn upload(merchant: &Merchant, meta: &str, content: &str) -> Request<bytes::Bytes> {
    let body = format!(
        "--b0\r\nContent-Disposition: form-data; name=\"meta\";\r\nContent-Type: application/json\r\n\r\n\
         {meta}\r\n--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.png\";\r\n\
         Content-Type: image/png\r\n\r\n{content}\r\n--b0--\r\n"
    );
    let mut request = merchant.request(Method::POST, TARGET, body);
    let authorization = merchant.authorize("POST", TARGET, META.as_bytes());
    let headers = request.headers_mut();
    headers.insert("authorization", authorization.parse().unwrap());
    headers.insert(
        "content-type",
        "multipart/form-data; boundary=b0".parse().unwrap(),
    );
    request
}

#[test]
fn an_upload_is_signed_over_its_meta() {
    let mut merchant = Merchant::new();
    let request = upload(&merchant, META, "abc");
    let response = merchant.send(request);
    assert_eq!(response.status(), 200, "{:?}", response.body());
    assert!(parse(response.body())["media_id"].is_string());
    merchant.verified(&response);

    let request = upload(&merchant, &META.replace("a;b", "a;c"), "abc");
    let response = merchant.send(request);
    let body = assert_error(&response, 401, "SIGN_ERROR");
    assert!(is_unsigned(&response));
    let information = &body["detail"]["sign_information"];
    assert!(
        information["truncated_sign_message"]
            .as_str()
            .unwrap()
            .ends_with("\n{\"filena\n")
    );
}

#[test]
fn a_file_that_is_not_what_meta_says_is_refused() {
    let mut merchant = Merchant::new();
    let request = upload(&merchant, META, "abd");
    assert!(merchant.send(request).status().is_client_error());
}

#[test]
fn what_is_no_upload_is_refused() {
    let mut merchant = Merchant::new();
    for (content_type, problem) in [
        ("application/json", "not multipart/form-data"),
        ("multipart/form-data", "no boundary"),
        ("multipart/form-data; boundary=b1", "does not begin"),
    ] {
        let mut request = upload(&merchant, META, "abc");
        request
            .headers_mut()
            .insert("content-type", content_type.parse().unwrap());
        assert_error(&merchant.send(request), 400, "PARAM_ERROR");
        let entry = merchant.last_entry();
        assert!(
            entry["problems"][0].as_str().unwrap().contains(problem),
            "{entry}"
        );
    }
}
