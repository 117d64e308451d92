#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mithril_fuzz::containers::check(data));
