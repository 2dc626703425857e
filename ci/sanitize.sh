#!/usr/bin/env bash
# Runs the tests of both libraries under a sanitizer.
#
#     bash ci/sanitize.sh                # AddressSanitizer, then ThreadSanitizer; short fault tests only
#     bash ci/sanitize.sh memory         # MemorySanitizer, which finds reads of uninitialized memory
#     bash ci/sanitize.sh thread all     # ThreadSanitizer with the long fault tests: minutes
#
# AddressSanitizer, with its leak check, needs a toolchain of rustup. The other two need a std that is
# built with the sanitizer, since ThreadSanitizer must see the locks in std. For this they need
# Debian's packages rustc-web, cargo-web and rust-web-src, and the runtimes in clang-22 and
# libclang-rt-22-dev.
#
# Tests that start an example are left out. Cargo would build procedural macros with the sanitizer,
# and rustc cannot load such macros.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-both} in
    both) sanitizers=(address thread) ;;
    address | thread | memory) sanitizers=("$1") ;;
    *) echo "usage: bash ci/sanitize.sh [address|thread|memory [all]]" >&2 && exit 2 ;;
esac
all=${2:-}

export RUSTC_BOOTSTRAP=1 # -Z flags are for nightly compilers; with this variable a stable one accepts them
export ZX_PROCESS_MEMORY_KERNEL= # `conformance` runs for the man page alone
tests=(--lib)
programs=(linux own_memory log debugging_syscalls debugger)
[ -z "$all" ] || programs+=(conformance conformance_bad_handles own_memory_debugging_syscalls_off selected_kernel status
    layout debugger_debugging_syscalls_off)
for test in "${programs[@]}"; do
    tests+=(--test "$test")
done

# Runs the tests with the cargo $2 in the target directory target/$1. Passes the other arguments on to
# cargo.
run() {
    local directory=$PWD/target/$1 cargo=$2 target name
    shift 2
    target=$("$cargo" -vV | sed -n 's/^host: //p')
    set -- --target "$target" --target-dir "$directory" "$@"
    "$cargo" test "$@" --package zx-process-memory --package zx-debug-memory --all-features "${tests[@]}"

    # The test `faults` runs in part. Even with `all`, `leaks` is left out, since it measures memory and
    # a sanitizer needs more of it, and `without_procmap_query`, since it repeats the tests above.
    local selected=(handles:: signals:: forks:: filtered:: old_kernels::without_pidfd old_kernels::without_waitid)
    [ -z "$all" ] || selected=(under_way:: pids:: handles:: signals:: forks:: descriptors:: refused:: proc_mounts::
        filtered:: old_kernels::without_pidfd old_kernels::where_pidfd old_kernels::without_waitid)
    # In the tests named `is_not_written` or `is_not_read` a new process maps memory at an address of an
    # earlier one.
    # Under AddressSanitizer the sanitizer's own memory can be at that address.
    local skipped=()
    [ "$sanitizer" != address ] || skipped=(--skip is_not_written --skip is_not_read)
    faults() {
        # The leak check makes system calls that some of these tests forbid.
        ASAN_OPTIONS=detect_leaks=0 "$cargo" test --quiet "${build[@]}" --package zx-process-memory --test faults -- "$@"
    }
    local build=("$@")
    for name in "${selected[@]}"; do
        # libtest also succeeds if a filter matches no test.
        faults "$name" --list | grep ': test$' >/dev/null || { echo "no test of faults matches $name" >&2 && exit 1; }
        faults "$name" "${skipped[@]}"
    done
}

for sanitizer in "${sanitizers[@]}"; do
    printf '\n--- %s\n' "$sanitizer"
    case $sanitizer in
        address) RUSTFLAGS=-Zsanitizer=address run address "$(command -v cargo)" ;;
        *)
            # MemorySanitizer intercepts the functions of libc. By default rustix makes system calls
            # without libc, and their writes would be taken for uninitialized memory.
            PATH=/usr/bin:$PATH \
                RUSTFLAGS="-Zsanitizer=$sanitizer -Zexternal-clangrt -Clinker=clang-22 -Clink-arg=-fsanitize=$sanitizer --cfg rustix_use_libc" \
                run "$sanitizer" /usr/bin/cargo -Zbuild-std
            ;;
    esac
done
