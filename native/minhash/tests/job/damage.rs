//! Damaged inputs and damaged work of earlier stages are told, never taken.

use mithril_dedup::ErrorKind;
use mithril_dedup::job::{self};
use serde_json::json;

use crate::machines::{COARSE, Machines, Objects, files_of_tasks, job_of, spec_of};
use crate::workplace::{documents, joined};

#[test]
fn a_cut_compressed_input_is_damage() {
    let packed = zstd::encode_all(&joined(&documents(2, 500))[..], 1).expect("compresses");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &joined(&documents(2, 500))).expect("takes all");
    let gzip = gzip.finish().expect("takes all");
    for (name, bytes) in [("a.jsonl.zst", packed), ("a.jsonl.gz", gzip)] {
        for length in [bytes.len() / 2, bytes.len() - 1] {
            let inputs = vec![(name, bytes[..length].to_vec())];
            let error = job_of(&inputs, COARSE, &json!({}))
                .err()
                .expect("it is cut");
            assert_eq!(error.kind(), ErrorKind::Corruption, "{error}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn a_changed_byte_of_a_spill_is_found_by_whoever_reads_it() {
    let inputs = vec![("a.jsonl", joined(&documents(3, 30)))];
    let spec = spec_of(&inputs, COARSE, &json!({}));
    let machines = Machines {
        spec: &spec,
        inputs: &inputs,
        files_of_tasks: files_of_tasks(&inputs, COARSE),
        division: COARSE,
    };
    let spill = machines.hash().expect("hashes").remove(0);
    let objects = Objects::of([&spill]);
    job::gather(&objects, &spec, 1 << 30).expect("gathers");
    let index = objects.output(0);
    for at in (0..spill.len()).step_by(13) {
        let mut changed = spill.clone();
        changed[at] ^= 1;
        let is_whole = {
            let gathered = job::gather(&Objects::of([&changed]), &spec, 1 << 30).is_ok();
            let bucketed = job::bucket(&Objects::of([&index, &changed]), &spec, (0, 20)).is_ok();
            let decisions = Vec::new();
            let sources = [&inputs[0].1, &index, &changed];
            let filtered = job::filter(&Objects::of(sources), &spec, 0, decisions.len()).is_ok();
            let _: Vec<u8> = decisions;
            gathered && bucketed && filtered
        };
        assert!(!is_whole, "changed at {at}");
    }
}

#[test]
fn a_request_that_is_none_is_refused() {
    let refused = |request: &str| {
        let error = job::call(&Objects::default(), request).expect_err("no request");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{request}");
    };
    refused("");
    refused("{}");
    refused(r#"{"spec":{},"call":{"stage":"hash","task":0}}"#);
}
