#!/usr/bin/env bash
# Compiles, lints and links the crates for Fuchsia without an SDK and without rustup's Fuchsia
# targets. Then checks the linked programs, and counts the instructions that `write_memory` adds to
# the bare call.
#
#     bash ci/fuchsia.sh [TARGET...]    # by default x86_64, aarch64 and riscv64gc-unknown-fuchsia
#
# Needs Debian's packages rustc-web, cargo-web, rust-web-src, rust-web-clippy and lld-22 (bookworm
# with security updates), and a cargo in PATH that builds for the host.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
[ $# -gt 0 ] || targets=({x86_64,aarch64,riscv64gc}-unknown-fuchsia)
for program in /usr/bin/rustc /usr/bin/cargo /usr/bin/cargo-clippy /usr/bin/lld-22 /usr/bin/ld.lld-22; do
    [ -x "$program" ] || {
        echo "$program is missing: apt-get install rustc-web cargo-web rust-web-src rust-web-clippy lld-22" >&2
        exit 1
    }
done
host_cargo=$(command -v cargo)

# The directory of the stubs is named after a hash of their sources. A changed list of names
# therefore never links against old stubs.
out=$PWD/target/fuchsia
sdk=$out/sdk-$(cat ci/stubs/* ci/fuchsia.sh | sha256sum | cut -c1-16)
mkdir -p "$out/bin"
ln -sf /usr/bin/lld-22 "$out/bin/rust-lld" # the name by which rustc finds the linker
export PATH=$out/bin:/usr/bin:$PATH RUSTC_BOOTSTRAP=1

# Assembles the text $2 for the target $1 into the object file $3.
assemble() {
    printf '%s\n' "$2" >"$out/stub.s"
    STUB_ASSEMBLY=$out/stub.s rustc --target "$1" --emit=obj -Cpanic=abort ci/stubs/stub.rs -o "$3"
}

# Makes the import stubs for the target $1 in the directory $2.
make_sdk() {
    local target=$1 lib=$2 library names
    mkdir -p "$lib"
    assemble "$target" "$(cat "ci/stubs/${target%%-*}.s")" "$lib/Scrt1.o"
    for library in zircon fdio c unwind; do
        names=$(sed -n "s/^$library: //p" ci/stubs/names)
        # shellcheck disable=SC2086 # each name is an argument
        assemble "$target" "$(printf '.globl %s\n' $names; printf '.type %s, @function\n' $names
            printf '%s: ret\n' $names)" "$out/stub.o"
        ld.lld-22 -shared -soname "lib$library.so" "$out/stub.o" -o "$lib/lib$library.so"
    done
    # The unwinder is linked statically, so its stub is the object file.
    mv "$out/stub.o" "$lib/unwind.o" && rm "$lib/libunwind.so"
}

# Prints the SDK's name for the architecture of the target $1.
arch() {
    case $1 in
        x86_64-*) echo x64 ;;
        aarch64-*) echo arm64 ;;
        riscv64gc-*) echo riscv64 ;;
        *) echo "$1: unsupported Fuchsia target" >&2 && return 1 ;;
    esac
}

flags=()
for target in "${targets[@]}"; do
    arch=$(arch "$target")
    lib=$sdk/arch/$arch/sysroot/lib
    [ -e "$lib/unwind.o" ] || make_sdk "$target" "$lib"
    flags+=(--target "$target")
    name=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_RUSTFLAGS
    # fuchsia-elf finds the callers of an import by the relocations.
    export "$name=-Clink-arg=$lib/unwind.o -Clink-arg=--emit-relocs"
done
export ZX_PROCESS_MEMORY_SYSROOT=$sdk CARGO_TARGET_DIR=$out/target

echo "== build the library without std and alloc"
cargo build -Zbuild-std=core --package zx-process-memory --no-default-features "${flags[@]}"
echo "== clippy"
cargo clippy -Zbuild-std=std,panic_abort "${flags[@]}" --all-targets --all-features -- -D warnings
echo "== link the libraries, examples and tests"
cargo build -Zbuild-std=std,panic_abort "${flags[@]}" --lib --examples --tests --all-features --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' >"$out/programs"

# tools/thin as a shared library, without and with a logger.
libraries=()
for features in "" logger; do
    CARGO_TARGET_DIR=$out/thin cargo build --quiet --release --manifest-path tools/thin/Cargo.toml \
        --features "$features" -Zbuild-std=core "${flags[@]}"
    for target in "${targets[@]}"; do
        library=$out/thin/$target${features:+-$features}.so
        ld.lld-22 -shared --gc-sections --emit-relocs -u wrapped -u bare -u set_logging -o "$library" \
            "$out/thin/$target/release/libthin.a" "$sdk/arch/$(arch "$target")/sysroot/lib/libzircon.so"
        libraries+=("$library")
    done
done

echo "== check the linked programs"
unset RUSTC_BOOTSTRAP CARGO_TARGET_DIR
mapfile -t programs <"$out/programs"
"$host_cargo" run --quiet --package fuchsia-elf -- "${programs[@]}"
echo "== count the instructions that write_memory adds to the bare call"
# The limits are the counts with a logger in benches/README.md, plus two.
"$host_cargo" run --quiet --package fuchsia-elf --bin count-instructions -- \
    --limit x86_64=8 --limit aarch64=11 --limit riscv64=12 "${libraries[@]}"
