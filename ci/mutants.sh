#!/usr/bin/env bash
# Runs mutation tests of both libraries: finds changes of the code that no test detects.
#
#     bash ci/mutants.sh                       # all files: one to two hours on two cores
#     bash ci/mutants.sh -f src/transfer.rs    # with options of cargo-mutants, here for one file
#
# Needs cargo-mutants (`cargo install cargo-mutants --locked`). The results are in
# target/mutants/PACKAGE/mutants.out. VERIFICATION.md lists the known surviving mutants with reasons.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/target/mutants

# Works on a copy of the sources. Its workspace has only the two libraries, and its test profile has
# no debug information, which shortens each build.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z -- ':!fuzz' | xargs -0 cp --parents -t "$copy"
cd "$copy"
sed -i 's/^members = .*/members = ["zx-debug-memory"]/' Cargo.toml
printf '\n[profile.mutants]\ninherits = "test"\ndebug = "none"\n' >>Cargo.toml

# Tests that start an example are left out: they are slow, and other tests cover the same code.
process_memory=(--lib)
for test in linux conformance conformance_bad_handles own_memory status log debugging_syscalls selected_kernel faults; do
    process_memory+=(--test "$test")
done
mutants() {
    local package=$1
    shift
    mkdir -p "$out/$package"
    local status=0
    cargo mutants --package "$package" --output "$out/$package" --profile mutants \
        --timeout 240 --no-shuffle "$@" || status=$?
    # Statuses 2 (mutants survived) and 3 (tests timed out) are results, not errors.
    case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac
}
# The other backends are not compiled on Linux.
mutants zx-process-memory --exclude 'src/backend/fuchsia/**' --exclude 'src/backend/unsupported/**' "$@" -- "${process_memory[@]}"
mutants zx-debug-memory --features gdbstub "$@" -- --lib --test debugger
