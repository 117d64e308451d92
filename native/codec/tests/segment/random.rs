//! Regions and bytes of any kind.

use crate::case::{Case, Random};
use mithril_checkpoint::layout::{ElementKind, Region};
use mithril_checkpoint::segment::SegmentIndex;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_in_any_regions_come_back(
        seed in any::<u64>(),
        lengths in prop::collection::vec((1_u64..3000, 0_u8..8, any::<bool>()), 1..12),
        raw_offset in 0_u64..10_000,
    ) {
        let mut random = Random(seed);
        let mut at = raw_offset;
        let mut regions = Vec::new();
        for (length, kind, based) in lengths {
            let kind = ElementKind::from_u8(kind).unwrap();
            let base_offset = based.then(|| random.below(20_000));
            regions.push(Region { offset: at, length, kind, base_offset });
            at += length;
        }
        let base = random.halves(30_000);
        let mut raw = Vec::new();
        for region in &regions {
            let length = region.length as usize;
            match region.base_offset {
                Some(from) if random.below(2) == 0 => {
                    raw.extend_from_slice(&base[from as usize..from as usize + length]);
                }
                _ if random.below(2) == 0 => raw.extend(random.weights(length).drain(..length)),
                _ => raw.extend(random.bytes(length)),
            }
        }
        for _ in 0..random.below(30) {
            let at = random.below(raw.len() as u64) as usize;
            raw[at] ^= 1;
        }
        let case = Case { raw, raw_offset, regions, base };
        case.round_trip();
    }

    #[test]
    fn any_index_is_an_error_or_bounded(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let total = bytes.len() as u64;
        let _ = SegmentIndex::read_from(&bytes, total);
        if let Some(magic) = bytes.last_chunk_mut::<8>() {
            *magic = *b"MITHSEG1";
            prop_assert!(SegmentIndex::read_from(&bytes, total).is_err());
        }
    }
}
