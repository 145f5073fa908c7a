//! Requests with something few have.

use super::*;

#[test]
fn headers_the_facts_name_are_checked() {
    let facts = r#"{"name":"a.a","method":"POST","path":"/v3/a","headers":[{"name":"Idempotency-Key","type":"string","required":true,"max":8}],"body":{"type":"object","fields":[]}}"#;
    let mut shop = Shop::new(facts);
    assert_eq!(
        shop.refusal("POST", "/v3/a", "{}"),
        "header Idempotency-Key"
    );
    let mut shop = shop.with("idempotency-key", "123456789");
    assert_eq!(
        shop.refusal("POST", "/v3/a", "{}"),
        "header Idempotency-Key"
    );
    let mut shop = shop.with("idempotency-key", "12345678");
    let response = shop.call("POST", "/v3/a", "{}");
    assert_eq!(response.status(), 204);
    shop.verify(&response, b"");
}

#[test]
fn sensitive_parameters_of_a_query_are_decrypted() {
    let facts = r#"{"name":"a.a","method":"GET","path":"/v3/a","query":[{"name":"card_no","type":"string","required":true,"max":4,"sensitive":true},{"name":"mobiles","type":"array","items":{"type":"string","sensitive":true,"alphabet":"digits"}}],"response":{"type":"object","fields":[{"name":"card_no","type":"string","required":true,"sensitive":true},{"name":"card_number","type":"string","required":true}]}}"#;
    let mut shop = Shop::new(facts);
    let target = |values: &[(&str, &str)]| {
        let pairs = values
            .iter()
            .map(|(name, text)| format!("{name}={}", escaped(text)));
        format!("/v3/a?{}", pairs.collect::<Vec<_>>().join("&"))
    };
    let card = shop.seal("1234");
    // Nobody says which key it is.
    assert_eq!(
        shop.refusal("GET", &target(&[("card_no", &card)]), ""),
        "header Wechatpay-Serial"
    );
    let mut shop = shop.with_key();
    let answer = shop.answer("GET", &target(&[("card_no", &card)]), &Value::Null);
    assert_eq!(shop.open(&answer["card_no"]), "1234");
    assert!(!answer["card_number"].to_string().contains("1234"));
    // No ciphertext, one of a text that is too long, and one in a list that breaks its alphabet.
    assert_eq!(
        shop.refusal("GET", &target(&[("card_no", "1234")]), ""),
        "query card_no"
    );
    let long = shop.seal("12345");
    assert_eq!(
        shop.refusal("GET", &target(&[("card_no", &long)]), ""),
        "query card_no"
    );
    let (good, bad) = (shop.seal("1"), shop.seal("x"));
    let target = target(&[("card_no", &card), ("mobiles", &good), ("mobiles", &bad)]);
    assert_eq!(shop.refusal("GET", &target, ""), "query mobiles/1");
}

#[test]
fn numbers_in_paths_and_lists_in_queries_are_read() {
    let facts = r#"{"name":"a.a","method":"GET","path":"/v3/a/{applyment_id}/","path_params":[{"name":"applyment_id","type":"integer","required":true,"min":1}],"query":[{"name":"state","type":"array","items":{"type":"string","enum":["A","B"]}}],"response":{"type":"object","fields":[{"name":"applyment_id","type":"integer","required":true}]}}"#;
    let mut shop = Shop::new(facts);
    let answer = shop.answer(
        "GET",
        "/v3/a/2000002124775691/?state=A&state=B",
        &Value::Null,
    );
    assert_eq!(answer, json!({ "applyment_id": 2_000_002_124_775_691_i64 }));
    assert_eq!(shop.refusal("GET", "/v3/a/0/", ""), "uri applyment_id");
    assert_eq!(shop.refusal("GET", "/v3/a/x/", ""), "uri applyment_id");
    assert_eq!(
        shop.refusal("GET", "/v3/a/1/?state=A&state=C", ""),
        "query state/1"
    );
    // The path ends in a slash, and is another one without.
    assert_eq!(shop.call("GET", "/v3/a/1", "").status(), 404);
}

#[test]
fn a_deletion_may_have_a_body() {
    let facts = r#"{"name":"a.a","method":"DELETE","path":"/v3/a","body":{"type":"object","fields":[{"name":"sp_mchid","type":"string","required":true,"max":32,"unit":"chars"}]}}"#;
    let mut shop = Shop::new(facts);
    assert_eq!(
        shop.call("DELETE", "/v3/a", r#"{"sp_mchid":"1"}"#).status(),
        204
    );
    assert_eq!(shop.refusal("DELETE", "/v3/a", "{}"), "body /sp_mchid");
}

#[test]
fn a_brand_calls_in_its_own_name() {
    const BRAND: &str = "WECHATPAY-BRAND-SHA256-RSA2048";
    const MERCHANT: &str = "WECHATPAY2-SHA256-RSA2048";
    let facts = "{\"name\":\"a.a\",\"method\":\"POST\",\"path\":\"/brand/a\"}\n{\"name\":\"a.b\",\"method\":\"POST\",\"path\":\"/v3/brand/a\"}";
    let mut shop = Shop::new(facts);
    let mchid = format!("mchid=\"{}\"", shop.core.identity().mchid());
    let brand = "brand_id=\"40001\"";
    // What is called, and what the signature is for.
    for (target, signed, scheme, caller, status) in [
        ("/brand/a", "/brand/a", BRAND, brand, 204),
        ("/brand/a", "/brand/b", BRAND, brand, 401),
        ("/brand/a", "/brand/a", BRAND, "brand_id=\"a\"", 401),
        ("/brand/a", "/brand/a", BRAND, "brand_id=\"\"", 401),
        ("/brand/a", "/brand/a", BRAND, &mchid, 401),
        ("/brand/a", "/brand/a", MERCHANT, &mchid, 401),
        ("/v3/brand/a", "/v3/brand/a", BRAND, brand, 401),
        ("/v3/brand/a", "/v3/brand/a", MERCHANT, &mchid, 204),
    ] {
        let authorization = shop.authorization(scheme, caller, "POST", signed, b"");
        let mut request = shop.request("POST", target, b"", b"");
        let headers = request.headers_mut();
        headers.insert("authorization", authorization.parse().unwrap());
        assert_eq!(
            shop.send(request).status(),
            status,
            "{target} {scheme} {caller}"
        );
    }
}
