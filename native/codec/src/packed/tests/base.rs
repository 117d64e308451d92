//! Against a base: plain or packed, wrong, in chains, and equal.

use super::*;

#[test]
fn a_delta_needs_its_base_and_takes_it_plain_or_packed() {
    let old = floats(1, 60_000);
    let mut new = old.clone();
    new[1000..1004].copy_from_slice(&[1, 2, 3, 4]);
    let (old, new) = (
        safetensors(&[("w", "F32", &old)]),
        safetensors(&[("w", "F32", &new)]),
    );
    let (base, _) = pack(&old, None, &options(64_000));
    let (from_plain, plain) = pack(&new, Some((&old, &[])), &options(50_000));
    let (from_packed, packed) = pack(&new, Some((&base, &[])), &options(50_000));
    assert!(plain.has_base && packed.has_base);
    assert!(from_plain.len() < new.len() / 20, "{}", from_plain.len());
    for delta in [&from_plain, &from_packed] {
        for given in [&old, &base] {
            assert_eq!(unpack(delta, &[given]).unwrap(), new);
        }
        assert_eq!(
            unpack(delta, &[]).unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
    }
    let sha256 = Packed::open(boxed(&base), 1).unwrap().manifest_sha256();
    let reference = |delta| {
        Packed::open(boxed(delta), 1)
            .unwrap()
            .manifest()
            .base
            .unwrap()
    };
    assert_eq!(reference(&from_packed).manifest, Some(sha256));
    assert_eq!(reference(&from_plain).manifest, None);
}

#[test]
fn a_wrong_base_is_named_as_such() {
    let old = floats(1, 30_000);
    let mut new = old.clone();
    new[5] ^= 1;
    let (delta, _) = pack(&new, Some((&old, &[])), &options(1 << 20));
    let decompress_with = |base: Vec<u8>| {
        let mut packed = Packed::open(boxed(&delta), 1).unwrap();
        let mut resolver = |_: &BaseReference| Ok(boxed(&base));
        packed.open_bases(&mut resolver)?;
        packed.decompress(&mut std::io::sink(), &mut go_on)
    };
    let mut changed = old.clone();
    changed[77] ^= 1;
    let error = decompress_with(changed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert!(
        error
            .to_string()
            .contains("the base is another file or was changed"),
        "{error}"
    );
    let error = decompress_with(old[1..].to_vec()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("its size: expected 120000, found 119999"),
        "{error}"
    );
    // With the right base, damage is damage.
    decompress_with(old).unwrap();
}

#[test]
fn a_chain_is_read_through_and_ends_in_a_keyframe() {
    let mut steps = vec![floats(9, 20_000)];
    let mut files: Vec<Vec<u8>> = vec![pack(&steps[0], None, &options(30_000)).0];
    for step in 1..=10usize {
        let mut next = steps[step - 1].clone();
        next[step * 100] ^= 0x55;
        let chain: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let previous = chain[step - 1];
        let (packed, summary) = pack(&next, Some((previous, &chain)), &options(30_000));
        let depth = Packed::open(boxed(&packed), 1).unwrap().manifest().depth();
        let expected = u32::try_from(step).unwrap() % (DEPTH_MAX + 1);
        assert_eq!(depth, expected, "step {step}");
        assert_eq!(summary.has_base, expected > 0);
        steps.push(next);
        files.push(packed);
    }
    let all: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    for (file, step) in files.iter().zip(&steps) {
        assert_eq!(&unpack(file, &all).unwrap(), step);
    }
}

#[test]
fn a_checkpoint_that_equals_its_base_is_not_taken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let old = floats(11, 5000);
    let mut new = old.clone();
    new[3] ^= 1;
    let base = pack(&old, None, &options(1 << 20)).0;
    let same = pack(&old, Some((&base, &[])), &options(1 << 20)).0;
    let delta = pack(&new, Some((&base, &[])), &options(1 << 20)).0;
    for (name, file) in [("0-same", &same), ("1-base", &base), ("2-delta", &delta)] {
        std::fs::write(folder.path().join(name).with_extension("mith"), file).unwrap();
    }
    let restored = |file: &str, listed: &[&str]| {
        let path = folder.path().join(file);
        let listed = listed.iter().map(|name| folder.path().join(name)).collect();
        let files = BaseFiles::beside(&path, listed);
        let mut packed = Packed::open(open_file(&path)?, 1)?;
        packed.open_bases(&mut |wanted| files.resolve(wanted))?;
        let mut out = Vec::new();
        packed.decompress(&mut out, &mut go_on).map(|_| out)
    };
    assert_eq!(restored("0-same.mith", &[]).unwrap(), old);
    assert_eq!(restored("2-delta.mith", &[]).unwrap(), new);
    assert_eq!(restored("2-delta.mith", &["0-same.mith"]).unwrap(), new);
    std::fs::remove_file(folder.path().join("1-base.mith")).unwrap();
    assert_eq!(
        restored("2-delta.mith", &[]).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    std::fs::write(folder.path().join("plain"), &old).unwrap();
    assert_eq!(restored("2-delta.mith", &["plain"]).unwrap(), new);
}
