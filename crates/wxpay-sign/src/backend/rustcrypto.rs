//! The pure-Rust backend.
//!
//! Every private-key operation is given fresh randomness and so is blinded; `rsa` also checks each result
//! with the public key before it is let out, so that a fault in the computation gives nothing away.

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use getrandom::SysRng;
use rsa::traits::{PaddingScheme as _, SignatureScheme as _};
use rsa::{BoxedUint, Oaep, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::Failed;
use crate::asn1::{PrivateNumbers, PublicNumbers, bit_length};

pub(crate) struct PrivateKey(RsaPrivateKey);

impl PrivateKey {
    pub(crate) fn new(numbers: &PrivateNumbers<'_>) -> Result<Self, Failed> {
        let bits = bit_length(numbers.public.modulus);
        let [p, q] = numbers.primes;
        let key = RsaPrivateKey::from_components(
            uint(numbers.public.modulus, bits)?,
            exponent(numbers.public)?,
            uint(numbers.private_exponent, bits)?,
            vec![uint(p, bits)?, uint(q, bits)?],
        )
        .map_err(|_| Failed)?;
        Ok(Self(key))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failed> {
        Pkcs1v15Sign::new::<Sha256>()
            .sign(Some(&mut SysRng), &self.0, &Sha256::digest(message))
            .map_err(|_| Failed)
    }

    pub(crate) fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>, Failed> {
        Oaep::<Sha1>::new()
            .decrypt(Some(&mut SysRng), &self.0, ciphertext)
            .map_err(|_| Failed)
    }
}

pub(crate) struct PublicKey(RsaPublicKey);

impl PublicKey {
    pub(crate) fn new(numbers: PublicNumbers<'_>) -> Result<Self, Failed> {
        let modulus = uint(numbers.modulus, bit_length(numbers.modulus))?;
        RsaPublicKey::new(modulus, exponent(numbers)?)
            .map(Self)
            .map_err(|_| Failed)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Failed> {
        Pkcs1v15Sign::new::<Sha256>()
            .verify(&self.0, &Sha256::digest(message), signature)
            .map_err(|_| Failed)
    }

    pub(crate) fn encrypt(&self, plain: &[u8]) -> Result<Vec<u8>, Failed> {
        Oaep::<Sha1>::new()
            .encrypt(&mut SysRng, &self.0, plain)
            .map_err(|_| Failed)
    }
}

fn uint(number: &[u8], bits: usize) -> Result<BoxedUint, Failed> {
    let bits = u32::try_from(bits).map_err(|_| Failed)?;
    BoxedUint::from_be_slice(number, bits).map_err(|_| Failed)
}

fn exponent(numbers: PublicNumbers<'_>) -> Result<BoxedUint, Failed> {
    uint(numbers.exponent, numbers.exponent.len() * 8)
}

pub(crate) struct Gcm(Aes256Gcm);

impl Gcm {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    pub(crate) fn open(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        self.0
            .decrypt_in_place(&nonce.into(), aad, buffer)
            .map_err(|_| Failed)
    }

    pub(crate) fn seal(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        self.0
            .encrypt_in_place(&nonce.into(), aad, buffer)
            .map_err(|_| Failed)
    }
}

pub(crate) struct Ecb(Aes256);

impl Ecb {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Aes256::new(key.into()))
    }

    pub(crate) fn decrypt(&self, buffer: &mut [u8]) -> Result<(), Failed> {
        let (blocks, rest) = Array::slice_as_chunks_mut(buffer);
        if !rest.is_empty() {
            return Err(Failed);
        }
        self.0.decrypt_blocks(blocks);
        Ok(())
    }

    pub(crate) fn encrypt(&self, buffer: &mut [u8]) -> Result<(), Failed> {
        let (blocks, rest) = Array::slice_as_chunks_mut(buffer);
        if !rest.is_empty() {
            return Err(Failed);
        }
        self.0.encrypt_blocks(blocks);
        Ok(())
    }
}
