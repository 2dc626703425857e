#!/usr/bin/env bash
# The oldest compiler and the oldest dependencies that Cargo.toml allows build the libraries.
#
#     bash ci/versions.sh
#
# The compiler is Debian bookworm's rustc-web 1.85, unpacked, not installed: beside it stands a
# newer one. Where it cannot be had, that is said, and the rest is done.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/target/versions
mkdir -p "$out"

echo "== the oldest dependencies"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
# The tests and their tools have no say.
sed -i 's/^members = .*/members = ["zx-debug-memory"]/' "$copy/Cargo.toml"
for manifest in "$copy/Cargo.toml" "$copy/zx-debug-memory/Cargo.toml"; do
    awk '/^\[/ { skip = /dev-dependencies\]/ } !skip' "$manifest" >"$copy/manifest"
    mv "$copy/manifest" "$manifest"
done
(
    cd "$copy"
    rm -f Cargo.lock
    export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$out/oldest
    cargo -Zdirect-minimal-versions generate-lockfile --quiet
    cargo check --quiet --lib --all-features --package zx-process-memory --package zx-debug-memory
)

echo "== the oldest compiler"
debs=$out/rust-1.85
if [ ! -x "$debs/usr/bin/rustc" ]; then
    mkdir -p "$debs" && cd "$debs"
    version=$(apt-cache madison rustc-web 2>/dev/null | awk '$3 ~ /^1\.85\./ { print $3; exit }')
    if [ -z "$version" ] || ! apt-get download -qq "rustc-web=$version" "libstd-rust-web-1.85=$version" \
        "libstd-rust-web-dev=$version" libllvm19; then
        echo "rustc 1.85 is not to be had here: not tried"
        exit 0
    fi
    for deb in *.deb; do dpkg -x "$deb" .; done
    cd - >/dev/null
fi
export RUSTC=$debs/usr/bin/rustc CARGO_TARGET_DIR=$out/compiler
export LD_LIBRARY_PATH=$debs/usr/lib/x86_64-linux-gnu:$debs/usr/lib/llvm-19/lib
"$RUSTC" --version
# Without gdbstub, which of late wants a newer one.
cargo check --quiet --lib --package zx-process-memory --package zx-debug-memory
cargo check --quiet --lib --package zx-process-memory --no-default-features
