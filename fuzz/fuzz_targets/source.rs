//! Bytes of the fuzzer to `checks::source`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pycoc_fuzz::checks::source(bytes));
