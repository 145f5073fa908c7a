//! Encrypted files: every vector under `tests/vectors/file`, and what has to hold for any file.

#![expect(clippy::unwrap_used, reason = "a broken fixture is a failed test")]

#[path = "support/vectors.rs"]
mod vectors;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use vectors::{Case, cases};
use wxpay_sign::{CipherError, CipherErrorKind, FileKey, KeyErrorKind};

const KEY: &str = "0123456789ABCDEF0123456789abcdef";
const NONCE: &[u8] = b"a8607ef79034c49c";

fn key() -> FileKey {
    FileKey::new(KEY).unwrap()
}

fn sealed(text: &[u8]) -> Vec<u8> {
    let mut file = text.to_vec();
    key().seal(NONCE, &mut file).unwrap();
    file
}

/// The text of a file that comes in pieces of these sizes, over and over.
fn open_in(
    key: &FileKey,
    nonce: &[u8],
    file: &[u8],
    sizes: &[usize],
) -> Result<Vec<u8>, CipherError> {
    let mut opener = key.opener(nonce)?;
    let mut text = Vec::new();
    let mut rest = file;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| *size);
        let (piece, after) = rest.split_at(size.min(rest.len()));
        text.extend_from_slice(opener.update(&mut piece.to_vec())?);
        let come = file.len() - after.len();
        assert_eq!(text.len(), come.saturating_sub(16), "16 bytes are held");
        rest = after;
    }
    opener.finish()?;
    Ok(text)
}

fn open(file: &[u8]) -> Result<Vec<u8>, CipherError> {
    open_in(&key(), NONCE, file, &[usize::MAX])
}

fn hex(case: &Case, file: &str) -> Vec<u8> {
    let text = case.text(file);
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn vectors_open_and_seal() {
    for case in cases("file", 11) {
        let key = FileKey::new(hex(&case, "key.hex")).unwrap();
        let nonce = hex(&case, "nonce.hex");
        let plain = hex(&case, "plaintext.hex");
        let file = hex(&case, "file.hex");
        for size in [1, 15, 16, 17, 31, 1000] {
            let opened = open_in(&key, &nonce, &file, &[size]).unwrap();
            assert_eq!(opened, plain, "{}: pieces of {size}", case.name);
        }
        let mut sealed = plain;
        key.seal(&nonce, &mut sealed).unwrap();
        assert_eq!(sealed, file, "{}", case.name);
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let file = sealed("`一行,`0.01\r\n".as_bytes());
    for bit in 0..file.len() * 8 {
        let mut changed = file.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        open(&changed).unwrap_err();
    }
    for end in 0..file.len() {
        open(&file[..end]).unwrap_err();
        open(&file[end + 1..]).unwrap_err();
    }
    open(&[&file[..], b"\0"].concat()).unwrap_err();
    open(&file).unwrap();
}

#[test]
fn another_key_or_nonce_opens_nothing() {
    let file = sealed(b"text");
    let other = FileKey::new("0123456789ABCDEF0123456789abcdeF").unwrap();
    open_in(&other, NONCE, &file, &[7]).unwrap_err();
    let nonces: [&[u8]; 5] = [
        b"a8607ef79034c49d",
        b"a8607ef79034",
        b"a8607ef79034c49c\0",
        b"a",
        &[0; 64],
    ];
    for nonce in nonces {
        open_in(&key(), nonce, &file, &[7]).unwrap_err();
    }
}

#[test]
fn a_nonce_is_needed_and_its_zeros_count() {
    let error = key().opener(b"").unwrap_err();
    assert_eq!(error.kind(), CipherErrorKind::Decryption);
    let mut text = b"text".to_vec();
    let error = key().seal(b"", &mut text).unwrap_err();
    assert_eq!(error.kind(), CipherErrorKind::Encryption);
    assert_eq!(text, b"text");

    let mut short = b"text".to_vec();
    let mut long = short.clone();
    key().seal(b"nonce", &mut short).unwrap();
    key().seal(b"nonce\0", &mut long).unwrap();
    assert_ne!(short, long);
}

#[test]
fn keys_of_another_length_are_refused_by_name() {
    for (length, text) in [
        (0, "file key: 0 bytes, exactly 32 needed"),
        (31, "file key: 31 bytes, exactly 32 needed"),
        (64, "file key: 64 bytes, exactly 32 needed"),
    ] {
        let error = FileKey::new(vec![b'k'; length]).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::Length);
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn nothing_is_shown() {
    assert_eq!(format!("{:?}", key()), "FileKey([redacted])");
    let opener = key().opener(NONCE).unwrap();
    assert_eq!(format!("{opener:?}"), "FileOpener([redacted])");
    assert_eq!(
        format!("{:?}", opener.finish().unwrap_err()),
        "CipherError { kind: Decryption, source: None }"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same(
        text in vec(any::<u8>(), 0..20_000),
        nonce in vec(any::<u8>(), 1..40),
        sizes in vec(0usize..600, 1..20),
    ) {
        prop_assume!(sizes.iter().any(|size| *size > 0));
        let mut file = text.clone();
        key().seal(&nonce, &mut file).unwrap();
        prop_assert_eq!(&open_in(&key(), &nonce, &file, &[usize::MAX]).unwrap(), &text);
        prop_assert_eq!(&open_in(&key(), &nonce, &file, &sizes).unwrap(), &text);
    }

    #[test]
    fn no_changed_file_is_proven(
        text in vec(any::<u8>(), 0..9_000),
        sizes in vec(1usize..5_000, 1..5),
        at in any::<Index>(),
        bit in 0u32..8,
        cut in any::<Index>(),
    ) {
        let file = sealed(&text);
        let mut changed = file.clone();
        changed[at.index(file.len())] ^= 1 << bit;
        prop_assert!(open_in(&key(), NONCE, &changed, &sizes).is_err());
        prop_assert!(open_in(&key(), NONCE, &file[..cut.index(file.len())], &sizes).is_err());
    }

    /// The one-shot implementation of another crate, with the two lengths of nonce that are sent.
    #[cfg(feature = "rustcrypto")]
    #[test]
    fn another_implementation_gives_the_same(text in vec(any::<u8>(), 0..9_000), nonce in any::<[u8; 16]>()) {
        use aes_gcm::aead::{AeadInOut as _, KeyInit as _, consts::U16};
        use aes_gcm::{Aes256Gcm, AesGcm, aes::Aes256};
        let bytes: [u8; 32] = KEY.as_bytes().try_into().unwrap();
        let mut ours = text.clone();
        key().seal(&nonce, &mut ours).unwrap();
        let mut theirs = text.clone();
        AesGcm::<Aes256, U16>::new(&bytes.into())
            .encrypt_in_place(&nonce.into(), b"", &mut theirs)
            .unwrap();
        prop_assert_eq!(ours, theirs);

        let short: [u8; 12] = nonce[..12].try_into().unwrap();
        let mut ours = text.clone();
        key().seal(&short, &mut ours).unwrap();
        let mut theirs = text;
        Aes256Gcm::new(&bytes.into()).encrypt_in_place(&short.into(), b"", &mut theirs).unwrap();
        prop_assert_eq!(ours, theirs);
    }
}
