//! Bills through the gate: links, files, the controls that decide how they are made, and faults.

use std::io::Read as _;

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead as _, KeyInit as _, Nonce};
use aes_gcm::{AesGcm, aes::Aes256};
use flate2::read::GzDecoder;
use http::Method;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use wxpay_sign::Decryptor as _;

use crate::merchant::{Merchant, NATIVE, assert_error, is_unsigned, parse};

type Cipher = AesGcm<Aes256, U16>;

const BILL: &str = "/v3/bill/tradebill?bill_date=2024-01-01";

/// On the day after a payment of the merchant's and one of its sub-merchant's.
fn merchant() -> Merchant {
    let mut merchant = Merchant::new();
    let order = merchant.native();
    assert_eq!(merchant.post(NATIVE, &order).status(), 200);
    let identity = merchant.core.identity();
    let theirs = json!({
        "sp_appid": identity.appid(), "sp_mchid": identity.mchid(), "sub_mchid": identity.sub_mchid(),
        "description": "深圳茶", "out_trade_no": "theirs", "notify_url": order["notify_url"],
        "amount": { "total": 10_000 },
    });
    let answer = merchant.post("/v3/pay/partner/transactions/native", &theirs);
    assert_eq!(answer.status(), 200, "{answer:?}");
    for number in [order["out_trade_no"].as_str().unwrap(), "theirs"] {
        let path = format!("/_sandbox/orders/{number}/pay");
        let (status, said) = merchant.control(Method::POST, &path, "{}");
        assert_eq!(status, 200, "{said}");
    }
    merchant.now = merchant.now.saturating_add(24 * 3_600);
    merchant
}

fn link(merchant: &mut Merchant, target: &str) -> Value {
    let answer = merchant.get(target);
    assert_eq!(answer.status(), 200, "{answer:?}");
    merchant.verified(&answer);
    parse(answer.body())
}

fn file(merchant: &mut Merchant, link: &Value) -> Vec<u8> {
    let url = link["download_url"].as_str().unwrap();
    let target = url.strip_prefix("http://127.0.0.1:9470").unwrap();
    let answer = merchant.get(target);
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert!(is_unsigned(&answer));
    answer.body().to_vec()
}

fn sha1(bytes: &[u8]) -> String {
    let digest = Sha1::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unpacked(file: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(file).read_to_end(&mut text).unwrap();
    text
}

fn opened(merchant: &mut Merchant, link: &Value) -> Vec<u8> {
    let file = file(merchant, link);
    let key = merchant.core.identity().merchant_private_key();
    let key = key.decrypt(link["encrypt_key"].as_str().unwrap()).unwrap();
    let nonce = Nonce::<Cipher>::try_from(link["nonce"].as_str().unwrap().as_bytes()).unwrap();
    let cipher = Cipher::new_from_slice(key.as_ref()).unwrap();
    cipher.decrypt(&nonce, file.as_slice()).unwrap()
}

fn set(merchant: &mut Merchant, fault: &str, more: Value) {
    let mut settings = more;
    settings["rate"] = json!(1);
    settings["times"] = json!(1);
    merchant.set_faults(json!({ "answers": { fault: settings } }));
}

#[test]
fn sealed_bills_come_in_as_many_parts_as_were_set() {
    let mut merchant = merchant();
    let sub_mchid = merchant.core.identity().sub_mchid().to_owned();
    let single = format!(
        "/v3/bill/sub-merchant-fundflowbill?sub_mchid={sub_mchid}&bill_date=2024-01-01&account_type=BASIC&algorithm=AEAD_AES_256_GCM"
    );
    let all = "/v3/ecommerce/bill/fundflowbill?bill_date=2024-01-01&account_type=ALL&algorithm=AEAD_AES_256_GCM";
    let (status, said) = merchant.control(Method::GET, "/_sandbox/bills", "");
    assert_eq!(
        (status.as_u16(), said),
        (200, json!({ "encrypted_parts": 1, "unsorted": false }))
    );
    let mut texts = Vec::new();
    for parts in [1, 3] {
        let settings = json!({ "encrypted_parts": parts }).to_string();
        let (status, said) = merchant.control(Method::PUT, "/_sandbox/bills", &settings);
        assert_eq!(status, 200, "{said}");
        assert_eq!(said["encrypted_parts"], parts);
        for target in [&single, all] {
            for packed in [false, true] {
                let tar_type = if packed { "&tar_type=GZIP" } else { "" };
                let reply = link(&mut merchant, &format!("{target}{tar_type}"));
                assert_eq!(reply["download_bill_count"], parts);
                let mut text = Vec::new();
                for (index, link) in reply["download_bill_list"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .enumerate()
                {
                    assert_eq!(link["bill_sequence"], index + 1);
                    let mut piece = opened(&mut merchant, link);
                    if packed {
                        piece = unpacked(&piece);
                    }
                    assert_eq!(link["hash_value"], sha1(&piece));
                    text.extend(piece);
                }
                texts.push(String::from_utf8(text).unwrap());
            }
        }
    }
    assert_eq!(texts.len(), 8);
    assert!(
        texts[0].ends_with("\r\n`2,`1,`100.00,`1,`0.60\r\n"),
        "{}",
        texts[0]
    );
    assert!(texts.iter().all(|text| *text == texts[0]));

    for (body, problem) in [
        (r#"{"encrypted_parts":0}"#, "between 1 and 100"),
        (r#"{"encrypted_parts":101}"#, "between 1 and 100"),
        (r#"{"parts":2}"#, "unknown field `parts`"),
    ] {
        let (status, said) = merchant.control(Method::PUT, "/_sandbox/bills", body);
        assert_eq!(status, 400);
        assert!(said.to_string().contains(problem), "{said}");
    }
    let (status, _) = merchant.control(Method::DELETE, "/_sandbox/bills", "");
    assert_eq!(status, 405);
}

#[test]
fn what_was_shared_has_a_bill_and_where_nothing_was_there_is_none() {
    let mut merchant = merchant();
    let none = merchant.get("/v3/profitsharing/bills?bill_date=2024-01-01");
    assert_error(&none, 400, "NO_STATEMENT_EXIST");
    let mut order = merchant.native();
    order["out_trade_no"] = json!("shared");
    order["settle_info"] = json!({ "profit_sharing": true });
    assert_eq!(merchant.post(NATIVE, &order).status(), 200);
    let (_, paid) = merchant.control(Method::POST, "/_sandbox/orders/shared/pay", "{}");
    let release = json!({
        "transaction_id": paid["transaction_id"], "out_order_no": "s1", "description": "解冻\n全部",
    });
    let answer = merchant.post("/v3/profitsharing/orders/unfreeze", &release);
    assert_eq!(answer.status(), 200, "{answer:?}");
    merchant.now = merchant.now.saturating_add(24 * 3_600);
    let target = "/v3/profitsharing/bills?bill_date=2024-01-02&tar_type=GZIP";
    let link = link(&mut merchant, target);
    let bill = unpacked(&file(&mut merchant, &link));
    assert_eq!(link["hash_value"], sha1(&bill));
    let bill = String::from_utf8(bill).unwrap();
    let mchid = merchant.core.identity().mchid();
    assert!(
        bill.contains(&format!(
            "`1.00,`{mchid},`1.00,`分账,`成功,`解冻\\n全部\r\n"
        )),
        "{bill}"
    );
}

#[test]
fn faults_spoil_bills_and_nothing_else() {
    let mut merchant = merchant();
    let sound = link(&mut merchant, BILL);
    let right = file(&mut merchant, &sound);
    assert_eq!(sound["hash_value"], sha1(&right));

    // Made with wrong sums, and hashed so.
    set(&mut merchant, "bill_sums_wrong", json!({}));
    merchant.get("/v3/certificates");
    let wrong = link(&mut merchant, BILL);
    assert_eq!(merchant.last_entry()["faults"], json!(["bill_sums_wrong"]));
    let text = file(&mut merchant, &wrong);
    assert_eq!(wrong["hash_value"], sha1(&text));
    assert!(
        text.ends_with("`101.00,`0.01\r\n".as_bytes()),
        "{}",
        String::from_utf8_lossy(&text)
    );
    assert!(right.ends_with("`101.00,`0.00\r\n".as_bytes()));
    // The same file again, as long as the link is good.
    assert_eq!(file(&mut merchant, &wrong), text);

    set(&mut merchant, "bill_byte_changed", json!({}));
    let sound = link(&mut merchant, BILL);
    let other = file(&mut merchant, &sound);
    assert_eq!(
        merchant.last_entry()["faults"],
        json!(["bill_byte_changed"])
    );
    assert_ne!(sound["hash_value"], sha1(&other));
    assert_eq!(other.len(), right.len());
    assert_eq!(file(&mut merchant, &sound), right);

    set(&mut merchant, "bill_cut_off", json!({ "bytes": 200 }));
    assert_eq!(file(&mut merchant, &sound), right[..200]);
    set(&mut merchant, "bill_cut_off", json!({}));
    let packed = link(&mut merchant, &format!("{BILL}&tar_type=GZIP"));
    let short = file(&mut merchant, &packed);
    assert!(
        GzDecoder::new(short.as_slice())
            .read_to_end(&mut Vec::new())
            .is_err()
    );
    assert_eq!(unpacked(&file(&mut merchant, &packed)), right);

    // A connection that ends early is another fault.
    set(
        &mut merchant,
        "truncate_body",
        json!({ "only": "/v3/billdownload/" }),
    );
    let url = sound["download_url"].as_str().unwrap();
    let target = url.strip_prefix("http://127.0.0.1:9470").unwrap();
    let request = merchant.request(Method::GET, target, "");
    let answer = merchant.handle(request);
    assert_eq!(
        answer.cut,
        Some(wxpay_sandbox::Cut::Truncate(right.len() / 2))
    );
}
