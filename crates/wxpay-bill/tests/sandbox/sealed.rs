//! The encrypted bills of sub-merchants, in one part and in several.

use std::io::Read as _;

use flate2::read::GzDecoder;
use http::Method;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use wxpay_bill::{ErrorKind, FundFlowBill};
use wxpay_sign::{Decryptor as _, FileKey};

use crate::day::Day;
use crate::flows::{assert_is, expected, read};
use crate::shop::{DAY, Shop};

/// A part as it is in the file that was encrypted.
fn opened(shop: &mut Shop, link: &Value) -> Vec<u8> {
    let mut file = shop.file(link).to_vec();
    let key = shop.identity().merchant_private_key();
    let key = key.decrypt(link["encrypt_key"].as_str().unwrap()).unwrap();
    let nonce = link["nonce"].as_str().unwrap();
    let mut opener = FileKey::new(&key)
        .unwrap()
        .opener(nonce.as_bytes())
        .unwrap();
    let text = opener.update(&mut file).unwrap().to_vec();
    opener.finish().unwrap();
    text
}

fn sha1(text: &[u8]) -> String {
    let digest = Sha1::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unpacked(file: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(file).read_to_end(&mut text).unwrap();
    text
}

#[test]
fn parts_put_together_are_one_bill() {
    let mut day = Day::traded();
    let expected = expected(&mut day, true);
    let sub_mchid = day.shop.identity().sub_mchid().to_owned();
    let one =
        format!("/v3/bill/sub-merchant-fundflowbill?sub_mchid={sub_mchid}&account_type=BASIC");
    let all = "/v3/ecommerce/bill/fundflowbill?account_type=ALL".to_owned();
    for parts in [1, 3] {
        let settings = json!({ "encrypted_parts": parts });
        day.shop.control(Method::PUT, "bills", &settings);
        for (target, packed) in [(&one, false), (&one, true), (&all, false), (&all, true)] {
            let tar_type = if packed { "&tar_type=GZIP" } else { "" };
            let said = day.shop.link(&format!(
                "{target}&bill_date={DAY}&algorithm=AEAD_AES_256_GCM{tar_type}"
            ));
            let links = said["download_bill_list"].as_array().unwrap();
            assert_eq!(links.len(), parts);
            let mut files = Vec::new();
            let mut texts = Vec::new();
            for link in links {
                let file = opened(&mut day.shop, link);
                let text = if packed {
                    unpacked(&file)
                } else {
                    file.clone()
                };
                assert_eq!(link["hash_value"], sha1(&text));
                files.push(file);
                texts.push(text);
            }
            // One file behind the other, whether or not they are packed.
            for whole in [texts.concat(), files.concat()] {
                let bill = FundFlowBill::from_reader(&whole[..]);
                assert_is(read(bill).unwrap(), &expected);
            }
            if let [first, middle, last] = &texts[..] {
                let bill = FundFlowBill::from_reader(&first[..]);
                assert_eq!(read(bill).unwrap_err().kind(), ErrorKind::Truncated);
                let swapped = [&middle[..], first, last].concat();
                assert!(read(FundFlowBill::from_reader(&swapped[..])).is_err());
            }
        }
    }
}
