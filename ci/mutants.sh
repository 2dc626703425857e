#!/usr/bin/env bash
# Mutation testing of both libraries: what can be changed in their code without a test noticing.
#
#     bash ci/mutants.sh                           # everything: an hour or two on two cores
#     bash ci/mutants.sh -f src/transfer.rs           # options of cargo-mutants, here for one file
#
# It wants `cargo install cargo-mutants --locked`. What it found stands in
# target/mutants/PACKAGE/mutants.out; what is known to survive, and why, in VERIFICATION.md.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/target/mutants

# A copy, whose workspace has the two libraries alone.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z -- ':!fuzz' | xargs -0 cp --parents -t "$copy"
cd "$copy"
sed -i 's/^members = .*/members = ["zx-debug-memory"]/' Cargo.toml
printf '\n[profile.mutants]\ninherits = "test"\ndebug = "none"\n' >>Cargo.toml

# Those that start an example are left out: they say little that others do not.
process_memory=(--lib)
for test in linux conformance conformance_bad_handles own_memory status log gate faults; do
    process_memory+=(--test "$test")
done
mutants() {
    local package=$1
    shift
    mkdir -p "$out/$package"
    local status=0
    cargo mutants --package "$package" --output "$out/$package" --profile mutants \
        --timeout 240 --no-shuffle "$@" || status=$?
    # 2 is "some were missed", 3 "some did not end": both are for the reader to judge.
    case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac
}
mutants zx-process-memory "$@" -- "${process_memory[@]}"
mutants zx-debug-memory --features gdbstub "$@" -- --lib --test debugger
