//! Bytes of the fuzzer to `checks::tokens`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pycoc_fuzz::checks::tokens(bytes));
