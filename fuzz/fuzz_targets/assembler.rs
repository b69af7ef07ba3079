//! Bytes of the fuzzer to `checks::assembler`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pycoc_fuzz::checks::assembler(bytes));
