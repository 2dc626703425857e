#!/usr/bin/env bash
# A bounded smoke run of the fuzz targets: each replays its corpus and what once failed, then
# looks for new inputs for a few seconds. `ci/fuzz.sh 60 maps` is 60 seconds of one target.
#
# It builds what cargo-fuzz builds, without it: that takes a minute to install. A C++ compiler
# is needed for libFuzzer. AddressSanitizer is used where the toolchain has its runtime.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../fuzz"

seconds=${1:-10}
targets=("${@:2}")
if ((${#targets[@]} == 0)); then
    targets=(handle_table breakpoints maps zbi bootfs)
fi

if ! command -v c++ >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends g++ >/dev/null
fi

host=$(rustc -vV | sed -n 's/^host: //p')
flags=(
    --cfg fuzzing
    -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
)
if compgen -G "$(rustc --print target-libdir)/librustc*_rt.asan.a" >/dev/null; then
    # A flag of nightly compilers.
    export RUSTC_BOOTSTRAP=1
    flags+=(-Zsanitizer=address)
else
    echo "no AddressSanitizer in this toolchain: without"
fi
# Named even if it is the host, so that build scripts and macros are built without all that.
RUSTFLAGS="${flags[*]}" cargo build --release --locked --target "$host" --target-dir target/smoke

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
for target in "${targets[@]}"; do
    printf '\n--- %s\n' "$target"
    mkdir -p "$new/$target" "artifacts/$target"
    program=target/smoke/$host/release/$target
    limits=(-timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=64 "-artifact_prefix=artifacts/$target/")
    seeds=(corpus/"$target"/* regressions/"$target"/*)
    # What a run prints is long, and only its end is of use.
    if ! {
        "$program" "${limits[@]}" "${seeds[@]}" &&
            "$program" "${limits[@]}" -max_len=2048 -max_total_time="$seconds" "$new/$target" "corpus/$target"
    } >"$new/log" 2>&1; then
        tail -n 60 "$new/log"
        echo "$target failed; the input is in fuzz/artifacts/$target"
        exit 1
    fi
    echo "${#seeds[@]} inputs replayed"
    grep -E '^Done [0-9]+ runs' "$new/log"
done
