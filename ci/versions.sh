#!/usr/bin/env bash
# Checks that the libraries build with the oldest dependencies and with the oldest compiler that
# Cargo.toml allows.
#
#     bash ci/versions.sh
#
# Needs Rust for the host, and network access for the dependencies. The compiler is rustc-web 1.85 of
# Debian bookworm. It is unpacked into target/versions, not installed, so that a newer rustc-web stays
# installed. If apt-get cannot download it, the script prints a message and skips that check.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/target/versions
mkdir -p "$out"

echo "== the oldest dependencies"
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy"
# The tools and the dependencies of the tests must not raise the versions.
sed -i 's/^members = .*/members = ["zx-debug-memory"]/' "$copy/Cargo.toml"
for manifest in "$copy/Cargo.toml" "$copy/zx-debug-memory/Cargo.toml"; do
    awk '/^\[/ { skip = /dev-dependencies\]/ } !skip' "$manifest" >"$copy/manifest"
    mv "$copy/manifest" "$manifest"
done
(
    cd "$copy"
    rm -f Cargo.lock
    # shellcheck disable=SC2030 # the other check sets its own
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
        echo "skipped: apt-get cannot download rustc-web 1.85"
        exit 0
    fi
    for deb in *.deb; do dpkg -x "$deb" .; done
    cd - >/dev/null
fi
# shellcheck disable=SC2031
export RUSTC=$debs/usr/bin/rustc CARGO_TARGET_DIR=$out/compiler
export LD_LIBRARY_PATH=$debs/usr/lib/x86_64-linux-gnu:$debs/usr/lib/llvm-19/lib
"$RUSTC" --version
# Without gdbstub: its recent versions require a newer compiler.
cargo check --quiet --lib --package zx-process-memory --package zx-debug-memory
cargo check --quiet --lib --package zx-process-memory --no-default-features
