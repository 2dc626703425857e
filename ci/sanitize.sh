#!/usr/bin/env bash
# The tests of both libraries under sanitizers.
#
#     bash ci/sanitize.sh                # address and thread, as far as every landing can bear
#     bash ci/sanitize.sh memory         # reads of what nobody wrote
#     bash ci/sanitize.sh thread all     # all of `faults` too: minutes
#
# AddressSanitizer, with leaks, comes with rustup's toolchains. The others want std built with
# them (std's locks would be none to ThreadSanitizer): Debian's rustc-web, cargo-web and
# rust-web-src, with clang-22 and libclang-rt-22-dev for the runtime. Tests that start an
# example are left out: cargo would build the macros for the host with a sanitizer, and they
# would not load.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-both} in
    both) sanitizers=(address thread) ;;
    address | thread | memory) sanitizers=("$1") ;;
    *) echo "usage: sanitize [address|thread|memory [all]]" >&2 && exit 2 ;;
esac
all=${2:-}

export RUSTC_BOOTSTRAP=1 # for flags of nightly compilers
tests=(--lib)
for test in linux conformance conformance_bad_handles own_memory log gate status layout debugger; do
    tests+=(--test "$test")
done

run() {
    local folder=$PWD/target/$1 cargo=$2 target name
    shift 2
    target=$("$cargo" -vV | sed -n 's/^host: //p')
    set -- --target "$target" --target-dir "$folder" "$@"
    "$cargo" test "$@" --package zx-process-memory --package zx-debug-memory --all-features "${tests[@]}"

    # Of `faults` what is quick, or all but this: `flat` measures memory, of which a sanitized
    # program has more, and `without_procmap_query` runs what ran above.
    local wanted=(handles:: signals:: forks:: filtered:: old_kernels::without_pidfd old_kernels::without_waitid)
    [ -z "$all" ] || wanted=(under_way:: pids:: handles:: signals:: forks:: descriptors:: refused:: proc_mounts::
        filtered:: old_kernels::without_pidfd old_kernels::where_pidfd old_kernels::without_waitid)
    # Where AddressSanitizer has its own memory, a successor cannot have the place of the other.
    local skipped=()
    [ "$sanitizer" != address ] || skipped=(--skip is_not_written)
    faults() {
        # Leaks are looked for by system calls that some of these tests forbid.
        ASAN_OPTIONS=detect_leaks=0 "$cargo" test --quiet "${build[@]}" --package zx-process-memory --test faults -- "$@"
    }
    local build=("$@")
    for name in "${wanted[@]}"; do
        # A name that is none would pass.
        faults "$name" --list | grep ': test$' >/dev/null || { echo "no test of faults is named $name" >&2 && exit 1; }
        faults "$name" "${skipped[@]}"
    done
}

for sanitizer in "${sanitizers[@]}"; do
    printf '\n--- %s\n' "$sanitizer"
    case $sanitizer in
        address) RUSTFLAGS=-Zsanitizer=address run address "$(command -v cargo)" ;;
        *)
            # MemorySanitizer sees what libc's functions write, not what system calls do, which
            # rustix makes itself unless told otherwise.
            PATH=/usr/bin:$PATH \
                RUSTFLAGS="-Zsanitizer=$sanitizer -Zexternal-clangrt -Clinker=clang-22 -Clink-arg=-fsanitize=$sanitizer --cfg rustix_use_libc" \
                run "$sanitizer" /usr/bin/cargo -Zbuild-std
            ;;
    esac
done
