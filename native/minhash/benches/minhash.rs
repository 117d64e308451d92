//! Signatures and band keys of 10,000 generated documents.

#[path = "../tests/common/plain.rs"]
mod plain;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mithril_dedup::{Hasher, Parameters};
use std::hint::black_box;

const DOCUMENTS: u64 = 10_000;
const VOCABULARY: f64 = 50_000.0;

/// Documents of 20 to 59 words: word ranks log-uniform over a vocabulary (Zipf's law with exponent
/// 1), 2 to 9 letters, one in 32 with é, commas and full stops, capitals behind full stops. Seed 42.
fn documents() -> Vec<String> {
    let mut state = 42u64;
    let mut next = move || {
        // Knuth's MMIX generator; the high bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut document = || {
        let mut text = String::new();
        for _ in 0..20 + next() % 40 {
            #[expect(clippy::cast_precision_loss, reason = "31 bits")]
            let share = next() as f64 / f64::from(1u32 << 31);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rank"
            )]
            let mut rank = VOCABULARY.powf(share) as u64;
            let is_start = text.is_empty() || text.ends_with(". ");
            for letter in 0..2 + rank.wrapping_mul(0x9E37_79B9) % 8 {
                rank = rank.wrapping_mul(25_214_903_917).wrapping_add(11 + letter);
                let letter = char::from(b'a' + u8::try_from((rank >> 20) % 26).expect("below 26"));
                text.push(if is_start && text.ends_with([' ']) || text.is_empty() {
                    letter.to_ascii_uppercase()
                } else {
                    letter
                });
            }
            text.push_str(match next() % 32 {
                0 => "é ",
                1..=3 => ", ",
                4..=5 => ". ",
                _ => " ",
            });
        }
        text
    };
    (0..DOCUMENTS).map(|_| document()).collect()
}

fn minhash(criterion: &mut Criterion) {
    let documents = documents();
    let mut hasher = Hasher::new(&Parameters::default()).expect("the defaults are sound");
    for document in &documents {
        assert!(
            plain::is_right(&mut hasher, document),
            "wrong signature of {document:?}"
        );
    }
    let (mut signature, mut keys) = ([0; 128], [0; 20]);
    let mut group = criterion.benchmark_group("dedup/minhash");
    group.throughput(Throughput::Elements(DOCUMENTS));
    group.bench_function("10K_docs", |bencher| {
        bencher.iter(|| {
            for document in &documents {
                black_box(hasher.hash(document, &mut signature, &mut keys));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, minhash);
criterion_main!(benches);
