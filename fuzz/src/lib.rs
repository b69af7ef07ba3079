//! What the fuzzers execute.
//!
//! In: any bytes. Out: nothing; a panic is a finding. Invariant: equal bytes do the same every
//! time. The targets in `fuzz_targets/` are one line each, and `tests/fuzz_corpus.rs` of the
//! compiler runs the corpus through `checks` without a fuzzer. Not here: limits of time and memory,
//! which `run.sh` gives to the fuzzer.

pub mod checks;
pub mod grammar;
