#!/usr/bin/env bash
# Compiles, lints and links everything for Fuchsia, on a machine that has neither an SDK nor
# rustup's Fuchsia targets, and reads the programs that come out.
#
#     bash ci/fuchsia.sh [TARGET...]
#
# It wants Debian's packages rustc-web cargo-web rust-web-src rust-web-clippy lld-22 (bookworm
# with its security updates), and rustup's or any other cargo for the host.
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

# A stale stub must not hide a new import: their folder is named for what they are made of.
out=$PWD/target/fuchsia
sdk=$out/sdk-$(cat ci/stubs/* ci/fuchsia.sh | sha256sum | cut -c1-16)
mkdir -p "$out/bin"
ln -sf /usr/bin/lld-22 "$out/bin/rust-lld" # rustc looks for it by this name
export PATH=$out/bin:/usr/bin:$PATH RUSTC_BOOTSTRAP=1

# One object file of what stands in $2, for the target $1.
assemble() {
    printf '%s\n' "$2" >"$out/stub.s"
    STUB_ASSEMBLY=$out/stub.s rustc --target "$1" --emit=obj -Cpanic=abort ci/stubs/stub.rs -o "$3"
}

# Import stubs, in the folders where an SDK has its libraries.
make_sdk() {
    local target=$1 lib=$2 library names
    mkdir -p "$lib"
    assemble "$target" "$(cat "ci/stubs/${target%%-*}.s")" "$lib/Scrt1.o"
    for library in zircon fdio c unwind; do
        names=$(sed -n "s/^$library: //p" ci/stubs/names)
        assemble "$target" "$(printf '.globl %s\n' $names; printf '.type %s, @function\n' $names
            printf '%s: ret\n' $names)" "$out/stub.o"
        ld.lld-22 -shared -soname "lib$library.so" "$out/stub.o" -o "$lib/lib$library.so"
    done
    # The unwinder is a static library; the rest are shared ones.
    mv "$out/stub.o" "$lib/unwind.o" && rm "$lib/libunwind.so"
}

# The SDK's name for what a target runs on.
arch() {
    case $1 in
        x86_64-*) echo x64 ;;
        aarch64-*) echo arm64 ;;
        riscv64gc-*) echo riscv64 ;;
        *) echo "$1 is not a Fuchsia target that is known here" >&2 && return 1 ;;
    esac
}

flags=()
for target in "${targets[@]}"; do
    arch=$(arch "$target")
    lib=$sdk/arch/$arch/sysroot/lib
    [ -e "$lib/unwind.o" ] || make_sdk "$target" "$lib"
    flags+=(--target "$target")
    name=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_RUSTFLAGS
    # The relocations let the reader of the programs see who calls what.
    export "$name=-Clink-arg=$lib/unwind.o -Clink-arg=--emit-relocs"
done
export ZX_PROCESS_MEMORY_SYSROOT=$sdk CARGO_TARGET_DIR=$out/target

echo "== library without std: no alloc is there to be used"
cargo build -Zbuild-std=core --package zx-process-memory --no-default-features "${flags[@]}"
echo "== clippy"
cargo clippy -Zbuild-std=std,panic_abort "${flags[@]}" --all-targets --all-features -- -D warnings
echo "== libraries, examples, tests"
cargo build -Zbuild-std=std,panic_abort "${flags[@]}" --lib --examples --tests --all-features --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' >"$out/programs"

# A program that only writes, and one with a logger in it besides.
thin=()
for features in "" logger; do
    CARGO_TARGET_DIR=$out/thin cargo build --quiet --release --manifest-path tools/thin/Cargo.toml \
        --features "$features" -Zbuild-std=core "${flags[@]}"
    for target in "${targets[@]}"; do
        library=$out/thin/$target${features:+-$features}.so
        ld.lld-22 -shared --gc-sections --emit-relocs -u wrapped -u bare -u listen -o "$library" \
            "$out/thin/$target/release/libthin.a" "$sdk"/arch/"$(arch "$target")"/sysroot/lib/libzircon.so
        thin+=("$library")
    done
done

echo "== the programs"
unset RUSTC_BOOTSTRAP CARGO_TARGET_DIR
"$host_cargo" run --quiet --package fuchsia-elf -- $(cat "$out/programs")
echo "== what write_memory adds to the bare call"
"$host_cargo" run --quiet --package fuchsia-elf --bin count-instructions -- --most 16 "${thin[@]}"
