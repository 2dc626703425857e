#!/usr/bin/env bash
# Runs the fuzz targets: replays the stored inputs, then searches for new ones for a few seconds.
#
#     bash ci/fuzz.sh                         # 10 seconds for each target
#     bash ci/fuzz.sh 60 maps                 # 60 seconds for the target `maps`
#     bash ci/fuzz.sh minimize [TARGET...]    # reduce fuzz/corpus to 50 inputs for each target
#
# Needs Rust on 64-bit Linux, and a C++ compiler for libFuzzer (on Debian it is installed if it is
# missing). Uses AddressSanitizer if the toolchain has its runtime. cargo-fuzz is not needed: the
# flags below are the ones that it passes to the compiler.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../fuzz"

mode=${1:-10}
targets=("${@:2}")
if ((${#targets[@]} == 0)); then
    targets=(handle_table breakpoints maps modules zbi bootfs)
fi
if [[ $mode != minimize && ! $mode =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: bash ci/fuzz.sh [SECONDS|minimize [TARGET...]]" >&2
    exit 2
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
    # -Z flags are for nightly compilers; with this variable a stable compiler accepts them.
    export RUSTC_BOOTSTRAP=1
    flags+=(-Zsanitizer=address)
else
    echo "this toolchain has no AddressSanitizer: running without it"
fi
# With an explicit --target, cargo does not apply the flags to build scripts and macros.
RUSTFLAGS="${flags[*]}" cargo build --release --locked --target "$host" --target-dir target/smoke

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

# Replays the stored inputs of $1, then fuzzes it for $mode seconds.
fuzz() {
    local target=$1 program=$2 inputs
    inputs=(corpus/"$target"/* regressions/"$target"/*)
    mkdir -p "$new/$target"
    # libFuzzer prints a lot. If it fails, the end of its output has the reason.
    if ! {
        "$program" "${limits[@]}" "${inputs[@]}" &&
            "$program" "${limits[@]}" -max_len=2048 -max_total_time="$mode" "$new/$target" "corpus/$target"
    } >"$new/log" 2>&1; then
        tail -n 60 "$new/log"
        echo "$target failed; the input is in fuzz/artifacts/$target"
        exit 1
    fi
    echo "${#inputs[@]} inputs replayed"
    grep -E '^Done [0-9]+ runs' "$new/log"
}

# Prints the number of inputs in corpus/$1, and libFuzzer's counts of edges (cov) and features (ft).
coverage() {
    local target=$1 program=$2 inputs
    inputs=(corpus/"$target"/*)
    "$program" "${limits[@]}" -runs=0 "corpus/$target" 2>&1 |
        sed -n "s/.*INITED *\(cov: [0-9]* ft: [0-9]*\).*/${#inputs[@]} inputs, \1/p"
}

# Reduces corpus/$1 to the 50 inputs that together cover the most.
minimize() {
    local target=$1 program=$2 name
    coverage "$target" "$program"
    mkdir -p "$new/$target" "$new/kept"
    if ! "$program" "${limits[@]}" -set_cover_merge=1 -merge_control_file="$new/control" \
        "$new/$target" "corpus/$target" >"$new/log" 2>&1; then
        tail -n 60 "$new/log"
        echo "the merge of corpus/$target failed"
        exit 1
    fi
    while read -r name; do
        mv "$name" "$new/kept"
    done < <(awk -v limit=50 -f select_inputs.awk "$new/control")
    rm -f "corpus/$target"/*
    mv "$new/kept"/* "corpus/$target"
    rm "$new/control"
    coverage "$target" "$program"
}

for target in "${targets[@]}"; do
    printf '\n--- %s\n' "$target"
    mkdir -p "artifacts/$target"
    limits=(-timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=64 "-artifact_prefix=artifacts/$target/")
    program=target/smoke/$host/release/$target
    if [ "$mode" = minimize ]; then
        minimize "$target" "$program"
    else
        fuzz "$target" "$program"
    fi
done
