//! Damage to any file of an index is seen, and harms nobody.

use super::*;

/// Every file of an index, damaged in every way that `damage` says: an error or an answer.
fn damage_all(damage: impl Fn(&mut Vec<u8>, usize) -> bool, step: usize) {
    let (_folder, path) = built(0..30);
    let mut writer = Writer::open(&path).expect("opens");
    writer.remove(&["3".to_owned()].into()).expect("removes");
    writer.commit().expect("commits");
    drop(writer);
    for entry in fs::read_dir(&path).expect("a folder") {
        let file = entry.expect("an entry").path();
        let whole = fs::read(&file).expect("a file");
        for at in (0..whole.len()).step_by(if whole.len() > 1000 { step } else { 1 }) {
            let mut bytes = whole.clone();
            if !damage(&mut bytes, at) {
                continue;
            }
            fs::write(&file, &bytes).expect("writes");
            if let Ok(index) = Index::open(&path) {
                let is_whole = index.check().is_ok();
                assert!(!is_whole, "{}: damage at {at} is not seen", file.display());
                let mut querier = index.querier().expect("sound");
                for row in 0..30 {
                    let _ = querier.query(&index, &text(row), limits(100));
                }
            }
            let _ = Writer::open(&path).and_then(|mut writer| {
                writer.remove(&["5".to_owned()].into())?;
                writer.merge_all()
            });
        }
        fs::write(&file, &whole).expect("writes");
    }
    assert_eq!(
        found(&Index::open(&path).expect("opens"), &text(5)).len(),
        9
    );
}

#[test]
fn a_flipped_bit_is_seen_by_the_check_and_harms_nobody() {
    damage_all(
        |bytes, at| {
            bytes[at] ^= 1 << (at % 8);
            true
        },
        61,
    );
}

#[test]
fn a_file_that_ends_early_is_refused() {
    damage_all(
        |bytes, at| {
            bytes.truncate(at);
            true
        },
        997,
    );
}
