//! Encrypted bills, opened with a cipher that is not the sandbox's.

use std::io::Read;

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{AesGcm, aes::Aes256};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use wxpay_sign::Decryptor;

use super::super::text::hex;
use super::super::{CutOff, Flaws};
use super::bills::{DATE, after_a_day, bill, download, parse, token};
use super::counter::*;

type Cipher = AesGcm<Aes256, U16>;

const SEALED: [(&str, &str); 4] = [
    DATE,
    ("sub_mchid", SUB_MCHID),
    ("account_type", "BASIC"),
    ("algorithm", "AEAD_AES_256_GCM"),
];

fn split(counter: &mut Counter, parts: usize) {
    let settings = json!({ "encrypted_parts": parts });
    let settings = serde_json::from_value(settings).unwrap();
    counter.book.set_bills(settings).unwrap();
}

/// The ciphertext behind a link, opened with the link's own key and nonce.
fn open(counter: &mut Counter, link: &Value) -> Option<Vec<u8>> {
    let (file, gzip) = download(counter, &token(&link["download_url"])).unwrap();
    assert!(!gzip, "what arrives is no gzip stream yet");
    let key = merchant_key()
        .decrypt(link["encrypt_key"].as_str().unwrap())
        .unwrap();
    let nonce = link["nonce"].as_str().unwrap();
    assert_eq!(nonce.len(), 16);
    let nonce = Nonce::<Cipher>::try_from(nonce.as_bytes()).unwrap();
    let cipher = Cipher::new_from_slice(key.as_ref()).unwrap();
    cipher.decrypt(&nonce, file.as_slice()).ok()
}

fn links(counter: &mut Counter, parameters: &[(&str, &str)]) -> Vec<Value> {
    let reply = counter
        .get("bill.sub_merchant_fund_flow_bill", parameters)
        .unwrap();
    let links = reply["download_bill_list"].as_array().unwrap();
    assert_eq!(reply["download_bill_count"], links.len());
    links.clone()
}

#[test]
fn a_sub_merchants_funds_are_sealed_with_a_key_of_their_own() {
    let mut counter = after_a_day();
    for packed in [false, true] {
        let mut parameters = SEALED.to_vec();
        parameters.extend(packed.then_some(("tar_type", "GZIP")));
        let links = links(&mut counter, &parameters);
        assert_eq!((links.len(), &links[0]["bill_sequence"]), (1, &json!(1)));
        let opened = open(&mut counter, &links[0]).unwrap();
        let mut text = String::new();
        if packed {
            GzDecoder::new(opened.as_slice())
                .read_to_string(&mut text)
                .unwrap();
        } else {
            text = String::from_utf8(opened).unwrap();
        }
        assert_eq!(links[0]["hash_value"], hex(&Sha1::digest(&text)));
        let funds = parse(&text);
        assert_eq!(funds.sums["收入金额"], "100.00");
        assert_eq!(funds.sums["支出金额"], "0.60");
    }
    let mut other = SEALED;
    other[3] = ("algorithm", "SM4_GCM");
    let refused = counter.get("bill.sub_merchant_fund_flow_bill", &other);
    assert_eq!(code(refused).0, "SERVICE_UNAVAILABLE");
    other = SEALED;
    other[2] = ("account_type", "FEES");
    let refused = counter.get("bill.sub_merchant_fund_flow_bill", &other);
    assert_eq!(code(refused).0, "NO_STATEMENT_EXIST");
}

#[test]
fn a_platform_gets_the_funds_of_all_its_sub_merchants() {
    let mut counter = after_a_day();
    let parameters = [DATE, ("account_type", "ALL"), SEALED[3]];
    let reply = counter
        .get("bill.ecommerce_fund_flow_bill", &parameters)
        .unwrap();
    let opened = open(&mut counter, &reply["download_bill_list"][0]).unwrap();
    let all = String::from_utf8(opened).unwrap();
    // There is one sub-merchant.
    let links = links(&mut counter, &SEALED);
    let one = open(&mut counter, &links[0]).unwrap();
    assert_eq!(all.into_bytes(), one);
    let empty = [("bill_date", "2023-12-31"), parameters[1], parameters[2]];
    let none = counter.get("bill.ecommerce_fund_flow_bill", &empty);
    assert_eq!(code(none).0, "NO_STATEMENT_EXIST");
}

#[test]
fn parts_have_all_their_own_and_make_up_the_whole() {
    let mut counter = after_a_day();
    let whole = {
        let links = links(&mut counter, &SEALED);
        open(&mut counter, &links[0]).unwrap()
    };
    for (parts, packed) in [(2, false), (2, true), (3, true), (100, true)] {
        split(&mut counter, parts);
        let mut parameters = SEALED.to_vec();
        parameters.extend(packed.then_some(("tar_type", "GZIP")));
        let links = links(&mut counter, &parameters);
        assert_eq!(links.len(), parts);
        let mut text = Vec::new();
        let mut through_a_character = false;
        for (index, link) in links.iter().enumerate() {
            assert_eq!(link["bill_sequence"], index + 1);
            let opened = open(&mut counter, link).unwrap();
            let mut piece = Vec::new();
            if packed {
                GzDecoder::new(opened.as_slice())
                    .read_to_end(&mut piece)
                    .unwrap();
            } else {
                piece = opened;
            }
            assert_eq!(link["hash_value"], hex(&Sha1::digest(&piece)));
            through_a_character |= std::str::from_utf8(&piece).is_err();
            text.extend(piece);
        }
        assert_eq!(text, whole);
        assert!(through_a_character, "{parts}");
        for name in ["download_url", "encrypt_key", "nonce"] {
            let mut values: Vec<_> = links.iter().map(|link| link[name].as_str()).collect();
            values.sort_unstable();
            values.dedup();
            assert_eq!(values.len(), parts, "{name}");
        }
    }
    // A hundred parts are a hundred of the thousand links that may be good at a time.
    for _ in 0..8 {
        counter
            .get("bill.sub_merchant_fund_flow_bill", &SEALED)
            .unwrap();
    }
    let refused = counter.get("bill.sub_merchant_fund_flow_bill", &SEALED);
    assert_eq!(code(refused).0, "FREQUENCY_LIMITED");
    // All other bills come whole.
    counter.wait(301);
    assert_eq!(
        parse(&bill(&mut counter, "bill.fund_flow_bill", &[DATE]).unwrap())
            .rows
            .len(),
        9
    );
}

#[test]
fn parts_survive_a_restart_and_settings_too() {
    let mut counter = after_a_day();
    split(&mut counter, 3);
    let links = links(&mut counter, &SEALED);
    let mut later = Counter::replay(counter.book.snapshot(), counter.now);
    for link in &links {
        assert_eq!(open(&mut later, link), open(&mut counter, link));
    }
    assert_eq!(later.book.bill_settings(), counter.book.bill_settings());
    for parts in [0, 101] {
        let settings = serde_json::from_value(json!({ "encrypted_parts": parts })).unwrap();
        let refused = counter.book.set_bills(settings).unwrap_err();
        assert_eq!(refused, "encrypted_parts must be between 1 and 100");
    }
}

#[test]
fn a_sealed_bill_that_was_cut_off_does_not_open_and_one_with_another_byte_does() {
    let mut counter = after_a_day();
    let links = links(&mut counter, &SEALED);
    counter.flaws = Flaws {
        cut: Some(CutOff::Half),
        ..Flaws::default()
    };
    assert_eq!(open(&mut counter, &links[0]), None);
    counter.flaws = Flaws {
        byte: true,
        ..Flaws::default()
    };
    let opened = open(&mut counter, &links[0]).unwrap();
    assert_ne!(links[0]["hash_value"], hex(&Sha1::digest(&opened)));
    counter.flaws = Flaws::default();
    let opened = open(&mut counter, &links[0]).unwrap();
    assert_eq!(links[0]["hash_value"], hex(&Sha1::digest(&opened)));
}
