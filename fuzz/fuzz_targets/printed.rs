#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cargo_perfgate_fuzz::printed::run(data));
