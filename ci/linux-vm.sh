#!/usr/bin/env bash
# Boots a Debian kernel in QEMU and runs the tests of both libraries on it, and the examples `poke` and `break`.
#
#     bash ci/linux-vm.sh arm64|arm64-16k|riscv64|x86_64    # all programs: up to an hour
#     bash ci/linux-vm.sh arm64 linux debugger              # some of them
#
# `arm64-16k` has pages of 16 KiB, the others of 4 KiB. Debian has no kernel with pages of 64 KiB.
#
# Needs rustup with the target ARCHITECTURE-unknown-linux-gnu, and Debian's apt-get with network access.
# apt-get downloads with a state of its own, and the packages are unpacked into target/linux-vm. So the
# machine's own packages stay as they are, and no root is needed.
#
# Tests that run cargo or gdb are left out: the virtual machine has neither.
set -euo pipefail
cd "$(dirname "$0")/.."

# The kernel of bookworm is 6.1, that of trixie 6.12. bookworm has none for riscv64.
case ${1:-} in
    arm64) arch=arm64 suite=bookworm kernel=linux-image-arm64 ;;
    arm64-16k) arch=arm64 suite=trixie kernel=linux-image-arm64-16k ;;
    riscv64) arch=riscv64 suite=sid kernel=linux-image-riscv64 ;;
    x86_64) arch=amd64 suite=bookworm kernel=linux-image-amd64 ;;
    *) echo "usage: bash ci/linux-vm.sh arm64|arm64-16k|riscv64|x86_64 [PROGRAM...]" >&2 && exit 2 ;;
esac
case $arch in
    # A CPU that has all page sizes.
    arm64) target=aarch64-unknown-linux-gnu packages=(qemu-system-arm)
        qemu=(qemu-system-aarch64 -machine virt -cpu neoverse-n1) console=ttyAMA0 ;;
    riscv64) target=riscv64gc-unknown-linux-gnu packages=(qemu-system-misc opensbi)
        qemu=(qemu-system-riscv64 -machine virt) console=ttyS0 ;;
    amd64) target=x86_64-unknown-linux-gnu packages=(qemu-system-x86 seabios)
        qemu=(qemu-system-x86_64 -machine q35 -cpu max) console=ttyS0 ;;
esac
name=$1
selected=("${@:2}")
out=$PWD/target/linux-vm
host=$(dpkg --print-architecture)
# shellcheck disable=SC2016 # apt-get expands it
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)

# Runs the program $1 of apt for the suite $2 and the architecture $3, with a state of its own, in which
# no package is installed. The machine's configuration stays valid, since it can name a proxy, but for
# its hooks. An expired list is accepted: a mirror can be a snapshot.
apt() {
    local program=$1 suite=$2 arch=$3 state=$out/apt/$2-$3
    shift 3
    if [ ! -e "$state" ]; then
        mkdir -p "$state"/{no-sources,lists/partial,archives/partial}
        : >"$state/status"
        printf 'deb [arch=%s signed-by=%s check-valid-until=no] %s %s main\n' "$arch" \
            /usr/share/keyrings/debian-archive-keyring.gpg "${mirror:-http://deb.debian.org/debian}" "$suite" \
            >"$state/sources.list"
        cat >"$state/apt.conf" <<END
#clear APT::Architectures;
#clear APT::Update;
#clear DPkg;
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::Cache "$state";
Dir::State "$state";
Dir::State::status "$state/status";
Dir::Etc::sourcelist "$state/sources.list";
Dir::Etc::sourceparts "$state/no-sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/no-sources";
END
    fi
    "$program" --config-file "$state/apt.conf" "$@"
}

# Unpacks packages of the suite $2 for the architecture $3 into the directory $1, unless it exists.
# $4 is `download`, or `install` for the packages with all that they depend on.
unpack() {
    local directory=$1 suite=$2 arch=$3 how=$4
    shift 4
    [ ! -e "$directory" ] || return 0
    rm -rf "$directory.new"
    mkdir -p "$directory.new/debs/partial"
    apt apt-get "$suite" "$arch" update -qq
    (
        cd "$directory.new/debs"
        case $how in
            download) apt apt-get "$suite" "$arch" download -qq "$@" ;;
            install) apt apt-get "$suite" "$arch" install -qq --download-only -o "Dir::Cache::archives=$PWD" "$@" ;;
        esac
        # The drivers of a kernel are not used.
        for deb in *.deb; do
            dpkg-deb --fsys-tarfile "$deb" | tar -x -C .. --wildcards --exclude '*/lib/modules/*/kernel'
        done
    )
    rm -r "$directory.new/debs"
    mv "$directory.new" "$directory"
}

echo "== packages"
tools=$out/tools-$arch
unpack "$tools" bookworm "$host" install "${packages[@]}" busybox-static
unpack "$out/libc-$arch" bookworm "$host" download "libc6-dev-$arch-cross" "libgcc-12-dev-$arch-cross"
if [ ! -e "$out/kernel-$name" ]; then
    apt apt-get "$suite" "$arch" update -qq
    # The metapackage depends on the package with the version, which in newer suites depends on the one
    # with the kernel.
    for prefix in linux-image linux-binary; do
        found=$(apt apt-cache "$suite" "$arch" depends "$kernel" | sed -n "s/^ *Depends: \($prefix-[0-9].*\)/\1/p")
        kernel=${found:-$kernel}
    done
    unpack "$out/kernel-$name" "$suite" "$arch" download "$kernel" busybox-static
fi

echo "== programs"
# Static programs, linked by the linker of rustup's toolchain with Debian's C library for the target.
lld=$(rustc --print sysroot)/lib/rustlib/$(rustc --print host-tuple)/bin/gcc-ld/ld.lld
libc=$(dirname "$(find "$out/libc-$arch" -name crt1.o)")
gcc=$(dirname "$(find "$out/libc-$arch" -name crtbeginT.o)")
linker=$out/linker-$arch
cat >"$linker" <<END
#!/bin/sh
exec "$lld" -L"$libc" -L"$gcc" "$libc/crt1.o" "$libc/crti.o" "$gcc/crtbeginT.o" "\$@" "$gcc/crtend.o" "$libc/crtn.o"
END
chmod +x "$linker"
flags=(-Clinker="$linker" -Clinker-flavor=ld -Ctarget-feature=+crt-static -Crelocation-model=static)
variable=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_RUSTFLAGS
export "$variable=${flags[*]}" CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_DEV_STRIP=debuginfo CARGO_PROFILE_DEV_OPT_LEVEL=2
cargo build --target "$target" --package zx-process-memory --package zx-debug-memory --all-features \
    --lib --tests --example poke --example break --message-format=json-render-diagnostics |
    sed -n 's/.*"name":"\([^"]*\)".*"executable":"\([^"]*\)".*/\1 \2/p' >"$out/programs-$name"
# Tests that the virtual machine cannot run, and a test without content on Linux.
sed -i '/ .*deps\/\(break\|gdb\|modules\|patch\|poke\|unsupported\)-/d' "$out/programs-$name"

echo "== boot"
root=$out/root-$name
rm -rf "$root"
mkdir -p "$root"/{bin,dev,proc,sys,tmp,programs}
cp "$(find "$out/kernel-$name" -path '*/bin/busybox')" "$root/bin/"
cp ci/linux-vm-init "$root/init"
expected=()
while read -r program path; do
    if [ ${#selected[@]} -eq 0 ] || [[ " ${selected[*]} " == *" $program "* ]]; then
        cp "$path" "$root/programs/$program"
        expected+=("$program")
    fi
done <"$out/programs-$name"
if [ ${#expected[@]} -eq 0 ] || [ ${#expected[@]} -lt ${#selected[@]} ]; then
    echo "some of the programs do not exist: ${selected[*]}" >&2
    exit 2
fi
(cd "$root" && find . | "$tools/bin/busybox" cpio -o -H newc 2>/dev/null) | gzip -1 >"$out/initramfs-$name"

# QEMU runs with the libraries of its own suite.
libraries=("$tools"/lib/*-linux-gnu "$tools"/usr/lib/*-linux-gnu)
run=("${libraries[0]}"/ld-linux-*.so.* --library-path "${libraries[0]}:${libraries[1]}" "$tools/usr/bin/${qemu[0]}")
[ "$arch" != riscv64 ] || run+=(-bios "$tools/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin")
log=$out/$name.log
limit=3h # reached only by a test that hangs
# The tests write read-only pages of processes that they do not trace. Since 6.12 a kernel can refuse that by
# default, and that of sid does.
options="console=$console quiet loglevel=1 panic=-1 proc_mem.force_override=always"
QEMU_MODULE_DIR=${libraries[1]}/qemu timeout "$limit" "${run[@]}" "${qemu[@]:1}" \
    -L "$tools/usr/share/qemu" -L "$tools/usr/share/seabios" -accel tcg -smp 2 -m 3G -nodefaults -no-reboot \
    -display none -serial stdio -kernel "$(find "$out/kernel-$name" -name 'vmlinu[xz]*')" -initrd "$out/initramfs-$name" \
    -append "$options" </dev/null | sed -u 's|\r$||' | tee "$log" || true

# The last line of `init` shows that the kernel reached it.
grep -qx "== end" "$log" || { echo "$name: the boot did not finish" >&2 && exit 1; }
status=0
for program in "${expected[@]}"; do
    grep -qx "== $program: status 0" "$log" || { echo "$name: $program failed" >&2 && status=1; }
done
exit $status
