//! AES-256-GCM over a text that comes in pieces, with a nonce of any length and no associated data (NIST
//! SP 800-38D).
//!
//! In pure Rust whichever backend is compiled in: AWS-LC gives GCM out only whole, and with a nonce of 12
//! bytes. `aes` and `ghash` find out by themselves whether the processor has instructions for them.

use aes::Aes256Enc;
use aes::cipher::{
    Array, BlockCipherEncrypt as _, InnerIvInit as _, KeyInit as _, StreamCipher as _,
    StreamCipherCoreWrapper,
};
use ctr::{CtrCore, flavors::Ctr32BE};
use ghash::GHash;
use ghash::universal_hash::UniversalHash as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::Failed;

const BLOCK: usize = 16;

/// How much is hashed and decrypted in one go: both passes find it in the processor's first cache.
const STEP: usize = 8 * 1024;

/// The counter, whose last 32 bits wrap by themselves.
type Counter = StreamCipherCoreWrapper<CtrCore<Aes256Enc, Ctr32BE>>;

/// A key, its schedule made and its hash key computed. Wiped when dropped, by the libraries that hold it.
pub(crate) struct StreamKey {
    aes: Aes256Enc,
    ghash: GHash,
}

impl StreamKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let aes = Aes256Enc::new(key.into());
        let mut hash_key = Array::default();
        aes.encrypt_block(&mut hash_key);
        let ghash = GHash::new(&hash_key);
        hash_key.zeroize();
        Self { aes, ghash }
    }

    /// The first counter block of a nonce (NIST SP 800-38D, 7.1, step 2). An empty one has none.
    fn first_block(&self, nonce: &[u8]) -> Result<ghash::Block, Failed> {
        let mut block = ghash::Block::default();
        if nonce.is_empty() {
            return Err(Failed);
        }
        if nonce.len() == 12 {
            block[..12].copy_from_slice(nonce);
            block[15] = 1;
            return Ok(block);
        }
        let bits = u64::try_from(nonce.len())
            .ok()
            .and_then(|bytes| bytes.checked_mul(8))
            .ok_or(Failed)?;
        block[8..].copy_from_slice(&bits.to_be_bytes());
        let mut ghash = self.ghash.clone();
        ghash.update_padded(nonce);
        ghash.update(&[block]);
        Ok(ghash.finalize())
    }

    pub(crate) fn stream(&self, nonce: &[u8]) -> Result<GcmStream, Failed> {
        let first = self.first_block(nonce)?;
        let core = CtrCore::inner_iv_init(self.aes.clone(), &first);
        let mut counter = Counter::from_core(core);
        let mut mask = Zeroizing::new([0; BLOCK]);
        counter.apply_keystream(&mut *mask);
        Ok(GcmStream {
            counter,
            ghash: self.ghash.clone(),
            mask,
            partial: [0; BLOCK],
            length: 0,
        })
    }
}

/// One text on its way.
pub(crate) struct GcmStream {
    counter: Counter,
    ghash: GHash,
    /// The first block of the key stream, which the tag is masked with.
    mask: Zeroizing<[u8; BLOCK]>,
    /// The ciphertext after the last whole block: `length % BLOCK` bytes of it.
    partial: [u8; BLOCK],
    /// How much text there was so far, in bytes.
    length: u64,
}

impl GcmStream {
    pub(crate) const TAG: usize = BLOCK;

    /// The longest text in bytes (NIST SP 800-38D, 5.2.1.1: 2^39 - 256 bits).
    pub(crate) const LIMIT: u64 = (1 << 36) - 32;

    /// Decrypts the next piece in place. Too long a text is left as it was.
    pub(crate) fn decrypt(&mut self, piece: &mut [u8]) -> Result<(), Failed> {
        self.check(piece)?;
        for step in piece.chunks_mut(STEP) {
            self.hash(step);
            self.counter.apply_keystream(step);
        }
        Ok(())
    }

    /// Encrypts the next piece in place. Too long a text is left as it was.
    pub(crate) fn encrypt(&mut self, piece: &mut [u8]) -> Result<(), Failed> {
        self.check(piece)?;
        for step in piece.chunks_mut(STEP) {
            self.counter.apply_keystream(step);
            self.hash(step);
        }
        Ok(())
    }

    fn check(&self, piece: &[u8]) -> Result<(), Failed> {
        let length = u64::try_from(piece.len())
            .ok()
            .and_then(|more| self.length.checked_add(more));
        match length {
            Some(length) if length <= Self::LIMIT => Ok(()),
            _ => Err(Failed),
        }
    }

    /// Hashes ciphertext, block by block.
    fn hash(&mut self, mut bytes: &[u8]) {
        let filled = self.filled();
        self.length += bytes.len() as u64;
        if filled > 0 {
            let (more, rest) = bytes.split_at(bytes.len().min(BLOCK - filled));
            self.partial[filled..filled + more.len()].copy_from_slice(more);
            if filled + more.len() < BLOCK {
                return;
            }
            self.ghash.update(&[self.partial.into()]);
            bytes = rest;
        }
        let (blocks, rest) = ghash::Block::slice_as_chunks(bytes);
        self.ghash.update(blocks);
        self.partial[..rest.len()].copy_from_slice(rest);
    }

    /// How much of `partial` is waiting to be hashed.
    const fn filled(&self) -> usize {
        (self.length % BLOCK as u64) as usize
    }

    /// The tag of all there was.
    pub(crate) fn tag(mut self) -> [u8; Self::TAG] {
        let filled = self.filled();
        self.ghash.update_padded(&self.partial[..filled]);
        let mut lengths = ghash::Block::default();
        // The limit keeps it below 2^39.
        lengths[8..].copy_from_slice(&(self.length * 8).to_be_bytes());
        self.ghash.update(&[lengths]);
        let mut tag: [u8; Self::TAG] = self.ghash.finalize().into();
        for (byte, mask) in tag.iter_mut().zip(self.mask.iter()) {
            *byte ^= mask;
        }
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit is 64 GiB, so the length is set instead of reached.
    #[test]
    fn a_text_may_be_as_long_as_the_counter_permits_and_no_longer() {
        let key = StreamKey::new(&[7; 32]);
        let Ok(mut stream) = key.stream(b"0123456789abcdef") else {
            panic!("a nonce of 16 bytes");
        };
        stream.length = GcmStream::LIMIT - 16;
        let mut piece = [1; 16];
        assert!(stream.decrypt(&mut piece).is_ok());
        assert_eq!(stream.length, GcmStream::LIMIT);
        let after = piece;
        assert!(stream.decrypt(&mut piece[..1]).is_err());
        assert!(stream.encrypt(&mut piece[..1]).is_err());
        assert_eq!(piece, after, "what is refused is not touched");
        assert!(stream.decrypt(&mut []).is_ok());
    }
}
