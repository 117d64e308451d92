use proptest::prelude::*;

use super::*;
use crate::run::scratch::Scratch;

/// Much less than the records below need, so that parts are made, and merged before the end.
const LITTLE: u64 = 1;

fn all<T: Record>(table: &Table<T>) -> Vec<T> {
    let mut reader = table.reader().expect("opens");
    std::iter::from_fn(|| reader.next().expect("reads")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn records_come_in_order_each_once_whatever_the_memory(
        seeds in prop::collection::vec(0_u32..40_000, 0..6_000),
        repeats in 1_usize..20,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::open(folder.path()).expect("opens");
        let mut expected = seeds.clone();
        expected.sort_unstable();
        expected.dedup();
        for bytes in [LITTLE, 1 << 20] {
            let mut sorter = Sorter::new(&scratch, "numbers", bytes);
            for at in 0..repeats {
                let offset = u32::try_from(at).expect("few");
                let of_round = seeds.iter().map(|it| (u64::from(*it), offset));
                sorter.extend(of_round).expect("sorts");
            }
            let table = sorter.finish().expect("merges");
            let found = all(&table);
            prop_assert_eq!(found.len(), expected.len() * repeats);
            prop_assert!(found.is_sorted());
            prop_assert_eq!(table.len(), found.len() as u64);
            let middle = expected.get(expected.len() / 2).copied().unwrap_or(0);
            let mut rest = table.reader_after(|it| it.0 < u64::from(middle)).expect("reads");
            let first = rest.next().expect("reads");
            prop_assert_eq!(first.map(|it| it.0), expected.get(expected.len() / 2).map(|it| u64::from(*it)));
        }
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        prop_assert_eq!(left, 1, "only the lock is left");
    }
}

#[test]
fn a_kept_table_is_found_by_its_job_and_refused_when_it_was_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let scratch = Scratch::open(folder.path()).expect("opens");
    let path = scratch.path("pairs.table");
    for bytes in [LITTLE, 1 << 20] {
        let mut sorter = Sorter::new(&scratch, "pairs", bytes);
        sorter
            .extend((0..3_000_u32).map(|it| (it, it * 2)))
            .expect("sorts");
        let mut table = sorter.finish().expect("merges");
        table.keep(&path, 7, 99).expect("writes");
        let expected = all(&table);
        drop(table);
        let (found, number) = Table::<(u32, u32)>::kept(&path, 7).expect("whole");
        assert_eq!((all(&found), number), (expected, 99));
        assert!(Table::<(u32, u32)>::kept(&path, 8).is_none(), "another job");
        assert!(
            Table::<(u32, u64)>::kept(&path, 7).is_none(),
            "other records"
        );
        let bytes = std::fs::read(&path).expect("reads");
        for at in (0..bytes.len()).step_by(997) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).expect("writes");
            assert!(
                Table::<(u32, u32)>::kept(&path, 7).is_none(),
                "changed at {at}"
            );
            std::fs::write(&path, &bytes[..at]).expect("writes");
            assert!(Table::<(u32, u32)>::kept(&path, 7).is_none(), "cut at {at}");
        }
    }
}
