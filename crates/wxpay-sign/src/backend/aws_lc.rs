//! The AWS-LC backend.
//!
//! AWS-LC computes RSA in constant time, blinds every private-key operation by itself and wipes what it
//! frees.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};

use super::Failed;
use crate::asn1::{PrivateNumbers, PublicNumbers};

pub(crate) struct PrivateKey {
    signing: KeyPair,
    decrypting: OaepPrivateDecryptingKey,
}

impl PrivateKey {
    pub(crate) fn new(numbers: &PrivateNumbers<'_>) -> Result<Self, Failed> {
        let signing = KeyPair::from_der(numbers.pkcs1).map_err(|_| Failed)?;
        // The library has no way from one type to the other but through the encoding, which it wipes.
        let encoded = signing.as_der().map_err(|_| Failed)?;
        let decrypting = PrivateDecryptingKey::from_pkcs8(encoded.as_ref()).map_err(|_| Failed)?;
        let decrypting = OaepPrivateDecryptingKey::new(decrypting).map_err(|_| Failed)?;
        Ok(Self {
            signing,
            decrypting,
        })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| Failed)?;
        Ok(signature)
    }

    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut plain = vec![0; self.decrypting.min_output_size()];
        let length = self
            .decrypting
            .decrypt(&OAEP_SHA1_MGF1SHA1, ciphertext, &mut plain, None)
            .map_err(|_| Failed)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

pub(crate) struct PublicKey {
    verifying: ParsedPublicKey,
    encrypting: OaepPublicEncryptingKey,
}

impl PublicKey {
    pub(crate) fn new(numbers: PublicNumbers<'_>) -> Result<Self, Failed> {
        let numbers = RsaPublicKeyComponents {
            n: numbers.modulus,
            e: numbers.exponent,
        };
        let verifying = numbers
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| Failed)?;
        let encrypting: PublicEncryptingKey = numbers.try_into().map_err(|_| Failed)?;
        let encrypting = OaepPublicEncryptingKey::new(encrypting).map_err(|_| Failed)?;
        Ok(Self {
            verifying,
            encrypting,
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Failed> {
        self.verifying
            .verify_sig(message, signature)
            .map_err(|_| Failed)
    }

    pub(crate) fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Failed> {
        let mut ciphertext = vec![0; self.encrypting.ciphertext_size()];
        let length = self
            .encrypting
            .encrypt(&OAEP_SHA1_MGF1SHA1, plain, &mut ciphertext, None)
            .map_err(|_| Failed)?
            .len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }
}

pub(crate) struct Gcm(LessSafeKey);

impl Gcm {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Failed> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Failed)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    pub(crate) fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self
            .0
            .open_in_place(nonce, Aad::from(aad), buffer)
            .map_err(|_| Failed)?
            .len();
        buffer.truncate(length);
        Ok(())
    }

    pub(crate) fn seal(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce, Aad::from(aad), buffer)
            .map_err(|_| Failed)
    }
}

pub(crate) struct Ecb {
    encrypting: EncryptingKey,
    decrypting: DecryptingKey,
}

impl Ecb {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Failed> {
        let key = || UnboundCipherKey::new(&AES_256, key);
        Ok(Self {
            encrypting: key().and_then(EncryptingKey::ecb).map_err(|_| Failed)?,
            decrypting: key().and_then(DecryptingKey::ecb).map_err(|_| Failed)?,
        })
    }

    pub(crate) fn decrypt(&self, buffer: &mut [u8]) -> Result<(), Failed> {
        match self.decrypting.decrypt(buffer, DecryptionContext::None) {
            Ok(_) => Ok(()),
            Err(_) => Err(Failed),
        }
    }

    pub(crate) fn encrypt(&self, buffer: &mut [u8]) -> Result<(), Failed> {
        match self.encrypting.encrypt(buffer) {
            Ok(_) => Ok(()),
            Err(_) => Err(Failed),
        }
    }
}
