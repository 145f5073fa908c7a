//! Each backend takes what the other made, and so does the `openssl` program.

#![expect(clippy::unwrap_used, reason = "a broken fixture is a failed test")]

#[path = "support/vectors.rs"]
mod vectors;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vectors::{
    API_V3_KEY, CERTIFICATE, PRIVATE_KEY, PRIVATE_KEY_8192, PRIVATE_KEY_PKCS1, PUBLIC_KEY,
    PUBLIC_KEY_PKCS1,
};
use wxpay_sign::{
    ApiV3Key, Backend, Certificate, Decryptor as _, Encryptor as _, PrivateKey, PublicKey,
    Signature, Signer as _,
};

const MESSAGE: &[u8] = "GET\n/v3/certificates\n1\n支付\n\n".as_bytes();
const SIZES: [(&str, &str); 5] = [
    ("2048", PRIVATE_KEY),
    (
        "2049",
        include_str!("vectors/keys/TEST-ONLY-private-key-2049-bits.pem"),
    ),
    (
        "3072",
        include_str!("vectors/keys/TEST-ONLY-private-key-3072-bits.pem"),
    ),
    ("8192", PRIVATE_KEY_8192),
    (
        "2048, exponent 3",
        include_str!("vectors/keys/TEST-ONLY-private-key-exponent-3.pem"),
    ),
];

/// Every ordered pair of backends that are compiled in, the same one twice included.
fn pairs() -> impl Iterator<Item = (Backend, Backend)> {
    Backend::all()
        .iter()
        .flat_map(|&a| Backend::all().iter().map(move |&b| (a, b)))
}

#[test]
fn the_default_is_the_fastest_that_is_compiled_in() {
    assert_eq!(Some(&Backend::default()), Backend::all().last());
    let key = PrivateKey::from_pem(PRIVATE_KEY).unwrap();
    assert_eq!(key.backend(), Backend::default());
    assert_eq!(key.is_slow(), cfg!(not(feature = "aws-lc-rs")));
    assert!(PrivateKey::from_pem(PRIVATE_KEY_8192).unwrap().is_slow());
}

#[test]
fn signatures_and_ciphertexts_cross_over_at_every_size() {
    for (size, pem) in SIZES {
        for (a, b) in pairs() {
            let ours = PrivateKey::from_pem_with(a, pem).unwrap();
            let theirs = PrivateKey::from_pem_with(b, pem).unwrap();
            assert_eq!(ours.public_key(), theirs.public_key());

            let signature = ours.sign(MESSAGE).unwrap();
            assert_eq!(
                signature,
                theirs.sign(MESSAGE).unwrap(),
                "{size}: {a:?}, {b:?}"
            );
            theirs.public_key().verify(MESSAGE, &signature).unwrap();

            let limit = ours.public_key().max_plaintext();
            let longest = "a".repeat(limit);
            for plain in ["张三 13800138000", &longest] {
                let ciphertext = ours.public_key().encrypt(plain).unwrap();
                assert_eq!(
                    theirs.decrypt(&ciphertext).unwrap(),
                    plain,
                    "{size}: {a:?}, {b:?}"
                );
            }
            let error = ours
                .public_key()
                .encrypt(&"a".repeat(limit + 1))
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "{} bytes cannot be encrypted, at most {limit} with this key",
                    limit + 1
                )
            );
        }
    }
}

#[test]
fn the_limit_of_a_key_of_2048_bits_is_214_bytes() {
    assert_eq!(
        PublicKey::from_pem(PUBLIC_KEY).unwrap().max_plaintext(),
        214
    );
}

#[test]
fn encryption_is_randomised_and_empty_stays_empty() {
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        let public = key.public_key();
        assert_ne!(public.encrypt("x").unwrap(), public.encrypt("x").unwrap());
        assert_eq!(public.encrypt("").unwrap(), "");
        assert_eq!(key.decrypt("").unwrap(), "");
    }
}

#[test]
fn plaintext_that_is_not_utf8_is_refused() {
    // OAEP of the bytes ff fe, made by openssl.
    let Some(openssl) = OpenSsl::find("plaintext_that_is_not_utf8_is_refused") else {
        return;
    };
    let ciphertext = openssl.encrypt(&[0xff, 0xfe]);
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        key.decrypt(&Signature::from_bytes(ciphertext.clone()).to_base64())
            .unwrap_err();
    }
}

#[test]
fn sealed_texts_cross_over() {
    for (a, b) in pairs() {
        let (a, b) = (
            ApiV3Key::new_with(a, API_V3_KEY).unwrap(),
            ApiV3Key::new_with(b, API_V3_KEY).unwrap(),
        );
        for length in [0, 1, 15, 16, 17, 255, 4096] {
            let plain = vec![0x5a; length];
            let sealed = a.seal(b"61f9c719728a", b"aad", &plain).unwrap();
            assert_eq!(sealed, b.seal(b"61f9c719728a", b"aad", &plain).unwrap());
            assert_eq!(b.open(b"61f9c719728a", b"aad", &sealed).unwrap(), plain);
        }
    }
}

#[test]
fn every_encoding_of_one_key_is_that_key() {
    let crlf = PRIVATE_KEY.replace('\n', "\r\n");
    let framed = format!("\u{feff}Bag Attributes\n  friendlyName: test\n\n{PRIVATE_KEY}\n \t");
    let one_line = PRIVATE_KEY
        .replace("KEY-----\n", "KEY-----")
        .replace('\n', "");
    let after_certificate = format!("{CERTIFICATE}{PRIVATE_KEY}");
    let public_crlf = PUBLIC_KEY.replace('\n', "\r\n");
    for &backend in Backend::all() {
        let public = PublicKey::from_pem_with(backend, PUBLIC_KEY).unwrap();
        for text in [
            PRIVATE_KEY,
            PRIVATE_KEY_PKCS1,
            &crlf,
            &framed,
            &one_line,
            &after_certificate,
        ] {
            let key = PrivateKey::from_pem_with(backend, text).unwrap();
            assert_eq!(key.public_key(), public);
        }
        for text in [PUBLIC_KEY_PKCS1, &public_crlf] {
            assert_eq!(PublicKey::from_pem_with(backend, text).unwrap(), public);
        }
        for (_, other) in &SIZES[1..] {
            assert_ne!(
                PrivateKey::from_pem_with(backend, other)
                    .unwrap()
                    .public_key(),
                public
            );
        }
    }
}

#[test]
fn openssl_verifies_what_we_sign() {
    let Some(openssl) = OpenSsl::find("openssl_verifies_what_we_sign") else {
        return;
    };
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        let signature = key.sign(MESSAGE).unwrap();
        let message = openssl.file("message", MESSAGE);
        let signature = openssl.file("signature", signature.as_bytes());
        openssl.run([
            "dgst",
            "-sha256",
            "-verify",
            &openssl.public,
            "-signature",
            &signature,
            &message,
        ]);
    }
}

#[test]
fn we_verify_what_openssl_signs() {
    let Some(openssl) = OpenSsl::find("we_verify_what_openssl_signs") else {
        return;
    };
    let message = openssl.file("message", MESSAGE);
    let signature = openssl.run(["dgst", "-sha256", "-sign", &openssl.private, &message]);
    let signature = Signature::from_bytes(signature);
    for &backend in Backend::all() {
        let key = PublicKey::from_pem_with(backend, PUBLIC_KEY).unwrap();
        key.verify(MESSAGE, &signature).unwrap();
    }
}

#[test]
fn openssl_decrypts_what_we_encrypt() {
    let Some(openssl) = OpenSsl::find("openssl_decrypts_what_we_encrypt") else {
        return;
    };
    for &backend in Backend::all() {
        let key = PublicKey::from_pem_with(backend, PUBLIC_KEY).unwrap();
        let ciphertext = key.encrypt("张三").unwrap();
        let ciphertext = Signature::from_base64(&ciphertext).unwrap();
        let input = openssl.file("ciphertext", ciphertext.as_bytes());
        let plain = openssl.oaep(["-decrypt", "-inkey", &openssl.private, "-in", &input]);
        assert_eq!(plain, "张三".as_bytes());
    }
}

#[test]
fn we_decrypt_what_openssl_encrypts() {
    let Some(openssl) = OpenSsl::find("we_decrypt_what_openssl_encrypts") else {
        return;
    };
    let ciphertext = Signature::from_bytes(openssl.encrypt("李四".as_bytes())).to_base64();
    for &backend in Backend::all() {
        let key = PrivateKey::from_pem_with(backend, PRIVATE_KEY).unwrap();
        assert_eq!(key.decrypt(&ciphertext).unwrap(), "李四");
    }
}

#[test]
fn openssl_reads_the_same_serial() {
    let Some(openssl) = OpenSsl::find("openssl_reads_the_same_serial") else {
        return;
    };
    for case in vectors::cases("certificate", 5) {
        let pem = case.text("certificate.pem");
        let input = openssl.file("certificate", pem.as_bytes());
        let output = openssl.run(["x509", "-noout", "-serial", "-in", &input]);
        let certificate = Certificate::from_pem(&pem).unwrap();
        assert_eq!(
            String::from_utf8(output).unwrap(),
            format!("serial={}\n", certificate.serial_number())
        );
    }
}

/// The `openssl` program and a directory of its own for one test.
struct OpenSsl {
    directory: PathBuf,
    private: String,
    public: String,
}

impl OpenSsl {
    /// `None`, said aloud, where the program is not installed.
    #[expect(clippy::print_stderr, reason = "a test that did not run has to say so")]
    fn find(test: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("skipped: {test} needs the `openssl` program on the PATH");
            return None;
        }
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        fs::create_dir_all(&directory).unwrap();
        let mut this = Self {
            directory,
            private: String::new(),
            public: String::new(),
        };
        this.private = this.file("private.pem", PRIVATE_KEY.as_bytes());
        this.public = this.file("public.pem", PUBLIC_KEY.as_bytes());
        Some(this)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.directory.join(name);
        fs::write(&path, content).unwrap();
        path.into_os_string().into_string().unwrap()
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "openssl: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    fn oaep<const N: usize>(&self, arguments: [&str; N]) -> Vec<u8> {
        let padding = [
            "rsa_padding_mode:oaep",
            "rsa_oaep_md:sha1",
            "rsa_mgf1_md:sha1",
        ];
        let options = padding.iter().flat_map(|option| ["-pkeyopt", option]);
        self.run(["pkeyutl"].into_iter().chain(arguments).chain(options))
    }

    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        let input = self.file("plain", plain);
        self.oaep(["-encrypt", "-pubin", "-inkey", &self.public, "-in", &input])
    }
}
