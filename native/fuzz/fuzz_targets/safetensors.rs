#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mithril_fuzz::safetensors_header::check(data));
