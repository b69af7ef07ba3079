#!/usr/bin/env bash
# Fuzzes each target for a while, from the corpus in the repository.
#
#   fuzz/run.sh [SECONDS [TARGET...]]     20 seconds each and all targets if nothing else is said
#
# Needs a nightly toolchain, cargo-fuzz and a C++ compiler. New inputs go to target/corpus/TARGET
# and are used again the next time; an input that fails is left in artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-20}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(source tokens library disk program assembler compile)

# The compiler runs on a thread with a large stack; here that is the main one.
ulimit -s 1000000 2>/dev/null || ulimit -s unlimited 2>/dev/null || true

# The compiler has no unsafe code, so address sanitizing would only make it slower.
cargo +nightly fuzz build --sanitizer none
host=$(rustc -vV | sed -n 's/^host: //p')
status=0
for target in "${targets[@]}"; do
    echo "--- $target, $seconds seconds"
    mkdir -p "target/corpus/$target" "artifacts/$target"
    dictionary=pyco.dict
    [ "$target" != assembler ] || dictionary=assembler.dict
    "target/$host/release/$target" \
        -max_total_time="$seconds" -timeout=30 -rss_limit_mb=1024 -max_len=4096 -print_final_stats=1 \
        -verbosity=0 -dict="$dictionary" -artifact_prefix="artifacts/$target/" \
        "target/corpus/$target" "corpus/$target" 2>&1 | grep -v '^Dictionary' || status=1
done
exit $status
