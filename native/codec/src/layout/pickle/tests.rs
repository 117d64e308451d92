use super::*;

/// A pickle of protocol 2 with these opcodes between its frame and its end.
fn pickle(ops: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x02", ops.concat().as_slice(), b"."].concat()
}

fn names(bytes: &[u8]) -> Vec<String> {
    let found = read(bytes);
    found.tensors.into_iter().map(|(name, _)| name).collect()
}

const STORAGE: &[u8] =
    b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ";

/// A tensor of 4 elements of storage 0.
fn tensor() -> Vec<u8> {
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n(",
        STORAGE,
        b"K\0K\x04\x85K\x01\x85\x89N\x74R",
    ]
    .concat()
}

#[test]
fn names_follow_dicts_lists_and_numbers() {
    let inner = [b"}K\x07".as_slice(), &tensor(), b"s"].concat();
    let list = [b"](".as_slice(), &inner, &tensor(), b"e"].concat();
    let bytes = pickle(&[b"}(X\x03\0\0\0opt", &list, b"X\x01\0\0\0w", &tensor(), b"u"]);
    assert_eq!(names(&bytes), ["opt.0.7", "opt.1", "w"]);
    assert_eq!(read(&bytes).end, End::Complete(bytes.len()));
}

#[test]
fn a_tensor_saved_by_itself_and_a_parameter_have_a_name() {
    assert_eq!(names(&pickle(&[&tensor()])), ["tensor"]);
    let parameter = [
        b"ctorch._utils\n_rebuild_parameter\n(".as_slice(),
        &tensor(),
        b"\x88NtR",
    ];
    assert_eq!(names(&pickle(&parameter)), ["tensor"]);
}

#[test]
fn typed_tensors_say_the_type_of_untyped_storages() {
    let storage =
        b"(X\x07\0\0\0storagectorch.storage\nUntypedStorage\nX\x01\0\0\x005X\x03\0\0\0cpuK\x10tQ";
    let bytes = pickle(&[
        b"ctorch._utils\n_rebuild_tensor_v3\n(",
        storage,
        b"K\0K\x10\x85K\x01\x85\x89Nctorch\nfloat8_e4m3fn\ntR",
    ]);
    let found = read(&bytes);
    let storage = &found.storages[b"5".as_slice()];
    assert_eq!(
        (storage.dtype, storage.bytes),
        (Dtype::named("F8_E4M3"), Some(16))
    );
}

#[test]
fn the_state_of_an_unknown_object_is_looked_into() {
    let state = [b"}X\x06\0\0\0weight".as_slice(), &tensor(), b"s"].concat();
    let bytes = pickle(&[b"cmy.module\nNet\n)\x81", &state, b"b"]);
    assert_eq!(names(&bytes), ["weight"]);
}

#[test]
fn code_in_a_pickle_is_taken_for_an_object() {
    let bytes = pickle(&[b"cos\nsystem\nX\x09\0\0\0touch /tm\x85R"]);
    let found = read(&bytes);
    assert_eq!(
        (found.end, found.tensors.len()),
        (End::Complete(bytes.len()), 0)
    );
}

#[test]
fn every_truncation_ends_short_or_broken() {
    let bytes = pickle(&[b"}(X\x01\0\0\0w", &tensor(), b"u"]);
    for end in 0..bytes.len() {
        assert_ne!(read(&bytes[..end]).end, End::Complete(end), "{end}");
    }
}

#[test]
fn lists_in_themselves_and_in_each_other_end() {
    // A list that holds itself; then 40 lists, each holding the one before twice.
    assert_eq!(names(&pickle(&[b"]q\0h\0a"])), [""; 0]);
    let mut ops = [b"]q\0".as_slice(), &tensor(), b"a"].concat();
    for place in 1..40u8 {
        ops.extend_from_slice(&[
            b']',
            b'q',
            place,
            b'(',
            b'h',
            place - 1,
            b'h',
            place - 1,
            b'e',
        ]);
    }
    assert!(names(&pickle(&[&ops])).len() <= 1);
}

#[test]
fn a_pickle_without_end_stops_at_the_bound() {
    let nones = vec![b'N'; PUSHES_MAX + 10];
    assert_eq!(read(&pickle(&[&nones])).end, End::Broken);
    let marks = vec![b'('; PUSHES_MAX + 10];
    assert_eq!(read(&pickle(&[&marks])).end, End::Broken);
    // A dict that becomes its own state doubles each time.
    let doubling = b"q\0h\0b".repeat(100);
    let bytes = pickle(&[b"}K\x01K\x01s", &doubling]);
    assert_eq!(read(&bytes).end, End::Broken);
}

proptest::proptest! {
    #[test]
    fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        // Opcodes only: more of them make sense.
        let opcodes = b"(.0122NKGX}]()tedlsuabRQcop\x81\x85\x86\x93\x94";
        let likely: Vec<u8> = bytes.iter().map(|&byte| opcodes[byte as usize % opcodes.len()]).collect();
        let _ = read(&likely);
    }
}
