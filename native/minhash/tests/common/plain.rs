//! Signatures and keys computed plainly from `text::words`: what the kernels are checked against.

use mithril_dedup::lsh::Banding;
use mithril_dedup::shingle::{Ngram, Shingler};
use mithril_dedup::sketch::Sketcher;
use mithril_dedup::text::words;
use mithril_dedup::{Hasher, Parameters};

/// Whether a hasher with the default parameters gives what follows from the words of a text, each
/// n-gram hashed as a text of its own.
pub(crate) fn is_right(hasher: &mut Hasher, text: &str) -> bool {
    let Ngram { n, .. } = Parameters::default().ngram;
    let mut shingler = Shingler::new(Ngram::default(), 0).expect("the default is sound");
    let (mut one, mut all) = (Vec::new(), Vec::new());
    let words = words(text);
    for run in words.windows(n.min(words.len()).max(1)) {
        shingler.shingles(&run.join(" "), &mut one);
        all.append(&mut one);
    }
    let mut expected = ([u32::MAX; 128], [0; 20]);
    for shingle in &all {
        // One at a time, which no vector loop over shingles can have wrong.
        let mut alone = [0; 128];
        Sketcher::new(128, 0)
            .expect("in range")
            .sketch(&[*shingle], &mut alone);
        for (least, value) in expected.0.iter_mut().zip(alone) {
            *least = (*least).min(value);
        }
    }
    Banding::default().keys(&expected.0, &mut expected.1);
    let mut found = ([0; 128], [0; 20]);
    hasher.hash(text, &mut found.0, &mut found.1) == all.len() && found == expected
}
