//! An encrypted file opened piece by piece, beside the one-shot `aes-gcm` on the whole of it.
//!
//! `cargo bench -p wxpay-sign --features file --bench file`

use std::hint::black_box;

use aes_gcm::aead::{AeadInOut as _, KeyInit as _, consts::U16};
use aes_gcm::{AesGcm, aes::Aes256};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wxpay_sign::FileKey;

const KEY: [u8; 32] = *b"0123456789ABCDEF0123456789abcdef";
const NONCE: [u8; 16] = *b"a8607ef79034c49c";
const LENGTH: usize = 8 << 20;

fn files(criterion: &mut Criterion) {
    let key = FileKey::new(KEY).expect("32 bytes");
    let mut file: Vec<u8> = (0..LENGTH).map(|n| (n % 251) as u8).collect();
    key.seal(&NONCE, &mut file).expect("short enough");

    let mut group = criterion.benchmark_group("file");
    group
        .throughput(Throughput::Bytes(LENGTH as u64))
        .sample_size(20);
    for size in [16 << 10, 64 << 10, LENGTH + 16] {
        group.bench_function(format!("pieces of {size}"), |bencher| {
            bencher.iter_batched_ref(
                || file.clone(),
                |file| {
                    let mut opener = key.opener(&NONCE).expect("a nonce");
                    for piece in file.chunks_mut(size) {
                        black_box(opener.update(piece).expect("short enough"));
                    }
                    opener.finish().expect("the tag is right");
                },
                BatchSize::LargeInput,
            );
        });
    }
    let whole = AesGcm::<Aes256, U16>::new(&KEY.into());
    group.bench_function("aes-gcm, whole", |bencher| {
        bencher.iter_batched_ref(
            || file.clone(),
            |file| {
                whole
                    .decrypt_in_place(&NONCE.into(), b"", file)
                    .expect("the tag is right");
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, files);
criterion_main!(benches);
